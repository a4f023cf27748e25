"""The kernel's arithmetic of min, low, high and lowmem_reserve, on plain numbers.

Every function takes page counts and a version, so that it serves a model, a report and
``/proc`` alike. Which formula holds when is written in ``tables/watermarks.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isqrt
from typing import Any, NamedTuple

from oomlab.errors import MachineError, UnknownKernel
from oomlab.kernel import KernelRelease, KernelVersion, load_table, rows_for
from oomlab.units import PAGE_KB, pages

Version = str | KernelVersion | KernelRelease


class Watermarks(NamedTuple):
    """The three marks of a zone, in pages: who falls below which is told apart by them."""

    min: int
    low: int
    high: int


def watermarks(
    size: int,
    *,
    lowmem: int,
    min_free_kbytes: int,
    version: Version,
    highmem: bool = False,
    scale_factor: int = 10,
    page_size_kb: int = PAGE_KB,
) -> Watermarks:
    """Compute ``min``, ``low`` and ``high`` of one zone, in pages.

    ``size`` is the zone's pages and ``lowmem`` those of all zones below highmem, both as
    :func:`counted_field` names them for this version. ``min_free_kbytes`` is shared out by
    size; a ``highmem`` zone keeps only a small min, but spaces low and high by its share.

    >>> watermarks(222_502, lowmem=226_454, min_free_kbytes=8192, version="3.2.59")
    Watermarks(min=2012, low=2515, high=3018)

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``; formulas by version in the table.
    """
    if lowmem <= 0:
        raise MachineError(f"{lowmem} pages of lowmem: watermarks are shares of it, so it must be above 0")
    share = pages(min_free_kbytes, page_size_kb) * size // lowmem
    least = min(max(size // 1024, 32), 128) if highmem else share
    steps = _STEPS[rule("watermarks", version)["formula"]]
    to_low, to_high = steps(least, share, size * scale_factor // 10_000)
    return Watermarks(least, least + to_low, least + to_high)


_Steps = Callable[[int, int, int], tuple[int, int]]


def _twice_and_thrice(least: int, share: int, scaled: int) -> tuple[int, int]:
    return least, 2 * least


def _quarters_of_min(least: int, share: int, scaled: int) -> tuple[int, int]:
    return least // 4, least // 2


def _quarters_of_share(least: int, share: int, scaled: int) -> tuple[int, int]:
    return share // 4, share // 2


def _quarters_or_scale(least: int, share: int, scaled: int) -> tuple[int, int]:
    step = max(share // 4, scaled)
    return step, 2 * step


_STEPS: Mapping[str, _Steps] = {
    "twice_and_thrice": _twice_and_thrice,
    "quarters_of_min": _quarters_of_min,
    "quarters_of_share": _quarters_of_share,
    "quarters_or_scale": _quarters_or_scale,
}


def counted_field(version: Version) -> str:
    """Name the page count that marks and reserves are computed from: ``"present"`` or ``"managed"``.

    >>> counted_field("3.2"), counted_field("6.1")
    ('present', 'managed')
    """
    return str(rule("counted", version)["field"])


def lowmem_reserve(
    sizes: Sequence[int], ratios: Sequence[int], version: Version
) -> tuple[tuple[int, ...], ...]:
    """Compute every zone's ``lowmem_reserve``: row *i* is what zone *i* keeps from each zone's requests.

    ``sizes`` are the pages of *all* zones of the kernel, lowest first, empty ones included;
    ``ratios`` are ``lowmem_reserve_ratio``, at least one for each zone but the last.

    >>> lowmem_reserve((3952, 222_502, 8_094_368, 0), (256, 32, 32), "3.2.59")[1]
    (0, 0, 252949, 252949)

    Source: mm/page_alloc.c, ``setup_per_zone_lowmem_reserve``; variants by version in the table.
    """
    if len(ratios) < len(sizes) - 1:
        raise MachineError(
            f"{len(ratios)} lowmem_reserve_ratio values for {len(sizes)} zones: give one for each"
        )
    how = rule("lowmem_reserve", version)
    used = [_ratio(ratio, how) for ratio in [*ratios, 0][: len(sizes)]]
    clear = [_keeps_none(size, ratio, how) for size, ratio in zip(sizes, used, strict=True)]

    def reserve(lower: int, upper: int) -> int:
        if upper <= lower or clear[lower] or (not sizes[upper] and not how["empty_upper"]):
            return 0
        between = (k for k in range(lower + 1, upper) if how["counts_cleared"] or not clear[k])
        return (sizes[upper] + sum(sizes[k] for k in between)) // used[lower]

    every = range(len(sizes))
    return tuple(tuple(reserve(lower, upper) for upper in every) for lower in every)


def _ratio(ratio: int, how: Mapping[str, Any]) -> int:
    """Read a ratio below 1 as the version does: as 1, or as *no reserve*."""
    return ratio if ratio >= 1 else int(how["zero_ratio"] == "one")


def _keeps_none(size: int, ratio: int, how: Mapping[str, Any]) -> bool:
    return ratio == 0 or (size == 0 and not how["empty_lower"])


def default_ratios(zones: Sequence[str], version: Version) -> tuple[int, ...]:
    """Give the ``lowmem_reserve_ratio`` that a kernel starts with, for zones by name.

    >>> default_ratios(("DMA", "Normal", "HighMem", "Movable"), "6.1")
    (256, 32, 0, 0)
    """
    row = rule("ratios", version)
    return tuple(int(row[name]) for name in zones)


def default_min_free_kbytes(lowmem_kb: int, version: Version) -> int:
    """Compute the ``min_free_kbytes`` that a kernel chooses by itself, without transparent hugepages.

    >>> default_min_free_kbytes(4 * 226_454, "3.2.59")
    3806

    Source: mm/page_alloc.c, ``init_per_zone_wmark_min`` (``calculate_min_free_kbytes`` since 5.8).
    """
    row = rule("min_free_kbytes", version)
    return min(max(isqrt(lowmem_kb * int(row["factor"])), int(row["least"])), int(row["most"]))


def hugepage_min_free_kbytes(
    free_buffer_pages: int, *, zones: int, version: Version, pageblock: int = 512
) -> int:
    """Compute the ``min_free_kbytes`` that transparent hugepages ask for.

    ``free_buffer_pages`` are the lowmem pages above the *high* marks, ``zones`` the populated
    zones that this version counts, ``pageblock`` the pages of a page block.

    >>> hugepage_min_free_kbytes(2_000_000, zones=3, version="6.1")
    67584

    Source: mm/khugepaged.c, ``set_recommended_min_free_kbytes``.
    """
    row = rule("hugepages", version)
    wanted = int(row["pageblocks"]) * pageblock * zones
    return PAGE_KB * min(wanted, free_buffer_pages // int(row["lowmem_divisor"]))


def headroom(free: int, mark: int, reserve: int, version: Version, *, order: int = 0) -> int:
    """Tell how many pages a zone has to spare for a request; it passes only above zero.

    ``mark`` is the watermark that the request is held to, ``reserve`` the zone's
    ``lowmem_reserve`` against the request's own zone. From 2.6.38 to 3.2 the kernel asked for
    two pages too many, by mistake.

    >>> headroom(2014, 2012, 0, "3.2.59"), headroom(2015, 2012, 0, "3.2.59")
    (0, 1)

    Source: mm/page_alloc.c, ``__zone_watermark_ok``.
    """
    slack = int(rule("slack", version)["slack"])
    return free - ((1 << order) + slack) - mark - reserve


def passes(
    free: int,
    mark: int,
    reserve: int,
    version: Version,
    *,
    order: int = 0,
    free_blocks: Sequence[int] | None = None,
) -> bool:
    """Judge a request against a zone as the kernel does.

    ``free_blocks[n]`` counts the free blocks of order *n* that the request may use; it is
    needed for ``order`` above 0. Until 4.3 each smaller order is discounted and the mark
    halved; since 4.4 one block that is large enough decides.

    >>> passes(2014, 2012, 0, "3.2.59")
    False

    Source: mm/page_alloc.c, ``__zone_watermark_ok``.
    """
    if headroom(free, mark, reserve, version, order=order) <= 0:
        return False
    if order == 0:
        return True
    if free_blocks is None:
        raise ValueError(f"a request of order {order} needs free_blocks: one count for each order from 0")
    if rule("blocks", version)["formula"] == "any_block":
        return any(free_blocks[order:])
    left = free - (1 << order) - int(rule("slack", version)["slack"])
    return _passes_halving(left, mark, order, free_blocks)


def _passes_halving(left: int, mark: int, order: int, free_blocks: Sequence[int]) -> bool:
    for smaller in range(order):
        left -= free_blocks[smaller] << smaller
        mark >>= 1
        if left <= mark:
            return False
    return True


def rule(table: str, version: Version) -> Mapping[str, Any]:
    """Find the row of ``tables/watermarks.toml`` that holds for a version.

    Raises :class:`UnknownKernel` when the version is older than every row.
    """
    return _rule(table, KernelVersion.of(version))


@cache
def _rule(table: str, version: KernelVersion) -> Mapping[str, Any]:
    found = rows_for(load_table("watermarks")[table], version)
    if not found:
        raise UnknownKernel(f"no {table} rule is known for Linux {version}: its rules begin later")
    return found[0]
