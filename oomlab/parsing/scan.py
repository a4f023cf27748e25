"""Scan a long log for the windows that are worth reading.

Nearly all of a long log is about other matters. A few words stand only in reports: the *needles*.
They are searched for in whole chunks, at close to the speed of memory; only the lines in a
window around a hit are looked at one by one. However long the log is, no more of it is
held than one window needs.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from oomlab.parsing.stream import MAX_LINE, REPORT, count_lines


class HitKind(IntEnum):
    """What a needle shows: where a report begins, its state of memory, or its end."""

    BEGIN = 0
    MEMORY = 1
    END = 2


_ANY = re.compile(rb"")


class _Needle(NamedTuple):
    """Words to search for, and what their line must hold if they are the kernel's.

    ``here`` must match where the words stand: where they come many times in a line, each is looked at alone.
    What its group ``end`` matches shows the end of a report, whatever else the words show.
    """

    words: bytes
    kind: HitKind
    line: re.Pattern[bytes]
    here: re.Pattern[bytes] = _ANY


_NEEDLES = (
    _Needle(
        b"oom-kill",
        HitKind.BEGIN,
        re.compile(rb"invoked oom-killer|oom-killer: gfp_mask=|oom-kill:con"),
        re.compile(rb"oom-killer:|(?P<end>oom-kill:con)"),
    ),
    _Needle(
        b"llocation fail",
        HitKind.BEGIN,
        _ANY,
        re.compile(
            rb"(?<=page a)llocation failure|(?<=order a)llocation failed"
            rb"|llocation fail\w* *[:,(].{0,120}?(?:mode|gfp)"
        ),
    ),
    _Needle(b"lowmem_reserve[]", HitKind.MEMORY, _ANY),
    _Needle(b"kB inactive_anon:", HitKind.MEMORY, re.compile(rb"\bactive_anon:\d")),
    _Needle(b"kB, failcnt ", HitKind.MEMORY, re.compile(rb" usage \d")),
    _Needle(
        b" process ",
        HitKind.END,
        re.compile(rb"ut of .{0,80}?[Kk]ill(?:ed)? process \d|-rss:|vsz:|VM: killing process"),
        re.compile(rb"(?:(?<=[Kk]ill)|(?<=[Kk]illed)) process \d|(?<=VM: killing) process"),
    ),
    _Needle(b"Kernel panic - not", HitKind.END, re.compile(rb"emory")),
)
"""Each kind of report that can stand alone has one of these, and most parts of one do.

