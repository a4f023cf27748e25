// The zones as flasks: what is in them, the marks on their necks, and how large each is drawn.
// No scale changes silently: it stands below each flask.

import { PAGE_KB, grouped, human, times } from "./format.js";
import { BODY, FOOT, NECK, ROUND, SWAP, layout, level, neckScale, outline, scaleOf } from "./glassware.js";
import { NAMES, holdings } from "./present.js";

const LEADING = 16; // between two labels

// Draw every zone and the swap, with what is in them at this moment.
export function drawFlasks(pen, run, state, width) {
  const flasks = layout(run, width);
  const largest = Math.min(...flasks.map(scaleOf));
  pen.begin(width, Math.max(...flasks.map(({ bottom }) => bottom)) + FOOT);
  drawFlow(pen, run, flasks);
  for (const flask of flasks) {
    const layers = layersOf(run, flask, state);
    drawContents(pen, flask, layers);
    pen.path(outline(flask), { class: "glass" });
    if (flask.isBig) drawMarks(pen, flask);
    if (flask.isBig) drawReadings(pen, flask, layers, state);
    drawReserve(pen, flask);
    drawFoot(pen, flask, state, scaleOf(flask) / largest);
  }
  pen.end();
}

const layersOf = (run, { number }, state) =>
  number === SWAP ? [{ key: "swap", pages: state.swapUsed }] : holdings(run, state, number);

// --- in the glass ---------------------------------------------------------------------------------

function drawContents(pen, flask, layers) {
  const { middle, body, neck, y, isBig } = flask;
  const clip = { "clip-path": pen.clip(`glass${flask.number}`, outline(flask)) };
  pen.path(`${outline(flask)}Z`, { class: "inside" });
  let filled = 0;
  for (const { key, pages } of layers) {
    const below = level(flask, filled);
    filled += pages;
    const above = level(flask, filled);
    pen.rect(middle - body / 2, above, body, below - above, { fill: pen.fill(key), ...clip });
  }
  if (filled < 1) return;
  const surface = level(flask, filled);
  const half = (isBig && surface < y + NECK ? neck : body) / 2;
  pen.line(middle - half, surface, middle + half, surface, { class: "surface" });
}

// --- beside it ------------------------------------------------------------------------------------

function drawMarks(pen, flask) {
  const { zone, size, middle, neck, y } = flask;
  const right = middle + neck / 2;
  let label = y - 8;
  for (const name of ["min", "low", "high"]) {
    const pages = zone[`watermark_${name}`];
    const mark = level(flask, size - pages);
    label = Math.max(mark, label + LEADING);
    pen.line(middle - neck / 2, mark, right + 5, mark, { class: `mark ${name}` });
    pen.path(`M${right + 5} ${mark}L${right + 14} ${label}`, { class: "leader" });
    pen.text(right + 18, label + 4, name);
    pen.text(right + 50, label + 4, `${grouped(pages * PAGE_KB)} kB`, { class: "muted" });
  }
}

// Beside the neck what is free, beside the body what is not.
function drawReadings(pen, flask, layers, state) {
  const { number, middle, neck, body, y, bottom, isNarrow } = flask;
  pen.text(middle + neck / 2 + 18, y + NECK - 16, `${human(state.free[number])} free`, { class: "reading" });
  if (isNarrow) return;
  const x = middle + body / 2;
  let filled = 0;
  for (const { key, pages } of layers) {
    const below = level(flask, filled);
    filled += pages;
    const above = Math.max(bottom - BODY, level(flask, filled));
    if (below - above < LEADING) continue;
    const at = (below + above) / 2;
    pen.line(x + 2, at, x + 12, at, { class: "leader" });
    pen.text(x + 18, at + 4, NAMES[key]);
    if (below - above > 2.2 * LEADING) pen.text(x + 18, at + 19, human(pages), { class: "muted" });
  }
}

// What the zone keeps from page cache: a hatched strip along the glass.
function drawReserve(pen, flask) {
  const { zone, size, reserve, middle, body, neck, y, bottom } = flask;
  if (!reserve) return;
  const look = { fill: pen.fill("reserve") };
  const from = Math.max(y, level(flask, size - zone.watermark_min));
  const to = Math.min(bottom - ROUND / 2, level(flask, Math.max(0, size - zone.watermark_min - reserve)));
  const shoulder = Math.min(to, y + NECK);
  const below = Math.max(from, shoulder);
  pen.rect(middle - neck / 2 - 9, from, 5, shoulder - from, look);
  pen.rect(middle - body / 2 - 9, below, 5, to - below, look);
}

// --- below it -------------------------------------------------------------------------------------

function drawFoot(pen, flask, state, magnified) {
  const { zone, size, middle, body, bottom, isBig, reserve } = flask;
  const left = isBig ? middle - body / 2 : middle;
  const anchor = isBig ? "start" : "middle";
  const line = (n, text, look) => pen.text(left, bottom + 18 + 15 * n, text, { anchor, class: look });
  if (!size) return line(0, `no ${zone.name.toLowerCase()}`, "muted");
  line(0, isBig ? `${zone.name} · ${human(size)}` : zone.name, "name");
  const scale = `drawn ${magnified > 1.05 ? times(magnified) : "1×"}`;
  const lines = isBig ? neckLines(flask, scale) : [human(size), inUse(flask, state), scale];
  lines.forEach((text, n) => line(n + 1, text, "muted"));
  if (!isBig || !reserve) return;
  const y = bottom + 33 + 15 * lines.length;
  pen.rect(left, y - 9, 5, 11, { fill: pen.fill("reserve") });
  pen.text(left + 10, y, kept(flask), { class: "muted" });
}

function neckLines(flask, scale) {
  const [neck, taller] = [`neck: last ${human(flask.inNeck)}`, `${times(neckScale(flask))} taller`];
  return flask.isTight ? [scale, neck, taller] : [`${scale}; ${neck}, ${taller}`];
}

function inUse({ number }, { swapUsed, free }) {
  if (number !== SWAP) return `${human(free[number])} free`;
  return swapUsed >= 1 ? `${human(swapUsed)} used` : "untouched";
}

const kept = ({ reserve, zone }) =>
  reserve >= zone.managed ? "closed to page cache" : `keeps ${human(reserve)} from page cache`;

// --- above all: a cached page goes here, its records go there -------------------------------------

const STREAM = 14; // its height

function drawFlow(pen, run, flasks) {
  const to = flasks.find(({ number }) => number === run.user);
  const from = flasks.find(({ number }) => number === run.kernel);
  const bytes = grouped(run.plan.pinned * 4096);
  const say = (flask, y, wide, narrow) =>
    pen.text(flask.middle + 12, y, flask.isNarrow ? narrow : wide, { class: "muted" });
  drop(pen, to, `M${to.middle} ${STREAM}`, "flow");
  if (from === to) {
    say(to, 22, `each page of the file: 4,096 bytes + ${bytes} of records`, `4,096 + ${bytes} bytes`);
    return;
  }
  drop(pen, from, `M${to.middle} ${STREAM}H${from.middle}`, "flow records");
  say(to, 22, "each page of the file: 4,096 bytes", "4,096 bytes");
  say(from, 30, `its records: ${bytes} bytes of lowmem`, `+ ${bytes} bytes`);
}

function drop(pen, { middle, y }, start, look) {
  pen.path(`${start}V${y - 8}`, { class: look });
  pen.path(`M${middle - 4} ${y - 11}l4 6l4 -6`, { class: look });
}
