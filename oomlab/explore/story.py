"""One sentence about a run: what happens and why, with the numbers of this very run.

The sentences stand in ``tables/words.toml``. The page fills in the same ones
(``static/lab/model/story.js``); a test compares the two.
"""

from __future__ import annotations

from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.machine import Machine
from oomlab.rules import rules_for
from oomlab.simulation import Event, Trajectory, Workload, simulate
from oomlab.simulation.model import kernel_class, user_class
from oomlab.simulation.words import phrase
from oomlab.units import PAGE_KB, human_mib
from oomlab.words import listed


class Story(NamedTuple):
    """What happened, and why: two halves of one sentence."""

    headline: str
    because: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.because}"


def tell(machine: Machine, workload: Workload) -> Story:
    """Return the story of a workload on a machine; that it cannot boot is a story too.

    >>> from oomlab import INCIDENT, INCIDENT_WORKLOAD
    >>> print(tell(INCIDENT, INCIDENT_WORKLOAD).headline)
    The machine dies after 30.1 GiB
    """
    try:
        return story(simulate(machine, workload))
    except MachineError as error:
        return Story(phrase("headline", "no boot"), f"{error}.")


def story(run: Trajectory) -> Story:
    """Return the story of a run that has been simulated."""
    headline = phrase("headline", run.outcome, written=_size(run.end.written))
    return Story(headline, _death(run) if run.outcome == "oom" else _life(run))


# --- why it died --------------------------------------------------------------------------------


def _death(run: Trajectory) -> str:
    user = user_class(run.zones)
    if run.zone == run.zones[user].name:
        return _exhausted(run)
    return phrase(
        "death",
        "lowmem",
        mem_map=_size(sum(zone.memmap for zone in run.zones)),
        records=_size(sum(run.metadata(run.end))),
        free=_size(run.end.free[user]),
        swap=_swap(run),
        short=_size(-(run.margin_pages or 0)),
    )


def _exhausted(run: Trajectory) -> str:
    user, kernel = user_class(run.zones), kernel_class(run.zones)
    free = sum(run.end.free[: kernel + 1]) if user != kernel else 0
    closed = phrase("death", "closed", free=_size(free)) if free >= 1 else ""
    if not run.workload.anon_growth:
        return phrase("death", "no_room", closed=closed)
    swap = run.machine.swap
    also = phrase("death", "all_swap", swap=_size(swap)) if swap else phrase("death", "no_swap")
    return phrase(
        "death", "processes", user="RAM" if user == kernel else run.zones[user].name, swap=also, closed=closed
    )


def _swap(run: Trajectory) -> str:
    used = run.end.swap_used
    state = "none" if not run.machine.swap else "used" if used >= 1 else "untouched"
    return phrase("death.swap", state, used=_size(used))


# --- why it lived -------------------------------------------------------------------------------


def _life(run: Trajectory) -> str:
    used = run.end.swap_used
    return f"{_why_it_lives(run)}.{phrase('life', 'swapped', used=_size(used)) if used >= 1 else ''}"


def _why_it_lives(run: Trajectory) -> str:
    zones, user, kernel = run.zones, user_class(run.zones), kernel_class(run.zones)
    woken = run.event("kswapd_wakes", zones[user].name)
    if user == kernel:
        return phrase("life", "recycles", written=_size(woken.written)) if woken else phrase("life", "fits")
    keeping = run.event("kswapd_keeps_pace", zones[kernel].name)
    if keeping and (woken is None or keeping.written < woken.written):
        own = run.at(keeping.progress).cache[kernel] >= 1
        return phrase("life", "own_cache" if own else "fix", written=_size(keeping.written))
    return _recycled(run, woken)


def _recycled(run: Trajectory, woken: Event | None) -> str:
    spare = _size(run.margin_pages or 0)
    if woken is None:
        return phrase("life", "ends", spare=spare)
    user, names = run.zones[user_class(run.zones)].name, zones_with_room(run)
    before = "" if user in names else phrase("life", "full_before", user=user)
    zones = listed([_down_to(run, woken, name) for name in names])
    return before + phrase("life", "low", written=_size(woken.written), zones=zones, spare=spare)


def _down_to(run: Trajectory, woken: Event, name: str) -> str:
    """Say where a zone stands when kswapd wakes: only the highest gives page cache all above low."""
    number = [zone.name for zone in run.zones].index(name)
    state = next(each for each in run.states if each.progress >= woken.progress)
    kept = run.zones[number].lowmem_reserve[user_class(run.zones)]
    return phrase("life.down_to", "kept" if kept else "low", zone=name, free=_size(state.free[number]))


def zones_with_room(run: Trajectory) -> list[str]:
    """Return the zones that page cache can be taken from when the run begins, the highest first.

    Where none has room above its low watermark and its reserve, that is the highest zone alone.
    """
    user, slack = user_class(run.zones), rules_for(run.machine).slack
    room = [
        zone.name
        for zone, free in zip(run.zones[: user + 1], run.states[0].free, strict=False)
        if free > zone.watermark_low + slack + zone.lowmem_reserve[user]
    ]
    return room[::-1] or [run.zones[user].name]


def _size(pages: float) -> str:
    return human_mib(pages * PAGE_KB)
