"""Who was taking pages that no counter shows, as far as a call trace or a list of allocations tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from oomlab.kernel import Row, load_table
from oomlab.report import Report

_DOUBTFUL = re.compile(r"\? ([\w.$]{1,200})\+0x", re.A)
"""A function of which only the address lay on the stack: it need not have been called."""

_FUNCTION = re.compile(r"func:(\w{1,120})", re.A)
_SHOWN = 2


class Taker(NamedTuple):
    """A row of ``[[taker]]`` in ``tables/diagnosis.toml``, and its functions that the report shows."""

    row: Row
    functions: tuple[str, ...]
    lines: tuple[int, ...]


def certain(report: Report) -> list[str]:
    """Return the functions of the trace that were called for certain; all of it where none was.

    Kernels that cannot unwind their stack print every function with a question mark.
    """
    doubtful = {name for line in report.source for name in _DOUBTFUL.findall(line.text)}
    return [name for name in report.trace if name not in doubtful] or list(report.trace)


def taker_of(report: Report) -> Taker | None:
    """Return who asked for pages by the call trace, or holds the most by the list of allocations."""
    names = [name.partition(".")[0] for name in (*certain(report), *_largest_allocation(report))]
    for row in load_table("diagnosis")["taker"]:
        found = [name for name in names if any(fnmatchcase(name, each) for each in row["functions"])]
        shown = tuple(dict.fromkeys(found))[:_SHOWN]
        if shown:
            return Taker(row, shown, tuple(_lines(report, shown)))
    return None


def _largest_allocation(report: Report) -> list[str]:
    largest = max(report.allocations, key=lambda each: each.size_kb, default=None)
    return _FUNCTION.findall(largest.place) if largest else []


def _lines(report: Report, functions: tuple[str, ...]) -> Iterator[int]:
    """Find the lines of these functions."""
    for name in functions:
        sign = re.compile(rf"(?<![\w.]){re.escape(name)}(?:[.+]|$|\s)")
        yield from [line.number for line in report.source if sign.search(line.text)][:1]
