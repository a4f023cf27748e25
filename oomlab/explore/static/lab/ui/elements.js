// Where everything stands: the elements of the lab, without what they do.

import { h } from "../../dom.js";

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

export function makeElements({ ids, controls, transport, prediction, presets, groups }) {
  const place = (rows) => rows.map(({ name }) => controls.elements[name]);
  const parts = {
    drawings: {
      zones: picture("The zones as vessels"),
      timeline: picture("The race, over time"),
      budget: picture("The budget of lowmem"),
      edge: picture("The edge: RAM and block size"),
    },
    reset: h("button", { type: "button" }, "Reset"),
    copy: h("button", { type: "button" }, "Copy as Python"),
    full: h("button", { type: "button" }, "Full screen"),
    summaries: { kernel: h("summary"), finePrint: h("summary") },
    headline: h("strong", {}),
    because: h("span", {}),
    news: h("p", { class: "news" }),
    budgetTitle: h("p", { class: "title" }),
    numbers: h("details", { class: "numbers" }, h("summary", {}, "The same in numbers")),
    tables: h("div", { class: "tables" }),
    code: h("pre", { class: "code", tabindex: 0, hidden: true }),
    note: h("p", { class: "note" }),
    heard: h("p", { class: "heard", role: "status", "aria-live": "polite" }),
  };
  parts.numbers.append(parts.tables);
  parts.edge = figure(
    "edge",
    h("p", { class: "title" }, "The edge"),
    parts.drawings.edge,
    h("p", { class: "hint" }, "Hatched machines die. Drag the dot. “none”: a file system without buffer_heads."),
  );
  parts.race = h(
    "div",
    { class: "race" },
    parts.drawings.timeline,
    h("div", { class: "scrubber" }, transport.scrub),
    h("div", { class: "time" }, transport.buttons, parts.news),
  );
  parts.stage = h(
    "div",
    { class: "stage" },
    parts.drawings.zones,
    parts.race,
    figure("budget", parts.budgetTitle, parts.drawings.budget),
    parts.numbers,
  );
  parts.sentence = h("p", { class: "sentence" }, parts.headline, parts.because);
  const verdict = h(
    "div",
    { class: "verdict" },
    parts.sentence,
    prediction.question,
    prediction.score,
    parts.note,
  );
  const panel = h(
    "div",
    { class: "panel" },
    h("div", { class: "group" }, ...place(groups.basics)),
    disclosure(parts.summaries.kernel, place(groups.kernel)),
    disclosure(parts.summaries.finePrint, place(groups.finePrint)),
    prediction.element,
  );
  const bar = h(
    "div",
    { class: "bar" },
    h("div", { class: "presets", role: "group", "aria-label": "Ready-made machines" }, ...presets),
    h("div", { class: "actions" }, parts.reset, parts.copy, parts.full),
  );
  const frame = h(
    "div",
    { class: "bench" },
    bar,
    verdict,
    panel,
    parts.stage,
    parts.edge,
    parts.code,
    parts.heard,
  );
  parts.root = h("section", { class: "oom oom-lab", "aria-label": "The failure lab", id: ids }, frame);
  return parts;
}

const disclosure = (summary, elements) =>
  h("details", {}, summary, h("div", { class: "group" }, ...elements));
const figure = (name, ...children) => h("div", { class: `figure ${name}` }, ...children);

function picture(label) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svg;
}
