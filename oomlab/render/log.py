"""The raw log with each part of the report marked and explained, for reading it part by part."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oomlab.palette import css_background
from oomlab.render.anatomy import Part, sections
from oomlab.render.page import frame
from oomlab.render.safe import markup
from oomlab.report import Report, SourceLine

Place = Callable[[int], str]
"""What a line is called on the page, for others to link to it."""


def annotated(report: Report) -> str:
    """Give the report's own lines as HTML, cut into its parts.

    Each part has a coloured band, a title, and an explanation that opens on a click or with
    the Enter key. There is no script in it, and everything from the log is escaped.
    """
    body = "\n".join(_section(part, lines) for part, lines in sections(report.source))
    hint = '<p class="quiet">Select a title to read what the part means.</p>'
    return frame(f"{hint}\n{body}", label="The report, part by part")


def log(lines: Sequence[SourceLine], place: Place | None = None) -> str:
    """Give lines of the log as HTML, with their numbers in the original file.

    ``place`` names where a line stands, for others to link to it.
    """
    text = "".join(_line(line, place) for line in lines)
    return f'<pre tabindex="0" aria-label="{markup(span(lines))} of the log">{text}</pre>'


def _line(line: SourceLine, place: Place | None) -> str:
    name = f' id="{place(line.number)}"' if place else ""
    return f"<span{name}><b>{line.number}</b>{markup(line.text)}\n</span>"


def span(lines: Sequence[SourceLine]) -> str:
    """Name the lines: ``line 1`` or ``lines 3–17``."""
    first, last = lines[0].number, lines[-1].number
    return f"line {first}" if first == last else f"lines {first}–{last}"


def _section(part: Part | None, lines: Sequence[SourceLine]) -> str:
    band = css_background(part.swatch) if part else "none"
    return (
        f'<div class="part"><div style="background: {band}"></div><div class="body">'
        f"{_title(part, lines)}{log(lines)}</div></div>"
    )


def _title(part: Part | None, lines: Sequence[SourceLine]) -> str:
    if part is None:
        return f'<p class="quiet">Not part of the report: {span(lines)}</p>'
    head = (
        f"<strong>{markup(part.title)}{_name(part, lines[0].text)}</strong>"
        f'<span class="quiet"><code>{markup(part.term)}</code> · {span(lines)}</span>'
    )
    return f"<details><summary>{head}</summary><p>{_prose(part.text)}</p></details>"


def _name(part: Part, text: str) -> str:
    """Say which zone this is, where a part comes once for each."""
    found = part.pattern.search(text)
    name = found.groupdict().get("name") if found else None
    return f": {markup(name)}" if name else ""


def _prose(text: str) -> str:
    """Escape a text of our own and set what stands between backquotes as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", markup(text))
