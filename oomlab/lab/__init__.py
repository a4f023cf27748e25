"""A real 32-bit kernel, killed and rescued.

``run("incident-small")`` boots a Debian kernel in QEMU, switches the fix of 2012 off in its
memory, fills its page cache, and gives back what happened: samples, the console, the OOM
report. Where QEMU or a kernel cannot be had it replays a recording, and says so.
``run("incident-small", engine="browser")`` does the same in v86, the emulator that browsers run, in Node.

The kernels are of 2021 and later. The absence of the fix is emulated, not compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from oomlab import corpus
from oomlab.errors import LabUnavailable, OomlabError
from oomlab.lab.node import browser_parts, node_guest
from oomlab.lab.packages import cached_guest, fetch_guest
from oomlab.lab.qemu import qemu_guest
from oomlab.lab.runs import LiveGuest, Run, Sample, drive, load_run, save_run
from oomlab.lab.scenarios import SCENARIOS, Scenario, find_scenario

__all__ = [
    "SCENARIOS",
    "Engine",
    "Run",
    "Scenario",
    "find_scenario",
    "load_run",
    "run",
    "samples_text",
    "save_run",
]

Engine = Literal["qemu", "browser", "recorded"]


def run(
    scenario: Scenario | str,
    *,
    engine: Engine | None = None,
    on_sample: Callable[[Sample], None] | None = None,
) -> Run:
    """Run a scenario and return what came of it.

    ``engine`` is chosen if left out: QEMU where it and a kernel are there (or can be fetched),
    otherwise the recording. ``"browser"`` is slower, and needs no QEMU. ``Run.engine`` says which
    it was. ``on_sample`` is called with each sample as it comes. Raises :class:`LabUnavailable`
    where the chosen engine cannot run it.
    """
    chosen = find_scenario(scenario) if isinstance(scenario, str) else scenario
    if engine == "recorded":
        return _replay(chosen, on_sample)
    try:
        with _started(chosen, engine) as (live, kernel):
            return drive(live, chosen, kernel=kernel, on_sample=on_sample)
    except LabUnavailable:
        if engine is not None:
            raise
        return _replay(chosen, on_sample)


@contextmanager
def _started(scenario: Scenario, engine: Engine | None) -> Iterator[tuple[LiveGuest, str]]:
    """Start a guest on an engine; yield it with its kernel's release."""
    if engine == "browser":
        guest, emulator = browser_parts()
        with node_guest(scenario, guest, emulator) as in_node:
            yield in_node, guest.release
        return
    guest = cached_guest() or fetch_guest()
    with qemu_guest(scenario, guest) as in_qemu:
        yield in_qemu, guest.release


def _replay(scenario: Scenario, on_sample: Callable[[Sample], None] | None) -> Run:
    """Return the recorded run of a scenario of the course."""
    try:
        found = load_run(corpus.path(f"captures/live/{scenario.name}/run.json").parent)
    except OomlabError:
        raise LabUnavailable(f"there is no recording of {scenario.name!r}") from None
    if found.scenario != scenario:
        raise LabUnavailable(f"{scenario.name!r} was recorded with other settings; only QEMU can run yours")
    if on_sample is not None:
        for sample in found.samples:
            on_sample(sample)
    return replace(found, engine="recorded")
