"""The model against the incident, the numbers worked out on paper, and its own laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oomlab.errors import MachineError
from oomlab.kernel import KernelVersion, load_table
from oomlab.machine import INCIDENT, Machine
from oomlab.report import ZoneStat
from oomlab.simulation import (
    INCIDENT_WORKLOAD,
    Workload,
    buffer_head_limit,
    closed_form,
    critical_ram,
    lowmem_budget,
    page_cache,
    pinned_by_page,
    simulate,
    state_from_sample,
    to_json,
)
from oomlab.units import gib_to_pages, pages_to_gib
from oomlab.zone_model import zones
from tests.support.work import calls

GIB = gib_to_pages(1)
MIB = 256
SIXTY_FOUR_BIT = replace(INCIDENT, arch="x86_64", ram=16 * GIB, swap=0)


def cache_gib(trajectory):
    return pages_to_gib(trajectory.end.page_cache)


# --- the incident -----------------------------------------------------------------------------


def test_the_incident_ends_where_its_report_did():
    run = simulate()
    dma, normal, highmem, _ = run.end.free
    assert (run.outcome, run.zone) == ("oom", "Normal")
    assert cache_gib(run) == pytest.approx(7_890_987 / GIB, abs=0.005)
    # The report: DMA free 3624 kB, Normal free 8056 kB, HighMem 561,924 kB, 240 kB of slab in DMA.
    assert (round(dma), round(normal)) == (906, 2014)
    assert highmem == pytest.approx(561_924 / 4, rel=0.01)
    assert run.series("pinned", "DMA")[-1] == pytest.approx(60)
    assert run.end.swap_used == 0


def test_without_the_calibrated_pages_the_incident_is_still_right_to_a_third_of_a_gib():
    run = simulate(workload=replace(INCIDENT_WORKLOAD, other_slab=0))
    assert run.outcome == "oom"
    assert cache_gib(run) == pytest.approx(30.31, abs=0.01)
    assert cache_gib(run) == pytest.approx(30.10, abs=0.35)


def test_the_predicted_slab_is_what_the_report_counted():
    run = simulate()
    heads, nodes = run.metadata(run.end)
    reported = 128_312  # slab_reclaimable of all zones, in pages
    assert heads + nodes + run.workload.other_slab == pytest.approx(reported, abs=2)


def test_the_incident_tells_its_story_in_order():
    events = [(event.kind, event.zone, event.request) for event in simulate().events]
    assert events == [
        ("fallback", "DMA", "buffer_head"),
        ("kswapd_wakes", "Normal", "buffer_head"),
        ("kswapd_falls_behind", "Normal", "buffer_head"),
        ("direct_reclaim", "Normal", "buffer_head"),
        ("allocation_failure", "Normal", "buffer_head"),
        ("oom", "Normal", "page table"),
    ]


def test_seven_to_eight_mib_of_lowmem_were_missing():
    assert -8 * MIB < simulate().margin_pages < -7 * MIB


def test_the_margin_is_what_would_have_saved_the_machine():
    short = -simulate().margin_pages
    taken = INCIDENT_WORKLOAD.other_lowmem
    assert (
        simulate(workload=replace(INCIDENT_WORKLOAD, other_lowmem=taken - int(short) - 2)).outcome
        == "survives"
    )
    assert simulate(workload=replace(INCIDENT_WORKLOAD, other_lowmem=taken - int(short) + 2)).outcome == "oom"


def test_a_survivor_that_loses_its_margin_dies():
    saved = replace(INCIDENT_WORKLOAD, other_lowmem=4_720 - 8 * MIB)
    left = int(simulate(workload=saved).margin_pages)
    assert simulate(workload=replace(saved, other_slab=901 + left - 2)).outcome == "survives"
    assert simulate(workload=replace(saved, other_slab=901 + left + 2)).outcome == "oom"


def test_the_limit_of_buffer_heads_is_the_incident_kernels():
    assert buffer_head_limit(INCIDENT, 222_502 + 3_952) == 1_653_085


# --- what each change would do to the 32 GiB machine (worked out on paper, within 3 %) ----------

CHANGES = [
    # machine, workload, page cache at OOM in GiB (None: survives)
    ({"swap": 16 * 2**20}, {}, 30.10),
    ({"min_free_kbytes": None}, {}, 30.36),
    ({"min_free_kbytes": 3806}, {}, 30.36),
    ({"min_free_kbytes": 65536}, {}, 26.76),
    ({"lowmem_reserve_ratio": (256, 10**9, 32)}, {}, 30.10),
    ({"lowmem_reserve_ratio": (10**9, 32, 32)}, {}, 30.31),
    ({"highpte": True}, {}, 30.32),
    ({"vmalloc_mib": 64}, {}, None),
    ({"vmalloc_mib": 192}, {}, 25.76),
    ({"mem_limit": 28 * GIB}, {}, None),
    ({"mem_limit": 24 * GIB}, {}, None),
    ({"mem_limit": 16 * GIB}, {}, None),
    ({"page_offset": 0x80000000}, {}, None),
    ({"page_offset": 0x40000000}, {}, None),
    ({"page_offset": 0x80000000, "ram": 64 * GIB}, {}, None),
    ({"page_offset": 0x40000000, "ram": 64 * GIB}, {}, None),
    ({}, {"other_lowmem": 4_720 - 8 * MIB}, None),
    ({"arch": "x86_64"}, {}, None),
    ({}, {"block_size": None}, None),
    ({"ram": 8 * GIB}, {}, None),
    ({"ram": 16 * GIB}, {}, None),
    ({"ram": 24 * GIB}, {}, None),
    ({"ram": 48 * GIB}, {}, 22.36),
    ({"ram": 64 * GIB}, {}, 14.62),
    ({"ram": 8 * GIB}, {"block_size": 1024}, None),
    ({"ram": 16 * GIB}, {"block_size": 1024}, 10.03),
    ({"ram": 24 * GIB}, {"block_size": 1024}, 9.00),
    ({}, {"block_size": 1024}, 7.98),
    ({"ram": 64 * GIB}, {"block_size": 1024}, 3.87),
    # Kernel bugzilla 42578: a real machine with 512-byte blocks.
    ({"ram": 16 * GIB}, {"block_size": 512}, 5.07),
]


@pytest.mark.parametrize(("machine", "workload", "expected"), CHANGES, ids=str)
def test_a_change_has_the_effect_that_was_worked_out(machine, workload, expected):
    run = simulate(replace(INCIDENT, **machine), replace(INCIDENT_WORKLOAD, **workload))
    if expected is None:
        assert run.outcome == "survives"
    else:
        assert (run.outcome, run.zone) == ("oom", "Normal")
        assert cache_gib(run) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("ram", "steady"), [(16, 14.57), (32, 29.85), (64, 14.37)])
def test_with_the_fix_the_cache_settles(ram, steady):
    run = simulate(replace(INCIDENT, ram=ram * GIB, buffer_head_fix=True))
    assert run.outcome == "survives"
    assert cache_gib(run) == pytest.approx(steady, rel=0.01)
    assert run.event("kswapd_keeps_pace") is not None


@pytest.mark.parametrize(("ram", "cap"), [(16, 37.84), (24, 33.97)])
def test_a_surviving_machines_lowmem_would_have_lasted_longer_than_its_highmem(ram, cap):
    solved = closed_form(replace(INCIDENT, ram=ram * GIB), INCIDENT_WORKLOAD)
    assert pages_to_gib(solved.lowmem_cap) == pytest.approx(cap, rel=0.03)
    assert not solved.fails


def test_the_incident_would_have_been_safe_at_thirty_and_a_half_gib_of_cache():
    assert pages_to_gib(closed_form(INCIDENT, INCIDENT_WORKLOAD).highmem_cap) == pytest.approx(
        30.57, abs=0.02
    )


@pytest.mark.parametrize(
    ("block_size", "expected"), [(4096, 0.016146), (2048, 0.031072), (1024, 0.060922), (512, 0.120624)]
)
def test_a_cached_page_pins_what_its_blocks_need(block_size, expected):
    assert pinned_by_page(INCIDENT, replace(INCIDENT_WORKLOAD, block_size=block_size)).total == pytest.approx(
        expected, abs=1e-6
    )


def test_more_ram_fails_earlier_from_a_critical_size_on():
    critical = critical_ram(INCIDENT, INCIDENT_WORKLOAD)
    assert pages_to_gib(critical) == pytest.approx(31.69, rel=0.01)
    assert simulate(replace(INCIDENT, ram=critical)).outcome == "oom"
    assert simulate(replace(INCIDENT, ram=critical - 2 * MIB)).outcome == "survives"
    assert cache_gib(simulate(replace(INCIDENT, ram=64 * GIB))) < cache_gib(simulate()) / 2


def test_a_64_bit_kernel_has_no_critical_size():
    assert critical_ram(replace(INCIDENT, arch="x86_64"), INCIDENT_WORKLOAD) is None


def test_64_gb_of_swap_changes_nothing():
    few, many = simulate(), simulate(replace(INCIDENT, swap=16 * 2**20))
    assert many.end.page_cache == pytest.approx(few.end.page_cache, abs=1)
    assert many.end.swap_used == 0


# --- anonymous memory, and 64 bits ---------------------------------------------------------------


def test_swap_carries_anonymous_memory_and_then_runs_out():
    growing = replace(INCIDENT_WORKLOAD, written=0, anon_growth=20 * GIB)
    without = simulate(SIXTY_FOUR_BIT, growing)
    assert (without.outcome, without.zone) == ("oom", "Normal")
    assert without.events[-1].request == "anonymous page"
    with_swap = simulate(replace(SIXTY_FOUR_BIT, swap=16 * GIB), growing)
    assert with_swap.outcome == "survives"
    assert 4 * GIB < with_swap.end.swap_used < 6 * GIB
    too_much = simulate(replace(SIXTY_FOUR_BIT, swap=2 * GIB), growing)
    assert too_much.outcome == "oom"
    assert too_much.end.swap_used == pytest.approx(2 * GIB, abs=1)
    assert too_much.end.progress > without.end.progress


def test_swap_carries_anonymous_memory_on_32_bits_too():
    growing = replace(INCIDENT_WORKLOAD, written=0, anon_growth=10 * GIB)
    assert simulate(replace(INCIDENT, ram=8 * GIB, swap=0), growing).zone == "HighMem"
    assert simulate(replace(INCIDENT, ram=8 * GIB, swap=4 * GIB), growing).outcome == "survives"


def test_growing_processes_push_the_cache_out_before_anything_is_swapped():
    run = simulate(replace(SIXTY_FOUR_BIT, swap=GIB), replace(INCIDENT_WORKLOAD, anon_growth=10 * GIB))
    assert run.outcome == "survives"
    assert run.end.swap_used == 0
    assert 3 * GIB < run.end.page_cache < 6 * GIB


def test_a_64_bit_machine_fills_its_zones_from_the_top_and_recycles_its_cache():
    run = simulate(replace(INCIDENT, arch="x86_64", swap=0))
    assert run.outcome == "survives"
    assert [zone.name for zone in run.zones[:3]] == ["DMA", "DMA32", "Normal"]
    assert [e.kind for e in run.events] == ["fallback", "kswapd_wakes", "kswapd_keeps_pace"]
    assert run.events[0].zone == "DMA32"
    assert run.end.page_cache > 29 * GIB
    assert run.margin_pages is None


def test_a_32_bit_machine_without_highmem_recycles_its_cache():
    run = simulate(replace(INCIDENT, ram=512 * MIB, swap=0), replace(INCIDENT_WORKLOAD, anon=10_000))
    assert run.outcome == "survives"
    assert run.margin_pages is None


def test_lowmem_that_leaks_kills_even_with_the_fix():
    leak = replace(INCIDENT_WORKLOAD, lowmem_growth=140_000)
    assert simulate(replace(INCIDENT, buffer_head_fix=True), leak).zone == "Normal"


def test_a_file_that_is_only_read_carries_no_buffer_heads():
    assert simulate(workload=replace(INCIDENT_WORKLOAD, written=0, read=50 * GIB)).outcome == "survives"
    half = pinned_by_page(INCIDENT, replace(INCIDENT_WORKLOAD, written=GIB, read=GIB)).buffer_heads
    assert half == pytest.approx(pinned_by_page(INCIDENT, INCIDENT_WORKLOAD).buffer_heads / 2)


# --- laws -------------------------------------------------------------------------------------

KERNELS = ("2.6.32", "3.2.59", "3.10", "4.9", "6.1")

machines = st.builds(
    Machine,
    kernel=st.sampled_from([KernelVersion.of(text) for text in KERNELS]),
    arch=st.sampled_from(["i386", "i386", "x86_64"]),
    ram=st.integers(2 * GIB, 64 * GIB),
    swap=st.integers(0, 16 * GIB),
    allocator=st.sampled_from(["slab", "slub"]),
    highpte=st.booleans(),
    buffer_head_fix=st.sampled_from([None, True, False]),
    min_free_kbytes=st.sampled_from([None, 2048, 8192, 65536]),
    page_offset=st.sampled_from([0xC0000000, 0x80000000, 0x40000000]),
    vmalloc_mib=st.sampled_from([None, 64, 128, 256]),
)
workloads = st.builds(
    Workload,
    written=st.integers(0, 60 * GIB),
    read=st.integers(0, 10 * GIB),
    block_size=st.sampled_from([None, 512, 1024, 2048, 4096]),
    anon_growth=st.integers(0, 40 * GIB),
    lowmem_growth=st.integers(0, 200_000),
    anon=st.integers(0, 200_000),
)


def run_or_reject(machine, workload):
    try:
        return simulate(machine, workload)
    except MachineError:
        assume(False)
        raise


@settings(max_examples=250)
@given(machines, workloads)
def test_pages_are_conserved_and_nothing_is_below_zero(machine, workload):
    run = run_or_reject(machine, workload)
    first = run.states[0]
    in_use = [sum(part) for part in zip(first.free, first.cache, first.anon, first.pinned, strict=True)]
    for state in run.states:
        held = [sum(part) for part in zip(state.free, state.cache, state.anon, state.pinned, strict=True)]
        assert held == pytest.approx(in_use, abs=0.5)
        for part in (state.free, state.cache, state.anon):
            assert min(part) > -0.5
        assert -0.5 < state.swap_used <= machine.swap + 0.5
        assert sum(state.anon) + state.swap_used == pytest.approx(
            sum(first.anon) + workload.anon_growth * state.progress, abs=1
        )


@settings(max_examples=100)
@given(machines, workloads)
def test_a_run_ends_done_or_dead_and_says_so_once(machine, workload):
    run = run_or_reject(machine, workload)
    kinds = [event.kind for event in run.events]
    if run.outcome == "oom":
        assert kinds[-2:] == ["allocation_failure", "oom"]
        assert run.end.progress <= 1
    else:
        assert "oom" not in kinds
        assert run.zone is None
        assert run.end.progress == pytest.approx(1)
    moments = [event.progress for event in run.events]
    assert moments == sorted(moments)
    assert len(run.states) < 40  # a run is a handful of straight lines, whatever the machine


@settings(max_examples=100)
@given(machines, workloads)
def test_lowmems_budget_adds_up_at_every_state(machine, workload):
    run = run_or_reject(machine, workload)
    normal = next((zone for zone in run.zones if zone.name == "Normal" and zone.managed), None)
    assume(normal is not None)
    for state in run.states:
        assert sum(part.pages for part in lowmem_budget(run, state)) == pytest.approx(
            normal.present, abs=0.01
        )


@settings(max_examples=200)
@given(
    machines,
    st.integers(8 * GIB, 64 * GIB),
    st.integers(1, 60 * GIB),
    st.sampled_from([None, 512, 1024, 2048, 4096]),
    st.integers(0, 20_000),
)
def test_the_closed_form_and_the_simulation_agree(machine, ram, written, block_size, other_slab):
    # Its conditions: HighMem, no fix, and a reserve that keeps the cache out of lowmem.
    ratios = (256, 1, 32)
    machine = replace(machine, arch="i386", ram=ram, buffer_head_fix=False, lowmem_reserve_ratio=ratios)
    workload = replace(INCIDENT_WORKLOAD, written=written, block_size=block_size, other_slab=other_slab)
    run, solved = run_or_reject(machine, workload), closed_form(machine, workload)
    assume(abs(solved.lowmem_cap - min(solved.highmem_cap, workload.file)) > 1)
    assert (run.outcome == "oom") == solved.fails
    if solved.fails:
        assert run.end.page_cache == pytest.approx(solved.lowmem_cap, rel=1e-6)


@given(st.floats(0, 1))
def test_any_moment_lies_on_the_line_between_its_neighbours(progress):
    run = simulate()
    state = run.at(progress)
    assert state.progress == pytest.approx(min(progress, run.end.progress))
    assert state.written == pytest.approx(state.progress * run.workload.file)
    assert run.at(0) == run.states[0]
    assert run.at(1) == run.end


# --- the edges ----------------------------------------------------------------------------------


def test_nothing_to_do_is_survived():
    run = simulate(workload=replace(INCIDENT_WORKLOAD, written=0))
    assert (run.outcome, run.end.progress, run.events) == ("survives", 1, ())


def test_what_cannot_fit_is_refused_in_one_line():
    with pytest.raises(MachineError, match=r"anonymous memory of .* does not fit"):
        simulate(workload=replace(INCIDENT_WORKLOAD, anon=9 * 10**6))
    with pytest.raises(MachineError, match="below zero"):
        replace(INCIDENT_WORKLOAD, written=-1)
    with pytest.raises(MachineError, match="3000 bytes"):
        replace(INCIDENT_WORKLOAD, block_size=3000)


def test_a_file_system_without_buffer_heads_still_pays_for_the_index():
    pinned = pinned_by_page(INCIDENT, replace(INCIDENT_WORKLOAD, block_size=None))
    assert pinned.buffer_heads == 0
    assert pinned.radix_nodes > 0


def test_json_has_the_fields_of_the_schema():
    run = simulate()
    shown = to_json(run, critical_ram(run.machine, run.workload))
    assert shown["schema"] == 1
    assert (shown["outcome"], shown["zone"]) == ("oom", "Normal")
    assert shown["page_cache_gib"] == pytest.approx(30.10, abs=0.01)
    assert shown["written_gib"] == shown["page_cache_gib"]
    assert shown["critical_ram_gib"] == pytest.approx(31.69, rel=0.01)
    assert -2048 < shown["margin_pages"] < -1792
    assert shown["events"][-1]["kind"] == "oom"
    assert to_json(simulate(replace(INCIDENT, arch="x86_64")))["critical_ram_gib"] is None


def test_the_budget_of_the_incident_is_the_reports():
    parts = lowmem_budget(simulate())
    kb = {part.name: 4 * part.pages for part in parts}
    assert kb["mem_map"] == 263_332
    assert kb["kernel and boot"] == 83_072
    assert kb["page tables"] == 3_660
    assert kb["other slab (calibrated)"] == 3_604
    # slab_unreclaimable, kernel_stack and the file LRU
    assert kb["other lowmem"] == 16_356 + 1_888 + 636
    # Normal's own share of slab_reclaimable, less the calibrated pages
    assert kb["buffer_heads"] + kb["radix tree nodes"] == pytest.approx(513_008 - 3_604, abs=10)
    assert kb["free above min"] + kb["free up to min"] == pytest.approx(8_056)
    assert sum(part.pages for part in parts) == pytest.approx(222_502, abs=0.01)


def test_a_part_of_the_budget_has_a_colour_in_the_palette():
    known = {swatch["key"] for swatch in load_table("palette")["swatch"]}
    assert {part.key for part in lowmem_budget(simulate())} <= known


def test_the_work_of_a_run_does_not_grow_with_what_is_copied():
    """How long it takes is measured by ``make bench``."""
    work = [
        calls(lambda gib=gib: simulate(INCIDENT, replace(INCIDENT_WORKLOAD, written=gib * GIB)))
        for gib in (50, 5000)
    ]
    assert work[0] == work[1] < 1000


def test_the_closed_form_is_several_times_less_work_than_a_run():
    assert 4 * calls(lambda: closed_form(INCIDENT, INCIDENT_WORKLOAD)) < calls(simulate)


def test_zones_are_derived_never_typed_in():
    assert simulate().zones == zones(INCIDENT)


def test_a_machine_that_saws_between_two_marks_is_told_in_a_few_lines():
    """With the fix on, lowmem is emptied and refilled thousands of times; every round is the same."""
    small = replace(
        INCIDENT,
        kernel=KernelVersion((6, 1)),
        ram=235_614,
        mem_limit=470_560,
        vmalloc_mib=868,
        min_free_kbytes=None,
    )
    run = simulate(small, replace(INCIDENT_WORKLOAD, written=8_633_812, read=1_254_347))
    assert run.outcome == "survives"
    assert len(run.states) < 30
    assert run.end.written == pytest.approx(8_633_812 + 1_254_347)


def test_file_pages_that_a_sample_counts_in_dma_are_reclaimable_from_the_start():
    """ext4 may have read block bitmaps before the first sample: on one run 712 pages of them lay in DMA."""
    stats = [
        ZoneStat(name="DMA", free=3741, managed=3840, counters={"nr_zone_inactive_file": 2}),
        ZoneStat(name="Normal", free=1523, managed=5000, counters={"nr_zone_inactive_file": 24}),
    ]
    sample = {"dmafree": 3009, "dmaactf": 500, "dmainactf": 214, "nfree": 620, "nactf": 551, "ninactf": 296}
    state = state_from_sample(stats, sample, machine=INCIDENT, workload=INCIDENT_WORKLOAD)
    assert state.cache == (714, 847)
    assert page_cache(sample) == 714 + 847
