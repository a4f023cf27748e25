"""How much a process weighs, by the rule of each kernel.

The rules are rows of ``oomlab/tables/badness.toml``; the arithmetic is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from oomlab.kernel import Version, lookup_all
from oomlab.report import Task
from oomlab.units import PAGE_KB, pages

UNKILLABLE = -1000
"""The ``oom_score_adj`` that forbids the kernel to kill a process."""

OOM_DISABLE = -17
"""The ``oom_adj`` that did so before 2.6.36."""

_OOM_ADJUST_MAX = 15


class Rule(NamedTuple):
    """How one kernel weighs processes; see the table for what each value means."""

    formula: Literal["size_and_age", "share", "pages"]
    page_tables: bool = False
    root: str = "nothing"
    floor: int | None = None
    ties: Literal["first", "last"] = "first"
    nodes: Literal["spanned", "present"] = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A process as the kernel weighed it.

    ``pages`` is the memory that counts, ``points`` what the kernel compares (pages from
    3.5, thousandths before), ``score`` what it prints, in thousandths of the memory that
    may be used. ``points`` and ``score`` are ``None`` for a process that must not be
    killed, and where a number is missing. ``position`` is 1 for the likeliest victim.
    ``exact`` is false when the table leaves out something that counted.
    """

    task: Task
    pages: int | None
    points: int | None
    score: int | None
    position: int | None
    exact: bool


def rule_of(version: Version) -> Rule:
    """Return the rule by which a version weighs processes.

    >>> rule_of("3.2.59").formula, rule_of("6.1").formula
    ('share', 'pages')
    """
    facts = reversed(lookup_all("badness.fact", version))  # the first row of a fact counts: a vendor's own
    return Rule(**{row["fact"]: row["value"] for row in facts})


def score(task: Task, *, total_pages: int | None, kernel: Version, page_size_kb: int = PAGE_KB) -> int | None:
    """Return the score that a kernel prints for a process; ``None`` for one it must not kill.

    >>> clamd = Task(pid=21832, comm="clamd", uid=113, rss=37403, oom_score_adj=0)
    >>> score(clamd, total_pages=8_301_110 + 489_973, kernel="3.2.59")
    4
    """
    return weigh(task, rule_of(kernel), total_pages, page_size_kb).score


def weigh(task: Task, rule: Rule, total: int | None, page_size_kb: int) -> Scored:
    """Weigh one process by a rule; its ``position`` is left open."""
    counted, exact = _memory(task, rule, page_size_kb)
    points = None if spared(task) or counted is None else _FORMULAS[rule.formula](task, counted, rule, total)
    thousandths = points
    if rule.formula == "pages" and points is not None:
        thousandths = (abs(points) * 1000 // total) * (1 if points >= 0 else -1) if total else None
    return Scored(task=task, pages=counted, points=points, score=thousandths, position=None, exact=exact)


def _memory(task: Task, rule: Rule, page_size_kb: int) -> tuple[int | None, bool]:
    """Return the pages that count for a process, and whether the table shows all of them."""
    if rule.formula == "size_and_age":
        return task.total_vm, False
    if task.rss is None:
        return None, False
    tables = _page_tables(task, page_size_kb) if rule.page_tables else 0
    exact = task.swapents is not None and tables is not None
    return task.rss + (task.swapents or 0) + (tables or 0), exact


def _page_tables(task: Task, page_size_kb: int) -> int | None:
    if task.pgtables_bytes is not None:
        return pages(task.pgtables_bytes // 1024, page_size_kb)
    if task.nr_ptes is None:
        return None
    return task.nr_ptes + (task.nr_pmds or 0) + (task.nr_puds or 0)


def _size_and_age(task: Task, counted: int, rule: Rule, total: int | None) -> int:
    """Weigh as kernels before 2.6.36 did, without what no report prints.

    Those are half of each child's size, the run time, the CPU time and the niceness.
    Source: mm/oom_kill.c, ``badness``, 2.6.24.
    """
    points = counted // 16 if task.uid == 0 else counted  # CAP_SYS_ADMIN and CAP_SYS_RAWIO: a quarter each
    adj = max(OOM_DISABLE, min(task.oom_adj or 0, _OOM_ADJUST_MAX))
    return max(points, 1) << adj if adj > 0 else points >> -adj


def _share(task: Task, counted: int, rule: Rule, total: int | None) -> int | None:
    """Weigh in thousandths of all memory.

    Source: mm/oom_kill.c, ``oom_badness``, 2.6.37 and 3.2.
    """
    if not total:
        return None
    points = counted * 1000 // total
    if task.uid == 0:
        points -= {"nothing": 0, "3 % of its own": points * 3 // 100}.get(rule.root, 30)
    return min(max(points + (task.oom_score_adj or 0), rule.floor or 0), 1000)


def _pages(task: Task, counted: int, rule: Rule, total: int | None) -> int | None:
    """Weigh in pages, and count each step of ``oom_score_adj`` as a thousandth of all memory.

    Source: mm/oom_kill.c, ``oom_badness``, 3.10, 4.19, 5.10.
    """
    points, adj = counted, task.oom_score_adj or 0
    if task.uid == 0 and rule.root == "3 % of its own":
        points -= points * 3 // 100
    elif task.uid == 0 and rule.root != "nothing":
        adj -= 30
    if adj and not total:
        return None
    points += adj * ((total or 0) // 1000)
    return points if rule.floor is None else max(points, rule.floor)


_FORMULAS = {"size_and_age": _size_and_age, "share": _share, "pages": _pages}


def spared(task: Task) -> bool:
    """Whether the kernel must not kill a process: init, and those that were excepted."""
    if task.oom_score_adj is None:
        return task.pid == 1 or task.oom_adj == OOM_DISABLE
    return task.pid == 1 or task.oom_score_adj == UNKILLABLE
