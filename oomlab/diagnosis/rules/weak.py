"""Where the log lost the state of memory: what is left, and what would decide."""

from __future__ import annotations

from oomlab.diagnosis.case import Case, zones_unknown
from oomlab.diagnosis.finding import Claim, rule, threshold
from oomlab.diagnosis.fullness import swap_state
from oomlab.diagnosis.rules.trigger import is_booting
from oomlab.kernel import KernelVersion
from oomlab.kernel_guess import kernel_of
from oomlab.report import ZoneStat
from oomlab.units import human_kb
from oomlab.words import listed, percent, zone_names

UNKNOWN = "The cause cannot be determined from this log."


@rule("global_anon")
def heavy_victim(case: Case) -> Claim | None:
    """Where the log lost the state of memory, the score still shows what share the victim held.

    Source: mm/oom_kill.c, ``oom_badness``: thousandths of RAM and swap since 2.6.36.
    """
    first = case.report.victims[0] if case.report.victims else None
    if case.judged or case.used.is_known or first is None or first.score is None:
        return None
    adjustment = case.report.adjustment_of(first)
    if adjustment is None and _is_light(case):
        return None
    share = first.score - (adjustment or 0)
    if not threshold("heavy_score") <= share <= 1000:
        return None
    if KernelVersion.of(kernel_of(case.report).version) < KernelVersion((2, 6, 36)):
        return None
    but = ", but for its oom_score_adj" if adjustment is None else ""
    less = f", {adjustment} of it from its oom_score_adj" if adjustment else ""
    text = (
        "The log does not show the state of memory, but the process that was killed had a score of "
        f"{first.score}{less}: {percent(share / 1000)} of RAM and swap were its own{but}."
    )
    return Claim(text, "low" if adjustment is None else "medium", [first.line, case.report.trigger.line])


def _is_light(case: Case) -> bool:
    """Whether the victim held too little for its score, so that its ``oom_score_adj`` made that."""
    first, swap = case.report.victims[0], case.report.swap
    ram = case.report.totals.get("ram")
    if first.anon_rss_kb is None or ram is None or (swap is not None and swap.total):
        return False
    held = first.anon_rss_kb + (first.file_rss_kb or 0) + (first.shmem_rss_kb or 0)
    return held < threshold("victim") * ram * case.report.page_size_kb


@rule("global_anon")
def full_swap(case: Case) -> Claim | None:
    """Where the log shows swap alone: it was full, and the one that was killed held more than all of it."""
    first, swap = (case.report.victims or (None,))[0], case.report.swap
    if case.judged or case.used.is_known or case.order or case.report.scope != "global":
        return None
    if first is None or swap is None or swap_state(case) != "full":
        return None
    held = first.anon_rss_kb or 0
    if held < (swap.total or 0) * case.report.page_size_kb:
        return None
    text = (
        "The log does not show the state of memory, but swap was full, and the process that was killed "
        f"(pid {first.pid}) held {human_kb(held)} of its own."
    )
    return Claim(text, "low", [swap.line, first.line, case.report.trigger.line])


@rule("too_little_ram")
def too_early(case: Case) -> Claim | None:
    """The kernel was starting when it asked, and the log lost who held the memory."""
    report = case.report
    if not is_booting(case) or case.judged or case.used.is_known or report.victims or report.tasks:
        return None
    text = (
        "The kernel was still starting, so no process held much yet: it was given too little memory "
        "(crashkernel=, a small machine), or a driver took too much. "
        "The lines below 'Mem-Info:' would show which."
    )
    return Claim(text, "low", [report.trigger.line, report.slabs_line])


@rule("undetermined")
def undetermined(case: Case) -> Claim:
    """The evidence is missing: which line would decide. This rule always finds something."""
    report = case.report
    text = f"{UNKNOWN} {_where(case)}{_missing(case)}"
    zones = [each.zone.line for each in case.judged]
    return Claim(text, "low", [report.trigger.line or report.first_line, *zones])


def _where(case: Case) -> str:
    """Return that no group's limit was met, where the line of the kill says so of a process in a group.

    Source: mm/oom_kill.c, ``dump_oom_victim``, since 5.0 (with memory cgroups).
    """
    report = case.report
    in_group = any((victim.memcg or "/") != "/" for victim in report.victims)
    if report.constraint != "CONSTRAINT_NONE" or not in_group:
        return ""
    return "No limit of a control group was met: the machine itself ran out (constraint=CONSTRAINT_NONE). "


def _without_blocks(case: Case) -> list[ZoneStat]:
    """Return the zones that had enough free, but whose blocks the log does not show."""
    return [each.zone for each in case.asked if (each.spare or 0) > 0 and each.block is None]


def _missing(case: Case) -> str:
    if not case.judged and not case.used.is_known:
        return (
            "The state of memory is not in it: the lines below 'Mem-Info:', such as 'active_anon:' and "
            "'Normal free:… min:…', would decide."
        )
    wrong = [zone for zone in case.report.zones if zone.is_impossible]
    if wrong:
        return (
            f"{case.free_in(case.report.zones)} is free, but the watermarks of "
            f"{zone_names(wrong, case.report)} are impossible: its kernel worked out "
            "the size of a zone wrongly. No memory is missing."
        )
    if not case.judged:
        return "The zones are not in it: a line such as 'Normal free:… min:…' would decide."
    if unknown := zones_unknown(case):
        names = listed(zone.name for zone in unknown)
        return (
            f"The line of zone {names} is lost, and its list of free blocks shows {case.free_in(unknown)} "
            "free: whether that was enough, its watermarks would decide."
        )
    if not case.mask_known:
        return (
            "What was asked for is not in it: the line 'invoked oom-killer: gfp_mask=…' would decide. "
            "It shows which zones had to serve."
        )
    if case.open_now:
        return (
            f"When the report was printed, {case.free_in(case.open_now)} lay free in zones that would have "
            "served the request: either it was freed meanwhile, or something bound the request that the "
            "report does not show. The line with 'constraint=' or 'mems_allowed=', and the reports before "
            "this one, would decide."
        )
    return _beside_full_zones(case)


def _beside_full_zones(case: Case) -> str:
    """Return what would decide where no zone would have served the request in the kernel's last try."""
    if lists := _without_blocks(case):
        return (
            f"{zone_names(lists, case.report)} had enough free, and the list of its free blocks is lost: "
            f"whether there was one of {case.human(case.pages)}, it would decide."
        )
    if not case.used.is_known:
        return "Who held the memory is not in it: the lines from 'active_anon:' to 'free:' would decide."
    if edge := [each.zone for each in case.asked if (each.spare or 0) > 0 and each.block]:
        return (
            f"{zone_names(edge, case.report)} had enough by the min watermark, but not by high, which the "
            f"last try before a kill asks for, and {_who_held_it(case)}"
        )
    return f"The zones that might have served it were full, and {_who_held_it(case)}"


def _who_held_it(case: Case) -> str:
    """Return what would decide where no holder explains a kill: page cache alone should have been dropped."""
    cache = case.used.pages("file")
    others = max(case.used.pages("anon", "shmem"), case.used.pages("slab"), case.used.unaccounted or 0)
    if case.used.share("file") < threshold("file") or cache < others:
        return (
            "no holder of memory stands out: /proc/meminfo and /proc/slabinfo from before the kill would "
            "decide."
        )
    return (
        "page cache held more than anything else, and reclaim did not give it back in time: it was needed "
        "again at once, was locked, or waited for the disk. /proc/pressure/memory, and "
        "workingset_refault_file and nr_writeback in /proc/vmstat, from before the kill would decide."
    )
