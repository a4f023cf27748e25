"""What each zone holds now, and what reclaim can take from it at once.

``Source:`` mm/vmscan.c, ``shrink_zone`` and ``balance_pgdat`` (3.2), simplified: a zone's
page cache goes before its anonymous memory, and going takes no time.
"""

from __future__ import annotations

from oomlab.simulation.plan import EPSILON, Plan, Snapshot


class ZoneContents:
    """What the zones hold: ``free``, ``cache``, ``anon`` and ``pinned`` pages of each, and the swap.

    ``balanced`` is true for the zones where reclaim frees a page for every page taken.
    """

    def __init__(self, plan: Plan, start: Snapshot) -> None:
        self.plan = plan
        self.free, self.cache = list(start.free), list(start.cache)
        self.anon, self.pinned = list(start.anon), list(start.pinned)
        self.swap_used = start.swap_used
        self.balanced = [False] * len(start.free)

    def snapshot(self, done: float) -> Snapshot:
        """Return what there is, after so much work."""
        return Snapshot(
            done, tuple(self.free), tuple(self.cache), tuple(self.anon), tuple(self.pinned), self.swap_used
        )

    def swap_left(self) -> float:
        """Return the free swap."""
        return self.plan.swap - self.swap_used

    def gain(self, zone: int) -> float:
        """Return the pages a zone gains with each cached page that goes: in lowmem, its metadata too."""
        return 1 + self.plan.pinned if zone <= self.plan.kernel else 1.0

    def over_limit(self) -> bool:
        """Whether a kernel shortage may evict HighMem's cache: the fix, and too many buffer_heads."""
        limit = self.plan.evictable_above
        return limit is not None and sum(self.cache) >= limit - EPSILON

    def spare_high_cache(self) -> float:
        """Return the HighMem cache that may go before the buffer_heads are no longer too many."""
        limit = self.plan.evictable_above
        if limit is None:
            return 0.0
        return max(0.0, min(self.cache[self.plan.user], sum(self.cache) - limit))

    def reclaimable(self, zone: int) -> bool:
        """Whether reclaim finds anything that would give pages to this zone."""
        swappable = min(self.anon[zone], self.swap_left()) > EPSILON
        rescued = zone == self.plan.kernel and self.spare_high_cache() > EPSILON
        return self.cache[zone] > EPSILON or swappable or rescued

    def refill(self, zone: int, target: float) -> bool:
        """Reclaim until a zone has ``target`` free pages or nothing is left; return whether it got any."""
        before = self.free[zone]
        self._evict(zone, min(self.cache[zone], (target - self.free[zone]) / self.gain(zone)))
        self._swap_out(zone, min(self.anon[zone], self.swap_left(), target - self.free[zone]))
        if zone == self.plan.kernel and self.plan.pinned:
            needed = (target - self.free[zone]) / self.plan.pinned
            self._evict(self.plan.user, min(self.spare_high_cache(), needed))
        return self.free[zone] > before

    def _evict(self, zone: int, pages: float) -> None:
        pages = max(0.0, pages)
        self.cache[zone] -= pages
        self.free[zone] += pages
        self._unpin(zone, pages * self.plan.pinned)

    def _unpin(self, zone: int, pages: float) -> None:
        """Free metadata: from beside its page in lowmem, for HighMem from Normal and then below."""
        for low in range(min(zone, self.plan.kernel), -1, -1):
            given = min(pages, self.pinned[low])
            self.pinned[low] -= given
            self.free[low] += given
            pages -= given

    def _swap_out(self, zone: int, pages: float) -> None:
        pages = max(0.0, pages)
        self.anon[zone] -= pages
        self.free[zone] += pages
        self.swap_used += pages

    def metadata_zone(self) -> int:
        """Choose the lowmem zone that gets back the metadata of HighMem's cache."""
        held = (zone for zone in range(self.plan.kernel, -1, -1) if self.pinned[zone] > EPSILON)
        return next(held, self.plan.kernel)
