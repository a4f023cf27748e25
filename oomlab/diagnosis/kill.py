"""What the kernel did about it: whom it killed, by which setting, and whether that helped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.model import LOWMEM_CAUSES, Finding
from oomlab.diagnosis.saying import found, limit
from oomlab.report import Report, Victim
from oomlab.units import human_kb
from oomlab.words import percent

_TOLD_TO_PANIC = "check_panic_on_oom"
"""Whom this function calls to print a report, it calls to panic next. Source: mm/oom_kill.c, up to 4.6."""


def killing(case: Case, cause: str) -> Finding | None:
    """Say when a setting, and not the scores, chose who was killed."""
    report = case.report
    first = report.victims[0] if report.victims else None
    if report.memcg and report.memcg.oom_group:
        count = len(report.victims)
        killed = f"{count} process{'' if count == 1 else 'es'} in this log"
        claim = f"memory.oom.group is set: the whole group was killed, {killed}."
        return found(case, "oom_group", claim, "high", *(each.line for each in report.victims[:2]))
    if first and "allocating_task" in (first.reason or ""):
        claim = "vm.oom_kill_allocating_task is set: whoever asked was killed, whatever it held."
        return found(case, "oom_kill_allocating_task", claim, "high", first.line)
    return None


def panic(case: Case, cause: str) -> Finding | None:
    """The kernel gave up."""
    text = case.report.panic
    if not text and _TOLD_TO_PANIC in case.report.trace:
        text = f"{_TOLD_TO_PANIC}+"  # the log ends before the panic itself
    if not text:
        return None
    name, claim = "panic", "The kernel panicked: nothing was left that it might kill."
    if "panic_on_oom" in text:  # in its words, or in that function's name
        name, claim = "panic_on_oom", "The kernel panicked: vm.panic_on_oom tells it to."
    elif "panic" not in text:
        where = " in the group" if case.report.scope == "memcg" else ""
        name, claim = "no_killable", f"Nothing was left{where} that might be killed."
    lines = [line.number for line in case.report.source if text in line.text]
    return found(case, name, claim, "high", *lines[:1])


def victim(case: Case, cause: str) -> Finding | None:
    """Say when the process that died was not the one that held the memory."""
    report = case.report
    first = report.victims[0] if report.victims else None
    whole = (case.held.size or 0) * report.page_size_kb
    held = _resident(first) if first else None
    if (
        first is None
        or held is None
        or not whole
        or cause == "memcg_limit"
        or held >= limit("victim") * whole
    ):
        return None
    part = f"{human_kb(held)}, {percent(held / whole)} of the memory"
    claim = (
        f"The process that was killed (pid {first.pid}) held {part}: {_what_filled_it(report, held, cause)}."
    )
    return found(case, "victim_is_not_consumer", claim, "high", first.line)


def _what_filled_it(report: Report, held_kb: int, cause: str) -> str:
    if cause in LOWMEM_CAUSES:
        return "that filled no lowmem"
    largest = max((task.rss or 0 for task in report.tasks), default=0) * report.page_size_kb
    # The table counts a page or two otherwise than the line of the kill.
    return "none of those listed held more" if 0 < largest <= 1.05 * held_kb else "it is not what filled it"


def serial(case: Case, others: Iterable[Report]) -> Finding | None:
    """Say how many were killed before this one, in the same log; if it was just before, it did not help."""
    report = case.report
    now = report.uptime_s
    earlier = [each for each in others if each.scope == report.scope and _is_just_before(each, report, now)]
    killed = [(each, dead.line) for each in earlier for dead in each.victims]
    if not killed or not case.killing:
        return None
    soon = now is not None
    before = (
        f"within the {limit('serial_seconds') / 60:.0f} minutes before, and it did not help"
        if soon
        else "before"
    )
    claim = f"{len(killed):,} had been killed {before}."
    finding = found(case, "serial_kills", claim, "high", report.trigger.line)
    quoted = [each.quote(line) for each, line in killed[-3:] if line]
    return replace(finding, evidence=(*filter(None, quoted), *finding.evidence))


def _is_just_before(other: Report, report: Report, now: float | None) -> bool:
    """Tell whether a report comes shortly before another by its uptime, or else before it in the log."""
    then = other.uptime_s
    if now is None or then is None:
        return other.first_line < report.first_line
    return other.first_line != report.first_line and 0 <= now - then <= limit("serial_seconds")


def _resident(first: Victim) -> int | None:
    sizes = (first.anon_rss_kb, first.file_rss_kb, first.shmem_rss_kb)
    known = [each for each in sizes if each is not None]
    return sum(known) if known else None
