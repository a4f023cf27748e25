"""Reports with their diagnoses, one by one: a stage that fails on one report leaves the others alone.

No log should make a stage fail. If one does, that is a fault of ours, and the reports before and
after must not be lost to it: the failure becomes a problem of its report. What shows many reports
takes them from :func:`judge` and shows each with :meth:`Judged.show`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from traceback import walk_tb

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.finding import Diagnosis, Finding
from oomlab.report import Problem, Report, Trigger, Victim

_MAX_EARLIER = 20
"""The most reports before one that are kept, to show whether their kills helped."""

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, the name of its log, and why it was written.

    ``failure`` is what failed on this report, if anything did; it is among the report's problems too.
    """

    log: str
    report: Report
    diagnosis: Diagnosis
    failure: Problem | None = None

    def show(self, how: Callable[[Judged], str]) -> str:
        """Return what ``how`` makes of the report; where that fails, what it makes of an outline of it.

        The outline contains the place of the report, who was killed, and the failure.
        """
        try:
            return how(self)
        except Exception as error:
            failure = _failure("Showing this report", self.report, error)
            return how(replace(self, report=_outline(self.report, failure), failure=failure))


def judge(found: Iterable[tuple[str, Report]]) -> Iterator[Judged]:
    """Diagnose reports as they come, each with the name of its log, in the light of those before it."""
    before: dict[str, deque[Report]] = {}
    for log, report in found:
        earlier = before.setdefault(log, deque(maxlen=_MAX_EARLIER))
        yield _judged(log, report, earlier)
        earlier.append(report)


def _judged(log: str, report: Report, earlier: Iterable[Report]) -> Judged:
    try:
        return Judged(log, report, diagnose(report, others=earlier))
    except Exception as error:
        failure = _failure("The diagnosis of this report", report, error)
        whole = replace(report, problems=(*report.problems, failure))
        return Judged(log, whole, _no_diagnosis(report, failure), failure)


def _failure(stage: str, report: Report, error: Exception) -> Problem:
    """Return the failure of a stage as a problem, without the error's own words, which may quote the log."""
    frames = ((frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__))
    path, line = [each for each in frames if each[0].startswith(_PACKAGE)][-1]
    place = f"{type(error).__name__} at oomlab/{path.removeprefix(_PACKAGE)}:{line}"
    reason = f"{stage} failed ({place}). This is a fault of oomlab, not of the log: please report it"
    return Problem(report.trigger.line or report.first_line, reason)


def _no_diagnosis(report: Report, failure: Problem) -> Diagnosis:
    quoted = report.quote(failure.line or report.first_line)
    finding = Finding(
        rule="undetermined",
        claim=f"{failure.reason}.",
        confidence="low",
        evidence=(quoted,) if quoted else (),
    )
    return Diagnosis(
        cause="undetermined",
        contributing=(),
        confidence="low",
        summary=finding.claim,
        findings=(finding,),
    )


def _outline(report: Report, failure: Problem) -> Report:
    """Return a report with little in it that showing could fail on."""
    return Report(
        kind=report.kind,
        first_line=report.first_line,
        last_line=report.last_line,
        trigger=Trigger(comm=report.trigger.comm, pid=report.trigger.pid, line=report.trigger.line),
        scope=report.scope,
        victims=tuple(Victim(pid=each.pid, comm=each.comm, line=each.line) for each in report.victims),
        exiting=tuple(Victim(pid=each.pid, comm=each.comm, line=each.line) for each in report.exiting),
        source=report.source,
        problems=(*report.problems, failure),
    )
