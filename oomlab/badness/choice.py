"""The kernel's choice made again from a report, and compared with what it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from oomlab.badness.formulas import Rule, Scored, rule_of, spared, weigh
from oomlab.errors import require
from oomlab.kernel import KernelVersion, Version, load_table
from oomlab.kernel_guess import kernel_of
from oomlab.report import Memcg, Report, Victim
from oomlab.units import pages

Basis = Literal["version", "columns", "words", "assumed"]
"""How the rule is known: by the release, by the columns of the task table, by other words, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether the rule gives the process that the kernel chose, and the score it printed.

    ``agrees`` and ``score_agrees`` are ``None`` where the report cannot show it;
    ``reasons`` are why, and why not.
    """

    rule: Rule
    basis: Basis
    total_pages: int | None
    ranking: tuple[Scored, ...]
    chosen: Victim | None
    agrees: bool | None
    score_agrees: bool | None
    reasons: tuple[str, ...]


def total_pages(report: Report) -> int | None:
    """Return the memory that the request might use, in pages: the whole of the score.

    RAM that the kernel manages and swap; for a control group its limit, and what it may have of the
    machine's swap; for a cpuset or a memory policy the nodes it names. ``None`` where the report does not
    show it, as most reports of a group do not show whether the machine has swap.
    Source: mm/oom_kill.c, ``constrained_alloc``; mm/memcontrol.c, ``mem_cgroup_get_max``.
    """
    require(report, Report, "total_pages takes one report, as parse gives them in a list")
    low, high = _total_bounds(report)
    return low if low == high else None


_UNBOUNDED = 2**40
"""More pages than any machine has: the limit of a group without one."""


def _total_bounds(report: Report) -> tuple[int | None, int | None]:
    """Return the smallest and the largest total that the report allows."""
    if report.scope == "memcg":
        return _memcg_bounds(report)
    ram = _ram_pages(report) if report.scope == "global" else _nodes_pages(report)
    if ram is None or ram <= 0:
        return None, None
    total = ram + ((report.swap.total if report.swap else None) or 0)
    holes = report.scope != "global" and _rule_for(report)[0].nodes == "spanned"  # no report prints them
    return total, _UNBOUNDED if holes else total


def _ram_pages(report: Report) -> int | None:
    ram, reserved = report.totals.get("ram"), report.totals.get("reserved")
    if ram is not None and reserved is not None:
        return ram - reserved
    return sum(zone.managed or 0 for zone in report.zones) if report.has_all_managed else None


def _nodes_pages(report: Report) -> int | None:
    nodes = report.nodes_allowed or ()
    present = [zone.present for zone in report.zones if zone.node in nodes and zone.present is not None]
    return sum(present) if present else None


def rank(report: Report) -> tuple[Scored, ...]:
    """Order the processes of a report as its kernel would, the likeliest victim first."""
    require(report, Report, "rank takes one report, as parse gives them in a list")
    ranking, other = rankings(report)
    scores = {each.task.pid: each.score for each in other}
    return tuple(
        each if each.score == scores[each.task.pid] else replace(each, score=None) for each in ranking
    )


def rankings(report: Report) -> tuple[tuple[Scored, ...], tuple[Scored, ...]]:
    """Return the order by the smallest and by the largest total that a report allows."""
    low, high = _total_bounds(report)
    ranking = _ranked(report, low)
    return ranking, ranking if low == high else _ranked(report, high)


def _ranked(report: Report, total: int | None) -> tuple[Scored, ...]:
    rule, _ = _rule_for(report)
    weighed = [weigh(task, rule, total, report.page_size_kb) for task in report.tasks]
    eligible = [each for each in weighed if each.points is not None]
    if rule.ties == "last":
        eligible.reverse()
    eligible.sort(key=lambda each: each.points or 0, reverse=True)
    placed = [replace(each, position=place) for place, each in enumerate(eligible, start=1)]
    return (*placed, *(each for each in weighed if each.points is None))


def explains(report: Report) -> Explanation:
    """Choose again by the rule, and compare with the kernel's choice and its printed score."""
    require(report, Report, "explains takes one report, as parse gives them in a list")
    rule, basis = _rule_for(report)
    ranking = rank(report)
    chosen = next((each for each in report.victims if each.score is not None), None)
    chosen = chosen or next(iter((*report.victims, *report.exiting)), None)
    agrees, reasons = _compare(report, rule, ranking, chosen)
    own = _row(ranking, chosen)
    score_agrees = _same_score(own, chosen)
    return Explanation(
        rule=rule,
        basis=basis,
        total_pages=total_pages(report),
        ranking=ranking,
        chosen=chosen,
        agrees=agrees,
        score_agrees=score_agrees,
        reasons=reasons,
    )


def _row(ranking: tuple[Scored, ...], victim: Victim | None) -> Scored | None:
    """Find the process that the kernel chose, which is the parent where a child was killed instead."""
    pid = (victim.child_of or victim.pid) if victim else None
    return next((each for each in ranking if each.task.pid == pid), None)


def column_of(version: Version) -> str:
    """Return the column by which the task table of a version shows its rule.

    >>> column_of("3.10"), column_of("6.1")
    ('nr_ptes', 'pgtables_bytes')
    """
    rows = load_table("badness")["column"]
    known = KernelVersion.of(version)
    name: str = next((row for row in rows if known >= KernelVersion.of(row["since"])), rows[-1])["name"]
    return name


