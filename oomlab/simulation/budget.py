"""Where lowmem went: named parts that add up to the page."""

from __future__ import annotations

from typing import NamedTuple

from oomlab.errors import require
from oomlab.machine import swap_map_pages
from oomlab.mmzone import DIRECT_MAPPED
from oomlab.rules import rules_for
from oomlab.simulation.model import kernel_class, user_class
from oomlab.simulation.trajectory import State, Trajectory

ROUNDING = 1e-3
"""Pages below which a part is nothing but the rounding of the sum."""


class Part(NamedTuple):
    """One use of a zone's memory: its key in the palette, its name, and its pages."""

    key: str
    name: str
    pages: float


def lowmem_budget(
    trajectory: Trajectory, state: State | None = None, zone: str = "Normal"
) -> tuple[Part, ...]:
    """Divide a zone's present pages among what holds them, at the end of a run or at any state of it.

    The parts stand in the order of a picture and add up to the zone's ``present``. A run
    that began from a sample names the rest ``in use before``.

    >>> from oomlab.simulation import simulate
    >>> parts = {part.name: round(part.pages) for part in lowmem_budget(simulate())}
    >>> parts["mem_map"], parts["kernel and boot"], sum(parts.values())
    (65833, 20768, 222502)
    """
    require(trajectory, Trajectory, "lowmem_budget takes a run, as simulate gives it")
    state = state or trajectory.end
    number = state.index(zone)
    free, minimum = state.free[number], float(state.zones[number].watermark_min)
    taken = _taken_at_boot(trajectory, number)
    held = [
        *_metadata(trajectory, state, number),
        Part("cache", "file pages", state.cache[number]),
        Part("anonymous", "anonymous memory", state.anon[number]),
    ]
    left = [
        Part("free", "free above min", max(0.0, free - minimum)),
        Part("watermark_min", "free up to min", min(free, minimum)),
    ]
    rest = state.zones[number].present - sum(part.pages for part in [*taken, *held, *left])
    parts = [*taken, *held, *_in_use_before(trajectory, rest), *left]
    return tuple(part for part in parts if abs(part.pages) > ROUNDING)


def _taken_at_boot(trajectory: Trajectory, number: int) -> list[Part]:
    """Split what the page allocator never got: mem_map lies in the highest zone that the kernel maps."""
    zones = trajectory.zones
    taken = float(zones[number].present - zones[number].managed)
    mapped = [i for i, zone in enumerate(zones) if zone.managed and zone.name in DIRECT_MAPPED]
    mem_map = sum(zone.memmap for zone in zones) if number == mapped[-1] else 0
    if mem_map and rules_for(trajectory.machine).present == "ram without memmap":
        mem_map -= zones[number].memmap
    return [Part("kernel", "kernel and boot", taken - mem_map), Part("mem_map", "mem_map", float(mem_map))]


def _metadata(trajectory: Trajectory, state: State, number: int) -> list[Part]:
    """Split a zone's pinned pages in the shares of the whole machine."""
    heads, nodes = trajectory.metadata(state)
    every = sum(state.pinned)
    part = state.pinned[number] / every if every else 0.0
    return [
        Part("buffer_head", "buffer_heads", heads * part),
        Part("radix_tree_node", "radix tree nodes", nodes * part),
        Part("kernel", "new page tables and other", (every - heads - nodes) * part),
    ]


def _in_use_before(trajectory: Trajectory, pages: float) -> list[Part]:
    """Name what was in use before the workload, where the workload lists all of it."""
    workload, machine = trajectory.workload, trajectory.machine
    no_highmem = user_class(trajectory.zones) == kernel_class(trajectory.zones)
    tables_here = no_highmem or not machine.highpte
    named = [
        Part("slab", "other slab (calibrated)", float(workload.other_slab)),
        Part("kernel", "page tables", float(workload.page_tables if tables_here else 0)),
        Part("kernel", "other lowmem", float(workload.other_lowmem)),
        Part("swap", "map of the swap space", float(swap_map_pages(machine) if no_highmem else 0)),
    ]
    if trajectory.booted and abs(sum(part.pages for part in named) - pages) < ROUNDING:
        return named
    return [Part("kernel", "in use before", pages)]
