// A machine that cannot start: what would have to fit, and what there is, to one scale.

import { human } from "../model/format.js";

const BAR = 54;

// want: {what, of, needs, has}, see MachineError; null where it is no question of size.
export function drawImpossible(svg, want, width, height, unit) {
  svg.begin(width, height, unit);
  if (want) {
    const { what, of, needs, has } = want;
    const toX = (pages) => ((width - 2) * pages) / Math.max(needs, has);
    const [top, below] = [40, 40 + BAR + 58];
    svg.text(1, top - 12, svg.fit(width, [`${of}: ${human(has)}`, human(has)], "name"), { class: "name" });
    svg.rect(1, top, toX(has), BAR, { class: "frame free" });
    svg.text(1, below - 12, svg.fit(width, [`${what}: ${human(needs)}`, human(needs)], "name"), { class: "name" });
    svg.rect(1, below, toX(Math.min(has, needs)), BAR, { class: "frame never" });
    svg.rect(1 + toX(has), below, toX(needs) - toX(has), BAR, { fill: svg.fill("danger") });
    svg.rect(1 + toX(has), below, toX(needs) - toX(has), BAR, { class: "frame" });
    svg.line(1 + toX(has), top, 1 + toX(has), below + BAR + 8, { class: "joined" });
    const over = `${human(needs - has)} stand out`;
    svg.text(width - 2, below + BAR + 24, over, { anchor: "end", class: "strong danger" });
  }
  svg.end();
}
