// The zones as vessels: what is in them, the marks on their necks, and how large each is drawn.
// No scale changes silently: it stands below each vessel.

import { PAGE_KB, grouped, human, times } from "../model/format.js";
import { NAMES, holdings, populated } from "../model/view_model.js";

const LEADING = 16; // between two labels
const TOP = 44;
const NECK = 96;
const BODY = 168;
const FOOT = 70;
const ROUND = 14; // radius of the lower corners
const SHOULDER = 8;
const SMALL_SLOT = 92; // room for DMA and for the swap
const SMALL_WIDTH = 40;
const SMALL_TALL = { wide: NECK + BODY, narrow: 110 };
const NARROW = 520; // below this width, the tubes stand in a row of their own
const TIGHT = 330; // of room for a vessel with its words
const NECK_HOLDS = 5; // times the high mark

export const SWAP = -1; // the number of the swap, which is no zone

// Draw every zone and the swap, with what is in them at this moment.
export function drawZones(svg, run, state, width) {
  const vessels = layout(run, width);
  const largest = Math.min(...vessels.map(scaleOf));
  svg.begin(width, Math.max(...vessels.map(({ bottom }) => bottom)) + FOOT);
  drawFlow(svg, run, vessels);
  for (const vessel of vessels) {
    const layers = layersOf(run, vessel, state);
    drawContents(svg, vessel, layers);
    svg.path(outline(vessel), { class: "vessel" });
    if (vessel.isBig) drawMarks(svg, vessel);
    if (vessel.isBig) drawReadings(svg, vessel, layers, state);
    drawReserve(svg, vessel);
    drawFoot(svg, vessel, state, scaleOf(vessel) / largest);
  }
  svg.end();
}

const layersOf = (run, { number }, state) =>
  number === SWAP ? [{ key: "swap", pages: state.swapUsed }] : holdings(run, state, number);

// --- inside ---------------------------------------------------------------------------------

function drawContents(svg, vessel, layers) {
  const { middle, body, neck, y, isBig } = vessel;
  const clip = { "clip-path": svg.clip(`vessel${vessel.number}`, outline(vessel)) };
  svg.path(`${outline(vessel)}Z`, { class: "inside" });
  let filled = 0;
  for (const { key, pages } of layers) {
    const below = level(vessel, filled);
    filled += pages;
    const above = level(vessel, filled);
    svg.rect(middle - body / 2, above, body, below - above, { fill: svg.fill(key), ...clip });
  }
  if (filled < 1) return;
  const surface = level(vessel, filled);
  const half = (isBig && surface < y + NECK ? neck : body) / 2;
  svg.line(middle - half, surface, middle + half, surface, { class: "surface" });
}

// --- beside it ------------------------------------------------------------------------------------

function drawMarks(svg, vessel) {
  const { zone, size, middle, neck, y } = vessel;
  const right = middle + neck / 2;
  let label = y - 8;
  for (const name of ["min", "low", "high"]) {
    const pages = zone[`watermark_${name}`];
    const mark = level(vessel, size - pages);
    label = Math.max(mark, label + LEADING);
    svg.line(middle - neck / 2, mark, right + 5, mark, { class: `mark ${name}` });
    svg.path(`M${right + 5} ${mark}L${right + 14} ${label}`, { class: "leader" });
    svg.text(right + 18, label + 4, name);
    svg.text(right + 50, label + 4, `${grouped(pages * PAGE_KB)} kB`, { class: "muted" });
  }
}

// Beside the neck what is free, beside the body what is not.
function drawReadings(svg, vessel, layers, state) {
  const { number, middle, neck, body, y, bottom, isNarrow } = vessel;
  svg.text(middle + neck / 2 + 18, y + NECK - 16, `${human(state.free[number])} free`, { class: "reading" });
  if (isNarrow) return;
  const x = middle + body / 2;
  let filled = 0;
  for (const { key, pages } of layers) {
    const below = level(vessel, filled);
    filled += pages;
    const above = Math.max(bottom - BODY, level(vessel, filled));
    if (below - above < LEADING) continue;
    const at = (below + above) / 2;
    svg.line(x + 2, at, x + 12, at, { class: "leader" });
    svg.text(x + 18, at + 4, NAMES[key]);
    if (below - above > 2.2 * LEADING) svg.text(x + 18, at + 19, human(pages), { class: "muted" });
  }
}

