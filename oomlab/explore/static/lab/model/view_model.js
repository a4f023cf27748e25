// From a run of the model to what the drawings show: what lies in each zone at each moment.
// No drawing here, and no rule of the kernel: only sums over what the model says.

import { sum } from "./format.js";
import { layout, pagesOf } from "./machine.js";
import { kernelClass, simulate, stateAt, userClass } from "./simulation.js";
import { race } from "./race.js";
import { story } from "./story.js";

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
    return { ...all, race: race(all), ...told(all) };
  } catch (error) {
    if (error.name !== "MachineError") throw error;
    const run = { machine, workload, words, error: error.message, want: error.want, outcome: "no boot" };
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

// What lies in a zone, from its floor up. The rest of it is free.
export const LAYERS = [
  ...["kernel", "mem_map", "other_slab", "swap_map", "records", "anonymous", "cache"],
];

// The pages of each layer of a zone at a moment, by key.
export function layersOf(run, state, i) {
  const memMap = i === memMapZone(run) ? sum(run.zones.map(({ memmap }) => memmap)) : 0;
  const share = state.pinned[i] / (sum(state.pinned) || 1);
  const records = share * (run.pinned.radix_nodes + run.pinned.buffer_heads) * sum(state.cache);
  const { managed } = run.zones[i];
  const swap_map = swapMapIn(run, i);
  const slab = atStart(run, i) - swap_map + state.pinned[i] - records;
  return {
    ...{ kernel: run.sizes[i] - managed - memMap, mem_map: memMap, other_slab: Math.max(0, slab), swap_map },
    ...{ records, anonymous: state.anon[i], cache: state.cache[i] },
  };
}

// What the kernel has taken of a zone before the copy begins.
const atStart = ({ zones, states: [start] }, i) => zones[i].managed - start.free[i] - start.anon[i];

// The map of the swap space, a byte a page: it was put into the highest zone, and the rest below.
function swapMapIn(run, i) {
  let left = i > run.user ? 0 : pagesOf(run.machine.swap);
  for (let zone = run.user; zone > i; zone -= 1) left -= Math.min(left, Math.max(0, atStart(run, zone)));
  return Math.min(left, Math.max(0, atStart(run, i)));
}

// The same in all zones together, with what is free.
export function totals(run, state) {
  const layers = populated(run).map((i) => layersOf(run, state, i));
  const whole = (key) => sum(layers.map((each) => each[key]));
  return { ...Object.fromEntries(LAYERS.map((key) => [key, whole(key)])), free: sum(state.free), swap: state.swapUsed };
}

const memMapZone = (run) =>
  run.zones.findLastIndex(({ name }, i) => run.sizes[i] > 0 && ["DMA32", "Normal"].includes(name));

// Where lowmem went: rows of {key, pages}, free pages split by whether a request may have them.
export function budget(run, state) {
  const lowmem = run.zones.slice(0, run.kernel + 1).map((_, i) => i).filter((i) => run.sizes[i]);
  const layers = lowmem.map((i) => layersOf(run, state, i));
  const kept = sum(
    lowmem.map((i) => Math.min(state.free[i], run.plan.min[i] + run.plan.reserve[i][run.kernel])),
  );
  const free = sum(lowmem.map((i) => state.free[i]));
  return [
    ...LAYERS.map((key) => ({ key, pages: sum(layers.map((each) => each[key])) })),
    { key: "reserve", pages: kept },
    { key: "free", pages: free - kept },
  ].filter(({ pages }) => pages > 0.5);
}
