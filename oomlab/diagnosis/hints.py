"""What is left still hints at the cause where the log lost the state of memory."""

from __future__ import annotations

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.holders import swap_state
from oomlab.diagnosis.model import Confidence, Finding
from oomlab.diagnosis.occasion import is_booting
from oomlab.diagnosis.saying import found, limit
from oomlab.kernel import KernelVersion
from oomlab.units import human_kb
from oomlab.words import percent


def heavy_victim(case: Case) -> Finding | None:
    """Where the log lost the state of memory, the score still tells what share the victim held.

    Source: mm/oom_kill.c, ``oom_badness``: thousandths of RAM and swap since 2.6.36.
    """
    first = case.report.victims[0] if case.report.victims else None
    if case.judged or case.held.known or first is None or first.score is None:
        return None
    adjustment = _adjustment(case)
    if adjustment is None and _is_light(case):
        return None
    share = first.score - (adjustment or 0)
    if not limit("heavy_score") <= share <= 1000:
        return None
    if case.report.kernel and case.report.kernel.version < KernelVersion((2, 6, 36)):
        return None
    but = ", but for its oom_score_adj" if adjustment is None else ""
    less = f", {adjustment} of it from its oom_score_adj" if adjustment else ""
    claim = (
        "The log does not show the state of memory, but the process that was killed had a score of "
        f"{first.score}{less}: {percent(share / 1000)} of RAM and swap were its own{but}."
    )
    sure: Confidence = "low" if adjustment is None else "medium"
    return found(case, "global_anon", claim, sure, first.line, case.report.trigger.line)


def _is_light(case: Case) -> bool:
    """Tell whether the victim held too little for its score, so that its ``oom_score_adj`` made that."""
    first, swap = case.report.victims[0], case.report.swap
    ram = case.report.totals.get("ram")
    if first.anon_rss_kb is None or ram is None or (swap is not None and swap.total):
        return False
    held = first.anon_rss_kb + (first.file_rss_kb or 0) + (first.shmem_rss_kb or 0)
    return held < limit("victim") * ram * case.report.page_size_kb


def _adjustment(case: Case) -> int | None:
    """Give the first victim's ``oom_score_adj``, from the line of its kill or from its row in the table."""
    first = case.report.victims[0]
    if first.oom_score_adj is not None:
        return first.oom_score_adj
    rows = (task.oom_score_adj for task in case.report.tasks if task.pid == first.pid)
    return next(rows, None)


def full_swap(case: Case) -> Finding | None:
    """Where the log shows swap alone: it was full, and the one that was killed held more than all of it."""
    first, swap = (case.report.victims or (None,))[0], case.report.swap
    if case.judged or case.held.known or case.order or case.report.scope != "global":
        return None
    if first is None or swap is None or swap_state(case) != "full":
        return None
    held = first.anon_rss_kb or 0
    if held < (swap.total or 0) * case.report.page_size_kb:
        return None
    claim = (
        "The log does not show the state of memory, but swap was full, and the process that was killed "
        f"(pid {first.pid}) held {human_kb(held)} of its own."
    )
    return found(case, "global_anon", claim, "low", swap.line, first.line, case.report.trigger.line)


def too_early(case: Case) -> Finding | None:
    """The kernel was starting when it asked, and the log lost who held the memory."""
    report = case.report
    if not is_booting(case) or case.judged or case.held.known or report.victims or report.tasks:
        return None
    claim = (
        "The kernel was still starting, so no process held much yet: it was given too little memory "
        "(crashkernel=, a small machine), or a driver took too much. "
        "The lines below 'Mem-Info:' would tell which."
    )
    return found(case, "too_little_ram", claim, "low", report.trigger.line, report.slabs_line)
