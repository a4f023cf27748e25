// The zones as vessels: what is in them, the watermarks on their necks, and how large each is drawn.
// No scale changes silently: it stands below each vessel.

import { PAGE_KB, grouped, human, times } from "../model/format.js";
import { NAMES, contents } from "../model/view_model.js";
import { BODY, NECK, ROUND, SWAP, halfWidth, layout, level, neckScale, outline } from "./vessel_layout.js";

const LEADING = 16; // between two labels
const FOOT_LEADING = 15;

// Draw every zone and the swap, with what is in them at this moment.
export function drawZones(svg, run, state, width) {
  const write = (vessel, magnified) => footOf(svg, vessel, state, magnified);
  const vessels = layout(run, width, write, heightOf);
  svg.begin(width, Math.max(...vessels.map(({ bottom, foot }) => bottom + heightOf(foot))));
  drawFlow(svg, run, vessels, width);
  for (const vessel of vessels) {
    const layers = layersOf(run, vessel, state);
    drawContents(svg, vessel, layers);
    svg.path(outline(vessel), { class: "vessel" });
    if (vessel.isBig) {
      drawMarks(svg, vessel);
      drawLabels(svg, vessel, layers, state);
      drawReserve(svg, vessel);
    }
    drawFoot(svg, vessel);
  }
  svg.end();
}

const layersOf = (run, { number }, state) =>
  number === SWAP ? [{ key: "swap", pages: state.swapUsed }] : contents(run, state, number);

// --- inside ---------------------------------------------------------------------------------------

function drawContents(svg, vessel, layers) {
  const { middle, body } = vessel;
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
  svg.line(middle - body / 2, surface, middle + body / 2, surface, { class: "surface", ...clip });
}

// --- beside it ------------------------------------------------------------------------------------

const MARKS = ["min", "low", "high"];
const heightOfMark = (vessel, name) => level(vessel, vessel.size - vessel.zone[`watermark_${name}`]);

function drawMarks(svg, vessel) {
  for (const name of MARKS) {
    const y = heightOfMark(vessel, name);
    const half = halfWidth(vessel, y);
    svg.line(vessel.middle - half, y, vessel.middle + half + 5, y, { class: `mark ${name}` });
  }
}

// In one column: the watermarks, what is free, and what is not. No label lies over another.
function drawLabels(svg, vessel, layers, state) {
  const { number, middle, body, y, bottom, right } = vessel;
  const x = middle + body / 2 + 18;
  const room = right - x;
  const labels = [
    ...markLabels(svg, vessel, room),
    freeLabel(svg, vessel, human(state.free[number]), room),
    ...layerLabels(svg, vessel, layers, room),
  ];
  for (const { at, place, texts } of spread(labels.filter(Boolean), y - 8, bottom)) {
    const from = middle + halfWidth(vessel, at) + (texts[0].isMark ? 5 : 2);
    svg.path(`M${from} ${at}L${x - 6} ${place}`, { class: "leader" });
    for (const { text, dx = 0, dy = 0, look } of texts) svg.text(x + dx, place + 4 + dy, text, { class: look });
  }
}

// The name of each watermark, with its size where there is room for all three.
function markLabels(svg, vessel, room) {
  const sizes = MARKS.map((name) => `${grouped(vessel.zone[`watermark_${name}`] * PAGE_KB)} kB`);
  const dx = svg.textWidth("high") + 6;
  const fit = sizes.every((size) => dx + svg.textWidth(size) <= room);
  return MARKS.map((name, n) => {
    const texts = [{ text: name, isMark: true }, ...(fit ? [{ text: sizes[n], dx, look: "muted" }] : [])];
    return { at: heightOfMark(vessel, name), height: LEADING, texts };
  });
}

function freeLabel(svg, { y }, size, room) {
  const text = svg.fit(room, [`${size} free`, size], "reading");
  return text && { at: y + NECK - 16, height: LEADING + 2, texts: [{ text, look: "reading" }] };
}

// The name of each layer that is thick enough, with its pages where there is room for a second line.
function layerLabels(svg, vessel, layers, room) {
  let filled = 0;
  return layers.map(({ key, pages }) => {
    const below = level(vessel, filled);
    filled += pages;
    const above = Math.max(vessel.bottom - BODY, level(vessel, filled));
    if (below - above < LEADING || svg.textWidth(NAMES[key]) > room) return null;
    const texts = [{ text: NAMES[key] }];
    const isTall = below - above > 2.2 * LEADING;
    if (isTall) texts.push({ text: human(pages), dy: 15, look: "muted" });
    return { at: (below + above) / 2, height: isTall ? 2 * LEADING : LEADING, texts };
  });
}

