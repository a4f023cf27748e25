"""The raw log with each part of the report marked and explained, for reading it part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from types import MappingProxyType
from zlib import crc32

from oomlab.errors import require
from oomlab.kernel import load_table
from oomlab.palette import css_background
from oomlab.parsing.lines import Prefix
from oomlab.parsing.prefix import infer_prefixes
from oomlab.render.pages.frame import Html, frame, prose
from oomlab.render.safe import markup
from oomlab.render.sentences.cause import origin
from oomlab.report import Report, SourceLine
from oomlab.words import zone_name

Place = Callable[[int], str]
"""From the number of a line to its id on the page, for others to link to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a report: its lines, a title in plain words, the kernel's term, and what it means."""

    key: str
    title: str
    term: str
    swatch: str
    kinds: Sequence[str]
    text: str
    words: Sequence[str] = ()

    def has(self, line: SourceLine, kind: str) -> bool:
        """Whether a line of that kind belongs to the part."""
        return kind in self.kinds and (not self.words or any(word in line.text for word in self.words))


@cache
def parts() -> tuple[Part, ...]:
    """Return the parts that a report can have, in table order."""
    return tuple(Part(**row) for row in load_table("anatomy")["part"])


@cache
def _parts_of(kind: str) -> tuple[Part, ...]:
    """Return the parts that a line of this kind may belong to."""
    return tuple(part for part in parts() if kind in part.kinds)


def sections(report: Report) -> list[tuple[Part | None, list[SourceLine]]]:
    """Return the lines of a report in runs that belong to one part.

    A line of a kind that no part has continues the part above it; before the first part
    there is none.
    """
    labelled: list[tuple[Part | None, SourceLine]] = []
    current: Part | None = None
    kinds = dict(report.kinds)
    for line in report.source:
        kind = kinds.get(line.number)
        if kind is not None:
            current = next((part for part in _parts_of(kind) if part.has(line, kind)), current)
        labelled.append((current, line))
    runs = (list(run) for _, run in groupby(labelled, key=lambda each: each[0] and each[0].key))
    return [(run[0][0], [line for _, line in run]) for run in runs]


def annotated(report: Report) -> Html:
    """Return the report's own lines as HTML, cut into its parts.

    Each part has a coloured band, a title, and an explanation that opens on a click or with
    the Enter key. There is no script in it, and everything from the log is escaped.
    """
    require(report, Report, "annotated takes one report, as parse gives them in a list")
    zones = {zone.line: zone_name(zone, report) for zone in report.zones if zone.line}
    fronts = _fronts(report)
    body = "\n".join(_section(part, lines, zones, fronts) for part, lines in sections(report))
    hint = '<p class="quiet">Select a title to read what the part means.</p>'
    return frame(f"{_SWITCH if fronts else ''}{hint}\n{body}", label=f"{origin(report)}, part by part")


_SWITCH = (
    '<details class="unprefixed"><summary>Hide what the logger put before each line</summary></details>\n'
)
"""A switch without a script: the style hides the prefixes while it is open."""


def _fronts(report: Report) -> dict[int, int]:
    """Return how long the logger's prefix of each line is, by the number of the line."""
    prefixes = infer_prefixes("\n".join(line.text for line in report.source))
    if not prefixes:
        return {}
    fronts = {line.number: _front(line.text, prefixes) for line in report.source if line.text}
    return {number: length for number, length in fronts.items() if length}


def _front(text: str, prefixes: Sequence[Prefix]) -> int:
    matches = (prefix.whole.match(text) for prefix in prefixes)
    return max((match.end() for match in matches if match), default=0)


def _section(
    part: Part | None, lines: Sequence[SourceLine], zones: Mapping[int, str], fronts: Mapping[int, int]
) -> str:
    band = css_background(part.swatch) if part else "none"
    return (
        f'<div class="part"><div style="background: {band}"></div><div class="body">'
        f"{_title(part, lines, zones)}{log_lines(lines, fronts=fronts)}</div></div>"
    )


def _title(part: Part | None, lines: Sequence[SourceLine], zones: Mapping[int, str]) -> str:
    if part is None:
        return f'<p class="quiet">Not part of the report: {_span(lines)}</p>'
    zone = zones.get(lines[0].number)
    head = (
        f"<strong>{markup(f'{part.title}: {zone}' if zone else part.title)}</strong>"
        f'<span class="quiet"><code>{markup(part.term)}</code> · {_span(lines)}</span>'
    )
    return f"<details><summary>{head}</summary><p>{prose(part.text)}</p></details>"


def log_lines(
    lines: Sequence[SourceLine], place: Place | None = None, fronts: Mapping[int, int] = MappingProxyType({})
) -> str:
    """Return lines of the log as HTML, with their numbers in the original file.

    ``place`` gives each line an id, for others to link to it. ``fronts`` says how many characters at the
    beginning of a line are the logger's.
    """
    text = "".join(_line(line, place, fronts.get(line.number, 0)) for line in lines)
    return f'<pre tabindex="0" aria-label="{markup(_span(lines))} of the log">{text}</pre>'


def _line(line: SourceLine, place: Place | None, front: int) -> str:
    name = f' id="{place(line.number)}"' if place else ""
    prefix = f'<i class="front">{markup(line.text[:front])}</i>' if front else ""
    return f"<span{name}><b>{line.number}</b>{prefix}{markup(line.text[front:])}\n</span>"


def _span(lines: Sequence[SourceLine]) -> str:
    """Return the numbers of lines: ``line 1`` or ``lines 3–17``."""
    first, last = lines[0].number, lines[-1].number
    return f"line {first}" if first == last else f"lines {first}–{last}"


def place_lines(report: Report) -> Place:
    """Return an id for each line of a report, unlike those of another report on the same page."""
    text = "\n".join(line.text for line in report.source)
    checksum = crc32(text.encode("utf-8", "backslashreplace"))
    return lambda line: f"oomlab-{checksum:08x}-{line}"