// What the zone keeps from page cache: a hatched strip along the vessel.
function drawReserve(svg, vessel) {
  const { zone, size, reserve, middle, body, neck, y, bottom } = vessel;
  if (!reserve) return;
  const look = { fill: svg.fill("reserve") };
  const from = Math.max(y, level(vessel, size - zone.watermark_min));
  const to = Math.min(bottom - ROUND / 2, level(vessel, Math.max(0, size - zone.watermark_min - reserve)));
  const shoulder = Math.min(to, y + NECK);
  const below = Math.max(from, shoulder);
  svg.rect(middle - neck / 2 - 9, from, 5, shoulder - from, look);
  svg.rect(middle - body / 2 - 9, below, 5, to - below, look);
}

// --- below it -------------------------------------------------------------------------------------

function drawFoot(svg, vessel, state, magnified) {
  const { zone, size, middle, body, bottom, isBig, reserve } = vessel;
  const left = isBig ? middle - body / 2 : middle;
  const anchor = isBig ? "start" : "middle";
  const line = (n, text, look) => svg.text(left, bottom + 18 + 15 * n, text, { anchor, class: look });
  if (!size) return line(0, `no ${zone.name.toLowerCase()}`, "muted");
  line(0, isBig ? `${zone.name} · ${human(size)}` : zone.name, "name");
  const scale = `drawn ${magnified > 1.05 ? times(magnified) : "1×"}`;
  const lines = isBig ? neckLines(vessel, scale) : [human(size), inUse(vessel, state), scale];
  lines.forEach((text, n) => line(n + 1, text, "muted"));
  if (!isBig || !reserve) return;
  const y = bottom + 33 + 15 * lines.length;
  svg.rect(left, y - 9, 5, 11, { fill: svg.fill("reserve") });
  svg.text(left + 10, y, kept(vessel), { class: "muted" });
}

function neckLines(vessel, scale) {
  const [neck, taller] = [`neck: last ${human(vessel.inNeck)}`, `${times(neckScale(vessel))} taller`];
  return vessel.isTight ? [scale, neck, taller] : [`${scale}; ${neck}, ${taller}`];
}

function inUse({ number }, { swapUsed, free }) {
  if (number !== SWAP) return `${human(free[number])} free`;
  return swapUsed >= 1 ? `${human(swapUsed)} used` : "untouched";
}

const kept = ({ reserve, zone }) =>
  reserve >= zone.managed ? "closed to page cache" : `keeps ${human(reserve)} from page cache`;

// --- above all: a cached page goes here, its records go there -------------------------------------

const STREAM = 14; // its height

function drawFlow(svg, run, vessels) {
  const to = vessels.find(({ number }) => number === run.user);
  const from = vessels.find(({ number }) => number === run.kernel);
  const bytes = grouped(run.plan.pinned * 4096);
  const say = (vessel, y, wide, narrow) =>
    svg.text(vessel.middle + 12, y, vessel.isNarrow ? narrow : wide, { class: "muted" });
  drop(svg, to, `M${to.middle} ${STREAM}`, "flow");
  if (from === to) {
    say(to, 22, `each page of the file: 4,096 bytes + ${bytes} of records`, `4,096 + ${bytes} bytes`);
    return;
  }
  drop(svg, from, `M${to.middle} ${STREAM}H${from.middle}`, "flow records");
  say(to, 22, "each page of the file: 4,096 bytes", "4,096 bytes");
  say(from, 30, `its records: ${bytes} bytes of lowmem`, `+ ${bytes} bytes`);
}

function drop(svg, { middle, y }, start, look) {
  svg.path(`${start}V${y - 8}`, { class: look });
  svg.path(`M${middle - 4} ${y - 11}l4 6l4 -6`, { class: look });
}

// --- where each stands ----------------------------------------------------------------------------