def _rule_for(report: Report) -> tuple[Rule, Basis]:
    """Choose the rule by the version, unless the columns of the table show a later one.

    Vendors carry the rule backwards together with its columns, so here columns beat a release.
    """
    rows = load_table("badness")["column"]
    shown = next(
        (row for row in rows if any(getattr(t, row["name"]) is not None for t in report.tasks)), None
    )
    version, basis = kernel_of(report)
    known = basis == "version"
    if shown and not (known and KernelVersion.of(version) >= KernelVersion.of(shown["since"])):
        return rule_of(shown["kernel"]), "columns"
    return rule_of(version), basis


def _memcg_bounds(report: Report) -> tuple[int | None, int | None]:
    """Return the limit of a group without swap, and with all the swap that it can have.

    The kernel adds the swap that the group may use, at most what the machine has, and none where the
    group's swappiness is 0, which no report shows.
    """
    group = report.memcg
    if group is None or group.limit_kb is None:
        return None, None
    low = pages(group.limit_kb, report.page_size_kb)
    swap = _group_swap_kb(group, report.page_size_kb)
    allowed = _UNBOUNDED if swap is None else pages(swap, report.page_size_kb)
    shown = report.swap.total if report.swap else None
    return low, low + min(allowed, _UNBOUNDED if shown is None else shown)


def _group_swap_kb(group: Memcg, page_size_kb: int) -> int | None:
    """Return the swap that a group may use; ``None`` without a limit."""
    limit = group.swap_limit_kb
    if limit is None or is_boundless(limit, page_size_kb):
        return None
    return max(0, limit - (group.limit_kb or 0)) if group.memsw else limit


def is_boundless(limit_kb: int, page_size_kb: int) -> bool:
    """Return whether the limit of a group stands for none: 2**31 - 1 pages on 32 bits, 2**63 - 1 bytes on 64.

    Source: include/linux/page_counter.h, ``PAGE_COUNTER_MAX``.
    """
    return limit_kb == (2**31 - 1) * page_size_kb or limit_kb >= 2**50


def _compare(
    report: Report, rule: Rule, ranking: tuple[Scored, ...], chosen: Victim | None
) -> tuple[bool | None, tuple[str, ...]]:
    obstacle = _obstacle(report, ranking, chosen)
    own = _row(ranking, chosen)
    if obstacle or own is None:
        return None, (obstacle or "the victim is not in the task table",)
    winner = ranking[0]
    unsure = tuple(_doubt_of_total(report, winner))
    doubts = (*_doubts(rule, winner, own), *unsure)
    if own.points == winner.points:
        return None if unsure else True, doubts
    names = [f"{each.task.comm} ({each.task.pid})" for each in (winner, own)]
    said = f"by the kernel's rule {names[0]} weighs {winner.points}, {names[1]} only {own.points}"
    if own.points is None:
        said = f"{names[1]} is one that the kernel must not kill"
    return (None if doubts else False), (said, *doubts)


def _obstacle(report: Report, ranking: tuple[Scored, ...], chosen: Victim | None) -> str | None:
    """Return why the choice cannot be made again, or ``None`` if it can."""
    if chosen is None:
        return f"no victim: {report.panic}" if report.panic else "the report names no victim"
    if "allocating_task" in (chosen.reason or ""):
        return "with vm.oom_kill_allocating_task set the kernel kills whoever asks, whatever the scores"
    if _is_switching_swap_off(report, chosen):
        return "a process that switches swap off is killed before all others"
    if not report.tasks:
        return "the report has no task table"
    if _row(ranking, chosen) is None:
        return f"process {chosen.child_of or chosen.pid} is not in the task table"
    if any(each.points is None and not spared(each.task) for each in ranking):
        return "the table or the totals lack a number that the score needs"
    if ranking[0].points is None:
        return "the table lists no process that may be killed"
    return None


def _is_switching_swap_off(report: Report, chosen: Victim) -> bool:
    """Whether the victim counts as the origin of the shortage, which no score shows.

    Source: mm/swapfile.c, ``sys_swapoff``; mm/oom_kill.c, ``oom_task_origin`` (since 3.8;
    before it the sign was ``PF_SWAPOFF``, then an ``oom_score_adj`` of 1000).
    """
    return chosen.comm == "swapoff" and report.trigger.pid in (chosen.pid, None)


def _doubts(rule: Rule, winner: Scored, own: Scored) -> Iterator[str]:
    if rule.formula == "size_and_age":
        yield "before 2.6.36 children, run time and niceness counted too, and no report prints them"
    elif not (winner.exact and own.exact):
        yield "swap and page tables counted too, and this table does not print them"
    if rule.root != "nothing" and 0 in (winner.task.uid, own.task.uid):
        yield "processes of root are taken to have CAP_SYS_ADMIN, which the table does not say"


def _doubt_of_total(report: Report, winner: Scored) -> Iterator[str]:
    low, high = _total_bounds(report)
    if low != high and _ranked(report, high)[0].task.pid != winner.task.pid:
        yield "the report does not show how much swap the score is a part of, and that decides between them"


def _same_score(own: Scored | None, chosen: Victim | None) -> bool | None:
    """Compare the score with the printed one; what the table leaves out can only add to it."""
    if own is None or own.score is None or chosen is None or chosen.score is None:
        return None
    if own.score == chosen.score:
        return True
    return None if not own.exact and own.score < chosen.score else False