Each costs a search through the whole log, so some parts have none: a table of tasks without a kill, a zone
of before 2.6.28 without its reserves, ``Task in … killed as a result of limit`` without the usage.
"""

_OLD = _Needle(b"Mem-info:", HitKind.MEMORY, _ANY)
"""What kernels write that know no ``lowmem_reserve[]`` (up to 2.6.10); searched for until one is found."""

_AHEAD = {HitKind.BEGIN: 8 << 10, HitKind.MEMORY: 8 << 10, HitKind.END: 800}
"""Bytes to read after a hit before asking whether the report goes on."""

_NEAR = 1 << 10
"""Bytes behind such a state in which one of the same needle shows nothing new: they are read anyway."""

_TASK = re.compile(rb"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ ")
_PARTS = (b"kB", b"KB", b" pages", b"Trace", b"cpuset", b"Info:")
"""Words of one of these stand in any part of a report that lost its header, but for tasks."""

_STEP = 2 << 10
"""Bytes to read on as long as there are tasks."""

BEHIND = 24 << 10
"""Bytes to read before a hit that is no header, for the part of the report that stands there."""

_JUST_BEFORE = 1000
"""Bytes before a header: the line that announces an OOM by SysRq stands there."""

_ENOUGH_BYTES = 1 << 20
"""The length of a window from which on it ends before the next report."""

_SPARE_BYTES = 256 << 10
"""The most that is added to a window to end it where a report begins."""

MAX_WINDOW = 8 << 20
"""The most bytes of a window: lines take some 20 times their size while they are read."""

_SEAM = max(len(needle.words) for needle in _NEEDLES) - 1
_LINE = 400
"""Bytes of a line on either side of a needle that are looked at."""

_BLANKS = re.compile(rb"\xc2\xa0|\xe2\x80[\x80-\x83\x87-\x89\xaf]|\xe3\x80\x80")
_COLOURS = re.compile(rb"\x1b\[[0-?]{0,20}[ -/]{0,4}[@-~]")


class Hit(NamedTuple):
    """Where in the log one of the needles stands."""

    start: int
    kind: HitKind


class Chunk(NamedTuple):
    """A part of the log, as it came: where it begins, where it ends, its bytes."""

    start: int
    end: int
    data: bytes


class LogScanner:
    """A log that is read once, front to back, and held only as far as it is still needed.

    Positions are bytes from its beginning; ``end`` is as far as it has been read. ``is_newest_first``
    is for whoever reads the windows to set: a report then ends with its header.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._source = iter(chunks)
        self._chunks: deque[Chunk] = deque()
        self._hits: list[Hit] = []
        self._tail = b""
        self._counted = (0, 1)
        self._needles: tuple[_Needle, ...] = (*_NEEDLES, _OLD)
        self.is_newest_first = False
        self.end = 0
        self.is_whole = False

    def find(self, start: int) -> Hit | None:
        """Return the first hit at or after ``start``, and drop what lies far before it."""
        while (hit := self._held_hit(start)) is None:
            self._forget(max(start, self.end) - BEHIND)
            if not self._read():
                return None
        self._forget(start - BEHIND - MAX_LINE)
        return hit

    def window_start(self, hit: Hit) -> int:
        """Return where to begin to read: as far before a hit as there can be lines of its report."""
        if hit.kind is not HitKind.BEGIN:
            before = b"".join(self._slices(max(hit.start - BEHIND, 0), self._line_start(hit.start)))
            if any([part in before for part in _PARTS]) or _TASK.search(before):
                return max(hit.start - BEHIND, 0)
        return max(hit.start - _JUST_BEFORE, 0)

    def window_end(self, begin: int, stop: int) -> int:
        """Return where a window ends: at ``stop``, or further on while hits before it reach beyond it.

        It goes on for a megabyte or so: how many lines that is shows only when they are read.
        """
        start, last = begin, HitKind.END
        limit = min(begin + MAX_WINDOW, stop + _ENOUGH_BYTES + _SPARE_BYTES)
        while True:
            stop = min(stop, limit)
            self._reach(stop)
            hit = self._held_hit(start)
            if hit is None or hit.start >= stop:
                if stop == limit or self.is_whole or not self._is_in_table(stop):
                    return stop
                stop += _STEP
                continue
            if (
                hit.start - begin > _ENOUGH_BYTES
                and (found := self._next_report(hit, start, last)) is not None
            ):
                return found
            start, last = hit.start + 1, hit.kind
            stop = max(stop, hit.start + _AHEAD[hit.kind])

    def _next_report(self, hit: Hit, start: int, last: HitKind) -> int | None:
        """Return where the next report begins: at a hit, or between it and the one before, of kind ``last``.

        The second of two kills may be a report of its own, unless it only carries out the first.
        """
        line = self._line_start(hit.start)
        if hit.kind is HitKind.BEGIN and self.is_newest_first:
            return self._line_end(hit.start + 1)
        if hit.kind is HitKind.BEGIN:
            return line
        if hit.kind is last is HitKind.END and b"ut of " in b"".join(self._slices(line, hit.start)):
            return line
        between = b"".join(self._slices(start, hit.start))
        found = REPORT.search(between)
        return self._line_start(start + found.start()) if found else None

    def ends_by(self, position: int) -> bool:
        """Whether the log ends at a position or before it."""
        self._reach(position + 1)
        return self.is_whole and self.end <= position

    def goes_on(self, start: int, stop: int) -> bool:
        """Whether the report above ``start`` may go on: the next hit before ``stop`` is a kill."""
        self._reach(stop)
        hit = self._held_hit(start)
        return hit is not None and hit.start < stop and hit.kind is HitKind.END

    def cut(self, begin: int, stop: int) -> tuple[int, int, bytes]:
        """Return the whole lines from ``begin`` to ``stop``: where they begin, the first number, bytes."""
        begin = self._line_start(begin)
        stop = self._line_end(stop)
        return begin, self._line_number(begin), b"".join(self._slices(begin, stop))

    def _slices(self, begin: int, stop: int) -> Iterator[bytes]:
        for chunk in self._chunks:
            if chunk.start < stop and begin < chunk.end:
                yield chunk.data[max(begin - chunk.start, 0) : stop - chunk.start]

    def _is_in_table(self, stop: int) -> bool:
        """Whether the lines before ``stop`` are tasks, of which there may be many."""
        return any(_TASK.search(data) for data in self._slices(stop - 300, stop))

    def _held_hit(self, start: int) -> Hit | None:
        index = bisect_left(self._hits, (start,))
        return self._hits[index] if index < len(self._hits) else None

    def _line_start(self, position: int) -> int:
        """Return where the line begins in which ``position`` lies."""
        for chunk in reversed(self._chunks):
            found = chunk.data.rfind(b"\n", 0, max(position - chunk.start, 0))
            if found >= 0:
                return chunk.start + found + 1
        return self._chunks[0].start if self._chunks else 0

    def _line_end(self, position: int) -> int:
        """Return where the line ends in which the byte before ``position`` lies."""
        self._reach(position)
        for chunk in self._chunks:
            found = (
                chunk.data.find(b"\n", max(position - 1 - chunk.start, 0)) if position <= chunk.end else -1
            )
            if found >= 0:
                return chunk.start + found + 1
        return self.end

    def _line_number(self, position: int) -> int:
        """Return the number of the line that begins at ``position``; no line is counted twice."""
        done, line = self._counted
        if position > done:
            for chunk in self._chunks:
                if chunk.start < position and done < chunk.end:
                    line += count_lines(chunk.data[max(done - chunk.start, 0) : position - chunk.start])
            self._counted = (position, line)
        return line

    def _reach(self, stop: int) -> None:
        """Read on to ``stop`` or to the end of the log."""
        while self.end < stop and self._read():
            pass

    def _read(self) -> bool:
        data = next(self._source, b"")
        if not data:
            self.is_whole = True
            return False
        self._search(data)
        self._chunks.append(Chunk(self.end, self.end + len(data), data))
        self.end += len(data)
        return True

    def _search(self, data: bytes) -> None:
        """Search a chunk, and the seam between it and the one before."""
        seam, start = self._tail + data[:_SEAM], self.end - len(self._tail)
        self._tail = data[-_SEAM:]
        found = [*self._hits_in(seam, start, self.end), *self._hits_in(data, self.end)]
        if found:
            if any([hit.kind is HitKind.MEMORY for hit in found]) and _OLD.words not in data:
                self._needles = _NEEDLES
            del self._hits[: bisect_left(self._hits, (self._chunks[0].start if self._chunks else 0,))]
            self._hits += sorted(found)

    def _hits_in(self, data: bytes, base: int, seam: int | None = None) -> Iterator[Hit]:
        """Yield the hits in a chunk at ``base``, needle by needle, or only those across a seam."""
        chunk = _Plain(data)
        plain = chunk.text
        for needle in self._needles:
            reach = len(needle.words) - 1
            start, stop = (
                (0, len(plain)) if seam is None else (max(seam - base - reach, 0), seam - base + reach)
            )
            at = plain.find(needle.words, start, stop)
            while at >= 0:
                kind = _kind_by_kernel(needle, plain, at)
                if kind is not None:
                    yield Hit(base + chunk.place(at), kind)
                at = plain.find(needle.words, at + (_NEAR if kind is HitKind.MEMORY else 1), stop)

    def _forget(self, start: int) -> None:
        """Count the lines of the chunks that end before ``start``, and drop them."""
        while len(self._chunks) > 1 and self._chunks[0].end <= start:
            done, line = self._counted
            chunk = self._chunks.popleft()
            if done < chunk.end:
                self._counted = (chunk.end, line + count_lines(chunk.data[max(done - chunk.start, 0) :]))


