// Where everything stands: the elements of the lab, without what they do.

import { h } from "../../dom.js";

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

const button = (words, look = {}) => h("button", { type: "button", ...look }, words);

export function makeElements({ ids, controls, transport, prediction, presets, groups, card, legend, chips, rescue }) {
  const place = (rows) => rows.map(({ name }) => controls.elements[name]);
  const parts = {
    strip: picture("RAM, to scale"),
    apparatus: picture("The zones: what is in them now, and how it came to this"),
    lens: picture("The finish of the race"),
    edgeMap: picture("The edge: RAM and block size"),
    reset: button("Reset"),
    link: button("Copy link"),
    copy: button("Copy as Python"),
    full: button("Full screen"),
    pin: button("Pin as A", { title: "Keep this machine beside the next ones", "aria-pressed": "false" }),
    summaries: { kernel: summary(), finePrint: summary() },
    headline: h("strong", {}),
    because: h("span", { class: "because" }),
    changed: h("span", { class: "difference" }),
    changedBelow: h("span", { class: "difference" }), // the same where there is no room beside RAM
    pinnedTale: h("p", { class: "pinned-tale", hidden: true }),
    caption: h("ol", { class: "captions" }),
    remedies: h("div", { class: "remedies", hidden: true }),
    numbers: h("details", { class: "numbers" }, h("summary", {}, "The same in numbers")),
    edge: h("details", { class: "edge" }, h("summary", {}, "The edge: RAM × block size")),
    tables: h("div", { class: "tables", tabindex: 0, role: "region", "aria-label": "Numbers" }),
    code: h("pre", { class: "code", tabindex: 0, hidden: true }),
    note: h("p", { class: "note" }),
    heard: h("p", { class: "heard", role: "status", "aria-live": "polite" }),
  };
  parts.numbers.append(parts.tables);
  parts.edge.append(
    parts.edgeMap,
    h("p", { class: "hint" }, "Hatched machines die. Drag the dot. “none”: a file system without buffer_heads."),
  );
  controls.elements.ram.querySelector(".rail").prepend(parts.strip);
  controls.elements.ram.querySelector(".fate").replaceWith(parts.changed);
  parts.sentence = h("p", { class: "sentence" }, parts.headline, h("span", { class: "colon" }, ": "), parts.because);
  parts.main = h("div", { class: "main" }, parts.apparatus, transport.scrub, transport.buttons, transport.big, parts.remedies);
  parts.aside = h("div", { class: "aside" }, parts.lens, card.element);
  parts.stage = h("div", { class: "stage" }, parts.main, parts.aside);
  parts.time = h("div", { class: "time" }, parts.caption, legend.line);
  const more = h(
    "div",
    { class: "panel more" },
    disclosure(parts.summaries.kernel, place(groups.kernel)),
    disclosure(parts.summaries.finePrint, place(groups.finePrint)),
    parts.edge,
    parts.numbers,
  );
  const frame = h(
    "div",
    { class: "bench" },
    h(
      "div",
      { class: "bar" },
      h("div", { class: "presets", role: "group", "aria-label": "Ready-made machines" }, ...presets),
      h("div", { class: "actions" }, prediction.element, parts.reset, parts.full),
    ),
    h("div", { class: "verdict" }, h("div", { class: "tale" }, parts.sentence, parts.changedBelow), prediction.question, prediction.score, parts.pinnedTale, parts.note,
      h("div", { class: "changes" }, chips.element, rescue.button, parts.pin)),
    rescue.element,
    h("div", { class: "panel basics" }, ...place(groups.basics)),
    parts.stage,
    h("div", { class: "below" }, parts.time, legend.keys),
    more,
    h("div", { class: "actions" }, parts.link, parts.copy),
    parts.code,
    parts.heard,
  );
  parts.root = h("section", { class: "oom oom-lab", "aria-label": "The failure lab", id: ids, tabindex: -1 }, frame);
  return parts;
}

const summary = () => h("summary", {}, h("span"), h("span", { class: "what" }));

const disclosure = (summary, elements) =>
  h("details", {}, summary, h("div", { class: "group" }, ...elements));

function picture(label) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svg;
}
