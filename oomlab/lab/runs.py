"""Run a scenario from its first sample to its end, on whichever engine there is."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

from oomlab.errors import LabUnavailable, ReportError
from oomlab.lab.fix import Fix, Memory, find_fix
from oomlab.lab.scenarios import Scenario
from oomlab.lab.work import beginning, preparations
from oomlab.parsing import parse
from oomlab.report import Report
from oomlab.simulation import page_cache, read_samples
from oomlab.units import gib_to_pages

Outcome = Literal["killed", "panic", "survived", "ended"]

_ENDINGS: Mapping[Outcome, str] = {
    "killed": "The kernel ran out of memory and killed a process.",
    "panic": "The kernel ran out of memory and gave up.",
    "survived": "The kernel survived.",
    "ended": "The guest ended without a word.",
}

Sample = Mapping[str, float]

_KILLED = re.compile(r"(?:Out of memory|Memory cgroup out of memory): Killed process \d+.*\n")
_PANIC = re.compile(r"Kernel panic - not syncing.*\n")
_BEAT_SECONDS = 0.5
"""Seconds of the guest between two samples."""

_LOOK = 0.2
_GRACE = 60.0
_MAX_SLOWNESS = 8
"""Seconds of the host for one of the guest, after which it counts as hung: emulation can be slow."""

_SETTLED_GROWTH = 1.01
"""The largest growth of a page cache that has reached its level."""


class LiveGuest(Protocol):
    """What an engine offers of a running guest."""

    engine: str
    disks: tuple[str, str]
    pace: int
    """How many times slower than QEMU it is."""

    @property
    def is_running(self) -> bool:
        """Whether it is still there."""

    def console(self) -> str:
        """Return what its kernel has printed so far."""

    def samples(self) -> str:
        """Return the sampler's table so far."""

    def command(self, line: str, seconds: float = 120.0) -> str:
        """Run a line of shell and return what it prints."""

    def memory(self) -> AbstractContextManager[Memory]:
        """Open its memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a scenario: samples, the console's text, and ``/proc/zoneinfo`` from before the work.

    ``notes`` are what was done to the guest, with its own seconds: the fix off, the fix on again.
    """

    scenario: Scenario
    engine: str
    kernel: str
    outcome: Outcome
    samples: tuple[Sample, ...]
    console: str
    zoneinfo: str
    notes: tuple[tuple[float, str], ...] = ()

    @property
    def reports(self) -> list[Report]:
        """The OOM reports on the console, none where nothing was killed."""
        try:
            return parse(self.console)
        except ReportError:
            return []

    @property
    def report(self) -> Report | None:
        """The report of the kill, or of a failed request where nothing was killed, or ``None``."""
        reports = self.reports
        return next((each for each in reports if each.kind == "oom"), reports[0] if reports else None)

    @property
    def ending(self) -> str:
        """How it ended, as a sentence."""
        return _ENDINGS[self.outcome]

    @property
    def page_cache(self) -> int:
        """The most page cache that was reached, in pages."""
        return int(max(page_cache(sample) for sample in self.samples))


def drive(
    guest: LiveGuest,
    scenario: Scenario,
    *,
    kernel: str,
    on_sample: Callable[[Sample], None] | None = None,
) -> Run:
    """Do a scenario's work in a guest that has booted, and watch it to its end.

    ``on_sample`` is called with each sample as it comes. Raises :class:`LabUnavailable` when the guest hangs.
    """
    for line in preparations(scenario, *guest.disks):
        guest.command(line)
    zoneinfo = guest.command("cat /proc/zoneinfo")
    watch = _Watch(guest, scenario, on_sample)
    if not scenario.fix:
        watch.switch_off()
    guest.command(f"sh /sampler.sh {_BEAT_SECONDS} &")
    watch.wait_for_first_sample()
    for line in beginning(scenario):
        guest.command(line)
    outcome = watch.until_the_end()
    return Run(
        scenario=scenario,
        engine=guest.engine,
        kernel=kernel,
        outcome=outcome,
        samples=tuple(watch.samples),
        console=guest.console(),
        zoneinfo=zoneinfo,
        notes=tuple(watch.notes),
    )


def told_outcome(console: str) -> Outcome | None:
    """Return the end that a console tells of, or ``None`` where it tells of none.

    >>> told_outcome("Out of memory: Killed process 130 (init) total-vm:2324kB\\n")
    'killed'
    """
    if _PANIC.search(console):
        return "panic"
    return "killed" if _KILLED.search(console) else None


