// From a machine to its zones by the kernel's integer arithmetic: oomlab/zone_model.py and
// oomlab/watermarks.py in the browser. Every number here is far below 2**53, so it is exact.

import { PAGE_KB, inKb, sum } from "./format.js";
import { MachineError, checkMachine, layout, moreLowmem, pagesOf, swiotlbPages } from "./machine.js";

const HIGH = ["HighMem", "Movable"];

let last = { machine: {}, zones: [] }; // along most tracks the work changes, or swap, and the zones do not

// Every zone, lowest first, empty ones too, with Python's field names.
export function zones(machine) {
  const isSame = (name) => machine[name] === last.machine[name] || (name === "swap" && machine.swap >= 0);
  if (!Object.keys(machine).every(isSame)) last = { machine, zones: zonesOf(machine) };
  return last.zones;
}

function zonesOf(machine) {
  checkMachine(machine);
  const extents = layout(machine);
  const memmap = extents.map((extent) => memmapOf(machine, extent));
  const present = extents.map((extent) => presentOf(machine, extent));
  const managed = managedOf(machine, extents, sum(memmap));
  const counted = machine.rules.counted === "present" ? present : managed;
  const atBoot = beforeLateFrees(machine, extents, counted);
  const watermarks = watermarksOf(machine, extents, atBoot, counted);
  const { lowmem_reserve_ratio: ratios, rules } = machine;
  const reserves = reservesOf(rules, ratios ?? rules.ratios, ratios === null ? atBoot : counted);
  return extents.map(({ name, start_pfn, spanned }, i) => ({
    name,
    start_pfn,
    spanned,
    present: present[i],
    managed: managed[i],
    memmap: memmap[i],
    watermark_min: watermarks[i][0],
    watermark_low: watermarks[i][1],
    watermark_high: watermarks[i][2],
    lowmem_reserve: reserves[i],
  }));
}

// --- sizes ----------------------------------------------------------------------------------------

// i386 pays a struct page for holes too, x86_64 does not.
function memmapOf({ arch, rules }, { spanned, ram }) {
  return pagesOf((arch === "i386" ? spanned : ram) * rules.struct_page_bytes);
}

function presentOf({ rules }, { spanned, ram }) {
  if (rules.present === "spanned") return spanned;
  if (rules.present === "ram") return ram;
  return Math.max(0, ram - pagesOf(spanned * rules.struct_page_bytes));
}

function managedOf(machine, extents, memMap) {
  const taken = takenByBoot(machine, extents, memMap);
  for (const { name, ram } of extents) {
    const used = taken[name] + (name === bootZone(extents) ? machine.freed_late : 0);
    if (ram && ram <= used)
      throw new MachineError(
        `${name} has ${inKb(ram)}, but boot and mem_map take ${inKb(used)}: ${moreLowmem(machine)}`,
        { what: "boot and mem_map", of: `ZONE_${name.toUpperCase()}`, needs: used, has: ram },
      );
  }
  return extents.map(({ name, ram }) => (ram ? ram - taken[name] : 0));
}

function takenByBoot(machine, extents, memMap) {
  const taken = Object.fromEntries(extents.map(({ name }) => [name, 0]));
  taken.DMA = machine.boot_dma;
  taken[mapped(extents).at(-1)] += memMap;
  taken[bootZone(extents)] += machine.boot_lowmem + swiotlbPages(machine);
  return taken;
}

const mapped = (extents) =>
  extents.filter(({ name, ram }) => ram && ["DMA32", "Normal"].includes(name)).map(({ name }) => name);
const bootZone = (extents) => mapped(extents)[0];

function beforeLateFrees(machine, extents, counted) {
  if (machine.rules.counted === "present") return counted;
  return extents.map(({ name }, i) => counted[i] - (name === bootZone(extents) ? machine.freed_late : 0));
}

// --- min, low, high -------------------------------------------------------------------------------

function watermarksOf(machine, extents, atBoot, now) {
  if (machine.min_free_kbytes !== null) return watermarksFor(machine, extents, now, machine.min_free_kbytes);
  const sizes = machine.watermark_scale_factor === null ? atBoot : now;
  return watermarksFor(machine, extents, sizes, ownMinFree(machine, extents, atBoot));
}

