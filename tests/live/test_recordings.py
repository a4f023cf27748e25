"""The recorded runs, which stand in for a live kernel: genuine, named so, foreseen by the model."""

from __future__ import annotations

import pytest

from oomlab import corpus, diagnose, fit, lab, zones
from oomlab.errors import LabUnavailable, OomlabError
from oomlab.kernel import KernelRelease
from oomlab.lab import SCENARIOS, find_scenario
from oomlab.lab.prediction import guest_machine, predict
from oomlab.procfs import Snapshot, parse_zoneinfo

RECORDED = [
    name.split("/")[1] for name in corpus.captures() if name.startswith("live/") and name.endswith(".json")
]
CAUSES = {
    "incident-small": "lowmem_exhaustion",
    "incident-1g": "lowmem_exhaustion",
    "with-swap": "lowmem_exhaustion",
    "trace-buffer": "lowmem_exhaustion",
    "group": "memcg_limit",
    "processes": "global_anon",
}


def test_every_scenario_but_the_large_one_is_recorded():
    assert set(RECORDED) == {scenario.name for scenario in SCENARIOS} - {"incident-16g"}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_is_replayed_sample_by_sample_and_says_that_it_is_one(name):
    seen = []
    run = lab.run(name, engine="recorded", on_sample=seen.append)
    assert run.engine == "recorded"
    assert seen == list(run.samples)
    assert run.scenario == find_scenario(name)
    assert f"Linux version {run.kernel}" in run.console


@pytest.mark.parametrize("name", CAUSES)
def test_the_kernels_own_report_is_judged_as_the_scenario_was_meant(name):
    run = lab.run(name, engine="recorded")
    assert run.outcome == "killed"
    assert run.report is not None
    assert diagnose(run.report).cause == CAUSES[name]


@pytest.mark.parametrize("name", ["with-the-fix", "rescued"])
def test_the_fix_saves_the_machine_at_boot_or_at_the_last_moment(name):
    run = lab.run(name, engine="recorded")
    assert run.outcome == "survived"
    assert run.report is None


def test_swap_is_not_touched_by_the_death_beside_it():
    run = lab.run("with-swap", engine="recorded")
    assert run.report.swap.total == run.report.swap.free > 0


@pytest.mark.parametrize("name", ["incident-small", "incident-1g", "with-swap"])
def test_the_model_foresees_the_page_cache_at_oom_from_the_first_sample(name):
    comparison = predict(lab.run(name, engine="recorded"))
    assert (comparison.modelled.outcome, comparison.modelled.zone) == ("oom", "Normal")
    assert abs(comparison.error) < 0.1


@pytest.mark.parametrize("name", RECORDED)
def test_watermarks_and_reserves_of_the_guest_are_the_models_to_the_page(name):
    run = lab.run(name, engine="recorded")
    found = fit(Snapshot(kernel=KernelRelease.of(run.kernel), zones=parse_zoneinfo(run.zoneinfo)))
    rules = [each for each in found.residuals if each.quantity not in ("present", "managed")]
    assert [residual for residual in rules if residual.off] == []
    assert len(rules) >= 10


@pytest.mark.parametrize("name", RECORDED)
def test_the_zones_of_the_guest_lie_where_the_model_puts_them(name):
    run = lab.run(name, engine="recorded")
    modelled = zones(guest_machine(run))
    printed = parse_zoneinfo(run.zoneinfo)
    assert [(zone.name, zone.present) for zone in modelled] == [(zone.name, zone.present) for zone in printed]


def test_only_a_copy_can_be_foreseen():
    with pytest.raises(OomlabError, match="group does something else"):
        predict(lab.run("group", engine="recorded"))


def test_a_scenario_that_nobody_recorded_is_refused_and_not_replaced():
    with pytest.raises(LabUnavailable, match="no recording of 'incident-16g'"):
        lab.run("incident-16g", engine="recorded")


def test_a_name_that_is_no_scenario_is_answered_with_those_there_are():
    with pytest.raises(OomlabError, match="there are incident-small, incident-1g"):
        lab.run("incident")


def test_without_qemu_the_recording_is_replayed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("OOMLAB_CACHE", "/nonexistent")
    assert lab.run("incident-small").engine == "recorded"
    with pytest.raises(LabUnavailable):
        lab.run("incident-small", engine="qemu")
