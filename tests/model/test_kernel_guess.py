"""The form of a report tells its kernel; reports that name theirs hold the table to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.kernel import KernelVersion, load_table
from oomlab.kernel_guess import kernel_bounds, kernel_of
from oomlab.parsing import parse
from oomlab.report import Report, SourceLine, ZoneStat
from tests.support import corpus

HERE = Path(__file__).parents[1]
LOGS = [*sorted((HERE.parent / "data").glob("*/*.log")), *sorted((HERE / "samples").glob("*.log"))]
BACKWARDS = ("el6", "el7", "el8")
"""Vendors that carry so much backwards that their forms are younger than their kernels."""


def test_every_row_says_where_it_is_from():
    rows = load_table("report_forms")["forms"]
    assert len(rows) > 40
    assert all(row["source"] and (row.get("since") or row.get("until")) for row in rows)
    assert len({row["pattern"] for row in rows}) == len(rows)


def holds(reports) -> int:
    """Check the reports that name their kernel, and give how many they were."""
    named = [each for each in reports if each.kernel and each.kernel.vendor not in BACKWARDS]
    for report in named:
        form = kernel_bounds(report)
        assert form.since is None or form.since <= report.kernel.version, (report.kernel, form)
        assert form.until is None or report.kernel.version < form.until, (report.kernel, form)
    return len(named)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_named_kernels_lie_within_the_bounds(path):
    holds(parse(path.read_text(encoding="utf-8")))


@pytest.mark.oracle
def test_named_kernels_of_real_reports_lie_within_the_bounds(outside):
    found = [corpus.read(path) for path in outside]
    assert sum(map(holds, found)) > 20


@pytest.mark.parametrize(
    ("sample", "since", "until"),
    [
        ("2.6.5-protections.log", "2.6.0", "2.6.11"),
        ("2.6.18-el5.log", "2.6.18", "2.6.27"),
        ("2.6.24-hot-cold.log", "2.6.19", "2.6.27"),
        ("6.14-riscv-two-callers.log", "6.11", "6.18"),
    ],
)
def test_form_bounds_the_kernel(sample, since, until):
    form = kernel_bounds(parse((HERE / "samples" / sample).read_text(encoding="utf-8"))[0])
    assert (form.since and str(form.since), form.until and str(form.until)) == (since, until)


@pytest.mark.parametrize(
    ("line", "since", "until"),
    [
        ("CPU    0: Hot: hi:  186, btch:  31 usd:  90", "2.6.19", "2.6.27"),
        ("CPU    0: hi:  186, btch:  31 usd:  90", "2.6.25", "4.2"),
        ("cpu 0 hot: low 2, high 6, batch 1", "2.6.0", "2.6.18"),
        ("Swap cache: add 0, delete 0, find 0/0, race 0+0", None, "2.6.27"),
        ("Swap cache stats: add 0, delete 0, find 0/0", "2.6.25", "6.0"),
        ("Out of memory: kill process 1 (a) score 5 or a child", "2.6.18", "2.6.36"),
        ("Out of memory: Kill process 1 (a) score 5 or sacrifice child", "2.6.36", "5.1"),
        ("Node 0 DMA free:8kB min:4kB reserved_highatomic:0KB free_highatomic:0KB", "6.15", None),
        ("Memory allocations:", "6.10", "6.18"),
        ("Memory allocations (profiling is currently turned off):", "6.18", None),
        ("Node 0 active_anon:0kB all_unreclaimable? no Balloon:0kB", "6.15", None),
        ("Node 0 DMA free:8kB min:4kB zspages:0kB", "6.18", None),
        ("Memory cgroup min protection 0kB -- low protection 0kB", "6.19", None),
        ("Node 0 active_anon:0kB Balloon:0kB gpu_active:0kB gpu_reclaim:0kB", "7.0", None),
    ],
)
def test_words_were_printed_by_the_kernels_whose_source_has_them(line, since, until):
    made = Report(kind="oom", first_line=1, last_line=1, source=(SourceLine(1, line),))
    form = kernel_bounds(made)
    assert (form.since and str(form.since), form.until and str(form.until)) == (since, until)


def test_a_bound_has_its_line():
    text = (HERE / "samples/2.6.24-hot-cold.log").read_text(encoding="utf-8")
    form = kernel_bounds(parse(text)[0])
    assert "Hot: hi:" in text.split("\n")[form.since_line - 1]
    assert form.until_line


@pytest.mark.parametrize(
    ("sample", "low", "high", "basis"),
    [
        ("2.6.5-protections.log", "2.6.10", "2.6.11", "words"),
        ("2.6.39-arm.log", "2.6.36", "3.7", "words"),
        ("5.15-sysrq-m.log", "5.15", "6.0", "words"),
        ("5.10-journal-errors-only.log", "5.4", "6.2", "words"),  # no end: the usual kernel
        ("2.4.18-kills.log", "2.4", "2.5", "words"),
        ("2.6.32-el6.log", "2.6.32", "2.6.33", "version"),
    ],
)
def test_a_kernel_is_the_one_named_or_else_one_that_prints_such_words(sample, low, high, basis):
    found = kernel_of(parse((HERE / "samples" / sample).read_text(encoding="utf-8"))[0])
    assert found.basis == basis
    assert KernelVersion.of(low) <= KernelVersion.of(found.version) < KernelVersion.of(high)


def test_where_nothing_but_a_kill_is_left_the_usual_kernel_is_assumed():
    version, basis = kernel_of(parse("Out of Memory: Killed process 910 (junkbuster).")[0])
    assert (basis, version) == ("assumed", KernelVersion.of("6.1"))


def test_a_zone_without_managed_is_of_a_kernel_before_3_8():
    zone = ZoneStat(name="Normal", present=1000)
    old = Report(kind="oom", first_line=1, last_line=1, zones=(zone,))
    new = replace(old, zones=(replace(zone, managed=900),))
    assert KernelVersion((3, 7)) < kernel_of(old).version < KernelVersion((3, 8))
    assert kernel_of(new) == (KernelVersion((6, 1)), "assumed")
