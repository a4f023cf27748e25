"""Why memory ran out: a diagnosis in words for the terminal, and as HTML with links into the log."""

from __future__ import annotations

from zlib import crc32

from oomlab.diagnosis import Diagnosis
from oomlab.render.log import Place
from oomlab.render.safe import markup, plain
from oomlab.report import Report, SourceLine
from oomlab.words import listed


def why_in_words(diagnosis: Diagnosis) -> list[str]:
    """Say what the judgement is, how sure it is, and which lines prove it."""
    lines = [plain(diagnosis.summary), f"{verdict_in_words(diagnosis)}."]
    if diagnosis.evidence:
        numbers = ", ".join(str(each.number) for each in sorted(diagnosis.evidence))
        lines[-1] += f" Lines {_role(diagnosis)}: {numbers}."
    return lines


def _role(diagnosis: Diagnosis) -> str:
    return "looked at" if diagnosis.cause == "undetermined" else "that prove it"


def verdict_in_words(diagnosis: Diagnosis) -> str:
    """Name the cause and what came along, as programs know them."""
    along = f", with {listed(diagnosis.contributing)}" if diagnosis.contributing else ""
    return f"Cause: {diagnosis.cause}{along}; confidence {diagnosis.confidence}"


def why_page(diagnosis: Diagnosis, place: Place) -> str:
    """Give the judgement as HTML: its summary, and the lines that prove it."""
    proof = "".join(_proof(each, place) for each in diagnosis.evidence)
    return (
        f"<h4>Why</h4><p>{markup(diagnosis.summary)}</p>"
        f'<p class="quiet">{markup(verdict_in_words(diagnosis))}</p>'
        + (f"<details><summary>The lines {_role(diagnosis)}</summary>{proof}</details>" if proof else "")
    )


def cures_page(diagnosis: Diagnosis) -> str:
    """List what to try, as HTML."""
    cures = "".join(f"<li>{markup(each)}</li>" for each in diagnosis.remedies)
    return f"<h4>What to try</h4><ul>{cures}</ul>" if cures else ""


def _proof(line: SourceLine, place: Place) -> str:
    """Quote a line, its number being a link to its place in the log."""
    link = f'<a href="#{place(line.number)}">{line.number}</a>'
    return f'<pre class="proof"><span><b>{link}</b>{markup(line.text)}\n</span></pre>'


def places(report: Report) -> Place:
    """Name the place of each line on the page, unlike those of another report on the same page."""
    text = "\n".join(line.text for line in report.source)
    mark = crc32(text.encode("utf-8", "backslashreplace"))
    return lambda line: f"oomlab-{mark:08x}-{line}"
