"""What each zone had for the request, in words."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.render.safe import plain
from oomlab.report import Report, ZoneStat
from oomlab.units import human_kb
from oomlab.verdict import Verdict
from oomlab.words import several, zone_names

_MIN_UNSEEN_PAGES = 1024
"""The least free memory outside the zones shown that is mentioned."""


def outcome_in_words(verdict: Verdict, report: Report) -> str:
    """Return what came of asking a zone, in a few words.

    Before it kills, the kernel asks the zones once more, for ``high`` instead of ``min``.
    Source: mm/page_alloc.c, ``__alloc_pages_may_oom``.
    """
    if _is_empty(verdict.zone):
        return "empty"
    if verdict.zone.is_impossible:
        return "impossible watermarks"
    if verdict.allowed is None:
        return "request unknown"
    if verdict.allowed is False:
        return "not for this request"
    if verdict.short is None:
        return "cannot be told"
    if verdict.short:
        return f"short by {several(verdict.short, 'page')}"
    if verdict.block is None:
        return "cannot be told"
    spare = "above min, not above high" if is_below_high(verdict, report) else "to spare"
    return f"{verdict.spare:,} {spare}" if verdict.block else "no block large enough"


def is_below_high(verdict: Verdict, report: Report) -> bool:
    """Whether a zone refuses in the kernel's last try before a kill, though it has more than ``min``."""
    high, spare = verdict.zone.watermark_high, verdict.spare
    if not report.may_be_oom or high is None or spare is None or verdict.watermark is None:
        return False
    return spare + verdict.watermark <= high


def _is_empty(zone: ZoneStat) -> bool:
    return zone.free == 0 and 0 in (zone.present, zone.managed)


def zones_in_words(report: Report, judged: Sequence[Verdict]) -> str | None:
    """Return which zones refused, which could have served, and which could not be asked.

    ``None`` where it is unknown what the request may use.
    """
    if not any(each.allowed is not None for each in judged):
        return None
    asked = [each for each in judged if each.allowed and not _is_empty(each.zone)]
    if any(each.zone.is_impossible for each in asked):
        return "The watermarks are impossible: no machine has zones of that size."
    able = [each for each in asked if not each.refused]
    if able:
        return _able_in_words(report, able)
    text = "Every zone that this request could use was short."
    if not asked:
        text = "The report shows no zone that this request could use."
    elif any(each.block is False for each in asked):
        size = human_kb((1 << max(0, report.trigger.order or 0)) * report.page_size_kb)
        text = f"No zone that this request could use had a free block of {size} or more to give."
    return " ".join([text, *_idle_in_words(report, judged)])


def _able_in_words(report: Report, able: Sequence[Verdict]) -> str:
    names = plain(zone_names((each.zone for each in able), report))
    if any(each.block is None for each in able):
        return f"Whether {names} could have served it cannot be told: a number is missing."
    if all(is_below_high(each, report) for each in able):
        return (
            f"{names} had more than min, but not more than high, which the last try before a kill asks for."
        )
    return f"{names} had enough when the report was printed: another limit, or another moment, decided."


def _idle_in_words(report: Report, judged: Sequence[Verdict]) -> list[str]:
    """Return how much was free where the request could not go, in zones that are shown and that are not."""
    idle = [each.zone for each in judged if each.allowed is False and each.zone.free]
    lines = []
    if idle:
        free = human_kb(sum(zone.free or 0 for zone in idle) * report.page_size_kb)
        lines.append(f"{free} lay free in {plain(zone_names(idle, report))}, where it may not go.")
    unseen = report.totals.get("free", 0) - sum(each.zone.free or 0 for each in judged)
    if unseen > _MIN_UNSEEN_PAGES:
        lines.append(
            f"Another {human_kb(unseen * report.page_size_kb)} lay free in zones that are not shown."
        )
    return lines


def bar_in_words(verdict: Verdict) -> str:
    """Return what the bar of a zone shows, for readers who do not see it."""
    zone = verdict.zone
    parts = [f"{several(zone.free, 'page')} free"] if zone.free is not None else []
    parts += [f"{name} {pages:,}" for name, pages in watermarks(zone).items() if pages is not None]
    parts += [f"reserve {verdict.reserve:,}"] if verdict.reserve else []
    return plain(f"{zone.name}: {', '.join(parts)}")


def bar_width(verdict: Verdict) -> int:
    """Return the pages that the full width of a zone's bar stands for: the largest number in it."""
    zone = verdict.zone
    return max(zone.free or 0, verdict.closed, *(pages or 0 for pages in watermarks(zone).values()))


def watermarks(zone: ZoneStat) -> dict[str, int | None]:
    """Return the three watermarks of a zone by name, in pages as printed."""
    return {"min": zone.watermark_min, "low": zone.watermark_low, "high": zone.watermark_high}
