"""What came of it: states of the zones, the events between them, and how it ended."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from oomlab.errors import require
from oomlab.machine import Machine
from oomlab.simulation.workload import Pinned, Workload
from oomlab.units import pages_to_gib
from oomlab.zone_model import Zone

Outcome = Literal["oom", "survives"]
Held = Literal["free", "cache", "anon", "pinned"]
EventKind = Literal[
    "fallback",
    "kswapd_wakes",
    "kswapd_keeps_pace",
    "kswapd_falls_behind",
    "direct_reclaim",
    "allocation_failure",
    "oom",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What each zone holds at one moment, in pages, in the order of ``zones``.

    ``pinned`` is kernel memory that the workload brought: buffer_heads, radix tree
    nodes and page tables. Whatever else a zone has is in use and stays so.
    ``progress`` runs from 0 to 1; ``written`` counts pages through the page cache.
    """

    zones: tuple[Zone, ...]
    free: tuple[float, ...]
    cache: tuple[float, ...]
    anon: tuple[float, ...]
    pinned: tuple[float, ...]
    swap_used: float = 0.0
    progress: float = 0.0
    written: float = 0.0

    @property
    def page_cache(self) -> float:
        """The page cache of all zones."""
        return sum(self.cache)

    def index(self, zone: str) -> int:
        """Return the number of a zone, which is its place in every tuple here."""
        return next(i for i, each in enumerate(self.zones) if each.name == zone)


class Event(NamedTuple):
    """Something that happened: what, when, in which zone, and what had been asked for.

    ``zone`` of ``"fallback"`` is the zone fallen back to; otherwise it is the zone
    that the request named first. ``written`` and ``page_cache`` are pages.
    """

    kind: EventKind
    progress: float
    written: float
    page_cache: float
    zone: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """One run of the model. Between two neighbouring states everything is a straight line.

    ``zone`` is the zone that failed the last request, ``None`` when the machine survives.
    ``pinned`` is what one cached page cost in lowmem.
    """

    machine: Machine
    workload: Workload
    pinned: Pinned
    states: tuple[State, ...]
    events: tuple[Event, ...]
    outcome: Outcome
    zone: str | None
    booted: bool
    """Whether the run began at boot, or from a sample that somebody gave."""
    margin_pages: float | None
    """Lowmem left at the tightest moment; below zero, how much more would have saved the machine.

    ``None`` where no zone is lowmem's rival: without HighMem, or when memory as a whole ran out.
    """

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones that the run filled."""
        return self.states[0].zones

    @property
    def end(self) -> State:
        """The last state: the moment of the OOM, or the end of the work."""
        return self.states[-1]

    @property
    def written(self) -> tuple[float, ...]:
        """Pages through the page cache at each state: the axis of most pictures."""
        return tuple(state.written for state in self.states)

    @property
    def page_cache(self) -> tuple[float, ...]:
        """Pages of page cache at each state."""
        return tuple(state.page_cache for state in self.states)

    @property
    def swap_used(self) -> tuple[float, ...]:
        """Pages of swap in use at each state."""
        return tuple(state.swap_used for state in self.states)

    def series(self, held: Held, zone: str) -> tuple[float, ...]:
        """Return what one zone held at each state: ``series("free", "Normal")``."""
        number = self.end.index(zone)
        return tuple(getattr(state, held)[number] for state in self.states)

    def metadata(self, state: State) -> Pinned:
        """Return the buffer_heads and radix tree nodes of a state's page cache, in pages."""
        return Pinned(*(share * state.page_cache for share in self.pinned))

    def event(self, kind: EventKind, zone: str | None = None) -> Event | None:
        """Return the first event of a kind (and zone), or ``None``."""
        found = (e for e in self.events if e.kind == kind and zone in (None, e.zone))
        return next(found, None)

    def at(self, progress: float) -> State:
        """Return the state at any moment from 0 to 1, on the straight line between two states."""
        moments = [state.progress for state in self.states]
        after = min(max(bisect_right(moments, progress), 1), len(self.states) - 1)
        return between(self.states[after - 1], self.states[after], progress)


def between(first: State, second: State, progress: float) -> State:
    """Return the state on the line from one state to the next, at their ends at the furthest."""
    span = second.progress - first.progress
    part = min(max((progress - first.progress) / span, 0.0), 1.0) if span > 0 else 1.0

    def mix(a: float, b: float) -> float:
        return a + (b - a) * part

    return State(
        zones=first.zones,
        free=tuple(map(mix, first.free, second.free)),
        cache=tuple(map(mix, first.cache, second.cache)),
        anon=tuple(map(mix, first.anon, second.anon)),
        pinned=tuple(map(mix, first.pinned, second.pinned)),
        swap_used=mix(first.swap_used, second.swap_used),
        progress=mix(first.progress, second.progress),
        written=mix(first.written, second.written),
    )


def to_json(trajectory: Trajectory, critical_ram: int | None = None) -> dict[str, Any]:
    """Turn a run into what ``oomlab simulate --json`` prints; ``critical_ram`` is in pages."""
    require(trajectory, Trajectory, "to_json takes a run, as simulate gives it")
    return {
        "schema": 1,
        "outcome": trajectory.outcome,
        "zone": trajectory.zone,
        "page_cache_gib": _gib(trajectory.end.page_cache),
        "written_gib": _gib(trajectory.end.written),
        "margin_pages": None if trajectory.margin_pages is None else round(trajectory.margin_pages),
        "critical_ram_gib": None if critical_ram is None else _gib(critical_ram),
        "events": [
            {
                "kind": event.kind,
                "zone": event.zone,
                "request": event.request,
                "written_gib": _gib(event.written),
                "page_cache_gib": _gib(event.page_cache),
            }
            for event in trajectory.events
        ],
    }


def _gib(pages: float) -> float:
    return round(pages_to_gib(pages), 4)
