// The race: HighMem runs towards its low mark, where kswapd begins to recycle cache and so frees
// lowmem; lowmem runs towards min, where the kernel gives up. Who arrives first decides.

import { human } from "./format.js";
import { eventOf } from "./simulation.js";
import { zonesWithRoom } from "./story.js";

const WIDEST = 0.3; // a finish that takes more of the whole than this is not close

// run: as view_model.js has it. Returns {lanes, finish}; finish is null where there is no close race.
export function crossings(run) {
  const { user, kernel } = run;
  const lanes = user === kernel ? [cacheLane(run)] : [cacheLane(run), lowmemLane(run)];
  return { lanes, finish: finishOf(run, lanes) };
}

function cacheLane(run) {
  const { user, plan, zones } = run;
  const spare = (state, i) => Math.max(0, state.free[i] - plan.low[i] - plan.reserve[i][user]);
  const numbers = zonesWithRoom(run);
  const room = (state) => numbers.reduce((sum, i) => sum + spare(state, i), 0);
  const names = numbers.map((i) => zones[i].name).join(" + ");
  const woken = eventOf(run, "kswapd_wakes", user);
  const last = run.states.at(-1);
  const rescue = woken?.written ?? run.end + room(last) / (1 + plan.anon / plan.file);
  const flags = [
    {
      kind: "rescue",
      at: rescue,
      reached: woken !== undefined,
      note: woken ? "" : `${human(room(last))} ${run.outcome === "oom" ? "short" : "left"}`,
    },
  ];
  if (run.outcome === "oom" && run.zone === zones[user].name)
    flags.push({ kind: "death", at: run.end, reached: true });
  const above = `${names}: room above low`;
  const titles = [`${above}, where kswapd begins to recycle cache`, above, "Room above low", "Room"];
  return { mark: "low", room, titles, flags, most: room(run.states[0]) };
}

function lowmemLane(run) {
  const { kernel, plan, zones } = run;
  const floor = (i) => plan.min[i] + plan.reserve[i][kernel];
  const room = (state) =>
    zones.slice(0, kernel + 1).reduce((sum, _, i) => sum + Math.max(0, state.free[i] - floor(i)), 0);
  const above = "Lowmem: room above min";
  const titles = [`${above} and reserve, where the kernel gives up`, `${above} and reserve`, above, "Lowmem"];
  return { mark: "min", room, titles, flags: lowmemFlags(run, room), most: room(run.states[0]) };
}

function lowmemFlags(run, room) {
  const { kernel, user, plan, zones } = run;
  if (run.outcome === "oom") {
    const isHere = run.zone === zones[kernel].name;
    return isHere
      ? [{ kind: "death", at: run.end, reached: true, note: `${human(-run.margin)} too little` }]
      : [];
  }
  const fixed = eventOf(run, "kswapd_keeps_pace", kernel);
  if (fixed) return [{ kind: "rescue", at: fixed.written, reached: true }];
  const rescue = eventOf(run, "kswapd_wakes", user);
  const perPage = plan.pinned + (plan.tables * plan.anon) / plan.file;
  if (!rescue || !perPage) return [];
  const left = room(run.states.find((state) => state.done >= rescue.done));
  return [
    { kind: "death", at: rescue.written + left / perPage, reached: false, note: `${human(left)} to spare` },
  ];
}

function finishOf(run, lanes) {
  const flags = lanes.flatMap((lane) => lane.flags);
  if (flags.length < 2) return null;
  const first = Math.min(...flags.map(({ at }) => at));
  const last = Math.max(...flags.map(({ at }) => at));
  const span = Math.max(1.2 * (last - first), 0.012 * run.file);
  if (last - first + 2 * span > WIDEST * run.file * 2) return null;
  return { from: Math.max(0, first - span), to: last + span };
}
