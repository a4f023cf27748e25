"""Reports of real kernels whose truth was recorded, and real reports with an answer key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from oomlab.parsing import iter_reports, parse, parse_bytes
from tests.support import corpus

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
LOGS = sorted(path.name for path in CAPTURES.glob("*.log"))


def test_there_are_captures():
    assert len(LOGS) >= 10


@pytest.mark.parametrize("name", LOGS)
def test_capture_has_the_reports_that_were_recorded(name):
    reports = parse((CAPTURES / name).read_text(encoding="utf-8"))
    truth = (CAPTURES / name.replace(".log", ".truth.txt")).read_text(encoding="utf-8")
    recorded = re.search(r"oom reports: (\d+), allocation failures: (\d+)", truth)
    if recorded is not None:
        kinds = [report.kind for report in reports]
        assert [kinds.count("oom"), kinds.count("allocation_failure")] == [int(recorded[1]), int(recorded[2])]


@pytest.mark.parametrize("name", LOGS)
def test_capture_reads_whole(name):
    text = (CAPTURES / name).read_text(encoding="utf-8")
    reports = parse(text)
    assert [report.first_line for report in reports] == [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if "invoked oom-killer" in line or "page allocation failure" in line
    ]
    assert [problem for report in reports for problem in report.problems] == []
    killed = re.findall(r"Killed process (\d+) \((.*?)\) total-vm:(\d+)kB", text)
    victims = [victim for report in reports for victim in report.victims]
    once = {
        row[0]: row for row in reversed(killed)
    }  # the first of a group that is killed whole is told twice
    assert [(str(each.pid), each.comm, str(each.total_vm_kb)) for each in victims] == [
        row for pid, row in dict.fromkeys((row[0], once[row[0]]) for row in killed)
    ]
    assert sum(len(report.tasks) for report in reports) == len(re.findall(r"\] \[ *\d+\] ", text))


@pytest.mark.parametrize("name", LOGS)
def test_capture_counts_the_same_memory_twice_over(name):
    for report in parse((CAPTURES / name).read_text(encoding="utf-8")):
        for zone in report.zones:
            assert zone.watermark_min <= zone.watermark_low <= zone.watermark_high
            assert zone.managed <= zone.present
            assert len(zone.free_blocks) == 11
        for node in report.nodes:
            for key in ("active_file", "inactive_file", "unevictable"):
                assert node.counters[key] == report.totals[key]
        assert report.totals.get("ram", 0) >= sum(zone.present for zone in report.zones)


def test_real_reports_read_as_their_key_says(keyed):
    wrong = corpus.score(keyed)
    del wrong["cause"]  # that is for the diagnosis to answer for
    assert {check: files for check, files in wrong.items() if files} == {}


def test_a_key_that_says_otherwise_is_noticed(tmp_path):
    (entry,) = (each for each in corpus.entries(corpus.DATA) if each["file"].endswith("oom-memcg.log"))
    other = {"reports": 2, "trigger": "dd (1)", "gfp_mask": "0xd0", "order": 1}
    other |= {"killed": [["dd", 1]], "zones_listed": ["DMA"], "cause_id": "global_anon"}
    file = str(corpus.DATA / entry["file"])
    (tmp_path / "index.json").write_text(json.dumps([{**entry, **other, "file": file}]))
    keyed = [check for check in corpus.CHECKS if check is not corpus.advice]  # which needs no key
    assert corpus.score(tmp_path) == {check.__name__: [file] for check in keyed} | {"advice": []}


def test_real_reports_read_the_same_line_by_line(keyed):
    for path in corpus.logs(keyed):
        data = path.read_bytes()
        found = corpus.read(path)
        assert list(iter_reports(data.splitlines(keepends=True))) == found
        if found:
            assert parse_bytes(data) == found


def test_every_line_of_a_real_report_is_where_it_says(keyed):
    for path in corpus.logs(keyed):
        given = path.read_text(encoding="utf-8").split("\n")
        for report in corpus.read(path):
            for line in report.source:
                assert line.text == given[line.number - 1]
            for zone in (each for each in report.zones if each.line):
                assert "free" in given[zone.line - 1] or "free" in given[zone.line]
