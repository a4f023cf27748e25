// Every thing twice, in plain words and in the kernel's; with its bytes at this moment, and how they are computed.

import { PAGE_KB, fixed, grouped, human, sum } from "./format.js";
import { totals } from "./view_model.js";

// What is shown of a thing, by its key in the palette; "HighMem" and "lowmem" are zones.
// Returns {words, size, how}; null for what this run does not have.
export function explain(key, run, state, palette) {
  const entry = ENTRIES[key];
  if (!entry || run.error) return null;
  const { label, term, plain } = ZONES[key] ?? palette[key];
  const words = (plain || label) === term ? term : `${plain || label} · ${term}`;
  const { pages, how } = entry(run, state, totals(run, state)[key]);
  return { words, size: human(pages), how };
}

const ZONES = {
  lowmem: { label: "what the kernel reaches directly", term: "lowmem" },
  HighMem: { label: "what only processes and page cache may use", term: "HighMem" },
};

const low = (run, list) => sum(list.slice(0, run.kernel + 1));
const marks = (run, name) =>
  run.zones
    .filter((_, i) => run.sizes[i])
    .map((zone) => `${zone.name} ${grouped(zone[name] * PAGE_KB)} kB`)
    .join(", ");

// Why a report shows less of a zone than lies in it: the kernels that leave out the zone's own part of mem_map.
function presentOf({ zones, sizes, machine }) {
  if (machine.rules.present !== "ram without memmap") return "";
  const shown = zones.filter((_, i) => sizes[i]).map(({ name, present }) => `${name} ${human(present)}`);
  return `; a report says present: ${shown.join(", ")}, for it leaves out each zone’s share of mem_map`;
}

const ENTRIES = {
  lowmem: (run) => ({
    pages: low(run, run.sizes),
    how: `the first 896 MiB of a 32-bit kernel, less what vmalloc= asks beyond its 128 MiB; RAM does not change it${presentOf(run)}`,
  }),
  HighMem: (run) => ({ pages: sum(run.sizes.slice(run.kernel + 1)), how: `all RAM above lowmem${presentOf(run)}` }),
  kernel: (_, __, pages) => ({ pages, how: "kernel image, hash tables and drivers, read off the incident’s report" }),
  mem_map: (run, _, pages) => ({
    pages,
    how: `${grouped((pages * PAGE_KB * 1024) / run.machine.rules.struct_page_bytes)} page frames × ${run.machine.rules.struct_page_bytes} bytes: it grows with RAM and lies in lowmem`,
  }),
  other_slab: ({ workload }, _, pages) => ({
    pages,
    how: `slab, kernel stacks and page tables; ${human(workload.other_lowmem)} of them are the setting “Other lowmem”, which uptime collects`,
  }),
  swap_map: ({ machine }, _, pages) => ({ pages, how: `${grouped(machine.swap)} pages of swap × 1 byte, used or not` }),
  records: ({ pinned: { buffer_heads, radix_nodes }, machine: { rules } }, { cache }, pages) => {
    const cached = sum(cache);
    const heads = buffer_heads
      ? `a buffer_head for each of ${fixed(buffer_heads * rules.buffer_head.per_page, 1)} blocks, ${fixed(rules.buffer_head.per_page, 1)} to a page: ${human(buffer_heads * cached)}; `
      : "";
    const nodes = `a radix_tree_node for 64 pages, ${fixed(rules.radix_tree_node.per_page, 1)} to a page: ${human(radix_nodes * cached)}`;
    return { pages, how: `for ${grouped(cached)} cached pages ${heads}${nodes}` };
  },
  anonymous: (_, __, pages) => ({ pages, how: "heaps and stacks of processes; swap is for them alone" }),
  cache: (_, { written }, pages) => ({ pages, how: `${human(written)} of the file have passed; what was recycled is gone` }),
  free: (_, __, pages) => ({ pages, how: "all zones together: what is in none of the other uses" }),
  swap: (_, __, pages) => ({ pages, how: "process memory that was moved to disk" }),
  watermark_min: (run) => ({ pages: low(run, run.plan.min), how: `from min_free_kbytes, by size of the zone: ${marks(run, "watermark_min")}` }),
  watermark_low: (run) => ({ pages: sum(run.plan.low.filter((_, i) => run.sizes[i])), how: `min and a quarter of the zone’s share: ${marks(run, "watermark_low")}` }),
};

// Words of the sentence that name such a thing, longest first.
export const LINKED = [
  ["records of cached pages", "records"],
  ["mem_map", "mem_map"],
  ["ZONE_NORMAL", "lowmem"],
  ["buffer_heads", "records"],
  ["records", "records"],
  ["page cache", "cache"],
  ["HighMem", "HighMem"],
  ["lowmem", "lowmem"],
  ["Normal", "lowmem"],
  ["low watermark", "watermark_low"],
  ["process memory", "anonymous"],
  ["Swap", "swap"],
  ["swap", "swap"],
  ["cache", "cache"],
];
