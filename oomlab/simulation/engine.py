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
from oomlab.simulation.plan import EPSILON, Happening, Knot, Plan
from oomlab.simulation.slope import Slope
from oomlab.simulation.vessels import Vessels

MOST_LINES = 1_000


class Engine:
    """One run, from ``start``: ``run()`` leaves ``knots``, ``events`` and ``failed``, a class or ``None``."""

    def __init__(self, plan: Plan, start: Knot) -> None:
        self.plan = plan
        self.vessels = Vessels(plan, start)
        self.done = start.done
        self.knots: list[Knot] = []
        self.events: list[Happening] = []
        self.failed: int | None = None
        self._said: set[tuple[str, int, int]] = set()
        self._last: Knot | None = None

    def run(self) -> None:
        """Go from event to event until the work is done or a request fails.

        Raises :class:`MachineError` where that takes more events than any machine of this world has.
        """
        self._record()
        for _ in range(MOST_LINES):
            if self.plan.length - self.done <= EPSILON or not self._draw_line():
                return
        raise MachineError(
            f"the run does not settle within {MOST_LINES:,} events: the sizes of this machine or workload "
            "are too far apart; give it more RAM, or a smaller min_free_kbytes"
        )

    def _draw_line(self) -> bool:
        """Draw one straight line, to where its slope must change; ``False`` when a request failed."""
        plan = self.plan
        user = self._source(plan.user) if plan.file + plan.anon > 0 else plan.user
        if user is None:
            return self._fail(plan.user)
        slope = Slope(self.vessels, user)
        kernel = self._source(plan.kernel) if slope.wanted > 0 else self.vessels.sink()
        if kernel is None:
            return self._fail(plan.kernel)
        slope.add_kernel(kernel)
        work = slope.reach(plan.length - self.done)
        slope.follow(work)
        self.done += work
        self._record()
        self._leap(work)
        return True

    def _leap(self, work: float) -> None:
        """Go at once over what would only repeat: back where it was, a machine stays on its round."""
        here = self.vessels.knot(0.0)
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
            self._say("kswapd_falls_behind" if zone is None else "kswapd_keeps_pace", asked, asked)
        if zone is None:
            zone = self._above(self.plan.min, asked)
        if zone is None:
            return self._reclaim_directly(asked)
        if zone != asked:
            self._say("fallback", asked, zone)
        return zone

    def _above(self, watermarks: tuple[float, ...], asked: int) -> int | None:
        """Find the first zone of the zonelist whose free memory is above its watermark and its reserve."""
        for zone in range(asked, -1, -1):
            if self.vessels.free[zone] > watermarks[zone] + self.plan.reserve[zone][asked] + EPSILON:
                return zone
        return None

    def _wake_kswapd(self, asked: int) -> None:
        """Let kswapd bring each zone of the request back to ``high``, as far as it can."""
        self._say("kswapd_wakes", asked, asked)
        for zone in range(asked, -1, -1):
            if self.vessels.free[zone] < self.plan.high[zone]:
                self._refill(zone, self.plan.high[zone])
                self.vessels.kept[zone] = True

    def _reclaim_directly(self, asked: int) -> int | None:
        """Make the asking process reclaim for itself, in the zones that its request may use."""
        self._say("direct_reclaim", asked, asked)
        for zone in range(asked, -1, -1):
            target = self.plan.min[zone] + self.plan.reserve[zone][asked]
            self._refill(zone, target)
            if self.vessels.free[zone] >= target - EPSILON and self.vessels.reclaimable(zone):
                self.vessels.kept[zone] = True
                return zone
        return None

    def _refill(self, zone: int, target: float) -> None:
        if self.vessels.refill(zone, target):
            self._record()

    def _fail(self, asked: int) -> bool:
        self._say("allocation_failure", asked, asked)
        self._say("oom", asked, asked)
        self.failed = asked
        return False

    def _record(self) -> None:
        self.knots.append(self.vessels.knot(self.done))

    def _say(self, kind: str, asked: int, zone: int) -> None:
        """Note an event, the first time that it happens."""
        if (kind, asked, zone) not in self._said:
            self._said.add((kind, asked, zone))
            self.events.append(Happening(kind, self.done, sum(self.vessels.cache), asked, zone))
