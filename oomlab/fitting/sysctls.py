"""The sysctls that follow from a report's watermarks and reserves: min_free_kbytes, lowmem_reserve_ratio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from oomlab.fitting.watermarks import Printed, WatermarkFit, printed_watermarks
from oomlab.kernel import Version
from oomlab.mmzone import is_highmem
from oomlab.report import Report, ZoneStat
from oomlab.rules import default_ratios
from oomlab.watermarks import lowmem_reserve, min_free_bounds, size_bounds

Key = tuple[int | None, str]
"""A zone by node and name."""
DRIFT = 0.1
"""How much ``managed`` may have changed since the watermarks were set before that is no explanation."""
_FREED_LATE = 1024
"""Pages that may come back after boot however small the zone: the kernel's start-up code and an initrd."""


class MinFree(NamedTuple):
    """The ``min_free_kbytes`` that fit every lowmem zone: from ``min`` up to ``max``.

    ``exact`` is false when no one value fits them all; the range is then the largest zone's.
    """

    min: int
    max: int
    exact: bool


class Ratio(NamedTuple):
    """The ``lowmem_reserve_ratio`` of one zone: what its reserves show, and whether it is the default."""

    zone: str
    ratio: int
    default: bool


# --- sizes ------------------------------------------------------------------------------------


def size_of(zone: ZoneStat) -> int | None:
    """Return the size of a zone that its watermarks follow from; of a lost line, the middle of its bounds."""
    return present_of(zone) if zone.managed is None else zone.managed


def present_of(zone: ZoneStat) -> int | None:
    """Return a zone's present pages; of a lost line, the middle of what the arithmetic allows."""
    return sum(zone.present_bounds) // 2 if zone.present is None and zone.present_bounds else zone.present


def lowmem_zones(report: Report) -> list[ZoneStat]:
    """Return the zones below highmem that have any memory."""
    return [zone for zone in report.zones if not is_highmem(zone.name) and size_of(zone) != 0]


def sizes_when_set(report: Report, ratios: Sequence[Ratio]) -> Iterator[dict[Key, int]]:
    """Yield the sizes that zones may have had when their watermarks were set, the likeliest first.

    ``managed`` grows when the kernel frees its start-up code, and shrinks when memory is taken
    out; watermarks and reserves stay. The reserve that the zone below keeps shows the old size, to one
    part in the ratio: printed sizes are tried first, then that range in a few places.
    """
    printed = {(z.node, z.name): size for z in report.zones if (size := size_of(z)) is not None}
    yield printed
    ranges = _old_sizes(report, ratios)
    drifted = {key: bounds for key, bounds in ranges.items() if not bounds[0] <= printed[key] <= bounds[1]}
    for part in (0.5, 1.0, 0.0, 0.75, 0.25) if drifted else ():
        yield printed | {key: low + round((high - low) * part) for key, (low, high) in drifted.items()}


def _old_sizes(report: Report, ratios: Sequence[Ratio]) -> dict[Key, tuple[int, int]]:
    """Read a zone's old size from the reserve of the zone just below it."""
    used = {ratio.zone: ratio.ratio for ratio in ratios if ratio.default}
    found = {}
    for below, zone in zip(report.zones, report.zones[1:], strict=False):
        ratio, size = used.get(below.name), size_of(zone)
        if ratio is None or not size or below.node != zone.node or not below.lowmem_reserve:
            continue
        reserve = next((pages for pages in below.lowmem_reserve if pages), 0)
        bounds = size_bounds(reserve, ratio)
        if reserve and abs(size - bounds[1]) < max(DRIFT * bounds[1], _FREED_LATE):
            found[zone.node, zone.name] = bounds
    return found


# --- min_free_kbytes --------------------------------------------------------------------------


