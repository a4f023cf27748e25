"""How full memory and swap were, and the claim that somebody filled them."""

from __future__ import annotations

from typing import Literal

from oomlab.diagnosis.case import Case, zones_unknown
from oomlab.diagnosis.finding import Claim, Confidence, threshold, weaker
from oomlab.words import percent

SwapState = Literal["none", "full", "unused", "partly used"]


def swap_state(case: Case) -> SwapState | None:
    """Return how swap stood; ``None`` where the log does not show it."""
    swap = case.report.swap
    if swap is None or swap.free is None:
        return None
    if swap.total == 0:
        return "none"
    total = swap.total or swap.free  # before 2.6.10 kernels printed only what was free
    size = case.used.size or 0
    if swap.free <= threshold("swap_full") * min(swap.total or 0, size or total):
        return "full"  # what is left would take next to nothing of what processes hold
    large = total >= threshold("swap_small") * size
    return "unused" if large and swap.free >= threshold("swap_unused") * total else "partly used"


def swap_in_words(case: Case) -> str:
    """Return how swap stood, in words, where no contributing rule names it."""
    swap, state = case.report.swap, swap_state(case)
    if swap is None or state is None:
        return " The log does not show how swap stood."
    if state in ("none", "full"):
        return "" if swap.total is not None else " No swap was free."
    return f" {case.human(swap.free or 0)} of swap was still free."


def _doubt(case: Case) -> int | None:
    """Return how doubtful it is that memory was full: 0 for sure, 1 for likely, ``None`` for *it was not*.

    A little more than the watermarks ask for is often free again by the time the report is printed.
    """
    if case.is_shut:
        return 0
    if not case.judged:  # only the totals can show it
        full = "free" in case.used and case.used.share("free") <= threshold("free_when_full")
        return 1 if full else None
    if not case.asked:
        return None
    free = sum(zone.free or 0 for zone in case.open_now)
    whole = case.used.size or sum(each.zone.present or 0 for each in case.judged)
    return 1 if free <= threshold("open") * whole else None


def amount_of(case: Case, *names: str) -> str:
    """Return how much some holders have together, and what part of the memory that is."""
    used = case.used
    return f"{case.human(used.pages(*names))} ({percent(used.share(*names))} of {used.of()})"


def filled(
    case: Case, text: str, *names: str, confidence: Confidence = "high", line: int | None = None
) -> Claim | None:
    """Claim that these holders filled the memory, if it was full; less surely if that is only likely.

    It is hardly sure where counters are lost that may show more. ``line`` is quoted beside those that
    show the holders.
    """
    doubt = _doubt(case)
    if doubt is None or zones_unknown(case):
        return None
    if case.used.unshown > case.used.pages(*names):
        doubt += 2
    zones = [each.zone.line for each in case.asked]
    lines = [*case.used.lines(*names), line, *zones, case.report.trigger.line]
    return Claim(text, weaker(confidence, doubt), lines, needs_mask=True)
