"""How findings are put: claims in plain words, with lines to prove them and thresholds from the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.model import Confidence, Finding, weaker
from oomlab.kernel import load_table
from oomlab.report import SourceLine, ZoneStat
from oomlab.units import human_kb

Rule = Callable[[Case], Finding | None]
"""A small pure function: what it finds in a case, or ``None``."""


def found(
    case: Case, rule: str, claim: str, confidence: Confidence, *lines: int | None, needs_mask: bool = False
) -> Finding:
    """State a finding and quote its lines; without the request's mask some are less sure."""
    numbers = dict.fromkeys(line for line in lines if line) or {case.report.first_line: None}
    quoted = (case.report.quote(number) for number in numbers)
    if needs_mask and not case.mask_known:
        confidence = weaker(confidence)
    return Finding(
        rule=rule,
        claim=claim,
        confidence=confidence,
        evidence=tuple(line for line in quoted if isinstance(line, SourceLine)),
        source=_sources().get(rule, ""),
    )


@cache
def _sources() -> dict[str, str]:
    return {row["name"]: row["source"] for row in load_table("diagnose")["rule"]}


@cache
def limit(name: str) -> float:
    """Give a threshold of ``tables/diagnose.toml``."""
    return next(float(row["value"]) for row in load_table("diagnose")["threshold"] if row["name"] == name)


def size(case: Case, pages: float) -> str:
    """Write pages as a size."""
    return human_kb(pages * case.report.page_size_kb)


def percent(share: float) -> str:
    """Write a share as people do.

    >>> percent(0.593), percent(0.0004)
    ('59 %', 'under 1 %')
    """
    return "under 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as English does."""
    *others, end = [*words] or [""]
    return f"{', '.join(others)} {last} {end}" if others else end


def zone_name(case: Case, zone: ZoneStat) -> str:
    """Name a zone, with its node on a machine that has several."""
    several = any(each.node for each in case.report.zones)
    return f"{zone.name} of node {zone.node}" if several and zone.node is not None else zone.name


def names_of(case: Case, zones: Iterable[ZoneStat]) -> str:
    """Name zones in a row, each once."""
    return listed(dict.fromkeys(zone_name(case, zone) for zone in zones))


def free_in(case: Case, zones: Iterable[ZoneStat]) -> str:
    """Say how much is free in some zones."""
    return size(case, sum(zone.free or 0 for zone in zones))
