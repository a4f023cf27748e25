// What lay in a zone from the first page of the file to the last, as areas over time. What is still to come
// is pale.

import { LAYERS, layersOf } from "../model/view_model.js";
import { level, timeAt } from "./places.js";

// The areas of one row; now is where the playhead stands.
export function drawHistory(svg, run, place, row, now) {
  const { left, right } = place;
  const end = timeAt(place, run, run.end);
  const x = run.states.map((state) => timeAt(place, run, state.written));
  svg.rect(left, row.y, right - left, row.bottom - row.y, { class: "free" });
  for (const { key, below, above } of areasOf(run, row)) {
    const d = `${path(x, above, "M")}${path(x.toReversed(), below.toReversed(), "L")}Z`;
    svg.path(d, { fill: svg.fill(key), "data-thing": key });
  }
  svg.rect(now, row.y, end - now, row.bottom - row.y, { class: "later" });
  svg.rect(end, row.y, right - end, row.bottom - row.y, { class: "never" });
}

// The layers that a zone ever has, each with its two edges at every state.
function areasOf(run, { zone, ...row }) {
  const states = run.states.map((state) => layersOf(run, state, zone));
  const floor = states.map(() => 0);
  return LAYERS.filter((key) => states.some((each) => each[key] > 0.5)).map((key) => {
    const below = floor.map((pages) => level(row, pages));
    states.forEach((each, n) => (floor[n] += each[key]));
    return { key, below, above: floor.map((pages) => level(row, pages)) };
  });
}

const path = (x, y, first) => x.map((each, n) => `${n ? "L" : first}${tenth(each)} ${tenth(y[n])}`).join("");
const tenth = (value) => Math.round(value * 10) / 10;

// The surface of another run in this row: what was free then is as far from the brim.
export function drawSurface(svg, other, place, row, run, look) {
  const zone = other.zones.findIndex(({ name }, i) => name === row.name && other.sizes[i] > 0);
  if (zone === -1) return;
  const points = other.states.filter(({ written }) => written <= run.file);
  const x = points.map((state) => timeAt(place, run, state.written));
  const y = points.map((state) => Math.min(row.bottom, row.y + state.free[zone] * row.unit));
  svg.path(path(x, y, "M"), { class: "rim" });
  svg.path(path(x, y, "M"), { class: look });
}
