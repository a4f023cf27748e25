// Native inputs for everything a hand can set. A control draws one value and reports each movement:
// while the hand moves (released = false) and when it lets go (released = true).

import { h, say } from "../../dom.js";
import { PAGES_PER_GIB, gib } from "../model/format.js";

// declared: rows of settings.js. change(values, released) hears every movement.
export function makeControls(declared, ids, change) {
  const made = declared.map((each) =>
    KINDS[each.kind](each, `${ids}-${each.name}`, (value, released) =>
      change({ [each.name]: value }, released),
    ),
  );
  return {
    elements: Object.fromEntries(declared.map((each, n) => [each.name, made[n].element])),
    show: (settings) => made.forEach((each, n) => each.show(settings[declared[n].name], settings)),
  };
}

const KINDS = { slider, size, choice, toggle };

// A slider over a list of steps, spaced as the list is.
function slider(row, id, report) {
  const output = h("output", { for: id });
  const range = rangeOf(row, id, report);
  const element = h(
    "div",
    { class: "control" },
    h("label", { for: id }, row.label),
    output,
    range.input,
    hint(row),
  );
  const show = (value, settings) => {
    range.show(value);
    say(output, row.read(value));
    disable(element, range.input, row, settings);
  };
  return { element, show };
}

// A slider for memory, with a field beside it that takes any number of GiB.
function size(row, id, report) {
  const range = rangeOf(row, id, report);
  const exact = h("input", {
    type: "number",
    min: 0,
    max: row.steps.at(-1) / PAGES_PER_GIB,
    step: 0.01,
    "aria-label": `${row.label} in GiB, exact`,
  });
  const typed = (released) => () => {
    if (exact.value !== "" && exact.validity.valid)
      report(Math.round(exact.valueAsNumber * PAGES_PER_GIB), released);
  };
  exact.addEventListener("input", typed(false));
  exact.addEventListener("change", typed(true));
  const reading = h("span", { class: "exact" }, exact, h("span", { "aria-hidden": "true" }, "GiB"));
  const element = h(
    "div",
    { class: "control" },
    h("label", { for: id }, row.label),
    reading,
    range.input,
    hint(row),
  );
  const show = (value, settings) => {
    range.show(value);
    if (document.activeElement !== exact) exact.value = gib(value);
    disable(element, range.input, row, settings);
  };
  return { element, show };
}

function rangeOf({ steps, read }, id, report) {
  const input = h("input", { id, type: "range", min: 0, max: steps.length - 1, step: 1 });
  input.addEventListener("input", () => report(steps[input.valueAsNumber], false));
  input.addEventListener("change", () => report(steps[input.valueAsNumber], true));
  const show = (value) => {
    if (steps[input.valueAsNumber] !== value) input.value = nearest(steps, value);
    input.setAttribute("aria-valuetext", read(value));
  };
  return { input, show };
}

function choice(row, id, report) {
  const select = h("select", { id }, ...row.options.map(([, label]) => h("option", {}, label)));
  select.addEventListener("change", () => report(row.options[select.selectedIndex][0], true));
  const element = h("div", { class: "control pair" }, h("label", { for: id }, row.label), select, hint(row));
  const show = (value, settings) => {
    select.selectedIndex = row.options.findIndex(([each]) => each === value);
    disable(element, select, row, settings);
  };
  return { element, show };
}

function toggle(row, id, report) {
  const box = h("input", { id, type: "checkbox" });
  box.addEventListener("change", () => report(box.checked, true));
  const element = h("div", { class: "control pair" }, h("label", { for: id }, row.label), box, hint(row));
  const show = (value, settings) => {
    box.checked = value;
    disable(element, box, row, settings);
  };
  return { element, show };
}

const hint = (row) => (row.hint ? h("p", { class: "hint" }, row.hint) : null);

// Some choices mean nothing on some machines: a 64-bit kernel has no VM split.
function disable(element, input, { idle }, settings) {
  const off = Boolean(idle?.(settings));
  input.disabled = off;
  element.classList.toggle("off", off);
}

function nearest(steps, value) {
  const distances = steps.map((step) => Math.abs(step - value));
  return distances.indexOf(Math.min(...distances));
}
