"""Pictures of what high memory costs low memory: by the page of RAM, and by the page of cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from oomlab.errors import require
from oomlab.machine import INCIDENT, Machine
from oomlab.mmzone import PAGE_SIZE, is_highmem
from oomlab.palette import swatch
from oomlab.plot.canvas import INK, QUIET, SMALL, TEXT, block, look, paper, say
from oomlab.simulation import INCIDENT_WORKLOAD, pinned_by_page
from oomlab.simulation.workload import BLOCK_SIZES
from oomlab.units import gib_to_pages, human_kb, kb
from oomlab.zone_model import zones


def mem_map_price(
    machine: Machine, *, ram_gib: Sequence[float] = (1, 4, 8, 16, 32, 48, 64), ax: Axes | None = None
) -> Axes:
    """Draw how much of lowmem the mem_map takes on machines that differ in nothing but their RAM."""
    require(machine, Machine, "mem_map_price takes a Machine, such as INCIDENT")
    ax = paper(ax, height=0.95 + 0.42 * len(ram_gib))
    for row, gib in enumerate(ram_gib):
        _price(ax, -row, gib, replace(machine, ram=gib_to_pages(gib)))
    ax.set(xlim=(-0.02, 1.16), ylim=(0.5 - len(ram_gib), 0.55), xticks=[], yticks=[])
    detail = "Each bar is the lowmem of one machine, up to the 896 MiB line. Dotted: mem_map."
    say(ax, "Every page of RAM is paid for in lowmem", detail)
    return ax


def _price(ax: Axes, row: float, gib: float, machine: Machine) -> None:
    derived = zones(machine)
    lowmem = sum(zone.spanned for zone in derived if not is_highmem(zone.name))
    paid = sum(zone.memmap for zone in derived)
    share = paid / lowmem
    ax.text(-0.012, row, f"{gib:g} GiB", ha="right", va="center", fontsize=TEXT, color=INK)
    block(ax, 0, row - 0.28, 1, 0.56, facecolor="#f0f0f0", linewidth=0)
    block(ax, 0, row - 0.28, share, 0.56, **look("mem_map"))
    ax.text(share + 0.012, row, human_kb(kb(paid)), va="center", fontsize=SMALL, color=INK)
    ax.text(1.012, row, f"{100 * share:.0f} % of lowmem", va="center", fontsize=SMALL, color=QUIET)


def bytes_per_cached_page(
    machine: Machine | None = None,
    *,
    block_sizes: Sequence[int | None] = (None, *BLOCK_SIZES),
    ax: Axes | None = None,
) -> Axes:
    """Draw the bytes of lowmem that one page of page cache pins, by the block size of the file system.

    ``None`` among the sizes is a file system without buffer_heads.
    """
    machine = INCIDENT if machine is None else machine
    require(machine, Machine, "bytes_per_cached_page takes a Machine, such as INCIDENT")
    ax = paper(ax, height=0.95 + 0.42 * len(block_sizes))
    costs = [pinned_by_page(machine, replace(INCIDENT_WORKLOAD, block_size=size)) for size in block_sizes]
    widest = max(cost.total for cost in costs)
    for row, (size, cost) in enumerate(zip(block_sizes, costs, strict=True)):
        name = "no buffer_heads" if size is None else f"blocks of {size:,} B"
        ax.text(-0.012, -row, name, ha="right", va="center", fontsize=TEXT, color=INK)
        start = 0.0
        for key, pages in (("radix_tree_node", cost.radix_nodes), ("buffer_head", cost.buffer_heads)):
            block(ax, start, -row - 0.28, pages / widest, 0.56, **look(key))
            start += pages / widest
        label = f"{cost.total * PAGE_SIZE:.0f} bytes"
        ax.text(start + 0.012, -row, label, va="center", fontsize=SMALL, color=INK)
    ax.set(xlim=(-0.02, 1.16), ylim=(0.5 - len(block_sizes), 0.55), xticks=[], yticks=[])
    detail = (
        f"Bytes of lowmem for one page of file in the cache. Crossed: {swatch('radix_tree_node').term}; "
        f"striped: {swatch('buffer_head').term}."
    )
    say(ax, "The smaller the blocks, the dearer the cache", detail)
    return ax
