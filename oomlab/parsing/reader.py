"""Read reports: from a text, from bytes, from lines as they come, or from pieces of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from oomlab.errors import ReportError, require
from oomlab.parsing.assemble import assemble
from oomlab.parsing.classify import classify
from oomlab.parsing.continuation import join_wrapped, split_joined
from oomlab.parsing.decode import clean, decode
from oomlab.parsing.grammar import Draft, Stage
from oomlab.parsing.lines import LogLines
from oomlab.parsing.prefix import strip_prefixes
from oomlab.parsing.scan import BEHIND, HEADER, LogScanner
from oomlab.parsing.segment import GAP, segment
from oomlab.report import Report, Source, SourceLine

LONG = 1 << 20
"""A log of more bytes than this is scanned for windows to be read; a shorter one is read whole."""

_CHUNK = 64 << 10
_MAX_WINDOW = 64 << 20
_AFTER_KILL = 5
"""A report is over this many lines after its kill."""

_ORDERS = (
    ("oom-killer: ", "Mem-Info:", "lowmem_reserve[]:"),
    ("oom-killer: ", "tgid total_vm ", "Killed process "),
)
"""Words of a report, in the order in which a kernel prints them."""

_PARTS = ("nodes", "zones", "tasks", "victims", "hugepages", "allocations", "problems")
_LINES = ("line", "kernel_line", "reserve_line", "blocks_line", "stats_line", "slabs_line")


def parse(text: str) -> list[Report]:
    """Return every report in a text, in the order in which they begin.

    Damage never stops the reading: what is missing or does not fit is listed in
    ``Report.problems``. Raises :class:`ReportError` when the text holds no report at all.
    """
    require(text, str, "parse takes the text of a log, and oomlab.parsing.parse_bytes its bytes")
    if len(text) > LONG:
        return parse_bytes(text.encode("utf-8", "backslashreplace"))
    return _some(_read_whole(text))


def parse_bytes(data: bytes) -> list[Report]:
    """Return every report in the bytes of a log, UTF-8 or UTF-16; see :func:`parse`."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return parse(decode(data))
    return _some(read_pieces([data]))


def iter_reports(lines: Iterable[str | bytes]) -> Iterator[Report]:
    """Yield the reports in a log that comes line by line, each as soon as it is whole.

    The log may be of any length: no more lines are held than one report needs. Line ends
    may be left out. A log without any report yields nothing.
    """
    return read_pieces(_chunks(lines))


def read_pieces(pieces: Iterable[bytes]) -> Iterator[Report]:
    """Yield the reports in a log that comes in pieces of any size, each as soon as it is whole."""
    pieces = iter(pieces)
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > LONG:
            return _read_long(LogScanner(chain(begun, pieces)))
    return iter(_read_whole(decode(b"".join(begun))))


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
        data = line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace")
        chunk.append(data if data.endswith(b"\n") else data + b"\n")
        size += len(data)
        if size > _CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


class _Window(NamedTuple):
    """The reports in a window of a log, how many lines follow the last, and whether that is over."""

    reports: list[Report]
    left: int
    is_over: bool


def _read(text: str, first: int = 1) -> _Window:
    """Read the reports in a text whose first line has the number ``first``: the whole way of a log."""
    given = text.split("\n")
    lines = _lines(text, given, first)
    drafts = segment(lines)
    reports = [assemble(draft, lines, _source(given, first, draft)) for draft in drafts]
    return _window(reports, drafts, first + len(given) - 1)


def log_lines(source: Sequence[SourceLine]) -> LogLines:
    """Return lines of a log as the kernel wrote them, each with its kind and without its prefix."""
    given = [line.text for line in source]
    return _lines("\n".join(given), given, source[0].number if source else 1)


def _lines(text: str, given: list[str], first: int) -> LogLines:
    """Return the kernel's whole lines, each with its kind, of a log that is given line by line as well."""
    lines = clean(text, given, first)
    lines = strip_prefixes(lines)
    lines = split_joined(lines)
    lines = classify(lines)
    return join_wrapped(lines)


