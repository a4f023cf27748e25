"""What is left still hints at the cause where the log lost the state of memory."""

from __future__ import annotations

from oomlab.diagnose.core import Case
from oomlab.diagnose.holders import swap_state
from oomlab.diagnose.model import Confidence, Finding
from oomlab.diagnose.occasion import is_booting
from oomlab.diagnose.saying import found, limit
from oomlab.kernel import KernelVersion
from oomlab.units import human_kb


def heavy_victim(case: Case) -> Finding | None:
    """Where the log lost the state of memory, the score still tells what share the victim held.

    Source: mm/oom_kill.c, ``oom_badness``: thousandths of RAM and swap since 2.6.36.
    """
    first = case.report.victims[0] if case.report.victims else None
    if case.judged or case.held.known or first is None or first.score is None:
        return None
    if not limit("heavy_score") <= first.score <= 1000 or (first.oom_score_adj or 0) > 0:
        return None
    if case.report.kernel and case.report.kernel.version < KernelVersion((2, 6, 36)):
        return None
    claim = (
        f"The log does not show the state of memory, but the process that was killed had a score of "
        f"{first.score}: so many thousandths of RAM and swap were its own, but for its oom_score_adj."
    )
    sure: Confidence = "medium" if first.oom_score_adj == 0 else "low"
    return found(case, "global_anon", claim, sure, first.line, case.report.trigger.line)


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
