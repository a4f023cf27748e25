"""How fast everything changes, and how long it can go on like that."""

from __future__ import annotations

from oomlab.simulation.contents import ZoneContents
from oomlab.simulation.plan import EPSILON


class Slope:
    """Pages by which each zone's contents change in a unit of work, until something must give.

    ``user`` is the zone that file and anonymous pages come from now. ``wanted`` is
    what the kernel then asks of lowmem; below zero, what it gives back.
    """

    def __init__(self, contents: ZoneContents, user: int) -> None:
        plan, count = contents.plan, len(contents.free)
        self.contents = contents
        self.free, self.cache = [0.0] * count, [0.0] * count
        self.anon, self.pinned = [0.0] * count, [0.0] * count
        self.swap = 0.0
        in_lowmem = user <= plan.kernel
        beside = plan.anon * plan.tables_beside + (plan.file * plan.pinned if in_lowmem else 0.0)
        self.cache[user] += plan.file
        self.anon[user] += plan.anon
        self.pinned[user] += beside
        self._take(user, plan.file + plan.anon + beside)
        self.wanted = plan.other + plan.anon * plan.tables
        if not in_lowmem:
            self.wanted += plan.pinned * self.cache[user]

    def add_kernel(self, zone: int) -> None:
        """Take what the kernel wants from this zone, or give it back."""
        self.pinned[zone] += self.wanted
        self._take(zone, self.wanted)

    def _take(self, zone: int, pages: float) -> None:
        """Take pages from a zone: those that reclaim there answers, and the rest from its free memory."""
        if pages > 0 and self.contents.balanced[zone]:
            pages = self._evict(zone, pages)
            pages = self._swap_out(zone, pages)
            pages = self._evict_high_cache(zone, pages)
        self.free[zone] -= pages

    def _evict(self, zone: int, pages: float) -> float:
        """Take pages from the zone's own cache; an empty one still gives what is being added to it."""
        gain = self.contents.gain(zone)
        evicted = pages / gain
        if self.contents.cache[zone] <= EPSILON:
            evicted = min(evicted, max(0.0, self.cache[zone]))
        self.cache[zone] -= evicted
        self.pinned[zone] -= evicted * (gain - 1)
        return pages - evicted * gain

    def _swap_out(self, zone: int, pages: float) -> float:
        """Take pages from the zone's anonymous memory, in the same way, while there is swap."""
        if self.contents.swap_left() <= EPSILON:
            return pages
        swapped = pages
        if self.contents.anon[zone] <= EPSILON:
            swapped = min(pages, max(0.0, self.anon[zone]))
        self.anon[zone] -= swapped
        self.swap += swapped
        return pages - swapped

    def _evict_high_cache(self, zone: int, pages: float) -> float:
        """Answer a kernel shortage with HighMem's cache: the 2012 fix, down to its limit."""
        plan = self.contents.plan
        if zone != plan.kernel or not self.contents.over_limit():
            return pages
        evicted = pages / plan.pinned
        if self.contents.spare_high_cache() <= EPSILON:
            evicted = min(evicted, max(0.0, self.cache[plan.user]))
        self.cache[plan.user] -= evicted
        self.free[plan.user] += evicted
        self.pinned[zone] -= evicted * plan.pinned
        return pages - evicted * plan.pinned

    def reach(self, left: float) -> float:
        """Return the work after which some rate must change, at most the work that is left."""
        contents, plan = self.contents, self.contents.plan
        ends = [left]
        for zone, rate in enumerate(self.free):
            if rate < 0:
                for asked in (plan.user, plan.kernel):
                    spare = contents.free[zone] - plan.reserve[zone][asked]
                    _meet(ends, spare - plan.low[zone], rate)
                    _meet(ends, spare - plan.min[zone], rate)
            _meet(ends, contents.cache[zone], self.cache[zone])
            _meet(ends, contents.anon[zone], self.anon[zone])
            _meet(ends, contents.pinned[zone], self.pinned[zone])
        _meet(ends, contents.swap_left(), -self.swap)
        if plan.evictable_above is not None:
            _meet(ends, sum(contents.cache) - plan.evictable_above, sum(self.cache))
        return min(ends)

    def follow(self, work: float) -> None:
        """Go along the line for so much work."""
        contents = self.contents
        for held, rates in (
            (contents.free, self.free),
            (contents.cache, self.cache),
            (contents.anon, self.anon),
            (contents.pinned, self.pinned),
        ):
            held[:] = [pages + rate * work for pages, rate in zip(held, rates, strict=True)]
        contents.swap_used += self.swap * work


def _meet(ends: list[float], left: float, rate: float) -> None:
    """Note when something that is still left runs out."""
    if rate < 0 and left > EPSILON:
        ends.append(-left / rate)
