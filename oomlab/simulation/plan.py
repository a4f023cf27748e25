"""What the engine is given, and what it leaves: plain numbers, nothing about any one machine.

Zones are numbers here, lowest first, as in the kernel's ``zone_idx``. A request of
class ``k`` may use the zones ``k`` down to 0. Amounts are pages, as floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

EPSILON = 1e-3
"""Pages below which an amount counts as nothing: far above rounding, far below one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every number that the engine needs, already derived: pages, or pages for each unit of work.

    ``min``, ``low`` and ``high`` are the watermarks as a request meets them, the
    kernel's slack added. ``reserve[z][k]`` is what zone ``z`` keeps from class ``k``.
    ``user`` is the class of file and anonymous pages, ``kernel`` that of the
    kernel's own requests; they differ where there is HighMem.

    ``pinned`` is the lowmem that a cached page pins, ``tables`` the page-table pages
    that an anonymous page takes from lowmem, ``tables_beside`` the same where they lie
    beside the page (no HighMem, or CONFIG_HIGHPTE). A unit of work is ``file`` + ``anon``
    user pages and ``other`` kernel pages, and there are ``length`` of them.

    ``evictable_above`` is the 2012 fix: a kernel shortage may evict HighMem's cache
    while the whole page cache is above it; ``None`` without the fix or without HighMem.
    """

    min: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    reserve: tuple[tuple[float, ...], ...]
    user: int
    kernel: int
    pinned: float
    tables: float
    tables_beside: float
    file: float
    anon: float
    other: float
    length: float
    swap: float
    evictable_above: float | None


class Snapshot(NamedTuple):
    """What each zone holds at one moment; from one snapshot to the next everything is a straight line."""

    done: float
    free: tuple[float, ...]
    cache: tuple[float, ...]
    anon: tuple[float, ...]
    pinned: tuple[float, ...]
    swap_used: float

    def is_close_to(self, other: Snapshot) -> bool:
        """Whether two moments hold the same, but for rounding."""
        pairs = zip(self._amounts(), other._amounts(), strict=True)
        return all(abs(mine - theirs) <= EPSILON for mine, theirs in pairs)

    def _amounts(self) -> tuple[float, ...]:
        return (*self.free, *self.cache, *self.anon, *self.pinned, self.swap_used)


class EngineEvent(NamedTuple):
    """An event: work done and page cache by then, the class that asked, the zone concerned."""

    kind: str
    done: float
    cache: float
    asked: int
    zone: int
