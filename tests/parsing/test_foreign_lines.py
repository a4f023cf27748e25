"""Lines of other programs between those of a report, on a console or in a shared log, change nothing."""

from __future__ import annotations

import re

import pytest

from oomlab.parsing import parse
from tests.parsing.test_hostile_names import BASES, essence

LINES = (
    "17:03:22 worker[3]: tick",
    "2026-11-01T00:00:02 host-1 app: started 5 workers",
    "Nov  1 00:00:02 db7 sshd[2119]: Accepted publickey for root from 10.0.0.7 port 51022",
    "login: ",
    "42",
    "INFO  [main] ready in 35 ms",
    "GET /index.html 200 1532 17ms",
    "a=1 b=2",
    "total: 7",
)
STAMP = re.compile(r"^\[ *\d+\.\d+\]")


def logs():
    """Yield the logs of which every line has the kernel's own time."""
    for log in BASES:
        lines = log.read_text(encoding="utf-8").splitlines()
        if all(STAMP.match(line) for line in lines):
            yield log


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("log", list(logs()), ids=lambda path: path.name)
def test_a_line_without_the_kernel_s_time_belongs_to_no_report(log, line):
    lines = log.read_text(encoding="utf-8").splitlines()
    plain = list(map(essence, parse("\n".join(lines))))
    wrong = []
    for at in range(1, len(lines)):
        reports = parse("\n".join([*lines[:at], line, *lines[at:]]))
        if list(map(essence, reports)) != plain:
            wrong.append(lines[at - 1])
    assert wrong == []
