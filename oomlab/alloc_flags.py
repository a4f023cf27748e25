"""What a request may do beyond others: the kernel's ``alloc_flags``, by version.

Every request is held to ``min`` plus the reserve. An urgent one may go below ``min``, and use what is
kept for such as it. Who counts as urgent has changed three times; ``tables/watermarks.toml`` has the rows.

Source: mm/page_alloc.c, ``gfp_to_alloc_flags`` and ``__zone_watermark_ok``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from oomlab.gfp import GfpMask
from oomlab.kernel import Version
from oomlab.report import ZoneStat
from oomlab.rules import Urgent, highatomic_counts, urgent_rule


class AllocFlags(NamedTuple):
    """What one request may do.

    ``half`` and ``quarter`` are what it is let off ``min``, one after the other; ``unboosted`` leaves out
    ``watermark_boost``. ``highatomic_pages``: what is kept for urgent requests counts as free for it.
    ``highatomic_blocks``: it may take blocks of that kind. ``cma``: it may use CMA's pages.
    """

    half: bool = False
    quarter: bool = False
    unboosted: bool = False
    highatomic_pages: bool = False
    highatomic_blocks: bool = False
    cma: bool = False

    def lowered(self, zone: ZoneStat) -> int | None:
        """Return ``min`` of a zone as this request is held to it; ``None`` where it is not printed."""
        watermark = zone.watermark_min
        if watermark is None:
            return None
        if self.unboosted:
            watermark -= zone.watermark_boost or 0
        if self.half:
            watermark -= watermark // 2
        if self.quarter:
            watermark -= watermark // 4
        return watermark


def alloc_flags(mask: GfpMask, version: Version, *, order: int = 0) -> AllocFlags:
    """Return what a request of this mask and order may do on a version.

    >>> from oomlab.gfp import decode_gfp
    >>> [alloc_flags(decode_gfp(0x820, kernel=version), version).quarter for version in ("5.10", "6.12")]
    [False, True]
    """
    rule = urgent_rule(version)
    return AllocFlags(
        half=mask.high_priority,
        quarter=_IS[rule.quarter](mask),
        unboosted=not order and _IS[rule.unboosted](mask),
        highatomic_pages=_IS[rule.highatomic_pages](mask),
        highatomic_blocks=order > 0 and _IS[rule.highatomic_blocks](mask),
        cma=mask.movable,
    )


def highatomic_free(zone: ZoneStat, version: Version) -> int:
    """Return the free pages that a zone keeps for urgent requests, as a version counts them.

    Until 6.11 all that is reserved counts, free or not; since 6.12 only what is free of it. The
    former is printed since 5.5, the latter since 6.15: without the right counter, the free
    blocks of that kind alone are a lower bound.

    Source: mm/page_alloc.c, ``__zone_watermark_unusable_free``.
    """
    counter = f"{highatomic_counts(version)}_highatomic"
    if counter in zone.counters:
        return zone.counters[counter]
    return sum(each.blocks << each.order for each in zone.free_blocks or () if each.types == "H")


def _cannot_sleep(mask: GfpMask) -> bool:
    return not mask.may_sleep and mask.flags.isdisjoint(("__GFP_NOMEMALLOC", "__GFP_NO_KSWAPD"))


def _is_atomic(mask: GfpMask) -> bool:
    return "__GFP_ATOMIC" in mask.flags and "__GFP_NOMEMALLOC" not in mask.flags


_IS: Mapping[Urgent, Callable[[GfpMask], bool]] = {
    "none": lambda mask: False,
    "cannot sleep": _cannot_sleep,
    "atomic": _is_atomic,
    "high": lambda mask: mask.high_priority,
    "cannot sleep and high": lambda mask: mask.high_priority and _cannot_sleep(mask),
    "cannot sleep or high": lambda mask: mask.high_priority or _cannot_sleep(mask),
}
