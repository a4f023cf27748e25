"""The capstone's cases, and its mixed logs: whole reports, with dates that fit their uptimes."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from oomlab.diagnosis import diagnose
from oomlab.exercises.cases import case, incidents, mixed_log
from oomlab.parsing import parse

LINE = re.compile(r"(\w+ \d+ [\d:]+) (\S+) kernel: \[ *([\d.]+)\] ")
NUMBERS = range(1, 25)


def read(number: int) -> list[tuple[datetime, str, float]]:
    """Return the date, the host and the uptime of each line."""
    found = [LINE.match(line) for line in mixed_log(number).splitlines()]
    return [
        (datetime.strptime(f"2026 {line[1]}", "%Y %b %d %H:%M:%S"), line[2], float(line[3]))
        for line in found
        if line
    ]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_dates_of_a_mixed_log_never_go_back_and_fit_the_uptime_of_each_host(number):
    lines = read(number)
    assert len(lines) == len(mixed_log(number).splitlines())
    assert [date for date, _, _ in lines] == sorted(date for date, _, _ in lines)
    started: dict[str, list[float]] = {}
    for date, host, uptime in lines:
        started.setdefault(host, []).append(date.timestamp() - uptime)
    assert len(started) == 3
    for starts in started.values():
        assert max(starts) - min(starts) <= 1  # a syslog date has no fraction


@pytest.mark.parametrize("number", NUMBERS)
def test_each_incident_of_a_mixed_log_is_read_as_the_answer_key_has_it(number):
    text = mixed_log(number)
    assert [diagnose(report).cause for report in parse(text)] == [
        row["cause_id"] for row in incidents(number)
    ]
    assert "LABTRIGGER" not in text


def test_a_case_is_a_report_of_its_log_and_the_first_as_a_rule():
    assert case("A").victims
    assert case("A", 1).first_line > case("A").last_line
    assert case("C").kind == "allocation_failure"
