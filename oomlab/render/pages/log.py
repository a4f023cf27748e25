"""The raw log with each part of the report marked and explained, for reading it part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

from oomlab.palette import css_background
from oomlab.render.pages.anatomy import Part, sections
from oomlab.render.pages.frame import Html, frame, prose
from oomlab.render.safe import markup
from oomlab.report import Report, SourceLine

Place = Callable[[int], str]
"""From the number of a line to its id on the page, for others to link to it."""


def annotated(report: Report) -> Html:
    """Return the report's own lines as HTML, cut into its parts.

    Each part has a coloured band, a title, and an explanation that opens on a click or with
    the Enter key. There is no script in it, and everything from the log is escaped.
    """
    body = "\n".join(_section(part, lines) for part, lines in sections(report.source))
    hint = '<p class="quiet">Select a title to read what the part means.</p>'
    return frame(f"{hint}\n{body}", label="The report, part by part")


def log_lines(lines: Sequence[SourceLine], place: Place | None = None) -> str:
    """Return lines of the log as HTML, with their numbers in the original file.

    ``place`` gives each line an id, for others to link to it.
    """
    text = "".join(_line(line, place) for line in lines)
    return f'<pre tabindex="0" aria-label="{markup(_span(lines))} of the log">{text}</pre>'


def place_lines(report: Report) -> Place:
    """Return an id for each line of a report, unlike those of another report on the same page."""
    text = "\n".join(line.text for line in report.source)
    checksum = crc32(text.encode("utf-8", "backslashreplace"))
    return lambda line: f"oomlab-{checksum:08x}-{line}"


def _line(line: SourceLine, place: Place | None) -> str:
    name = f' id="{place(line.number)}"' if place else ""
    return f"<span{name}><b>{line.number}</b>{markup(line.text)}\n</span>"


def _span(lines: Sequence[SourceLine]) -> str:
    """Return the numbers of lines: ``line 1`` or ``lines 3–17``."""
    first, last = lines[0].number, lines[-1].number
    return f"line {first}" if first == last else f"lines {first}–{last}"


def _section(part: Part | None, lines: Sequence[SourceLine]) -> str:
    band = css_background(part.swatch) if part else "none"
    return (
        f'<div class="part"><div style="background: {band}"></div><div class="body">'
        f"{_title(part, lines)}{log_lines(lines)}</div></div>"
    )


def _title(part: Part | None, lines: Sequence[SourceLine]) -> str:
    if part is None:
        return f'<p class="quiet">Not part of the report: {_span(lines)}</p>'
    head = (
        f"<strong>{markup(part.title)}{_name(part, lines[0].text)}</strong>"
        f'<span class="quiet"><code>{markup(part.term)}</code> · {_span(lines)}</span>'
    )
    return f"<details><summary>{head}</summary><p>{prose(part.text)}</p></details>"


def _name(part: Part, text: str) -> str:
    """Return which zone this is, where a part comes once for each."""
    found = part.pattern.search(text)
    name = found.groupdict().get("name") if found else None
    return f": {markup(name)}" if name else ""
