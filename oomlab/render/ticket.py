"""A report as Markdown, for a ticket or a chat: headings, sentences, a table, the lines that prove it.

A name from a log stays a name: nothing in it becomes a heading, a link, a picture or a mention of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oomlab.diagnosis import Diagnosis, diagnose
from oomlab.diagnosis.case import verdicts_within
from oomlab.errors import require
from oomlab.render.safe import plain
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
from oomlab.render.sentences.zones import outcome_in_words
from oomlab.report import Report, SourceLine
from oomlab.verdict import Verdict
from oomlab.words import zone_name

_ACTING = re.compile(r"[\\`*\[\]<|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|^[#>+=-]|(?<=^\d)[.)]")
"""Characters that Markdown, or HTML or a formula in it, would act on; an underscore within a word is one."""
_MENTION = re.compile(r"(?<![\w.+-])[@#](?=\w)")
_ADDRESS = re.compile(r"(?i)\b(?:https?|ftp|mailto):|\bwww\.")
_JOINER = "\u2060"
"""A word joiner: it has no width, and keeps ``@all`` and ``www.`` from being more than words."""


def markdown(report: Report, diagnosis: Diagnosis | None = None) -> str:
    """Return a report as Markdown, as GitHub and its like read it; every byte from the log is escaped."""
    require(report, Report, "markdown takes one report, as parse gives them in a list")
    mask, diagnosis = decode_trigger(report), diagnosis or diagnose(report)
    zones = () if report.scope == "memcg" else verdicts_within(report, mask)
    blocks = [
        f"## {inert(headline(report, diagnosis))}",
        inert(origin(report)),
        f"**Why.** {inert(diagnosis.summary)}",
        f"{inert(cause_in_words(diagnosis))}.",
        *_section("Who asked, and for what", asked_in_words(report, mask, diagnosis)),
        *_zones(zones, report),
        *_section("The control group", group_in_words(report)),
        *_section("What filled the memory", memory_in_words(report)),
        *_section("Who holds it", holders_in_words(diagnosis.holders, report.page_size_kb)),
        *_section("Who was killed", kill_in_words(report, diagnosis)),
        *_list("What to try", diagnosis.remedies),
        *_list("What is missing or damaged", missing_in_words(report)),
        *_evidence(diagnosis),
    ]
    return "\n\n".join(blocks) + "\n"


def inert(text: str) -> str:
    r"""Return a text in which nothing is Markdown.

    >>> print(inert("<img src=x> of *clamd*"))
    \<img src=x> of \*clamd\*
    """
    escaped = _ACTING.sub(r"\\\g<0>", plain(text))
    escaped = _MENTION.sub(lambda match: match[0] + _JOINER, escaped)
    return _ADDRESS.sub(lambda match: f"{match[0][:-1]}{_JOINER}{match[0][-1]}", escaped)


def _section(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"### {title}", "  \n".join(map(inert, sentences))] if sentences else []


def _list(title: str, items: Sequence[str]) -> list[str]:
    return [f"### {title}", "\n".join(f"- {inert(each)}" for each in items)] if items else []


def _zones(judged: Sequence[Verdict], report: Report) -> list[str]:
    """Return the zones as a table, in pages."""
    if not judged:
        return []
    head = [f"zone, pages of {report.page_size_kb} kB", "free", "min", "reserve", "for this request"]
    lines = [_row(head), "|---|---:|---:|---:|---|", *(_zone(each, report) for each in judged)]
    return ["### Which zones could have served it", "\n".join(lines)]


def _zone(verdict: Verdict, report: Report) -> str:
    zone = verdict.zone
    rebuilt = " (line rebuilt)" if zone.reconstructed else ""
    numbers = [_number(zone.free), _number(zone.watermark_min)]
    numbers.append("–" if verdict.allowed is False else _number(verdict.reserve))
    outcome = outcome_in_words(verdict, report) + rebuilt
    return _row([inert(zone_name(zone, report)), *numbers, inert(outcome)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _evidence(diagnosis: Diagnosis) -> list[str]:
    """Return the lines that prove the cause as a block of code, with their numbers."""
    if not diagnosis.evidence:
        return []
    lines = [_quoted(each) for each in sorted(diagnosis.evidence)]
    longest = max(map(len, re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"### The lines {evidence_role(diagnosis)}", "\n".join([f"{fence}text", *lines, fence])]


def _quoted(line: SourceLine) -> str:
    return f"{line.number:>6}  {plain(line.text)}"
