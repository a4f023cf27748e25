"""A report that ``parse`` accepts is one that ``fit`` accepts: what cannot be fitted is not there."""

from __future__ import annotations

import pytest

from oomlab import INCIDENT, INCIDENT_WORKLOAD
from oomlab.errors import MachineError, ReportError
from oomlab.fitting import fit
from oomlab.parsing import parse
from oomlab.procfs import parse_slabinfo
from oomlab.simulation import engine, simulate

REPORTS = {
    "a kernel older than any rule of watermarks": (
        "CPU: 0 PID: 1 Comm: sh Not tainted 2.4.20 #1\nNode 0 Normal free:4kB min:468kB low:585kB high:702kB "
        "present:4096kB"
    ),
    "a size below zero": "DMA free:8201kB min:400kB low:928kB high:1200kB managed:-295kB",
    "a mark below zero": (
        "CPU: 0 PID: 1 Comm: sh Not tainted 5.15.0 #1\nNormal free:4kB min:-8kB low:9kB high:9kB"
    ),
    "a zone that its kernel does not know": (
        "CPU: 0 PID: 1 Comm: sh Not tainted 2.6.13 #1\n"
        "Node 0 DMA free:8kB min:64kB low:80kB high:96kB present:15992kB managed:15360kB\n"
        "Node 0 DMA32 free:8kB min:3000kB low:3750kB high:4500kB present:376832kB managed:324980kB"
    ),
    "two lines of one zone, one of them empty": (
        "Node 0 Normal free:0kB min:468kB low:440kB high:217kB\n"
        "DMA free:0kB min:754kB low:43kB high:527kB managed:957kB\nNode 0 Normal free:0kB managed:0kB"
    ),
    "more slab than memory": (
        "CPU: 0 PID: 1 Comm: sh Not tainted 5.15.0 #1\n"
        "Mem-Info:\nactive_anon:1 slab_unreclaimable:-536870913\n"
        "DMA free:8kB min:64kB low:80kB high:96kB present:15992kB managed:15360kB\n"
        "Normal free:8kB min:3000kB low:3750kB high:4500kB present:890000kB managed:870000kB"
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_damaged_numbers_are_fitted_or_left_out(name):
    for report in parse("sh invoked oom-killer: gfp_mask=0xd0, order=0\n" + REPORTS[name]):
        found = fit(report)
        found.budget()
        assert found.report.first_line == report.first_line


def test_a_run_that_does_not_settle_is_an_error_of_the_machine(monkeypatch):
    monkeypatch.setattr(engine, "MAX_SEGMENTS", 1)
    with pytest.raises(MachineError, match="does not settle"):
        simulate(INCIDENT, INCIDENT_WORKLOAD)


def test_a_cache_without_a_name_is_an_unreadable_line():
    with pytest.raises(ReportError, match="line 2"):
        parse_slabinfo("slabinfo - version: 2.1\n:\n")
