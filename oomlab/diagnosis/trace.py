"""The call trace as proof: which functions were called for certain, and which lines show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from oomlab.report import Report, SourceLine

_DOUBTFUL = re.compile(r"\? ([\w.$]{1,200})\+0x", re.A)
"""A function of which only the address lay on the stack: it need not have been called."""


def certain(report: Report) -> list[str]:
    """Return the functions of the trace that were called for certain; all of it where none was.

    Kernels that cannot unwind their stack print every function with a question mark.
    """
    doubtful = _doubtful(report.source)
    return [name for name in report.trace if name not in doubtful] or list(report.trace)


@lru_cache(maxsize=8)  # several rules ask for the same report
def _doubtful(source: Sequence[SourceLine]) -> Set[str]:
    return {name for line in source if "? " in line.text for name in _DOUBTFUL.findall(line.text)}


def lines_with(report: Report, functions: Iterable[str]) -> list[int]:
    """Return the number of the first line that shows each of these functions, in the order of the log."""
    firsts = (_first_line(report, name) for name in functions)
    return sorted(number for number in firsts if number is not None)


def _first_line(report: Report, function: str) -> int | None:
    """Return the first line that shows a call of a function, or an allocation of its own."""
    name = re.escape(function)
    shown = re.compile(rf"(?<![\w.$]){name}(?:\.[\w.]+)?(?:\+| \(| from )|func:{name}(?!\w)")
    return next((line.number for line in report.source if shown.search(line.text)), None)
