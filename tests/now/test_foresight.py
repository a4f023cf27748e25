"""Did it see the kill coming? The samples of recorded runs, looked at as a living machine is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.lab.runs import Run, load_run
from oomlab.now import LiveMachine, Outlook, look
from oomlab.procfs import Snapshot, parse_zoneinfo
from oomlab.report import ZoneStat

LIVE = Path(__file__).parents[2] / "data" / "captures" / "live"
PREFIX = {"DMA": "dma", "Normal": "n", "HighMem": "h"}
"""How the sampler's columns begin that are about a zone."""

MARKS = {"free": "free", "watermark_min": "min", "watermark_low": "low", "watermark_high": "high"}


def zone_then(zone: ZoneStat, sample: dict[str, float]) -> ZoneStat:
    """A zone as it was when a sample was taken; what is not sampled is as it was before the work."""
    prefix = PREFIX[zone.name]
    marks = {field: int(sample[prefix + name]) for field, name in MARKS.items() if prefix + name in sample}
    counters = dict(zone.counters)
    for name, column in (("active_file", "actf"), ("inactive_file", "inactf")):
        for kind in ("nr_", "nr_zone_"):
            if kind + name in counters and prefix + column in sample:
                counters[kind + name] = int(sample[prefix + column])
    return replace(zone, counters=counters, **marks)


def outlooks(run: Run) -> Iterator[tuple[float, Outlook]]:
    """What was to be seen at each sample before the kill, with its uptime."""
    zones, report = [zone for zone in parse_zoneinfo(run.zoneinfo) if zone.name in PREFIX], run.report
    end = report.uptime_s if report else None
    for sample in run.samples:
        if end is None or sample["t"] < end:
            then = Snapshot(
                zones=tuple(zone_then(zone, sample) for zone in zones),
                kernel=report.kernel if report else None,
            )
            yield sample["t"], look(LiveMachine(snapshot=then))


@pytest.mark.parametrize("name", ["incident-1g", "incident-small", "with-swap", "trace-buffer"])
def test_the_request_that_died_is_named_first_and_its_room_ends_before_the_kill(name):
    run = load_run(LIVE / name)
    seen = list(outlooks(run))
    assert run.report is not None
    assert {outlook.first.request for _, outlook in seen} == {"kernel"}
    end, last = seen[-1]
    assert last.first.pages <= 16
    assert end > run.report.uptime_s - 2
    assert last.first.pages < seen[0][1].first.pages / 100


def test_where_processes_fill_all_memory_the_room_of_every_request_ends():
    run = load_run(LIVE / "processes")
    _, last = list(outlooks(run))[-1]
    assert {room.request: room.pages for room in last.rooms}["process"] < 500


@pytest.mark.parametrize("name", ["rescued", "with-the-fix"])
def test_a_machine_that_survived_never_had_so_little(name):
    assert min(outlook.first.pages for _, outlook in outlooks(load_run(LIVE / name))) > 200
