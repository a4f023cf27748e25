"""What made it worse or came along: the details beside the cause, and what the kill did about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from oomlab.diagnose.core import HIGH_ZONES, Case, zones_open
from oomlab.diagnose.group import group
from oomlab.diagnose.holders import swap_state
from oomlab.diagnose.holdings import Holdings
from oomlab.diagnose.model import Finding
from oomlab.diagnose.saying import found, limit, percent, size
from oomlab.diagnose.when import uptime
from oomlab.report import Report, Victim
from oomlab.units import human_kb

LOWMEM_CAUSES = ("lowmem_exhaustion", "cma")
_NOT_FULL = {*LOWMEM_CAUSES, "dma_exhaustion", "fragmentation", "highatomic", "sysrq_manual", "not_oom"}
_NOT_FULL |= {"memcg_limit", "cpuset_or_mempolicy", "numa_node_bound", "vm_fault_oom_spurious", "bpf_oom"}
_NOT_FULL |= {"undetermined"}
"""Causes under which the machine as a whole need not have been full."""

_KERNEL = {
    "slab": "The kernel's own objects (slab) hold",
    "page_tables": "Page tables hold",
    "kernel_stacks": "Kernel stacks hold",
    "file": "Page cache holds",
}
_REST = {
    "unevictable": "Locked memory (unevictable) holds",
    "hugetlb": "The pool of huge pages holds",
    "shmem": "Shared memory holds",
    "anon": "Processes hold",
}
_SAME = {"global_anon": {"anon"}, "slab_unreclaimable": {"slab"}, "writeback": {"file"}}


def details(case: Case, cause: str) -> list[Finding]:
    """Give the findings that name what contributes to a cause, the heaviest first."""
    found_details = list(_holders(case, cause))
    for rule in (mem_map, cma_aside, swap, dirty_file, group, unexplained, killing, panic):
        finding = rule(case, cause)
        if finding is not None and finding.rule != cause:
            found_details.append(finding)
    return found_details


def _holders(case: Case, cause: str) -> Iterator[Finding]:
    """Name whatever holds much of the memory that ran out."""
    if cause in ("memcg_limit", "sysrq_manual", "not_oom", "bpf_oom", "vm_fault_oom_spurious"):
        return
    low = cause in LOWMEM_CAUSES
    held = case.lowmem if low else case.held
    names = _KERNEL if low else _KERNEL | _REST
    shown = {name: held.share(name) for name in names if name != cause and name not in _SAME.get(cause, ())}
    for name in sorted(shown, key=lambda each: -shown[each]):
        if shown[name] >= limit(f"much_{name}"):
            yield _holding(case, name, names[name], held, "lowmem" if low else "the memory")


def _holding(case: Case, name: str, holds: str, held: Holdings, what: str) -> Finding:
    claim = f"{holds} {size(case, held.pages(name))}, {percent(held.share(name))} of {what}."
    return found(case, name, claim, "high", *held.lines(name)[:3])


def mem_map(case: Case, cause: str) -> Finding | None:
    """The table with a record for every page of RAM: on a 32-bit machine it lies in lowmem, all of it."""
    pages = mem_map_pages(case)
    low = sum(each.zone.present or 0 for each in case.judged if each.zone.name not in HIGH_ZONES)
    if cause not in LOWMEM_CAUSES or not low or pages < limit("mem_map") * low:
        return None
    claim = (
        f"The table of all pages (mem_map) takes {size(case, pages)}, {percent(pages / low)} of lowmem. "
        "It grows with RAM, and no counter of the report shows it."
    )
    totals = case.report.totals_lines
    return found(case, "mem_map", claim, "medium", totals.get("ram"), totals.get("highmem"))


def mem_map_pages(case: Case) -> int:
    """Reckon the pages of ``mem_map`` on a machine with HighMem; 0 on any other.

    Source: include/linux/mm_types.h, ``struct page``: 32 bytes on most 32-bit kernels.
    """
    highmem = case.report.totals.get("highmem") or case.report.zone("HighMem")
    ram = case.report.totals.get("ram") or sum(each.zone.present or 0 for each in case.judged)
    return int(ram * limit("struct_page")) // (case.report.page_size_kb * 1024) if highmem else 0


def cma_aside(case: Case, cause: str) -> Finding | None:
    """Free memory that belongs to CMA, where the request could not use it."""
    pages = sum(each.zone.counters.get("free_cma", 0) for each in case.asked)
    free = sum(each.zone.free or 0 for each in case.asked)
    if case.mask.movable or not pages or pages < limit("much_cma") * free:
        return None
    claim = f"{size(case, pages)} of the {size(case, free)} free there is CMA's, closed to this request"
    claim += ", all the larger blocks among it." if case.order and zones_open(case, lift="cma") else "."
    return found(case, "cma", claim, "high", *(each.zone.line for each in case.asked))


def swap(case: Case, cause: str) -> Finding | None:
    """No swap, or none left: what processes hold had nowhere to go."""
    state = swap_state(case)
    if cause in _NOT_FULL or cause == "swapoff" or state not in ("none", "full"):
        return None
    shown = case.report.swap
    if shown is None or shown.total is None:
        return None
    if state == "none":
        return found(case, "no_swap", "There is no swap to move anything to.", "high", shown.line)
    claim = f"All {size(case, shown.total)} of swap are in use."
    return found(case, "swap_full", claim, "high", shown.line)


def dirty_file(case: Case, cause: str) -> Finding | None:
    """Page cache that waits to be written."""
    held = case.held
    waits = held.pages("unwritten") >= limit("unwritten") * held.pages("file")
    if cause in _NOT_FULL | {"writeback"} or held.share("file") < limit("much_file") or not waits:
        return None
    claim = f"{size(case, held.pages('unwritten'))} of the page cache waits to be written."
    return found(case, "dirty_file", claim, "high", *held.lines("unwritten"))


def unexplained(case: Case, cause: str) -> Finding | None:
    """Much memory is in no counter; of lowmem, if that is what ran out."""
    if cause in LOWMEM_CAUSES:
        return _unexplained_lowmem(case)
    pages = case.held.unaccounted
    if cause in _NOT_FULL or pages is None or pages < limit("unaccounted") * (case.held.size or 0):
        return None
    return found(case, "unaccounted", f"{size(case, pages)} is in no counter of this report.", "medium")


def _unexplained_lowmem(case: Case) -> Finding | None:
    """Up to 3.7 zones do not tell what the kernel took at boot, so only a great gap speaks."""
    held, zones = case.lowmem, [each.zone for each in case.judged if each.zone.name not in HIGH_ZONES]
    is_old = any(zone.managed is None for zone in zones)
    pages = _old_gap(case) if is_old else held.unaccounted
    least = limit("unaccounted_sure" if is_old else "unaccounted") * (held.size or 0)
    if pages is None or pages < least:
        return None
    part = f"{size(case, pages)}, {percent(pages / (held.size or 1))} of lowmem"
    claim = f"{part}, is in no counter of this report."
    return found(case, "unaccounted", claim, "medium", *(zone.line for zone in zones))


def _old_gap(case: Case) -> int | None:
    """Count what is left of lowmem when all page tables are taken to lie there, and ``mem_map`` too."""
    held = case.lowmem
    if held.size is None or "slab" not in held or not ("lru" in held or "anon" in held):
        return None
    lists = held.pages("lru", "anon", "file", "shmem", "unevictable")
    others = held.pages("slab", "kernel_stacks", "free") + case.report.totals.get("pagetables", 0)
    return held.size - lists - others - mem_map_pages(case)


# --- the kill ---------------------------------------------------------------------------------


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
    if not text:
        return None
    name, claim = "panic", "The kernel panicked: nothing was left that it might kill."
    if "panic_on_oom" in text:
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
    now = uptime(report)
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
    """Tell whether a report comes before another; by little, where the log tells the time."""
    then = uptime(other)
    if now is None or then is None:
        return other.first_line < report.first_line
    return other.first_line < report.first_line and 0 <= now - then <= limit("serial_seconds")


def _resident(first: Victim) -> int | None:
    sizes = (first.anon_rss_kb, first.file_rss_kb, first.shmem_rss_kb)
    known = [each for each in sizes if each is not None]
    return sum(known) if known else None