function watermarksFor({ rules, watermark_scale_factor }, extents, sizes, minFree) {
  const scale = watermark_scale_factor ?? 10;
  const lowmem = sum(sizes.filter((_, i) => isLow(extents[i])));
  const hasHighMem = extents.some(({ name }, i) => name === "HighMem" && sizes[i] > 0);
  return extents.map(({ name }, i) => {
    const isSmall = name === "HighMem" || (name === "Movable" && (rules.movable === "always" || hasHighMem));
    return zoneWatermarks(rules, sizes[i], lowmem, minFree, scale, isSmall);
  });
}

// What the kernel chooses when nobody writes min_free_kbytes.
function ownMinFree(machine, extents, sizes) {
  const { hugepages } = machine.rules;
  const lowmem = sum(sizes.filter((_, i) => isLow(extents[i])));
  const chosen = rootOf(machine.rules, lowmem);
  if (sum(sizes) < hugepages.min_ram_mib * 256) return chosen;
  const watermarks = watermarksFor(machine, extents, sizes, chosen);
  const above = (size, i) => (isLow(extents[i]) ? Math.max(0, size - watermarks[i][2]) : 0);
  const spare = sum(sizes.map(above));
  if (machine.transparent_hugepages)
    return Math.max(chosen, hugepageMinFree(machine, extents, sizes, spare));
  return hugepages.off_recounts ? rootOf(machine.rules, spare) : chosen;
}

function hugepageMinFree({ rules: { hugepages }, pae, arch }, extents, sizes, spare) {
  const counted = sizes.filter((size, i) => size && (hugepages.zones === "all" || isLow(extents[i])));
  const pageblock = pae || arch === "x86_64" ? 512 : 1024;
  const wanted = hugepages.pageblocks * pageblock * counted.length;
  return PAGE_KB * Math.min(wanted, Math.floor(spare / hugepages.lowmem_divisor));
}

const rootOf = ({ min_free_kbytes: { factor, min, max } }, lowmem) =>
  Math.min(Math.max(Math.floor(Math.sqrt(lowmem * PAGE_KB * factor)), min), max);

const isLow = ({ name }) => !HIGH.includes(name);

function zoneWatermarks(rules, size, lowmem, minFree, scale, isSmall) {
  const share = Math.floor((Math.floor(minFree / PAGE_KB) * size) / lowmem);
  const min = isSmall ? Math.min(Math.max(Math.floor(size / 1024), 32), 128) : share;
  const [toLow, toHigh] = STEPS[rules.watermarks](min, share, Math.floor((size * scale) / 10_000));
  return [min, min + toLow, min + toHigh];
}

const STEPS = {
  twice_and_thrice: (min) => [min, 2 * min],
  quarters_of_min: (min) => [Math.floor(min / 4), Math.floor(min / 2)],
  quarters_of_share: (min, share) => [Math.floor(share / 4), Math.floor(share / 2)],
  quarters_or_scale: (min, share, scaled) => {
    const step = Math.max(Math.floor(share / 4), scaled);
    return [step, 2 * step];
  },
};

// --- lowmem_reserve -------------------------------------------------------------------------------

function reservesOf({ lowmem_reserve: how }, ratios, sizes) {
  if (ratios.length < sizes.length - 1)
    throw new MachineError(
      `${ratios.length} lowmem_reserve_ratio values for ${sizes.length} zones: give one for each`,
    );
  const used = sizes.map((_, i) => ratioOf(ratios[i] ?? 0, how));
  const clear = sizes.map((size, i) => used[i] === 0 || (size === 0 && !how.empty_lower));
  const reserve = (lower, upper) => {
    if (upper <= lower || clear[lower] || (!sizes[upper] && !how.empty_upper)) return 0;
    const between = sizes.filter((_, k) => k > lower && k < upper && (how.counts_cleared || !clear[k]));
    return Math.floor((sizes[upper] + sum(between)) / used[lower]);
  };
  return sizes.map((_, lower) => sizes.map((_, upper) => reserve(lower, upper)));
}

const ratioOf = (ratio, how) => (ratio >= 1 ? ratio : how.zero_ratio === "one" ? 1 : 0);
