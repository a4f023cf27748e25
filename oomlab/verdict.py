"""Could this zone have served that request? The kernel's own test, on a report's numbers."""

from __future__ import annotations

from itertools import combinations, pairwise, takewhile
from typing import NamedTuple

from oomlab.alloc_flags import AllocFlags, alloc_flags, highatomic_free
from oomlab.gfp import GfpMask
from oomlab.kernel import Version, lookup
from oomlab.kernel_guess import kernel_of
from oomlab.mmzone import REQUEST_ZONES, ZONE_ORDER
from oomlab.report import Report, ZoneStat
from oomlab.watermarks import headroom, passes


class Verdict(NamedTuple):
    """One zone judged against the request of its report, in pages.

    ``allowed`` is ``None`` when the log does not show what was asked. ``watermark`` is
    ``watermark_min`` as this request sees it, ``reserve`` the zone's ``lowmem_reserve``
    against it, and ``spare`` what the zone had beyond both: zero or less is a refusal.
    ``block`` is whether a free block was large enough. ``None`` where the log lacks a number.
    """

    zone: ZoneStat
    allowed: bool | None
    watermark: int | None = None
    reserve: int | None = None
    spare: int | None = None
    block: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether the zone was asked and had too little, or only in blocks too small."""
        return bool(self.short) or self.block is False

    @property
    def closed(self) -> int:
        """Pages that must stay free whatever happens; none in a zone that is not asked."""
        return (self.watermark or 0) + (self.reserve or 0) if self.allowed else 0

    @property
    def short(self) -> int | None:
        """Pages that were lacking: one more than the deficit, for the test is *greater than*."""
        return None if self.spare is None else max(0, 1 - self.spare)


def verdicts(report: Report, mask: GfpMask | None) -> list[Verdict]:
    """Judge every zone of a report against its request, in the report's order.

    A zone is asked when it is not above the request's own zone. Then free memory that the
    request may touch must exceed ``watermark_min`` + ``lowmem_reserve`` for it.

    Source: mm/page_alloc.c, ``__zone_watermark_ok`` (see :func:`oomlab.watermarks.passes`)
    and ``gfp_to_alloc_flags`` (see :func:`oomlab.alloc_flags.alloc_flags`).
    """
    if mask is None or mask.zone is None:
        return [Verdict(zone, None) for zone in report.zones]
    kernel_zones = zones_built_in(report)
    classzone = kernel_zones.index(_class_zone(mask.zone, kernel_zones))
    nodes = report.nodes_allowed
    usable = kernel_zones[: classzone + 1]
    version, order = kernel_of(report).version, max(0, report.trigger.order or 0)
    flags = alloc_flags(mask, version, order=order)
    return [
        _judge(zone, flags, usable if nodes is None or zone.node in nodes else (), order, version)
        for zone in report.zones
    ]


def _class_zone(name: str, kernel_zones: tuple[str, ...]) -> str:
    """Return the highest zone that a request may use: Movable's pages came out of HighMem with 2.6.23."""
    if name == "Movable" and name not in kernel_zones:
        name = "HighMem"
    return name if name in kernel_zones else "Normal"


def _judge(
    zone: ZoneStat, flags: AllocFlags, usable: tuple[str, ...], order: int, version: Version
) -> Verdict:
    if zone.name not in usable:
        return Verdict(zone, False)
    reserves = zone.lowmem_reserve or ()
    reserve = reserves[len(usable) - 1] if len(usable) <= len(reserves) else None
    if reserve is None and zone.name == usable[-1]:
        reserve = 0  # no zone keeps anything from requests that are its own
    watermark = flags.lowered(zone)
    if zone.free is None or watermark is None:
        return Verdict(zone, True, watermark, reserve)
    need = (zone.free - _closed_to(flags, zone, version), watermark, reserve or 0, version)
    spare = headroom(*need, order=order)
    if spare <= 0:
        return Verdict(zone, True, watermark, reserve, spare)
    if reserve is None:  # an unknown reserve may still refuse
        return Verdict(zone, True, watermark)
    blocks = usable_blocks(zone, flags)
    block = True if blocks is None and order == 0 else None  # what is free is at least one page
    if blocks is not None:
        block = passes(*need, order=order, free_blocks=blocks)
    return Verdict(zone, True, watermark, reserve, spare, block)


def _closed_to(flags: AllocFlags, zone: ZoneStat, version: Version) -> int:
    """Count the free pages that this request may not touch: CMA's, and those kept for urgent ones."""
    cma = 0 if flags.cma else zone.counters.get("free_cma", 0)
    return cma + (0 if flags.highatomic_pages else highatomic_free(zone, version))


def usable_blocks(zone: ZoneStat, flags: AllocFlags) -> list[int] | None:
    """Return the free blocks of each order from 0, without those that this request may not use.

    Closed are blocks that are CMA's or kept for urgent requests only, and isolated ones for everybody.
    The list ends where the log lost an order; it is ``None`` where the log shows no blocks.
    """
    if zone.free_blocks is None:
        return None
    closed = {"I"} | set("" if flags.cma else "C") | set("" if flags.highatomic_blocks else "H")
    shown = takewhile(lambda each: each[0] == each[1].order, enumerate(zone.free_blocks))
    return [0 if each.types and set(each.types) <= closed else each.blocks for _, each in shown]


def zones_built_in(report: Report) -> tuple[str, ...]:
    """Return the zones this kernel was built with, lowest first: what ``lowmem_reserve[]`` is indexed by.

    No kernel prints them. Their number is the length of the array, the printed zones are among
    them, and a zone keeps nothing from itself and from those below: that leaves one list, or
    lists that agree wherever it matters.
    """
    known = [zone for zone in report.zones if zone.name in ZONE_ORDER]
    arrays = {zone.name: zone.lowmem_reserve for zone in known if zone.lowmem_reserve}
    size = max(map(len, arrays.values()), default=0)
    names = {zone.name for zone in known}
    if has_unlisted_highmem(report):
        names.add("HighMem")
    has_movable = "Movable" in lookup("zones.names", kernel_of(report).version)["zones"]
    built = _built(size, names, has_movable=has_movable)
    return next((each for each in built if _agrees(each, arrays)), REQUEST_ZONES)


def has_unlisted_highmem(report: Report) -> bool:
    """Whether the log lost the line of HighMem, and only the reserve that DMA kept from it is left.

    A reserve grows with each zone that has pages. Kernels that name no nodes are those of one
    node, 32-bit ones for the most part; they list every such zone.
    """
    if any(zone.node is not None or zone.name in ("DMA32", "HighMem") for zone in report.zones):
        return False
    array = next((zone.lowmem_reserve for zone in report.zones if zone.name == "DMA"), None) or ()
    steps = sum(upper > lower for lower, upper in pairwise(array))
    return report.find_zone("Normal") is not None and steps >= len(report.zones)


def _built(size: int, names: set[str], *, has_movable: bool) -> list[tuple[str, ...]]:
    """Return the kernels that could print these names: HighMem only where it is seen, if that fits."""
    always = names | {"Normal"} | ({"Movable"} if has_movable and size > 3 else set())
    never = set() if has_movable else {"Movable", "Device"} - names
    built = [
        each for each in combinations(ZONE_ORDER, size) if always <= set(each) and never.isdisjoint(each)
    ]
    return sorted(built, key=lambda each: "HighMem" in each and "HighMem" not in names)


def _agrees(kernel_zones: tuple[str, ...], arrays: dict[str, tuple[int, ...]]) -> bool:
    return all(not any(array[: kernel_zones.index(name) + 1]) for name, array in arrays.items())
