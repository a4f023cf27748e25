"""Who was taking pages that no counter shows, as far as a call trace or a list of allocations tells it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import NamedTuple

from oomlab.diagnosis.trace import certain, lines_with
from oomlab.kernel import Row, load_table
from oomlab.report import Report

_FUNCTION = re.compile(r"func:(\w{1,120})", re.A)
_SHOWN = 2


class Taker(NamedTuple):
    """A row of ``[[taker]]`` in ``tables/diagnosis.toml``, and its functions that the report shows."""

    row: Row
    functions: tuple[str, ...]
    lines: tuple[int, ...]


def taker_of(report: Report) -> Taker | None:
    """Return who asked for pages by the call trace, or holds the most by the list of allocations."""
    names = [name.partition(".")[0] for name in (*certain(report), *_largest_allocation(report))]
    for row in load_table("diagnosis")["taker"]:
        found = [name for name in names if any(fnmatchcase(name, each) for each in row["functions"])]
        shown = tuple(dict.fromkeys(found))[:_SHOWN]
        if shown:
            return Taker(row, shown, tuple(lines_with(report, shown)))
    return None


def _largest_allocation(report: Report) -> list[str]:
    largest = max(report.allocations, key=lambda each: each.size_kb, default=None)
    return _FUNCTION.findall(largest.place) if largest else []
