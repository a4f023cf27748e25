"""The reports that exercises ask about, read once."""

from __future__ import annotations

from functools import cache

from oomlab import corpus
from oomlab.parsing import parse
from oomlab.report import Report, ZoneStat


@cache
def incident() -> Report:
    """Give the incident's report."""
    return parse(corpus.incident())[0]


def zone(name: str) -> ZoneStat:
    """Give a zone of the incident's report."""
    return incident().zone(name)


def cached_pages() -> int:
    """Count the pages of page cache in the incident's report."""
    totals = incident().totals
    return totals["active_file"] + totals["inactive_file"]
