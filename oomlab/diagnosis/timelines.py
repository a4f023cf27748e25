"""Several reports of one log: kills in order, the same cause or not, and what changed between."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oomlab.diagnosis.finding import Diagnosis, threshold
from oomlab.diagnosis.judged import Judged, judge
from oomlab.diagnosis.notes import are_of_two_boots
from oomlab.diagnosis.usage import MemoryUse, memory_use
from oomlab.errors import require
from oomlab.kernel import Row, load_table
from oomlab.report import Kind, Notice, Problem, Report, Victim
from oomlab.units import human_kb
from oomlab.words import duration, listed, several

_WATCHED = {
    "anon": "process memory",
    "shmem": "shared memory",
    "file": "page cache",
    "slab": "slab",
    "page_tables": "page tables",
    "kernel_stacks": "kernel stacks",
    "free": "free memory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One report of a log: where it begins, when, why, and who died.

    ``time`` is the date as the log writes it, ``seconds`` the uptime of the kernel; either is
    ``None`` where the log lacks it.
    """

    first_line: int
    kind: Kind
    time: str | None
    seconds: float | None
    diagnosis: Diagnosis
    victims: tuple[Victim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The reports of one log together, and what other programs wrote about kills.

    ``events`` are in the order of the log, or the other way round where its newest line is first.
    ``same_cause`` is ``None`` unless at least two were OOMs whose
    cause is known. ``changes`` name what grew or shrank from the first OOM to the last.
    """

    events: tuple[Event | Notice, ...]
    same_cause: bool | None
    changes: tuple[str, ...]
    summary: str

    def _repr_html_(self) -> str:
        """Show the timeline in a notebook; like a report, it loads its page on first use."""
        from oomlab.render import timeline_html

        return str(timeline_html(self))


class TimelineBuilder:
    """Takes the reports of one log as they come, and finds what they have in common.

    Of the reports themselves only the first and the last OOM are kept, so that there may be many; of
    their diagnoses the cause and the summary, unless they are wanted ``whole``.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._events: list[Event | Notice] = []
        self._ooms: list[Report] = []
        self._failures: list[Problem] = []
        self._last: Report | None = None
        self._is_one_boot = True
        self._is_newest_first = False

    def add(self, judged: Judged) -> None:
        """Take the next report of the log, and why it was written."""
        diagnosis = judged.diagnosis if self._whole else _outline(judged.diagnosis)
        self._events.append(_event(judged.report, diagnosis))
        if self._last is not None and are_of_two_boots(self._last, judged.report):
            self._is_one_boot = False
        self._last = judged.report
        self._is_newest_first |= _runs_backwards(judged.report)
        if judged.failure:
            self._failures.append(judged.failure)
        elif judged.report.may_be_oom:
            self._ooms[1:] = [judged.report]

    def add_notice(self, notice: Notice) -> None:
        """Take what another program wrote, as the next event of the log."""
        self._events.append(notice)

    def build(self) -> Timeline:
        """Return the timeline of the reports and notices so far."""
        if self._is_newest_first:
            self._events.sort(key=lambda each: -_line(each))
            self._ooms.sort(key=lambda each: -each.first_line)
        events = [each for each in self._events if isinstance(each, Event)]
        causes = [event.diagnosis.cause for event in events]
        known = [cause for cause in causes if cause not in ("not_oom", "undetermined")]
        same = len(set(known)) == 1 if len(known) > 1 else None
        changes = tuple(_changes(self._ooms)) if self._is_one_boot else ()
        span = _span(events) if self._is_one_boot else ""
        summary = _summary(events, known, same, changes, span) + _failed(self._failures)
        summary += _others([each for each in self._events if isinstance(each, Notice)])
        return Timeline(events=tuple(self._events), same_cause=same, changes=changes, summary=summary)


def _event(report: Report, diagnosis: Diagnosis) -> Event:
    return Event(
        first_line=report.first_line,
        kind=report.kind,
        time=report.time,
        seconds=report.uptime_s,
        diagnosis=diagnosis,
        victims=report.victims,
    )


def _line(event: Event | Notice) -> int:
    return event.first_line if isinstance(event, Event) else event.line


def _runs_backwards(report: Report) -> bool:
    """Whether a report stands with its newest line first in its log: what follows its header is above it."""
    later = [part[0].line for part in (report.zones, report.tasks, report.victims) if part]
    header = report.trigger.line
    return header is not None and any(line is not None and line < header for line in later)


def _outline(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, findings=(), remedies=(), holders=())


_TAKES = "timeline takes the reports of one log, as parse gives them in a list"


def _checked(report: Report) -> Report:
    require(report, Report, _TAKES)
    return report


def timeline(reports: Iterable[Report], notices: Iterable[Notice] = ()) -> Timeline:
    """Return what the reports of one log, in the order of the log, have in common.

    ``notices`` of the same log (:func:`oomlab.find_notices`) are set between them, by their lines.
    """
    require(reports, Iterable, _TAKES)
    builder, left = TimelineBuilder(whole=True), deque(notices)
    for judged in judge(("", report) for report in map(_checked, reports)):
        while left and left[0].line < judged.report.first_line:
            builder.add_notice(left.popleft())
        builder.add(judged)
    for notice in left:
        builder.add_notice(notice)
    return builder.build()


def timeline_as_dict(line: Timeline) -> dict[str, Any]:
    """Return a timeline as plain data for JSON."""
    return {
        "same_cause": line.same_cause,
        "changes": list(line.changes),
        "summary": line.summary,
        "events": [
            _event_as_dict(each) if isinstance(each, Event) else notice_as_dict(each) for each in line.events
        ],
    }


def _event_as_dict(event: Event) -> dict[str, Any]:
    return {
        "line": event.first_line,
        "time": event.time,
        "uptime_s": event.seconds,
        "kind": event.kind,
        "cause": event.diagnosis.cause,
        "confidence": event.diagnosis.confidence,
        "victims": [{"pid": each.pid, "comm": each.comm} for each in event.victims],
        "words": None,
    }


def notice_as_dict(notice: Notice) -> dict[str, Any]:
    """Return a notice as plain data for JSON, as an event without a cause."""
    killed = {"pid": notice.pid, "comm": notice.killed}
    return {
        "line": notice.line,
        "time": notice.time,
        "uptime_s": notice.uptime_s,
        "kind": notice.kind,
        "cause": None,
        "confidence": None,
        "victims": [killed] if notice.killed is not None else [],
        "words": notice.sentence,
    }


def program_of(kind: str) -> Row:
    """Return who writes notices of a kind: its row in ``tables/killers.toml``."""
    return next(row for row in load_table("killers")["kind"] if row["name"] == kind)


def _others(notices: Sequence[Notice]) -> str:
    if not notices:
        return ""
    counts = Counter(program_of(each.kind)["program"] for each in notices)
    return f" Not the kernel: {listed(f'{name} {count}' for name, count in counts.items())}."


def _changes(reports: Sequence[Report]) -> Iterator[str]:
    """Yield what grew or shrank by a noticeable part of memory, from the first report to the last."""
    if len(reports) < 2:
        return
    first, last = memory_use(reports[0]), memory_use(reports[-1])
    whole = first.size or last.size
    if not whole or not first.is_known or not last.is_known:
        return
    for name, what in _WATCHED.items():
        before, after = first.pages(name), last.pages(name)
        if _both(first, last, name) and abs(after - before) >= threshold("changed") * whole:
            sizes = [human_kb(pages * reports[0].page_size_kb) for pages in (before, after)]
            yield f"{what} {'grew' if after > before else 'shrank'} from {sizes[0]} to {sizes[1]}"


def _both(first: MemoryUse, last: MemoryUse, name: str) -> bool:
    return name in first and name in last


def _summary(
    events: Sequence[Event], known: Sequence[str], same: bool | None, changes: Sequence[str], span: str
) -> str:
    kills = sum(len(event.victims) for event in events)
    head = several(len(events), "report") if events else "No report of the kernel"
    parts = [f"{head}, {several(kills, 'process', 'processes')} killed{span}."]
    if same:
        each_time = " each time" if len(known) == len(events) else ", where it is known"
        parts.append(f"The cause was the same{each_time}: {known[0]}.")
    elif same is False:
        parts.append(f"The causes differ: {listed(dict.fromkeys(known))}.")
    if changes:
        parts.append(f"Meanwhile {listed(changes)}.")
    return " ".join(parts)


def _failed(failures: Sequence[Problem]) -> str:
    if not failures:
        return ""
    lines = listed(dict.fromkeys(f"line {each.line}" for each in failures))
    return f" The diagnosis of {several(len(failures), 'report')} failed, by a fault of oomlab ({lines})."


def _span(events: Sequence[Event]) -> str:
    times = [event.seconds for event in events if event.seconds is not None]
    if len(times) < max(2, len(events)) or times != sorted(times):
        return ""
    return f" within {duration(times[-1] - times[0])}"
