"""A log with its newest line first is read like any other, and its numbers stay its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse, parse_bytes
from oomlab.parsing.reader import is_newest_first

HERE = Path(__file__).parents[1]
LOGS = sorted([*HERE.parent.glob("data/**/oom-*.log"), *HERE.glob("samples/*.log")])
WHOLE = (
    *("oom-global-anon-noswap", "oom-memcg", "oom-rsync-fix-off-1536M", "oom-report", "2.6.32-el6"),
    *("oom-dma-floppy", "oom-order8-saved-cmdlines", "2.6.18-el5", "2.6.24-hot-cold", "5.4-vmalloc-failure"),
)
"""Logs whose reports hold their header and what follows it."""


def text_of(path: Path) -> str:
    return path.read_text(errors="replace").rstrip("\n")


def reversed_lines(text: str) -> str:
    return "\n".join(text.split("\n")[::-1])


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_no_log_of_ours_is_newest_first(path):
    assert not is_newest_first(text_of(path))


@pytest.mark.oracle
def test_no_real_log_is_taken_to_be_newest_first(outside):
    assert [path.name for path in outside if is_newest_first(text_of(path))] == []


@pytest.mark.parametrize("name", WHOLE)
def test_a_log_turned_round_gives_the_same_reports_with_its_own_numbers(name):
    (path,) = [path for path in LOGS if path.stem == name]
    text = text_of(path)
    total = text.count("\n") + 1
    usual, turned = parse(text), parse(reversed_lines(text))
    assert len(turned) == len(usual)
    for one, other in zip(usual, turned, strict=True):
        assert (other.first_line, other.last_line) == (total + 1 - one.last_line, total + 1 - one.first_line)
        assert other.trigger == replace(one.trigger, line=total + 1 - one.trigger.line)
        assert other.quote(other.trigger.line).text == one.quote(one.trigger.line).text
        for zone, twin in zip(one.zones, other.zones, strict=True):
            assert twin.free == zone.free
            assert (twin.line and other.quote(twin.line).text) == (zone.line and one.quote(zone.line).text)
        assert [task._replace(line=total + 1 - task.line) for task in other.tasks] == list(one.tasks)
        assert [victim.pid for victim in other.victims] == [victim.pid for victim in one.victims]
        assert {total + 1 - line: kind for line, kind in other.kinds.items()} == one.kinds
        assert len(other.problems) == len(one.problems)
        assert diagnose(other).summary == diagnose(one).summary


def test_bytes_with_their_newest_line_first_are_read_too():
    (path,) = [path for path in LOGS if path.stem == "oom-memcg"]
    (report,) = parse_bytes(reversed_lines(text_of(path)).encode())
    assert report.victims[0].line < report.trigger.line
