"""What a story says of a run is what happened in it: causes, remedies and what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomlab.errors import MachineError
from oomlab.explore.story import story, tell, zones_with_room
from oomlab.machine import INCIDENT
from oomlab.simulation import INCIDENT_WORKLOAD, simulate
from oomlab.simulation.words import event_in_words

GIB, MIB = 2**18, 2**8


def starts(machine, workload):
    try:
        simulate(machine, workload)
    except MachineError:
        return False
    return True


def test_where_highmem_is_full_from_boot_the_zone_that_took_the_cache_is_named():
    run = simulate(replace(INCIDENT, ram=GIB), INCIDENT_WORKLOAD)
    assert zones_with_room(run) == ["Normal"]
    assert run.states[0].free[2] <= run.zones[2].watermark_low + 2, "process memory has filled HighMem"
    assert "HighMem is full from the start; after 373 MiB Normal is down to the 14 MiB that it keeps" in str(
        story(run)
    )


def test_where_two_zones_give_page_cache_both_are_named():
    run = simulate(replace(INCIDENT, ram=2 * GIB), INCIDENT_WORKLOAD)
    names = zones_with_room(run)
    woken = run.event("kswapd_wakes", "HighMem")
    first = next(state for state in run.states if state.progress == woken.progress)
    for name in names:
        zone = run.zones[first.index(name)]
        assert first.free[first.index(name)] == pytest.approx(zone.watermark_low + 2 + zone.lowmem_reserve[2])
    assert len(names) == 2
    assert "HighMem is down to the low watermark and Normal is down to the 46 MiB that it keeps" in str(
        story(run)
    )


def test_a_zone_that_keeps_memory_from_page_cache_is_not_called_down_to_low():
    run = simulate(replace(INCIDENT, mem_limit=16 * GIB), INCIDENT_WORKLOAD)
    woken = run.event("kswapd_wakes", "HighMem")
    zone = run.zones[1]
    normal = next(state.free[1] for state in run.states if state.progress == woken.progress)
    assert zone.watermark_low < normal <= zone.watermark_low + 2 + zone.lowmem_reserve[2]
    assert f"Normal is down to the {normal / MIB:.0f} MiB that it keeps from page cache" in str(story(run))


def test_lowmem_that_is_closed_to_processes_is_not_called_filled():
    told = tell(INCIDENT, replace(INCIDENT_WORKLOAD, anon_growth=64 * GIB))
    assert "processes have filled HighMem and all 1.9 GiB of swap" in told.because
    assert "are free in lowmem, kept for the kernel and closed to them" in told.because
    wide = tell(replace(INCIDENT, arch="x86_64"), replace(INCIDENT_WORKLOAD, anon_growth=64 * GIB))
    assert wide.because == "processes have filled RAM and all 1.9 GiB of swap."


@pytest.mark.parametrize(
    ("machine", "workload", "remedy", "better"),
    [
        (
            replace(INCIDENT, vmalloc_mib=640),
            replace(INCIDENT_WORKLOAD, other_lowmem=12_000),
            "less RAM",
            {"ram": 8 * GIB},
        ),
        (replace(INCIDENT, vmalloc_mib=768), INCIDENT_WORKLOAD, "less RAM", {"ram": 4 * GIB}),
        (replace(INCIDENT, ram=100 * MIB), INCIDENT_WORKLOAD, "more RAM", {"ram": GIB}),
        (replace(INCIDENT, arch="x86_64", ram=64 * MIB), INCIDENT_WORKLOAD, "more RAM", {"ram": GIB}),
        (
            replace(INCIDENT, mem_limit=100 * MIB),
            INCIDENT_WORKLOAD,
            "let mem= end higher",
            {"mem_limit": GIB},
        ),
    ],
)
def test_a_machine_that_does_not_start_is_given_a_remedy_that_works(machine, workload, remedy, better):
    assert remedy in str(tell(machine, workload))
    assert not starts(machine, workload)
    assert starts(replace(machine, **better), workload)


def test_every_event_has_words_with_an_article():
    for workload in (
        INCIDENT_WORKLOAD,
        replace(INCIDENT_WORKLOAD, anon_growth=64 * GIB),
        replace(INCIDENT_WORKLOAD, block_size=None),
    ):
        for event in simulate(INCIDENT, workload).events:
            assert event.zone in event_in_words(event)
            assert " a a" not in event_in_words(event)