def infer_min_free_kbytes(
    report: Report, sizes: Mapping[Key, int], fits: Sequence[WatermarkFit]
) -> MinFree | None:
    """Infer ``min_free_kbytes`` from the ``min`` of all lowmem zones, or ``None`` when one is missing.

    Each zone gets a share by size, rounded down, so each ``min`` leaves a small range.

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``.
    """
    lowmem = lowmem_zones(report)
    boosts = hidden_boosts(fits)
    shares = [
        (sizes[zone.node, zone.name], printed.min)
        for zone in lowmem
        if sizes.get((zone.node, zone.name), 0) > 0 and (printed := unboosted(zone, boosts)) is not None
    ]
    if not shares or len(shares) < len(lowmem) or _lacks_lowmem(report):
        return None
    total = sum(size for size, _ in shares)
    ranges = [min_free_bounds(own, size=size, lowmem=total) for size, own in shares]
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    exact = low <= high
    if not exact:
        low, high = ranges[max(range(len(shares)), key=lambda i: shares[i][0])]
    return MinFree(low * report.page_size_kb, (high + 1) * report.page_size_kb - 1, exact)


def hidden_boosts(fits: Sequence[WatermarkFit]) -> Mapping[Key, int]:
    """Return the boost of each zone that its watermarks show and its line does not."""
    return {(fit.node, fit.zone): fit.hidden_boost for fit in reversed(fits)}


def unboosted(zone: ZoneStat, boosts: Mapping[Key, int]) -> Printed | None:
    """Return a zone's watermarks without any boost, printed or hidden."""
    printed = printed_watermarks(zone)
    hidden = boosts.get((zone.node, zone.name), 0)
    if printed is None or not hidden:
        return printed
    return Printed(printed.min - hidden, printed.low - hidden, printed.high - hidden, printed.managed)


def _lacks_lowmem(report: Report) -> bool:
    """Whether the report shows ZONE_DMA alone, as for a request that names it, though there is more."""
    names = {zone.name for zone in report.zones}
    reserves = (max(zone.lowmem_reserve or (0,)) for zone in report.zones)
    return not names & {"Normal", "DMA32"} and max(reserves, default=0) > 0


# --- lowmem_reserve_ratio ---------------------------------------------------------------------


def infer_ratios(zones: Sequence[ZoneStat], names: Sequence[str], version: Version) -> tuple[Ratio, ...]:
    """Infer each zone's ratio from its reserves and the sizes above it.

    ``zones`` are those of one node and ``names`` all that the kernel has, lowest first. What comes
    close to the default is taken to be the default: sizes drift.
    """
    sizes = _by_name({zone.name: size_of(zone) for zone in zones}, names)
    found = []
    for zone in zones:
        ratio = _ratio(zone, sizes, names.index(zone.name)) if zone.name in names else None
        if ratio is not None:
            usual = default_ratios([zone.name], version)[0]
            default = usual > 0 and abs(ratio / usual - 1) < DRIFT
            found.append(Ratio(zone.name, usual if default else round(ratio), default))
    return tuple(found)


def _by_name(shown: Mapping[str, int | None], names: Sequence[str]) -> list[int | None]:
    """Return the size of each of the kernel's zones on a node: 0 where empty, ``None`` where not shown.

    A zone below the last one shown is empty; one above it may have been left out of the report.
    """
    last = max((names.index(name) for name in shown if name in names), default=-1)
    return [shown.get(name, 0 if i < last else None) for i, name in enumerate(names)]


def _ratio(zone: ZoneStat, sizes: list[int | None], position: int) -> float | None:
    """Divide the pages above a zone by what it keeps from them, at the highest zone that is known."""
    above = 0
    found = None
    for size, reserve in zip(
        sizes[position + 1 :], (zone.lowmem_reserve or ())[position + 1 :], strict=False
    ):
        if size is None:
            break
        above += size
        if size and reserve:
            found = above / reserve
    return found


def modelled_reserves(
    sizes: Mapping[str, int], names: Sequence[str], version: Version, ratios: Sequence[Ratio]
) -> dict[str, tuple[int, ...]]:
    """Compute the reserves of a node's zones from sizes by name, as far up as they are known."""
    every = _by_name(sizes, names)
    known = next((i for i, size in enumerate(every) if size is None), len(every))
    found = {ratio.zone: ratio.ratio for ratio in ratios}
    used = [found.get(name, usual) for name, usual in zip(names, default_ratios(names, version), strict=True)]
    rows = lowmem_reserve([size or 0 for size in every[:known]], used[:known], version)
    return dict(zip(names, rows, strict=False))
