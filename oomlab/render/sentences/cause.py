"""What happened and why: the report in a sentence, its diagnosis, what had filled memory, what is missing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from oomlab.diagnosis import Diagnosis
from oomlab.diagnosis.finding import threshold
from oomlab.diagnosis.services import service_of
from oomlab.diagnosis.usage import memory_use, printed_use
from oomlab.render.safe import plain
from oomlab.render.sentences.victim import killed_in_words, process_name
from oomlab.report import Kind, Problem, Report
from oomlab.units import human_kb
from oomlab.words import listed


def headline(report: Report, diagnosis: Diagnosis) -> str:
    """Return in one sentence what happened."""
    if report.is_stall:
        return "A request for memory is kept waiting. Nothing was killed for it."
    if report.kind == "allocation_failure" and not report.victims:
        return "A request for memory failed. Nothing was killed for it."
    if report.kind == "show_mem":
        return "A listing of memory, asked for manually. Nothing failed."
    cause = "The control group reached its limit" if report.scope == "memcg" else "Out of memory"
    cause = _NOT_FOR_WANT.get(diagnosis.cause, cause)
    if report.kind == "fragment":
        return "A fragment of a report: this part of the log shows neither who asked nor what came of it."
    if report.exiting and not report.victims:
        was = "was" if len(report.exiting) == 1 else "were"
        return f"{cause}. Nothing was killed: {killed_in_words(report.exiting)} {was} already exiting."
    if not report.victims:
        return f"{cause}. This part of the log shows no kill."
    killed = process_name(report.victims[0])
    if len(report.victims) > 1:
        killed = f"{len(report.victims)} processes, {killed} first"
    return f"{cause}: the kernel killed {killed}."


_NOT_FOR_WANT = {
    "sysrq_manual": "The OOM killer was run manually (SysRq-f)",
    "vm_fault_oom_spurious": "A page fault ended in VM_FAULT_OOM",
    "bpf_oom": "A BPF program ran the OOM killer",
}
"""Causes that do not mean that memory ran out."""


def origin(report: Report) -> str:
    """Return which kernel wrote the report, and where in the log it stands."""
    kernel = f"Linux {plain(report.kernel.text)}" if report.kernel else "Linux, version not in the log"
    kernel += f" (from line {report.kernel_line})" if report.kernel_line else ""
    first, last = report.first_line, report.last_line
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"{kernel}, {where} of the log"


_NO_OOM: dict[Kind, str] = {"allocation_failure": "(failed request)", "show_mem": "(memory dump)"}


def cause_label(kind: Kind, diagnosis: Diagnosis) -> str:
    """Return the cause as one word for a table; a report that is no OOM has its kind instead."""
    return _NO_OOM.get(kind, diagnosis.cause)


def cause_in_words(diagnosis: Diagnosis) -> str:
    """Return the cause and what contributed to it, by the names that programs use."""
    along = f", with {listed(diagnosis.contributing)}" if diagnosis.contributing else ""
    return f"Cause: {diagnosis.cause}{along}; confidence {diagnosis.confidence}"


def evidence_role(diagnosis: Diagnosis) -> str:
    """Return what the quoted lines are to the diagnosis: proof, or only what was looked at."""
    return "looked at" if diagnosis.cause == "undetermined" else "that prove it"


def group_in_words(report: Report) -> list[str]:
    """Return which limit was met when a control group, and not the machine, ran out of memory."""
    return [*_limit_in_words(report), *_killed_whole(report)]


def _killed_whole(report: Report) -> list[str]:
    group = report.oom_group
    return [f"{plain(group)} was killed whole, because of its memory.oom.group."] if group else []


def _limit_in_words(report: Report) -> list[str]:
    memcg = report.memcg
    if memcg is None:
        return []
    name = plain(memcg.oom_path or memcg.path or "a control group")
    service = service_of(memcg.oom_path or memcg.path)
    name += f" ({plain(service.words)})" if service else ""
    if memcg.usage_kb is None or memcg.limit_kb is None:
        return [f"{name} reached its limit."]
    if memcg.met_with_swap:
        used, limit = human_kb(memcg.swap_usage_kb or 0), human_kb(memcg.swap_limit_kb or 0)
        return [f"{name} used {used} of the {limit} of memory and swap it may use."]
    return [f"{name} used {human_kb(memcg.usage_kb)} of the {human_kb(memcg.limit_kb)} it may use."]


_LABELS = {
    "file": "page cache",
    "anon": "process memory",
    "lru": "process memory and page cache",
    "page_tables": "page tables",
    "secondary_tables": "page tables of guests or devices",
    "kernel_stacks": "kernel stacks",
    "shmem": "shared memory",
    "hugetlb": "the pool of huge pages",
    "zram": "compressed swap",
    "balloon": "the balloon",
    "kernel_misc": "other reclaimable kernel memory",
    "gpu": "the GPU",
    "unaccounted": "what is in no counter",
}
"""Plain words for uses of memory; the others are called by their name."""

_BUFFERS = ("zram", "balloon", "gpu", "kernel_misc")
_SELDOM_LARGE = ("unevictable", "page_tables", "secondary_tables", "kernel_stacks", "hugetlb", *_BUFFERS)
_FROM_ELSEWHERE = ("file", "anon", "lru", "slab", "free", *_SELDOM_LARGE)
"""Uses that nodes, zones or pools show where the totals do not."""

_MAX_LINES = 5
"""The most lines listed of several losses of one kind."""

_MIN_SHARE = 0.05
"""The least share of memory at which a use that is seldom large is named."""


def memory_in_words(report: Report) -> list[str]:
    """Return what filled the machine, as far as the totals show it."""
    used = memory_use(report)
    uses = printed_use(report)
    uses |= {name: used.pages(name) for name in _FROM_ELSEWHERE if name in used and name not in uses}
    if "anon" not in uses and "shmem" in used:  # it is part of anon where both are shown
        uses["shmem"] = used.pages("shmem")
    if (used.unaccounted or 0) >= threshold("unaccounted") * (used.size or 1):
        uses["unaccounted"] = used.unaccounted or 0
    smallest = {name: _MIN_SHARE * sum(uses.values()) for name in _SELDOM_LARGE}
    sizes = [
        f"{_LABELS.get(name, name)} {human_kb(pages * report.page_size_kb)}"
        for name, pages in uses.items()
        if pages >= smallest.get(name, 0)
    ]
    whole = "In all" if {"anon", "lru"} & used.amounts.keys() else "As far as the log shows it"
    lines = [f"{whole}: {listed(sizes)}."] if sizes else []
    return lines + _swap_in_words(report)


def _swap_in_words(report: Report) -> list[str]:
    swap = report.swap
    if swap is None or swap.total is None or swap.free is None:
        return []
    if swap.free < 0:
        return ["Swap was being switched off: the kernel counts fewer than zero pages as free."]
    if swap.total == 0:
        return ["There is no swap."]
    total, used = (human_kb(pages * report.page_size_kb) for pages in (swap.total, swap.total - swap.free))
    amount = "all" if swap.free == 0 else "none" if swap.free == swap.total else used
    return [f"Swap: {total}, {amount} of it used."]


def missing_in_words(report: Report) -> list[str]:
    """Return what a whole report would hold and this one does not, then what is damaged, one line a kind."""
    absent = listed(_absent(report))
    lines = [f"The log does not show {absent}."] if absent else []  # the parser adds the rest
    kind_of = cache(lambda reason: _OF_WHAT.sub(r"\1 …", reason))  # one reason may be given of many lines
    kinds: dict[str, list[Problem]] = defaultdict(list)
    for problem in report.problems:
        kinds[kind_of(problem.reason)].append(problem)
    return lines + [plain(_problem_in_words(each)) for each in kinds.values()]


_OF_WHAT = re.compile(r"\b(CPU|[Pp]rocess|[Zz]one|node) \w+")
"""What one loss is of, and another of its kind may not be."""


def _problem_in_words(problems: Sequence[Problem]) -> str:
    """Return the first of several problems of one kind, and where the others stand."""
    first, *others = problems
    where = f"line {first.line}: " if first.line is not None else ""
    lines = list(dict.fromkeys(str(each.line) for each in others if each.line not in (None, first.line)))
    if not lines:
        return f"{where}{first.reason}" + (f" (and {len(others)} more)" if others else "")
    shown = [*lines[:_MAX_LINES], *[f"{len(lines) - _MAX_LINES} more"] * (len(lines) > _MAX_LINES)]
    return f"{where}{first.reason} (the like at {'line' if len(lines) == 1 else 'lines'} {listed(shown)})"


def _absent(report: Report) -> list[str]:
    parts = [
        ("the kernel version", report.kernel is None),
        ("swap", report.swap is None and report.scope != "memcg"),
        ("the task list", not report.tasks and report.may_be_oom),
    ]
    return [name for name, gone in parts if gone]


def when_in_words(time: str | None, uptime_s: float | None) -> str:
    """Return the time of day as the log has it, or else the uptime in seconds as the kernel prints it."""
    return plain(time or ("-" if uptime_s is None else f"[{uptime_s:.3f}]"))
