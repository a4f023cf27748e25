"""The task table of a report as HTML: what the kernel weighed, and what it saw first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomlab.badness import Scored, rank
from oomlab.render.safe import markup
from oomlab.report import Report
from oomlab.words import several

_TASKS_SHOWN = 200
_COLUMNS = ("pid", "name", "weighed, pages", "score", "rss, pages", "swapped, pages", "oom_score_adj")
_ORDERS = {"weight": "what the kernel weighed", "adj": "oom_score_adj", "pid": "pid"}


def task_table(report: Report) -> str:
    """Return the processes as a table that opens on a click, the likeliest victim first.

    It can be sorted in other orders without a script: each row carries its places, and the
    style sheet lays the rows out by them.
    """
    ranking = rank(report)
    if not ranking:
        return ""
    by_pid = _ranks(ranking, key=lambda each: each.task.pid)
    by_adj = _ranks(ranking, key=lambda each: -(each.task.oom_score_adj or 0))
    killed = {victim.pid for victim in report.victims}
    head = "".join(f'<th scope="col"{_numeric(i)}>{title}</th>' for i, title in enumerate(_COLUMNS))
    rows = "".join(
        _row(each, by_pid[place], by_adj[place], each.task.pid in killed)
        for place, each in enumerate(ranking[:_TASKS_SHOWN])
    )
    return (
        f'<details class="tasks"><summary>{_count(len(ranking))}</summary>{_sorting(report)}'
        f'<div class="scroll"><table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _count(count: int) -> str:
    listed = f"{several(count, 'process', 'processes')} listed"
    return listed if count <= _TASKS_SHOWN else f"{listed}, the {_TASKS_SHOWN} heaviest shown"


def _ranks(ranking: Sequence[Scored], key: Callable[[Scored], int]) -> list[int]:
    """Return the place of each process in another order."""
    ordered = sorted(range(len(ranking)), key=lambda i: key(ranking[i]))
    ranks = [0] * len(ranking)
    for position, i in enumerate(ordered):
        ranks[i] = position
    return ranks


def _sorting(report: Report) -> str:
    """Return the orders as radio buttons, the first of them chosen."""
    name = f"oomlab-{report.first_line}-{report.last_line}"
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" * (not i)}> {label}</label>'
        for i, (value, label) in enumerate(_ORDERS.items())
    )
    return f'<fieldset class="sort"><legend>sort by</legend>{buttons}</fieldset>'


def _row(scored: Scored, by_pid: int, by_adj: int, killed: bool) -> str:
    task = scored.task
    numbers = (scored.pages, scored.score, task.rss, task.swapents, task.oom_score_adj)
    cells = "".join(f'<td class="number">{"" if each is None else f"{each:,}"}</td>' for each in numbers)
    chosen = ' class="chosen"' if killed else ""
    return (
        f'<tr{chosen} style="--pid: {by_pid}; --adj: {by_adj}"><td class="number">{task.pid}</td>'
        f'<th scope="row">{markup(task.comm)}</th>{cells}</tr>'
    )


def _numeric(column: int) -> str:
    return "" if column == 1 else ' class="number"'
