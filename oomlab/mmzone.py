"""The vocabulary of memory zones and nodes, named after the kernel's own ``mmzone.h``.

Names, VM splits and node lists stand here once, for the model, the parser and the pictures alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from oomlab.units import PAGE_KB

PAGE_SIZE = PAGE_KB * 1024
"""Bytes in a page of every x86 kernel."""

DMA_END = 0x1000
"""The page frame at 16 MiB, where ZONE_DMA ends."""
FOUR_GIB = 0x100000
"""The page frame at 4 GiB."""

MAX_PAGES = 2**52
"""What 64 bits address, in pages of 4 KiB: no size is larger."""

ZONE_ORDER = ("DMA", "DMA32", "Normal", "HighMem", "Movable", "Device")
"""The kernel's zones from the lowest to the highest; every kernel has some of them."""

ZONE_NAMES = "|".join(ZONE_ORDER)
"""The same for a regular expression."""

REQUEST_ZONES = ZONE_ORDER[:5]
"""The zones that a request can name or fall to: all but Device, whose pages are given out otherwise."""

DIRECT_MAPPED = ("DMA32", "Normal")
"""The zones above 16 MiB that the kernel maps for good: what boot takes lies there.

Source: arch/x86/mm/init_64.c and init_32.c, ``zone_sizes_init``; mm/memblock.c, top-down allocation.
"""

MAX_NUMNODES = 1024
"""As many NUMA nodes as any kernel can be built for: ``NODES_SHIFT`` is at most 10."""

VM_SPLITS: Mapping[str, int] = {"3G/1G": 0xC0000000, "2G/2G": 0x80000000, "1G/3G": 0x40000000}
"""Where lowmem is mapped on i386 (``page_offset``), by what a process and the kernel get of 4 GiB."""

VM_SPLITS_WITHOUT_PAE: Mapping[str, int] = {"3G/1G opt": 0xB0000000, "2G/2G opt": 0x78000000}
"""Further splits, offered only without PAE.

Source: arch/x86/Kconfig, ``VMSPLIT_3G_OPT`` and ``VMSPLIT_2G_OPT``.
"""

_HIGH = frozenset(("HighMem", "Movable", "Device"))
_SPAN = re.compile(r"(\d+)(?:-(\d+))?", re.A)
_MAX_LIST_LENGTH = 4096
"""Characters; the longest list of 1,024 nodes, every other one of them, takes 2,500."""


def is_highmem(name: str) -> bool:
    """Whether the kernel cannot put its own data into a zone of this name.

    Beside HighMem these are Movable and Device, which the kernel's own function of this name counts
    only in part.

    >>> [name for name in ZONE_ORDER if not is_highmem(name)]
    ['DMA', 'DMA32', 'Normal']

    Source: include/linux/mmzone.h, ``is_highmem``.
    """
    return name in _HIGH


def parse_nodelist(text: str | None) -> frozenset[int]:
    """Read a node list as the kernel prints it: ``0-1,3``.

    A text that names no node, such as ``(null)``, ``all`` or none at all, gives the empty set: it binds
    to no node. Numbers that no kernel could print are left out, so a damaged list costs little.

    >>> sorted(parse_nodelist("0-1,3")), parse_nodelist("(null)")
    ([0, 1, 3], frozenset())

    Source: lib/vsprintf.c, ``%*pbl``; mm/oom_kill.c, ``dump_header``.
    """
    found = _SPAN.findall((text or "")[:_MAX_LIST_LENGTH])
    nodes: list[int] = []
    for first, last in sorted((int(first), int(last or first)) for first, last in found):
        start = max(first, nodes[-1] + 1) if nodes else first  # no node twice, however often it is named
        nodes += range(start, min(last + 1, MAX_NUMNODES))
    return frozenset(nodes)
