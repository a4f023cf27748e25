"""From a machine to its zones, by the kernel's own integer arithmetic.

You choose a :class:`Machine`; the kernel derives the :class:`Zone`. Nothing that
a kernel computes is ever typed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oomlab.kernel import KernelVersion

Arch = Literal["i386", "x86_64"]
Allocator = Literal["slab", "slub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What somebody chose: hardware, kernel build, boot parameters and sysctls.

    Sizes are pages of 4 kB unless the name carries a unit. ``None`` leaves the
    choice to the kernel. The defaults are the incident's machine; another one is
    ``dataclasses.replace(machine, ram=gib_to_pages(16))``.

    ``ram`` counts RAM wherever it lies; ``pci_hole`` is the gap below 4 GiB that
    pushes the rest above it, ``low_holes`` are page frames (first, end) below
    1 MiB that are not RAM, and ``firmware`` is what the firmware keeps at the top
    of the RAM below the gap. ``mem_limit`` is ``mem=``: an address, as a page frame.
    ``vmalloc_mib`` is ``vmalloc=``; ``page_offset`` is where the VM split lies.

    ``boot_lowmem`` and ``boot_dma`` are what the kernel image, hash tables, per-cpu
    areas and drivers took from ZONE_NORMAL and ZONE_DMA (``mem_map`` not counted:
    it is derived). ``freed_late`` comes back to ZONE_NORMAL after the kernel has
    set its marks: the initrd and the kernel's own start-up code.
    """

    kernel: KernelVersion = KernelVersion((3, 2, 59))
    arch: Arch = "i386"
    pae: bool = True
    highpte: bool = False
    allocator: Allocator = "slab"
    buffer_head_fix: bool | None = None
    ram: int = 32 * 2**18
    pci_hole: int = 2**18
    low_holes: tuple[tuple[int, int], ...] = ((0x0, 0x10), (0xA0, 0x100))
    firmware: int = 64
    swap: int = 489_973
    mem_limit: int | None = None
    page_offset: int = 0xC0000000
    vmalloc_mib: int | None = None
    min_free_kbytes: int | None = 8192
    watermark_scale_factor: int | None = None
    lowmem_reserve_ratio: tuple[int, ...] | None = None
    transparent_hugepages: bool = False
    boot_lowmem: int = 20_768
    boot_dma: int = 2_986
    freed_late: int = 0
    swiotlb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What the kernel makes of it: one zone, its size and its marks, in pages.

    ``spanned`` runs from ``start_pfn`` and counts holes. ``present`` is what the
    kernel calls present: without holes, and before 3.9 without ``memmap`` too.
    ``memmap`` is the price of the zone's ``struct page`` array, wherever it lies.
    ``managed`` is what the page allocator was given after boot; kernels before
    3.9 do not print it. ``lowmem_reserve[j]`` is kept from requests whose own
    zone is number ``j`` of the tuple that :func:`zones` gives.
    """

    name: str
    start_pfn: int
    spanned: int
    present: int
    managed: int
    memmap: int
    watermark_min: int
    watermark_low: int
    watermark_high: int
    lowmem_reserve: tuple[int, ...]
