"""A line that was cut, as loggers and terminals do at a width, makes no false number: its loss is told.

``OOMLAB_FULL=1`` cuts every line at every word of every report of the repository; without it, a sample.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.render import as_dict
from oomlab.report import Report
from tests.support.texts import only

REPO = Path(__file__).parents[2]
LOGS = [*sorted((REPO / "tests/samples").glob("*.log")), REPO / "data/captures/oom-memcg.log"]
STEP = 1 if os.environ.get("OOMLAB_FULL") else 7

_MEMORY = re.compile(
    r"invoked|free:\d|_anon|_file|unevictable:|slab_|mapped:|lowmem_reserve|swap +=|usage |stats for"
    r"|constraint=|total_vm| anon \d| kernel \d"
)
_LAST_WORD = re.compile(r"\S+\s*$")


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield each number and word of a report's JSON, with where it stands."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}.{place}")
    else:
        yield path, value


def numbers(report: Report) -> dict[str, object]:
    told = as_dict(report)
    parts = ("trigger", "totals", "swap", "zones", "nodes", "memcg", "constraint", "tasks", "victims")
    return dict(leaves({name: told.get(name) for name in parts}))


def reasons(report: Report) -> set[str]:
    return {problem.reason for problem in report.problems}


def places(line: str) -> range:
    """Where a line is cut: behind what shows its kind, and before its last word, which may always be cut."""
    kind, last = _MEMORY.search(line), _LAST_WORD.search(line)
    return range(kind.end(), last.start()) if kind and last else range(0)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_a_line_that_is_cut_gives_no_false_number_in_silence(log):
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    (whole, *_) = parse("".join(lines))
    before, told = numbers(whole), reasons(whole)
    cuts = [(number, at) for number, line in enumerate(lines) for at in places(line)]
    for number, at in cuts[:: STEP * 5]:
        text = "".join([*lines[:number], f"{lines[number][:at]}\n", *lines[number + 1 :]])
        try:
            (report, *_) = parse(text)
        except ReportError:
            continue
        if reasons(report) - told:
            continue
        after = numbers(report)
        false = {
            name: (value, after[name])
            for name, value in before.items()
            if after.get(name) is not None and after[name] != value and not name.endswith("line")
        }
        assert not false, (number + 1, lines[number][:at])


@pytest.mark.parametrize(
    ("row", "lost"),
    [
        ("active_anon:1413442 inactive_anon:1", "inactive_anon"),
        ("active_anon:14", "active_anon"),
    ],
)
def test_the_last_counter_of_a_row_that_is_cut_is_no_amount(row, lost):
    log = (REPO / "data/captures/oom-64-swap-full.log").read_text()
    whole = re.search(r"active_anon:\d+ inactive_anon:\d+ isolated_anon:\d+", log)[0]
    report, full = only(log.replace(whole, row, 1)), only(log)
    assert lost not in report.totals
    assert any(f"{lost}:" in reason and "may have lost digits" in reason for reason in reasons(report))
    assert diagnose(report).cause == diagnose(full).cause


def test_a_row_that_a_mailer_wrapped_is_whole():
    log = (REPO / "data/captures/oom-64-swap-full.log").read_text()
    wrapped = re.sub(r"(\n.*?)( isolated_anon:\d+)", r"\1\n\2", log, count=1)
    assert only(wrapped).totals == only(log).totals


def test_a_header_that_ends_in_its_mask_does_not_show_the_mask():
    log = (REPO / "tests/samples/2.6.32-el6.log").read_text()
    cut = re.sub(r"gfp_mask=0x2\S* .*", "gfp_mask=0", log, count=1)
    report = only(cut)
    assert report.trigger.gfp_mask is None
    assert diagnose(report).cause != "vm_fault_oom_spurious"
    assert any("header is cut" in reason for reason in reasons(report))


def test_a_failure_may_end_in_its_mask():
    report = only("swapper: page allocation failure: order:0, mode:0x20\nMem-Info:\n")
    assert report.trigger.gfp_mask == 0x20


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (r"Total swap = (\d)\d+kB", r"Total swap = \1", "total swap is cut"),
        (r"Total swap = \d+kB", "Total", "total swap is lost"),
        (r"constraint=CONSTRAINT_NONE.*", "constraint=CONS", "oom-kill: is cut"),
        (r"(lowmem_reserve\[\]: \d+ \d+).*", r"\1", "lowmem_reserve[] line of zone DMA is cut"),
        (r"\[  pid  \].*", "[  pid  ]   u", "header of the task table is cut"),
    ],
)
def test_what_was_cut_is_told(old, new, told):
    log = (REPO / "data/captures/oom-64-swap-full.log").read_text()
    report = only(re.sub(old, new, log, count=1))
    assert any(told in reason for reason in reasons(report)), reasons(report)
    assert "" not in {task.comm for task in report.tasks}


def test_the_number_of_a_process_that_was_cut_is_that_of_the_only_one_that_begins_so():
    log = (REPO / "data/captures/oom-64-swap-full.log").read_text()
    whole = only(log)
    (victim,) = whole.victims
    cut = re.sub(rf"(Killed process {str(victim.pid)[:-1]})\d.*", r"\1", log)
    report = only(cut)
    assert [each.pid for each in report.victims] == [victim.pid]
    assert any("only process" in reason for reason in reasons(report))


def test_a_statistic_of_a_group_that_is_no_number_of_pages_was_cut():
    log = (REPO / "tests/samples/6.6-oom-group.log").read_text()
    report = only(re.sub(r"\banon (\d)\d+", r"anon \1", log, count=1))
    assert report.memcg is not None
    assert "anon" not in report.memcg.stats
    assert any("anon of the control group has lost digits" in reason for reason in reasons(report))
