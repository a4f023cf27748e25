// What becomes of the machine along a slider: green where it lives, hatched where it dies, grey where it does
// not start.

import { PAD } from "./places.js";

// stretches: rows of {from, to, fate} in the drawing's units.
export function drawFate(svg, stretches, y, height) {
  for (const { from, to, fate } of stretches) svg.rect(from, y, to - from, height, lookOf(svg, fate));
}

export const lookOf = (svg, fate) =>
  ({ oom: { fill: svg.fill("danger") }, survives: { class: "lives" }, "no boot": { class: "never" } })[fate];

// The same below a slider of so many steps.
export function drawTrack(svg, stretches, last, width, unit) {
  svg.begin(width, 7, unit);
  svg.rect(PAD, 0, width - 2 * PAD, 7, { class: "rule-bar", rx: 3 });
  const toX = (place) => PAD + ((width - 2 * PAD) * place) / last;
  drawFate(svg, stretches.map(({ from, to, fate }) => ({ from: toX(from), to: toX(to), fate })), 0, 7);
  svg.end();
}
