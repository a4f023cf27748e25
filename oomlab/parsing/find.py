"""Find the stretches of a long log that are worth reading.

Nearly all of a log is somebody else's. Reports betray themselves by a few words that
nothing else has. Those are searched for in whole blocks, at close to the speed of memory;
only the lines around a hit are looked at one by one. However long the log is, no more of
it is held than one stretch needs.
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
CHOICE = b"ut of memory: Kill "
NEEDLES = (HEADER, MEMORY, KILL, CHOICE)
"""A report that lacks one of these has another, unless next to nothing of it is left.

Kills and choices alone are searched for only near another hit, and as long as there has been none: a
log that holds headers holds one before each kill, but for a few moments of a busy kernel.
"""

AHEAD = {HEADER: 8 << 10, MEMORY: 8 << 10, KILL: 800, CHOICE: 800}
"""Bytes to read after a hit before asking whether the report goes on."""

_TASK = re.compile(rb"\[ *\d+\] +\d+ +\d+ +\d+ +\d+ ")

STEP = 2 << 10
"""Bytes to read on as long as there are tasks."""

BEHIND = 24 << 10
"""Bytes to read before a hit that is no header, for the part of the report that stands there."""

ENOUGH = 1 << 20
"""A stretch this long ends before the next header."""

_SEAM = len(HEADER) - 1


class Hit(NamedTuple):
    """Where in the log one of the needles stands."""

    start: int
    needle: bytes


class Block(NamedTuple):
    """A piece of the log: where it begins, where it ends, its bytes."""

    start: int
    end: int
    data: bytes


class Log:
    """A log that is read once, front to back, and held only as far as it is still needed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._blocks: deque[Block] = deque()
        self._hits: list[Hit] = []
        self._last: int | None = None
        self._tail = b""
        self._counted = (0, 1)
        self.end = 0
        self.is_whole = False

    def find(self, start: int) -> Hit | None:
        """Give the first hit at or after ``start``, and let go of what lies far before it."""
        while (hit := self._held_hit(start)) is None:
            self._forget(max(start, self.end) - BEHIND)
            if not self._read():
                return None
        return hit

    def stretch(self, begin: int, stop: int) -> int:
        """Move ``stop`` on until no hit before it reaches beyond it."""
        start = begin
        while True:
            self._reach(stop)
            hit = self._held_hit(start)
            if hit is None or hit.start >= stop:
                if self.is_whole or not self._is_in_table(stop):
                    return stop
                stop += STEP
                continue
            if hit.needle is HEADER and hit.start - begin > ENOUGH:
                return self._line_start(hit.start)
            start = hit.start + 1
            stop = max(stop, hit.start + AHEAD[hit.needle])

    def cut(self, begin: int, stop: int) -> tuple[int, int, bytes]:
        """Give whole lines from ``begin`` to ``stop``: where they begin, the first number, the bytes."""
        begin = self._line_start(begin)
        stop = self._line_end(stop)
        return begin, self._line_number(begin), b"".join(self._slices(begin, stop))

    def _slices(self, begin: int, stop: int) -> Iterator[bytes]:
        for block in self._blocks:
            if block.start < stop and begin < block.end:
                yield block.data[max(begin - block.start, 0) : stop - block.start]

    def _is_in_table(self, stop: int) -> bool:
        """Tell whether the lines before ``stop`` are tasks, of which there may be many."""
        return any(_TASK.search(data) for data in self._slices(stop - 300, stop))

    def _held_hit(self, start: int) -> Hit | None:
        index = bisect_left(self._hits, (start,))
        return self._hits[index] if index < len(self._hits) else None

    def _line_start(self, position: int) -> int:
        """Give where the line begins in which ``position`` lies."""
        for block in reversed(self._blocks):
            found = block.data.rfind(b"\n", 0, max(position - block.start, 0))
            if found >= 0:
                return block.start + found + 1
        return self._blocks[0].start if self._blocks else 0

    def _line_end(self, position: int) -> int:
        """Give where the line ends in which the byte before ``position`` lies."""
        self._reach(position)
        for block in self._blocks:
            found = (
                block.data.find(b"\n", max(position - 1 - block.start, 0)) if position <= block.end else -1
            )
            if found >= 0:
                return block.start + found + 1
        return self.end

    def _line_number(self, position: int) -> int:
        """Give the number of the line that begins at ``position``; nothing is counted twice."""
        done, line = self._counted
        if position > done:
            for block in self._blocks:
                if block.start < position and done < block.end:
                    line += _line_ends(block.data[max(done - block.start, 0) : position - block.start])
            self._counted = (position, line)
        return line

    def _reach(self, stop: int) -> None:
        """Read on to ``stop`` or to the end of the log."""
        while self.end < stop and self._read():
            pass

    def _read(self) -> bool:
        piece = next(self._pieces, b"")
        if not piece:
            self.is_whole = True
            return False
        self._search(piece)
        self._blocks.append(Block(self.end, self.end + len(piece), piece))
        self.end += len(piece)
        return True

    def _search(self, piece: bytes) -> None:
        """Search a piece, and the seam between it and the one before."""
        seam, start = self._tail + piece[:_SEAM], self.end - len(self._tail)
        self._tail = piece[-_SEAM:]
        has_headers = self._last is not None and self.end - self._last > BEHIND
        needles = (HEADER, MEMORY) if has_headers else NEEDLES
        if not any([needle in piece or needle in seam for needle in needles]):
            return
        found = [hit for needle in NEEDLES for hit in _find_all(needle, piece, self.end)]
        across = [hit for needle in NEEDLES for hit in _find_all(needle, seam, start)]
        found += [hit for hit in across if hit.start < self.end < hit.start + len(hit.needle)]
        self._last = max((hit.start for hit in found if hit.needle in (HEADER, MEMORY)), default=self._last)
        del self._hits[: bisect_left(self._hits, (self._blocks[0].start if self._blocks else 0,))]
        self._hits += sorted(found)

    def _forget(self, start: int) -> None:
        """Let go of the blocks that end before ``start``, when their lines are counted."""
        while len(self._blocks) > 1 and self._blocks[0].end <= start:
            done, line = self._counted
            block = self._blocks.popleft()
            if done < block.end:
                self._counted = (block.end, line + _line_ends(block.data[max(done - block.start, 0) :]))


def _line_ends(data: bytes) -> int:
    """Count line ends: taking them out and comparing lengths is twice as quick as ``count`` before 3.13."""
    return len(data) - len(data.replace(b"\n", b""))


def _find_all(needle: bytes, piece: bytes, base: int) -> Iterator[Hit]:
    at = piece.find(needle)
    while at >= 0:
        yield Hit(base + at, needle)
        at = piece.find(needle, at + 1)
