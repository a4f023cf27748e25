"""When the evidence is missing: say so, and which line would decide."""

from __future__ import annotations

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.model import Finding
from oomlab.diagnosis.saying import found, size


def undecided(case: Case) -> Finding:
    """State that the cause cannot be told, and what would tell it."""
    report = case.report
    lines = [each.zone.line for each in case.judged]
    claim = f"The log does not let us tell why. {_missing(case)}"
    return found(case, "undetermined", claim, "low", report.trigger.line or report.first_line, *lines)


def _missing(case: Case) -> str:
    if not case.judged and not case.held.known:
        return (
            "The state of memory is not in it: the lines below 'Mem-Info:', such as 'active_anon:' and "
            "'Normal free:… min:…', would decide."
        )
    if not case.judged:
        return "The zones are not in it: a line such as 'Normal free:… min:…' would decide."
    if not case.mask_known:
        return (
            "What was asked for is not in it: the line 'invoked oom-killer: gfp_mask=…' would decide. "
            "It tells which zones had to serve."
        )
    open_now = case.open_now
    if open_now:
        free = size(case, sum(zone.free or 0 for zone in open_now))
        return (
            f"When the report was printed, {free} lay free in zones that would have served the request: "
            "either it was freed meanwhile, or something bound the request that the report does not show. "
            "The line with 'constraint=' or 'mems_allowed=', and the reports before this one, would decide."
        )
    if not case.held.known:
        return "Who held the memory is not in it: the lines from 'active_anon:' to 'free:' would decide."
    return (
        "The zones that might have served it were full, and no holder of memory stands out: "
        "/proc/meminfo and /proc/slabinfo from before the kill would decide."
    )
