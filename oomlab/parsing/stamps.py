"""Find what the logger wrote before the request of a report, where its line in the log begins otherwise.

A document on one line holds many lines of the kernel's, each with a time of its own, and an entry of a
journal has its time in other fields than its message.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain, takewhile

from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line, LogLines
from oomlab.report import CLOCK, MINUTE, Source, time_in, uptime_in

_STAMP_LENGTH = 400
"""Characters of a line in which its time stands."""

_MAX_ENTRY_FIELDS = 60
"""The most fields of an entry above its message or below, each on a line of its own."""

_SINCE = re.compile(r"(?:\w{3,8} {0,4}:\w{3,8} {0,4}: )?\[ {0,8}\+\d", re.A)
"""How ``dmesg -H`` writes that a line came so many seconds after the one above."""

_EDGE = re.compile(r"[\s{}\[\],]{0,40}$")
"""What stands between two entries."""

_MICROSECONDS = re.compile(
    r'(_SOURCE_MONOTONIC_TIMESTAMP|__MONOTONIC_TIMESTAMP|__REALTIME_TIMESTAMP)"?\s{0,4}[=:]\s{0,4}"?(\d{1,17})',
    re.A,
)
"""How the journal keeps the times of an entry. Source: systemd.journal-fields(7)."""

_TITLE = re.compile(r" \[s=[0-9a-f]{1,40};", re.A)
"""What stands behind the time above the fields of ``journalctl -o verbose``: the cursor of the entry."""

_SECONDS = re.compile(r'"pri"\s{0,4}:.{0,200}?"time"\s{0,4}:\s{0,4}(\d{1,9})\.(\d{1,6})', re.A | re.DOTALL)
"""How ``dmesg --json`` does: seconds since boot. Source: util-linux, sys-utils/dmesg.c."""


class Stamps:
    """Finds the request of each report among the lines of a log, report by report in the order of the log.

    ``given`` are the lines as they were given, with the number of each.
    """

    def __init__(self, lines: LogLines, given: Sequence[str], numbers: Sequence[int]) -> None:
        self._lines, self._given, self._numbers = lines, given, numbers
        self._next: dict[int, int] = {}
        self._minute: tuple[int, re.Match[str] | None] = -1, None

    def of(self, draft: Draft, source: Source) -> str:
        """Return the line of the request with its time, or nothing where ``source`` shows that itself."""
        headers = draft.of("header", "failure")
        number = headers[0].number if headers else draft.first
        given = source[number - draft.first].text
        rows = range(bisect_left(self._lines.numbers, number), bisect_right(self._lines.numbers, number))
        row = rows[0] if len(rows) == 1 else self._row(rows, headers[:1] or _first_lines(draft))
        part = self._lines.raw[row]
        if part == given:
            return self._minute_above(row) if _SINCE.match(part) else ""
        own = _own(part, given, is_alone=len(rows) == 1)
        shown = own or given[:_STAMP_LENGTH]
        wall, uptime = _times_of(self._entry(number, given, self._lines.texts[row]))
        added = [wall] * (time_in(shown) is None) + [uptime] * (uptime_in(shown) is None)
        return " ".join([*filter(None, added), shown]) if any(added) else own

    def _minute_above(self, row: int) -> str:
        """Return a line of ``dmesg -H`` below the minute in which it was written, if that is shown."""
        raw = self._lines.raw
        seen, minute = self._minute if self._minute[0] <= row else (-1, None)
        found = (MINUTE.match(raw[each]) for each in range(row, seen, -1))
        minute = next(filter(None, found), minute)
        self._minute = row, minute
        return f"[{minute[1]}] {raw[row][:_STAMP_LENGTH]}" if minute else ""

    def _row(self, rows: range, requests: list[Line]) -> int:
        """Return the row of a request; the reports before it in the same line have taken theirs."""
        texts, wanted = self._lines.texts, {text for _, text in requests}
        start = self._next.get(rows[0], rows[0])
        row = next((row for row in chain(range(start, rows.stop), rows) if texts[row] in wanted), start)
        self._next[rows[0]] = min(row + 1, rows[-1])
        return row

    def _entry(self, number: int, given: str, text: str) -> str:
        """Return the entry of a journal that holds a message: an object in its line, or lines around it."""
        at = max(given.find(text[:_MAX_ENTRY_FIELDS]), 0)
        opened, closed = given.rfind("{", 0, at), given.find("}", at)
        if opened >= 0:
            return given[opened : closed if closed >= 0 else len(given)]
        row = bisect_left(self._numbers, number)
        above = self._given[max(row - _MAX_ENTRY_FIELDS, 0) : row][::-1]
        above = above[: len(_fields(above, given)) + 1]
        return "\n".join([*above[::-1], *_fields(self._given[row : row + _MAX_ENTRY_FIELDS], given)])


def _fields(lines: Iterable[str], message: str) -> list[str]:
    """Return the lines of one entry, all of which begin at the column of its message, up to its edge."""
    indent = _indent(message)
    return [*takewhile(lambda line: not _EDGE.match(line) and _indent(line) == indent, lines)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _own(part: str, given: str, *, is_alone: bool) -> str:
    """Return the line of a request, or nothing where the line as it was given shows its time."""
    if is_alone:
        return "" if _is_timed(given) or not _is_timed(part) else part[:_STAMP_LENGTH]
    if time_in(part[:_STAMP_LENGTH]) is None and len(times := {*CLOCK.findall(given)}) == 1:
        part = f"{times.pop()} {part}"  # all that the line holds is of one time, as an entry is
    return part[:_STAMP_LENGTH]


def _times_of(entry: str) -> tuple[str | None, str | None]:
    """Return the date with the time of day, and the time since boot, that the fields of an entry hold."""
    fields = dict(_MICROSECONDS.findall(entry))
    boot = fields.get("_SOURCE_MONOTONIC_TIMESTAMP") or fields.get("__MONOTONIC_TIMESTAMP")
    seconds = _SECONDS.search(entry)
    uptime = f"[{seconds[1]}.{seconds[2]}]" if seconds else None
    if boot:
        uptime = f"[{int(boot) // 1_000_000}.{int(boot) % 1_000_000:06}]"
    title = entry.partition("\n")[0]
    wall = time_in(title) if _TITLE.search(title) else _date(int(fields.get("__REALTIME_TIMESTAMP", 0)))
    return wall, uptime


def _date(microseconds: int) -> str | None:
    """Return a date with the time of day in UTC; ``None`` where no calendar has it."""
    if not microseconds:
        return None
    from datetime import UTC, datetime, timedelta

    try:
        return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return None


def _first_lines(draft: Draft) -> list[Line]:
    """Return the first line of each kind that stands in the first line of the log that a report has."""
    return [run[0] for run in draft.lines.values() if run[0].number == draft.first]


def _is_timed(text: str) -> bool:
    return time_in(text[:_STAMP_LENGTH]) is not None or uptime_in(text[:_STAMP_LENGTH]) is not None