class _Plain:
    """A chunk with plain blanks and without colours, ``text``; its lines stay where they are."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        text = data.replace(b"\t", b" ") if b"\t" in data else data
        if not data.isascii():
            text = _BLANKS.sub(b" ", text)
        self.text = _COLOURS.sub(b"", text) if b"\x1b" in text else text

    def place(self, at: int) -> int:
        """Return where that stands in the chunk as it came; if it is not as long, where that line begins."""
        if len(self.text) == len(self._data):
            return at
        text_lines, lines = self._lines
        return lines[bisect_right(text_lines, at) - 1]

    @cached_property
    def _lines(self) -> tuple[list[int], list[int]]:
        """Where the lines of both begin."""
        return _line_starts(self.text), _line_starts(self._data)


def _line_starts(data: bytes) -> list[int]:
    return list(accumulate((len(line) + 1 for line in data.split(b"\n")[:-1]), initial=0))


def _kind_by_kernel(needle: _Needle, data: bytes, at: int) -> HitKind | None:
    """Return what a needle shows if the kernel writes such a line; at the edges of a chunk it may have."""
    if needle.line is needle.here is _ANY:
        return needle.kind
    here = needle.here.match(data, at)
    kind = HitKind.END if here is not None and here.lastgroup else needle.kind
    start = max(data.rfind(b"\n", 0, at) + 1, at - _LINE)
    end = data.find(b"\n", at, at + _LINE)
    if end < 0:
        end = at + _LINE
    if start == 0 or end >= len(data):
        return kind
    return kind if here is not None and needle.line.search(data, start, end) is not None else None
