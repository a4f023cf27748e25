"""Zones, in words and as bars: what is free, what of it is closed to the request, where the marks lie."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.palette import css_background, css_hatch, swatch
from oomlab.render.safe import markup, plain
from oomlab.report import Report, ZoneStat
from oomlab.units import human_kb
from oomlab.verdict import Verdict
from oomlab.words import several, zone_names

UNSEEN = 1024
"""Pages of free memory outside the zones shown from which on they are worth a word."""


def verdict_in_words(verdict: Verdict) -> str:
    """Say what a zone was for the request, in a few words."""
    if _empty(verdict.zone):
        return "empty"
    if verdict.allowed is None:
        return "request unknown"
    if verdict.allowed is False:
        return "not for this request"
    if verdict.short is None:
        return "cannot be told"
    if verdict.short:
        return f"short by {several(verdict.short, 'page')}"
    return "no block large enough" if verdict.block is False else f"{verdict.spare:,} to spare"


def _empty(zone: ZoneStat) -> bool:
    return zone.free == 0 and 0 in (zone.present, zone.managed)


def zones_in_words(report: Report, judged: Sequence[Verdict]) -> str | None:
    """Sum up the zones: which refused, which could have served, which could not be asked."""
    if not any(each.allowed is not None for each in judged):
        return None
    asked = [each for each in judged if each.allowed and not _empty(each.zone)]
    able = [each for each in asked if not each.refused]
    if able:
        return _open_in_words(report, able)
    text = "Every zone that this request could use was short."
    if not asked:
        text = "The report shows no zone that this request could use."
    elif any(each.block is False for each in asked):
        size = human_kb((1 << max(0, report.trigger.order or 0)) * report.page_size_kb)
        text = f"No zone that this request could use had a free block of {size} or more to give."
    return " ".join([text, *_idle_in_words(report, judged)])


def _open_in_words(report: Report, able: Sequence[Verdict]) -> str:
    names = plain(zone_names((each.zone for each in able), report))
    if any(each.spare is None for each in able):
        return f"Whether {names} could have served it cannot be told: a number is missing."
    return f"{names} had enough when the report was printed: another limit, or another moment, decided."


def _idle_in_words(report: Report, judged: Sequence[Verdict]) -> list[str]:
    """Say how much was free where the request could not go, in zones that are shown and that are not."""
    idle = [each.zone for each in judged if each.allowed is False and each.zone.free]
    said = []
    if idle:
        free = human_kb(sum(zone.free or 0 for zone in idle) * report.page_size_kb)
        said.append(f"{free} lay free in {plain(zone_names(idle, report))}, where it may not go.")
    unseen = report.totals.get("free", 0) - sum(each.zone.free or 0 for each in judged)
    if unseen > UNSEEN:
        said.append(f"Another {human_kb(unseen * report.page_size_kb)} lay free in zones that are not shown.")
    return said


def zone_bar(verdict: Verdict) -> str:
    """Draw a zone on a scale of its own, from zero to whatever is largest in it.

    Hatched is what the request may not touch, solid green what it could have had. The same in
    words goes with it, for readers who do not see the picture.
    """
    width = span(verdict)
    if width == 0:
        return ""
    free, closed = verdict.zone.free or 0, verdict.closed
    inside = _fill(0, min(free, closed), width, css_hatch("reserve"))
    inside += _fill(closed, max(free, closed), width, css_background("free"))
    inside += "".join(_mark(name, pages, width) for name, pages in marks(verdict).items())
    return f'<div class="vessel" role="img" aria-label="{markup(in_words(verdict))}">{inside}</div>'


def scale(verdict: Verdict, page_kb: int) -> str:
    """Say how much memory the full width of the bar stands for."""
    return f"bar: {human_kb(span(verdict) * page_kb)}"


def in_words(verdict: Verdict) -> str:
    """Say what the bar shows."""
    zone = verdict.zone
    parts = [f"{several(zone.free, 'page')} free"] if zone.free is not None else []
    parts += [f"{name} {pages:,}" for name, pages in marks(verdict).items() if pages is not None]
    parts += [f"reserve {verdict.reserve:,}"] if verdict.reserve else []
    return f"{zone.name}: {', '.join(parts)}"


def span(verdict: Verdict) -> int:
    """Count the pages that the full width of the bar stands for."""
    return max(verdict.zone.free or 0, verdict.closed, *(pages or 0 for pages in marks(verdict).values()))


def marks(verdict: Verdict) -> dict[str, int | None]:
    """Give the three marks of a zone by name, in pages."""
    zone = verdict.zone
    return {"min": zone.watermark_min, "low": zone.watermark_low, "high": zone.watermark_high}


def _fill(first: int, last: int, span: int, background: str) -> str:
    left, width = 100 * first / span, 100 * (last - first) / span
    return f'<i style="left: {left:.2f}%; width: {width:.2f}%; background: {background}"></i>'


def _mark(name: str, pages: int | None, span: int) -> str:
    if pages is None:
        return ""
    line = swatch(f"watermark_{name}").line
    return (
        f'<b style="left: {100 * pages / span:.2f}%; border-left-style: {line}" title="{name} {pages:,}"></b>'
    )