def _source(given: list[str], first: int, draft: Draft) -> Source:
    return Source(draft.first, tuple(given[draft.first - first : draft.last - first + 1]))


def _window(reports: list[Report], drafts: list[Draft], end: int) -> _Window:
    """Find out whether the last report can go on behind line ``end``."""
    if not drafts:
        return _Window(reports, 0, is_over=True)
    left = end - drafts[-1].last
    enough = _AFTER_KILL if drafts[-1].stage >= Stage.KILL else GAP
    return _Window(reports, left, is_over=left > enough)


def _read_long(log: LogScanner) -> Iterator[Report]:
    """Read window by window."""
    done = floor = 0
    while (hit := log.find(done)) is not None:
        begin = hit.start if hit.needle is HEADER else max(hit.start - BEHIND, floor)
        begin, data, window = _read_window(log, begin, log.window_end(begin, hit.start + 1))
        yield from window.reports
        done = max(done, begin + len(data))
        floor = done - len(b"\n".join(data.split(b"\n")[-window.left :])) if window.left else done


def _read_window(log: LogScanner, begin: int, stop: int) -> tuple[int, bytes, _Window]:
    """Read from ``begin`` on; while the last report may go on, widen the window and read it again."""
    while True:
        begin, first, data = log.cut(begin, stop)
        window = _read(decode(data), first)
        end = begin + len(data)
        if window.is_over or (log.is_whole and end >= log.end) or len(data) > _MAX_WINDOW:
            return begin, data, window
        stop = log.window_end(begin, end + len(data))
        if stop <= end:  # the next header stands there
            return begin, data, window


def _read_whole(text: str) -> list[Report]:
    """Read a log that is held as a whole; one with its newest line first is reversed before.

    ``journalctl -r`` and most web pages put the newest line first. Such reports get the
    numbers that their lines have in the log as it was given.
    """
    if not is_newest_first(text):
        return _read(text).reports
    total = text.count("\n") + 1
    return [_renumber(report, total) for report in _read(_reverse_lines(text)).reports]


def is_newest_first(text: str) -> bool:
    """Whether a log has its newest line first: both its first and its last report run backwards.

    >>> is_newest_first("lowmem_reserve[]: 0 0\\nMem-Info:\\nsh invoked oom-killer: gfp_mask=0xd0")
    True
    """
    return any(_is_reversed(text, words) for words in _ORDERS)


def _is_reversed(text: str, words: tuple[str, str, str]) -> bool:
    first = text.find(words[0])
    second = text.find(words[1], 0, max(first, 0))
    if text.find(words[2], 0, max(second, 0)) < 0:
        return False
    return text.rfind(words[2]) < text.rfind(words[1]) < text.rfind(words[0])


def _reverse_lines(text: str) -> str:
    return "\n".join(reversed(text.split("\n")))


def _renumber(report: Report, total: int) -> Report:
    """Return a report of a reversed log with the line numbers of the log as it was, of ``total`` lines."""
    parts: dict[str, Any] = {
        name: tuple(_renumber_part(part, total) for part in getattr(report, name)) for name in _PARTS
    }
    for name in ("trigger", "swap", "memcg", "protection"):
        part = getattr(report, name)
        parts[name] = part and _renumber_part(part, total)
    renumbered: Report = replace(
        _renumber_part(report, total),
        first_line=total + 1 - report.last_line,
        last_line=total + 1 - report.first_line,
        totals_lines=MappingProxyType({key: total + 1 - line for key, line in report.totals_lines.items()}),
        source=Source(total + 1 - report.last_line, tuple(line.text for line in report.source)[::-1]),
        kinds={total + 1 - line: kind for line, kind in report.kinds.items()},
        **parts,
    )
    return renumbered


def _renumber_part(part: Any, total: int) -> Any:
    """Renumber every line of one part of a report."""
    lines = {name: getattr(part, name, None) for name in _LINES}
    turned = {name: total + 1 - line for name, line in lines.items() if line is not None}
    return part._replace(**turned) if hasattr(part, "_replace") else replace(part, **turned)
