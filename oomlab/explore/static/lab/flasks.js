// The zones as flasks. A body holds most of a zone; a narrow neck holds the last pages, where the marks
// are, drawn larger. How much larger stands beside it: no scale changes silently.

import { PAGE_KB, grouped, human, times } from "./format.js";
import { NAMES, holdings, populated } from "./present.js";

const TOP = 44, NECK = 96, BODY = 168, FOOT = 70;
const SMALL = { wide: NECK + BODY, narrow: 110 }; // the height of a flask without a neck
const SHOULDER = 8, ROUND = 14;
const SMALL_SLOT = 92; // for DMA and for the swap
const NARROW = 520; // below this, they stand in a row of their own
const TIGHT = 330; // of room for a flask, with its words
const LEADING = 16; // between two labels
const NECK_HOLDS = 5; // times the high mark

// Draw every zone and the swap, with what is in them at this moment.
export function drawFlasks(pen, run, state, width) {
  const flasks = layout(run, width);
  const largest = Math.min(...flasks.map(scaleOf));
  pen.begin(width, Math.max(...flasks.map(({ bottom }) => bottom)) + FOOT);
  drawFlow(pen, run, flasks);
  for (const flask of flasks) {
    drawContents(pen, flask, layersOf(run, flask, state));
    pen.path(outline(flask), { class: "glass" });
    if (flask.isBig) drawReadings(pen, run, flask, state);
    drawReserve(pen, flask);
    drawFoot(pen, flask, state, scaleOf(flask) / largest);
  }
  pen.end();
}

const SWAP = -1;
const layersOf = (run, { number }, state) => (number === SWAP ? [{ key: "swap", pages: state.swapUsed }] : holdings(run, state, number));

// --- where each flask stands ----------------------------------------------------------------------

function layout(run, width) {
  const isNarrow = width < NARROW, numbers = populated(run);
  const isSmall = (i) => run.zones[i].name === "DMA";
  const big = numbers.filter((i) => !isSmall(i)), small = [...numbers.filter(isSmall), SWAP];
  const slot = isNarrow ? width / big.length : (width - SMALL_SLOT * small.length) / big.length;
  const bigs = big.map((i, n) => place(run, i, { isBig: true, isNarrow, slot, left: n * slot + (isNarrow ? 0 : SMALL_SLOT) }));
  const lefts = isNarrow ? small.map((_, n) => (n * width) / small.length) : [0, width - SMALL_SLOT];
  const smallSlot = isNarrow ? width / small.length : SMALL_SLOT;
  return [...bigs, ...small.map((i, n) => place(run, i, { isBig: false, isNarrow, slot: smallSlot, left: lefts[n] }))];
}

function place(run, number, { isBig, isNarrow, slot, left }) {
  const zone = number === SWAP ? SWAP_SPACE : run.zones[number];
  const size = number === SWAP ? run.machine.swap : run.sizes[number];
  const body = isBig ? Math.min(190, Math.max(48, slot - (isNarrow ? 96 : 150))) : 40;
  const middle = isBig ? left + (isNarrow ? 4 : 24) + body / 2 : left + slot / 2;
  const y = TOP + (isBig || !isNarrow ? 0 : NECK + BODY + FOOT + 12);
  const tall = isBig ? NECK + BODY : SMALL[isNarrow ? "narrow" : "wide"];
  const inNeck = isBig ? Math.min(size * 0.3, NECK_HOLDS * zone.watermark_high) : 0;
  const reserve = number === SWAP ? 0 : zone.lowmem_reserve[run.user];
  return { number, zone, size, reserve, isBig, isNarrow, isTight: slot < TIGHT, body, neck: isBig ? Math.max(26, body * 0.3) : body, middle, y, tall, inNeck, bottom: y + tall };
}

const SWAP_SPACE = { name: "Swap", watermark_high: 0 };

// Pixels of area for each page, in the body.
const scaleOf = (flask) => (flask.size ? (flask.body * (flask.isBig ? BODY : flask.tall)) / (flask.size - flask.inNeck) : Infinity);

// The height at which a flask holds this many pages.
function level(flask, pages) {
  const { size, inNeck, bottom, tall } = flask;
  if (!flask.isBig) return bottom - (size ? (tall * pages) / size : 0);
  const inBody = size - inNeck;
  if (pages <= inBody) return bottom - (BODY * pages) / inBody;
  return bottom - BODY - (NECK * (pages - inBody)) / inNeck;
}

// --- drawing --------------------------------------------------------------------------------------

function outline({ isBig, middle, body, neck, y, bottom }) {
  const l = middle - body / 2, r = middle + body / 2, nl = middle - neck / 2, nr = middle + neck / 2;
  const s = y + NECK;
  const base = `V${bottom - ROUND}Q${r} ${bottom} ${r - ROUND} ${bottom}H${l + ROUND}Q${l} ${bottom} ${l} ${bottom - ROUND}`;
  if (!isBig) return `M${r} ${y}${base}V${y}`;
  const right = `M${nr} ${y}V${s - SHOULDER}Q${nr} ${s} ${nr + SHOULDER} ${s}H${r - SHOULDER}Q${r} ${s} ${r} ${s + SHOULDER}`;
  const left = `V${s + SHOULDER}Q${l} ${s} ${l + SHOULDER} ${s}H${nl - SHOULDER}Q${nl} ${s} ${nl} ${s - SHOULDER}V${y}`;
  return right + base + left;
}

