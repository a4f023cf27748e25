"""Who holds the memory, by name: the processes of the task table, grouped by command.

What a process shares with others is counted in each of them. Since 6.8 the table has shared memory
and mapped files in columns of their own. Before that there is one number, ``rss``; where the sum of all
is more than the machine holds, or than the group uses, only what a process cannot share is certain: its
``rss`` less all that is mapped by anybody.

Source: mm/oom_kill.c, ``dump_tasks`` and ``dump_task``; include/linux/mm.h, ``get_mm_rss``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oomlab.diagnosis.usage import MemoryUse, memory_use
from oomlab.report import Report, Task

_HARMLESS = re.compile(r"[\w.,:;@/+#()~=\[\]-](?:[\w.,:;@/+#()~=\[\] -]{0,18}[\w.,:;@/+#()~=\[\]-])?")
"""Names that may stand in a sentence: any other has characters that could be taken for more than a name."""

_MAX_SUM = 1.05
"""The sum of all processes, of what they can hold: beyond it, shared pages count more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The processes of one command, the largest first, and what they hold together, in pages.

    ``held`` is what they hold of RAM: their own memory, and what they share once; ``is_bound`` is true where
    that is a lower bound. ``rss`` is the plain sum, in which shared pages count once for each process.
    ``anon``, ``file`` and ``shmem`` are ``None`` before 6.8, ``swap`` before 3.7.
    """

    name: str
    processes: tuple[Task, ...]
    held: int
    is_bound: bool
    rss: int
    anon: int | None
    file: int | None
    shmem: int | None
    swap: int | None
    page_tables: int | None

    @property
    def count(self) -> int:
        """The number of processes."""
        return len(self.processes)

    @property
    def first(self) -> Task:
        """The process that holds the most of it."""
        return self.processes[0]

    @property
    def users(self) -> tuple[int, ...]:
        """The users that the processes run as."""
        return tuple(dict.fromkeys(task.uid for task in self.processes if task.uid is not None))

    @property
    def words(self) -> str:
        """Who it is, fit for a sentence: ``hoard (pid 5000)``, ``60 php-fpm processes``."""
        name = self.name if _HARMLESS.fullmatch(self.name) else None
        if self.count == 1:
            return f"{name} (pid {self.first.pid})" if name else f"the process with pid {self.first.pid}"
        return f"{self.count:,} {name} processes" if name else f"{self.count:,} processes of one command"


def holders_of(report: Report, used: MemoryUse | None = None) -> tuple[Holder, ...]:
    """Return who holds memory, by command, those who hold the most RAM and swap first.

    ``used`` is what :func:`~oomlab.diagnosis.usage.memory_use` makes of the report, where it is known.
    """
    if not report.tasks:
        return ()
    commands: dict[str, list[Task]] = defaultdict(list)
    pids = {task.pid for task in report.tasks}
    for task in report.tasks:
        is_thread = task.tgid != task.pid and task.tgid in pids  # which old kernels list beside its process
        if (task.rss or task.swapents) and not is_thread:
            commands[task.comm].append(task)
    used = used or memory_use(report)
    shared = _shared_by_all(report, used)
    columns = [name for name in _COLUMNS if any(getattr(task, name) is not None for task in report.tasks[:2])]
    found = [_holder(name, tasks, shared, columns, report.page_size_kb) for name, tasks in commands.items()]
    is_whole = not any(sign in each.reason for each in report.problems for sign in _LOST_ROWS)
    if shared is not None and is_whole:
        everybody, own = sum(each.rss for each in found), _own_memory(report, used)
        found = [_at_least(each, own - (everybody - each.rss)) for each in found]
    return tuple(sorted(found, key=lambda each: -(each.held + (each.swap or 0))))


_LOST_ROWS = ("is cut or damaged", "lost rows")
"""What the problems say that tell of rows which the table lacks."""


def _own_memory(report: Report, used: MemoryUse) -> int:
    """Return the pages that processes hold and cannot share; 0 where that is unknown."""
    if report.scope != "memcg":
        return used.pages("anon")
    group = report.memcg
    sizes = [group.stat_kb(name) or 0 for name in ("anon", "rss", "total_rss")] if group else []
    return max(sizes, default=0) // report.page_size_kb


def _at_least(holder: Holder, pages: int) -> Holder:
    """Return a holder with a better lower bound: what nobody else can hold of the memory of processes."""
    if not holder.is_bound or pages <= holder.held:
        return holder
    held = min(pages, holder.rss)
    return replace(holder, held=held, is_bound=held < holder.rss)


_COLUMNS = (
    "rss_anon",
    "rss_file",
    "rss_shmem",
    "swapents",
    "pgtables_bytes",
    "nr_ptes",
    "nr_pmds",
    "nr_puds",
)


def _holder(name: str, tasks: list[Task], shared: int | None, columns: Sequence[str], page_kb: int) -> Holder:
    """Add up what the processes of a command hold; ``columns`` are those that the table has."""
    if len(tasks) > 1:
        tasks.sort(key=lambda task: task.rss or 0, reverse=True)
    sums = {column: _sum(tasks, column) for column in columns}
    anon, rss = sums.get("rss_anon"), sum([task.rss or 0 for task in tasks])
    held = rss
    if anon is not None:
        held = anon + max(task.rss_shmem or 0 for task in tasks)
    elif shared is not None and len(tasks) > 1:
        own = sum(max(0, (task.rss or 0) - shared) for task in tasks)
        held = min(rss, own + min(shared, tasks[0].rss or 0))
    return Holder(
        name=name,
        processes=tuple(tasks),
        held=held,
        is_bound=held < rss and anon is None,
        rss=rss,
        anon=anon,
        file=sums.get("rss_file"),
        shmem=sums.get("rss_shmem"),
        swap=sums.get("swapents"),
        page_tables=_page_tables(sums, page_kb),
    )


def _sum(tasks: Iterable[Task], column: str) -> int:
    return sum([getattr(task, column) or 0 for task in tasks])


def _page_tables(sums: Mapping[str, int], page_kb: int) -> int | None:
    if "pgtables_bytes" in sums:
        return sums["pgtables_bytes"] // (page_kb * 1024)
    levels = [sums[name] for name in ("nr_ptes", "nr_pmds", "nr_puds") if name in sums]
    return sum(levels) if levels else None


def _shared_by_all(report: Report, used: MemoryUse) -> int | None:
    """Return the pages that processes may share, where their sum shows that they do; else ``None``.

    ``mapped`` counts each page once that any process maps of a file or of shared memory. Of a group no such
    number is of use, for another group may have been charged for what its processes map.
    """
    mapped, rss = report.totals.get("mapped"), sum(task.rss or 0 for task in report.tasks)
    if report.scope == "memcg":
        usage = (report.memcg.usage_kb or 0) // report.page_size_kb if report.memcg else 0
        return max(task.rss or 0 for task in report.tasks) if rss > _MAX_SUM * usage > 0 else None
    if mapped is None or "anon" not in used:
        return None
    return mapped if rss > _MAX_SUM * (used.pages("anon", "shmem") + mapped) else None


def holder_as_dict(holder: Holder, page_kb: int) -> dict[str, Any]:
    """Return a holder as plain data for JSON, sizes in kB; ``command`` is as the log has it."""
    sizes = {
        "held": holder.held,
        "rss": holder.rss,
        "anon": holder.anon,
        "file": holder.file,
        "shmem": holder.shmem,
        "swap": holder.swap,
        "page_tables": holder.page_tables,
    }
    return {
        "command": holder.name,
        "processes": holder.count,
        "largest_pid": holder.first.pid,
        "users": list(holder.users),
        "is_lower_bound": holder.is_bound,
    } | {f"{name}_kb": None if pages is None else pages * page_kb for name, pages in sizes.items()}
