"""Scan a long log for the windows that are worth reading.

Nearly all of a long log is about other matters. A few words stand only in reports: the *needles*.
They are searched for in whole chunks, at close to the speed of memory; only the lines in a
window around a hit are looked at one by one. However long the log is, no more of it is
held than one window needs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEADER = b" invoked oom-killer: gfp_mask=0x"
MEMORY = b"lowmem_reserve[]:"
KILL = b"illed process "
CHOSEN = b"ut of memory: Kill "
_NEEDLES = (HEADER, MEMORY, KILL, CHOSEN)
"""A report that lacks one of these has another, unless next to nothing of it is left.

The last two alone are searched for only near another hit, and as long as there has been none: a
log that holds headers holds one before each kill, but for a few moments of a busy kernel.
"""

_AHEAD = {HEADER: 8 << 10, MEMORY: 8 << 10, KILL: 800, CHOSEN: 800}
"""Bytes to read after a hit before asking whether the report goes on."""

_TASK = re.compile(rb"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ ")

_STEP = 2 << 10
"""Bytes to read on as long as there are tasks."""

BEHIND = 24 << 10
"""Bytes to read before a hit that is no header, for the part of the report that stands there."""

_ENOUGH = 1 << 20
"""A window this long ends before the next header."""

_SEAM = len(HEADER) - 1


class Hit(NamedTuple):
    """Where in the log one of the needles stands."""

    start: int
    needle: bytes


class Chunk(NamedTuple):
    """A part of the log, as it came: where it begins, where it ends, its bytes."""

    start: int
    end: int
    data: bytes


class LogScanner:
    """A log that is read once, front to back, and held only as far as it is still needed.

    Positions are bytes from its beginning; ``end`` is as far as it has been read.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._source = iter(chunks)
        self._chunks: deque[Chunk] = deque()
        self._hits: list[Hit] = []
        self._last: int | None = None
        self._tail = b""
        self._counted = (0, 1)
        self.end = 0
        self.is_whole = False

    def find(self, start: int) -> Hit | None:
        """Return the first hit at or after ``start``, and drop what lies far before it."""
        while (hit := self._held_hit(start)) is None:
            self._forget(max(start, self.end) - BEHIND)
            if not self._read():
                return None
        return hit

    def window_end(self, begin: int, stop: int) -> int:
        """Return where a window ends: at ``stop``, or further on while hits before it reach beyond it."""
        start = begin
        while True:
            self._reach(stop)
            hit = self._held_hit(start)
            if hit is None or hit.start >= stop:
                if self.is_whole or not self._is_in_table(stop):
                    return stop
                stop += _STEP
                continue
            if hit.needle is HEADER and hit.start - begin > _ENOUGH:
                return self._line_start(hit.start)
            start = hit.start + 1
            stop = max(stop, hit.start + _AHEAD[hit.needle])

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
                    line += _line_ends(chunk.data[max(done - chunk.start, 0) : position - chunk.start])
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
        has_headers = self._last is not None and self.end - self._last > BEHIND
        needles = (HEADER, MEMORY) if has_headers else _NEEDLES
        if not any([needle in data or needle in seam for needle in needles]):
            return
        found = [hit for needle in _NEEDLES for hit in _find_all(needle, data, self.end)]
        across = [hit for needle in _NEEDLES for hit in _find_all(needle, seam, start)]
        found += [hit for hit in across if hit.start < self.end < hit.start + len(hit.needle)]
        self._last = max((hit.start for hit in found if hit.needle in (HEADER, MEMORY)), default=self._last)
        del self._hits[: bisect_left(self._hits, (self._chunks[0].start if self._chunks else 0,))]
        self._hits += sorted(found)

    def _forget(self, start: int) -> None:
        """Count the lines of the chunks that end before ``start``, and drop them."""
        while len(self._chunks) > 1 and self._chunks[0].end <= start:
            done, line = self._counted
            chunk = self._chunks.popleft()
            if done < chunk.end:
                self._counted = (chunk.end, line + _line_ends(chunk.data[max(done - chunk.start, 0) :]))


def _line_ends(data: bytes) -> int:
    """Count line ends: taking them out and comparing lengths is twice as quick as ``count`` before 3.13."""
    return len(data) - len(data.replace(b"\n", b""))


def _find_all(needle: bytes, data: bytes, base: int) -> Iterator[Hit]:
    at = data.find(needle)
    while at >= 0:
        yield Hit(base + at, needle)
        at = data.find(needle, at + 1)
