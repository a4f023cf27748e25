// What is not as it was at the start: a chip each, which one press undoes; and what the last change did.

import { bound, h, say } from "../../dom.js";
import { human } from "../model/format.js";
import { settingInWords } from "./controls.js";

// undo(values) takes one change back.
export function makeChips(rows, undo) {
  const element = h("div", { class: "chips", role: "group", "aria-label": "Changes" });
  return {
    element,
    show({ settings, usual }, isIncident) {
      const changed = rows.filter((row) => isChanged(row, settings, usual));
      const texts = changed.map((row) => settingInWords(row, settings));
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
  button.setAttribute("aria-label", `Undo ${text}`);
  return button;
}

// "Lowmem: 7.7 MiB short → 0.7 MiB to spare": from one run to the next.
export function difference(former, run) {
  if (!former || former === run) return "";
  const [before, after] = [standing(former), standing(run)];
  if (before === after) return "";
  if (former.margin !== null && run.margin !== null && former.margin !== undefined && run.margin !== undefined)
    return bound(`Lowmem: ${margin(former)} → ${margin(run)}`);
  return bound(`${before} → ${after}`);
}

const margin = ({ margin: pages }) => (pages < 0 ? `${human(-pages)} short` : `${human(pages)} to spare`);

function standing(run) {
  if (run.error) return "does not start";
  if (run.outcome === "oom") return `dies after ${human(run.end)}`;
  return run.margin === null ? "lives" : `lives, ${margin(run)}`;
}

// A line that keeps its place also while there is nothing to say.
export const sayLine = (node, text) => say(node, text || "\u00a0");
