// What a guest's samples and console say, in words and in marks on the time axis.

import { human } from "../lab/model/format.js";
import { pageCache } from "./samples.js";

const STAMP = /^\[ *(\d+\.\d+)\] /;
const NEWS = [
  [/invoked oom-killer/, "OOM killer"],
  [/Killed process \d+ \(([^)]+)\)/, "kill"],
  [/Kernel panic - not syncing/, "panic"],
];

// What happened when, from what was done and from the console: [{seconds, text, isDeath}].
export function events({ notes, texts, isRecorded }) {
  if (isRecorded) return [];
  const heard = texts.console.split("\n").flatMap((line) => {
    const stamp = line.match(STAMP);
    const news = stamp && NEWS.find(([pattern]) => pattern.test(line));
    return news ? [{ seconds: Number(stamp[1]), text: news[1], isDeath: true }] : [];
  });
  return [...notes, ...heard.slice(0, 1)];
}

// One sentence on how the machine stands.
export function headline(machine) {
  const { phase, samples, error } = machine;
  if (phase === "failed") return `The emulator cannot go on: ${error}.`;
  if (phase === "loading") return "Loading the machine.";
  const last = samples.last;
  if (!last) return "The machine has not told anything yet.";
  return phase === "over" ? ending(machine) : course(machine, last);
}

export function ending({ samples, texts }) {
  const victim = texts.console.match(/Killed process \d+ \(([^)]+)\)/);
  const who = victim ? `The kernel has killed ${victim[1]}` : "The kernel has given up";
  const end = atTheEnd(samples);
  return `${who}: out of memory with ${human(pageCache(end))} of page cache, and ${human(end.free.HighMem)} of HighMem free.`;
}

// The sample of the moment before: a kill frees memory at once.
export const atTheEnd = (samples) =>
  samples.rows.slice(-4).reduce((best, each) => (pageCache(each) > pageCache(best) ? each : best));

function course({ isFixed, isCopying, notes, facts }, last) {
  if (!isCopying) return "The machine waits at its shell.";
  const cache = human(pageCache(last));
  const normal = `ZONE_NORMAL has ${human(last.free.Normal)} free, and its min is ${human(last.min)}.`;
  if (!isFixed) {
    const left = facts.model.page_cache - pageCache(last);
    const until = left > 0 ? `The model expects the end in another ${human(left)}.` : "";
    return `${cache} of page cache. ${normal} ${until}`.trim();
  }
  const isRescued = notes.some(({ text }) => text === "fix on");
  const why = isRescued ? "The fix is on again" : "The fix is on";
  return `${why}: kswapd may evict cache from HighMem, and its records with it. ${cache} of page cache. ${normal}`;
}

// The report on the console: the lines from who asked to who was killed, without their stamps.
export function report(text) {
  const lines = text.split("\n").map((line) => line.replace(STAMP, ""));
  const from = lines.findIndex((line) => /invoked oom-killer/.test(line));
  if (from < 0) return [];
  const length = lines.slice(from).findIndex((line) => /^Out of memory: Killed process|Kernel panic/.test(line));
  const telling = /oom-killer|^\w+ free:|lowmem_reserve|buffer_head|Free swap|Total swap|Killed process|panic/;
  return lines.slice(from, length < 0 ? undefined : from + length + 1).filter((line) => telling.test(line));
}

// What the console, the samples and the model say of the end, each by itself: [[who says it, what]].
export function verdict(machine) {
  const { samples, texts, facts } = machine;
  const zone = texts.console.match(/ Normal free:(\d+)kB(?: boost:(\d+)kB)? min:(\d+)kB/);
  const asked = texts.console.match(/(\S+) invoked oom-killer: gfp_mask=0x\w+\(([^)]*)\), order=(\d+)/);
  const end = atTheEnd(samples);
  const cache = pageCache(end);
  const off = 100 * (facts.model.page_cache / cache - 1);
  const rows = [];
  if (asked) rows.push(["The console", `${asked[1]} asked for ${2 ** asked[3]} page${asked[3] === "0" ? "" : "s"} with ${asked[2]}. HighMem cannot serve that.`]);
  if (zone) rows.push(["The console", `Normal has ${kb(zone[1])} free, below its min of ${kb(zone[3])}${zone[2] > 0 ? `, of which ${kb(zone[2])} are a boost that passes` : ""}.`]);
  rows.push(["The samples", `${human(cache)} of page cache, whose records fill lowmem, and ${human(end.free.HighMem)} of HighMem free.`]);
  rows.push(["The model", `expected the end at ${human(facts.model.page_cache)} of page cache, ${Math.abs(off).toFixed(1)} % ${off < 0 ? "less" : "more"} than it was.`]);
  return rows;
}

const kb = (text) => `${Number(text).toLocaleString("en")} kB`;
