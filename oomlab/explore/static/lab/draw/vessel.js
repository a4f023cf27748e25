// A zone as a glass: what is in it now, and how full it is. Beside it its brim close up, since the mark that decides
// lies within a hair of it.

import { LAYERS, layersOf } from "../model/view_model.js";
import { level } from "./places.js";

// run and state may be those of another machine: its zone of the same name is drawn into x … x + width.
export function drawVessel(svg, run, state, row, { x, width }) {
  const zone = run.zones.findIndex(({ name }, i) => name === row.name && run.sizes[i] > 0);
  if (zone === -1) return;
  const glass = { ...row, size: run.sizes[zone], unit: (row.bottom - row.y) / run.sizes[zone] };
  const outline = roundedBelow(x, row.y, width, row.bottom);
  const clip = { "clip-path": svg.clip(`glass-${row.name}-${Math.round(x)}`, `${outline}Z`) }; // near the floor alone
  svg.path(`${outline}Z`, { class: "free" });
  const filled = drawLayers(svg, layersOf(run, state, zone), glass, { x, width }, clip);
  if (filled >= 1) svg.rimmed(x, level(glass, filled), x + width, level(glass, filled), { class: "surface" });
  svg.path(outline, { class: "vessel" });
}

const SHOWN = 3; // the close-up reaches so many times as deep as the mark

// How many pages below the brim the close-up shows.
export const brimOf = (row, mark) => Math.min(row.size, SHOWN * Math.max(1, mark.pages));

// mark: {key, thing, pages} of the row. The brim of the vessel, drawn as high as the whole of it.
export function drawBrim(svg, run, state, row, mark, { glass, brim: { x, width } }) {
  const pages = brimOf(row, mark);
  const height = row.bottom - row.y;
  const window = { ...row, unit: height / pages, bottom: row.y + (row.size * height) / pages };
  const edge = glass.x + glass.width;
  svg.path(`M${edge + 1} ${row.y}L${x} ${row.y}V${row.bottom}L${edge + 1} ${row.y + Math.max(2, pages * row.unit)}Z`, { class: "wedge" });
  svg.rect(x, row.y, width, height, { class: "free" });
  const filled = drawLayers(svg, layersOf(run, state, row.zone), window, { x, width, floor: row.bottom });
  const surface = level(window, filled);
  if (surface < row.bottom) svg.rimmed(x, surface, x + width, surface, { class: "surface" });
  svg.rect(x, row.y, width, height, { class: "frame" });
  const at = row.y + mark.pages * window.unit;
  svg.rimmed(x - 4, at, x + width + 4, at, { class: `mark ${mark.key}`, "data-thing": mark.thing });
}

// From the floor of a glass up; floor: nothing is drawn below it. Returns the pages that are filled.
function drawLayers(svg, layers, glass, { x, width, floor = Infinity }, clip = {}) {
  let filled = 0;
  for (const key of LAYERS) {
    const below = Math.min(floor, level(glass, filled));
    filled += layers[key];
    const above = level(glass, filled);
    svg.rect(x, above, width, below - above, { fill: svg.fill(key), "data-thing": key, ...(below > glass.bottom - 8 ? clip : {}) });
  }
  return filled;
}

const roundedBelow = (x, y, width, bottom) =>
  `M${x} ${y}V${bottom - 7}q0 7 7 7H${x + width - 7}q7 0 7 -7V${y}`;
