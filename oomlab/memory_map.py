"""Where a machine's RAM lies, and the zones that its kernel lays over it.

Everything here is page frames: (first, end), as the firmware's map has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

from oomlab.errors import MachineError
from oomlab.machine import Allocator, Arch, Machine
from oomlab.mmzone import DMA_END, FOUR_GIB, MAX_PAGES, PAGE_SIZE, VM_SPLITS, VM_SPLITS_WITHOUT_PAE
from oomlab.rules import rules_for
from oomlab.units import gib_to_pages, human_kb, kb, mib_to_pages

_VMALLOC_MIB = 128
"""What a kernel of i386 keeps for vmalloc by itself."""

_SIZES = (
    *("ram", "pci_hole", "firmware", "swap", "mem_limit", "vmalloc_mib", "min_free_kbytes"),
    *("boot_lowmem", "boot_dma", "freed_late", "swiotlb"),
)

# --- where the RAM is -------------------------------------------------------------------------


def memory_map(machine: Machine) -> tuple[tuple[int, int], ...]:
    """List the RAM as page frames (first, end), as the firmware's map would.

    RAM fills the space up to the PCI hole; the rest continues at 4 GiB. ``mem=`` cuts by
    address, and a kernel without PAE cuts at 4 GiB. A real PAE kernel cuts at 64 GiB of
    *address* too; here 64 GiB of RAM keeps what the hole pushes beyond it. For the real
    kernel's cut give ``mem_limit`` 64 GiB.

    >>> from oomlab import INCIDENT
    >>> [(hex(first), hex(end)) for first, end in memory_map(INCIDENT)][-1]
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

    >>> from oomlab import INCIDENT
    >>> hex(lowmem_end(INCIDENT))
    '0x37bfe'

    Source: arch/x86/mm/init_32.c, ``find_low_pfn_range``; MAXMEM in pgtable_32_types.h.
    """
    end = memory_map(machine)[-1][1]
    return end if machine.arch == "x86_64" else min(end, _direct_map(machine))


def _direct_map(machine: Machine) -> int:
    rules = rules_for(machine)
    assert rules.vmalloc_end is not None, "x86_64 maps all of its RAM"
    assert rules.vmalloc_guard_mib is not None
    room = _VMALLOC_MIB if machine.vmalloc_mib is None else machine.vmalloc_mib + rules.vmalloc_guard_mib
    return max(0, rules.vmalloc_end - machine.page_offset - room * 2**20) // PAGE_SIZE


class Extent(NamedTuple):
    """Where a zone lies: its first page frame, the frames it spans, and those of them that are RAM."""

    name: str
    start_pfn: int
    spanned: int
    ram: int


def layout(machine: Machine) -> tuple[Extent, ...]:
    """Lay every zone of the kernel over the machine's RAM, lowest first; empty zones span nothing."""
    ram, bounds = memory_map(machine), _bounds(machine)
    return tuple(_extent(name, *bounds[name], ram) for name in rules_for(machine).zones)


def _bounds(machine: Machine) -> dict[str, tuple[int, int]]:
    """Return the frames that each zone may lie in, whether or not there is RAM."""
    low = lowmem_end(machine)
    wide = machine.arch == "x86_64" and "DMA32" in rules_for(machine).zones
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


def swiotlb_pages(machine: Machine) -> int:
    """Count the pages of the bounce buffer that a kernel takes when RAM lies above 4 GiB.

    >>> from dataclasses import replace
    >>> from oomlab import INCIDENT, KernelVersion
    >>> swiotlb_pages(replace(INCIDENT, kernel=KernelVersion((6, 1))))
    16384
    """
    if machine.swiotlb is not None:
        return machine.swiotlb
    needed = memory_map(machine)[-1][1] > FOUR_GIB
    return mib_to_pages(rules_for(machine).swiotlb_mib) if needed else 0


