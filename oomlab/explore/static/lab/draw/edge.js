// The edge: a small map of RAM × block size. Where it is hatched, the machine dies. The dot is this
// machine; it can be dragged.

import { PAGES_PER_GIB } from "../model/format.js";
import { drawFate } from "./track.js";

const ROW = 22;
const TOP = 22;
const LEFT = 64;
const AXIS = 44;
const RIGHT = 8;
const MIN_RAM = PAGES_PER_GIB;
const MAX_RAM = 64 * PAGES_PER_GIB;
const SAMPLES = 36;

// The tracks of the map, a block size each, for fates.js. blocks: rows of [block size, label].
export const edgeTracks = (blocks) =>
  blocks.map(([block_size]) => ({
    name: `edge ${block_size}`,
    last: SAMPLES,
    step: 1,
    put: (place, settings) => ({ ...settings, ram: Math.round(ramAt(place)), block_size }),
    key: ({ ram, block_size: _, ...rest }) => JSON.stringify(rest),
  }));

const ramAt = (place) => MIN_RAM * (MAX_RAM / MIN_RAM) ** (place / SAMPLES);

export class Edge {
  // fates: see fates.js.
  constructor(svg, blocks, fates, change) {
    Object.assign(this, { svg, blocks, fates });
    this.listen(svg.element, change);
  }

  draw(settings, width, unit) {
    const { svg } = this;
    const height = TOP + ROW * this.blocks.length + AXIS;
    this.width = width;
    svg.begin(width, height, unit);
    svg.text(0, 14, "Block of the file system", { class: "muted" });
    this.blocks.forEach(([size, label], n) => {
      const y = TOP + ROW * n;
      svg.text(LEFT - 8, y + 15, label, { anchor: "end" });
      const known = this.fates.of(`edge ${size}`);
      const toPlace = (place) => toX(ramAt(place), width);
      drawFate(svg, known.map(({ from, to, fate }) => ({ from: toPlace(from), to: toPlace(to), fate })), y + 1, ROW - 2);
    });
    for (const at of [1, 2, 4, 8, 16, 32, 64]) {
      const x = toX(at * PAGES_PER_GIB, width);
      svg.line(x, height - AXIS, x, height - AXIS + 4, { class: "rule" });
      const isLast = at === 64;
      svg.text(isLast ? width - 1 : x, height - AXIS + 17, `${at}`, { anchor: isLast ? "end" : "middle", class: "muted" });
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
    // A finger that swipes down the page must not set anything: it counts once it moves sideways, or taps.
    const isDown = (event) => svg.hasPointerCapture(event.pointerId);
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      if (event.pointerType === "mouse") move(event, false);
    });
    svg.addEventListener("pointermove", (event) => isDown(event) && move(event, false));
    svg.addEventListener("pointerup", (event) => isDown(event) && move(event, true));
  }
}

const toX = (ram, width) =>
  LEFT + ((width - LEFT - RIGHT) * Math.log2(ram / MIN_RAM)) / Math.log2(MAX_RAM / MIN_RAM);
