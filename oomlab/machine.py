"""The machine that somebody chose, and where its RAM lies.

Hardware, kernel build, boot parameters and sysctls are choices; page frames and lowmem
follow from them. Facts by version are rows of ``tables/zones.toml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from oomlab.errors import MachineError
from oomlab.kernel import KernelVersion, load_table, rows_for
from oomlab.mmzone import PAGE_SIZE, VM_SPLITS, VM_SPLITS_WITHOUT_PAE
from oomlab.units import gib_to_pages, human_kb, kb

Arch = Literal["i386", "x86_64"]
Allocator = Literal["slab", "slub"]

DMA_END = 0x1000
"""The page frame at 16 MiB, where ZONE_DMA ends."""
FOUR_GIB = 0x100000
"""The page frame at 4 GiB."""

_SIZES = (
    *("ram", "pci_hole", "firmware", "swap", "mem_limit", "vmalloc_mib", "min_free_kbytes"),
    *("boot_lowmem", "boot_dma", "freed_late", "swiotlb"),
)


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


def has_buffer_head_fix(machine: Machine) -> bool:
    """Tell whether reclaim looks into HighMem when buffer_heads fill lowmem.

    >>> has_buffer_head_fix(Machine()), has_buffer_head_fix(Machine(kernel=KernelVersion((3, 4))))
    (False, True)

    Source: mm/vmscan.c, commit cc715d99e529 (3.4 and 3.3.8, never in 3.2.y).
    """
    if machine.buffer_head_fix is not None:
        return machine.buffer_head_fix
    return bool(fact("buffer_head_fix", machine)["there"])


def struct_page_bytes(machine: Machine) -> int:
    """Give the size of ``struct page``: what the kernel pays for every page frame.

    >>> struct_page_bytes(Machine())
    32
    """
    return int(fact("struct_page", machine)["bytes"])


def swap_map_pages(machine: Machine) -> int:
    """Count the pages of ``swap_map``: a byte for every page of swap. They may lie in HighMem.

    >>> swap_map_pages(Machine())
    120

    Source: mm/swapfile.c, ``sys_swapon``, 3.2.
    """
    return -(-machine.swap // PAGE_SIZE)


def swiotlb_pages(machine: Machine) -> int:
    """Count the pages of the bounce buffer that a kernel takes when RAM lies above 4 GiB.

    >>> swiotlb_pages(Machine(kernel=KernelVersion((6, 1))))
    16384
    """
    if machine.swiotlb is not None:
        return machine.swiotlb
    needed = memory_map(machine)[-1][1] > FOUR_GIB
    return int(fact("swiotlb", machine)["mib"]) * 256 if needed else 0


# --- where the RAM is -------------------------------------------------------------------------


def memory_map(machine: Machine) -> tuple[tuple[int, int], ...]:
    """List the RAM as page frames (first, end), as the firmware's map would.

    RAM fills the space up to the PCI hole; the rest continues at 4 GiB. ``mem=`` cuts by
    address, and a kernel without PAE cuts at 4 GiB. A real PAE kernel cuts at 64 GiB of
    *address* too; here 64 GiB of RAM keeps what the hole pushes beyond it. For the real
    kernel's cut give ``mem_limit`` 64 GiB.

    >>> [(hex(first), hex(end)) for first, end in memory_map(Machine())][-1]
    ('0x100000', '0x840000')
    """
    below = min(machine.ram, FOUR_GIB - machine.pci_hole)
    edges = [0, *(edge for hole in machine.low_holes for edge in hole), below - machine.firmware]
    edges += [FOUR_GIB, FOUR_GIB + machine.ram - below]
    limit = _address_limit(machine)
    ranges = zip(edges[::2], edges[1::2], strict=True)
    return tuple((first, min(end, limit)) for first, end in ranges if first < min(end, limit))


def _address_limit(machine: Machine) -> int:
    limit = FOUR_GIB if machine.arch == "i386" and not machine.pae else 2**40
    return limit if machine.mem_limit is None else min(machine.mem_limit, limit)


def lowmem_end(machine: Machine) -> int:
    """Find the page frame where lowmem ends: HighMem begins there.

    On i386 the kernel maps what its part of the address space holds, less vmalloc's room;
    x86_64 maps everything.

    >>> hex(lowmem_end(Machine()))
    '0x37bfe'

    Source: arch/x86/mm/init_32.c, ``find_low_pfn_range``; MAXMEM in pgtable_32_types.h.
    """
    end = memory_map(machine)[-1][1]
    return end if machine.arch == "x86_64" else min(end, _direct_map(machine))


def _direct_map(machine: Machine) -> int:
    room = 128
    if machine.vmalloc_mib is not None:
        room = machine.vmalloc_mib + int(fact("vmalloc_guard", machine)["mib"])
    top = int(fact("vmalloc_end", machine)["address"])
    return max(0, top - machine.page_offset - room * 2**20) // PAGE_SIZE


class Extent(NamedTuple):
    """Where a zone lies: its first page frame, the frames it spans, and those of them that are RAM."""

    name: str
    start_pfn: int
    spanned: int
    ram: int


def layout(machine: Machine) -> tuple[Extent, ...]:
    """Lay every zone of the kernel over the machine's RAM, lowest first; empty zones span nothing."""
    ram, bounds = memory_map(machine), _bounds(machine)
    return tuple(_extent(name, *bounds[name], ram) for name in zone_names(machine))


