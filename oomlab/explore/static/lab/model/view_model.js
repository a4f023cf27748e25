// From a run of the model to what the drawings show: contents of each zone, lanes of the race, budget.
// No drawing here, and no rule of the kernel: only sums over what the model says.

import { sum } from "./format.js";
import { layout } from "./machine.js";
import { kernelClass, simulate, stateAt, userClass } from "./simulation.js";
import { crossings } from "./crossings.js";
import { story } from "./story.js";
import { eventInWords } from "./words.js";

// A machine and its work, simulated, ready to be drawn; {error} for one that could not boot.
// words are those of oomlab/tables/words.toml.
export function present(machine, workload, words) {
  try {
    const run = { machine, workload, words, ...simulate(machine, workload), error: "" };
    const user = userClass(run.zones);
    const kernel = kernelClass(run.zones);
    const sizes = layout(machine).map(({ ram }) => ram);
    const all = {
      ...run,
      user,
      kernel,
      sizes,
      file: workload.written + workload.read,
      end: run.states.at(-1).written,
    };
    return { ...all, ...crossings(all), ...told(all) };
  } catch (error) {
    if (error.name !== "MachineError") throw error;
    const run = { machine, workload, words, error: error.message, outcome: "no boot" };
    return { ...run, ...told(run) };
  }
}

function told(run) {
  const { headline, because } = story(run);
  return { headline, because, sentence: `${headline}: ${because}` };
}

export const at = (run, written) => stateAt(run, run.file ? written / run.file : 1);

// The zones that have pages, lowest first, by number.
export const populated = (run) => run.zones.flatMap((_, i) => (run.sizes[i] ? [i] : []));

// What lies in one zone, from the bottom: [{key, pages}]; the rest of it is free.
export function contents(run, state, i) {
  const start = run.states[0];
  const memMap = i === memMapZone(run) ? sum(run.zones.map(({ memmap }) => memmap)) : 0;
  const share = state.pinned[i] / (sum(state.pinned) || 1);
  const cached = sum(state.cache);
  const records = {
    radix_tree_node: share * run.pinned.radix_nodes * cached,
    buffer_head: share * run.pinned.buffer_heads * cached,
  };
  const layers = {
    kernel: run.sizes[i] - run.zones[i].managed - memMap,
    mem_map: memMap,
    slab:
      run.zones[i].managed -
      start.free[i] -
      start.anon[i] +
      state.pinned[i] -
      records.buffer_head -
      records.radix_tree_node,
    ...records,
    anonymous: state.anon[i],
    cache: state.cache[i],
  };
  return Object.entries(layers)
    .filter(([, pages]) => pages > 0.5)
    .map(([key, pages]) => ({ key, pages }));
}

const memMapZone = (run) =>
  run.zones.findLastIndex(({ name }, i) => run.sizes[i] > 0 && ["DMA32", "Normal"].includes(name));

// Where lowmem went: every use in the same order, free pages split by whether a request may have them.
export function budget(run, state) {
  const lowmem = run.zones.slice(0, run.kernel + 1).map((_, i) => i);
  const used = (key) =>
    sum(
      lowmem
        .flatMap((i) => contents(run, state, i))
        .filter((use) => use.key === key)
        .map(({ pages }) => pages),
    );
  const kept = sum(
    lowmem.map((i) => Math.min(state.free[i], run.plan.min[i] + run.plan.reserve[i][run.kernel])),
  );
  const uses = Object.keys(NAMES).map((key) => ({ key, label: NAMES[key], pages: used(key) }));
  const free = [
    { key: "reserve", label: "min and reserve", pages: kept },
    { key: "free", label: "free for the kernel", pages: sum(lowmem.map((i) => state.free[i])) - kept },
  ];
  return [...uses, ...free].filter(({ pages }) => pages > 0.5);
}

export const NAMES = {
  kernel: "kernel and boot",
  mem_map: "mem_map",
  slab: "other slab, stacks",
  radix_tree_node: "radix_tree_nodes",
  buffer_head: "buffer_heads",
  anonymous: "process memory",
  cache: "page cache",
};

// What happened last, up to this moment, in words.
export function newsAt(run, written) {
  const past = run.events.filter((event) => event.written <= written + 0.5);
  return past.length ? eventInWords(run, past.at(-1)) : "";
}
