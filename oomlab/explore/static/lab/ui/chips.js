// What is not as it was at the start: a chip each, which one press undoes; and what the last change did.

import { bound, h, say, set } from "../../dom.js";
import { human } from "../model/format.js";
import { changeInWords } from "./controls.js";

// undo(values) takes one change back.
export function makeChips(rows, undo) {
  const element = h("div", { class: "chips", role: "group", "aria-label": "Changes" });
  return {
    element,
    show({ settings, usual, isIncident }) {
      const changed = rows.filter((row) => isChanged(row, settings, usual));
      const texts = changed.map((row) => changeInWords(row, usual, settings));
      const key = changed.map((row) => row.name).join();
      if (element.dataset.shown === key) return void changed.forEach((_, n) => name(element.children[n], texts[n]));
      element.dataset.shown = key;
      const chips = changed.map((row, n) => chip(texts[n], () => undo(former(row, usual))));
      element.replaceChildren(...(chips.length ? chips : [h("span", { class: "muted" }, isIncident ? "As in the incident" : "As given")]));
    },
  };
}

// The file is one thing to a reader, though it is set by how much is written and how much is read.
const former = ({ name }, usual) =>
  name === "written" || name === "read" ? { written: usual.written, read: usual.read } : { [name]: usual[name] };

function isChanged(row, settings, usual) {
  if (row.name === "written") return settings.written + settings.read !== usual.written + usual.read;
  return settings[row.name] !== usual[row.name];
}

const chip = (text, onclick) =>
  name(h("button", { type: "button", class: "chip", title: "Undo this change", onclick }), text);

function name(button, text) {
  say(button, `${bound(text)} ✕`);
  set(button, "aria-label", `Undo ${text}`);
  return button;
}

// "The incident: 7.7 MiB of lowmem short; now 0.7 MiB to spare": from the machine to compare with to this one.
export function difference(reference, run) {
  if (!reference) return "";
  const { run: first, name } = reference;
  const both = isNumber(first.margin) && isNumber(run.margin);
  const [before, now] = both ? [margin(first, " of lowmem"), margin(run)] : [standing(first), standing(run)];
  return standing(first) === standing(run) ? "" : bound(`${name[0].toUpperCase()}${name.slice(1)}: ${before}; now ${now}`);
}

const isNumber = (value) => typeof value === "number";
const margin = ({ margin: pages }, of = "") => (pages < 0 ? `${human(-pages)}${of} short` : `${human(pages)}${of} to spare`);

function standing(run) {
  if (run.error) return "does not start";
  if (run.outcome === "oom") return `dies after ${human(run.end)}${isNumber(run.margin) ? `, ${margin(run)}` : ""}`;
  return run.margin === null ? "lives" : `lives, ${margin(run)}`;
}
