"""How findings are put: claims in plain words, with lines to prove them and thresholds from the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.model import Confidence, Finding, weaker
from oomlab.kernel import load_table
from oomlab.report import SourceLine, ZoneStat
from oomlab.units import human_kb
from oomlab.words import zone_names

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


def names_of(case: Case, zones: Iterable[ZoneStat]) -> str:
    """Name zones in a row, each once."""
    return zone_names(zones, case.report)


def free_in(case: Case, zones: Iterable[ZoneStat]) -> str:
    """Say how much is free in some zones."""
    return size(case, sum(zone.free or 0 for zone in zones))
