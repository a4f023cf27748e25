"""Several reports of one log as a table: when each was written, why, and who was killed."""

from __future__ import annotations

from oomlab.diagnosis.timelines import Event, Timeline
from oomlab.errors import require
from oomlab.render.pages.frame import Html, frame
from oomlab.render.safe import markup
from oomlab.render.sentences.cause import cause_label, when_in_words
from oomlab.render.sentences.victim import killed_in_words
from oomlab.report import Notice

_TITLES = ("line", "when", "why", "killed")


def timeline_html(timeline: Timeline) -> Html:
    """Return a timeline as a table for a notebook; every byte from the log is escaped."""
    require(timeline, Timeline, "timeline_html takes what timeline gives")
    head = "".join(f'<th scope="col">{title}</th>' for title in _TITLES)
    rows = "".join(_row(event) for event in timeline.events)
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return frame(f"<p>{markup(timeline.summary)}</p>{table}", label="The reports of a log")


def _row(event: Event | Notice) -> str:
    line, *cells = _cells(event)
    named = "".join(f"<td>{markup(each)}</td>" for each in cells)
    return f'<tr><th scope="row" class="number">{line}</th>{named}</tr>'


def _cells(event: Event | Notice) -> tuple[str, str, str, str]:
    if isinstance(event, Notice):
        return f"{event.line:,}", when_in_words(event.time, event.uptime_s), event.kind, event.words
    return (
        f"{event.first_line:,}",
        when_in_words(event.time, event.seconds),
        cause_label(event.kind, event.diagnosis),
        killed_in_words(event.victims),
    )
