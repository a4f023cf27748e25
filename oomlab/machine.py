"""The machine that somebody chose: hardware, kernel build, boot parameters and sysctls.

What a kernel makes of it is derived elsewhere: its rules (:mod:`oomlab.rules`), where its RAM lies
(:mod:`oomlab.memory_map`) and its zones (:mod:`oomlab.zone_model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oomlab.kernel import KernelVersion
from oomlab.mmzone import PAGE_SIZE

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
    of the RAM below the gap (the incident's report allows 58 to 89 pages).
    ``mem_limit`` is ``mem=``: an address, as a page frame. ``vmalloc_mib`` is
    ``vmalloc=``, which costs 8 MiB more than it says; ``None`` is the 128 MiB that a
    kernel keeps by itself. ``page_offset`` is where the VM split lies.

    ``boot_lowmem`` and ``boot_dma`` are what the kernel image, hash tables, per-cpu
    areas and drivers took from ZONE_NORMAL and ZONE_DMA. ``mem_map`` is not counted:
    it is derived. Both defaults are read off the incident's report, as what it does
    not list. ``freed_late`` comes back after the kernel has set its marks: the initrd
    and the kernel's own start-up code. ``swiotlb`` is a bounce buffer, in pages.
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
    boot_dma: int = 3_018
    freed_late: int = 0
    swiotlb: int | None = None


INCIDENT = Machine()
"""The machine of the incident: 32 GiB of RAM, Linux 3.2 with PAE."""


def swap_map_pages(machine: Machine) -> int:
    """Count the pages of ``swap_map``: a byte for every page of swap. They may lie in HighMem.

    >>> swap_map_pages(Machine())
    120

    Source: mm/swapfile.c, ``sys_swapon``, 3.2.
    """
    return -(-machine.swap // PAGE_SIZE)
