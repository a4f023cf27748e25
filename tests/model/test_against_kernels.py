"""The model against real kernels, each run begun from its first sample."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomlab import corpus
from oomlab.errors import OomlabError
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT
from oomlab.procfs import parse_slabinfo, parse_zoneinfo
from oomlab.recorded import compare, recorded_runs
from oomlab.rules import rules_for
from oomlab.simulation import INCIDENT_WORKLOAD, read_samples, run_from_samples
from oomlab.simulation.sample import bitmap_nodes
from oomlab.units import gib_to_pages

RAN_DRY = [run.name for run in recorded_runs() if not run.fix]
LIVED = [run.name for run in recorded_runs() if run.fix]


def test_there_are_runs_of_both_kinds_and_every_recording_is_used():
    assert len(RAN_DRY) == 8
    assert len(LIVED) == 4
    tables = [name for name in corpus.captures() if name.endswith(".csv") and "/" not in name]
    recorded = {name.removesuffix(".csv") for name in tables}
    assert recorded == {*RAN_DRY, *LIVED}


@pytest.mark.parametrize("name", RAN_DRY)
def test_the_page_cache_at_oom_is_predicted_from_the_first_sample(name):
    run = compare(name)
    assert (run.modelled.outcome, run.modelled.zone) == ("oom", "Normal")
    assert abs(run.error) < 0.03


@pytest.mark.parametrize("name", RAN_DRY)
def test_normal_and_dma_stop_where_the_kernel_stopped(name):
    run = compare(name)
    dma, normal = run.modelled.end.free[:2]
    at_oom = max(run.measured, key=lambda each: each.page_cache)
    # A request that may not sleep dips a little below min.
    assert at_oom.free["Normal"] == pytest.approx(normal, rel=0.06, abs=10)
    assert at_oom.free["DMA"] == pytest.approx(dma, rel=0.06, abs=10)


@pytest.mark.parametrize("name", RAN_DRY)
def test_the_metadata_at_oom_is_what_slabinfo_counted(name):
    run = compare(name)
    heads, _ = run.modelled.metadata(run.modelled.end)
    assert heads == pytest.approx(run.measured[-1].buffer_heads, rel=0.1 if "rescued" in name else 0.03)


@pytest.mark.parametrize("name", LIVED)
def test_with_the_fix_the_model_survives_as_the_kernel_did(name):
    run = compare(name)
    assert run.modelled.outcome == "survives"
    assert run.modelled.event("kswapd_keeps_pace") is not None
    assert run.error > 0  # a real kswapd takes larger bites: the model keeps more cache


def test_swap_stays_untouched_in_the_model_as_in_the_guest():
    run = compare("rsync-fix-off-1024M-swap")
    assert run.modelled.machine.swap > 0
    assert max(each.swap_used for each in run.measured) == 0
    assert run.modelled.end.swap_used == 0


def test_small_e_needs_its_boost_taken_off_and_the_file_pages_of_dma():
    """Its samples alone miss by a third: min is boosted there, and DMA's file pages are not sampled."""
    samples = read_samples(corpus.capture("rsync-fix-off-smallE.csv"))
    stats = parse_zoneinfo(corpus.capture("rsync-fix-off-smallE.zoneinfo-before"))
    dma, normal = stats[:2]
    assert (normal.watermark_min, normal.watermark_boost) == (602, 512)
    assert (samples[0]["nmin"], samples[-1]["nmin"]) == (602, 90)
    assert dma.counters["nr_zone_active_file"] + dma.counters["nr_zone_inactive_file"] == 2131
    run = compare("rsync-fix-off-smallE")
    assert run.modelled.zones[1].watermark_min == 90
    assert run.modelled.states[0].cache[0] == 2131


def test_what_ext4_reads_for_itself_explains_the_cold_runs():
    """One radix tree node for each block bitmap, 3,104 in 16 GiB: 2 % of the lowmem of a small guest."""
    assert bitmap_nodes(gib_to_pages(16), 1024) == 3104
    warm, cold = (read_samples(corpus.capture(f"rsync-fix-off-{name}.csv")) for name in ("smallB", "smallA"))
    assert warm[0]["rtn"] > 3104 > cold[0]["rtn"]
    grown = cold[-1]["rtn"] - cold[0]["rtn"] - (cold[-1]["hactf"] + cold[-1]["hinactf"]) / 64
    assert grown == pytest.approx(3104, rel=0.03)


@pytest.mark.parametrize("name", ["rsync-fix-off-smallA", "rsync-fix-off-k510-1024M"])
def test_even_without_that_explanation_the_error_is_about_three_per_cent(name):
    run = next(run for run in recorded_runs() if run.name == name)
    told = compare(name)
    untold = run_from_samples(
        read_samples(corpus.capture(f"{name}.csv")),
        parse_zoneinfo(corpus.capture("rsync-fix-off-smallA.zoneinfo-before")),
        machine=run.machine,
        workload=run.workload,
    )
    assert abs(told.error) < abs(untold.error) < 0.031


@pytest.mark.parametrize("ram_mb", ["1024", "16384"])
def test_the_sizes_of_6_1_are_those_that_slabinfo_prints(ram_mb):
    printed = {slab.name: slab for slab in parse_slabinfo(corpus.capture(f"{ram_mb}/slabinfo"))}
    for name in ("buffer_head", "radix_tree_node"):
        slab = printed[name]
        machine = replace(INCIDENT, kernel=KernelVersion.of("6.1"), allocator="slub")
        assert getattr(rules_for(machine), name).per_page == slab.objperslab / slab.pagesperslab


def test_an_unknown_run_is_named_with_those_there_are():
    with pytest.raises(OomlabError, match="smallA"):
        compare("smallZ")


def test_a_recorded_guest_asks_nothing_of_the_incident():
    run = recorded_runs()[0]
    assert run.machine != INCIDENT
    assert run.workload != INCIDENT_WORKLOAD
