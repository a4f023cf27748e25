// The sampler's table, line by line, and what a picture wants to know of a sample. Sizes are pages.

import { sum } from "../lab/model/format.js";

const PAGE = 4096;
const FILES = ["actf", "inactf"];
const SHORT = { DMA: "dma", Normal: "n", HighMem: "h" };

export class Samples {
  constructor(perPage) {
    this.perPage = perPage; // objects of each slab cache in a page
    this.columns = null;
    this.rows = [];
  }

  // Take whole lines of text, as they come. What a dying guest leaves short or garbled is no sample.
  take(text) {
    for (const line of text.split("\n").filter(Boolean)) {
      const cells = line.split(",");
      if (this.columns === null) this.columns = cells;
      else if (cells.length === this.columns.length && cells.every(isNumber)) this.rows.push(this.read(cells.map(Number)));
    }
  }

  read(cells) {
    const of = (name) => cells[this.columns.indexOf(name)] ?? 0;
    const filesOf = (zone) => sum(FILES.map((name) => of(SHORT[zone] + name)));
    return {
      seconds: of("t"),
      free: Object.fromEntries(Object.entries(SHORT).map(([zone, short]) => [zone, of(`${short}free`)])),
      min: of("nmin"), // with the boost, where there is one
      cache: { low: filesOf("DMA") + filesOf("Normal"), high: filesOf("HighMem") },
      bufferHeads: (of("bh_total") * of("bh_size")) / PAGE,
      radixNodes: of("rtn") / this.perPage.radix_tree_node,
      swapFree: of("SwapFree") / 4,
    };
  }

  get last() {
    return this.rows.at(-1);
  }
}

const isNumber = (cell) => cell.trim() !== "" && Number.isFinite(Number(cell));

export const pageCache = ({ cache }) => cache.low + cache.high;
export const lowFree = ({ free }) => free.DMA + free.Normal;
