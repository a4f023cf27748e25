// Where a machine's RAM lies: oomlab/memory_map.py in the browser, checked against it by a test.
// A machine has Python's fields, in pages; machine.rules are the facts of its kernel, as Python read them.

import { PAGES_PER_GIB, inKb } from "./format.js";

export const PAGE_BYTES = 4096;
const FOUR_GIB = 0x100000;
const NO_LIMIT = 2 ** 40;

// want: what is asked for of how much, {what, of, needs, has} in pages, where that is the reason.
export class MachineError extends Error {
  name = "MachineError";

  constructor(message, want = null) {
    super(message);
    this.want = want;
  }
}

export const pagesOf = (bytes) => Math.ceil(bytes / PAGE_BYTES);

// RAM as page frames [first, end], as the firmware's map would list them.
export function memoryMap(machine) {
  const below = Math.min(machine.ram, FOUR_GIB - machine.pci_hole);
  const edges = [
    0,
    ...machine.low_holes.flat(),
    below - machine.firmware,
    FOUR_GIB,
    FOUR_GIB + machine.ram - below,
  ];
  const limit = addressLimit(machine);
  const ranges = [];
  for (let n = 0; n < edges.length; n += 2) {
    const first = edges[n];
    const end = Math.min(edges[n + 1], limit);
    if (first < end) ranges.push([first, end]);
  }
  return ranges;
}

function addressLimit(machine) {
  const limit = machine.arch === "i386" && !machine.pae ? FOUR_GIB : NO_LIMIT;
  return machine.mem_limit === null ? limit : Math.min(machine.mem_limit, limit);
}

// The page frame where lowmem ends.
export function lowmemEnd(machine) {
  const end = memoryMap(machine).at(-1)[1];
  return machine.arch === "x86_64" ? end : Math.min(end, directMap(machine));
}

function directMap({ rules, vmalloc_mib, page_offset }) {
  const room = vmalloc_mib === null ? 128 : vmalloc_mib + rules.vmalloc_guard_mib;
  return Math.floor(Math.max(0, rules.vmalloc_end - page_offset - room * 2 ** 20) / PAGE_BYTES);
}

export function swiotlbPages(machine) {
  const needed = memoryMap(machine).at(-1)[1] > FOUR_GIB;
  return machine.swiotlb ?? (needed ? machine.rules.swiotlb_mib * 256 : 0);
}

// Every zone of the kernel, lowest first: {name, start_pfn, spanned, ram}.
export function layout(machine) {
  const ram = memoryMap(machine);
  return machine.rules.zones.map((name) => extent(name, bounds(name, machine), ram));
}

function bounds(name, machine) {
  const low = lowmemEnd(machine);
  const dmaEnd = machine.rules.dma_end;
  const isWide = machine.arch === "x86_64" && machine.rules.zones.includes("DMA32");
  const dma32End = isWide ? FOUR_GIB : dmaEnd;
  return {
    DMA: [0, dmaEnd],
    DMA32: [dmaEnd, dma32End],
    Normal: [dma32End, low],
    HighMem: [low, NO_LIMIT],
    Movable: [0, 0],
  }[name];
}

function extent(name, [start, end], ram) {
  const touching = ram.filter(([first, last]) => first < end && last > start);
  const inside = touching.map(([first, last]) => [Math.max(first, start), Math.min(last, end)]);
  if (inside.length === 0) return { name, start_pfn: 0, spanned: 0, ram: 0 };
  const first = inside[0][0];
  const last = inside.at(-1)[1];
  return {
    name,
    start_pfn: first,
    spanned: last - first,
    ram: inside.reduce((sum, [a, b]) => sum + b - a, 0),
  };
}

// What would leave a machine more lowmem after boot.
export function moreLowmem(machine) {
  const end = memoryMap(machine).at(-1)[1];
  if (lowmemEnd(machine) < end) return "with less RAM, mem_map leaves more of it";
  return machine.mem_limit === end ? "let mem= end higher" : "give it more RAM";
}

// Throw the first reason why a machine could not boot, in Python's words.
export function checkMachine(machine) {
  if (machine.rules.error) throw new MachineError(machine.rules.error);
  for (const faults of [negative, unknown, notBuilt, tooLarge, tooSmall]) {
    const [first] = faults(machine);
    if (first === undefined) continue;
    const [reason, want = null] = [first].flat();
    throw new MachineError(reason, want);
  }
}

const SIZES = [
  ...["ram", "pci_hole", "firmware", "swap", "mem_limit", "vmalloc_mib", "min_free_kbytes"],
  ...["boot_lowmem", "boot_dma", "freed_late", "swiotlb"],
];

function* negative(machine) {
  for (const name of SIZES)
    if ((machine[name] ?? 0) < 0) yield `${name} is ${machine[name]}: a size cannot be negative`;
}

const hex = (number) => `0x${number.toString(16)}`;

function* unknown(machine) {
  const { rules, arch, page_offset, low_holes } = machine;
  if (arch === "i386" && !rules.splits.includes(page_offset))
    yield `page_offset is ${hex(page_offset)}: choose one of ${rules.splits.map(hex).join(", ")}`;
  const edges = low_holes.flat();
  if (edges.some((edge, n) => !(edge >= (edges[n - 1] ?? 0) && edge <= 0x100))) {
    const holes = low_holes.map((hole) => `(${hole.join(", ")})`);
    yield `low_holes are (${holes.join(", ")}${holes.length === 1 ? "," : ""}): give page frames below 0x100, rising`;
  }
}

// What this version of the kernel does not have, though others do.
function* notBuilt({ rules, kernel, allocator, watermark_scale_factor: scale }) {
  const choices = rules.allocators.map((name) => `'${name}'`).join(" or ");
  if (!rules.allocators.includes(allocator))
    yield `allocator is '${allocator}': Linux ${kernel} has ${choices} alone`;
  if (scale !== null && !(scale >= 1 && scale <= rules.max_scale_factor))
    yield `watermark_scale_factor is ${scale}: Linux ${kernel} takes 1 to ${rules.max_scale_factor}`;
}

function* tooLarge({ rules, ram, arch, pae, kernel, pci_hole }) {
  const build = arch === "i386" && pae ? "i386 PAE" : arch;
  const most = rules.max_ram_gib * PAGES_PER_GIB;
  if (ram > most)
    yield [
      `${inKb(ram)} of RAM: an ${build} kernel ${kernel} addresses ${rules.max_ram_gib} GiB`,
      { what: "RAM", of: "what the kernel can address", needs: ram, has: most },
    ];
  if (pci_hole > FOUR_GIB) yield `pci_hole is ${inKb(pci_hole)}: it lies below 4 GiB`;
}

function* tooSmall(machine) {
  const { rules, ram, pci_hole, firmware, mem_limit } = machine;
  const dma = `ZONE_DMA alone takes ${inKb(rules.dma_end)}`;
  const below = Math.min(ram, FOUR_GIB - pci_hole) - firmware;
  if (below <= rules.dma_end) yield `${inKb(Math.max(0, below))} of RAM below the PCI hole: ${dma}`;
  if (mem_limit !== null && mem_limit <= rules.dma_end) yield `mem= ends at ${inKb(mem_limit)}: ${dma}`;
  const lowmem = lowmemEnd(machine);
  if (lowmem <= rules.dma_end) yield `${inKb(lowmem)} of lowmem: ${dma}; ask for less vmalloc`;
}