class _Watch:
    """Follows one guest: its samples so far, and what was done to it."""

    def __init__(
        self, guest: LiveGuest, scenario: Scenario, on_sample: Callable[[Sample], None] | None
    ) -> None:
        self._guest, self._scenario, self._on_sample = guest, scenario, on_sample
        self._fix: Fix | None = None
        self._seconds = guest.pace * scenario.seconds
        self._deadline = time.monotonic() + _GRACE + _MAX_SLOWNESS * self._seconds
        self.samples: list[Sample] = []
        self.notes: list[tuple[float, str]] = []

    def switch_off(self) -> None:
        symbols = self._guest.command("grep recalc_bh_state /proc/kallsyms")
        with self._guest.memory() as memory:
            self._fix = find_fix(memory, symbols)
            self._fix.switch_off(memory)
        self.notes.append((0.0, "fix switched off"))

    def wait_for_first_sample(self) -> None:
        while not self.samples:
            self._look()

    def until_the_end(self) -> Outcome:
        while True:
            self._look()
            if (outcome := self._outcome()) is not None:
                return outcome
            if self._is_time_to_rescue():
                self._rescue()

    def _look(self) -> None:
        """Wait a moment, then take the samples that have come."""
        time.sleep(_LOOK)
        if time.monotonic() > self._deadline:
            raise LabUnavailable(
                "the guest hangs: its last lines were\n" + "\n".join(self._guest.console().splitlines()[-5:])
            )
        for sample in read_samples(self._guest.samples())[len(self.samples) :]:
            self.samples.append(sample)
            if self._on_sample is not None:
                self._on_sample(sample)

    def _outcome(self) -> Outcome | None:
        if (told := told_outcome(self._guest.console())) is not None:
            return told
        if not self._guest.is_running:
            return "ended"
        return "survived" if self._elapsed() >= self._seconds and self._is_settled() else None

    def _elapsed(self) -> float:
        return self.samples[-1]["t"] - self.samples[0]["t"]

    def _is_settled(self) -> bool:
        """Whether page cache has not grown for a third of the time: a slow guest may still be on its way."""
        since = self.samples[-1]["t"] - self._seconds / 3
        earlier = max(page_cache(each) for each in self.samples if each["t"] <= since)
        return max(map(page_cache, self.samples)) <= _SETTLED_GROWTH * earlier

    def _is_time_to_rescue(self) -> bool:
        at, last = self._scenario.rescue_at, self.samples[-1]
        waiting = self._fix is not None and len(self.notes) == 1
        return at is not None and waiting and page_cache(last) >= gib_to_pages(at / 1024)

    def _rescue(self) -> None:
        assert self._fix is not None
        with self._guest.memory() as memory:
            self._fix.switch_on(memory)
        self.notes.append((self.samples[-1]["t"], "fix switched on again"))


# --- a run on disk --------------------------------------------------------------------------------


def save_run(run: Run, folder: Path) -> None:
    """Write a run as a folder of four files, for :func:`load_run` to read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "samples.csv").write_text(samples_text(run))
    (folder / "console.log").write_text(run.console)
    (folder / "zoneinfo").write_text(run.zoneinfo)
    told = {
        "scenario": asdict(run.scenario),
        "engine": run.engine,
        "kernel": run.kernel,
        "outcome": run.outcome,
        "notes": run.notes,
    }
    (folder / "run.json").write_text(json.dumps(told, indent=2) + "\n")


def samples_text(run: Run) -> str:
    """Return a run's samples as the table that the sampler wrote."""
    names = list(run.samples[0]) if run.samples else []
    rows = [
        ",".join(f"{sample[name]:g}" if name == "t" else f"{sample[name]:.0f}" for name in names)
        for sample in run.samples
    ]
    return "\n".join([",".join(names), *rows]) + "\n"


def load_run(folder: Path) -> Run:
    """Read a run that :func:`save_run` wrote."""
    told = json.loads((folder / "run.json").read_text())
    return Run(
        scenario=Scenario(**told["scenario"]),
        engine=told["engine"],
        kernel=told["kernel"],
        outcome=told["outcome"],
        samples=tuple(read_samples((folder / "samples.csv").read_text())),
        console=(folder / "console.log").read_text(),
        zoneinfo=(folder / "zoneinfo").read_text(),
        notes=tuple((float(seconds), text) for seconds, text in told["notes"]),
    )
