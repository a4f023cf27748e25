// The course of a guest: HighMem above, lowmem below, both over time. What stands at the right edge is now.

import { human, sum } from "../lab/model/format.js";
import { lowFree, pageCache } from "./samples.js";
import { events } from "./story.js";

export const FONTS = { "": "13px", name: "600 14px", reading: "600 14px" }; // as in live.css

const TOP = 26; // the row of events
const GAP = 24; // between the two zones
const AXIS = 24;
const HIGH = 130; // height of each row
const LOW = 170;
const SIDE = 212; // the readings beside the rows, where there is room
const SHORTEST = 20; // seconds
const BEHIND = 2560; // pages of cache from which on a saved state has something behind it
const BEFORE = 0.35; // of the width, for what lies behind it

export function drawCourse(svg, machine, width) {
  const { facts, samples } = machine;
  const isWide = width >= 560;
  const right = isWide ? width - SIDE : width;
  const head = isWide ? 22 : 40; // the name of a zone, and below it the readings where they have no place beside it
  const lowAt = TOP + head + HIGH + GAP + head;
  const height = lowAt + LOW + AXIS;
  svg.begin(width, height);
  const { rows } = samples;
  const flags = events(machine);
  const scale = new Scale(machine, flags, right);
  const size = (names) => sum(facts.zones.filter(({ name }) => names.includes(name)).map(({ managed }) => managed));
  const high = { at: TOP + head, height: HIGH, pages: size(["HighMem"]), name: "HighMem", head };
  const low = { at: lowAt, height: LOW, pages: size(["DMA", "Normal"]), name: "Lowmem: DMA and Normal", head };
  for (const zone of [high, low]) drawFrame(svg, zone, right);
  drawLayers(svg, high, rows, scale, highLayers);
  drawLayers(svg, low, rows, scale, lowLayers);
  drawGhost(svg, machine, high, low, scale);
  drawMin(svg, facts, low, right);
  drawEvents(svg, flags, scale, height - AXIS);
  if (rows.length) drawReadings(svg, rows.at(-1), { high, low, right, width, isWide });
  drawAxis(svg, scale, height);
  svg.end();
}

// Where a moment lies. What a saved state has behind it stands at the left, by its page cache and not by time.
class Scale {
  constructor({ samples: { rows }, saved }, flags, right) {
    const before = rows.slice(0, saved);
    const reached = before.length ? pageCache(before.at(-1)) : 0;
    this.start = reached > BEHIND ? BEFORE * right : 0;
    this.first = before.at(-1)?.seconds ?? rows[0]?.seconds ?? 0;
    const last = Math.max(this.first, rows.at(-1)?.seconds ?? 0, ...flags.map(({ seconds }) => seconds));
    this.span = Math.max(SHORTEST, last - this.first);
    this.right = right;
    this.xs = rows.map((row, i) => (i < saved ? (this.start * pageCache(row)) / (reached || 1) : this.x(row.seconds)));
  }

  x(seconds) {
    return this.start + (Math.max(0, seconds - this.first) / this.span) * (this.right - this.start);
  }
}

function drawFrame(svg, { at, height, pages, name, head }, right) {
  svg.text(0, at - head + 14, name, { class: "name" });
  svg.text(svg.textWidth(name, "name") + 10, at - head + 14, human(pages), { class: "muted" });
  svg.rect(0, at, right, height, { class: "inside" });
}

// Layers of a zone from the bottom, as pages; the rest of it is free.
const highLayers = (row, pages) => [
  ["anonymous", Math.max(0, pages - row.free.HighMem - row.cache.high)],
  ["cache", row.cache.high],
];

function lowLayers(row, pages) {
  const records = row.bufferHeads + row.radixNodes;
  return [
    ["kernel", Math.max(0, pages - lowFree(row) - row.cache.low - records)],
    ["cache", row.cache.low],
    ["radix_tree_node", row.radixNodes],
    ["buffer_head", row.bufferHeads],
  ];
}

function drawFrame(svg, { at, height, pages, name, head }, right) {
  svg.text(0, at - head + 14, name, { class: "name" });
  svg.text(svg.textWidth(name, "name") + 10, at - head + 14, human(pages), { class: "muted" });
  svg.rect(0, at, right, height, { class: "inside" });
}

function drawLayers(svg, { at, height, pages }, rows, { xs }, layersOf) {
  if (rows.length === 0) return;
  const place = (value, i) => `${px(xs[i])} ${px(at + height - (value / pages) * height)}`;
  const columns = rows.map((row) => layersOf(row, pages));
  let floor = rows.map(() => 0);
  columns[0].forEach(([key], n) => {
    const roof = floor.map((value, i) => Math.min(pages, value + columns[i][n][1]));
    svg.path(`M${roof.map(place).join("L")}L${floor.map(place).reverse().join("L")}Z`, { fill: svg.fill(key) });
    floor = roof;
  });
  svg.path(`M${floor.map(place).join("L")}`, { class: "level" });
  svg.rect(0.5, at + 0.5, xs.at(-1), height - 1, { class: "frame" });
}

