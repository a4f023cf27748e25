"""What there is to know about the kill itself, beside its cause: whom it hit, and whether it helped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from oomlab.clock import clocks_disagree, uptime_between, wall_between
from oomlab.diagnosis.case import Case
from oomlab.diagnosis.finding import Claim, Finding, causes_of, rule, threshold
from oomlab.diagnosis.named import main_holder
from oomlab.report import Report, SourceLine, Victim
from oomlab.units import human_kb
from oomlab.words import listed, percent


def notes(case: Case) -> list[Finding]:
    """Return what there is to know about the kill itself, beside its cause."""
    return [each for each in (look(case) for look in _NOTES) if each is not None]


@rule("victim_is_not_consumer")
def _victim_is_not_consumer(case: Case) -> Claim | None:
    """The process that died was not the one that held the memory."""
    report = case.report
    first = report.victims[0] if report.victims else None
    held = _resident_kb(first) if first else None
    whole = (case.used.size or 0) * report.page_size_kb
    if first is None or held is None or not whole:
        return None
    if case.cause in causes_of("no_shortage") or held >= threshold("victim") * whole:
        return None
    part = f"{human_kb(held)}, {percent(held / whole)} of the memory"
    pid = "" if first.pid is None else f" (pid {first.pid})"
    text = f"The process that was killed{pid} held {part}: {_what_filled_it(case, held)}."
    return Claim(text, "high", [first.line])


def _what_filled_it(case: Case, held_kb: int) -> str:
    if case.cause in causes_of("lowmem"):
        return "that filled no lowmem"
    report, first = case.report, main_holder(case)
    if (
        first is not None
        and first.count > 1
        and report.victims[0].pid in {each.pid for each in first.processes}
    ):
        return f"it was one of the {first.words}, and all together hold the most"
    largest = max((task.rss or 0 for task in report.tasks), default=0) * report.page_size_kb
    # The table counts a page or two otherwise than the line of the kill.
    return "none of those listed held more" if 0 < largest <= 1.05 * held_kb else "it is not what filled it"


def _resident_kb(victim: Victim) -> int | None:
    sizes = (victim.anon_rss_kb, victim.file_rss_kb, victim.shmem_rss_kb)
    known = [each for each in sizes if each is not None]
    return sum(known) if known else None


@rule("unreapable")
def _unreapable(case: Case) -> Claim | None:
    """The oom_reaper could not take back the memory of a victim, which holds it until it exits.

    Source: mm/oom_kill.c, ``oom_reap_task`` (4.6 and later).
    """
    held = [each for each in case.report.victims if each.reaped is False]
    if not held:
        return None
    pids = listed(f"pid {each.pid}" for each in held)
    text = (
        f"The oom_reaper was unable to take back the memory of {pids}: it is held until the process exits. "
        "Lines such as 'blocked for more than … seconds' show what the process waits for."
    )
    lines = case.report.source
    return Claim(text, "high", [each.number for each in lines if "unable to reap" in each.text][:1])


@rule("serial_kills")
def _serial_kills(case: Case) -> Claim | None:
    """Others were killed before this one, in the same log; if it was just before, it did not help."""
    report = case.report
    if not case.is_kill:
        return None
    others = (each for each in case.others if each.victims and each.scope == report.scope)
    killed = [(each, dead.line) for each in others if _is_just_before(each, report) for dead in each.victims]
    if not killed:
        return None
    minutes = f"within the {threshold('serial_seconds') / 60:.0f} minutes before, and it did not help"
    before = "before" if report.uptime_s is None else minutes
    quoted = [each.quote(line) for each, line in killed[-3:] if line]
    return Claim(
        f"{len(killed):,} had been killed {before}.",
        "high",
        [report.trigger.line],
        quoted=tuple(line for line in quoted if line is not None),
    )


def _is_just_before(other: Report, report: Report) -> bool:
    """Whether a report comes shortly before another by its uptime, or else before it in the log.

    One of another boot, or with another kind of time, was none before it: people show several together.
    """
    then, now = other.uptime_s, report.uptime_s
    if now is None or then is None:
        is_before = then is now and other.first_line < report.first_line
    else:
        is_before = other.first_line != report.first_line and 0 <= now - then <= threshold("serial_seconds")
    return is_before and not are_of_two_boots(other, report)  # which takes longer to find out


def are_of_two_boots(first: Report, second: Report) -> bool:
    """Whether two reports are of two boots or two hosts: by a start between them, kernels or clocks."""
    if _has_start_between(first, second) or _are_of_two_kernels(first, second):
        return True
    uptime = uptime_between(first.uptime_s, second.uptime_s)
    return clocks_disagree(uptime, wall_between(first.time, second.time))


def _has_start_between(first: Report, second: Report) -> bool:
    """Whether the log shows that a kernel started between two reports."""
    begin, end = sorted((first.first_line, second.first_line))
    return any(each.boot_line is not None and begin < each.boot_line < end for each in (first, second))


def _are_of_two_kernels(first: Report, second: Report) -> bool:
    """Whether two reports name kernels of which one is not the other, by release or by build."""
    names = [_build(first), _build(second)]
    if None in names:
        return False
    short, long = sorted(map(str, names), key=len)
    return short != long and not long.startswith(f"{short} ")


_BUILD = re.compile(r" (\d{1,2}\.\d{1,3}\S{0,80} #\d{1,6})(?!\S)", re.A)


def _build(report: Report) -> str | None:
    """Return release and build of the kernel, ``6.8.0-rc6+ #24``, or the release alone."""
    return _named_build(report.source) or (report.kernel.text if report.kernel else None)


@lru_cache(maxsize=32)  # a report is compared with each that came just before it
def _named_build(source: Sequence[SourceLine]) -> str | None:
    named = (_BUILD.search(line.text) for line in source if "ainted" in line.text)
    return next((match[1] for match in named if match), None)


_NOTES = (_victim_is_not_consumer, _unreapable, _serial_kills)
