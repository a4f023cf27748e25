// The whole apparatus: RAM's zones as vessels, their history beside them, the marks that decide, and the
// pages that fall in. Read from left to right: now, and how it came to this.

import { gib, grouped, human, times } from "../model/format.js";
import { EPSILON } from "../model/contents.js";
import { layersOf, LAYERS } from "../model/view_model.js";
import { drawHistory, drawSurface, drawSurfaceName } from "./history.js";
import { drawMarks, markAt, markOf } from "./marks.js";
import { drawStream } from "./stream.js";
import { level, places, timeAt } from "./places.js";
import { drawSwap } from "./swap.js";
import { brimOf, drawBrim, drawVessel } from "./vessel.js";

// scene: {run, state, written, isCovered, phase (ms of the film, null when nothing flows), ghost: {run, name}
// of the machine to compare with, pinned: {run, state} of another machine, guess: where the learner put the flag}.
// Returns where things stand, for what is laid over the drawing.
export function drawApparatus(svg, scene, names, width, unit) {
  const { run, written, ghost, pinned, isCovered } = scene;
  const place = places(run, width);
  const now = timeAt(place, run, written);
  svg.begin(width, place.height, unit);
  for (const [n, row] of place.rows.entries()) {
    svg.part(`history ${n}`);
    if (isCovered) svg.rect(place.left, row.y, place.right - place.left, row.bottom - row.y, { class: "unknown" });
    else drawHistory(svg, run, place, row, now);
    if (ghost && !isCovered) drawSurface(svg, ghost.run, place, row, run, "ghost");
    if (pinned && !isCovered) drawSurface(svg, pinned.run, place, row, run, "ghost pinned");
    svg.part(`glass ${n}`);
    drawGlasses(svg, scene, place, row);
    svg.part(`head ${n}`);
    drawHead(svg, scene, place, row);
  }
  svg.part("swap");
  drawSwap(svg, scene, place, now);
  if (!isCovered) drawPlayhead(svg, place, now);
  svg.part("stream");
  drawStream(svg, scene, place, unit);
  svg.part("words");
  if (!isCovered) {
    const words = place.rows.flatMap((row) => drawMarks(svg, scene, place, row, now));
    words.push(...drawReadings(svg, scene, place, now, names, words));
    if (ghost) for (const row of place.rows) drawSurfaceName(svg, ghost, place, row, run, { words, now, mark: markAt(run, row) });
  }
  svg.part("axis");
  drawAxis(svg, scene, place, now);
  svg.end();
  return place;
}

// --- the vessel and what is written beside it ---------------------------------------------------------

function drawGlasses(svg, { run, state, pinned, isCovered }, place, row) {
  const { x, width } = place.glass;
  if (!pinned) drawVessel(svg, run, state, row, { x, width });
  else {
    const half = (width - 6) / 2;
    drawVessel(svg, pinned.run, pinned.state, row, { x, width: half });
    drawVessel(svg, run, state, row, { x: x + half + 6, width: half });
    svg.text(x + half / 2, row.y + 15, "A", { anchor: "middle", class: "strong halo" });
    svg.text(x + half * 1.5 + 6, row.y + 15, "B", { anchor: "middle", class: "strong halo" });
  }
  if (isCovered) return;
  drawBrim(svg, run, state, row, markOf(run, row), place);
}

function drawHead(svg, { run, state, isCovered }, place, row) {
  const isBelow = isBelowMin(run, state, row);
  const free = `${human(state.free[row.zone])} free`;
  const all = isBelow ? `${free}, none to spare` : free;
  const tone = isBelow ? "danger" : "safe";
  const when = state.written < run.end ? `at ${gib(state.written)} GiB` : "";
  const larger = `drawn ${times(row.times)}`;
  const scale = row.times > 1.05 ? svg.fit(place.glass.x - 8, [`${larger} larger`, larger]) || larger : "";
  const zone = { class: "name", "data-thing": row.zone > run.kernel ? "HighMem" : "lowmem" };
  if (!place.isWide) {
    svg.text(0, row.y - 11, row.name, zone);
    const rest = svg.textWidth(row.name, "name") + 8;
    const size = human(row.size);
    const texts = [[size, all, scale].filter(Boolean).join(", "), [size, free, scale].filter(Boolean).join(", "), `${size}, ${free}`, free];
    svg.text(rest, row.y - 11, svg.fit(place.width - rest, texts), { class: isBelow ? "danger" : "" });
    return;
  }
  svg.text(0, row.y + 16, row.name, zone);
  svg.text(0, row.y + 36, human(row.size), { class: "muted" });
  svg.text(0, row.y + 55, free, { class: `strong ${tone}`, "data-thing": "free" });
  const brim = isCovered ? "" : `its top ${times(row.size / brimOf(row, markOf(run, row)))}`;
  const below = [...(isBelow ? [["none to spare", tone]] : []), ...[scale, brim, when].filter(Boolean).map((text) => [text, "muted"])];
  below.forEach(([text, look], n) => svg.text(0, row.y + 74 + 18 * n, text, { class: look }));
}

