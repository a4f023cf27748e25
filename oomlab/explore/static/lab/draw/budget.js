// Where lowmem went: one bar for all of it, cut into its uses at this moment, with a key below.

import { human } from "../model/format.js";

const BAR = 30;
const LINE = 20;

// uses: rows of {key, label, term, pages}, in the order in which they lie.
export function drawBudget(svg, uses, width) {
  const total = uses.reduce((sum, use) => sum + use.pages, 0);
  const columns = Math.max(1, Math.min(4, Math.floor(width / 190)));
  const rows = Math.ceil(uses.length / columns);
  svg.begin(width, BAR + 12 + rows * LINE);
  let x = 0;
  for (const use of uses) {
    const wide = (width * use.pages) / total;
    svg.rect(x, 0, wide, BAR, { fill: use.key === "free" ? "none" : svg.fill(use.key) });
    if (use.key === "free") svg.rect(x, 0, wide, BAR, { class: "inside" });
    x += wide;
  }
  svg.rect(0.5, 0.5, width - 1, BAR - 1, { class: "frame" });
  uses.forEach((use, n) =>
    drawKey(
      svg,
      use,
      (n % columns) * (width / columns),
      BAR + 22 + LINE * Math.floor(n / columns),
      width / columns,
    ),
  );
  svg.end();
}

function drawKey(svg, { key, label, pages }, x, y, room) {
  svg.rect(x + 0.5, y - 9.5, 11, 11, { fill: key === "free" ? "none" : svg.fill(key), class: "swatch" });
  svg.text(x + 18, y, label);
  svg.text(x + room - 14, y, human(pages), { anchor: "end", class: "figure" });
}
