"""Several reports of one log: when each was written, why, and who was killed."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis import Diagnosis
from oomlab.diagnosis.timeline import Event, Timeline
from oomlab.render.page import frame
from oomlab.render.safe import markup, plain
from oomlab.render.words import person
from oomlab.report import Kind, Victim

_NO_OOM: dict[Kind, str] = {"allocation_failure": "(failed request)", "show_mem": "(memory dump)"}
_TITLES = ("line", "when", "why", "killed")


def timeline_html(timeline: Timeline) -> str:
    """Give a timeline as a table for a notebook; every byte from the log is escaped."""
    head = "".join(f'<th scope="col">{title}</th>' for title in _TITLES)
    rows = "".join(_row(event) for event in timeline.events)
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return frame(f"<p>{markup(timeline.summary)}</p>{table}", label="The reports of a log")


def _row(event: Event) -> str:
    cells = (
        when_in_words(event.time, event.seconds),
        cause_in_words(event.kind, event.diagnosis),
        killed_in_words(event.victims),
    )
    named = "".join(f"<td>{markup(each)}</td>" for each in cells)
    return f'<tr><th scope="row" class="number">{event.first_line:,}</th>{named}</tr>'


def when_in_words(time: str | None, seconds: float | None) -> str:
    """Give the time of day as the log has it, or else the uptime as the kernel prints it."""
    return plain(time or ("-" if seconds is None else f"[{seconds:.3f}]"))


def cause_in_words(kind: Kind, diagnosis: Diagnosis) -> str:
    """Name the cause; what is no OOM has none."""
    return _NO_OOM.get(kind, diagnosis.cause)


def killed_in_words(victims: Sequence[Victim]) -> str:
    """Name the first that was killed, and count the others."""
    if not victims:
        return ""
    more = f" and {len(victims) - 1} more" if len(victims) > 1 else ""
    return f"{person(victims[0])}{more}"
