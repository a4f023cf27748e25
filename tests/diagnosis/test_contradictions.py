"""What is shown of a report does not contradict itself, on every log there is and on damaged ones."""

from dataclasses import replace

import pytest

from oomlab.diagnosis import diagnose
from oomlab.render import text
from oomlab.report import SourceLine
from tests.diagnosis.test_diagnose import CASES
from tests.diagnosis.test_remedies import PAIRS
from tests.support import fuzz
from tests.support.contradictions import CHECKS, Shown, contradictions, in_log, logs

LOGS = logs()
DAMAGED = 200
"""So many damaged logs are tried in every run; `python -m benchmarks.contradictions 10000` tries more."""


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_log_is_explained_without_contradiction(path):
    assert list(in_log(path.read_bytes())) == []


def test_damaged_logs_are_explained_without_contradiction():
    seeds = [path.read_bytes() for path in LOGS]
    found = {number: list(in_log(fuzz.case(number, seeds))) for number in range(DAMAGED)}
    assert {number: each for number, each in found.items() if each} == {}


@pytest.mark.parametrize(
    "report",
    [*CASES.values(), *(each for pair in PAIRS.values() for each in pair)],
    ids=lambda each: each.kind,
)
def test_a_made_up_report_is_explained_without_contradiction(report):
    assert contradictions(report, diagnose(report)) == []


# --- the checks can fail ----------------------------------------------------------------------

ANON = CASES["global_anon"]


def shown(report=ANON, advice="", rules=(), **parts) -> Shown:
    """A report as it is shown, with some parts replaced."""
    made = Shown(report, diagnose(report))
    made.parts |= {name.replace("_", " ").strip(): words for name, words in parts.items()}
    made.rules |= dict(rules)
    made.advice = advice or made.advice
    return made


def with_evidence(line: SourceLine):
    diagnosis = diagnose(ANON)
    first = replace(diagnosis.findings[0], evidence=(line,))
    return Shown(ANON, replace(diagnosis, findings=(first,)))


WRONG = {
    "zones": shown(Why="There no zone could serve it.", Zones="Normal 900 800 0 500 to spare"),
    "headline": shown(_="A request for memory failed. Nothing was killed for it."),
    "swap": shown(Why="There is no swap to move anything to. All 4 GiB of swap are in use."),
    "shares": shown(
        rules={"slab": "The kernel's own objects (slab) hold 9 GiB, 70 % of the memory."}.items()
    ),
    "largest": shown(Memory="In all: slab 20 MiB."),
    "asker": shown(Killed="cc1 (pid 77). The process that asked, cc1, was left alone."),
    "evidence": with_evidence(SourceLine(3, "a line of another report")),
    "advice": shown(advice="do not raise vm.min_free_kbytes. Raise vm.min_free_kbytes."),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_each_check_finds_what_it_is_for(check):
    assert list(check(WRONG[check.__name__])) != []


def test_the_parts_of_a_text_are_told_apart():
    whole = Shown(ANON, diagnose(ANON))
    assert {"", "Asked", "Why", "Zones", "Memory", "Killed", "Try"} <= set(whole.parts)
    assert "".join(whole.parts.values()) == text(ANON, width=100_000)