def more_lowmem(machine: Machine) -> str:
    """Return what would leave a machine more lowmem after boot, in a few words.

    Where RAM reaches into HighMem lowmem cannot grow, but mem_map, which lies in it, shrinks with RAM.

    >>> from oomlab.machine import INCIDENT
    >>> more_lowmem(INCIDENT)
    'with less RAM, mem_map leaves more of it'
    """
    end = memory_map(machine)[-1][1]
    if lowmem_end(machine) < end:
        return "with less RAM, mem_map leaves more of it"
    return "let mem= end higher" if machine.mem_limit == end else "give it more RAM"


# --- what cannot be ---------------------------------------------------------------------------


def check_machine(machine: Machine) -> None:
    """Raise :class:`MachineError` with the first reason why a machine could not boot."""
    for faults in (_negative, _unknown, _not_built, _too_large, _too_small):
        reason = next(faults(machine), None)
        if reason is not None:
            raise MachineError(reason)


def _negative(machine: Machine) -> Iterator[str]:
    for name in _SIZES:
        value = getattr(machine, name)
        if value is None:
            continue
        if not isinstance(value, int | float):
            yield f"{name} is {value!r:.60}: give a number, such as gib_to_pages(32) of oomlab.units"
        elif value < 0:
            yield f"{name} is {value}: a size cannot be negative"
        elif not value < MAX_PAGES:
            yield f"{name} is larger than any memory: 64 bits address 2^64 bytes"


def _unknown(machine: Machine) -> Iterator[str]:
    if machine.arch not in get_args(Arch):
        yield f"arch is {machine.arch!r}: choose 'i386' or 'x86_64'"
    if machine.allocator not in get_args(Allocator):
        yield f"allocator is {machine.allocator!r}: choose 'slab' or 'slub'"
    splits = (VM_SPLITS if machine.pae else {**VM_SPLITS, **VM_SPLITS_WITHOUT_PAE}).values()
    if machine.arch == "i386" and machine.page_offset not in splits:
        choices = ", ".join(f"{split:#x}" for split in splits)
        yield f"page_offset is {machine.page_offset:#x}: choose one of {choices}"
    edges = [edge for hole in machine.low_holes for edge in hole]
    if edges != sorted(edges) or any(not 0 <= edge <= 0x100 for edge in edges):
        yield f"low_holes are {machine.low_holes}: give page frames below 0x100, rising"


def _not_built(machine: Machine) -> Iterator[str]:
    """Yield what this version of the kernel does not have, though others do."""
    rules, scale = rules_for(machine), machine.watermark_scale_factor
    if machine.allocator not in rules.allocators:
        choices = " or ".join(map(repr, rules.allocators))
        yield f"allocator is {machine.allocator!r}: Linux {machine.kernel} has {choices} alone"
    if scale is not None and not 1 <= scale <= rules.max_scale_factor:
        yield f"watermark_scale_factor is {scale}: Linux {machine.kernel} takes 1 to {rules.max_scale_factor}"


def _too_large(machine: Machine) -> Iterator[str]:
    gib = rules_for(machine).max_ram_gib
    if machine.ram > gib_to_pages(gib):
        build = f"{machine.arch}{' PAE' * machine.pae if machine.arch == 'i386' else ''}"
        yield f"{human_kb(kb(machine.ram))} of RAM: an {build} kernel {machine.kernel} addresses {gib} GiB"
    if machine.pci_hole > FOUR_GIB:
        yield f"pci_hole is {human_kb(kb(machine.pci_hole))}: it lies below 4 GiB"


def _too_small(machine: Machine) -> Iterator[str]:
    below = min(machine.ram, FOUR_GIB - machine.pci_hole) - machine.firmware
    if below <= rules_for(machine).dma_end:
        yield f"{human_kb(kb(max(0, below)))} of RAM below the PCI hole: ZONE_DMA alone takes 16 MiB"
    if machine.mem_limit is not None and machine.mem_limit <= rules_for(machine).dma_end:
        yield f"mem= ends at {human_kb(kb(machine.mem_limit))}: ZONE_DMA alone takes 16 MiB"
    lowmem = lowmem_end(machine)
    if lowmem <= rules_for(machine).dma_end:
        yield f"{human_kb(kb(lowmem))} of lowmem: ZONE_DMA alone takes 16 MiB; ask for less vmalloc"
