"""Which rule set a zone's watermarks, and, where none fits, why not.

A kernel derives ``low`` and ``high`` from ``min`` (:mod:`oomlab.watermarks`), so a report's
own three numbers show the rule. Where they obey none, they show what was in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from oomlab.mmzone import is_highmem
from oomlab.report import ZoneStat
from oomlab.rules import Formula
from oomlab.watermarks import DEFAULT_SCALE, steps

PAGEBLOCK = 512
"""Pages of the smallest page block, by which ``watermark_boost`` grows; that of others is a multiple."""


class Printed(NamedTuple):
    """A zone's watermarks without any printed boost, in pages, and its size if that was printed."""

    min: int
    low: int
    high: int
    managed: int | None

    @property
    def first(self) -> int:
        """The step from min to low."""
        return self.low - self.min

    @property
    def second(self) -> int:
        """The step from low to high."""
        return self.high - self.low

    @property
    def scaled(self) -> int:
        """The step that the default ``watermark_scale_factor`` asks for."""
        return (self.managed or 0) * DEFAULT_SCALE // 10_000


class WatermarkFit(NamedTuple):
    """What explains one zone's watermarks.

    ``rule`` names the formula of ``tables/watermarks.toml`` that they obey exactly, else it is
    ``None`` and ``reason`` is what was in the way, as far as the numbers show it.
    ``hidden_boost`` is a boost that the watermarks contain and the report does not print.
    """

    node: int | None
    zone: str
    rule: Formula | None
    reason: str
    hidden_boost: int = 0


def explain_watermarks(zone: ZoneStat) -> WatermarkFit | None:
    """Explain a zone's ``min``, ``low`` and ``high``; ``None`` when one of them was not printed.

    >>> normal = ZoneStat(name="Normal", watermark_min=2012, watermark_low=2515, watermark_high=3018)
    >>> explain_watermarks(normal).rule
    'quarters_of_share'

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``, and Android's ``extra_free_kbytes``.
    """
    printed = printed_watermarks(zone)
    if printed is None:
        return None
    rules = _HIGH_RULES if is_highmem(zone.name) else _LOW_RULES
    rule = next((name for name, obeys in rules.items() if obeys(printed)), None)
    reason = "" if rule else next(_reasons(printed), "these numbers follow no rule of Linux 2.6 or later")
    return WatermarkFit(zone.node, zone.name, rule, reason, 0 if rule else hidden_boost(printed))


def printed_watermarks(zone: ZoneStat) -> Printed | None:
    """Return a zone's watermarks without its printed boost, or ``None`` when one is missing."""
    minimum, low, high = zone.watermark_min, zone.watermark_low, zone.watermark_high
    if minimum is None or low is None or high is None:
        return None
    boost = zone.watermark_boost or 0
    return Printed(minimum - boost, low - boost, high - boost, zone.managed)


def _obeys(formula: Formula, printed: Printed) -> bool:
    """Whether low and high follow from min by a formula; below highmem a zone's share is its min."""
    expected = steps(formula, minimum=printed.min, share=printed.min, scaled=printed.scaled)
    return (printed.first, printed.high - printed.min) == expected


def _quarters_of_share(printed: Printed) -> bool:
    return _obeys("quarters_of_share", printed)


def _quarters_or_scale(printed: Printed) -> bool:
    return _obeys("quarters_or_scale", printed)


def _twice_and_thrice(printed: Printed) -> bool:
    old = printed.managed is None  # the rule went in 2.6.10, managed came in 3.8
    return old and printed.min > 0 and _obeys("twice_and_thrice", printed)


def _even_steps(printed: Printed) -> bool:
    """HighMem's steps are quarters of a share that is not printed: about equal is all there is to see."""
    return printed.second - printed.first in (0, 1)


_LOW_RULES: dict[Formula, Callable[[Printed], bool]] = {
    "quarters_of_share": _quarters_of_share,
    "quarters_or_scale": _quarters_or_scale,
    "twice_and_thrice": _twice_and_thrice,
}
_HIGH_RULES: dict[Formula, Callable[[Printed], bool]] = {
    "quarters_of_share": _even_steps,
    "twice_and_thrice": _twice_and_thrice,
}


# --- why not ----------------------------------------------------------------------------------


def _reasons(printed: Printed) -> Iterator[str]:
    """Yield what may have been in the way, the clearest sign first."""
    yield from _extra_free(printed)
    yield from _hidden_boost(printed)
    yield from _other_scale(printed)
    yield from _other_size(printed)


def _extra_free(printed: Printed) -> Iterator[str]:
    """Android adds a share of ``extra_free_kbytes`` to low and to high, so only the first step grows."""
    step = max(printed.min // 4, printed.scaled)
    old = printed.min // 2 - printed.min // 4
    extra = printed.first - printed.second
    if extra > 1 and printed.second in (step, old):
        yield f"low and high lie {extra} pages too high: extra_free_kbytes, as Android kernels have it"


def hidden_boost(printed: Printed) -> int:
    """Return the boost that watermarks hide: it raises all three alike, so min is more than four steps.

    Source: mm/page_alloc.c, ``boost_watermark`` (5.0); 5.7 printed the sum, without ``boost:``.
    """
    if printed.managed is None or not printed.first == printed.second > printed.scaled:
        return 0
    rests = range(4)  # min without the boost is four steps and so many pages
    boosts = ((rest, printed.min - 4 * printed.first - rest) for rest in rests)
    possible = ((boost, (6 * printed.first + rest) * 3 // 2) for rest, boost in boosts if boost > 0)
    return next((boost for boost, most in possible if _is_boost(boost, most)), 0)


def _is_boost(boost: int, most: int) -> bool:
    """Whether a zone can be boosted by so many pages: page blocks, up to ``most``, 1.5 times its high.

    One page block, of 1,024 pages at the most on the machines that print this, is always allowed.
    """
    return boost == most or (boost % PAGEBLOCK == 0 and boost <= max(most, 2 * PAGEBLOCK))


def _hidden_boost(printed: Printed) -> Iterator[str]:
    boost = hidden_boost(printed)
    if boost:
        yield f"min, low and high hold a watermark_boost of {boost} pages that the report does not print"


def _other_scale(printed: Printed) -> Iterator[str]:
    """Another ``watermark_scale_factor`` makes even steps of another part of the zone."""
    if not printed.managed or printed.first != printed.second or printed.first <= printed.min // 4:
        return
    factor = round(printed.first * 10_000 / printed.managed)
    if factor != DEFAULT_SCALE and printed.managed * factor // 10_000 == printed.first and factor % 5 == 0:
        yield f"the steps are those of watermark_scale_factor = {factor}"


def _other_size(printed: Printed) -> Iterator[str]:
    """The watermarks are set once; a zone that grows or shrinks afterwards keeps them."""
    if not printed.managed or printed.second - printed.first not in (0, 1) or not printed.first:
        return
    before = printed.first * 10_000 // DEFAULT_SCALE
    how = "shrank" if before > printed.managed else "grew"
    now = printed.managed
    yield f"the zone {how} after its watermarks were set: they fit {before} managed pages, it has {now}"
