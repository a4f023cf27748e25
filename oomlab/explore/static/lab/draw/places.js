// Where everything of the apparatus stands: each zone a row, its vessel at the left and its history beside
// it. All rows share the axis of time. Units are the drawing's own.

import { populated } from "../model/view_model.js";

export const PAD = 10; // half of a slider's thumb
export const AXIS = 48; // below the rows: the scrubber and its numbers

const WIDE = 560; // from here on, a row's name stands beside its vessel and not above it
const TOP = 22; // the stream of pages
const LOOKS = {
  wide: { label: 132, vessel: 56, wedge: 14, brim: 18, gap: 22, head: 0, link: 32, tall: 138, low: 98 },
  narrow: { label: 0, vessel: 34, wedge: 12, brim: 12, gap: 12, head: 26, link: 40, tall: 112, low: 80 },
};
const SWAP = 22; // the height of swap's row

// {width, height, left, right, floor, rows, swap, glass, brim}: the history lies between left and right; a row has
// its zone by number, y, bottom, size, unit (drawn height of a page) and times (how much larger than the largest
// zone); swap has y and bottom; glass and brim, a vessel and the close-up of its brim, have x and width.
export function places(run, width) {
  const isWide = width >= WIDE;
  const look = isWide ? LOOKS.wide : LOOKS.narrow;
  const zones = rowsOf(run);
  const most = Math.max(...zones.map((zone) => run.sizes[zone]));
  const below = isWide ? 0 : 44; // the buttons of time, which stand below the labels in a wide window
  const whole = look.tall + look.low + look.link + 2 * look.head;
  const rows = [];
  let y = TOP;
  for (const zone of zones) {
    const height = zones.length === 1 ? whole - look.head : zone === run.kernel ? look.tall : look.low;
    y += look.head;
    const size = run.sizes[zone];
    rows.push({ zone, name: run.zones[zone].name, y, bottom: y + height, size, unit: height / size });
    y += height + look.link;
  }
  const swap = { y: y - look.link + (isWide ? 12 : 8) };
  const floor = (swap.bottom = swap.y + SWAP);
  const base = rows.find(({ size }) => size === most).unit;
  for (const row of rows) row.times = row.unit / base;
  const { label, vessel, wedge, brim, gap } = look;
  const left = label + vessel + wedge + brim + gap;
  const glasses = { glass: { x: label + 1, width: vessel - 2 }, brim: { x: label + vessel + wedge, width: brim } };
  return { isWide, width, height: floor + AXIS + below, left, right: width - PAD, floor, rows, swap, ...glasses };
}

// The zones that have a row: those with pages, the highest first. DMA has one only where there is no other.
function rowsOf(run) {
  const all = populated(run).reverse();
  const large = all.filter((zone) => run.zones[zone].name !== "DMA");
  return large.length ? large : all;
}

// The height at which a row is filled up to so many pages.
export const level = ({ bottom, unit, y }, pages) => Math.max(y, bottom - pages * unit);

// Where a moment stands on the axis.
export const timeAt = ({ left, right }, run, written) =>
  left + ((right - left) * written) / (run.file || 1);
