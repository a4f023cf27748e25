"""The kernel's arithmetic of min, low, high and lowmem_reserve, on plain numbers.

Every function takes page counts and a version or a formula, so that it serves a model, a report
and ``/proc`` alike. Which formula holds when is written in ``tables/watermarks.toml``. Beside the two
forward rules stand their inverses: the bounds of what a report's numbers were computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isqrt
from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.kernel import Version
from oomlab.rules import (
    Formula,
    ReserveRule,
    any_block_will_do,
    hugepage_rule,
    reserve_rule,
    root_rule,
    slack,
)
from oomlab.units import PAGE_KB, pages

DEFAULT_SCALE = 10
"""``watermark_scale_factor``: ten-thousandths of a zone between two of its watermarks.

Source: mm/page_alloc.c, ``watermark_scale_factor`` (4.6).
"""


class Watermarks(NamedTuple):
    """The three watermarks of a zone, in pages."""

    min: int
    low: int
    high: int


def watermarks(
    size: int,
    *,
    lowmem: int,
    min_free_kbytes: int,
    formula: Formula,
    highmem: bool = False,
    scale_factor: int = DEFAULT_SCALE,
    page_size_kb: int = PAGE_KB,
) -> Watermarks:
    """Compute ``min``, ``low`` and ``high`` of one zone, in pages.

    ``size`` is the zone's pages and ``lowmem`` those of all zones below highmem, both as
    :func:`~oomlab.rules.counted_field` names them for this version. ``min_free_kbytes`` is divided by
    size; a ``highmem`` zone keeps only a small min, but spaces low and high by its share.

    >>> watermarks(222_502, lowmem=226_454, min_free_kbytes=8192, formula="quarters_of_share")
    Watermarks(min=2012, low=2515, high=3018)

    Raises :class:`MachineError` where there is no lowmem.

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``; formulas by version in the table.
    """
    if lowmem <= 0:
        raise MachineError(f"{lowmem} pages of lowmem: watermarks are shares of it, so it must be above 0")
    share = pages(min_free_kbytes, page_size_kb) * size // lowmem
    minimum = min(max(size // 1024, 32), 128) if highmem else share
    to_low, to_high = steps(formula, minimum=minimum, share=share, scaled=size * scale_factor // 10_000)
    return Watermarks(minimum, minimum + to_low, minimum + to_high)


def min_free_bounds(watermark_min: int, *, size: int, lowmem: int) -> tuple[int, int]:
    """Return the smallest and the largest ``min_free_kbytes``, in pages, that give a zone its ``min``.

    The inverse of :func:`watermarks` for one zone below highmem: its share is rounded down, so several
    settings give the same. What fits every zone of a machine is where their bounds overlap.

    >>> min_free_bounds(2012, size=222_502, lowmem=226_454)
    (2048, 2048)
    """
    return -(-watermark_min * lowmem // size), -(-(watermark_min + 1) * lowmem // size) - 1


def steps(formula: Formula, *, minimum: int, share: int, scaled: int) -> tuple[int, int]:
    """Return how far ``low`` and ``high`` lie above ``min``, in pages.

    ``share`` is the zone's part of ``min_free_kbytes``, ``scaled`` its part by ``watermark_scale_factor``.
    """
    return _STEPS[formula](minimum, share, scaled)


_Steps = Callable[[int, int, int], tuple[int, int]]


def _twice_and_thrice(minimum: int, share: int, scaled: int) -> tuple[int, int]:
    return minimum, 2 * minimum


def _quarters_of_min(minimum: int, share: int, scaled: int) -> tuple[int, int]:
    return minimum // 4, minimum // 2


def _quarters_of_share(minimum: int, share: int, scaled: int) -> tuple[int, int]:
    return share // 4, share // 2


def _quarters_or_scale(minimum: int, share: int, scaled: int) -> tuple[int, int]:
    step = max(share // 4, scaled)
    return step, 2 * step


_STEPS: Mapping[Formula, _Steps] = {
    "twice_and_thrice": _twice_and_thrice,
    "quarters_of_min": _quarters_of_min,
    "quarters_of_share": _quarters_of_share,
    "quarters_or_scale": _quarters_or_scale,
}


def lowmem_reserve(
    sizes: Sequence[int], ratios: Sequence[int], version: Version
) -> tuple[tuple[int, ...], ...]:
    """Compute every zone's ``lowmem_reserve``: row *i* is what zone *i* keeps from each zone's requests.

    ``sizes`` are the pages of *all* zones of the kernel, lowest first, empty ones included;
    ``ratios`` are ``lowmem_reserve_ratio``, at least one for each zone but the last.

    >>> lowmem_reserve((3952, 222_502, 8_094_368, 0), (256, 32, 32), "3.2.59")[1]
    (0, 0, 252949, 252949)

    Raises :class:`MachineError` where ratios are missing.

    Source: mm/page_alloc.c, ``setup_per_zone_lowmem_reserve``; variants by version in the table.
    """
    if len(ratios) < len(sizes) - 1:
        raise MachineError(
            f"{len(ratios)} lowmem_reserve_ratio values for {len(sizes)} zones: give one for each"
        )
    how = reserve_rule(version)
    used = [_ratio(ratio, how) for ratio in [*ratios, 0][: len(sizes)]]
    clear = [_keeps_none(size, ratio, how) for size, ratio in zip(sizes, used, strict=True)]

    def reserve(lower: int, upper: int) -> int:
        if upper <= lower or clear[lower] or (not sizes[upper] and not how.empty_upper):
            return 0
        between = (k for k in range(lower + 1, upper) if how.counts_cleared or not clear[k])
        return (sizes[upper] + sum(sizes[k] for k in between)) // used[lower]

    every = range(len(sizes))
    return tuple(tuple(reserve(lower, upper) for upper in every) for lower in every)


def _ratio(ratio: int, how: ReserveRule) -> int:
    """Read a ratio below 1 as the version does: as 1, or as *no reserve*."""
    return ratio if ratio >= 1 else int(how.zero_ratio == "one")


def _keeps_none(size: int, ratio: int, how: ReserveRule) -> bool:
    return ratio == 0 or (size == 0 and not how.empty_lower)


def size_bounds(reserve: int, ratio: int, *, between: int = 0) -> tuple[int, int]:
    """Return the smallest and the largest zone, in pages, against which one below keeps ``reserve``.

    The inverse of :func:`lowmem_reserve`: ``ratio`` is that of the zone below, and ``between`` are the
    pages of the zones between the two.

    >>> size_bounds(252_949, 32)
    (8094368, 8094399)
    """
    return reserve * ratio - between, (reserve + 1) * ratio - 1 - between


def default_min_free_kbytes(lowmem_kb: int, version: Version) -> int:
    """Compute the ``min_free_kbytes`` that a kernel chooses by itself, without transparent hugepages.

    >>> default_min_free_kbytes(4 * 226_454, "3.2.59")
    3806

    Source: mm/page_alloc.c, ``init_per_zone_wmark_min`` (``calculate_min_free_kbytes`` since 5.8).
    """
    rule = root_rule(version)
    return min(max(isqrt(lowmem_kb * rule.factor), rule.min), rule.max)


def hugepage_min_free_kbytes(
    free_buffer_pages: int, *, zones: int, version: Version, pageblock: int = 512
) -> int:
    """Compute the ``min_free_kbytes`` that transparent hugepages ask for.

    ``free_buffer_pages`` are the lowmem pages above the *high* watermarks, ``zones`` the populated
    zones that this version counts, ``pageblock`` the pages of a page block.

    >>> hugepage_min_free_kbytes(2_000_000, zones=3, version="6.1")
    67584

    Source: mm/khugepaged.c, ``set_recommended_min_free_kbytes``.
    """
    rule = hugepage_rule(version)
    wanted = rule.pageblocks * pageblock * zones
    return PAGE_KB * min(wanted, free_buffer_pages // rule.lowmem_divisor)


def headroom(free: int, watermark: int, reserve: int, version: Version, *, order: int = 0) -> int:
    """Return how many pages a zone has to spare for a request, which passes only above zero.

    ``watermark`` is the one that the request is held to, ``reserve`` the zone's
    ``lowmem_reserve`` against the request's own zone. Some kernels asked for two pages
    too many, by mistake: :func:`slack` has them.

    >>> headroom(2014, 2012, 0, "3.2.59"), headroom(2015, 2012, 0, "3.2.59")
    (0, 1)

    Source: mm/page_alloc.c, ``__zone_watermark_ok``.
    """
    return _left(free, order, version) - watermark - reserve


def passes(
    free: int,
    watermark: int,
    reserve: int,
    version: Version,
    *,
    order: int = 0,
    free_blocks: Sequence[int] | None = None,
) -> bool | None:
    """Whether a request passes the kernel's test in a zone.

    ``free_blocks[n]`` counts the free blocks of order *n* that the request may use; it is
    needed for ``order`` above 0. Until 4.3 each smaller order is discounted and the watermark
    halved; since 4.4 one block that is large enough decides. Where the counts end before they
    decide, as in a log that was cut, the answer is ``None``.

    >>> passes(2014, 2012, 0, "3.2.59")
    False

    Raises :class:`ValueError` for an order above 0 without ``free_blocks``.
    Source: mm/page_alloc.c, ``__zone_watermark_ok``.
    """
    if headroom(free, watermark, reserve, version, order=order) <= 0:
        return False
    if order == 0:
        return True
    if free_blocks is None:
        raise ValueError(f"a request of order {order} needs free_blocks: one count for each order from 0")
    if any_block_will_do(version):
        return any(free_blocks[order:]) or (False if len(free_blocks) > order else None)
    return _passes_halving(_left(free, order, version), watermark, order, free_blocks)


def _left(free: int, order: int, version: Version) -> int:
    """Count the pages that a zone would have left, less one: the kernel asks for *more than* a watermark."""
    return free - ((1 << order) - 1) - slack(version)


def _passes_halving(left: int, watermark: int, order: int, free_blocks: Sequence[int]) -> bool | None:
    for smaller, blocks in enumerate(free_blocks[:order]):
        left -= blocks << smaller
        watermark >>= 1
        if left <= watermark:
            return False
    return True if len(free_blocks) >= order else None
