// A zone as a glass: what is in it now, and how full it is.

import { LAYERS, layersOf } from "../model/view_model.js";
import { level } from "./places.js";

// run and state may be those of another machine: its zone of the same name is drawn into x … x + width.
export function drawVessel(svg, run, state, row, { x, width }) {
  const zone = run.zones.findIndex(({ name }, i) => name === row.name && run.sizes[i] > 0);
  if (zone === -1) return;
  const glass = { ...row, size: run.sizes[zone], unit: (row.bottom - row.y) / run.sizes[zone] };
  const outline = roundedBelow(x, row.y, width, row.bottom);
  const clip = { "clip-path": svg.clip(`glass-${row.name}-${Math.round(x)}`, `${outline}Z`) };
  svg.rect(x, row.y, width, row.bottom - row.y, { class: "free", ...clip });
  const layers = layersOf(run, state, zone);
  let filled = 0;
  for (const key of LAYERS) {
    const below = level(glass, filled);
    filled += layers[key];
    const above = level(glass, filled);
    svg.rect(x, above, width, below - above, { fill: svg.fill(key), "data-thing": key, ...clip });
  }
  if (filled >= 1) svg.rimmed(x, level(glass, filled), x + width, level(glass, filled), { class: "surface" });
  svg.path(outline, { class: "vessel" });
}

const roundedBelow = (x, y, width, bottom) =>
  `M${x} ${y}V${bottom - 7}q0 7 7 7H${x + width - 7}q7 0 7 -7V${y}`;
