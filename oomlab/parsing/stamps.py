"""Find what the logger wrote before the request of a report, where its line in the log begins otherwise.

A document on one line holds many lines of the kernel's, each with a time of its own, and an entry of a
journal has its time in another field than its message.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import chain

from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line, LogLines
from oomlab.report import CLOCK, Source, time_in, uptime_in

_REACH = 400
"""Characters of a line in which its time stands."""


class Stamps:
    """Finds the request of each report among the lines of a log, report by report in the order of the log."""

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines
        self._next: dict[int, int] = {}

    def of(self, draft: Draft, source: Source) -> str:
        """Return the line of the request with its time, or nothing where ``source`` shows that itself."""
        headers = draft.of("header", "failure")
        number = headers[0].number if headers else draft.first
        given = source[number - draft.first].text
        rows = range(bisect_left(self._lines.numbers, number), bisect_right(self._lines.numbers, number))
        if len(rows) == 1:
            part = self._lines.raw[rows[0]]
            return "" if part == given or _is_timed(given) or not _is_timed(part) else part[:_REACH]
        part = self._lines.raw[self._row(rows, headers[:1] or _first_lines(draft))]
        if time_in(part[:_REACH]) is None and len(times := {*CLOCK.findall(given)}) == 1:
            part = f"{times.pop()} {part}"  # all that the line holds is of one time, as an entry is
        return part[:_REACH]

    def _row(self, rows: range, requests: list[Line]) -> int:
        """Return the row of a request; the reports before it in the same line have taken theirs."""
        texts, wanted = self._lines.texts, {text for _, text in requests}
        start = self._next.get(rows[0], rows[0])
        row = next((row for row in chain(range(start, rows.stop), rows) if texts[row] in wanted), start)
        self._next[rows[0]] = min(row + 1, rows[-1])
        return row


def _first_lines(draft: Draft) -> list[Line]:
    """Return the first line of each kind that stands in the first line of the log that a report has."""
    return [run[0] for run in draft.lines.values() if run[0].number == draft.first]


def _is_timed(text: str) -> bool:
    return time_in(text[:_REACH]) is not None or uptime_in(text[:_REACH]) is not None
