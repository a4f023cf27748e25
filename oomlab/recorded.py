"""Runs recorded on real kernels, and the model begun from each one's first sample.

The kernels are 5.10 and 6.1. Where a run is named ``fix-off`` the fix of 2012 was put out
of action: that emulates its absence, it is not a kernel of 2012.
"""

from __future__ import annotations

from dataclasses import dataclass

from oomlab import corpus
from oomlab.errors import OomlabError
from oomlab.kernel import KernelVersion, load_table
from oomlab.machine import Machine
from oomlab.parsing import parse
from oomlab.procfs import parse_zoneinfo
from oomlab.report import ZoneStat
from oomlab.simulation import Comparison, Workload, read_samples, run_from_samples
from oomlab.units import gib_to_pages, pages


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """One run: a file written to ext4 with blocks of 1 KiB until it was done or the guest ran dry."""

    name: str
    kernel: str
    fix: bool
    disk_gib: int
    swap_kb: int
    zones: str

    @property
    def machine(self) -> Machine:
        """The guest, as far as a run begun from a sample asks: its zones come with the sample."""
        return Machine(
            arch="i386",
            ram=sum(zone.present or 0 for zone in _printed_zones(self.zones)),
            kernel=KernelVersion.of(self.kernel),
            allocator="slub",
            highpte=True,
            buffer_head_fix=self.fix,
            swap=pages(self.swap_kb),
        )

    @property
    def workload(self) -> Workload:
        """The file: as large as the disk, for each run was ended before that."""
        return Workload(written=gib_to_pages(self.disk_gib), block_size=1024)


def recorded_runs() -> tuple[RecordedRun, ...]:
    """Return every recorded run.

    >>> sum(run.fix for run in recorded_runs())
    4
    """
    return tuple(RecordedRun(**row) for row in load_table("runs")["run"])


def compare(name: str) -> Comparison:
    """Compare a recorded run with the model.

    >>> abs(compare("rsync-fix-off-16384M").error) < 0.01
    True
    """
    found = [run for run in recorded_runs() if run.name == name]
    if not found:
        names = ", ".join(run.name for run in recorded_runs())
        raise OomlabError(f"no recorded run is called {name!r}; there are {names}")
    run = found[0]
    return run_from_samples(
        read_samples(corpus.capture(f"{run.name}.csv")),
        _printed_zones(run.zones),
        machine=run.machine,
        workload=run.workload,
        disk=gib_to_pages(run.disk_gib),
    )


def _printed_zones(name: str) -> tuple[ZoneStat, ...]:
    text = corpus.capture(name)
    if not name.endswith(".log"):
        return parse_zoneinfo(text)
    return parse(text)[0].zones
