// A workload on a machine, from boot to its end: oomlab/simulation/model.py in the browser.
// machine and workload have Python's fields; simulate() gives what Python's Trajectory holds.

import { Engine } from "./engine.js";
import { PAGE_KB, inKb, sum } from "./format.js";
import { MachineError, moreLowmem, pagesOf } from "./machine.js";
import { zones as zonesOf } from "./zones.js";

const NODES_PER_PAGE = (1 + 1 / 64 + 1 / 4096) / 64;

// Throws MachineError for a machine that could not boot.
export function simulate(machine, workload) {
  const { zones, pinned, engine } = ranTo(machine, workload);
  return trajectoryOf(machine, zones, pinned, engine);
}

// Only what comes of it: "survives", "oom" or "no boot".
export function fateOf(machine, workload) {
  try {
    return ranTo(machine, workload).engine.failed === null ? "survives" : "oom";
  } catch (error) {
    if (error.name !== "MachineError") throw error;
    return "no boot";
  }
}

function ranTo(machine, workload) {
  const { zones, start } = boot(machine, workload);
  const pinned = pinnedByPage(machine, workload);
  const engine = new Engine(planOf(machine, workload, zones, pinned), start);
  engine.run();
  return { zones, pinned, engine };
}

// --- where each request goes ----------------------------------------------------------------------

export const kernelClass = (zones) =>
  zones.findLastIndex(({ name }) => ["DMA", "DMA32", "Normal"].includes(name));

export function userClass(zones) {
  const high = zones.findIndex(({ name, managed }) => name === "HighMem" && managed);
  return high === -1 ? kernelClass(zones) : high;
}

// --- the state after boot -------------------------------------------------------------------------

function boot(machine, workload) {
  const zones = zonesOf(machine);
  const user = userClass(zones);
  const kernel = kernelClass(zones);
  const free = zones.map(({ managed }) => managed);
  const anon = zones.map(() => 0);
  const nothing = zones.map(() => 0);
  const put = (asked, pages, what) => place(machine, zones, free, asked, pages, what);
  put(kernel, workload.other_lowmem + workload.other_slab, "other lowmem");
  put(machine.highpte ? user : kernel, workload.page_tables, "page tables");
  put(user, pagesOf(machine.swap), "the map of the swap space");
  for (const [zone, pages] of put(user, workload.anon, "anonymous memory")) anon[zone] = pages;
  return { zones, start: { done: 0, free, cache: nothing, anon, pinned: nothing, swapUsed: 0 } };
}

// Take pages from the zones of a request as they come, and say what each gave.
function place(machine, zones, free, asked, pages, what) {
  const { slack } = machine.rules;
  const given = [];
  let left = pages;
  for (let number = asked; number >= 0; number -= 1) {
    const spare = free[number] - zones[number].watermark_min - zones[number].lowmem_reserve[asked] - slack;
    const part = Math.min(left, Math.max(0, spare));
    free[number] -= part;
    left -= part;
    given.push([number, part]);
  }
  if (left > 0)
    throw new MachineError(`${what} of ${inKb(pages)} does not fit into ${remedyFor(machine, zones, asked)}`, {
      ...{ what, of: asked === kernelClass(zones) ? "lowmem after boot" : "RAM after boot" },
      ...{ needs: pages, has: pages - left },
    });
  return given;
}

const remedyFor = (machine, zones, asked) =>
  asked === kernelClass(zones)
    ? `lowmem after boot: ${moreLowmem(machine)}`
    : "RAM after boot: give it more RAM";

// --- what one cached page pins --------------------------------------------------------------------

function pinnedByPage({ rules }, { block_size, written, read }) {
  const nodes = NODES_PER_PAGE / rules.radix_tree_node.per_page;
  if (block_size === null || !(written + read)) return { buffer_heads: 0, radix_nodes: nodes };
  const blocks = (((PAGE_KB * 1024) / block_size) * written) / (written + read);
  return { buffer_heads: blocks / rules.buffer_head.per_page, radix_nodes: nodes };
}

export const total = (pinned) => pinned.buffer_heads + pinned.radix_nodes;

// --- the engine's plan ----------------------------------------------------------------------------

function planOf(machine, workload, zones, pinned) {
  const { slack } = machine.rules;
  const file = workload.written + workload.read;
  const length = file || workload.anon_growth || workload.lowmem_growth;
  const perUnit = length ? 1 / length : 0;
  const user = userClass(zones);
  const kernel = kernelClass(zones);
  const tables = 1 / (machine.pae || machine.arch === "x86_64" ? 512 : 1024);
  const beside = machine.highpte || user === kernel;
  return {
    min: zones.map((zone) => zone.watermark_min + slack),
    low: zones.map((zone) => zone.watermark_low + slack),
    high: zones.map((zone) => zone.watermark_high + slack),
    reserve: zones.map((zone) => zone.lowmem_reserve),
    user,
    kernel,
    pinned: total(pinned),
    tables: beside ? 0 : tables,
    tablesBeside: beside ? tables : 0,
    file: file * perUnit,
    anon: workload.anon_growth * perUnit,
    other: workload.lowmem_growth * perUnit,
    length,
    swap: machine.swap,
    evictableAbove: tooMuchCache(machine, zones, pinned),
  };
}

