"""The stepping core: straight lines from event to event.

Between two events everything fills or drains at a constant rate, so the engine
never creeps. It asks which zone serves each request, works out the rates, goes
to the first moment at which one of them must change (a watermark is met, cache or swap
is used up, the work is done), and begins again. Each such line is
exact to rounding, and a run has only as many as it has events.

``Source:`` mm/page_alloc.c, ``get_page_from_freelist`` and ``__alloc_pages_slowpath``;
mm/vmscan.c, ``balance_pgdat`` and ``shrink_zones`` (3.2).
"""

from __future__ import annotations

from oomlab.errors import MachineError
from oomlab.simulation.contents import ZoneContents
from oomlab.simulation.plan import EPSILON, EngineEvent, Plan, Snapshot
from oomlab.simulation.slope import Slope

MAX_SEGMENTS = 1_000


class Engine:
    """One run, from ``start``: ``run()`` leaves its ``snapshots`` and ``events``.

    ``failed`` is the class of the request that failed, or ``None``.
    """

    def __init__(self, plan: Plan, start: Snapshot) -> None:
        self.plan = plan
        self.contents = ZoneContents(plan, start)
        self.done = start.done
        self.snapshots: list[Snapshot] = []
        self.events: list[EngineEvent] = []
        self.failed: int | None = None
        self._noted: set[tuple[str, int, int]] = set()
        self._last: Snapshot | None = None

    def run(self) -> None:
        """Go from event to event until the work is done or a request fails.

        Raises :class:`MachineError` where that takes more events than any machine of this world has.
        """
        self._record()
        for _ in range(MAX_SEGMENTS):
            if self.plan.length - self.done <= EPSILON or not self._advance():
                return
        raise MachineError(
            f"the run does not settle within {MAX_SEGMENTS:,} events: the sizes of this machine or workload "
            "are too far apart; give it more RAM, or a smaller min_free_kbytes"
        )

    def _advance(self) -> bool:
        """Go on in a straight line to where its slope must change; ``False`` when a request failed."""
        plan = self.plan
        user = self._source(plan.user) if plan.file + plan.anon > 0 else plan.user
        if user is None:
            return self._fail(plan.user)
        slope = Slope(self.contents, user)
        kernel = self._source(plan.kernel) if slope.wanted > 0 else self.contents.metadata_zone()
        if kernel is None:
            return self._fail(plan.kernel)
        slope.add_kernel(kernel)
        work = slope.reach(plan.length - self.done)
        slope.follow(work)
        self.done += work
        self._record()
        self._skip_repeats(work)
        return True

    def _skip_repeats(self, work: float) -> None:
        """Skip whole rounds once the state repeats: from there the machine goes on in the same way."""
        here = self.contents.snapshot(0.0)
        if self._last is not None and here.is_close_to(self._last):
            rounds = (self.plan.length - self.done) // work
            if rounds >= 1:
                self.done += rounds * work
                self._record()
        self._last = here

    def _source(self, asked: int) -> int | None:
        """Find the zone that serves a request: at ``low``, after kswapd, at ``min``, by direct reclaim."""
        zone = self._above(self.plan.low, asked)
        if zone is None:
            self._wake_kswapd(asked)
            zone = self._above(self.plan.low, asked)
            self._note("kswapd_falls_behind" if zone is None else "kswapd_keeps_pace", asked, asked)
        if zone is None:
            zone = self._above(self.plan.min, asked)
        if zone is None:
            return self._reclaim_directly(asked)
        if zone != asked:
            self._note("fallback", asked, zone)
        return zone

    def _above(self, watermarks: tuple[float, ...], asked: int) -> int | None:
        """Find the first zone of the zonelist whose free memory is above its watermark and its reserve."""
        for zone in range(asked, -1, -1):
            if self.contents.free[zone] > watermarks[zone] + self.plan.reserve[zone][asked] + EPSILON:
                return zone
        return None

    def _wake_kswapd(self, asked: int) -> None:
        """Let kswapd bring each zone of the request back to ``high``, as far as it can."""
        self._note("kswapd_wakes", asked, asked)
        for zone in range(asked, -1, -1):
            if self.contents.free[zone] < self.plan.high[zone]:
                self._refill(zone, self.plan.high[zone])
                self.contents.balanced[zone] = True

    def _reclaim_directly(self, asked: int) -> int | None:
        """Make the asking process reclaim for itself, in the zones that its request may use."""
        self._note("direct_reclaim", asked, asked)
        for zone in range(asked, -1, -1):
            target = self.plan.min[zone] + self.plan.reserve[zone][asked]
            self._refill(zone, target)
            if self.contents.free[zone] >= target - EPSILON and self.contents.reclaimable(zone):
                self.contents.balanced[zone] = True
                return zone
        return None

    def _refill(self, zone: int, target: float) -> None:
        if self.contents.refill(zone, target):
            self._record()

    def _fail(self, asked: int) -> bool:
        self._note("allocation_failure", asked, asked)
        self._note("oom", asked, asked)
        self.failed = asked
        return False

    def _record(self) -> None:
        self.snapshots.append(self.contents.snapshot(self.done))

    def _note(self, kind: str, asked: int, zone: int) -> None:
        """Note an event, the first time that it happens."""
        if (kind, asked, zone) not in self._noted:
            self._noted.add((kind, asked, zone))
            self.events.append(EngineEvent(kind, self.done, sum(self.contents.cache), asked, zone))