// Where the model has the same machine: its end in HighMem, its course in lowmem, at the cache measured.
function drawGhost(svg, { facts, samples, isCopying }, high, low, { xs, right }) {
  const { course } = facts.model;
  const end = course.at(-1)[3];
  const y = high.at + (end / high.pages) * high.height;
  svg.line(0, y, right, y, { class: "ghost" });
  const words = [`the model: out of memory here, with ${human(end)} free`, "the model’s end"];
  svg.text(right - 6, y - 5, svg.fit(right - 12, words), { anchor: "end", class: "muted" });
  if (!isCopying) return;
  const line = samples.rows.map((row, i) => {
    const [, dma, normal] = between(course, pageCache(row));
    return `${px(xs[i])} ${px(low.at + ((dma + normal) / low.pages) * low.height)}`;
  });
  if (line.length > 1) svg.path(`M${line.join("L")}`, { class: "ghost" });
}

// A row of the model's course at this much page cache, between the two next to it.
export function between(course, cache) {
  const n = course.findIndex(([at]) => at >= cache);
  if (n <= 0) return course.at(n);
  const [before, after] = [course[n - 1], course[n]];
  const share = (cache - before[0]) / (after[0] - before[0] || 1);
  return before.map((value, i) => value + share * (after[i] - value));
}

// Normal's min, and what DMA keeps beside it: what is free above this line the kernel may have.
function drawMin(svg, { kept }, low, right) {
  const y = low.at + (kept / low.pages) * low.height;
  svg.line(0, y, right, y, { class: "mark" });
  svg.text(6, y + 14, "min: free pages above this line are kept", { class: "marked" });
}

function drawEvents(svg, flags, scale, bottom) {
  let free = -Infinity;
  for (const { at, text, isDeath } of together(flags, scale)) {
    svg.line(at, TOP - 8, at, bottom, { class: isDeath ? "flag death" : "flag" });
    const wide = svg.textWidth(text) / 2;
    const middle = Math.min(scale.right - wide, Math.max(wide, at));
    if (middle - wide < free) continue;
    svg.text(middle, 12, text, { anchor: "middle", class: isDeath ? "danger" : "" });
    free = middle + wide + 8;
  }
}

// Events that fall on one place share a flag.
function together(events, scale) {
  const flags = [];
  for (const { seconds, text, isDeath = false } of events) {
    const at = scale.x(seconds);
    const last = flags.at(-1);
    if (last && at - last.at < 3 && last.isDeath === isDeath) last.text += `, ${text}`;
    else flags.push({ at, text, isDeath });
  }
  return flags;
}

function drawReadings(svg, row, { high, low, right, width, isWide }) {
  const records = row.bufferHeads + row.radixNodes;
  const room = row.free.Normal - row.min;
  const upper = [
    ["free", `${human(row.free.HighMem)} free`],
    ["cache", `${human(row.cache.high)} page cache`],
  ];
  const lower = [
    ["free", `${human(row.free.Normal)} free in Normal`],
    ["", `min is ${human(row.min)}`, room < 0 ? "danger" : "muted"],
    ["buffer_head", `${human(records)} of records`],
    ["cache", `${human(row.cache.low)} page cache`],
    ["kernel", `${human(Math.max(0, low.pages - lowFree(row) - row.cache.low - records))} for all else`],
  ];
  if (!isWide) return drawNarrow(svg, [[high, upper], [low, lower.slice(0, 2)]], width);
  for (const [zone, lines] of [[high, upper], [low, lower]]) {
    lines.forEach(([key, text, tone = ""], n) => {
      const y = zone.at + 14 + 22 * n;
      if (key) svg.rect(right + 14.5, y - 10.5, 11, 11, { fill: key === "free" ? "none" : svg.fill(key), class: "swatch" });
      svg.text(right + 32, y, text, { class: n === 0 ? "reading" : tone });
    });
  }
  const times = Math.round(((high.pages / low.pages) * low.height) / high.height);
  svg.text(right + 14, low.at + low.height - 6, `drawn ${times} times larger`, { class: "muted" });
}

function drawNarrow(svg, rows, width) {
  for (const [zone, lines] of rows) {
    const text = lines.map(([, words]) => words).join(", ");
    svg.text(0, zone.at - 6, svg.fit(width, [text, lines[0][1]]), { class: "figure" });
  }
}

function drawAxis(svg, scale, height) {
  const { start, first, span, right } = scale;
  if (start) {
    svg.line(start, TOP - 8, start, height - AXIS, { class: "saved" });
    svg.text(start / 2, height - 6, svg.fit(start, ["the copy until here", "before"]), { anchor: "middle", class: "muted" });
  }
  const step = [5, 10, 20, 60, 120, 300, 600].find((each) => span / each <= (right - start) / 60) ?? 600;
  for (let seconds = step; seconds < span; seconds += step) {
    svg.text(scale.x(first + seconds), height - 6, `${seconds} s`, { anchor: "middle", class: "muted" });
  }
}

const px = (value) => Math.round(value * 10) / 10;
