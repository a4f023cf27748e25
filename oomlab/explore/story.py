"""One sentence that says what happened and why, with the numbers of this very run.

The page says the same in the same words (``static/lab/story.js``); a test compares them.
"""

from __future__ import annotations

from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.simulation import Event, Trajectory, Workload, simulate
from oomlab.simulation.model import kernel_class, user_class
from oomlab.units import PAGE_KB, human_kb
from oomlab.zone_model import Machine


class Story(NamedTuple):
    """What happened, and why: two halves of one sentence."""

    headline: str
    because: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.because}"


def tell(machine: Machine, workload: Workload) -> Story:
    """Run a workload and tell what came of it; a machine that cannot boot is a story too.

    >>> from oomlab import INCIDENT, INCIDENT_WORKLOAD
    >>> print(tell(INCIDENT, INCIDENT_WORKLOAD).headline)
    The machine dies after 30.1 GiB
    """
    try:
        return story(simulate(machine, workload))
    except MachineError as error:
        return Story("This machine does not start", f"{error}.")


def story(run: Trajectory) -> Story:
    """Tell what came of a run, and why."""
    return _death(run) if run.outcome == "oom" else _life(run)


def _death(run: Trajectory) -> Story:
    headline = f"The machine dies after {_size(run.end.written)}"
    if run.zone == run.zones[user_class(run.zones)].name:
        return Story(headline, f"{_exhausted(run)}.")
    mem_map, records = sum(zone.memmap for zone in run.zones), run.metadata(run.end)
    filled = f"{_size(mem_map)} of mem_map and {_size(sum(records))} of records about cached pages"
    free = f"while {_size(run.end.free[user_class(run.zones)])} of HighMem lie free"
    return Story(headline, f"{filled} fill ZONE_NORMAL, {free}. {_swap(run)}{_saved(run)}.")


def _exhausted(run: Trajectory) -> str:
    if not run.workload.anon_growth:
        return "what was there already leaves no room for the file"
    swap = f"and all {_size(run.machine.swap)} of swap" if run.machine.swap else "and there is no swap"
    return f"processes have filled RAM {swap}"


def _swap(run: Trajectory) -> str:
    if not run.machine.swap:
        return "Swap would not have helped; "
    used = run.end.swap_used
    return f"{_size(used)} of swap in use did not help; " if used >= 1 else "Swap was never touched; "


def _saved(run: Trajectory) -> str:
    return f"another {_size(-(run.margin_pages or 0))} of lowmem would have saved it"


def _life(run: Trajectory) -> Story:
    swapped = f" {_size(run.end.swap_used)} of process memory went to swap." if run.end.swap_used >= 1 else ""
    return Story("The machine lives", f"{_why_it_lives(run)}.{swapped}")


def _why_it_lives(run: Trajectory) -> str:
    zones, user, kernel = run.zones, user_class(run.zones), kernel_class(run.zones)
    woken = run.event("kswapd_wakes", zones[user].name)
    if user == kernel:
        return _one_for_all(woken)
    keeping = run.event("kswapd_keeps_pace", zones[kernel].name)
    if keeping and (woken is None or keeping.written < woken.written):
        return _kept(run, keeping, kernel)
    spare = f"with {_size(run.margin_pages or 0)} of lowmem to spare"
    if woken is None:
        return f"the copy ends {spare}"
    low = f"after {_size(woken.written)} HighMem is down to its low mark"
    return f"{low}, and kswapd begins to recycle cache together with its records, {spare}"


def _one_for_all(woken: Event | None) -> str:
    if woken is None:
        return "all of the file fits"
    begins = f"after {_size(woken.written)} kswapd begins to recycle cache"
    return f"{begins}, which frees memory for the kernel too"


def _kept(run: Trajectory, keeping: Event, kernel: int) -> str:
    short = f"after {_size(keeping.written)} lowmem is short"
    if run.at(keeping.progress).cache[kernel] >= 1:
        return f"{short}, and kswapd finds page cache in ZONE_NORMAL itself"
    return f"{short}, and the fix of 2012 lets kswapd evict cache from HighMem, which frees its records"


def _size(pages: float) -> str:
    return human_kb(pages * PAGE_KB)
