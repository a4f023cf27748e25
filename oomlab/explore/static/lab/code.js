// The settings as Python code that runs as pasted.

import { PAGES_PER_GIB } from "./format.js";
import { differences } from "./settings.js";

export function asPython(facts, settings) {
  const changed = Object.entries(differences(facts, settings));
  const given = (fields) => changed.filter(([name]) => name in fields).map(([name, value]) => `    ${name}=${literal(name, value)},\n`).join("");
  const machine = call("Machine", given(facts.machine)), workload = call("Workload", given(facts.workload));
  const isVersioned = "kernel" in differences(facts, settings);
  return [
    "from oomlab import Machine, Workload, simulate",
    ...(isVersioned ? ["from oomlab.kernel import KernelVersion"] : []),
    "",
    `machine = ${machine}`,
    `workload = ${workload}`,
    "run = simulate(machine, workload)",
    "print(run.outcome, run.end.written)",
    "",
  ].join("\n");
}

const call = (name, lines) => (lines ? `${name}(\n${lines})` : `${name}()`);

function literal(name, value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (name === "kernel") return `KernelVersion.of("${value}")`;
  if (typeof value === "string") return `"${value}"`;
  if (name === "page_offset") return `0x${value.toString(16).toUpperCase()}`;
  return value >= PAGES_PER_GIB && value % PAGES_PER_GIB === 0 ? `${value / PAGES_PER_GIB} * 2**18` : `${value}`;
}
