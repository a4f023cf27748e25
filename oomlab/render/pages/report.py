"""A report as a page in the notebook: what happened, why, which zones could have served, who was killed."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis import Diagnosis, diagnose
from oomlab.diagnosis.case import verdicts_within
from oomlab.errors import require
from oomlab.palette import css_background, css_hatch, swatch
from oomlab.render.pages.frame import Html, frame
from oomlab.render.pages.log import Place, log_lines, place_lines
from oomlab.render.pages.tasks import task_table
from oomlab.render.safe import markup
from oomlab.render.sentences.cause import (
    cause_in_words,
    evidence_role,
    group_in_words,
    headline,
    memory_in_words,
    missing_in_words,
    origin,
)
from oomlab.render.sentences.holders import holders_in_words
from oomlab.render.sentences.request import asked_in_words, decode_trigger
from oomlab.render.sentences.victim import kill_in_words
from oomlab.render.sentences.zones import bar_in_words, bar_width, outcome_in_words, watermarks
from oomlab.report import Report, SourceLine
from oomlab.units import human_kb
from oomlab.verdict import Verdict
from oomlab.words import several, zone_name


def html(report: Report, diagnosis: Diagnosis | None = None) -> Html:
    """Return a report as HTML for a notebook; every byte from the log is escaped.

    It follows the theme of JupyterLab and reads as plain tables where a page drops its style.
    ``diagnosis`` is one that is at hand already.
    """
    require(report, Report, "html takes one report, as parse gives them in a list")
    mask, diagnosis, place = decode_trigger(report), diagnosis or diagnose(report), place_lines(report)
    parts = [
        f"<h3>{markup(headline(report, diagnosis))}</h3>",
        f'<p class="quiet">{markup(origin(report))}</p>',
        _section("Who asked, and for what", asked_in_words(report, mask, diagnosis)),
        _why(diagnosis, place),
        "" if report.scope == "memcg" else _zones(report, verdicts_within(report, mask)),
        _section("The control group", group_in_words(report)),
        _section("What filled the memory", memory_in_words(report)),
        _section("Who holds it", holders_in_words(diagnosis.holders, report.page_size_kb)),
        _section("Who was killed", kill_in_words(report, diagnosis)),
        task_table(report),
        _remedies(diagnosis),
        _section("What is missing or damaged", missing_in_words(report)),
        _source(report, place),
    ]
    return frame("\n".join(part for part in parts if part), label="What the report says")


def _section(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<h4>{markup(title)}</h4>" + "".join(f"<p>{markup(each)}</p>" for each in sentences)


# --- why --------------------------------------------------------------------------------------------


def _why(diagnosis: Diagnosis, place: Place) -> str:
    """Return the diagnosis: its summary, and the lines that prove it."""
    proof = "".join(_proof(each, place) for each in diagnosis.evidence)
    return (
        f"<h4>Why</h4><p>{markup(diagnosis.summary)}</p>"
        f'<p class="quiet">{markup(cause_in_words(diagnosis))}</p>'
        + (
            f"<details><summary>The lines {evidence_role(diagnosis)}</summary>{proof}</details>"
            if proof
            else ""
        )
    )


def _proof(line: SourceLine, place: Place) -> str:
    """Return a quoted line, its number being a link to its place in the log."""
    link = f'<a href="#{place(line.number)}">{line.number}</a>'
    return f'<pre class="proof"><span><b>{link}</b>{markup(line.text)}\n</span></pre>'


def _remedies(diagnosis: Diagnosis) -> str:
    items = "".join(f"<li>{markup(each)}</li>" for each in diagnosis.remedies)
    return f"<h4>What to try</h4><ul>{items}</ul>" if items else ""


# --- the zones --------------------------------------------------------------------------------------


def _zones(report: Report, judged: Sequence[Verdict]) -> str:
    if not judged:
        return ""
    titles = "".join(f'<th scope="col" class="number">{title}</th>' for title in ("free", "min", "reserve"))
    rows = "".join(_zone_row(each, report) for each in judged)
    return (
        "<h4>Which zones could have served it</h4>"
        '<div class="scroll"><table><thead><tr><th scope="col">zone</th><th scope="col">for this request</th>'
        f'<th scope="col">each on its own scale</th>{titles}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="quiet">Pages of {report.page_size_kb} kB. {_KEY}</p>'
    )


def _zone_row(verdict: Verdict, report: Report) -> str:
    zone = verdict.zone
    note = ", line rebuilt" if zone.reconstructed else ""
    numbers = [_number(zone.free), _number(zone.watermark_min)]
    numbers.append("–" if verdict.allowed is False else _number(verdict.reserve))
    cells = "".join(f'<td class="number">{each}</td>' for each in numbers)
    scale = human_kb(bar_width(verdict) * report.page_size_kb)
    return (
        f'<tr><th scope="row">{markup(zone_name(zone, report))}'
        f'<br><small class="quiet">bar: {scale}{note}</small></th>'
        f"<td>{markup(outcome_in_words(verdict, report))}</td>"
        f'<td class="bar">{_zone_bar(verdict)}</td>{cells}</tr>'
    )


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _zone_bar(verdict: Verdict) -> str:
    """Return a zone as a bar on a scale of its own, from zero to the largest number in it.

    Hatched is what the request may not touch, solid green what it could have had.
    """
    width = bar_width(verdict)
    if width == 0:
        return ""
    free, closed = verdict.zone.free or 0, verdict.closed
    inside = _fill(0, min(free, closed), width, css_hatch("reserve"))
    inside += _fill(closed, max(free, closed), width, css_background("free"))
    inside += "".join(_mark(name, pages, width) for name, pages in watermarks(verdict.zone).items())
    return f'<div class="vessel" role="img" aria-label="{markup(bar_in_words(verdict))}">{inside}</div>'


def _fill(first: int, last: int, full: int, background: str) -> str:
    left, width = 100 * first / full, 100 * (last - first) / full
    return f'<i style="left: {left:.2f}%; width: {width:.2f}%; background: {background}"></i>'


def _mark(name: str, pages: int | None, full: int) -> str:
    if pages is None:
        return ""
    line = swatch(f"watermark_{name}").line
    return (
        f'<b style="left: {100 * pages / full:.2f}%; border-left-style: {line}" title="{name} {pages:,}"></b>'
    )


def _key(background: str, label: str) -> str:
    return f'<span class="key"><i style="background: {background}"></i>{label}</span>'


_KEY = (
    _key(css_background("free"), "free")
    + _key(css_hatch("reserve"), "free, but closed to this request: min + lowmem_reserve")
    + "Marks: min solid, low dashed, high dotted."
)


# --- the log ----------------------------------------------------------------------------------------


def _source(report: Report, place: Place) -> str:
    if not report.source:
        return ""
    count = several(len(report.source), "line")
    return f"<details><summary>The log itself, {count}</summary>{log_lines(report.source, place)}</details>"
