// What a hand can set: the controls, the presets, and the way from settings to a machine and its work.
// Settings are one flat object with the names of Python's Machine and Workload fields, in pages.

import { PAGES_PER_GIB, gib, grouped, human } from "./format.js";

const GIB = PAGES_PER_GIB, MIB = GIB / 1024;
const is64 = ({ arch }) => arch === "x86_64";

// From low to high GiB, so many steps to a doubling, each a whole number of MiB; zero first if asked for.
function doublings(low, high, perDoubling, first = []) {
  const count = Math.round(perDoubling * Math.log2(high / low));
  const sizes = Array.from({ length: count + 1 }, (_, n) => Math.round(low * 1024 * 2 ** (n / perDoubling)) * MIB);
  return [...first, ...new Set(sizes)];
}

const inGib = (pages) => `${gib(pages)} GiB`;
const orOwn = (say) => (value) => (value === null ? "the kernel's own" : say(value));

export const BASICS = [
  { name: "ram", kind: "size", label: "RAM", steps: doublings(1, 64, 64), read: inGib },
  { name: "swap", kind: "size", label: "Swap", steps: doublings(0.25, 64, 8, [0]), read: inGib },
  { name: "written", kind: "size", label: "File copied", steps: doublings(1, 128, 16), read: inGib },
];

export const KERNEL = [
  { name: "arch", kind: "choice", label: "Kernel", options: [["i386", "32-bit"], ["x86_64", "64-bit"]] },
  { name: "kernel", kind: "choice", label: "Version", options: [] }, // the versions come with the facts
  { name: "buffer_head_fix", kind: "choice", label: "Fix of 2012", options: [[null, "as released"], [true, "present"], [false, "absent"]] },
  { name: "page_offset", kind: "choice", label: "VM split", idle: is64, options: [[0xc0000000, "3 GB user, 1 kernel"], [0x80000000, "2 GB user, 2 kernel"], [0x40000000, "1 GB user, 3 kernel"]] },
  { name: "pae", kind: "toggle", label: "PAE (RAM above 4 GiB)", idle: is64 },
  { name: "highpte", kind: "toggle", label: "HIGHPTE (page tables in HighMem)", idle: is64 },
  { name: "allocator", kind: "choice", label: "Allocator", options: [["slab", "SLAB"], ["slub", "SLUB"]] },
];

const MIN_FREE = [null, 1024, 2048, 3806, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536, 98304];
const VMALLOC = [null, 32, 64, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 832];
const BLOCKS = [[null, "none"], [4096, "4096 bytes"], [2048, "2048 bytes"], [1024, "1024 bytes"], [512, "512 bytes"]];

export const FINE_PRINT = [
  { name: "block_size", kind: "choice", label: "File-system block", options: BLOCKS, hint: "A page needs one buffer_head for each block; “none” needs no buffer_heads." },
  { name: "min_free_kbytes", kind: "slider", label: "min_free_kbytes", steps: MIN_FREE, read: orOwn((kb) => `${grouped(kb)} kB`) },
  { name: "vmalloc_mib", kind: "slider", label: "vmalloc=", steps: VMALLOC, read: orOwn((mib) => `${mib} MiB`), idle: is64 },
  { name: "mem_limit", kind: "slider", label: "mem=", steps: [null, ...doublings(1, 64, 4)], read: (pages) => (pages === null ? "all RAM" : inGib(pages)) },
  { name: "other_lowmem", kind: "slider", label: "Other lowmem in use", steps: Array.from({ length: 61 }, (_, n) => 200 * n).concat(4720).sort((a, b) => a - b), read: human, hint: "Slab and stacks that uptime collects: 18 MiB after the incident’s 20 days." },
  { name: "anon_growth", kind: "size", label: "Processes grow by", steps: doublings(0.25, 64, 8, [0]), read: inGib, hint: "This is what swap is for." },
];

// For the edge map: block sizes from the cheapest to the dearest.
export const EDGE_ROWS = BLOCKS.map(([size]) => [size, size === null ? "none" : `${size} B`]);

export const PRESETS = [
  { label: "The incident", note: "as it was when it died", settings: {} },
  { label: "After the reboot", note: "8 MiB less of other lowmem, which is assumed", settings: { other_lowmem: 2600 } },
  { label: "mem=16G", note: "half of the RAM left unused", settings: { mem_limit: 16 * GIB } },
  { label: "64 GB of swap", note: "the advice of one answer", settings: { swap: 64 * GIB } },
  { label: "With the fix", note: "reclaim looks into HighMem when buffer_heads fill lowmem", settings: { buffer_head_fix: true } },
  { label: "64-bit", note: "no HighMem at all", settings: { arch: "x86_64" } },
  { label: "64 GB of RAM", note: "twice the memory", settings: { ram: 64 * GIB } },
];

export const CONTROLS = [...BASICS, ...KERNEL, ...FINE_PRINT];

// The settings of the incident, out of all fields of its machine and its work.
export function incident({ machine, workload }) {
  const all = { ...machine, ...workload };
  return Object.fromEntries(CONTROLS.map(({ name }) => [name, all[name]]));
}

// The machine and the work that the settings describe: {machine, workload}.
export function built(facts, settings) {
  const picked = (fields) => Object.fromEntries(Object.keys(fields).map((name) => [name, settings[name] ?? null]).filter(([name]) => name in settings));
  const machine = { ...facts.machine, ...picked(facts.machine) };
  const build = `${machine.arch} ${machine.pae ? "pae" : "nopae"} ${machine.allocator}`;
  return { machine: { ...machine, rules: facts.rules[machine.kernel][build] }, workload: { ...facts.workload, ...picked(facts.workload) } };
}

// Only what differs from the incident, for addresses and for code.
export function differences(facts, settings) {
  const usual = incident(facts);
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== usual[name]));
}

// Whether a value that came from outside can be this setting.
export function accepts(facts, name, value) {
  const row = CONTROLS.find((each) => each.name === name);
  if (row === undefined) return false;
  if (name === "kernel") return value in facts.rules;
  if (row.kind === "choice") return row.options.some(([each]) => each === value);
  if (row.kind === "toggle") return typeof value === "boolean";
  return (value === null && row.steps[0] === null) || (Number.isInteger(value) && value >= 0 && value <= row.steps.at(-1));
}
