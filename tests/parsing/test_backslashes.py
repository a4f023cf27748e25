"""A backslash joins a line to the next, unless one ends every line, or the next begins anew."""

from __future__ import annotations

import pytest

from oomlab.parsing import parse
from oomlab.parsing.backslashes import join_backslashed
from tests.parsing.test_wrapped import LOG, facts
from tests.support.texts import only


def broken(lines: list[str], width: int) -> str:
    parts = ([line[at : at + width] for at in range(0, len(line), width)] for line in lines)
    return "\n".join("\\\n".join(each) for each in parts)


@pytest.mark.parametrize("prefix", ["", "[ 1000.{:06}] ", "Nov 27 06:46:40 web1 kernel: [ 1000.{:06}] "])
@pytest.mark.parametrize("width", [*range(61, 85), 99, 131])
def test_a_log_that_a_terminal_broke_with_backslashes_is_read_as_it_was(prefix, width):
    lines = [prefix.format(at) + line for at, line in enumerate(LOG.splitlines())]
    assert facts(only(broken(lines, width))) == facts(only("\n".join(lines)))


KILL = "Out of memory: Killed process {} (sh) total-vm:8kB, anon-rss:8kB, file-rss:0kB"


@pytest.mark.parametrize("pids", [[10**at for at in range(6)], [100, 200, 300], [1, 20]])
def test_kills_with_a_break_of_markdown_behind_each_stay_apart(pids):
    lines = [KILL.format(pid) for pid in pids]
    assert [report.victims[0].pid for report in parse("\\\n".join(lines))] == pids


@pytest.mark.parametrize(
    "rest", ["[ 5121.000002] b", "[  123] 0 123", "2026-11-27T06:00:00Z b", "Nov 27 06:46:40 b"]
)
def test_what_begins_a_line_is_no_rest_of_one(rest):
    lines = ["[ 5121.000001] a\\", rest, "c"]
    assert join_backslashed([1, 2, 3], lines) == ([1, 2, 3], lines)


def test_the_lines_keep_their_numbers():
    assert join_backslashed([4, 5, 6, 7], ["> a \\", "> b\\", "> |c", "> d"]) == ([4, 7], ["> a b|c", "> d"])
