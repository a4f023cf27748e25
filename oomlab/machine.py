"""The machine that somebody chose: hardware, kernel build, boot parameters and sysctls.

What a kernel makes of it is derived elsewhere: its rules (:mod:`oomlab.rules`), where its RAM lies
(:mod:`oomlab.memory_map`) and its zones (:mod:`oomlab.zone_model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oomlab.kernel import KernelVersion
from oomlab.mmzone import PAGE_SIZE, VM_SPLITS

Arch = Literal["i386", "x86_64"]
Allocator = Literal["slab", "slub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What somebody chose: hardware, kernel build, boot parameters and sysctls.

    Sizes are pages of 4 kB unless the name carries a unit. ``kernel``, ``arch`` and ``ram`` must be
    given, the kernel also as text: ``"3.2.59"``. The rest defaults to what a PC and its kernel
    have when nobody chooses: ``None`` leaves a choice to the kernel, and what a boot takes counts as nothing
    until it is known. A what-if is ``dataclasses.replace(machine, ram=gib_to_pages(16))``.

    ``ram`` counts RAM wherever it lies; ``pci_hole`` is the gap below 4 GiB that pushes the rest above it,
    usually 1 GiB. ``low_holes`` are page frames (first, end) below 1 MiB that are not RAM: the 64 kB that
    kernels leave to the firmware, and every PC's gap from 640 kB on. ``firmware`` is what the firmware
    keeps at the top of the RAM below the PCI hole. ``mem_limit`` is ``mem=``: an address, as a page frame.
    ``page_offset`` is where the VM split lies. ``vmalloc_mib`` is ``vmalloc=``, which costs 8 MiB more than
    it says; ``None`` is the 128 MiB that a kernel keeps by itself.

    ``boot_lowmem`` and ``boot_dma`` are what the kernel image, hash tables, per-cpu areas and drivers took
    from ZONE_NORMAL and ZONE_DMA. ``mem_map`` is not counted: it is derived. ``freed_late`` comes back after
    the kernel has set its watermarks: the initrd and the kernel's own start-up code. ``swiotlb`` is a
    bounce buffer.
    """

    kernel: KernelVersion
    arch: Arch
    ram: int
    pae: bool = True
    highpte: bool = False
    allocator: Allocator = "slub"
    buffer_head_fix: bool | None = None
    pci_hole: int = 2**18
    low_holes: tuple[tuple[int, int], ...] = ((0x0, 0x10), (0xA0, 0x100))
    firmware: int = 0
    swap: int = 0
    mem_limit: int | None = None
    page_offset: int = VM_SPLITS["3G/1G"]
    vmalloc_mib: int | None = None
    min_free_kbytes: int | None = None
    watermark_scale_factor: int | None = None
    lowmem_reserve_ratio: tuple[int, ...] | None = None
    transparent_hugepages: bool = False
    boot_lowmem: int = 0
    boot_dma: int = 0
    freed_late: int = 0
    swiotlb: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", KernelVersion.of(self.kernel))


INCIDENT = Machine(
    kernel=KernelVersion((3, 2, 59)),
    arch="i386",
    ram=32 * 2**18,
    allocator="slab",
    firmware=64,
    swap=489_973,
    min_free_kbytes=8192,
    boot_lowmem=20_768,
    boot_dma=3_018,
)
"""The machine of the incident: 32 GiB of RAM, Linux 3.2 with PAE, ``min_free_kbytes`` written.

What boot took is read off its report, as what the report does not list; that allows 58 to 89 pages for the
firmware.
"""


def entries_per_table(machine: Machine) -> int:
    """Return the entries of one page-table page: 8 bytes each with PAE or 64 bits, else 4.

    A huge page is what one such page maps, and a page block is as large.

    Source: arch/x86/include/asm/pgtable-*level_types.h, ``PTRS_PER_PTE``; include/linux/pageblock-flags.h.
    """
    return 512 if machine.pae or machine.arch == "x86_64" else 1024


def swap_map_pages(machine: Machine) -> int:
    """Count the pages of ``swap_map``: a byte for every page of swap. They may lie in HighMem.

    >>> from oomlab import INCIDENT
    >>> swap_map_pages(INCIDENT)
    120

    Source: mm/swapfile.c, ``sys_swapon``, 3.2.
    """
    return -(-machine.swap // PAGE_SIZE)
