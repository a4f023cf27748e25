// The settings as Python code that runs as pasted.

import { PAGES_PER_GIB } from "../model/format.js";
import { built } from "./settings.js";

export function asPython(facts, settings) {
  const { machine, workload } = built(facts, settings);
  const chosen = changed(machine, facts.defaults.machine);
  const asked = changed(workload, facts.defaults.workload);
  const machineCode = derived("INCIDENT", chosen);
  const workloadCode = derived("INCIDENT_WORKLOAD", asked);
  const needsReplace = `${machineCode}${workloadCode}`.includes("replace(");
  return [
    ...(needsReplace ? ["from dataclasses import replace"] : []),
    `from oomlab import INCIDENT, INCIDENT_WORKLOAD${"kernel" in chosen ? ", KernelVersion" : ""}`,
    "from oomlab.explore.story import tell",
    "",
    `machine = ${machineCode}`,
    `workload = ${workloadCode}`,
    "print(tell(machine, workload))",
    "",
  ].join("\n");
}

// The fields that are not as the incident had them.
function changed(fields, defaults) {
  const differs = ([name, value]) => JSON.stringify(value) !== JSON.stringify(fields[name]);
  return Object.fromEntries(Object.entries(defaults).filter(differs).map(([name]) => [name, fields[name]]));
}

function derived(name, fields) {
  const lines = Object.entries(fields).map(([field, value]) => `    ${field}=${literal(field, value)},\n`);
  return lines.length ? `replace(\n    ${name},\n${lines.join("")})` : name;
}

function literal(name, value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${value.map((each) => `${literal("", each)},`).join(" ")})`;
  if (name === "kernel") return `KernelVersion.of("${value}")`;
  if (typeof value === "string") return `"${value}"`;
  if (name === "page_offset") return `0x${value.toString(16).toUpperCase()}`;
  const isRound = value >= PAGES_PER_GIB && value % PAGES_PER_GIB === 0;
  return isRound ? `${value / PAGES_PER_GIB} * 2**18` : `${value}`;
}
