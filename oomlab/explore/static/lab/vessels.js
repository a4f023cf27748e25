// The zones as flasks. A body holds most of a zone; a narrow neck holds the last pages, where the marks
// are, drawn larger. How much larger stands beside it: no scale changes silently.

import { gib, human, times } from "./format.js";

const TOP = 40, NECK = 96, BODY = 168, FOOT = 58;
const SHOULDER = 8, ROUND = 14;
const LEADING = 15; // between two labels
const NECK_HOLDS = 5; // times the high mark

export const HEIGHT = TOP + NECK + BODY + FOOT;

// Draw every zone and the swap, with what is in them at this moment.
export function drawVessels(pen, run, now, width) {
  const flasks = layout(run, width);
  const largest = Math.min(...flasks.map(scaleOf));
  pen.begin(width, HEIGHT * (1 + Math.max(...flasks.map((flask) => flask.row))));
  drawFlow(pen, run, now, flasks);
  for (const flask of flasks) {
    drawContents(pen, flask, now);
    drawGlass(pen, flask);
    if (flask.big) drawMarks(pen, flask, now);
    drawReserve(pen, flask);
    drawFoot(pen, flask, now, scaleOf(flask) / largest);
  }
  pen.end();
}

// --- where each flask stands ----------------------------------------------------------------------

function layout(run, width) {
  const isNarrow = width < 520;
  const big = run.zones.filter((zone) => zone.name !== "DMA");
  const small = [...run.zones.filter((zone) => zone.name === "DMA"), swapVessel(run)];
  const slot = isNarrow ? width / big.length : (width - 2 * 92) / big.length;
  const bigs = big.map((zone, n) => place(zone, { big: true, slot, left: n * slot + (isNarrow ? 0 : 92), row: 0, isNarrow }));
  const smalls = small.map((zone, n) => place(zone, { big: false, slot: 92, left: isNarrow ? n * (width / 2) : n * (width - 92), row: isNarrow ? 1 : 0, isNarrow }));
  return [...smalls, ...bigs];
}

function place(zone, { big, slot, left, row, isNarrow }) {
  const room = big ? slot - (isNarrow ? 84 : 200) : 40;
  const body = Math.max(44, Math.min(big ? 190 : 40, room));
  const middle = left + (big ? body / 2 + (isNarrow ? 0 : 74) : slot / 2);
  const y = row * HEIGHT + TOP;
  const inNeck = big ? Math.min(zone.size * 0.3, NECK_HOLDS * zone.high) : 0;
  return { zone, big, row, body, neck: big ? Math.max(26, body * 0.34) : body, middle, y, inNeck, bottom: y + NECK + BODY, isNarrow };
}

const swapVessel = (run) => ({ name: "Swap", size: run.swap, high: 0 });

// Pixels of area for each page, in the body.
const scaleOf = (flask) => (flask.zone.size ? (flask.body * (flask.big ? BODY : NECK + BODY)) / (flask.zone.size - flask.inNeck) : Infinity);

// The height at which a flask holds this many pages.
function level(flask, pages) {
  const { zone, inNeck, bottom } = flask;
  if (!flask.big) return bottom - ((NECK + BODY) * pages) / zone.size;
  const inBody = zone.size - inNeck;
  if (pages <= inBody) return bottom - (BODY * pages) / inBody;
  return bottom - BODY - (NECK * (pages - inBody)) / inNeck;
}

// --- drawing --------------------------------------------------------------------------------------

function outline({ big, middle, body, neck, y, bottom }) {
  const l = middle - body / 2, r = middle + body / 2, nl = middle - neck / 2, nr = middle + neck / 2;
  const s = y + NECK;
  const base = `Q${r} ${bottom} ${r - ROUND} ${bottom}H${l + ROUND}Q${l} ${bottom} ${l} ${bottom - ROUND}`;
  if (!big) return `M${l} ${y}V${bottom - ROUND}Q${l} ${bottom} ${l + ROUND} ${bottom}H${r - ROUND}Q${r} ${bottom} ${r} ${bottom - ROUND}V${y}`;
  return (
    `M${nr} ${y}V${s - SHOULDER}Q${nr} ${s} ${nr + SHOULDER} ${s}H${r - SHOULDER}Q${r} ${s} ${r} ${s + SHOULDER}` +
    `V${bottom - ROUND}${base}V${s + SHOULDER}Q${l} ${s} ${l + SHOULDER} ${s}H${nl - SHOULDER}Q${nl} ${s} ${nl} ${s - SHOULDER}V${y}`
  );
}