export const hasFix = (machine) => machine.buffer_head_fix ?? machine.rules.buffer_head_fix;

// The page cache at which its buffer_heads are over the limit that the 2012 fix acts on.
function tooMuchCache(machine, zones, pinned) {
  if (userClass(zones) === kernelClass(zones) || !hasFix(machine) || !pinned.buffer_heads) return null;
  const { rules } = machine;
  const lowmem = sum(zones.slice(0, kernelClass(zones) + 1).map((zone) => zone[rules.counted]));
  const most = Math.floor((lowmem * 10) / 100) * Math.floor((PAGE_KB * 1024) / rules.buffer_head.bytes);
  return most / (pinned.buffer_heads * rules.buffer_head.per_page);
}

// --- what came of it ------------------------------------------------------------------------------

function trajectoryOf(machine, zones, pinned, engine) {
  const { plan, snapshots, events, failed } = engine;
  return {
    zones,
    pinned,
    plan,
    states: snapshots.map((snapshot) => stateOf(plan, snapshot)),
    events: events.map((event) => ({
      ...event,
      written: event.done * plan.file,
      zoneName: zones[event.zone].name,
      request: requestOf(machine, pinned, plan, event),
    })),
    outcome: failed === null ? "survives" : "oom",
    zone: failed === null ? null : zones[failed].name,
    margin: marginOf(engine),
  };
}

const stateOf = (plan, snapshot) => ({
  ...snapshot,
  progress: plan.length ? Math.min(1, snapshot.done / plan.length) : 1,
  written: snapshot.done * plan.file,
});

// What had been asked for. A buffer_head is asked for with GFP_NOFS, which never calls the OOM killer:
// it takes a bystander's GFP_KERNEL request.
function requestOf({ highpte }, pinned, plan, { kind, asked }) {
  if (asked === plan.user) return plan.anon ? "anonymous page" : plan.file ? "file page" : "kernel memory";
  if (kind === "oom") return highpte ? "kernel stack" : "page table";
  if (!plan.file) return plan.anon ? "page table" : "kernel memory";
  return pinned.buffer_heads ? "buffer_head" : "radix_tree_node";
}

// Lowmem left at the tightest moment; below zero, how much more would have saved the machine.
function marginOf(engine) {
  const { plan, snapshots, failed } = engine;
  if (plan.user === plan.kernel || failed === plan.user) return null;
  return failed === null ? Math.min(...snapshots.map((snapshot) => lowmemRoom(plan, snapshot))) : -lowmemShort(engine);
}

function lowmemRoom(plan, { free }) {
  const room = (i) => Math.max(0, free[i] - plan.min[i] - plan.reserve[i][plan.kernel]);
  return sum(free.slice(0, plan.kernel + 1).map((_, i) => room(i)));
}

function lowmemShort(engine) {
  const { plan } = engine;
  const perUnit = plan.pinned * plan.file + plan.tables * plan.anon + plan.other;
  const work = [plan.length - engine.done];
  if (!engine.contents.balanced[plan.user] && plan.file + plan.anon)
    work.push((engine.contents.free[plan.user] - plan.low[plan.user]) / (plan.file + plan.anon));
  if (plan.evictableAbove !== null && plan.file)
    work.push((plan.evictableAbove - sum(engine.contents.cache)) / plan.file);
  return perUnit * Math.max(0, Math.min(...work));
}

// The state at any moment of the work, from 0 to 1: between two states everything is a straight line.
export function stateAt({ states }, progress) {
  const after = states.findIndex((state) => state.progress > progress);
  if (after <= 0) return after === 0 ? states[0] : states.at(-1);
  const first = states[after - 1];
  const second = states[after];
  const part = Math.min(1, Math.max(0, (progress - first.progress) / (second.progress - first.progress)));
  const mix = (a, b) => (Array.isArray(a) ? a.map((each, n) => mix(each, b[n])) : a + (b - a) * part);
  return Object.fromEntries(Object.keys(first).map((name) => [name, mix(first[name], second[name])]));
}

// The first event of a kind that a request of this class met, or undefined.
export const eventOf = ({ events }, kind, asked) =>
  events.find((event) => event.kind === kind && event.asked === asked);
