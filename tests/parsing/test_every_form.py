"""Every log in every form reads as the kernel printed it, or what is lost is said.

``OOMLAB_FULL=1`` tries all logs in all forms; without it, each log in a fourth of them.
"""

from __future__ import annotations

import os
import textwrap
from itertools import islice
from pathlib import Path

import pytest

from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.parsing.prefix import FOREIGN
from oomlab.parsing.reader import log_lines
from oomlab.report import Report, SourceLine
from tests.parsing.test_any_size import counted
from tests.support.forms import FORMS

ROOT = Path(__file__).parents[2]
LOGS = [*sorted((ROOT / "tests" / "samples").glob("*.log")), *sorted((ROOT / "data").rglob("*.log"))]
STEP = 1 if os.environ.get("OOMLAB_FULL") else 4
LONGEST = 400_000
BEYOND = {
    ("2.4.18-kills.log", "one line"),
    ("2.4.18-kills.log", "one line, no stamps"),
    ("5.4-vmalloc-failure.log", "one line, no stamps"),
    ("014-nearmiss-2.4.19-sysrq-m.log", "one line, no stamps"),
    ("071-nearmiss-paf-4.4-android-many.log", "one line, no stamps"),
}
"""Reports of a few lines without words that begin one, all on one line: they are not told apart, but for
the kills of 2.4, which are told one by one."""


def as_printed(text: str) -> list[str]:
    """Return the lines of a log as the kernel printed them."""
    lines = log_lines([SourceLine(number, line) for number, line in enumerate(text.split("\n"), 1)])
    rows = zip(lines.texts, lines.kinds, strict=True)
    return [line for line, kind in rows if kind != "continuation" and line != FOREIGN]


def read(text: str) -> list[Report]:
    try:
        return parse(text)
    except ReportError:
        return []


def said(reports: list[Report]) -> set[str]:
    return {problem.reason for report in reports for problem in report.problems}


def compare(path: Path, number: int) -> None:
    """Read a log in its share of the forms, which its number chooses."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = as_printed(text)
    plain = read("\n".join(lines))
    if not plain or len(text) > LONGEST:
        return
    for form, write in islice(FORMS.items(), number % STEP, None, STEP):
        found = read(write(lines))
        is_same = counted(found) == counted(plain)
        assert is_same or said(found) - said(plain) or (path.name, form) in BEYOND, form


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_log_in_every_form_reads_as_it_was_printed(log):
    compare(log, LOGS.index(log))


@pytest.mark.oracle
def test_other_people_s_logs_in_every_form_read_as_they_were_printed(outside):
    for number, log in enumerate(outside):
        compare(log, number)


@pytest.mark.parametrize("width", range(60, 140, 10))
@pytest.mark.parametrize("log", [log for log in LOGS if "oom-64-" in log.name], ids=lambda path: path.name)
def test_lines_wrapped_at_any_width_are_joined(log, width):
    """By a mailer at a blank, by a terminal anywhere: paths of control groups are longer than most lines."""
    lines = as_printed(log.read_text(encoding="utf-8"))
    plain = counted(read("\n".join(lines)))
    mail = [textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in lines]
    terminal = [[line[at : at + width] for at in range(0, len(line), width)] for line in lines]
    for wrapped in (mail, terminal):
        text = "\n".join("\n".join(parts) for parts in wrapped)
        assert counted(read(text)) == plain