// Every vessel of a run: where it stands, how large it is, and what it holds at most.
function layout(run, width) {
  const isNarrow = width < NARROW;
  const numbers = populated(run);
  const isSmall = (i) => run.zones[i].name === "DMA";
  const big = numbers.filter((i) => !isSmall(i));
  const small = [...numbers.filter(isSmall), SWAP];
  const slot = (isNarrow ? width : width - SMALL_SLOT * small.length) / big.length;
  const start = isNarrow ? 0 : SMALL_SLOT;
  const smallSlot = isNarrow ? width / small.length : SMALL_SLOT;
  const smallLeft = (n) => (isNarrow ? n * smallSlot : n * (width - SMALL_SLOT));
  return [
    ...big.map((i, n) => vessel(run, i, { slot, left: start + n * slot, isNarrow })),
    ...small.map((i, n) => tube(run, i, { slot: smallSlot, left: smallLeft(n), isNarrow })),
  ];
}

function vessel(run, number, { slot, left, isNarrow }) {
  const zone = run.zones[number];
  const size = run.sizes[number];
  const body = Math.min(190, Math.max(48, slot - (isNarrow ? 96 : 150)));
  return {
    ...{ isBig: true, isNarrow, isTight: slot < TIGHT, number, zone, size, body },
    reserve: zone.lowmem_reserve[run.user],
    neck: Math.max(26, body * 0.3),
    inNeck: Math.min(size * 0.3, NECK_HOLDS * zone.watermark_high),
    middle: left + (isNarrow ? 4 : 24) + body / 2,
    y: TOP,
    tall: NECK + BODY,
    bottom: TOP + NECK + BODY,
  };
}

function tube(run, number, { slot, left, isNarrow }) {
  const zone = number === SWAP ? { name: "Swap" } : run.zones[number];
  const size = number === SWAP ? run.machine.swap : run.sizes[number];
  const tall = SMALL_TALL[isNarrow ? "narrow" : "wide"];
  const y = isNarrow ? TOP + NECK + BODY + FOOT + 27 : TOP;
  return {
    ...{ isBig: false, isNarrow, number, zone, size, y, tall },
    reserve: number === SWAP ? 0 : zone.lowmem_reserve[run.user],
    body: SMALL_WIDTH,
    neck: SMALL_WIDTH,
    inNeck: 0,
    middle: left + slot / 2,
    bottom: y + tall,
  };
}

// Pixels of area for each page, in the body.
function scaleOf({ isBig, size, body, inNeck, tall }) {
  return size ? (body * (isBig ? BODY : tall)) / (size - inNeck) : Infinity;
}

// How much taller a page stands in the neck than in the body.
const neckScale = ({ size, inNeck }) => NECK / inNeck / (BODY / (size - inNeck));

// The height at which a vessel holds this many pages.
function level({ isBig, size, inNeck, bottom, tall }, pages) {
  if (!isBig) return bottom - (size ? (tall * pages) / size : 0);
  const inBody = size - inNeck;
  if (pages <= inBody) return bottom - (BODY * pages) / inBody;
  return bottom - BODY - (NECK * (pages - inBody)) / inNeck;
}

// The outline, from the right edge of its mouth round to the left.
function outline({ isBig, middle, body, neck, y, bottom }) {
  const left = middle - body / 2;
  const right = middle + body / 2;
  const foot = bottom - ROUND;
  const corners = `${right} ${bottom} ${right - ROUND} ${bottom}H${left + ROUND}Q${left} ${bottom} ${left} ${foot}`;
  const base = `V${foot}Q${corners}`;
  if (!isBig) return `M${right} ${y}${base}V${y}`;
  const [neckLeft, neckRight] = [middle - neck / 2, middle + neck / 2];
  const s = y + NECK;
  const down = `M${neckRight} ${y}V${s - SHOULDER}Q${neckRight} ${s} ${neckRight + SHOULDER} ${s}`;
  const out = `H${right - SHOULDER}Q${right} ${s} ${right} ${s + SHOULDER}`;
  const back = `V${s + SHOULDER}Q${left} ${s} ${left + SHOULDER} ${s}`;
  const up = `H${neckLeft - SHOULDER}Q${neckLeft} ${s} ${neckLeft} ${s - SHOULDER}V${y}`;
  return down + out + base + back + up;
}
