"""Read reports: from a text, from bytes, from lines as they come, or from pieces of any size."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import chain
from typing import Any, NamedTuple

from oomlab.errors import ReportError, require
from oomlab.parsing.assemble import assemble
from oomlab.parsing.classify import classify
from oomlab.parsing.continuation import join_wrapped
from oomlab.parsing.decode import clean, decode
from oomlab.parsing.direction import is_newest_first
from oomlab.parsing.duplicates import Told
from oomlab.parsing.grammar import GAP, Draft, Stage
from oomlab.parsing.joined import split_joined
from oomlab.parsing.lines import LineKind, LogKinds, LogLines
from oomlab.parsing.prefix import strip_prefixes
from oomlab.parsing.pstore import in_order_of_time
from oomlab.parsing.scan import MAX_WINDOW, LogScanner
from oomlab.parsing.segment import segment
from oomlab.parsing.stamps import Stamps
from oomlab.parsing.stream import SOFT, count_lines, normalize
from oomlab.report import Problem, Report, Source, SourceLine

LONG = 1 << 20
"""A log of more bytes than this is scanned for windows to be read; a shorter one is read whole."""

MANY = LONG // 16
"""So is one of more lines than this: the kernel's are longer, even where a terminal wrapped them."""

_CHUNK = 64 << 10
_LINES_AFTER_KILL = 5
"""Lines after its kill, or before its header where the newest line is first, that end a report."""

_OF_GROUPS: frozenset[LineKind] = frozenset(("memcg_usage", "memcg_stats", "memcg_group"))
"""A report of a control group goes on behind its first kill if all in it are killed."""

_BYTES_TO_NEXT_KILL = 32 << 10
"""Bytes in which the next kill of a group is looked for: as many as the lines that end a report may take."""

_LINES_AFTER_CHOICE = 2000
"""The most lines between the announcement of a kill and the kill: a busy machine writes much."""

_MAX_QUOTE = 4096
"""The most characters of a line that a report quotes whole; of a longer one it quotes its own part."""

_MAX_LINES = 100_000
"""The most lines of a window of a long log, or nearly."""

_MIN_GROWTH = 16
"""A window that grew is read again when it grew by one part in so many."""

_ENTRY_END = re.compile(r'"\s?}')
"""The end of the entry that holds the last of them."""

_MAX_HEAD = 400
"""The most characters to look back for the beginning of an entry, with its time, or of a folded line."""

_MAX_AHEAD = 256 << 10
"""The most characters to look ahead in such a line for a report's own text."""

_MAX_MISSED = 64
"""The most of its texts that are looked for in vain: a logger may have written them otherwise."""


def parse(text: str) -> list[Report]:
    """Return every report in a text, in the order in which they begin.

    Damage never stops the reading: what is missing or does not fit is listed in
    ``Report.problems``. Raises :class:`ReportError` when the text holds no report at all.
    """
    require(text, str, "parse takes the text of a log, and oomlab.parsing.parse_bytes its bytes")
    return parse_bytes(text.encode("utf-8", "backslashreplace"))


def parse_bytes(data: bytes) -> list[Report]:
    """Return every report in the bytes of a log, UTF-8, UTF-16 or UTF-32; see :func:`parse`."""
    return _some(read_pieces([data]))


def iter_reports(lines: Iterable[str | bytes]) -> Iterator[Report]:
    """Yield the reports in a log that comes line by line, each as soon as it is whole.

    The log may be of any length: no more lines are held than one report needs. Line ends
    may be left out. A log without any report yields nothing.
    """
    if isinstance(lines, str | bytes):
        raise TypeError("iter_reports takes lines, such as an open file; parse takes a whole text")
    require(lines, Iterable, "iter_reports takes lines, such as an open file")
    return read_pieces(_chunks(lines))


def read_pieces(pieces: Iterable[bytes]) -> Iterator[Report]:
    """Yield the reports in a log that comes in pieces of any size, each as soon as it is whole."""
    if isinstance(pieces, str | bytes):
        raise TypeError("read_pieces takes pieces of bytes, as oomlab.source.pieces gives them")
    require(pieces, Iterable, "read_pieces takes pieces of bytes, as oomlab.source.pieces gives them")
    return read_normalized(normalize(pieces))


