"""Several reports of one log: kills in order, the same cause or not, and what changed between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from oomlab.diagnose import diagnose
from oomlab.diagnose.holdings import Holdings, holdings
from oomlab.diagnose.model import Diagnosis
from oomlab.diagnose.saying import limit, listed
from oomlab.report import Report
from oomlab.units import human_kb

_UPTIME = re.compile(r"\[\s{0,12}(\d{1,12}\.\d{1,9})\]", re.A)

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

    ``seconds`` is the uptime of the kernel, where the log has it. ``pids`` are empty where
    nothing was killed.
    """

    first_line: int
    seconds: float | None
    diagnosis: Diagnosis
    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What the reports of a log come to together.

    ``same_cause`` is ``None`` unless at least two were OOMs whose cause is known. ``changes``
    tell what grew or shrank from the first OOM to the last.
    """

    events: tuple[Event, ...]
    same_cause: bool | None
    changes: tuple[str, ...]
    summary: str


def timeline(reports: Iterable[Report]) -> Timeline:
    """Say what the reports of one log, in the order of the log, have in common.

    Of the reports themselves only the first and the last OOM are kept, so that there may be many.
    """
    events: list[Event] = []
    ooms: list[Report] = []
    for report in reports:
        events.append(_event(report))
        if report.kind == "oom":
            ooms[1:] = [report]
    causes = [event.diagnosis.cause for event in events]
    known = [cause for cause in causes if cause not in ("not_oom", "undetermined")]
    same = len(set(known)) == 1 if len(known) > 1 else None
    changes = tuple(_changes(ooms))
    return Timeline(
        events=tuple(events), same_cause=same, changes=changes, summary=_summary(events, known, same, changes)
    )


def timeline_as_dict(line: Timeline) -> dict[str, Any]:
    """Give a timeline as plain data for JSON."""
    return {
        "same_cause": line.same_cause,
        "changes": list(line.changes),
        "summary": line.summary,
        "events": [
            {
                "line": event.first_line,
                "seconds": event.seconds,
                "cause": event.diagnosis.cause,
                "confidence": event.diagnosis.confidence,
                "killed": list(event.pids),
            }
            for event in line.events
        ],
    }


def _event(report: Report) -> Event:
    return Event(
        first_line=report.first_line,
        seconds=uptime(report),
        diagnosis=diagnose(report),
        pids=tuple(victim.pid for victim in report.victims),
    )


def uptime(report: Report) -> float | None:
    """Read the uptime from the line of the request, in seconds; ``None`` where the log has none."""
    line = report.quote(report.trigger.line or report.first_line)
    match = _UPTIME.search(line.text[:400]) if line else None
    return float(match[1]) if match else None


def _changes(reports: Sequence[Report]) -> Iterator[str]:
    """Say what grew or shrank by a noticeable part of memory, from the first report to the last."""
    if len(reports) < 2:
        return
    first, last = holdings(reports[0]), holdings(reports[-1])
    whole = first.size or last.size
    if not whole or not first.known or not last.known:
        return
    for name, what in _WATCHED.items():
        before, after = first.pages(name), last.pages(name)
        if _both(first, last, name) and abs(after - before) >= limit("changed") * whole:
            sizes = [human_kb(pages * reports[0].page_size_kb) for pages in (before, after)]
            yield f"{what} {'grew' if after > before else 'shrank'} from {sizes[0]} to {sizes[1]}"


def _both(first: Holdings, last: Holdings, name: str) -> bool:
    return name in first and name in last


def _summary(events: Sequence[Event], known: Sequence[str], same: bool | None, changes: Sequence[str]) -> str:
    kills = sum(len(event.pids) for event in events)
    parts = [
        f"{_count(len(events), 'report')}, {_count(kills, 'process', 'processes')} killed{_span(events)}."
    ]
    if same:
        parts.append(f"The cause was the same each time: {known[0]}.")
    elif same is False:
        parts.append(f"The causes differ: {listed(dict.fromkeys(known))}.")
    if changes:
        parts.append(f"Meanwhile {listed(changes)}.")
    return " ".join(parts)


def _span(events: Sequence[Event]) -> str:
    times = [event.seconds for event in events if event.seconds is not None]
    return f" within {max(times) - min(times):,.1f} s" if len(times) > 1 and times == sorted(times) else ""


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
