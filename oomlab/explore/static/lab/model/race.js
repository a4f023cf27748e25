// The race: HighMem runs towards its low mark, where kswapd begins to recycle cache and so frees
// lowmem; lowmem runs towards min, where the kernel gives up. Who arrives first decides. With the fix of 2012 kswapd
// begins before that, when lowmem is down to low.

import { eventOf } from "./simulation.js";
import { fixOf, zonesWithRoom } from "./story.js";

const WIDEST = 0.3; // a finish that takes more of the whole than this is not close

// run: as view_model.js has it. Returns null where there are not two who run, else
// {rescue, death, finish}: the pages copied when either arrives or would arrive, whether it does, and
// the stretch in which both do, null where they are far apart.
export function race(run) {
  if (run.user === run.kernel || !run.file) return null;
  const rescue = rescueOf(run);
  const death = deathOf(run);
  return { rescue, death, finish: death && finishOf(run, rescue.at, death.at) };
}

// Room in the zones of page cache above their low marks.
export function roomAboveLow(run, state) {
  const { user, plan } = run;
  const spare = (i) => Math.max(0, state.free[i] - plan.low[i] - plan.reserve[i][user]);
  return zonesWithRoom(run).reduce((sum, i) => sum + spare(i), 0);
}

// Room in lowmem above min, and above what is kept from the kernel.
export function roomAboveMin({ zones, kernel, plan }, state) {
  const spare = (_, i) => Math.max(0, state.free[i] - plan.min[i] - plan.reserve[i][kernel]);
  return zones.slice(0, kernel + 1).map(spare).reduce((sum, each) => sum + each, 0);
}

function rescueOf(run) {
  const { user, plan } = run;
  const woken = eventOf(run, "kswapd_wakes", user);
  const fix = fixOf(run);
  if (fix) return { at: fix.written, isReached: true, left: 0, isFix: true };
  const left = roomAboveLow(run, run.states.at(-1));
  return {
    at: woken?.written ?? run.end + left / (1 + plan.anon / plan.file),
    isReached: woken !== undefined,
    left: woken ? 0 : left,
  };
}

function deathOf(run) {
  const { kernel, user, plan, zones } = run;
  if (run.outcome === "oom")
    return run.zone === zones[kernel].name ? { at: run.end, isReached: true, left: run.margin } : null;
  const rescue = fixOf(run) ?? eventOf(run, "kswapd_wakes", user);
  const perPage = plan.pinned + (plan.tables * plan.anon) / plan.file;
  if (!rescue || !perPage) return null;
  const left = roomAboveMin(run, run.states.find((state) => state.done >= rescue.done));
  return { at: rescue.written + left / perPage, isReached: false, left };
}

function finishOf({ file }, one, other) {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  const span = Math.max(1.2 * (last - first), 0.012 * file);
  if (last - first + 2 * span > 2 * WIDEST * file) return null;
  return { from: Math.max(0, first - span), to: last + span };
}
