"""The same answer in one line of arithmetic, and the size of RAM at which it turns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oomlab.errors import MachineError
from oomlab.machine import Machine
from oomlab.rules import has_buffer_head_fix, rules_for
from oomlab.simulation.model import boot, kernel_class, simulate, user_class
from oomlab.simulation.trajectory import State
from oomlab.simulation.workload import Workload, pinned_by_page
from oomlab.units import gib_to_pages

MAX_RAM = gib_to_pages(64)
STEP = 256
"""Pages in a MiB: how closely the critical RAM is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedForm:
    """The race between lowmem and HighMem, without running it. Sizes in pages.

    ``per_page`` is the lowmem that a cached page pins and ``room`` the lowmem there is
    for it, so lowmem lasts for ``lowmem_cap`` = room / per_page pages of cache.
    HighMem begins to recycle its cache at ``highmem_cap``: the rescue. Both are ``None``
    without HighMem, where lowmem and its cache are reclaimed together.
    """

    per_page: float
    room: float
    lowmem_cap: float | None
    highmem_cap: float | None
    fails: bool


def closed_form(machine: Machine, workload: Workload, start: State | None = None) -> ClosedForm:
    """Solve the race: the machine fails if lowmem ends before HighMem's rescue and before the file.

    It holds for a file that is copied with nothing else growing, on a machine whose
    ``lowmem_reserve`` keeps the cache out of lowmem; :func:`simulate` has no such limits.
    The fix is taken to work.

    >>> from oomlab import INCIDENT, INCIDENT_WORKLOAD
    >>> f"{closed_form(INCIDENT, INCIDENT_WORKLOAD).lowmem_cap:,.0f} pages"
    '7,891,000 pages'
    """
    start = start or boot(machine, workload)
    derived, extra = start.zones, rules_for(machine).slack
    user, kernel = user_class(derived), kernel_class(derived)
    per_page = pinned_by_page(machine, workload).total
    room = 0.0
    for number in range(kernel + 1):
        zone = derived[number]
        room += max(0.0, start.free[number] - zone.watermark_min - zone.lowmem_reserve[kernel] - extra)
    if user == kernel:
        return ClosedForm(per_page=per_page, room=room, lowmem_cap=None, highmem_cap=None, fails=False)
    lowmem_cap = room / per_page
    highmem_cap = max(0.0, start.free[user] - derived[user].watermark_low - extra)
    fails = not has_buffer_head_fix(machine) and lowmem_cap < min(highmem_cap, workload.file)
    return ClosedForm(
        per_page=per_page, room=room, lowmem_cap=lowmem_cap, highmem_cap=highmem_cap, fails=fails
    )


def critical_ram(machine: Machine, workload: Workload) -> int | None:
    """Find the smallest RAM that fails although less of it survives, in pages, to a MiB.

    ``None`` when the machine survives with every size up to 64 GiB, or with none.

    >>> from oomlab import INCIDENT, INCIDENT_WORKLOAD
    >>> f"{critical_ram(INCIDENT, INCIDENT_WORKLOAD) / gib_to_pages(1):.1f} GiB"
    '31.7 GiB'
    """
    safe = None
    for ram in range(gib_to_pages(1), MAX_RAM + 1, gib_to_pages(1)):
        if _survives(machine, workload, ram):
            safe = ram
        elif safe is not None:
            return _turning_point(machine, workload, safe, ram)
    return None


def _turning_point(machine: Machine, workload: Workload, safe: int, deadly: int) -> int:
    while deadly - safe > STEP:
        middle = (safe + deadly) // 2
        if _survives(machine, workload, middle):
            safe = middle
        else:
            deadly = middle
    return deadly


def _survives(machine: Machine, workload: Workload, ram: int) -> bool:
    """Whether it survives; RAM in which it cannot even boot does not count as surviving."""
    try:
        return simulate(replace(machine, ram=ram), workload).outcome == "survives"
    except MachineError:
        return False
