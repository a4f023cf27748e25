"""A report as text for a terminal, a pipe or a mail: one screen, ASCII layout, no control characters."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis import Diagnosis, diagnose
from oomlab.diagnosis.case import verdicts_within
from oomlab.errors import require
from oomlab.render.blocks import block, heading, wrapped
from oomlab.render.safe import plain
from oomlab.render.sentences.cause import (
    cause_in_words,
    cause_label,
    evidence_role,
    group_in_words,
    headline,
    memory_in_words,
    missing_in_words,
    origin,
    when_in_words,
)
from oomlab.render.sentences.holders import holders_in_words
from oomlab.render.sentences.request import asked_in_words, decode_trigger
from oomlab.render.sentences.victim import kill_in_words, killed_in_words
from oomlab.render.sentences.zones import outcome_in_words
from oomlab.report import Report
from oomlab.verdict import Verdict
from oomlab.words import zone_name

_PROBLEMS_SHOWN, _REMEDIES_SHOWN = 8, 3


def text(report: Report, diagnosis: Diagnosis | None = None, *, width: int = 96, bold: bool = False) -> str:
    """Return the whole report as text, with ``width`` columns at most for prose.

    ``bold`` sets headings with terminal codes: for a terminal only.
    """
    require(report, Report, "text takes one report, as parse gives them in a list")
    mask, diagnosis = decode_trigger(report), diagnosis or diagnose(report)
    blocks = [
        ("Asked", wrapped(asked_in_words(report, mask, diagnosis), width)),
        ("Why", wrapped(_why(diagnosis), width)),
        ("Zones", [] if report.scope == "memcg" else _zones(report, verdicts_within(report, mask))),
        ("Group", wrapped(group_in_words(report), width)),
        ("Memory", wrapped(memory_in_words(report), width)),
        ("Held by", wrapped(holders_in_words(diagnosis.holders, report.page_size_kb), width)),
        ("Killed", wrapped(kill_in_words(report, diagnosis), width)),
        ("Try", _some(diagnosis.remedies, _REMEDIES_SHOWN, width)),
        ("Missing", _some(missing_in_words(report), _PROBLEMS_SHOWN, width)),
    ]
    head = [heading(headline(report, diagnosis), bold), origin(report)]
    body = [block(title, lines, bold) for title, lines in blocks if lines]
    return "\n\n".join(["\n".join(head), *body]) + "\n"


def line(report: Report, diagnosis: Diagnosis, number: int, place: str = "") -> str:
    """Return a report as one line of a list: its number and place, when, why, who asked, who was killed.

    The columns are aligned from one report to the next if all places are equally long.
    """
    require(report, Report, "line takes one report, as parse gives them in a list")
    trigger = report.trigger
    order = "-" if trigger.order is None else trigger.order
    killed = f"killed {killed_in_words(report.victims)}" if report.victims else ""
    when = when_in_words(report.time, report.uptime_s)
    return (
        f"{number:>4}  {plain(place)} {when:<19} {cause_label(report.kind, diagnosis):<21} "
        f"{plain(trigger.comm or '-'):<15} order {order:<2}  {killed}"
    ).rstrip()


def _why(diagnosis: Diagnosis) -> list[str]:
    """Return the diagnosis, how sure it is, and which lines prove it."""
    lines = [plain(diagnosis.summary), f"{cause_in_words(diagnosis)}."]
    if diagnosis.evidence:
        numbers = ", ".join(str(each.number) for each in sorted(diagnosis.evidence))
        lines[-1] += f" Lines {evidence_role(diagnosis)}: {numbers}."
    return lines


def _zones(report: Report, judged: Sequence[Verdict]) -> list[str]:
    if not judged:
        return []
    names = [plain(zone_name(each.zone, report)) for each in judged]
    first = max(map(len, [*names, _unit(report)])) + 2
    head = f"{_unit(report):<{first}}" + "".join(f"{title:>11}" for title in ("free", "min", "reserve"))
    rows = [f"{name:<{first}}{_row(each, report)}" for name, each in zip(names, judged, strict=True)]
    return [head, *rows]


def _unit(report: Report) -> str:
    return f"pages of {report.page_size_kb} kB"


def _row(verdict: Verdict, report: Report) -> str:
    zone = verdict.zone
    numbers = f"{_number(zone.free)}{_number(zone.watermark_min)}"
    numbers += _number(verdict.reserve) if verdict.allowed else f"{'-':>11}"
    rebuilt = " (line rebuilt)" if zone.reconstructed else ""
    return f"{numbers}   {outcome_in_words(verdict, report)}{rebuilt}"


def _number(value: int | None) -> str:
    return f" {'?' if value is None else format(value, ','):>10}"


def _some(lines: Sequence[str], shown: int, width: int) -> list[str]:
    more = [f"and {len(lines) - shown} more (see --json)"] if len(lines) > shown else []
    return wrapped([*lines[:shown], *more], width)
