"""Reconstruct the line of a zone that a logger lost, from what the rest of the report shows.

The zone's list of free blocks adds up to ``free``. Its ``lowmem_reserve[]`` line may have
survived. The reserves of the zones below it are fractions of its size, and its watermarks
follow from theirs by the kernel's own arithmetic. What remains ambiguous is ``None``.
"""

from __future__ import annotations

from itertools import product

from oomlab.kernel import KernelRelease, KernelVersion
from oomlab.mmzone import ZONE_ORDER
from oomlab.parsing.sections.memory import Blocks, Reserve
from oomlab.report import Problem, ZoneStat
from oomlab.rules import default_ratios, watermark_formula
from oomlab.watermarks import Watermarks, min_free_bounds, size_bounds, watermarks

_MOST_ZONES = len(ZONE_ORDER)
"""No node has more zones. Source: include/linux/mmzone.h, ``enum zone_type``."""

_WITHOUT_MANAGED = KernelVersion((3, 2))
"""Any kernel whose zones print no ``managed:``: the default ratios of all of them are the same."""


def reconstruct(
    zones: list[ZoneStat],
    blocks: list[Blocks],
    orphans: list[Reserve],
    page_kb: int,
    kernel: KernelRelease | None,
    problems: list[Problem],
) -> tuple[ZoneStat, ...]:
    """Add the zones whose lines are lost, in the order in which the kernel lists them."""
    shown = {(zone.node, zone.name): zone for zone in zones}
    listed = {(each.node, each.name): each for each in reversed(blocks) if each.name}
    lost = [each for key, each in reversed(listed.items()) if each.blocks and key not in shown]
    names: dict[int | None, list[str]] = {}
    for node, name in reversed(listed):
        names.setdefault(node, []).append(str(name))
    behind = {each.after: each for each in reversed(orphans)}
    found = list(zones)
    for each in lost:
        on_node = names[each.node][:_MOST_ZONES]
        before = on_node[: on_node.index(str(each.name))] if each.name in on_node else None
        below = None if before is None else [shown.get((each.node, name)) for name in before]
        reserve = behind.get(before[-1] if before else None) if before is not None else None
        found.append(_reconstruct_one(each, below, reserve, page_kb, kernel, problems))
    problems.extend(_unclaimed(orphans, found))
    order = {(each.node, each.name): position for position, each in enumerate(blocks)}
    return (
        tuple(sorted(found, key=lambda zone: order.get((zone.node, zone.name), -1))) if lost else tuple(zones)
    )


def _reconstruct_one(
    lost: Blocks,
    below: list[ZoneStat | None] | None,
    reserve: Reserve | None,
    page_kb: int,
    kernel: KernelRelease | None,
    problems: list[Problem],
) -> ZoneStat:
    """Reconstruct one zone from its free blocks, the zones below it on its node, and its reserve.

    ``below`` is ``None`` where no node has so many zones, and holds ``None`` for each that is lost too.
    """
    known = [zone for zone in below or () if zone is not None]
    bounds = _present_bounds(known, len(known)) if below is not None and len(known) == len(below) else None
    derived = (
        _highmem_watermarks(known, bounds, kernel.version, page_kb)
        if lost.name == "HighMem" and kernel and bounds
        else None
    )
    line = reserve.line if reserve else lost.line
    problems.append(Problem(line, _lost(str(lost.name), reserve, derived, bounds)))
    return ZoneStat(
        name=str(lost.name),
        node=lost.node,
        free=lost.free_kb // page_kb,
        watermark_min=derived.min if derived else None,
        watermark_low=derived.low if derived else None,
        watermark_high=derived.high if derived else None,
        present=bounds[0] if bounds and bounds[0] == bounds[1] else None,
        present_bounds=bounds,
        lowmem_reserve=reserve.values if reserve else None,
        free_blocks=lost.blocks,
        reconstructed=True,
        reserve_line=reserve.line if reserve else None,
        blocks_line=lost.line,
    )


def _lost(
    name: str, reserve: Reserve | None, derived: Watermarks | None, bounds: tuple[int, int] | None
) -> str:
    parts = [f"The line of zone {name} is lost. Its free pages are counted from its list of free blocks"]
    if reserve is None:
        parts.append("its lowmem_reserve[] line is lost too, or stands there as that of the zone before")
    if bounds is not None:
        parts.append(f"the reserves of the zones below show that it has {bounds[0]:,} to {bounds[1]:,} pages")
    if derived is not None:
        parts.append("its watermarks follow from theirs")
    return "; ".join(parts)


def _unclaimed(orphans: list[Reserve], zones: list[ZoneStat]) -> list[Problem]:
    claimed = {zone.reserve_line for zone in zones}
    reason = "This reserve has no zone: the line before it is lost"
    return [Problem(each.line, reason) for each in orphans if each.line not in claimed]


def _present_bounds(below: list[ZoneStat], position: int) -> tuple[int, int] | None:
    """Bound a zone's size by what the zones below it keep from its requests.

    Zone i keeps ``(present of the zones above it, up to j) // ratio[i]`` from requests
    for zone j. Source: mm/page_alloc.c, ``setup_per_zone_lowmem_reserve``, 3.2.
    """
    low, high = 0, 2**62
    for index, zone in enumerate(below):
        between = [each.present for each in below[index + 1 :]]
        reserve = zone.lowmem_reserve
        if reserve is None or position >= len(reserve) or None in between or zone.managed is not None:
            return None
        (ratio,) = default_ratios((zone.name,), _WITHOUT_MANAGED)
        known = sum(filter(None, between))
        smallest, largest = size_bounds(reserve[position], ratio, between=known)
        low, high = max(low, smallest), min(high, largest)
    return (low, high) if below and 0 < low <= high else None


def _highmem_watermarks(
    below: list[ZoneStat], bounds: tuple[int, int], version: KernelVersion, page_kb: int
) -> Watermarks | None:
    """Return the watermarks of HighMem, if all values that fit the zones below lead to the same."""
    shares = [(zone.present, zone.watermark_min) for zone in below if zone.present and zone.watermark_min]
    if len(shares) < len(below):
        return None
    lowmem = sum(present for present, _ in shares)
    formula = watermark_formula(version)
    found = {
        watermarks(
            size, lowmem=lowmem, min_free_kbytes=kb, formula=formula, highmem=True, page_size_kb=page_kb
        )
        for size, kb in product(bounds, (pages * page_kb for pages in _pages_min(shares, lowmem)))
    }
    return found.pop() if len(found) == 1 else None


def _pages_min(shares: list[tuple[int, int]], lowmem: int) -> range:
    """Return every ``min_free_kbytes``, in pages, whose share in each zone is that zone's ``min``."""
    bounds = [min_free_bounds(minimum, size=present, lowmem=lowmem) for present, minimum in shares]
    smallest, largest = max(low for low, _ in bounds), min(high for _, high in bounds)
    return range(smallest, min(largest, smallest + 64) + 1)
