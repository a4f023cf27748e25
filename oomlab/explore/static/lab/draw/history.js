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

// The surface of another run in this row, where its zone is as large: what was free then is as far from the brim.
export function drawSurface(svg, other, place, row, run, look) {
  const { x, y } = surfaceOf(other, place, row, run);
  if (!x.length) return;
  svg.path(path(x, y, "M"), { class: "rim" });
  svg.path(path(x, y, "M"), { class: look });
  svg.path(`M${tenth(x.at(-1)) - 4} ${tenth(y.at(-1))}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`, { class: look.replace("ghost", "end") });
}

function surfaceOf(other, place, row, run) {
  const zone = other.zones.findIndex(({ name }, i) => name === row.name && other.sizes[i] === row.size);
  const points = zone === -1 ? [] : other.states.filter(({ written }) => written <= run.file);
  const x = points.map((state) => timeAt(place, run, state.written));
  return { x, y: points.map((state) => Math.min(row.bottom, row.y + state.free[zone] * row.unit)) };
}

// Whose surface it is: at its end, or further back above it, where there is room between other words.
export function drawSurfaceName(svg, { run: other, name }, place, row, run, { words, now, mark }) {
  const { x, y } = surfaceOf(other, place, row, run);
  if (!x.length) return;
  const wide = svg.textWidth(name);
  const [rise, way] = [y.at(-1) - y[0], x.at(-1) - x[0]];
  const back = [0.97, 0.8, 0.6, 0.4].map((share) => ({ x: x[0] + share * way - wide - 10, y: y[0] + share * rise + 4 }));
  const isFree = (at) =>
    at.x > place.left && at.x + wide < place.right && at.y > row.y + 14 && at.y < row.bottom - 4 &&
    Math.abs(at.y - 5 - mark) > 13 &&
    (at.x > now + 4 || at.x + wide < now - 4) &&
    words.every((word) => at.x > word.to + 6 || at.x + wide < word.x - 6 || Math.abs(word.y - at.y) > 18);
  const found = [{ x: x.at(-1) + 8, y: y.at(-1) + 16 }, { x: x.at(-1) + 8, y: y.at(-1) + 36 }, ...back].find(isFree);
  if (found) svg.text(found.x, found.y, name, { class: "halo" });
}
