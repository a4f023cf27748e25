"""A report as a page in the notebook: HTML without scripts, light or dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomlab.palette import css_background, css_hatch
from oomlab.render import account
from oomlab.render.annotated import log
from oomlab.render.page import frame
from oomlab.render.safe import markup
from oomlab.render.zonebar import scale, zone_bar
from oomlab.report import Report, Task
from oomlab.verdict import Verdict, verdicts

TASKS_SHOWN = 200


def html(report: Report) -> str:
    """Give a report as HTML for a notebook; every byte from the log is escaped.

    It follows the theme of JupyterLab and reads as plain tables where a page drops its style.
    """
    mask = account.decode_trigger(report)
    asked = [account.request(report)]
    asked += [account.mask_in_names(mask), account.mask_in_words(mask)] if mask else []
    parts = [
        f"<h3>{markup(account.headline(report))}</h3>",
        f'<p class="quiet">{markup(account.origin(report))}</p>',
        _said("Who asked, and for what", asked),
        _zones(report, verdicts(report, mask)),
        _said("The control group", account.group_in_words(report)),
        _said("What filled the memory", account.memory_in_words(report)),
        _said("Who was killed", account.kill_in_words(report)),
        _tasks(report),
        _said("What is missing or damaged", account.missing(report)),
        _source(report),
    ]
    return frame("\n".join(part for part in parts if part), label="What the report says")


def _said(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<h4>{markup(title)}</h4>" + "".join(f"<p>{markup(each)}</p>" for each in sentences)


def _zones(report: Report, judged: Sequence[Verdict]) -> str:
    if not judged:
        return ""
    titles = ("free", "min", "reserve")
    head = "".join(f'<th scope="col" class="number">{title}</th>' for title in titles)
    rows = "".join(_zone_row(each, report.page_size_kb) for each in judged)
    said = account.zones_in_words(judged, report.page_size_kb)
    return (
        f"<h4>Which zones could have served it</h4>"
        f'<div class="scroll"><table><thead><tr><th scope="col">zone</th>'
        f'<th scope="col">each on its own scale</th>{head}<th scope="col">for this request</th></tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="quiet">Pages of {report.page_size_kb} kB. {_KEY}</p>'
        + (f"<p>{markup(said)}</p>" if said else "")
    )


def _zone_row(verdict: Verdict, page_kb: int) -> str:
    zone = verdict.zone
    note = ", line rebuilt" if zone.reconstructed else ""
    numbers = [_number(zone.free), _number(zone.watermark_min)]
    numbers.append("–" if verdict.allowed is False else _number(verdict.reserve))
    cells = "".join(f'<td class="number">{each}</td>' for each in numbers)
    return (
        f'<tr><th scope="row">{markup(account.zone_name(zone))}'
        f'<br><small class="quiet">{markup(scale(verdict, page_kb))}{note}</small></th>'
        f'<td class="bar">{zone_bar(verdict)}</td>{cells}'
        f"<td>{markup(account.verdict_in_words(verdict))}</td></tr>"
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


def _tasks(report: Report) -> str:
    if not report.tasks:
        return ""
    ranked = account.heaviest_first(report)
    by_pid = _places(ranked, key=lambda each: each.pid)
    by_adj = _places(ranked, key=lambda each: -(each.oom_score_adj or 0))
    killed = {victim.pid for victim in report.victims}
    rows = "".join(
        _task_row(task, by_pid[task], by_adj[task], task.pid in killed) for task in ranked[:TASKS_SHOWN]
    )
    titles = ("pid", "name", "rss, pages", "swapped, pages", "oom_score_adj")
    head = "".join(f'<th scope="col"{_numeric(i)}>{title}</th>' for i, title in enumerate(titles))
    count = account.several(len(ranked), "process", "processes")
    return (
        f'<details class="tasks"><summary>{count} listed</summary>'
        f"{_sorting(report)}<div class='scroll'><table class='sortable'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _places(tasks: Sequence[Task], key: Callable[[Task], int]) -> dict[Task, int]:
    return {task: place for place, task in enumerate(sorted(tasks, key=key))}


def _sorting(report: Report) -> str:
    """Offer the orders to sort by: radio buttons, which the style sheet obeys without a script."""
    name = f"oomlab-{report.first_line}-{report.last_line}"
    choices = (("weight", "memory held", " checked"), ("adj", "oom_score_adj", ""), ("pid", "pid", ""))
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{checked}> {label}</label>'
        for value, label, checked in choices
    )
    return f'<fieldset class="sort"><legend>sort by</legend>{buttons}</fieldset>'


def _task_row(task: Task, by_pid: int, by_adj: int, killed: bool) -> str:
    numbers = (task.rss, task.swapents, task.oom_score_adj)
    cells = "".join(
        f'<td class="number">{"" if each is None else format(each, ",")}</td>' for each in numbers
    )
    chosen = ' class="chosen"' if killed else ""
    return (
        f'<tr{chosen} style="--pid: {by_pid}; --adj: {by_adj}"><td class="number">{task.pid}</td>'
        f'<th scope="row">{markup(task.comm)}</th>{cells}</tr>'
    )


def _numeric(column: int) -> str:
    return "" if column == 1 else ' class="number"'


def _source(report: Report) -> str:
    if not report.source:
        return ""
    count = account.several(len(report.source), "line")
    return f"<details><summary>The log itself, {count}</summary>{log(report.source)}</details>"
