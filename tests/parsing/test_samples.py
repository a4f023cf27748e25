"""Every form of report since 2.4, from small samples written for these tests."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from oomlab.parsing import iter_reports, parse
from oomlab.report import Report

SAMPLES = Path(__file__).parents[1] / "samples"
EXPECTED: dict[str, Any] = tomllib.loads((SAMPLES / "expected.toml").read_text(encoding="utf-8"))
CHECKED_ELSEWHERE = {"lines", "zones", "free", "totals", "victims", "tasks", "trace", "memcg", "stats_kb"}


def test_every_sample_is_described():
    assert {path.name for path in SAMPLES.glob("*.log")} == EXPECTED.keys()
    assert len(EXPECTED) > 10


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_reads_as_described(name):
    found = parse((SAMPLES / name).read_text(encoding="utf-8"))
    wanted = EXPECTED[name]["reports"]
    assert [[report.first_line, report.last_line] for report in found] == [each["lines"] for each in wanted]
    for report, each in zip(found, wanted, strict=True):
        simple(report, each)
        memory(report, each)
        processes(report, each)


def simple(report: Report, wanted: dict[str, Any]) -> None:
    trigger = report.trigger
    found = {
        "kind": report.kind,
        "scope": report.scope,
        "kernel": str(report.kernel) if report.kernel else None,
        "page_size_kb": report.page_size_kb,
        "comm": trigger.comm,
        "pid": trigger.pid,
        "gfp_mask": trigger.gfp_mask,
        "order": trigger.order,
        "oom_adj": trigger.oom_adj,
        "oom_score_adj": trigger.oom_score_adj,
        "nodemask": report.nodemask,
        "mems_allowed": report.mems_allowed,
        "panic": report.panic,
        "oom_group": report.oom_group,
        "allocations": [list(each[:3]) for each in report.allocations],
        "problems": [problem.reason.partition(":")[0] for problem in report.problems],
    }
    usual = dict.fromkeys(found) | {"scope": "global", "page_size_kb": 4, "allocations": [], "problems": []}
    assert found == usual | {key: value for key, value in wanted.items() if key in found}


def memory(report: Report, wanted: dict[str, Any]) -> None:
    named = [zone.name if zone.node is None else f"{zone.node} {zone.name}" for zone in report.zones]
    assert named == wanted.get("zones", [])
    assert [zone.free for zone in report.zones] == wanted.get("free", [])
    for name, value in wanted.get("totals", {}).items():
        assert report.totals[name] == value
    for name, value in wanted.get("memcg", {}).items():
        assert getattr(report.memcg, name) == value
    for name, value in wanted.get("stats_kb", {}).items():
        assert report.memcg is not None
        assert report.memcg.stat_kb(name) == value


def processes(report: Report, wanted: dict[str, Any]) -> None:
    assert [[victim.comm, victim.pid] for victim in report.victims] == wanted.get("victims", [])
    assert len(report.tasks) == wanted.get("tasks", 0)
    trace = wanted.get("trace", [])
    assert list(report.trace[: len(trace)]) == trace


@pytest.mark.parametrize("name", EXPECTED)
def test_parts_point_at_their_lines(name):
    text = (SAMPLES / name).read_text(encoding="utf-8")
    lines = text.split("\n")
    for report in parse(text):
        for zone in report.zones:
            assert f"{zone.name} free" in lines[zone.line - 1]
            assert zone.reserve_line is None or "[]:" in lines[zone.reserve_line - 1]
            assert zone.blocks_line is None or f"{zone.name}:" in lines[zone.blocks_line - 1]
        for task in report.tasks:
            assert task.comm in lines[task.line - 1]
        for victim in report.victims:
            assert str(victim.pid) in lines[victim.line - 1]
        for key, line in report.totals_lines.items():
            assert str(report.totals[key]) in lines[line - 1] or key == "free"
        for line in report.source:
            assert line.text == lines[line.number - 1]


@pytest.mark.parametrize("name", EXPECTED)
def test_lines_one_by_one_read_the_same(name):
    text = (SAMPLES / name).read_text(encoding="utf-8")
    assert list(iter_reports(text.splitlines(keepends=True))) == parse(text)
    assert list(iter_reports(text.encode().splitlines())) == parse(text)
