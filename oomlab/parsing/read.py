"""Read logs: a text, bytes, lines as they come, or pieces of any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from oomlab.errors import ReportError
from oomlab.parsing.assemble import assemble
from oomlab.parsing.backwards import renumber, runs_backwards, turn_round
from oomlab.parsing.clean import clean, decode
from oomlab.parsing.find import BEHIND, HEADER, Log
from oomlab.parsing.mend import mend
from oomlab.parsing.sketch import Sketch
from oomlab.parsing.split import GAP, split
from oomlab.parsing.undress import undress
from oomlab.report import Report, Source

LONG = 1 << 20
"""A log longer than this is searched for stretches to be read; a shorter one is read whole."""

_PIECE = 64 << 10
_LARGEST = 64 << 20
_OVER = 5
"""So many lines after a kill, its report is over."""


def parse(text: str) -> list[Report]:
    """Read every report in a text, in the order in which they begin.

    Damage never stops the reading: what is missing or does not fit is told in
    ``Report.problems``. Raises :class:`ReportError` when the text holds no report at all.
    """
    if len(text) > LONG:
        return parse_bytes(text.encode("utf-8", "backslashreplace"))
    return _some(_read_whole(text))


def parse_bytes(data: bytes) -> list[Report]:
    """Read every report in the bytes of a log, UTF-8 or UTF-16; see :func:`parse`."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return parse(decode(data))
    return _some(read_pieces([data]))


def iter_reports(lines: Iterable[str | bytes]) -> Iterator[Report]:
    """Read the reports in a log that comes line by line, each as soon as it is whole.

    Any number of lines will do: no more of them are held than one report needs. Line ends
    may be left out. Without any report, nothing is given.
    """
    return read_pieces(_gather(lines))


def read_pieces(pieces: Iterable[bytes]) -> Iterator[Report]:
    """Read the reports in a log that comes in pieces of any size, each as soon as it is whole."""
    pieces = iter(pieces)
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > LONG:
            return _read_log(Log(chain(begun, pieces)))
    return iter(_read_whole(decode(b"".join(begun))))


def _some(reports: Iterable[Report]) -> list[Report]:
    found = list(reports)
    if not found:
        raise ReportError(
            "no OOM report, page allocation failure or memory dump found: "
            "give the kernel's log from the line 'invoked oom-killer' to the line 'Killed process'"
        )
    return found


def _gather(lines: Iterable[str | bytes]) -> Iterator[bytes]:
    """Put lines together to pieces of a good size."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        data = line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace")
        piece.append(data if data.endswith(b"\n") else data + b"\n")
        size += len(data)
        if size > _PIECE:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join(piece)


class _Stretch(NamedTuple):
    """What a stretch of a log holds: its reports, and how many lines follow the last of them."""

    reports: list[Report]
    left: int
    is_over: bool


def _read(text: str, first: int = 1) -> _Stretch:
    """Read the reports in a text whose first line has the number ``first``."""
    given = text.split("\n")
    numbers, lines = clean(text, given, first)
    whole = mend(undress(numbers, lines))
    sketches = split(whole)
    bare = (
        None
        if whole.bare is None
        else frozenset(n for n, b in zip(whole.numbers, whole.bare, strict=True) if b)
    )
    reports = [assemble(sketch, _source(given, first, sketch), bare) for sketch in sketches]
    left = first + len(given) - 1 - sketches[-1].last if sketches else 0
    enough = _OVER if sketches and sketches[-1].stage >= 8 else GAP
    return _Stretch(reports, left, not sketches or left > enough)


def _read_whole(text: str) -> list[Report]:
    """Read a log that is held as a whole, whichever way round it is."""
    if not runs_backwards(text):
        return _read(text).reports
    total = text.count("\n") + 1
    return [renumber(report, total) for report in _read(turn_round(text)).reports]


def _source(given: list[str], first: int, sketch: Sketch) -> Source:
    return Source(sketch.first, tuple(given[sketch.first - first : sketch.last - first + 1]))


def _read_log(log: Log) -> Iterator[Report]:
    """Read stretch by stretch."""
    done = floor = 0
    while (hit := log.find(done)) is not None:
        begin = hit.start if hit.needle is HEADER else max(hit.start - BEHIND, floor)
        begin, data, stretch = _read_stretch(log, begin, log.stretch(begin, hit.start + 1))
        yield from stretch.reports
        done = max(done, begin + len(data))
        floor = done - len(b"\n".join(data.split(b"\n")[-stretch.left :])) if stretch.left else done


def _read_stretch(log: Log, begin: int, stop: int) -> tuple[int, bytes, _Stretch]:
    """Read from ``begin`` on; while the last report may go on, the stretch is made longer and read again."""
    while True:
        begin, first, data = log.cut(begin, stop)
        stretch = _read(decode(data), first)
        end = begin + len(data)
        if stretch.is_over or (log.is_whole and end >= log.end) or len(data) > _LARGEST:
            return begin, data, stretch
        stop = log.stretch(begin, end + len(data))
        if stop <= end:  # the next header stands there
            return begin, data, stretch
