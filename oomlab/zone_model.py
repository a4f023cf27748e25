"""From a machine to its zones, by the kernel's own integer arithmetic.

You choose a :class:`Machine`; the kernel derives the :class:`Zone`. Nothing that
a kernel computes is ever typed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oomlab.errors import MachineError, require
from oomlab.machine import Machine, entries_per_table
from oomlab.memory_map import Extent, check_machine, layout, more_lowmem, swiotlb_pages
from oomlab.mmzone import DIRECT_MAPPED, PAGE_SIZE, is_highmem
from oomlab.rules import has_buffer_head_fix, rules_for
from oomlab.units import human_kb, kb, mib_to_pages
from oomlab.watermarks import (
    DEFAULT_SCALE,
    Watermarks,
    default_min_free_kbytes,
    hugepage_min_free_kbytes,
    lowmem_reserve,
    watermarks,
)

__all__ = ["Zone", "has_buffer_head_fix", "zones"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What the kernel makes of it: one zone, its size and its watermarks, in pages.

    ``spanned`` runs from ``start_pfn`` and counts holes. ``present`` is what the
    kernel calls present: without holes, and before 3.9 without ``memmap`` too.
    ``memmap`` is the price of the zone's ``struct page`` array, which on i386 lies
    in ZONE_NORMAL for every zone. ``managed`` is what the page allocator was given
    after boot; older kernels do not print it, but they have it.
    ``lowmem_reserve[j]`` is kept from requests whose own zone is number ``j`` of the
    tuple that :func:`zones` returns.
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


def zones(machine: Machine) -> tuple[Zone, ...]:
    """Derive every zone of a machine, lowest first, empty ones included.

    The index of a zone in the tuple is its index in every ``lowmem_reserve``.
    Raises :class:`MachineError`, in one line, for a machine that could not boot.

    >>> from oomlab import INCIDENT
    >>> dma, normal, highmem, movable = zones(INCIDENT)
    >>> normal.present, normal.watermark_min, normal.lowmem_reserve
    (222502, 2012, (0, 0, 252949, 252949))

    Source: mm/page_alloc.c, ``free_area_init_core`` and ``__setup_per_zone_wmarks``.
    """
    require(machine, Machine, "zones takes a Machine, such as INCIDENT")
    check_machine(machine)
    extents = layout(machine)
    memmap = [_memmap(machine, extent) for extent in extents]
    present = [_present(machine, extent) for extent in extents]
    managed = _managed(machine, extents, memmap)
    sizes = present if rules_for(machine).counted == "present" else managed
    at_boot = _before_late_frees(machine, extents, sizes)
    found = _watermarks(machine, extents, at_boot, sizes)
    reserves = _reserves(machine, extents, at_boot, sizes)
    return tuple(
        Zone(
            name=extent.name,
            start_pfn=extent.start_pfn,
            spanned=extent.spanned,
            present=present[i],
            managed=managed[i],
            memmap=memmap[i],
            watermark_min=found[i].min,
            watermark_low=found[i].low,
            watermark_high=found[i].high,
            lowmem_reserve=reserves[i],
        )
        for i, extent in enumerate(extents)
    )


# --- sizes ------------------------------------------------------------------------------------


def _memmap(machine: Machine, extent: Extent) -> int:
    """Return the pages of a zone's ``struct page`` array: i386 pays for holes too, x86_64 does not."""
    frames = extent.spanned if machine.arch == "i386" else extent.ram
    return _pages_of(frames * rules_for(machine).struct_page_bytes)


