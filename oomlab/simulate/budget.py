"""Where lowmem went: named parts that add up to the page."""

from __future__ import annotations

from oomlab.machine import fact, swap_map_pages
from oomlab.simulate.model import kernel_class, user_class
from oomlab.simulate.trajectory import State, Trajectory

ROUNDING = 1e-3
"""Pages below which a part is nothing but the rounding of the sum."""


def lowmem_budget(
    trajectory: Trajectory, state: State | None = None, zone: str = "Normal"
) -> dict[str, float]:
    """Share a zone's present pages out among what holds them, at the end of a run or at any state of it.

    Gives pages by name, in the order of a picture; they add up to the zone's ``present``.
    A run that began from a sample names the rest ``in use before``.

    >>> from oomlab.simulate import simulate
    >>> budget = lowmem_budget(simulate())
    >>> round(budget["mem_map"]), round(budget["kernel and boot"]), round(sum(budget.values()))
    (65833, 20768, 222502)
    """
    state = state or trajectory.end
    number = state.index(zone)
    free, least = state.free[number], float(state.zones[number].watermark_min)
    parts = _taken_at_boot(trajectory, number) | _metadata(trajectory, state, number)
    parts["file pages"] = state.cache[number]
    parts["anonymous memory"] = state.anon[number]
    parts["free above min"] = max(0.0, free - least)
    parts["free up to min"] = min(free, least)
    parts |= _in_use_before(trajectory, zone, state.zones[number].present - sum(parts.values()))
    return {name: pages for name, pages in parts.items() if abs(pages) > ROUNDING}


def _taken_at_boot(trajectory: Trajectory, number: int) -> dict[str, float]:
    """Split what the page allocator never got: mem_map lies in the highest zone that the kernel maps."""
    zones = trajectory.zones
    taken = float(zones[number].present - zones[number].managed)
    mapped = [i for i, zone in enumerate(zones) if zone.managed and zone.name in ("DMA32", "Normal")]
    if number != mapped[-1]:
        return {"kernel and boot": taken}
    mem_map = sum(zone.memmap for zone in zones)
    if fact("present", trajectory.machine)["counts"] == "ram without memmap":
        mem_map -= zones[number].memmap
    return {"kernel and boot": taken - mem_map, "mem_map": float(mem_map)}


def _metadata(trajectory: Trajectory, state: State, number: int) -> dict[str, float]:
    """Split a zone's pinned pages in the shares of the whole machine."""
    heads, nodes = trajectory.metadata(state)
    every = sum(state.pinned)
    part = state.pinned[number] / every if every else 0.0
    return {
        "buffer_heads": heads * part,
        "radix_tree_nodes": nodes * part,
        "new page tables and other": (every - heads - nodes) * part,
    }


def _in_use_before(trajectory: Trajectory, zone: str, pages: float) -> dict[str, float]:
    """Name what was in use before the workload, where the workload says all of it."""
    workload, machine = trajectory.workload, trajectory.machine
    no_highmem = user_class(trajectory.zones) == kernel_class(trajectory.zones)
    named = {
        "page tables": 0.0 if machine.highpte and not no_highmem else float(workload.page_tables),
        "map of the swap space": float(swap_map_pages(machine)) if no_highmem else 0.0,
        "other slab (calibrated)": float(workload.other_slab),
        "other lowmem": float(workload.other_lowmem),
    }
    if trajectory.booted and abs(sum(named.values()) - pages) < ROUNDING:
        return named
    return {"in use before": pages}
