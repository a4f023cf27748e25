"""From a report back to its machine: the incident, every capture, and the reports of others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomlab import corpus
from oomlab.errors import ReportError
from oomlab.fitting import Fit, explain_watermarks, fit
from oomlab.kernel import KernelRelease
from oomlab.machine import INCIDENT
from oomlab.parsing import parse, parse_bytes
from oomlab.procfs import Snapshot, parse_zoneinfo
from oomlab.report import Report, ZoneStat
from oomlab.simulation import INCIDENT_WORKLOAD, lowmem_budget, simulate

REPORTS = [name for name in corpus.captures() if name.startswith("oom-") and name.endswith(".log")]
ZONEINFOS = [name for name in corpus.captures() if name.count("/") == 1 and name.endswith("/zoneinfo")]


@pytest.fixture(scope="module")
def incident() -> Fit:
    return fit(parse(corpus.incident())[0])


def captured(name: str) -> Snapshot:
    return Snapshot(zones=parse_zoneinfo(corpus.capture(name)), kernel=KernelRelease.of("6.1.0-50-686-pae"))


# --- the incident -----------------------------------------------------------------------------


def test_the_incidents_machine_and_workload_follow_from_its_report(incident):
    """The defaults of the library are nowhere typed in twice: the report gives them back."""
    assert incident.machine == INCIDENT
    assert incident.workload == INCIDENT_WORKLOAD


def test_the_incident_fits_to_the_page(incident):
    assert len(incident.residuals) == 18
    assert incident.exact
    assert (incident.min_free_kbytes.min, incident.min_free_kbytes.max) == (8192, 8195)
    assert [(ratio.zone, ratio.ratio) for ratio in incident.ratios] == [("DMA", 256), ("Normal", 32)]
    assert {each.rule for each in incident.watermarks} == {"quarters_of_share"}


def test_the_incident_says_what_is_read_off_inferred_and_calibrated(incident):
    said = {reading.quantity: (reading.value, reading.how) for reading in incident.readings}
    assert said["min_free_kbytes"] == ("8192", "inferred")
    assert said["RAM"] == ("32.0 GiB", "inferred")
    assert said["other lowmem"] == ("4720 pages", "read off")
    assert said["other slab"] == ("901 pages", "calibrated")
    assert [reading.quantity for reading in incident.readings if reading.how == "calibrated"] == [
        "other slab"
    ]


def test_the_incidents_budget_adds_up_to_the_kilobyte(incident):
    parts = {part.name: round(4 * part.pages) for part in incident.budget()}
    assert sum(part.pages for part in incident.budget()) == pytest.approx(222_502)
    assert parts["mem_map"] == 263_332
    assert parts["other, unlisted"] == 83_072
    slab = parts["buffer_heads"] + parts["radix tree nodes"] + parts["other reclaimable slab"]
    assert slab == pytest.approx(513_008, abs=2)
    assert parts["unreclaimable slab"] == 16_356
    assert parts["kernel stacks"] == 1_888
    assert parts["page tables"] == 3_660
    assert parts["file pages"] == 636
    assert parts["free above min"] + parts["free up to min"] == 8_056


def test_the_model_ends_with_the_budget_that_the_report_shows(incident):
    reported = {part.name: part.pages for part in incident.budget()}
    modelled = {part.name: part.pages for part in lowmem_budget(simulate())}
    for name in (
        "mem_map",
        "buffer_heads",
        "radix tree nodes",
        "page tables",
        "free above min",
        "free up to min",
    ):
        assert modelled[name] == pytest.approx(reported[name], abs=2)
    assert modelled["kernel and boot"] == reported["other, unlisted"]


def test_what_if_begins_from_a_report(incident):
    assert simulate(incident.machine, incident.workload).outcome == "oom"


# --- the recordings ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZONEINFOS)
def test_every_recorded_zoneinfo_fits_exactly(name):
    fitted = fit(captured(name))
    assert len(fitted.residuals) >= 14
    assert [residual for residual in fitted.residuals if residual.off] == []
    assert all(each.rule for each in fitted.watermarks)
    megabytes = int(name.partition("/")[0])
    assert fitted.machine.ram == megabytes * 256


@pytest.mark.parametrize("name", REPORTS)
def test_every_recorded_report_fits_exactly(name):
    for report in parse(corpus.capture(name)):
        fitted = fit(report)
        assert [residual for residual in fitted.residuals if residual.off] == []
        assert all(each.rule for each in fitted.watermarks)
        assert len(fitted.watermarks) == len(report.zones)


@pytest.mark.parametrize(
    ("name", "gib", "vmalloc"), [("1024M-swap", 1, 925), ("1536M", 1.5, 900), ("16384M", 16, None)]
)
def test_ram_and_vmalloc_of_a_guest_are_inferred(name, gib, vmalloc):
    machine = fit(parse(corpus.capture(f"oom-rsync-fix-off-{name}.log"))[0]).machine
    assert (machine.ram / 2**18, machine.vmalloc_mib) == (gib, vmalloc)


def test_the_blocks_of_the_file_system_betray_themselves_in_the_slab():
    fitted = fit(parse(corpus.capture("oom-rsync-fix-off-16384M.log"))[0])
    assert fitted.workload.block_size == 1024


def test_page_tables_in_highmem_betray_highpte():
    assert fit(parse(corpus.capture("oom-rsync-fix-off-k510-1024M.log"))[0]).machine.highpte


@pytest.mark.parametrize("name", REPORTS)
def test_a_budget_adds_up_to_the_zone(name):
    for report in parse(corpus.capture(name)):
        parts = fit(report).budget()
        zone = report.find_zone("Normal")
        assert sum(part.pages for part in parts) == pytest.approx(zone.present if zone else 0, abs=0.01)


# --- reports of others ------------------------------------------------------------------------

NAMED = {
    "014": "no rule of Linux 2.6",
    "029": "watermark_boost of 1024 pages",
    "061": "grew after its watermarks were set",
    "071": "extra_free_kbytes",
}
"""Reports whose watermarks obey no rule, and what the fit must name."""


@pytest.mark.parametrize("present", [None, 0, 4])
def test_a_zone_without_a_page_or_with_less_than_is_free_in_it_has_no_budget(present):
    """As of a line that was damaged; it could not be drawn either."""
    normal = ZoneStat(name="Normal", free=88, watermark_min=90, present=present)
    assert fit(Report(kind="oom", first_line=1, last_line=1, zones=(normal,))).budget() == ()


@pytest.mark.oracle
def test_most_zones_of_other_peoples_reports_fit_and_the_rest_is_named(outside):
    fits = {path.name[:3]: [fit(report) for report in parse_bytes(path.read_bytes())] for path in outside}
    zones = [(key, each) for key, fitted in fits.items() for one in fitted for each in one.watermarks]
    stray = [(key, each) for key, each in zones if not each.rule]
    assert len(stray) < len(zones) / 5
    assert {key for key, _ in stray} == set(NAMED) & fits.keys()
    assert all(any(NAMED[key] in each.reason for k, each in stray if k == key) for key, _ in stray)


@pytest.mark.oracle
def test_min_free_kbytes_is_one_number_for_almost_every_report(outside):
    found = [fit(parse_bytes(path.read_bytes())[0]).min_free_kbytes for path in outside]
    known = [each for each in found if each is not None]
    assert len(known) > len(found) / 2
    assert sum(each.exact for each in known) >= 0.9 * len(known)


# --- watermarks -------------------------------------------------------------------------------


def zone(minimum: int, low: int, high: int, **more) -> ZoneStat:
    return ZoneStat(name="Normal", watermark_min=minimum, watermark_low=low, watermark_high=high, **more)


@pytest.mark.parametrize(
    ("given", "rule", "reason"),
    [
        (zone(2012, 2515, 3018), "quarters_of_share", ""),
        (zone(255, 510, 765), "twice_and_thrice", ""),
        (zone(1000, 1500, 2000, managed=500_000), "quarters_or_scale", ""),
        (zone(1512, 2012, 2512, managed=500_000, watermark_boost=512), "quarters_or_scale", ""),
        (zone(1000, 2000, 3000, managed=500_000), None, "watermark_scale_factor = 20"),
        (zone(1000, 1750, 2000), None, "500 pages too high"),
        (zone(1512 + 512, 1890 + 512, 2268 + 512, managed=100_000), None, "boost of 512"),
        (zone(1512 + 3402, 1890 + 3402, 2268 + 3402, managed=100_000), None, "boost of 3402"),  # 1.5 × high
        (
            zone(120 + 1024, 150 + 1024, 180 + 1024, managed=8_000),
            None,
            "boost of 1024",
        ),  # one large page block
        (zone(1000, 1450, 1900, managed=420_000), None, "shrank"),
        (zone(7, 5, 3), None, "no rule"),
    ],
)
def test_watermarks_name_their_rule_or_what_was_in_the_way(given, rule, reason):
    found = explain_watermarks(given)
    assert found.rule == rule
    assert reason in found.reason


def test_a_zone_without_watermarks_explains_nothing():
    assert explain_watermarks(ZoneStat(name="Normal")) is None


# --- nothing breaks it --------------------------------------------------------------------------

LINES = corpus.incident().splitlines()
MODERN = corpus.capture("oom-rsync-fix-off-k510-1024M.log").splitlines()


@settings(max_examples=60)
@given(st.sampled_from([LINES, MODERN]), st.sets(st.integers(0, 120), min_size=1, max_size=30))
def test_a_damaged_report_still_gives_a_fit(lines, lost):
    text = "\n".join(line for i, line in enumerate(lines) if i not in lost)
    try:
        reports = parse(text)
    except ReportError:
        return
    for report in reports:
        assert isinstance(fit(report), Fit)


def test_a_report_without_zones_gives_an_empty_fit():
    fitted = fit(Report(kind="oom", first_line=1, last_line=1))
    assert (fitted.machine, fitted.residuals, fitted.budget()) == (None, (), ())