function drawContents(pen, flask, now) {
  const id = `${pen.ids}-glass-${flask.zone.name}`;
  const clip = pen.put("clipPath", { id });
  clip.firstChild?.setAttribute("d", outline(flask)) ?? clip.append(pathNode(outline(flask)));
  const look = { "clip-path": `url(#${id})` };
  pen.path(`${outline(flask)}Z`, { class: "inside" });
  let filled = 0;
  for (const { key, pages } of layersOf(flask, now)) {
    const below = level(flask, filled);
    filled += pages;
    const above = level(flask, filled);
    pen.rect(flask.middle - flask.body / 2, above, flask.body, below - above, { fill: pen.fill(key), ...look });
  }
  const surface = level(flask, filled);
  const half = (flask.big && surface < flask.y + NECK ? flask.neck : flask.body) / 2;
  if (filled) pen.line(flask.middle - half, surface, flask.middle + half, surface, { class: "surface" });
}

function pathNode(d) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "path");
  node.setAttribute("d", d);
  return node;
}

const layersOf = (flask, now) => (flask.zone.name === "Swap" ? [{ key: "swap", pages: now.swapped }] : now.zones[flask.zone.name].layers);

const drawGlass = (pen, flask) => pen.path(outline(flask), { class: "glass" });

function drawMarks(pen, flask, now) {
  const { zone, middle, neck } = flask;
  const right = middle + neck / 2;
  const marks = ["min", "low", "high"].map((name) => ({ name, y: level(flask, zone.size - zone[name]), text: `${name} ${human(zone[name])}` }));
  const labels = spread(marks, flask.y + 4);
  for (const { name, y, text, at } of labels) {
    pen.line(middle - neck / 2, y, right + 5, y, { class: `mark ${name}` });
    pen.path(`M${right + 5} ${y}L${right + 14} ${at}`, { class: "leader" });
    pen.text(right + 18, at + 4, text, { class: "mark-name" });
  }
  const free = now.zones[zone.name].free;
  const left = middle - neck / 2 - 10;
  if (!flask.isNarrow) {
    pen.text(left, flask.y + 44, human(free), { anchor: "end", class: "reading" });
    pen.text(left, flask.y + 60, "free", { anchor: "end", class: "muted" });
  } else {
    pen.text(middle, flask.y - 10, `${human(free)} free`, { anchor: "middle", class: "reading" });
  }
}

// Move labels apart, keeping their order from top to bottom.
function spread(marks, top) {
  let last = top - LEADING;
  return [...marks].sort((a, b) => a.y - b.y).map((mark) => ({ ...mark, at: (last = Math.max(mark.y, last + LEADING)) }));
}

// What the zone keeps from page cache: a hatched strip along the glass.
function drawReserve(pen, flask) {
  const { zone, middle, body, y, bottom } = flask;
  if (!zone.reserve) return;
  const from = Math.max(level(flask, zone.size - zone.min), y), to = level(flask, Math.max(0, zone.size - zone.min - zone.reserve));
  pen.rect(middle - body / 2 - 9, from, 5, Math.min(to, bottom) - from, { fill: pen.fill("reserve") });
}

function drawFoot(pen, flask, now, magnified) {
  const { zone, middle, bottom, big } = flask;
  const say = (row, text, look) => pen.text(middle, bottom + 18 + 15 * row, text, { anchor: "middle", ...look });
  say(0, `${zone.name} · ${human(zone.size)}`, { class: "name" });
  if (!zone.size) return;
  if (big) {
    say(1, magnified > 1.05 ? `drawn ${times(magnified)}` : "", { class: "muted" });
    say(2, `neck: last ${human(flask.inNeck)}, ${times(neckScale(flask))} finer`, { class: "muted" });
  } else {
    say(1, zone.name === "Swap" ? `${human(now.swapped)} used` : `${human(now.zones[zone.name].free)} free`, { class: "muted" });
    say(2, `drawn ${times(magnified)}`, { class: "muted" });
  }
}

// Heights in the neck against heights in the body.
const neckScale = (flask) => NECK / flask.inNeck / (BODY / (flask.zone.size - flask.inNeck));

// One cached page goes here; its records go there.
function drawFlow(pen, run, now, flasks) {
  const to = flasks.find(({ zone }) => zone.name === run.cacheZone), from = flasks.find(({ zone }) => zone.name === run.recordZone);
  const y = 12;
  pen.path(`M${to.middle} ${y}V${to.y - 4}`, { class: `flow ${now.flowing ? "on" : ""}` });
  pen.text(to.middle + 10, y + 6, "a 4,096-byte page of the file", { class: "muted" });
  if (from !== to) {
    pen.path(`M${to.middle} ${y}H${from.middle}V${from.y - 4}`, { class: `flow records ${now.flowing ? "on" : ""}` });
    pen.text(from.middle + 10, y + 20, `its records: ${Math.round(run.bytesPerPage)} bytes`, { class: "muted" });
  }
}
