// Swap, as a vessel that lies on its side: what was moved to it, now and over time. That it stays empty is the point.

import { human } from "../model/format.js";
import { timeAt } from "./places.js";

export function drawSwap(svg, { run, state, isCovered }, place, now) {
  const { swap, isWide, glass, brim, left, right } = place;
  const size = run.machine.swap;
  const used = state.swapUsed < 1 ? "0" : human(state.swapUsed);
  const height = swap.bottom - swap.y;
  if (isWide) svg.text(0, swap.y + 17, "Swap", { class: "name", "data-thing": "swap" });
  if (isWide && size) svg.text(svg.textWidth("Swap", "name") + 8, swap.y + 17, human(size), { class: "muted" });
  const width = brim.x + brim.width - glass.x;
  svg.rect(glass.x, swap.y, width, height, { class: size ? "frame free" : "frame empty" });
  if (size) svg.rect(glass.x, swap.y, (width * state.swapUsed) / size, height, { fill: svg.fill("swap"), "data-thing": "swap" });
  svg.rect(glass.x, swap.y, width, height, { class: "frame" });
  if (isCovered) return svg.rect(left, swap.y, right - left, height, { class: "unknown" });
  const end = timeAt(place, run, run.end);
  svg.rect(left, swap.y, right - left, height, { class: "free" });
  if (size) {
    const points = run.states.map((each) => `${timeAt(place, run, each.written).toFixed(1)} ${(swap.bottom - (height * each.swapUsed) / size).toFixed(1)}`);
    svg.path(`M${left} ${swap.bottom}L${points.join("L")}L${end.toFixed(1)} ${swap.bottom}Z`, { fill: svg.fill("swap"), "data-thing": "swap" });
  }
  svg.rect(now, swap.y, end - now, height, { class: "later" });
  svg.rect(end, swap.y, right - end, height, { class: "never" });
  drawWords(svg, { used, size: human(size), hasSwap: size > 0 }, place, now);
}

// Beside the playhead, where more of it fits.
function drawWords(svg, { used, size, hasSwap }, { swap, isWide, left, right }, now) {
  const said = hasSwap ? `${used} of ${size} used` : "none";
  const all = hasSwap ? [`${said}: it takes process memory alone, no page cache and no records`, `${said}: for process memory alone`, said] : [said];
  const texts = isWide ? all : [...all.map((text) => `Swap: ${text}`), `Swap: ${used} used`, "Swap"];
  const before = svg.fit(now - left - 16, texts);
  const after = svg.fit(right - now - 16, texts);
  const isBefore = before && (!after || texts.indexOf(before) < texts.indexOf(after));
  const look = { class: "halo", "data-thing": "swap" };
  if (isBefore) svg.text(now - 8, swap.y + 16, before, { anchor: "end", ...look });
  else svg.text(now + 8, swap.y + 16, after, look);
}