// Whether what is free is no more than what must stay free: nothing of it can be had.
function isBelowMin({ plan, kernel, user }, { free }, { zone }) {
  const asked = zone > kernel ? user : kernel;
  return free[zone] <= plan.min[zone] + plan.reserve[zone][asked] + EPSILON;
}

// --- what stands at the playhead ------------------------------------------------------------------------

const LINE = 17;

// Returns where the words stand. The name of each layer that is thick enough, beside the playhead: before it where there is room.
function drawReadings(svg, scene, place, now, names, words) {
  const { run, state } = scene;
  const drawn = [];
  for (const row of place.rows) {
    const layers = layersOf(run, state, row.zone);
    const marks = marksOf(run, row);
    let filled = 0;
    for (const key of LAYERS) {
      const below = level(row, filled);
      filled += layers[key];
      const above = level(row, filled);
      const y = Math.max(above + 13, below - Math.max(5, 0.3 * (below - above)));
      if (below - above < LINE || marks.some((mark) => Math.abs(mark - y + 5) < 13)) continue;
      const near = words.filter((word) => Math.abs(word.y - y) < 17);
      const right = Math.min(place.right, ...near.filter(({ x }) => x > now).map(({ x }) => x));
      const left = Math.max(place.left, ...near.filter(({ x }) => x <= now).map(({ to }) => to));
      drawn.push(drawReading(svg, { left, right }, now, y, key, [...names(key).map((name) => `${name}  ${human(layers[key])}`), names(key).at(-1), human(layers[key])]));
    }
  }
  return drawn;
}

const marksOf = (run, { zone, ...row }) =>
  ["watermark_min", "watermark_low"].map((mark) => level(row, row.size - run.zones[zone][mark]));

function drawReading(svg, { left, right }, now, y, key, texts) {
  const before = svg.fit(now - left - 18, texts, "strong");
  const look = { class: "strong halo", "data-thing": key };
  const isBefore = before && (before === texts[0] || now - left > right - now);
  const text = isBefore ? before : svg.fit(right - now - 18, texts, "strong");
  svg.text(now + (isBefore ? -9 : 9), y, text, { anchor: isBefore ? "end" : "start", ...look });
  const wide = svg.textWidth(text, "strong");
  return isBefore ? { x: now - 9 - wide, to: now - 9, y } : { x: now + 9, to: now + 9 + wide, y };
}

// --- time --------------------------------------------------------------------------------------------------

const STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50]; // GiB from one number of the axis to the next

function drawAxis(svg, { run, guess, isCovered }, place, now) {
  const { floor, left, right } = place;
  const y = floor + 14;
  svg.line(left, y, right, y, { class: "track" });
  svg.line(left, y, now, y, { class: "track past" });
  if (guess !== null) drawGuess(svg, timeAt(place, run, guess), place, y);
  const gib = run.file / 2 ** 18;
  const room = Math.max(44, svg.textWidth("100") + 20);
  const step = STEPS.find((each) => ((right - left) * each) / gib >= room) ?? 100;
  for (let at = 0; at <= gib + 1e-9; at += step) {
    const x = left + ((right - left) * at) / gib;
    svg.line(x, y + 10, x, y + 15, { class: "rule" });
    const last = at + step > gib + 1e-9;
    if (at === 0) svg.text(x - 4, y + 31, svg.fit(((right - left) * step) / gib - 12, ["0 GiB copied", "0 GiB", "0"]), { class: "muted" });
    else svg.text(x, y + 31, `${Number(at.toFixed(2))}`, { anchor: last && x > right - 14 ? "end" : "middle", class: "muted" });
  }
}

function drawPlayhead(svg, { rows, swap, floor }, now) {
  for (const row of [...rows, swap]) svg.rimmed(now, row.y - 4, now, row.bottom + 4, { class: "head" });
  svg.line(now, floor, now, floor + 14, { class: "head" });
}

function drawGuess(svg, x, { rows, floor }, y) {
  for (const row of rows) svg.line(x, row.y - 4, x, row.bottom + 4, { class: "guess" });
  svg.line(x, floor, x, y, { class: "guess" });
  svg.path(`M${x} ${rows[0].y - 16}h16l-4 6l4 6h-16z`, { class: "guess" });
}

// What a moment is, for those who cannot see it.
export const momentInWords = ({ run, state }) =>
  run.zones.map(({ name }, i) => (run.sizes[i] ? `${name}: ${human(state.free[i])} free` : "")).filter(Boolean).join("; ") +
  `; ${grouped(state.swapUsed)} pages swapped`;
