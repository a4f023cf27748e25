// From settings to a machine and its work. Settings are one flat object: what the controls say, by name.

import { PAGES_PER_GIB } from "../model/format.js";
import { BASICS, FINE_PRINT, kernelControls, presetsFor } from "./options.js";

const MOST_READ = 128 * PAGES_PER_GIB;

// Every control, in its groups. facts: what Python gave, with the rules of each kernel.
export function controlsFor(facts) {
  const isReleasedWithFix = (settings) => built(facts, settings).machine.rules.buffer_head_fix;
  const kernel = kernelControls(facts.kernels, Object.entries(facts.splits), isReleasedWithFix);
  return { basics: BASICS, kernel, finePrint: FINE_PRINT, all: [...BASICS, ...kernel, ...FINE_PRINT] };
}

// The settings that the lab begins with: the incident's, unless Python chose others.
export function usualSettings(facts) {
  const all = { ...facts.machine, ...facts.workload };
  return Object.fromEntries(controlsFor(facts).all.map(({ name }) => [name, all[name]]));
}

// The ready-made machines: rows of {label, note, settings}.
export function presets({ machine, workload, defaults }) {
  return presetsFor(JSON.stringify([machine, workload]) === JSON.stringify([defaults.machine, defaults.workload]));
}

// The machine and the work that settings describe: {machine, workload}.
export function built(facts, settings) {
  const machine = { ...facts.machine };
  const workload = { ...facts.workload };
  for (const [name, value] of Object.entries(settings)) {
    if (name in machine) machine[name] = value;
    if (name in workload) workload[name] = value;
  }
  machine.rules = rulesOf(facts, machine);
  return { machine, workload };
}

const RULES = new WeakMap(); // of facts: the rules of each build that was asked for

// The rules of a machine's kernel. facts.rules has each by the parts of a build that decide it.
function rulesOf(facts, { arch, pae, allocator, kernel }) {
  const build = { arch, pae: pae ? "pae" : "nopae", allocator, kernel };
  const name = Object.values(build).join(" ");
  if (!RULES.has(facts)) RULES.set(facts, new Map());
  const known = RULES.get(facts);
  const valueOf = ([rule, { by, is }]) => [rule, is[by.map((part) => build[part]).join(" ")]];
  if (!known.has(name)) known.set(name, Object.fromEntries(Object.entries(facts.rules).map(valueOf)));
  return known.get(name);
}

// Only what differs from the start, for addresses and for code.
export function differences(facts, settings) {
  const usual = usualSettings(facts);
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== usual[name]));
}

// What a control shows of settings, and the settings that it makes of a value.
export const valueOf = (row, settings) => (row.get ? row.get(settings) : settings[row.name]);
export const withValue = (row, value, settings) => (row.put ? row.put(value, settings) : { [row.name]: value });

// Whether a value that came from outside can be this setting.
export function accepts(facts, name, value) {
  const row = controlsFor(facts).all.find((each) => each.name === name);
  if (row === undefined) return false;
  if (row.kind === "choice") return row.options.some(([each]) => each === value);
  if (row.kind === "toggle") return typeof value === "boolean";
  if (row.kind === "share") return Number.isInteger(value) && value >= 0 && value <= MOST_READ;
  if (value === null) return row.steps[0] === null;
  const min = row.kind === "size" && row.steps[0] > 0 ? 1 : 0; // RAM and file cannot be nothing
  return Number.isInteger(value) && value >= min && value <= row.steps.at(-1);
}
