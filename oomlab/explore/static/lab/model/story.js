// One sentence about a run: what happens and why, with the numbers of this very run:
// oomlab/explore/story.py in the browser. A test compares the two word for word.

import { human, sum } from "./format.js";
import { eventOf, stateAt } from "./simulation.js";
import { listed, phrase } from "./words.js";

// Returns {headline, because}. run: a trajectory with its machine, workload, words, user and kernel class.
export function story(run) {
  const say = (path, values) => phrase(run.words, path, values);
  if (run.error) return { headline: say("headline.no boot"), because: `${run.error}.` };
  const headline = say(`headline.${run.outcome}`, { written: human(run.states.at(-1).written) });
  return { headline, because: run.outcome === "oom" ? death(run, say) : life(run, say) };
}

// --- why it died ----------------------------------------------------------------------------------

function death(run, say) {
  const { user, zones } = run;
  const end = run.states.at(-1);
  if (run.zone === zones[user].name) return exhausted(run, say, end);
  const cached = sum(end.cache);
  const { buffer_heads, radix_nodes } = run.pinned;
  return say("death.lowmem", {
    mem_map: human(sum(zones.map(({ memmap }) => memmap))),
    records: human(buffer_heads * cached + radix_nodes * cached),
    free: human(end.free[user]),
    swap: swapOf(run, say, end),
    short: human(-run.margin),
  });
}

function exhausted({ user, kernel, zones, machine, workload }, say, end) {
  const free = user === kernel ? 0 : sum(end.free.slice(0, kernel + 1));
  const closed = free >= 1 ? say("death.closed", { free: human(free) }) : "";
  if (!workload.anon_growth) return say("death.no_room", { closed });
  const swap = machine.swap ? say("death.all_swap", { swap: human(machine.swap) }) : say("death.no_swap");
  return say("death.processes", { user: user === kernel ? "RAM" : zones[user].name, swap, closed });
}

function swapOf({ machine }, say, { swapUsed }) {
  const state = !machine.swap ? "none" : swapUsed >= 1 ? "used" : "untouched";
  return say(`death.swap.${state}`, { used: human(swapUsed) });
}

// --- why it lived ---------------------------------------------------------------------------------

function life(run, say) {
  const { swapUsed } = run.states.at(-1);
  return `${whyItLives(run, say)}.${swapUsed >= 1 ? say("life.swapped", { used: human(swapUsed) }) : ""}`;
}

function whyItLives(run, say) {
  const { user, kernel } = run;
  const woken = eventOf(run, "kswapd_wakes", user);
  if (user === kernel)
    return woken ? say("life.recycles", { written: human(woken.written) }) : say("life.fits");
  const keeping = eventOf(run, "kswapd_keeps_pace", kernel);
  if (keeping && (!woken || keeping.written < woken.written))
    return say(fixOf(run) ? "life.fix" : "life.own_cache", { written: human(keeping.written) });
  return recycled(run, say, woken);
}

// The event at which the fix of 2012 begins to take cache from HighMem, where that comes first; or null.
export function fixOf(run) {
  const { user, kernel, plan } = run;
  const keeping = eventOf(run, "kswapd_keeps_pace", kernel);
  const woken = eventOf(run, "kswapd_wakes", user);
  if (user === kernel || !keeping || woken?.written <= keeping.written) return null;
  return stateAt(run, plan.length ? keeping.done / plan.length : 1).cache[kernel] >= 1 ? null : keeping;
}

function recycled(run, say, woken) {
  const spare = human(run.margin);
  if (!woken) return say("life.ends", { spare });
  const user = run.zones[run.user].name;
  const numbers = zonesWithRoom(run);
  const before = numbers.includes(run.user) ? "" : say("life.full_before", { user });
  const zones = listed(numbers.map((i) => downTo(run, say, woken, i)));
  return before + say("life.low", { written: human(woken.written), zones, spare });
}

// Where a zone stands when kswapd wakes: only the highest gives page cache all above low.
function downTo({ zones, states, plan, user }, say, { done }, i) {
  const { free } = states.find((state) => state.done >= done);
  return say(`life.down_to.${plan.reserve[i][user] ? "kept" : "low"}`, { zone: zones[i].name, free: human(free[i]) });
}

// The zones that page cache can be taken from when the run begins, by number, the highest first.
// Where none has room above its low watermark and its reserve, that is the highest zone alone.
export function zonesWithRoom({ zones, states, plan, user }) {
  const found = zones
    .map((_, i) => i)
    .filter((i) => i <= user && states[0].free[i] > plan.low[i] + plan.reserve[i][user])
    .reverse();
  return found.length ? found : [user];
}
