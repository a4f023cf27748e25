// Where everything of the apparatus stands: each zone a row, its vessel at the left and its history beside
// it. All rows share the axis of time. Units are the drawing's own.

import { populated } from "../model/view_model.js";

export const PAD = 10; // half of a slider's thumb
export const AXIS = 48; // below the rows: the scrubber and its numbers

const WIDE = 560; // from here on, a row's name stands beside its vessel and not above it
const TOP = 22; // the stream of pages
const LOOKS = {
  wide: { label: 132, vessel: 84, gap: 26, head: 0, link: 34, tall: 150, low: 108 },
  narrow: { label: 0, vessel: 44, gap: 14, head: 22, link: 40, tall: 112, low: 80 },
};

// {width, height, left, right, floor, rows}: the history lies between left and right; a row has its zone by
// number, y, bottom, size, unit (drawn height of a page) and times (how much larger than the largest zone).
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
  const floor = rows.at(-1).bottom;
  const base = rows.find(({ size }) => size === most).unit;
  for (const row of rows) row.times = row.unit / base;
  const left = look.label + look.vessel + look.gap;
  return { isWide, width, height: floor + AXIS + below, left, right: width - PAD, floor, rows, ...glass(look) };
}

const glass = ({ label, vessel, head }) => ({ glass: { x: label + 1, width: vessel - 2 }, head });

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
