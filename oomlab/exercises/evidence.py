"""What exercises ask about, read once: the incident's report and the head of ``top`` from the second copy."""

from __future__ import annotations

import re
from functools import cache

from oomlab import corpus
from oomlab.parsing import parse
from oomlab.report import Report, ZoneStat


@cache
def incident() -> Report:
    """Return the incident's report."""
    return parse(corpus.incident())[0]


def zone(name: str) -> ZoneStat:
    """Return a zone of the incident's report."""
    return incident().zone(name)


def cached_pages() -> int:
    """Return the page cache of the incident's report, in pages."""
    totals = incident().totals
    return totals["active_file"] + totals["inactive_file"]


@cache
def top() -> dict[str, int]:
    """Return the kB of ``free``, ``buffers`` and ``cached`` that ``top`` showed during the second copy."""
    words = re.findall(
        r"(\d+)k (free|buffers|cached)", corpus.read("incident/top.txt").replace("Swap:", "\n")
    )
    return {name: int(kb) for kb, name in reversed(words)}
