"""What happens to a machine, and what one page of it costs the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.machine import Machine
from oomlab.mmzone import MAX_PAGES, PAGE_SIZE
from oomlab.rules import rules_for

NODES_PER_PAGE = (1 + 1 / 64 + 1 / 4096) / 64
"""Radix tree nodes for each page of a large file: 64 slots a node, three levels of them."""
BLOCK_SIZES = (4096, 2048, 1024, 512)
"""Blocks of file systems with buffer_heads, in bytes."""
_COUNTS = (
    *("written", "read", "anon_growth", "lowmem_growth"),
    *("anon", "page_tables", "other_lowmem", "other_slab"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is asked of a machine: a file copied, processes growing, and what was there before.

    Sizes are pages. ``written`` and ``read`` are pages of the file that go through
    the page cache; a written page carries buffer_heads, a page that is only read does
    not. ``block_size`` is the file system's, in bytes; ``None`` is a file system
    without buffer_heads. ``anon_growth`` and ``lowmem_growth`` are anonymous memory and
    other lowmem asked for evenly while the file is copied.

    What was there before, nothing by default: ``anon``, ``page_tables``, ``other_lowmem`` (slab that cannot
    be reclaimed, kernel stacks, file pages in lowmem) and ``other_slab``, the reclaimable slab that
    buffer_heads and radix tree nodes do not explain.
    """

    written: int = 0
    read: int = 0
    block_size: int | None = 4096
    anon_growth: int = 0
    lowmem_growth: int = 0
    anon: int = 0
    page_tables: int = 0
    other_lowmem: int = 0
    other_slab: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in _COUNTS:
            pages = getattr(self, name)
            if not isinstance(pages, int | float):
                raise MachineError(f"{name} is {pages!r:.60}: give a number of pages")
            if pages < 0:
                raise MachineError(f"{name} is {pages} pages: it cannot be below zero")
            if not pages < MAX_PAGES:
                raise MachineError(f"{name} is larger than any file or memory: 64 bits address 2^64 bytes")
        if self.block_size not in (None, *BLOCK_SIZES):
            sizes = ", ".join(map(str, BLOCK_SIZES))
            raise MachineError(
                f"a block of {self.block_size} bytes: choose {sizes}, or None for no buffer_heads"
            )

    @property
    def file(self) -> int:
        """All pages that go through the page cache."""
        return self.written + self.read


INCIDENT_WORKLOAD = Workload(
    written=50 * 2**18, anon=127_895, page_tables=915, other_lowmem=4_720, other_slab=901
)
"""What the incident's machine was doing: 50 GiB were copied beside its processes.

``anon`` (with 40 unevictable pages), ``page_tables`` and ``other_lowmem`` (4,089 pages of slab that cannot
be reclaimed, 472 of kernel stacks, 159 of file pages) are read off its report. ``other_slab`` is the one
number that is *calibrated*: chosen so that the model stops where the report did.
"""


class Pinned(NamedTuple):
    """Lowmem pages that one cached page pins while it stays: fractions of a page."""

    buffer_heads: float
    radix_nodes: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.buffer_heads + self.radix_nodes


def pinned_by_page(machine: Machine, workload: Workload) -> Pinned:
    """Return what one page of page cache costs in lowmem, averaged over the pages written and read.

    >>> from oomlab import INCIDENT_WORKLOAD
    >>> from oomlab.machine import INCIDENT
    >>> f"{pinned_by_page(INCIDENT, INCIDENT_WORKLOAD).total:.6f}"
    '0.016146'

    Source: fs/buffer.c ``alloc_page_buffers``, lib/radix-tree.c; sizes in tables/structs.toml.
    """
    rules = rules_for(machine)
    nodes = NODES_PER_PAGE / rules.radix_tree_node.per_page
    if workload.block_size is None or not workload.file:
        return Pinned(0.0, nodes)
    blocks = PAGE_SIZE / workload.block_size * workload.written / workload.file
    return Pinned(blocks / rules.buffer_head.per_page, nodes)


def buffer_head_limit(machine: Machine, lowmem: int) -> int:
    """Return ``max_buffer_heads``: how many the kernel calls too many, for so many pages of lowmem.

    It is a flag, not a cap: only the 2012 fix acts on it.

    >>> from oomlab.machine import INCIDENT
    >>> buffer_head_limit(INCIDENT, 226_454)
    1653085

    Source: fs/buffer.c, ``buffer_init``: a tenth of lowmem, filled with buffer_heads.
    """
    return lowmem * 10 // 100 * (PAGE_SIZE // rules_for(machine).buffer_head.bytes)
