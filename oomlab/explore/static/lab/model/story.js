// One sentence that says what happened and why, with the numbers of this very run:
// oomlab/explore/story.py in the browser. A test compares the two word for word.

import { human, sum } from "./format.js";
import { eventOf, stateAt } from "./simulation.js";

// Gives {headline, because}. run: a trajectory with its machine, workload, user and kernel class.
export function story(run) {
  if (run.error) return { headline: "This machine does not start", because: `${run.error}.` };
  return run.outcome === "oom" ? death(run) : life(run);
}

function death(run) {
  const { user, zones } = run;
  const end = run.states.at(-1);
  const headline = `The machine dies after ${human(end.written)}`;
  if (run.zone === zones[user].name) return { headline, because: `${exhausted(run)}.` };
  const cached = sum(end.cache);
  const { buffer_heads, radix_nodes } = run.pinned;
  const records = buffer_heads * cached + radix_nodes * cached;
  const memMap = sum(zones.map(({ memmap }) => memmap));
  const cause = `${human(memMap)} of mem_map and ${human(records)} of records about cached pages fill ZONE_NORMAL`;
  const free = `while ${human(end.free[user])} of HighMem lie free`;
  return { headline, because: `${cause}, ${free}. ${swapOf(run, end)}${saved(run)}.` };
}

function exhausted({ workload, machine }) {
  if (!workload.anon_growth) return "what was there already leaves no room for the file";
  const swap = machine.swap ? `and all ${human(machine.swap)} of swap` : "and there is no swap";
  return `processes have filled RAM ${swap}`;
}

function swapOf({ machine }, { swapUsed }) {
  if (!machine.swap) return "Swap would not have helped; ";
  return swapUsed >= 1 ? `${human(swapUsed)} of swap in use did not help; ` : "Swap was never touched; ";
}

const saved = ({ margin }) => `another ${human(-margin)} of lowmem would have saved it`;

function life(run) {
  const { swapUsed } = run.states.at(-1);
  const swapped = swapUsed >= 1 ? ` ${human(swapUsed)} of process memory went to swap.` : "";
  return { headline: "The machine lives", because: `${whyItLives(run)}.${swapped}` };
}

function whyItLives(run) {
  const { user, kernel } = run;
  const woken = eventOf(run, "kswapd_wakes", user);
  if (user === kernel) return oneForAll(woken);
  const keeping = eventOf(run, "kswapd_keeps_pace", kernel);
  if (keeping && (!woken || keeping.written < woken.written)) return kept(run, keeping);
  const spare = `with ${human(run.margin)} of lowmem to spare`;
  if (!woken) return `the copy ends ${spare}`;
  const low = `after ${human(woken.written)} HighMem is down to its low mark`;
  return `${low}, and kswapd begins to recycle cache together with its records, ${spare}`;
}

function oneForAll(woken) {
  if (!woken) return "all of the file fits";
  return `after ${human(woken.written)} kswapd begins to recycle cache, which frees memory for the kernel too`;
}

function kept(run, keeping) {
  const short = `after ${human(keeping.written)} lowmem is short`;
  const { cache } = stateAt(run, run.plan.length ? keeping.done / run.plan.length : 1);
  if (cache[run.kernel] >= 1) return `${short}, and kswapd finds page cache in ZONE_NORMAL itself`;
  return `${short}, and the fix of 2012 lets kswapd evict cache from HighMem, which frees its records`;
}