// Give every label a place of its own as near as may be to what it names, from top to bottom.
function spread(labels, top, bottom) {
  const sorted = labels.toSorted((a, b) => a.at - b.at);
  let next = top;
  for (const label of sorted) {
    label.place = Math.max(label.at, next);
    next = label.place + label.height;
  }
  let last = bottom + LEADING;
  for (const label of sorted.toReversed()) {
    label.place = Math.min(label.place, last - label.height);
    last = label.place;
  }
  return sorted;
}

// What the zone keeps from page cache: a hatched strip beside it.
function drawReserve(svg, vessel) {
  const { zone, size, reserve, middle, body, y, bottom } = vessel;
  if (!reserve) return;
  const from = Math.max(y, level(vessel, size - zone.watermark_min));
  const to = Math.min(bottom - ROUND / 2, level(vessel, Math.max(0, size - zone.watermark_min - reserve)));
  svg.rect(middle - body / 2 - 9, from, 5, to - from, { fill: svg.fill("reserve") });
}

// --- below it -------------------------------------------------------------------------------------

const heightOf = (foot) => 24 + FOOT_LEADING * (foot.length - 1);

function drawFoot(svg, { middle, body, bottom, isBig, foot }) {
  const left = isBig ? middle - body / 2 : middle;
  const anchor = isBig ? "start" : "middle";
  foot.forEach(({ text, look, isReserve }, n) => {
    const y = bottom + 18 + FOOT_LEADING * n;
    if (isReserve) svg.rect(left, y - 9, 5, 11, { fill: svg.fill("reserve") });
    svg.text(left + (isReserve ? 10 : 0), y, text, { anchor, class: look });
  });
}

function footOf(svg, vessel, state, magnified) {
  const { zone, size, isBig, room } = vessel;
  if (!size) return [{ text: `no ${zone.name.toLowerCase()}`, look: "muted" }];
  const scale = `drawn ${magnified > 1.05 ? times(magnified) : "1×"}`;
  const lines = isBig ? neckLines(svg, vessel, scale) : [human(size), inUse(vessel, state), scale];
  const name = isBig ? svg.fit(room, [`${zone.name} · ${human(size)}`, zone.name], "name") : zone.name;
  return [{ text: name, look: "name" }, ...lines.map((text) => ({ text, look: "muted" })), ...kept(svg, vessel)];
}

function neckLines(svg, vessel, scale) {
  const [neck, taller] = [`neck: last ${human(vessel.inNeck)}`, `${times(neckScale(vessel))} taller`];
  const whole = `${scale}; ${neck}, ${taller}`;
  return svg.textWidth(whole) <= vessel.room ? [whole] : [scale, neck, taller];
}

function inUse({ number }, { swapUsed, free }) {
  if (number !== SWAP) return `${human(free[number])} free`;
  return swapUsed >= 1 ? `${human(swapUsed)} used` : "untouched";
}

function kept(svg, { isBig, reserve, zone, room }) {
  if (!isBig || !reserve) return [];
  const size = human(reserve);
  const words =
    reserve >= zone.managed
      ? ["closed to page cache", "no page cache"]
      : [`keeps ${size} from page cache`, `keeps ${size} back`, `keeps ${size}`];
  return [{ text: svg.fit(room - 10, words) || words.at(-1), look: "muted", isReserve: true }];
}

// --- above all: a cached page goes here, its records go there -------------------------------------

const STREAM = 14; // its height

function drawFlow(svg, run, vessels, width) {
  const to = vesselOf(vessels, run.user);
  const from = vesselOf(vessels, run.kernel);
  const bytes = grouped(run.plan.pinned * 4096);
  const say = ({ middle }, y, end, words) =>
    svg.text(middle + 12, y, svg.fit(end - middle - 12, words), { class: "muted" });
  drop(svg, to, `M${to.middle} ${STREAM}`, "flow");
  if (from === to) {
    const sum = `4,096 bytes + ${bytes} of records`;
    say(to, 22, width, [`each page of the file: ${sum}`, sum, `4,096 + ${bytes} bytes`]);
    return;
  }
  drop(svg, from, `M${to.middle} ${STREAM}H${from.middle}`, "flow records");
  say(to, 22, width, ["each page of the file: 4,096 bytes", "4,096 bytes"]);
  const end = to.middle > from.middle ? to.middle - 8 : width;
  say(from, 30, end, [`its records: ${bytes} bytes of lowmem`, `records: ${bytes} bytes`, `+ ${bytes} bytes`]);
}

// The vessel that serves a request: the zone that it names, or the next below that has pages.
const vesselOf = (vessels, asked) =>
  vessels.filter(({ number }) => number !== SWAP && number <= asked).toSorted((a, b) => b.number - a.number)[0];

function drop(svg, { middle, y }, start, look) {
  svg.path(`${start}V${y - 8}`, { class: look });
  svg.path(`M${middle - 4} ${y - 11}l4 6l4 -6`, { class: look });
}
