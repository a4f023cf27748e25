// The reverse of predicting: save this machine with the smallest change. Each way that is found stands with what
// it cost and what it need have cost.

import { bound, h, say, set } from "../../dom.js";
import { gib, human } from "../model/format.js";
import { settingInWords } from "./controls.js";
import { valueOf } from "./settings.js";
import { valueAt } from "./tracks.js";

export function makeRescue(rows, fates, start) {
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: start }, "Save it?");
  const told = h("p", { class: "told" });
  const list = h("ul", {});
  return {
    button,
    element: h("div", { class: "rescue", hidden: true }, told, list),
    // The ways that there are: rows which save the machine by themselves.
    ways: (settings) => rows.filter((row) => saves(row, settings, fates)),
    show(task) {
      set(button, "aria-expanded", task !== null);
      this.element.hidden = task === null;
      if (task === null) return;
      const found = [...task.found.values()];
      say(told, `Save this machine by changing one thing, as little as you can. Found: ${found.length} of ${task.ways.length} ways.`);
      list.replaceChildren(...found.map((words) => h("li", {}, words)));
    },
    // What one change from the task's machine to these settings has found; null when it has not saved it.
    judge(task, settings, outcome) {
      const changed = rows.filter((row) => valueOf(row, settings) !== valueOf(row, task.settings));
      if (outcome !== "survives" || changed.length !== 1) return null;
      return { name: changed[0].name, words: bound(wordsOf(changed[0], task.settings, settings, fates)) };
    },
  };
}

function saves(row, settings, fates) {
  if (row.idle?.(settings)) return false;
  const track = fates.tracks[row.name];
  if (track) {
    fates.compute(row.name, settings);
    return fates.of(row.name).some(({ fate }) => fate === "survives");
  }
  const values = row.kind === "toggle" ? [true, false] : row.options.map(([value]) => value);
  return values.some((value) => fates.fate({ ...settings, [row.name]: value }) === "survives");
}

function wordsOf(row, from, to, fates) {
  const way = `${settingInWords(row, to)}`;
  if (!fates.tracks[row.name]) return `${way}: one setting.`;
  const [before, after] = [valueOf(row, from), valueOf(row, to)];
  if (before === null || after === null) return `${way}.`;
  fates.compute(row.name, from);
  const ends = fates.of(row.name).filter(({ fate }) => fate === "survives").flatMap((each) => [each.from, each.to]);
  const least = Math.min(...ends.map((place) => Math.abs(valueAt(row, place) - before)));
  const cost = (value) => amount(row, value);
  return `${way}: ${cost(Math.abs(after - before))} ${after < before ? "less" : "more"}; ${cost(least)} would do.`;
}

// A difference in the unit of the setting.
function amount(row, value) {
  if (row.kind === "size") return value < 2 ** 18 ? (value < 25600 ? human(value) : `${gib(value)} GiB`) : `${gib(value)} GiB`;
  return row.read(value);
}
