// The edge: a small map of RAM × block size. Where it is hatched, the machine dies. The dot is this
// machine; it can be dragged. Two rows at most are computed in a frame,
// so that a hand is never slowed.

import { PAGES_PER_GIB } from "../model/format.js";

const ROW = 22;
const TOP = 22;
const LEFT = 62;
const AXIS = 40;
const RIGHT = 8;
const MIN_RAM = PAGES_PER_GIB;
const MAX_RAM = 64 * PAGES_PER_GIB;
const SAMPLES = 36;
const FINER = 7;

export class Edge {
  // blocks: rows of [block size, label]. fate(settings) is "oom", "survives" or "no boot".
  constructor(svg, blocks, fate, change) {
    Object.assign(this, { svg, blocks, fate, rows: [], stale: new Set(), turn: 0, key: "" });
    this.listen(svg.element, change);
  }

  // Compute the row of these settings if it is out of date, and one of the others in turn; return whether
  // more remain. So the row of the dot is always that of the sentence, and the others follow a hand.
  work(settings) {
    this.compare(settings);
    const own = this.blocks.findIndex(([size]) => size === settings.block_size);
    if (this.stale.has(own)) this.compute(own, settings);
    const next = this.blocks.map((_, n) => (this.turn + n) % this.blocks.length).find((n) => this.stale.has(n));
    if (next !== undefined) this.compute(next, settings);
    this.turn = ((next ?? this.turn) + 1) % this.blocks.length;
    return this.stale.size > 0;
  }

  compute(n, settings) {
    const block_size = this.blocks[n][0];
    this.rows[n] = stretches((ram) => this.fate({ ...settings, ram: Math.round(ram), block_size }));
    this.stale.delete(n);
  }

  // RAM and block size are the axes: every row is out of date when anything else has changed.
  compare({ ram, block_size, ...rest }) {
    const key = JSON.stringify(rest);
    if (key === this.key) return;
    this.key = key;
    this.stale = new Set(this.blocks.keys());
  }

  draw(settings, width) {
    const { svg } = this;
    const height = TOP + ROW * this.blocks.length + AXIS;
    this.width = width;
    svg.begin(width, height);
    svg.text(0, 14, "File-system block", { class: "muted" });
    this.blocks.forEach(([, label], n) => {
      const y = TOP + ROW * n;
      svg.text(LEFT - 8, y + 15, label, { anchor: "end" });
      for (const { from, to, fate } of this.rows[n] ?? []) {
        const look = {
          oom: { fill: svg.fill("danger") },
          survives: { class: "lives" },
          "no boot": { class: "never" },
        }[fate];
        svg.rect(toX(from, width), y + 1, toX(to, width) - toX(from, width), ROW - 2, look);
      }
    });
    for (const at of [1, 2, 4, 8, 16, 32, 64]) {
      const x = toX(at * PAGES_PER_GIB, width);
      svg.line(x, height - AXIS, x, height - AXIS + 4, { class: "rule" });
      svg.text(x, height - AXIS + 15, `${at}`, { anchor: "middle", class: "muted" });
    }
    svg.text(width - RIGHT, height - 6, "GiB of RAM", { anchor: "end", class: "muted" });
    this.drawDot(settings, width);
    svg.end();
  }

  drawDot({ ram, block_size }, width) {
    const found = this.blocks.findIndex(([size]) => size === block_size);
    const n = Math.max(0, found);
    this.svg.put("circle", {
      class: "dot",
      cx: toX(Math.min(MAX_RAM, Math.max(MIN_RAM, ram)), width),
      cy: TOP + ROW * (n + 0.5),
      r: 6,
    });
  }

  listen(svg, change) {
    const move = (event, released) => {
      const box = svg.getBoundingClientRect();
      const scale = this.width / box.width; // a page may be zoomed
      const share = ((event.clientX - box.left) * scale - LEFT) / (this.width - LEFT - RIGHT);
      const n = Math.floor(((event.clientY - box.top) * scale - TOP) / ROW);
      const gib = Math.round(16 * 2 ** (6 * Math.min(1, Math.max(0, share)))) / 16;
      const block = this.blocks[Math.min(this.blocks.length - 1, Math.max(0, n))][0];
      change({ ram: gib * PAGES_PER_GIB, block_size: block }, released);
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      move(event, false);
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) move(event, false);
    });
    svg.addEventListener("pointerup", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) move(event, true);
    });
  }
}

const toX = (ram, width) =>
  LEFT + ((width - LEFT - RIGHT) * Math.log2(ram / MIN_RAM)) / Math.log2(MAX_RAM / MIN_RAM);

// Cut the axis of RAM into stretches of one fate, each end found by halving.
function stretches(fateOf) {
  const at = (n) => MIN_RAM * (MAX_RAM / MIN_RAM) ** (n / SAMPLES);
  const found = [{ from: MIN_RAM, fate: fateOf(MIN_RAM) }];
  for (let n = 1; n <= SAMPLES; n += 1) {
    const fate = fateOf(at(n));
    const last = found.at(-1);
    if (fate !== last.fate) {
      last.to = between(at(n - 1), at(n), (ram) => fateOf(ram) === last.fate);
      found.push({ from: last.to, fate });
    }
  }
  found.at(-1).to = MAX_RAM;
  return found;
}

function between(low, high, isLow) {
  for (let n = 0; n < FINER; n += 1) {
    const middle = (low + high) / 2;
    if (isLow(middle)) low = middle;
    else high = middle;
  }
  return high;
}
