// All of the machine's RAM to scale, with what is in it now: lowmem is a sliver that does not grow with it.
// Below it the fate of the machine at every size. The slider lies over the strip.

import { PAGES_PER_GIB, gib, human, sum } from "../model/format.js";
import { LAYERS, layersOf, populated } from "../model/view_model.js";
import { drawFate } from "./track.js";
import { PAD } from "./places.js";

export const STRIP = { y: 2, height: 26 };
const FATE = STRIP.y + STRIP.height + 3;
const HEIGHT = FATE + 30;

// x of so many pages of RAM, for a slider with these steps, evenly spaced.
const scale = (steps, width) => (ram) =>
  PAD + ((width - 2 * PAD) * (ram - steps[0])) / (steps.at(-1) - steps[0]);

// scene: {run, state, settings}; fate: {stretches, valueAt} of the RAM slider, or null while it is covered.
export function drawRamStrip(svg, { run, state, settings }, steps, fate, width, unit) {
  const toX = scale(steps, width);
  svg.begin(width, HEIGHT, unit);
  svg.rect(toX(0), STRIP.y, width - 1 - toX(0), STRIP.height, { class: "frame empty" });
  const end = run.error ? toX(0) : drawZones(svg, run, state, toX);
  if (settings.ram > 0 && toX(settings.ram) > end)
    svg.rect(end, STRIP.y, toX(settings.ram) - end, STRIP.height, { class: run.error ? "unknown" : "never" });
  svg.rect(toX(0), STRIP.y, toX(settings.ram) - toX(0), STRIP.height, { class: "frame" });
  svg.part("words");
  if (!run.error) {
    drawNames(svg, run, toX, end, width, settings.ram);
    const limit = run.machine.mem_limit;
    const words = [...(limit === null ? [] : [`unused (mem=${gib(limit)}G)`]), "unused"];
    svg.text(end + 8, STRIP.y + 18, svg.fit(toX(settings.ram) - end - 26, words), { class: "halo" });
  }
  svg.part("ticks");
  drawTicks(svg, toX, width, fate ? drawBoundary(svg, fate, toX, width, settings.ram) : null);
  svg.end();
}

function drawZones(svg, run, state, toX) {
  let at = 0;
  for (const zone of populated(run)) {
    const thing = zone > run.kernel ? "HighMem" : "lowmem";
    const layers = layersOf(run, state, zone);
    svg.rect(toX(at), STRIP.y, toX(at + run.sizes[zone]) - toX(at), STRIP.height, { class: "free", "data-thing": thing });
    let filled = at;
    for (const key of LAYERS) {
      svg.rect(toX(filled), STRIP.y, toX(filled + layers[key]) - toX(filled), STRIP.height, { fill: svg.fill(key), "data-thing": thing });
      filled += layers[key];
    }
    at += run.sizes[zone];
  }
  if (run.user !== run.kernel) {
    const low = sum(run.sizes.slice(0, run.kernel + 1));
    svg.rect(toX(0), STRIP.y, toX(low) - toX(0), STRIP.height, { class: "sliver", "data-thing": "lowmem" });
  }
  return toX(at);
}

function drawNames(svg, run, toX, end, width, ram) {
  const low = human(sum(run.sizes.slice(0, run.kernel + 1)));
  const high = human(sum(run.sizes.slice(run.kernel + 1)));
  const hasHigh = run.user !== run.kernel;
  const from = hasHigh ? toX(sum(run.sizes.slice(0, run.kernel + 1))) + 8 : toX(0) + 8;
  const texts = hasHigh
    ? [
        `← lowmem ${low}: all that the kernel reaches directly.  HighMem ${high}: for processes and page cache`,
        `← lowmem ${low}: all the kernel reaches.  HighMem ${high}`,
        `← lowmem ${low}.  HighMem ${high}`,
        `← lowmem ${low}`,
      ]
    : [`${low}: the kernel reaches all of it`, low];
  const look = { class: "strong halo", "data-thing": hasHigh ? "lowmem" : "" };
  const handle = Math.max(end, toX(ram));
  const inside = toX(ram) > from && svg.fit(Math.min(end, toX(ram)) - from - 18, texts, "strong");
  if (inside) svg.text(from, STRIP.y + 18, inside, look);
  else svg.text(handle + 18, STRIP.y + 18, svg.fit(width - handle - 22, texts, "strong"), look);
}

// The fates below the strip, and where they change: the change that is nearest to the hand has its number.
// Returns the room that the words take.
function drawBoundary(svg, { stretches, valueAt }, toX, width, ram) {
  const known = stretches.map(({ from, to, fate }) => ({ from: toX(valueAt(from)), to: toX(valueAt(to)), fate }));
  drawFate(svg, known, FATE, 7);
  const changes = stretches.slice(1).map(({ from, fate }, n) => ({ at: valueAt(from), fate, before: stretches[n].fate }));
  if (!changes.length) return null;
  const near = changes.reduce((a, b) => (Math.abs(a.at - ram) <= Math.abs(b.at - ram) ? a : b));
  const size = `${gib(Math.floor((near.at / PAGES_PER_GIB) * 100) * (PAGES_PER_GIB / 100))}`;
  const isUpTo = near.fate === "no boot" || near.before === "survives";
  const isLife = near.before === "survives" || near.fate === "survives";
  const words = `${isLife ? "lives" : "starts"} ${isUpTo ? "up to" : "from"} ${size} GiB`;
  const wide = svg.textWidth(words, "strong");
  const x = Math.min(width - wide - 2, Math.max(0, isUpTo ? toX(near.at) - wide : toX(near.at)));
  svg.text(x, FATE + 24, words, { class: `strong ${isLife ? "safe" : ""}` });
  return { from: x - 8, to: x + wide + 8 };
}

function drawTicks(svg, toX, width, taken) {
  for (const at of [0, 8, 16, 24, 32, 40, 48, 56, 64]) {
    const text = at === 0 ? "0 GiB" : `${at}`;
    const half = svg.textWidth(text) / 2;
    const x = at === 0 ? half : Math.min(width - half, toX(at * PAGES_PER_GIB));
    if (width < 560 && at % 16) continue;
    if (!taken || x + half < taken.from || x - half > taken.to) svg.text(x, FATE + 24, text, { anchor: "middle", class: "muted" });
  }
}