function drawContents(pen, flask, layers) {
  const glass = pen.clip(`glass${flask.number}`, outline(flask));
  pen.path(`${outline(flask)}Z`, { class: "inside" });
  let filled = 0;
  for (const { key, pages } of layers) {
    const below = level(flask, filled);
    filled += pages;
    const above = level(flask, filled);
    pen.rect(flask.middle - flask.body / 2, above, flask.body, below - above, { fill: pen.fill(key), "clip-path": glass });
  }
  if (filled < 1) return;
  const surface = level(flask, filled);
  const half = (flask.isBig && surface < flask.y + NECK ? flask.neck : flask.body) / 2;
  pen.line(flask.middle - half, surface, flask.middle + half, surface, { class: "surface" });
}

function drawMarks(pen, flask) {
  const { zone, size, middle, neck, y } = flask;
  const right = middle + neck / 2;
  const marks = ["min", "low", "high"].map((name) => ({ name, pages: zone[`watermark_${name}`], y: level(flask, size - zone[`watermark_${name}`]) }));
  let last = y - 8;
  for (const { name, pages, y: at } of marks) {
    last = Math.max(at, last + LEADING);
    pen.line(middle - neck / 2, at, right + 5, at, { class: `mark ${name}` });
    pen.path(`M${right + 5} ${at}L${right + 14} ${last}`, { class: "leader" });
    pen.text(right + 18, last + 4, name, { class: "mark-name" });
    pen.text(right + 50, last + 4, `${grouped(pages * PAGE_KB)} kB`, { class: "muted" });
  }
}

// Beside the neck what is free, beside the body what is not.
function drawReadings(pen, run, flask, state) {
  drawMarks(pen, flask);
  pen.text(flask.middle + flask.neck / 2 + 18, flask.y + NECK - 16, `${human(state.free[flask.number])} free`, { class: "reading" });
  if (flask.isNarrow) return;
  const x = flask.middle + flask.body / 2;
  let filled = 0;
  for (const { key, pages } of layersOf(run, flask, state)) {
    const below = level(flask, filled), above = Math.max(flask.bottom - BODY, level(flask, filled += pages));
    const y = (below + above) / 2 + 4;
    if (below - above < LEADING) continue;
    pen.line(x + 2, y - 4, x + 12, y - 4, { class: "leader" });
    pen.text(x + 18, y, NAMES[key]);
    if (below - above > 2.2 * LEADING) pen.text(x + 18, y + 15, human(pages), { class: "muted" });
  }
}

// What the zone keeps from page cache: a hatched strip along the glass.
function drawReserve(pen, flask) {
  const { zone, size, reserve, middle, body, neck, y, bottom } = flask;
  if (!reserve) return;
  const from = Math.max(y, level(flask, size - zone.watermark_min));
  const to = Math.min(bottom - ROUND / 2, level(flask, Math.max(0, size - zone.watermark_min - reserve)));
  const step = Math.min(to, y + NECK);
  pen.rect(middle - neck / 2 - 9, from, 5, step - from, { fill: pen.fill("reserve") });
  pen.rect(middle - body / 2 - 9, Math.max(from, step), 5, to - Math.max(from, step), { fill: pen.fill("reserve") });
}

function drawFoot(pen, flask, state, magnified) {
  const { zone, size, number, middle, bottom, isBig, reserve } = flask;
  const left = isBig ? middle - flask.body / 2 : middle;
  const say = (row, text, look) => pen.text(left, bottom + 18 + 15 * row, text, { anchor: isBig ? "start" : "middle", ...look });
  if (!size) return say(0, `no ${zone.name.toLowerCase()}`, { class: "muted" });
  say(0, isBig ? `${zone.name} · ${human(size)}` : zone.name, { class: "name" });
  const scale = `drawn ${magnified > 1.05 ? times(magnified) : "1×"}`;
  const kept = reserve >= zone.managed ? "closed to page cache" : `keeps ${human(reserve)} from page cache`;
  const lines = isBig ? neckLines(flask, scale) : [human(size), smallLine(number, state), scale];
  lines.forEach((line, n) => say(n + 1, line, { class: "muted" }));
  if (!isBig || !reserve) return;
  const y = bottom + 33 + 15 * lines.length;
  pen.rect(left, y - 9, 5, 11, { fill: pen.fill("reserve") });
  pen.text(left + 10, y, kept, { class: "muted" });
}

function neckLines(flask, scale) {
  const neck = `neck: last ${human(flask.inNeck)}, ${times(neckScale(flask))} taller`;
  return flask.isTight ? [scale, neck] : [`${scale}; ${neck}`];
}

function smallLine(number, { swapUsed, free }) {
  if (number !== SWAP) return `${human(free[number])} free`;
  return swapUsed >= 1 ? `${human(swapUsed)} used` : "untouched";
}

// Heights in the neck against heights in the body.
const neckScale = (flask) => NECK / flask.inNeck / (BODY / (flask.size - flask.inNeck));

// One cached page goes here; its records go there.
function drawFlow(pen, run, flasks) {
  const to = flasks.find(({ number }) => number === run.user), from = flasks.find(({ number }) => number === run.kernel);
  const bytes = grouped(run.plan.pinned * 4096), y = 14;
  drop(pen, to, `M${to.middle} ${y}`, "flow");
  if (from === to) return pen.text(to.middle + 12, y + 8, `each page of the file: 4,096 bytes + ${bytes} of records`, { class: "muted" });
  drop(pen, from, `M${to.middle} ${y}H${from.middle}`, "flow records");
  pen.text(to.middle + 12, y + 8, to.isNarrow ? "4,096 bytes" : "each page of the file: 4,096 bytes", { class: "muted" });
  pen.text(from.middle + 12, y + 16, to.isNarrow ? `+ ${bytes} bytes` : `its records: ${bytes} bytes of lowmem`, { class: "muted" });
}

function drop(pen, { middle, y }, start, look) {
  pen.path(`${start}V${y - 8}`, { class: look });
  pen.path(`M${middle - 4} ${y - 11}l4 6l4 -6`, { class: look });
}