def zone_names(machine: Machine) -> tuple[str, ...]:
    """Name the zones that the machine's kernel has, lowest first."""
    return tuple(fact("names", machine)["zones"])


def _bounds(machine: Machine) -> dict[str, tuple[int, int]]:
    """Give the frames that each zone may lie in, whether or not there is RAM."""
    low = lowmem_end(machine)
    wide = machine.arch == "x86_64" and "DMA32" in zone_names(machine)
    dma32_end = FOUR_GIB if wide else DMA_END
    return {
        "DMA": (0, DMA_END),
        "DMA32": (DMA_END, dma32_end),
        "Normal": (dma32_end, low),
        "HighMem": (low, 2**40),
        "Movable": (0, 0),
    }


def _extent(name: str, start: int, end: int, ram: Sequence[tuple[int, int]]) -> Extent:
    inside = [(max(first, start), min(last, end)) for first, last in ram if first < end and last > start]
    if not inside:
        return Extent(name, 0, 0, 0)
    first, last = inside[0][0], inside[-1][1]
    return Extent(name, first, last - first, sum(b - a for a, b in inside))


# --- what cannot be ---------------------------------------------------------------------------


def check_machine(machine: Machine) -> None:
    """Raise :class:`MachineError` with the first reason why a machine could not boot."""
    for faults in (_negative, _unknown, _too_large, _too_small):
        reason = next(faults(machine), None)
        if reason is not None:
            raise MachineError(reason)


def _negative(machine: Machine) -> Iterator[str]:
    for name in _SIZES:
        value = getattr(machine, name)
        if value is not None and value < 0:
            yield f"{name} is {value}: a size cannot be negative"


def _unknown(machine: Machine) -> Iterator[str]:
    if machine.arch not in ("i386", "x86_64"):
        yield f"arch is {machine.arch!r}: choose 'i386' or 'x86_64'"
    if machine.allocator not in ("slab", "slub"):
        yield f"allocator is {machine.allocator!r}: choose 'slab' or 'slub'"
    splits = (VM_SPLITS if machine.pae else {**VM_SPLITS, **VM_SPLITS_WITHOUT_PAE}).values()
    if machine.arch == "i386" and machine.page_offset not in splits:
        choices = ", ".join(f"{split:#x}" for split in splits)
        yield f"page_offset is {machine.page_offset:#x}: choose one of {choices}"
    scale = machine.watermark_scale_factor
    if scale is not None and not 1 <= scale <= 3000:
        yield f"watermark_scale_factor is {scale}: the kernel takes 1 to 3000"
    edges = [edge for hole in machine.low_holes for edge in hole]
    if edges != sorted(edges) or any(not 0 <= edge <= 0x100 for edge in edges):
        yield f"low_holes are {machine.low_holes}: give page frames below 0x100, rising"


def _too_large(machine: Machine) -> Iterator[str]:
    gib = int(fact("most_ram", machine)["gib"])
    if machine.ram > gib_to_pages(gib):
        build = f"{machine.arch}{' PAE' * machine.pae if machine.arch == 'i386' else ''}"
        yield f"{human_kb(kb(machine.ram))} of RAM: an {build} kernel {machine.kernel} addresses {gib} GiB"
    if machine.pci_hole > FOUR_GIB:
        yield f"pci_hole is {human_kb(kb(machine.pci_hole))}: it lies below 4 GiB"


def _too_small(machine: Machine) -> Iterator[str]:
    below = min(machine.ram, FOUR_GIB - machine.pci_hole) - machine.firmware
    if below <= DMA_END:
        yield f"{human_kb(kb(max(0, below)))} of RAM below the PCI hole: ZONE_DMA alone takes 16 MiB"
    if machine.mem_limit is not None and machine.mem_limit <= DMA_END:
        yield f"mem= ends at {human_kb(kb(machine.mem_limit))}: ZONE_DMA alone takes 16 MiB"
    lowmem = lowmem_end(machine)
    if lowmem <= DMA_END:
        yield f"{human_kb(kb(lowmem))} of lowmem: ZONE_DMA alone takes 16 MiB; ask for less vmalloc"


def fact(table: str, machine: Machine) -> Mapping[str, Any]:
    """Find the row of ``tables/zones.toml`` that holds for a machine.

    Raises :class:`MachineError` when no row covers its kernel.
    """
    return _fact(table, machine.kernel, machine.arch, machine.pae, machine.allocator)


@cache
def _fact(
    table: str, kernel: KernelVersion, arch: Arch, pae: bool, allocator: Allocator
) -> Mapping[str, Any]:
    traits = {"arch": arch, "pae": pae, "allocator": allocator}
    for row in rows_for(load_table("zones")[table], kernel):
        if all(row.get(trait, value) == value for trait, value in traits.items()):
            return row
    raise MachineError(f"no {table} rule is known for Linux {kernel} on {arch}")
