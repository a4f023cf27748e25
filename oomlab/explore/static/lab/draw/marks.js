// The marks that decide: where kswapd wakes in the zones of page cache, where the kernel gives up in lowmem;
// each with its words, and a flag or a cross where the run meets it.

import { EPSILON } from "../model/contents.js";
import { human } from "../model/format.js";
import { level, timeAt } from "./places.js";

const FIX = {
  low: ["low: not reached, for the fix comes first", "low: the fix comes first", "low"],
  min: ["min: the fix drops cache above", "min: the fix", "min"],
};

// Returns where its words stand, {x, to, y} each: nothing else may.
export function drawMarks(svg, scene, place, row, now) {
  const mark = markOf(scene.run, row);
  const y = markAt(scene.run, row);
  svg.rimmed(place.left, y, place.right, y, { class: `mark ${mark.key}`, "data-thing": mark.thing });
  const taken = drawEnd(svg, scene.run, place, row, y);
  return drawWords(svg, scene, place, row, { ...mark, y, taken, now });
}

// Where the line of a row's mark is drawn.
export const markAt = (run, row) =>
  Math.min(row.bottom - 2, Math.max(row.y + 2, level(row, row.size - markOf(run, row).pages)));

// The mark of a row: low where page cache lies, min where only the kernel may.
export function markOf(run, { zone }) {
  const isUser = zone > run.kernel || run.user === run.kernel;
  const key = isUser ? "low" : "min";
  const asked = isUser ? run.user : run.kernel;
  const pages = run.plan[key][zone] + run.plan.reserve[zone][asked];
  return { key, thing: `watermark_${key}`, pages, words: wordsOf(run, key, zone) };
}

function wordsOf(run, key, zone) {
  if (run.race?.rescue.isFix) return FIX[key];
  const has = (kind, asked) => run.events.some((event) => event.kind === kind && event.asked === asked);
  if (key === "low") {
    return has("kswapd_wakes", run.user)
      ? ["low: here kswapd wakes and recycles cache", "low: kswapd wakes here", "low"]
      : ["low: here kswapd would wake and recycle cache", "low: kswapd would wake here", "low: kswapd would wake", "low"];
  }
  return run.outcome === "oom" && run.zones[zone].name === run.zone
    ? ["min: here the kernel gives up", "min: the kernel gives up", "min"]
    : ["min: here the kernel would give up", "min: it would give up here", "min"];
}

// The flag or the cross at the end of the run; returns how much room it takes, from where.
function drawEnd(svg, run, place, row, y) {
  const end = timeAt(place, run, run.end);
  if (run.outcome === "oom" && run.zone === row.name) {
    svg.path(`M${end - 8} ${y - 8}l16 16m0 -16l-16 16`, { class: "death" });
    return end + 14;
  }
  const rescue = run.race?.rescue;
  if (!rescue || row.zone > run.kernel === Boolean(rescue.isFix)) return end; // the fix begins in lowmem
  if (rescue.at > run.file) return end;
  const x = timeAt(place, run, rescue.at);
  const isBelow = rescue.isFix || !place.isWide;
  if (isBelow) svg.path(`M${x} ${y}v24h14l-4 -5l4 -5h-14`, { class: `flag${rescue.isReached ? "" : " hollow"}` });
  else svg.path(`M${x} ${y}V${row.y - 18}h14l-4 5l4 5h-14`, { class: `flag${rescue.isReached ? "" : " hollow"}` });
  return isBelow ? x + 16 : x;
}

// Below the line, at the right end; where that is behind the playhead, at the left.
function drawWords(svg, { run, state }, place, row, { y, key, thing, words, taken, now }) {
  const after = place.right - 8 - Math.max(now + 8, taken);
  const look = { class: `strong halo ${key === "min" && !run.race?.rescue.isFix ? "danger" : "safe"}`, "data-thing": thing };
  const base = y + 18 > row.bottom ? y - 7 : y + 18;
  const said = svg.fit(after, words, "strong");
  const { rescue } = run.race ?? {};
  const isHere = rescue && rescue.at <= run.file && row.zone > run.kernel !== Boolean(rescue.isFix);
  const fix = isHere && (rescue.isFix || !place.isWide) ? timeAt(place, run, rescue.at) : null;
  const drawn = fix === null ? [] : [{ x: fix - 4, to: fix + 14, y: y + 18 }]; // its flag
  if (said) {
    svg.text(place.right - 6, base, said, { anchor: "end", ...look });
    drawn.push({ x: place.right - 6 - svg.textWidth(said, "strong"), to: place.right, y: base });
  } else if (now - place.left > 60) {
    const early = svg.fit(Math.min(now, fix ?? now) - place.left - 16, words, "strong");
    svg.text(place.left + 6, base, early, look);
    drawn.push({ x: place.left, to: place.left + 6 + svg.textWidth(early, "strong"), y: base });
  }
  const isOver = run.outcome === "oom" && state.written >= run.end - EPSILON;
  if (!isOver || key !== "low" || run.user === run.kernel || run.zone === row.name) return drawn;
  const free = human(state.free[row.zone]);
  const room = place.right - 14 - now;
  const texts = [`${free} still free, and of no use to the kernel`, `${free} free, of no use to the kernel`, `${free} free, of no use`];
  const line = base + 22 < row.bottom ? svg.fit(room, texts, "strong") : "";
  svg.text(place.right - 6, base + 22, line, { anchor: "end", class: "strong halo", "data-thing": "free" });
  return line ? [...drawn, { x: place.right - 6 - svg.textWidth(line, "strong"), to: place.right, y: base + 22 }] : drawn;
}
