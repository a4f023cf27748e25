"""A report as a page in the notebook: HTML without scripts, light or dark."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis import diagnose
from oomlab.palette import css_background, css_hatch
from oomlab.render import account
from oomlab.render.kill import kill_in_words
from oomlab.render.log import Place, log
from oomlab.render.page import frame
from oomlab.render.safe import markup
from oomlab.render.tasks import task_table
from oomlab.render.why import cures_page, places, why_page
from oomlab.render.zones import scale, verdict_in_words, zone_bar
from oomlab.report import Report
from oomlab.verdict import Verdict, verdicts
from oomlab.words import several, zone_name


def html(report: Report) -> str:
    """Give a report as HTML for a notebook; every byte from the log is escaped.

    It follows the theme of JupyterLab and reads as plain tables where a page drops its style.
    """
    mask, diagnosis, place = account.decode_trigger(report), diagnose(report), places(report)
    asked = [account.request(report)]
    asked += [account.mask_in_names(mask), account.mask_in_words(mask)] if mask else []
    parts = [
        f"<h3>{markup(account.headline(report))}</h3>",
        f'<p class="quiet">{markup(account.origin(report))}</p>',
        _said("Who asked, and for what", asked),
        why_page(diagnosis, place),
        _zones(report, verdicts(report, mask)),
        _said("The control group", account.group_in_words(report)),
        _said("What filled the memory", account.memory_in_words(report)),
        _said("Who was killed", kill_in_words(report, diagnosis)),
        task_table(report),
        cures_page(diagnosis),
        _said("What is missing or damaged", account.missing(report)),
        _source(report, place),
    ]
    return frame("\n".join(part for part in parts if part), label="What the report says")


def _said(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<h4>{markup(title)}</h4>" + "".join(f"<p>{markup(each)}</p>" for each in sentences)


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
    return (
        f'<tr><th scope="row">{markup(zone_name(zone, report))}'
        f'<br><small class="quiet">{markup(scale(verdict, report.page_size_kb))}{note}</small></th>'
        f"<td>{markup(verdict_in_words(verdict))}</td>"
        f'<td class="bar">{zone_bar(verdict)}</td>{cells}</tr>'
    )


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _key(background: str, label: str) -> str:
    return f'<span class="key"><i style="background: {background}"></i>{label}</span>'


_KEY = (
    _key(css_background("free"), "free")
    + _key(css_hatch("reserve"), "free, but closed to this request: min + lowmem_reserve")
    + "Marks: min solid, low dashed, high dotted."
)


def _source(report: Report, place: Place) -> str:
    if not report.source:
        return ""
    count = several(len(report.source), "line")
    return f"<details><summary>The log itself, {count}</summary>{log(report.source, place)}</details>"