def _pages_of(size: int) -> int:
    return -(-size // PAGE_SIZE)


def _present(machine: Machine, extent: Extent) -> int:
    rules = rules_for(machine)
    if rules.present == "spanned":
        return extent.spanned
    if rules.present == "ram":
        return extent.ram
    return max(0, extent.ram - _pages_of(extent.spanned * rules.struct_page_bytes))


def _managed(machine: Machine, extents: Sequence[Extent], memmap: Sequence[int]) -> list[int]:
    """Count what the page allocator is given: RAM less what boot took."""
    taken = _taken_by_boot(machine, extents, sum(memmap))
    for extent in extents:
        late = machine.freed_late if extent.name == _boot_zone(extents) else 0
        if extent.ram and extent.ram <= taken[extent.name] + late:
            have, need = human_kb(kb(extent.ram)), human_kb(kb(taken[extent.name] + late))
            raise MachineError(
                f"{extent.name} has {have}, but boot and mem_map take {need}: {more_lowmem(machine)}"
            )
    return [extent.ram - taken[extent.name] if extent.ram else 0 for extent in extents]


def _taken_by_boot(machine: Machine, extents: Sequence[Extent], mem_map: int) -> dict[str, int]:
    """Return what boot takes from each zone: mem_map from the highest that is mapped, the rest above DMA."""
    taken = dict.fromkeys((extent.name for extent in extents), 0)
    taken["DMA"] = machine.boot_dma
    taken[_mapped(extents)[-1]] += mem_map
    taken[_boot_zone(extents)] += machine.boot_lowmem + swiotlb_pages(machine)
    return taken


def _mapped(extents: Sequence[Extent]) -> list[str]:
    return [extent.name for extent in extents if extent.ram and extent.name in DIRECT_MAPPED]


def _boot_zone(extents: Sequence[Extent]) -> str:
    return _mapped(extents)[0]


def _before_late_frees(machine: Machine, extents: Sequence[Extent], sizes: Sequence[int]) -> list[int]:
    """Return the sizes that the kernel saw when it first set its watermarks."""
    if rules_for(machine).counted == "present":
        return list(sizes)
    late = _boot_zone(extents)
    return [
        size - machine.freed_late if extent.name == late else size
        for extent, size in zip(extents, sizes, strict=True)
    ]


# --- watermarks -------------------------------------------------------------------------------


def _watermarks(
    machine: Machine, extents: Sequence[Extent], at_boot: Sequence[int], now: Sequence[int]
) -> list[Watermarks]:
    """Set the watermarks as boot did, or anew where somebody wrote to a sysctl that sets them."""
    if machine.min_free_kbytes is None:
        min_free_kbytes = _own_min_free_kbytes(machine, extents, at_boot)
        sizes = at_boot if machine.watermark_scale_factor is None else now
    else:
        min_free_kbytes, sizes = machine.min_free_kbytes, now
    return _set_by(machine, extents, sizes, min_free_kbytes)


def _set_by(
    machine: Machine, extents: Sequence[Extent], sizes: Sequence[int], min_free_kbytes: int
) -> list[Watermarks]:
    named = {extent.name: size for extent, size in zip(extents, sizes, strict=True)}
    lowmem = sum(_lowmem(named))
    return [
        watermarks(
            size,
            lowmem=lowmem,
            min_free_kbytes=min_free_kbytes,
            formula=rules_for(machine).watermarks,
            highmem=_small_min(name, named, machine),
            scale_factor=machine.watermark_scale_factor or DEFAULT_SCALE,
        )
        for name, size in named.items()
    ]


def _lowmem(sizes: Mapping[str, int]) -> list[int]:
    return [size for name, size in sizes.items() if not is_highmem(name)]


def _small_min(name: str, sizes: Mapping[str, int], machine: Machine) -> bool:
    if name == "Movable":
        return rules_for(machine).movable == "always" or sizes.get("HighMem", 0) > 0
    return name == "HighMem"


def _own_min_free_kbytes(machine: Machine, extents: Sequence[Extent], sizes: Sequence[int]) -> int:
    """Choose ``min_free_kbytes`` as the kernel does when nobody writes it."""
    named = {extent.name: size for extent, size in zip(extents, sizes, strict=True)}
    chosen = default_min_free_kbytes(kb(sum(_lowmem(named))), machine.kernel)
    hugepages = rules_for(machine).hugepages
    if sum(sizes) < mib_to_pages(hugepages.min_ram_mib):
        return chosen
    first = dict(zip(named, _set_by(machine, extents, sizes, chosen), strict=True))
    spare = sum(max(0, size - first[name].high) for name, size in named.items() if not is_highmem(name))
    if not machine.transparent_hugepages:
        return default_min_free_kbytes(kb(spare), machine.kernel) if hugepages.off_recounts else chosen
    counted = [
        name for name, size in named.items() if size and (hugepages.zones == "all" or not is_highmem(name))
    ]
    wanted = hugepage_min_free_kbytes(
        spare, zones=len(counted), version=machine.kernel, pageblock=entries_per_table(machine)
    )
    return max(chosen, wanted)


def _reserves(
    machine: Machine, extents: Sequence[Extent], at_boot: Sequence[int], now: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Set the reserves as boot did, or anew where somebody wrote the ratios."""
    if machine.lowmem_reserve_ratio is None:
        return lowmem_reserve(at_boot, rules_for(machine).ratios, machine.kernel)
    return lowmem_reserve(now, machine.lowmem_reserve_ratio, machine.kernel)
