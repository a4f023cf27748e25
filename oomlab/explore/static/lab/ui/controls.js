// Native inputs for everything a hand can set. A control draws one value and reports each movement:
// while the hand moves (released = false) and when it lets go (released = true).

import { h, say, set } from "../../dom.js";
import { PAGES_PER_GIB, exactGib } from "../model/format.js";
import { valueOf, withValue } from "./settings.js";

// declared: rows of options.js. change(values, released, settings) hears every movement.
export function makeControls(declared, ids, change) {
  let settings = null;
  const made = declared.map((row) =>
    KINDS[row.kind](row, `${ids}-${row.name}`, (value, released) =>
      change(withValue(row, value, settings), released),
    ),
  );
  const byName = (part) => Object.fromEntries(declared.map(({ name }, n) => [name, made[n][part]]));
  return {
    elements: byName("element"),
    rails: byName("rail"), // of a slider: the element below it and the words beside it, {track, words}
    show(shown) {
      settings = shown;
      made.forEach((each, n) => each.show(valueOf(declared[n], shown), shown));
    },
  };
}

const KINDS = { slider, share: slider, size, choice, toggle };

// A slider over a list of steps, spaced as the list is.
function slider(row, id, report) {
  const output = h("span", { class: "reading", "aria-hidden": "true" }); // aria-valuetext says it
  const range = rangeOf(row, id, report);
  const rail = railOf(range.input);
  const element = h("div", { class: "control" }, labelled(row, id, rail.words, output), rail.element, hint(row));
  const show = (value, settings) => {
    range.show(value);
    say(output, row.read(value));
    disable(element, range.input, row, settings);
  };
  return { element, show, rail };
}

// What the slider is, what becomes of the machine along it, and where it stands: on one line.
const labelled = (row, id, words, reading) =>
  h("div", { class: "line" }, h("label", { for: id }, row.label), words, reading);

// The slider, and the track of its fates below it.
function railOf(input) {
  const track = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  track.setAttribute("class", "fates");
  track.setAttribute("preserveAspectRatio", "none");
  track.setAttribute("aria-hidden", "true");
  const words = h("span", { class: "fate" });
  return { element: h("div", { class: "rail" }, input, track), track, words };
}

// A slider for memory, with a field beside it that takes any number of GiB. What is typed counts while it
// makes sense; a field that is left empty or out of range goes back to what it was before.
function size(row, id, report) {
  const range = rangeOf(row, id, report);
  let now = null;
  let before = null;
  const exact = h("input", {
    type: "number",
    min: row.steps[0] > 0 ? 1 / PAGES_PER_GIB : 0,
    max: row.steps.at(-1) / PAGES_PER_GIB,
    step: "any",
    "aria-label": `${row.label} in GiB, exact`,
    onfocus: () => (before = now),
    oninput: () => isTyped() && report(typed(), false),
    onchange: () => {
      const value = isTyped() ? typed() : before;
      now = before = value; // what is typed next may come before this is shown
      exact.value = exactGib(value);
      report(value, true);
    },
  });
  const isTyped = () => exact.value !== "" && exact.validity.valid;
  // As long as nobody types, the field stands for the exact pages, which may be finer than it shows.
  const typed = () =>
    exact.value === exactGib(now) ? now : Math.round(exact.valueAsNumber * PAGES_PER_GIB);
  const reading = h("span", { class: "exact" }, exact, h("span", { "aria-hidden": "true" }, "GiB"));
  const rail = railOf(range.input);
  const element = h("div", { class: `control ${row.name}` }, labelled(row, id, rail.words, reading), rail.element, hint(row));
  const show = (value, settings) => {
    now = value;
    range.show(value);
    if (document.activeElement !== exact && exact.value !== exactGib(value)) exact.value = exactGib(value);
    disable(element, range.input, row, settings);
    exact.disabled = range.input.disabled;
  };
  return { element, show, rail };
}

function rangeOf({ steps, read }, id, report) {
  const input = h("input", { id, type: "range", min: 0, max: steps.length - 1, step: 1 });
  input.addEventListener("input", () => report(steps[input.valueAsNumber], false));
  input.addEventListener("change", () => report(steps[input.valueAsNumber], true));
  const show = (value) => {
    if (steps[input.valueAsNumber] !== value) input.value = nearest(steps, value);
    set(input, "aria-valuetext", read(value));
  };
  return { input, show };
}

function choice(row, id, report) {
  const options = row.options.map(() => h("option"));
  const select = h("select", { id }, ...options);
  select.addEventListener("change", () => report(row.options[select.selectedIndex][0], true));
  const element = h("div", { class: "control pair" }, h("label", { for: id }, row.label), select, hint(row));
  const show = (value, settings) => {
    row.options.forEach(([, label], n) => say(options[n], textOf(label, settings)));
    const chosen = row.options.findIndex(([each]) => each === value);
    if (select.selectedIndex !== chosen) select.selectedIndex = chosen;
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

// The label of an option may depend on the other settings.
const textOf = (label, settings) => (typeof label === "function" ? label(settings) : label);

// A setting in words, for where its control is out of sight: "mem= 16 GiB".
export function settingInWords(row, settings) {
  const value = valueOf(row, settings);
  if (row.kind === "toggle") return `${row.label} ${value ? "on" : "off"}`;
  if (row.kind !== "choice") return `${row.label} ${row.read(value)}`;
  const option = row.options.find(([each]) => each === value);
  return `${row.label} ${option ? textOf(option[1], settings) : value}`;
}

// "RAM 32 → 64 GiB": the unit once, where both have it.
export function changeInWords(row, usual, settings) {
  if (row.kind === "choice" || row.kind === "toggle") return settingInWords(row, settings);
  const [before, after] = [usual, settings].map((each) => row.read(valueOf(row, each)));
  const unit = after.slice(after.lastIndexOf(" "));
  const isSame = /^\d/.test(before) && before.endsWith(unit);
  return `${row.label} ${isSame ? before.slice(0, -unit.length) : before} → ${after}`;
}

// Some choices mean nothing on some machines: a 64-bit kernel has no VM split.
function disable(element, input, { idle }, settings) {
  const off = Boolean(idle?.(settings));
  input.disabled = off;
  element.classList.toggle("off", off);
}

// The place of the step that is nearest to a value.
export function nearest(steps, value) {
  const distances = steps.map((step) => Math.abs(step - value));
  return distances.indexOf(Math.min(...distances));
}
