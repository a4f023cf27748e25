// A request goes from zone to zone and is let in where more is free than must stay free: each zone a gate.

import { EPSILON } from "./contents.js";
import { populated } from "./view_model.js";

// Who is asking: the class of the request that failed, or the kernel.
export const askedOf = (run) => (run.outcome === "oom" ? run.events.at(-1).asked : run.kernel);

// Rows, in the order in which the request tries them: {zone, name, free, min, kept, slack, needed, isOut,
// isOpen, short}. isOut: the request may not use this zone at all. Pages.
export function gates(run, state, asked = askedOf(run)) {
  return populated(run)
    .reverse()
    .map((zone) => {
      const { name, watermark_min: min } = run.zones[zone];
      const free = state.free[zone];
      const kept = run.plan.reserve[zone][asked];
      const slack = run.plan.min[zone] - min;
      const needed = min + kept + slack;
      const isOut = zone > asked;
      const isOpen = !isOut && free > needed + EPSILON;
      return { zone, name, free, min, kept, slack, needed, isOut, isOpen, short: Math.floor(needed + 1 - free + EPSILON) };
    });
}
