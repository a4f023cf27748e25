"""What a dying kernel left in pstore, in parts that count back from the end, is one log."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomlab.parsing import parse

LOG = Path(__file__).parents[2] / "data" / "captures" / "oom-64-node-scores.log"
LINES = LOG.read_text().rstrip("\n").split("\n")


def parts(count: int, dump: str = "Panic#1") -> list[str]:
    """Cut the log into files as pstore has them, the oldest first."""
    size = -(-len(LINES) // count)
    texts = ["\n".join(LINES[at : at + size]) for at in range(0, len(LINES), size)]
    return [f"{dump} Part{count - number}\n{text}\n" for number, text in enumerate(texts)]


def without_lines(text: str) -> list[object]:
    """What a text holds, whatever its lines are numbered."""
    return [
        (each.trigger.comm, [victim.pid for victim in each.victims], [task.pid for task in each.tasks])
        for each in parse(text)
    ]


@pytest.mark.parametrize("count", [2, 4, 11])
@pytest.mark.parametrize("end", ["", "\n"])
def test_parts_with_the_newest_first_read_as_the_log(count, end):
    text = "".join(parts(count)[::-1]).rstrip("\n") + end
    assert without_lines(text) == without_lines(LOG.read_text())
    for report in parse(text):
        assert [each.reason for each in report.problems if "order of time" in each.reason]
        for victim in report.victims:
            assert f"process {victim.pid}" in report.quote(victim.line).text


@pytest.mark.parametrize("count", [2, 4, 11])
def test_parts_in_the_order_of_time_are_no_problem(count):
    text = "".join(parts(count))
    assert without_lines(text) == without_lines(LOG.read_text())
    assert not any(report.problems for report in parse(text))


@pytest.mark.parametrize("turned", [False, True])
def test_a_part_alone_says_that_there_are_others(turned):
    heading, *lines = parts(4)[1].rstrip("\n").split("\n")
    report = parse("\n".join([heading, *(lines[::-1] if turned else lines)]))[0]
    assert "without all of its parts" in report.problems[-1].reason


def test_two_dumps_follow_one_another():
    oops = parts(4, "Oops#1")
    later = [text.replace("[   ", "[  9") for text in parts(4, "Panic#2")]
    panic = [text.replace("Killed process 101 ", "Killed process 901 ") for text in later]
    reports = parse("".join([*panic[::-1], *oops[::-1]]))
    assert [victim.pid for each in reports for victim in each.victims] == [101, 107, 901, 107]
