"""Log text of any kernel and any dress in, :class:`~oomlab.report.Report` objects out.

The way of a line: :mod:`~oomlab.parse.clean` takes off what mailers and web pages did to
it, :mod:`~oomlab.parse.undress` what loggers put before it; :mod:`~oomlab.parse.kinds`
says what kind of line it is; :mod:`~oomlab.parse.mend` joins it with its other half;
:mod:`~oomlab.parse.split` finds the report it belongs to; :mod:`~oomlab.parse.assemble`
reads it.
"""

from __future__ import annotations

from oomlab.errors import ReportError
from oomlab.parse.assemble import assemble
from oomlab.parse.clean import clean, decode
from oomlab.parse.mend import mend
from oomlab.parse.split import split
from oomlab.parse.undress import undress
from oomlab.report import Report, Source

__all__ = ["parse", "parse_bytes"]


def parse(text: str) -> list[Report]:
    """Read every report in a text, in the order in which they begin.

    Damage never stops the reading: what is missing or does not fit is told in
    ``Report.problems``. Raises :class:`ReportError` when the text holds no report at all.
    """
    reports = read_window(text, 1)
    if not reports:
        raise ReportError(
            "no OOM report, page allocation failure or memory dump found: "
            "give the kernel's log from the line 'invoked oom-killer' to the line 'Killed process'"
        )
    return reports


def parse_bytes(data: bytes) -> list[Report]:
    """Read every report in the bytes of a log; see :func:`parse`."""
    return parse(decode(data))


def read_window(text: str, first: int) -> list[Report]:
    """Read the reports in a stretch of a log whose first line has the number ``first``."""
    numbers, lines = clean(text, first)
    whole = mend(undress(numbers, lines))
    given = text.split("\n")
    bare = (
        None
        if whole.bare is None
        else frozenset(n for n, b in zip(whole.numbers, whole.bare, strict=True) if b)
    )
    return [
        assemble(
            sketch, Source(sketch.first, tuple(given[sketch.first - first : sketch.last - first + 1])), bare
        )
        for sketch in split(whole)
    ]
