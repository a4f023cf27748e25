"""Where lowmem went, by the report's own numbers: parts that add up to the page."""

from __future__ import annotations

from oomlab.fitting.machine import EXCLUSIVE, file_pages
from oomlab.machine import Machine
from oomlab.report import Report, ZoneStat
from oomlab.rules import rules_for
from oomlab.simulation import Part, Workload, pinned_by_page
from oomlab.zone_model import zones

_NAMES = {
    "active_anon": ("anonymous", "anonymous memory"),
    "inactive_anon": ("anonymous", "anonymous memory"),
    "active_file": ("cache", "file pages"),
    "inactive_file": ("cache", "file pages"),
    "unevictable": ("kernel", "unevictable"),
    "slab_reclaimable": ("slab", "reclaimable slab"),
    "slab_unreclaimable": ("slab", "unreclaimable slab"),
    "kernel_stack": ("kernel", "kernel stacks"),
    "pagetables": ("kernel", "page tables"),
    "bounce": ("kernel", "bounce buffers"),
}

_MAX_OVERCOUNT = 0.2
"""A part of the zone may be counted twice; beyond this one of the numbers is damaged."""


def reported_budget(report: Report, machine: Machine | None, workload: Workload | None) -> tuple[Part, ...]:
    """Divide the present pages of ZONE_NORMAL by what the report shows; the rest is *other, unlisted*.

    Empty when the report does not show the zone with its size, or shows much more in it than that.
    """
    zone = report.find_zone("Normal")
    if zone is None or not zone.present or zone.free is None:
        return ()
    listed = _listed(report, zone, machine, workload)
    minimum = zone.watermark_min or 0
    left = [
        Part("free", "free above min", float(max(0, zone.free - minimum))),
        Part("watermark_min", "free up to min", float(min(zone.free, minimum))),
    ]
    mem_map = Part("mem_map", "mem_map", float(_mem_map(machine)))
    other = zone.present - sum(part.pages for part in [*listed, *left, mem_map])
    if other < -_MAX_OVERCOUNT * zone.present:
        return ()
    parts = [Part("kernel", "other, unlisted", other), mem_map, *listed, *left]
    return tuple(part for part in parts if part.pages)


def _listed(report: Report, zone: ZoneStat, machine: Machine | None, workload: Workload | None) -> list[Part]:
    """Add up the zone's own counters, with the reclaimable slab told apart where the model can."""
    sums: dict[tuple[str, str], float] = {}
    for name in EXCLUSIVE:
        sums[_NAMES[name]] = sums.get(_NAMES[name], 0.0) + zone.counters.get(name, 0)
    slab = sums.pop(_NAMES["slab_reclaimable"])
    parts = [Part(key, name, pages) for (key, name), pages in sums.items()]
    if machine is None or workload is None or not slab:
        return [Part(*_NAMES["slab_reclaimable"], slab), *parts]
    return [*_slab(report, slab, machine, workload), *parts]


def _slab(report: Report, slab: float, machine: Machine, workload: Workload) -> list[Part]:
    """Split a zone's reclaimable slab: what the page cache explains, less the share that other zones hold."""
    pinned = pinned_by_page(machine, workload)
    elsewhere = sum(
        zone.counters.get("slab_reclaimable", 0) for zone in report.zones if zone.name != "Normal"
    )
    here = min(slab, max(0.0, pinned.total * file_pages(report) - elsewhere))
    return [
        Part("buffer_head", "buffer_heads", here * pinned.buffer_heads / pinned.total),
        Part("radix_tree_node", "radix tree nodes", here * pinned.radix_nodes / pinned.total),
        Part("slab", "other reclaimable slab", slab - here),
    ]


def _mem_map(machine: Machine | None) -> int:
    """Return the mem_map that lies in ZONE_NORMAL and counts in its present pages."""
    if machine is None:
        return 0
    derived = zones(machine)
    own = rules_for(machine).present == "ram without memmap"
    return sum(zone.memmap for zone in derived if not (own and zone.name == "Normal"))
