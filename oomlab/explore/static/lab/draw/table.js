// The same in numbers: what the drawings show, for those who read rather than look.

import { tableOf } from "../../dom.js";
import { PAGE_KB, grouped, human } from "../model/format.js";
import { budget, populated } from "../model/view_model.js";
import { eventInWords } from "../model/words.js";

const kb = (pages) => grouped(pages * PAGE_KB);

// names(key) gives the words for a layer, the longest first.
export function numbers(run, state, names) {
  return [zoneTable(run, state), budgetTable(run, state, names), eventTable(run)];
}

function zoneTable(run, state) {
  const heads = [
    "Zone",
    "size",
    "free",
    "min",
    "low",
    "high",
    "kept from page cache",
    "page cache",
    "anonymous",
  ];
  const rows = populated(run).map((i) => {
    const zone = run.zones[i];
    const pages = [
      run.sizes[i],
      state.free[i],
      zone.watermark_min,
      zone.watermark_low,
      zone.watermark_high,
      zone.lowmem_reserve[run.user],
      state.cache[i],
      state.anon[i],
    ];
    return [zone.name, ...pages.map(kb)];
  });
  rows.push(["Swap", kb(run.machine.swap), kb(run.machine.swap - state.swapUsed)]);
  return tableOf(`Zones after ${human(state.written)}, in kB`, [heads, ...rows]);
}

function budgetTable(run, state, names) {
  return tableOf(
    "Lowmem, in kB",
    [["Use", "kB"], ...budget(run, state).map(({ key, pages }) => [names(key)[0], kb(pages)])],
  );
}

function eventTable(run) {
  const rows = run.events.map((event) => [human(event.written), eventInWords(run, event)]);
  const table = tableOf("Events", [["After", "what happened"], ...rows]);
  table.className = "words";
  return table;
}