def read_normalized(pieces: Iterable[bytes]) -> Iterator[Report]:
    """Yield the reports in a log that :func:`oomlab.parsing.stream.normalize` gives."""
    pieces = iter(pieces)
    begun: list[bytes] = []
    size = lines = 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        lines += count_lines(piece)
        if is_long(size, lines):
            return _read_long(LogScanner(chain(begun, pieces)))
    return iter(_read_whole(decode(b"".join(begun))))


def is_long(size: int, lines: int) -> bool:
    """Return whether a log of so many bytes and lines is scanned, and not read as a whole."""
    return size > LONG or lines > MANY


def _some(reports: Iterable[Report]) -> list[Report]:
    found = list(reports)
    if not found:
        raise ReportError(
            "no OOM report, page allocation failure or memory dump found: "
            "give the kernel's log from the line 'invoked oom-killer' to the line 'Killed process'"
        )
    return found


def _chunks(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    """Join lines to chunks of a good size."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if isinstance(line, bytes):
            data = line
        else:
            require(line, str, "iter_reports takes lines of text or of bytes, such as an open file")
            data = line.encode("utf-8", "backslashreplace")
        chunk.append(data if data.endswith(b"\n") else data + b"\n")
        size += len(data)
        if size > _CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


class _Window(NamedTuple):
    """The reports in a window of a log, in the order of the log.

    ``left`` lines follow the last of them; ``is_over`` tells whether that cannot go on behind them,
    ``is_killed`` whether it has its kill, and ``is_of_group`` whether more may die for it, with lines of
    others between. ``lines`` is how many the kernel wrote, which may be many
    in one line of the log.
    """

    reports: list[Report]
    lines: int
    left: int = 0
    is_over: bool = True
    is_killed: bool = True
    is_of_group: bool = False


def _read(text: str, first: int = 1) -> tuple[list[Report], list[Draft], int]:
    """Read a text whose first line has the number ``first``: the whole way of a log.

    Return the reports, the drafts that they were made of, and how many lines the kernel wrote.
    """
    given = text.split("\n")
    numbers = _numbers(given, first) if SOFT in text else range(first, first + len(given))
    lines = _lines(text, given, numbers)
    drafts = segment(lines)
    kinds, quotes = LogKinds(lines), _Quotes(given, numbers)
    stamps = Stamps(lines, given, numbers)
    reports = [_report(draft, lines, kinds, quotes, stamps) for draft in drafts]
    return reports, drafts, len(lines.kinds)


def _report(draft: Draft, lines: LogLines, kinds: LogKinds, quotes: _Quotes, stamps: Stamps) -> Report:
    source = quotes.source(draft)
    return assemble(draft, lines, kinds, source, stamps.of(draft, source))


def log_lines(source: Sequence[SourceLine]) -> LogLines:
    """Return lines of a log as the kernel wrote them, each with its kind and without its prefix."""
    given = [line.text for line in source]
    return _lines("\n".join(given), given, [line.number for line in source])


def _lines(text: str, given: list[str], numbers: Sequence[int]) -> LogLines:
    """Return the kernel's whole lines, each with its kind, of a log that is given line by line as well."""
    lines = clean(text, given, numbers)
    lines = strip_prefixes(lines)
    lines = split_joined(lines)
    lines = classify(lines)
    return join_wrapped(lines)


def _numbers(given: list[str], first: int) -> list[int]:
    """Return the number of each line, and take away the marks of those that go on in the next."""
    numbers = []
    for index, line in enumerate(given):
        numbers.append(first)
        if line.endswith(SOFT):
            given[index] = line[:-1]
        else:
            first += 1
    return numbers


class _Quotes:
    """Quotes a log for its reports; of a line that is too long, what is a report's own: many may stand in it.

    Reports are quoted in order, so each is looked for where the one before it in that line ended.
    """

    def __init__(self, given: list[str], numbers: Sequence[int]) -> None:
        self._given, self._numbers = given, numbers
        self._whole: dict[int, str] = {}
        self._ends: dict[int, int] = {}

    def source(self, draft: Draft) -> Source:
        """Return the lines of a report as they were given."""
        rows = slice(bisect_left(self._numbers, draft.first), bisect_right(self._numbers, draft.last))
        lines = self._given[rows]
        if len(lines) != draft.last - draft.first + 1:
            lines = [self._line(number) for number in range(draft.first, draft.last + 1)]
        if max(map(len, lines)) > _MAX_QUOTE:
            lines = [self._own_part(number, line, draft) for number, line in enumerate(lines, draft.first)]
        return Source(draft.first, tuple(lines))

    def _line(self, number: int) -> str:
        """Return a line whole, of which the parts are given."""
        if number not in self._whole:
            rows = slice(bisect_left(self._numbers, number), bisect_right(self._numbers, number))
            self._whole[number] = "".join(self._given[rows])
        return self._whole[number]

    def _own_part(self, number: int, line: str, draft: Draft) -> str:
        if len(line) <= _MAX_QUOTE:
            return line
        start = self._ends.get(number, 0)
        begin, end, missed = len(line), start, 0
        for run in draft.lines.values():  # each kind in the order of the log
            at = start
            for _, text in run[bisect_left(run, (number,)) : bisect_left(run, (number + 1,))]:
                found = line.find(text[:_MAX_QUOTE], at, at + _MAX_AHEAD) if missed < _MAX_MISSED else -1
                if found >= 0:
                    at = found + len(text)
                    begin, end = min(begin, found), max(end, at)
                missed += found < 0
            start = begin if begin < end else start
        begin = _before(line, begin, self._ends.get(number, 0))
        end = closed.end() if (closed := _ENTRY_END.match(line, end)) else end
        self._ends[number] = end
        return line[begin:end] if begin < end else line[start : start + _MAX_QUOTE]


def _before(line: str, begin: int, floor: int) -> int:
    """Return where the entry begins of which the words at ``begin`` are, or the line folded into it."""
    floor = max(floor, begin - _MAX_HEAD)
    opened, folded = line.rfind("{", floor, begin), line.rfind("\\n", floor, begin)
    at = max(opened, folded + 2 if folded >= 0 else -1)
    return at if at >= 0 else begin


def _read_window(text: str, first: int) -> _Window:
    """Read a window of a long log, and find out whether its last report can go on behind it."""
    reports, drafts, lines = _read(text, first)
    if not drafts:
        return _Window(reports, lines)
    left = first + _count(text) - 1 - drafts[-1].last
    is_killed = drafts[-1].stage >= Stage.KILL
    most = _LINES_AFTER_CHOICE if drafts[-1].awaits_kill else _LINES_AFTER_KILL if is_killed else GAP
    is_of_group = left <= GAP and not _OF_GROUPS.isdisjoint(drafts[-1].lines)
    return _Window(reports, lines, left, left > most, is_killed, is_of_group)


def _read_reversed_window(text: str, first: int) -> _Window:
    """Read a window whose newest line is first; its last report is the oldest."""
    text = text.replace(f"{SOFT}\n", "")
    count = text.count("\n") + 1
    reports, drafts, lines = _read(_reverse_lines(text))
    if not drafts:
        return _Window(reports, lines)
    left = drafts[0].first - 1
    is_begun = any(kind in drafts[0].lines for kind in ("header", "failure", "show"))
    turned = [_renumber(report, first + count - 1) for report in reversed(reports)]
    return _Window(turned, lines, left, left > (_LINES_AFTER_KILL if is_begun else GAP), is_begun)


def _count(text: str) -> int:
    return text.count("\n") + 1 - text.count(f"{SOFT}\n")


def _read_long(log: LogScanner) -> Iterator[Report]:
    """Read window by window."""
    done, floor, told = 0, 0, Told()
    while (hit := log.find(done)) is not None:
        begin = max(log.window_start(hit), floor)
        begin, data, window = _widen(log, begin, log.window_end(begin, hit.start + 1))
        yield from filter(told.is_new, window.reports)
        done = max(done, begin + len(data))
        floor = done - len(b"\n".join(data.split(b"\n")[-window.left :])) if window.left else done


def _widen(log: LogScanner, begin: int, stop: int) -> tuple[int, bytes, _Window]:
    """Read from ``begin`` on; while the last report may go on, widen the window and read it again."""
    while True:
        begin, first, data = log.cut(begin, stop)
        window = _read_as_it_runs(log, decode(data), first)
        end = begin + len(data)
        if _is_over(log, window, end):
            return begin, data, window
        more = _growth(len(data), window.lines)
        if more * _MIN_GROWTH < len(data):
            return begin, data, _cut_off(window)
        stop = log.window_end(begin, end + more)
        if stop <= end:  # the next report begins there
            return begin, data, window
        if log.ends_by(stop + (stop - begin) // _MIN_GROWTH):
            stop = log.end
        del data, window  # what a window held is not held beside the next one


def _is_over(log: LogScanner, window: _Window, end: int) -> bool:
    """Whether the last report of a window that ends at ``end`` cannot go on behind it."""
    if log.is_whole and end >= log.end:
        return True
    return window.is_over and not (window.is_of_group and log.goes_on(end, end + _BYTES_TO_NEXT_KILL))


def _read_as_it_runs(log: LogScanner, text: str, first: int) -> _Window:
    """Read a window forwards, or backwards where this log has its newest line first."""
    newest_first = is_newest_first(text)
    log.is_newest_first = log.is_newest_first if newest_first is None else newest_first
    return (_read_reversed_window if log.is_newest_first else _read_window)(text, first)


def _growth(size: int, lines: int) -> int:
    """Return by how many bytes a window of so many bytes and lines may grow: by 15 times its size at most.

    All that was read before is then a fifteenth of the window, so it hardly counts that it is read again.
    """
    return min(15 * size, MAX_WINDOW - size, size * (_MAX_LINES - lines) // max(lines, 1))


def _cut_off(window: _Window) -> _Window:
    """Say of a report that is longer than any window that it may not be whole."""
    if window.is_killed:
        return window
    last = window.reports[-1]
    reason = (
        f"More of the log belongs together here than is held at once ({MAX_WINDOW >> 20} MiB or "
        f"{_MAX_LINES:,} lines), and is read in parts: the rest of this report, if there is any, is not "
        "read as part of it"
    )
    whole = replace(last, problems=(*last.problems, Problem(last.last_line, reason)))
    return window._replace(reports=[*window.reports[:-1], whole])


def _read_whole(text: str) -> list[Report]:
    """Read a log that is held as a whole; one with its newest line first is reversed before.

    ``journalctl -r`` and most web pages put the newest line first. Such reports get the
    numbers that their lines have in the log as it was given.
    """
    text, said = in_order_of_time(text)
    if not is_newest_first(text):
        return [_saying(said, report) for report in _read(text)[0]]
    text = text.replace(f"{SOFT}\n", "")
    total = text.count("\n") + 1
    return [_saying(said, _renumber(report, total)) for report in _read(_reverse_lines(text))[0]]


def _saying(reason: str | None, report: Report) -> Report:
    """Return a report with what there is to say of its log, if there is anything."""
    if reason is None:
        return report
    return replace(report, problems=(*report.problems, Problem(report.first_line, reason)))


def _reverse_lines(text: str) -> str:
    return "\n".join(reversed(text.split("\n")))


def _renumber(report: Report, total: int) -> Report:
    """Return a report of a reversed log with the line numbers of the log as it was, of ``total`` lines."""
    values = {each.name: getattr(report, each.name) for each in fields(report)}
    parts = {name: _renumber_parts(value, total) for name, value in values.items() if name != "source"}
    renumbered: Report = replace(
        _renumber_part(replace(report, **parts), total),
        first_line=total + 1 - report.last_line,
        last_line=total + 1 - report.first_line,
        totals_lines={key: total + 1 - line for key, line in report.totals_lines.items()},
        source=Source(total + 1 - report.last_line, tuple(line.text for line in report.source)[::-1]),
        kinds={total + 1 - line: kind for line, kind in report.kinds.items()},
    )
    return renumbered


def _renumber_parts(value: Any, total: int) -> Any:
    """Renumber what a field of a report holds: one part with a line, several of them, or something else."""
    if hasattr(value, "line"):
        return _renumber_part(value, total)
    if isinstance(value, tuple):
        return tuple(_renumber_part(part, total) if hasattr(part, "line") else part for part in value)
    return value


def _renumber_part(part: Any, total: int) -> Any:
    """Renumber every line of one part of a report: its fields called ``line`` or ``…_line``."""
    names = part._fields if hasattr(part, "_fields") else [each.name for each in fields(part)]
    lines = {name: getattr(part, name) for name in names if name.endswith("line")}
    turned = {name: total + 1 - line for name, line in lines.items() if line is not None}
    return part._replace(**turned) if hasattr(part, "_replace") else replace(part, **turned)
