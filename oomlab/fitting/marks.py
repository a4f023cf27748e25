"""Which rule set a zone's watermarks, and, where none fits, why not.

A kernel derives ``low`` and ``high`` from ``min`` (:mod:`oomlab.watermarks`), so a report's
own three numbers tell the rule. Where they obey none, they tell what was in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from oomlab.mmzone import is_highmem
from oomlab.report import ZoneStat
from oomlab.rules import Formula

DEFAULT_SCALE = 10
"""``watermark_scale_factor``: ten thousandths of a zone between its marks."""
PAGEBLOCK = 512
"""Pages by which ``watermark_boost`` grows."""


class Marks(NamedTuple):
    """A zone's watermarks without any printed boost, in pages, and its size if that was printed."""

    least: int
    low: int
    high: int
    managed: int | None

    @property
    def first(self) -> int:
        """The step from min to low."""
        return self.low - self.least

    @property
    def second(self) -> int:
        """The step from low to high."""
        return self.high - self.low

    @property
    def scaled(self) -> int:
        """The step that the default ``watermark_scale_factor`` asks for."""
        return (self.managed or 0) * DEFAULT_SCALE // 10_000


class MarksFit(NamedTuple):
    """What explains one zone's marks.

    ``rule`` names the formula of ``tables/watermarks.toml`` that they obey exactly, else it is
    ``None`` and ``reason`` says, as far as the numbers tell, what was in the way.
    ``hidden_boost`` is a boost that the marks contain and the report does not print.
    """

    node: int | None
    zone: str
    rule: Formula | None
    reason: str
    hidden_boost: int = 0


def explain_marks(zone: ZoneStat) -> MarksFit | None:
    """Explain a zone's ``min``, ``low`` and ``high``; ``None`` when one of them was not printed.

    >>> normal = ZoneStat(name="Normal", watermark_min=2012, watermark_low=2515, watermark_high=3018)
    >>> explain_marks(normal).rule
    'quarters_of_share'

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``, and Android's ``extra_free_kbytes``.
    """
    marks = marks_of(zone)
    if marks is None:
        return None
    rules = _HIGH_RULES if is_highmem(zone.name) else _LOW_RULES
    rule = next((name for name, obeys in rules.items() if obeys(marks)), None)
    reason = "" if rule else next(_reasons(marks), "these numbers follow no rule of Linux 2.6 or later")
    return MarksFit(zone.node, zone.name, rule, reason, 0 if rule else hidden_boost(marks))


def marks_of(zone: ZoneStat) -> Marks | None:
    """Take a zone's marks without its printed boost, or ``None`` when one is missing."""
    least, low, high = zone.watermark_min, zone.watermark_low, zone.watermark_high
    if least is None or low is None or high is None:
        return None
    boost = zone.watermark_boost or 0
    return Marks(least - boost, low - boost, high - boost, zone.managed)


def _quarters_of_share(marks: Marks) -> bool:
    return marks.first == marks.least // 4 and marks.high - marks.least == marks.least // 2


def _quarters_or_scale(marks: Marks) -> bool:
    return marks.first == marks.second == max(marks.least // 4, marks.scaled)


def _twice_and_thrice(marks: Marks) -> bool:
    old = marks.managed is None  # the rule went in 2.6.10, managed came in 3.8
    return old and marks.least > 0 and (marks.low, marks.high) == (2 * marks.least, 3 * marks.least)


def _even_steps(marks: Marks) -> bool:
    """HighMem's steps are quarters of a share that is not printed: about equal is all there is to see."""
    return marks.second - marks.first in (0, 1)


_LOW_RULES: dict[Formula, Callable[[Marks], bool]] = {
    "quarters_of_share": _quarters_of_share,
    "quarters_or_scale": _quarters_or_scale,
    "twice_and_thrice": _twice_and_thrice,
}
_HIGH_RULES: dict[Formula, Callable[[Marks], bool]] = {
    "quarters_of_share": _even_steps,
    "twice_and_thrice": _twice_and_thrice,
}


# --- why not ----------------------------------------------------------------------------------


def _reasons(marks: Marks) -> Iterator[str]:
    """Give what may have been in the way, the most telling first."""
    yield from _extra_free(marks)
    yield from _hidden_boost(marks)
    yield from _other_scale(marks)
    yield from _other_size(marks)


def _extra_free(marks: Marks) -> Iterator[str]:
    """Android adds a share of ``extra_free_kbytes`` to low and to high, so only the first step grows."""
    step = max(marks.least // 4, marks.scaled)
    old = marks.least // 2 - marks.least // 4
    extra = marks.first - marks.second
    if extra > 1 and marks.second in (step, old):
        yield f"low and high lie {extra} pages too high: extra_free_kbytes, as Android kernels have it"


def hidden_boost(marks: Marks) -> int:
    """Find a boost in marks: it raises min, low and high alike, so min is more than four steps.

    Source: mm/page_alloc.c, ``boost_watermark`` (5.0); 5.7 printed marks with it and did not say so.
    """
    if marks.managed is None or not marks.first == marks.second > marks.scaled:
        return 0
    boost = round((marks.least - 4 * marks.first) / PAGEBLOCK) * PAGEBLOCK
    return boost if boost > 0 and 0 <= marks.least - boost - 4 * marks.first <= 3 else 0


def _hidden_boost(marks: Marks) -> Iterator[str]:
    boost = hidden_boost(marks)
    if boost:
        yield f"min, low and high hold a watermark_boost of {boost} pages that the report does not print"


def _other_scale(marks: Marks) -> Iterator[str]:
    """Another ``watermark_scale_factor`` makes even steps of another part of the zone."""
    if not marks.managed or marks.first != marks.second or marks.first <= marks.least // 4:
        return
    factor = round(marks.first * 10_000 / marks.managed)
    if factor != DEFAULT_SCALE and marks.managed * factor // 10_000 == marks.first and factor % 5 == 0:
        yield f"the steps are those of watermark_scale_factor = {factor}"


def _other_size(marks: Marks) -> Iterator[str]:
    """The marks are set once; a zone that grows or shrinks afterwards keeps them."""
    if not marks.managed or marks.second - marks.first not in (0, 1) or not marks.first:
        return
    before = marks.first * 10_000 // DEFAULT_SCALE
    how = "shrank" if before > marks.managed else "grew"
    yield f"the zone {how} after its marks were set: they fit {before} managed pages, it has {marks.managed}"
