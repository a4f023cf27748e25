"""How long the model takes: one run of 50 GB, and a map of 100 × 100 machines.

    python benchmarks/simulate.py

Limits: a run in 2 ms, a map in 1 s, in plain Python. Maps are drawn by the closed form.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from oomlab.machine import INCIDENT
from oomlab.simulation import INCIDENT_WORKLOAD, boot, closed_form, simulate
from oomlab.units import gib_to_pages

SIDE = 100


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Time the fastest of several calls."""
    best = float("inf")
    for _ in range(repeats):
        before = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - before)
    return best * 1000


def survey(by: Callable[..., object]) -> Callable[[], object]:
    """Make a map of RAM × other lowmem: booted machines by column, runs by cell."""
    rams = [gib_to_pages(8 + 56 * i / SIDE) for i in range(SIDE)]
    slabs = [40 * i for i in range(SIDE)]

    def draw() -> list[list[object]]:
        return [
            [by(replace(INCIDENT, ram=ram), replace(INCIDENT_WORKLOAD, other_slab=slab)) for slab in slabs]
            for ram in rams
        ]

    return draw


def main() -> None:
    """Print each measurement beside its limit."""
    machine, workload = INCIDENT, INCIDENT_WORKLOAD
    start = boot(machine, workload)
    side = f"{SIDE} × {SIDE}"
    for what, call, repeats, limit in (
        ("one run of 50 GB, zones derived", lambda: simulate(replace(machine), workload), 50, 2),
        ("one run of 50 GB, zones given", lambda: simulate(machine, workload, start), 50, 2),
        (f"map of {side}, closed form", survey(closed_form), 3, 1000),
        ("the same, simulated", survey(simulate), 3, None),
    ):
        bound = "" if limit is None else f"   (limit {limit})"
        print(f"{what:36}{milliseconds(call, repeats):10.3f} ms{bound}")


if __name__ == "__main__":
    main()
