// Everything on offer: the controls with their steps, and the ready-made machines.
// Names are those of the fields of Python's Machine and Workload; sizes are pages.

import { PAGES_PER_GIB, fixed, gib, grouped, human } from "../model/format.js";

const GIB = PAGES_PER_GIB;
const MIB = GIB / 1024;
const is64 = ({ arch }) => arch === "x86_64";

// From low to high GiB, so many steps to a doubling, each a whole number of MiB.
function doublings(low, high, perDoubling) {
  const count = Math.round(perDoubling * Math.log2(high / low));
  const mib = Array.from({ length: count + 1 }, (_, n) => Math.round(low * 1024 * 2 ** (n / perDoubling)));
  return [...new Set(mib)].map((each) => each * MIB);
}

const inGib = (pages) => `${gib(pages)} GiB`;
const orOwn = (say) => (value) => (value === null ? "the kernel’s own" : say(value));

// RAM in even steps, so that its slider lies over the RAM itself, to scale.
const HALVES = Array.from({ length: 128 }, (_, n) => (n + 1) * (GIB / 2));
// Finer at the low end, where the fate changes and the knob would lie over it.
const PERCENT = [0, 0.5, 1, 1.5, 2, 3, 4, ...Array.from({ length: 20 }, (_, n) => 5 * (n + 1))];
const FROM_ZERO = [0, ...doublings(0.25, 64, 8)];
const MIN_FREE = [null, 1024, 2048, 3806, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536, 98304];
const VMALLOC = [null, 32, 64, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 832];
const OTHER = [...Array.from({ length: 61 }, (_, n) => 200 * n), 4720].sort((a, b) => a - b);
const MEM = [null, ...doublings(1, 64, 4)];
const BLOCKS = [4096, 2048, 1024, 512];
const ARCHES = [["i386", "32-bit"], ["x86_64", "64-bit"]];
const ALLOCATORS = [["slab", "SLAB"], ["slub", "SLUB"]];

// A control: kind (see controls.js), label, hint, short: its name in addresses, unit: what one of its numbers is
// in pages there (see address.js), idle(settings) where it means nothing. get and put where it is not simply
// the setting of its name.
const size = (name, label, steps, more) => ({ kind: "size", name, label, steps, read: inGib, unit: 1, ...more });
const slider = (name, label, steps, read, more) => ({ kind: "slider", name, label, steps, read, ...more });
const choice = (name, label, options, more) => ({ kind: "choice", name, label, options, ...more });
const toggle = (name, label) => ({ kind: "toggle", name, label, idle: is64 });

const fileOf = ({ written, read }) => written + read;
const divided = (file, share) => {
  const read = Math.min(file, Math.round(file * share));
  return { written: file - read, read };
};

export const RAM = size("ram", "RAM", HALVES);
export const BASICS = [
  RAM,
  size("swap", "Swap", FROM_ZERO),
  size("written", "File copied", doublings(1, 128, 16), {
    get: fileOf,
    put: (file, settings) => divided(file, settings.read / fileOf(settings)),
  }),
  slider("read", "Only read, not written", PERCENT, (percent) => `${fixed(percent, percent % 1 ? 1 : 0)} %`, {
    kind: "share",
    unit: 1,
    get: (settings) => (100 * settings.read) / fileOf(settings),
    put: (percent, settings) => divided(fileOf(settings), percent / 100),
  }),
];

// versions: the kernels whose rules the page knows; splits: the VM splits, by what they are called;
// isReleasedWithFix(settings): whether the kernel has the fix of 2012 by itself.
export const kernelControls = (versions, splits, isReleasedWithFix) => [
  choice("arch", "Kernel", ARCHES),
  choice("kernel", "Version", versions.map((version) => [version, version])),
  choice("buffer_head_fix", "Fix of 2012", [
    [null, (settings) => `as released: ${isReleasedWithFix(settings) ? "present" : "absent"}`, "released"],
    [true, "present"],
    [false, "absent"],
  ], { short: "fix" }),
  choice("page_offset", "VM split, process/kernel", splits.map(([label, value]) => [value, label]), {
    short: "split",
    idle: is64,
  }),
  toggle("pae", "PAE (RAM above 4 GiB)"),
  toggle("highpte", "HIGHPTE (page tables in HighMem)"),
  choice("allocator", "Allocator", ALLOCATORS),
];

export const FINE_PRINT = [
  choice("block_size", "File-system block", [[null, "none"], ...BLOCKS.map((size) => [size, `${size} bytes`, `${size}`])], {
    short: "block",
    hint: "A page needs one buffer_head for each block; “none” needs no buffer_heads.",
  }),
  slider("min_free_kbytes", "min_free_kbytes", MIN_FREE, orOwn((kb) => `${grouped(kb)} kB`), { short: "min_free", unit: 1 / 4 }),
  slider("vmalloc_mib", "vmalloc=", VMALLOC, orOwn((mib) => `${mib} MiB`), { short: "vmalloc", unit: 256, idle: is64 }),
  slider("mem_limit", "mem=", MEM, (pages) => (pages === null ? "all RAM" : inGib(pages)), { short: "mem", unit: 1 }),
  slider("other_lowmem", "Other lowmem", OTHER, human, {
    short: "other",
    unit: 1,
    hint: "Slab and stacks that uptime collects: 18 MiB after the incident’s 20 days.",
  }),
  size("anon_growth", "Processes grow by", FROM_ZERO, { short: "grow", hint: "This is what swap is for." }),
];

// For the map of the edge: block sizes from the cheapest to the dearest.
export const EDGE_ROWS = [[null, "none"], ...BLOCKS.map((size) => [size, `${size} B`])];

const preset = (label, note, settings) => ({ label, note, settings });

const INCIDENT = [
  preset("The incident", "as it was when it died", {}),
  preset("8 MiB less of other lowmem", "the margin of this race, for comparison", { other_lowmem: 2600 }),
];
const GIVEN = [preset("As given", "as the lab began", {})];
const WHAT_IFS = [
  preset("mem=16G", "half of the RAM left unused", { mem_limit: 16 * GIB }),
  preset("64 GiB of swap", "the advice of one answer", { swap: 64 * GIB }),
  preset("With the fix", "reclaim looks into HighMem when buffer_heads fill lowmem", { buffer_head_fix: true }),
  preset("64-bit", "no HighMem at all", { arch: "x86_64" }),
  preset("64 GiB of RAM", "twice the memory", { ram: 64 * GIB }),
];

// Each preset is one change to the machine that the lab begins with.
export const presetsFor = (isIncident) => [...(isIncident ? INCIDENT : GIVEN), ...WHAT_IFS];
