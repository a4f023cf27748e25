"""What made it worse or came along: the details beside the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oomlab.diagnosis.core import Case, zones_open
from oomlab.diagnosis.group import group
from oomlab.diagnosis.holders import swap_state
from oomlab.diagnosis.holdings import Holdings
from oomlab.diagnosis.kill import killing, panic
from oomlab.diagnosis.model import LOWMEM_CAUSES, Finding
from oomlab.diagnosis.saying import found, limit, size
from oomlab.mmzone import is_highmem
from oomlab.units import human_kb
from oomlab.words import percent

_NOT_FULL = {*LOWMEM_CAUSES, "dma_exhaustion", "fragmentation", "highatomic", "sysrq_manual", "not_oom"}
_NOT_FULL |= {"memcg_limit", "cpuset_or_mempolicy", "numa_node_bound", "vm_fault_oom_spurious", "bpf_oom"}
_NOT_FULL |= {"undetermined"}
"""Causes under which the machine as a whole need not have been full."""

_PLACE = re.compile(r"([\w./+-]{1,120}:\d{1,6})(?: \[[\w-]{1,60}\])? func:(\w{1,120})", re.A)
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
    for rule in (mem_map, cma_aside, swap, dirty_file, group, unexplained, allocation, killing, panic):
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
    claim = f"{holds} {size(case, held.pages(name))}, {percent(held.share(name))} of {held.of(what)}."
    return found(case, name, claim, "high", *held.lines(name)[:3])


def mem_map(case: Case, cause: str) -> Finding | None:
    """The table with a record for every page of RAM: on a 32-bit machine it lies in lowmem, all of it."""
    pages = mem_map_pages(case)
    low = sum(each.zone.present or 0 for each in case.judged if not is_highmem(each.zone.name))
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
    highmem = case.report.totals.get("highmem") or case.report.find_zone("HighMem")
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
    if cause in _NOT_FULL | {"writeback"} or held.share("unwritten") < limit("much_unwritten") or not waits:
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


def allocation(case: Case, cause: str) -> Finding | None:
    """Name the line of code that holds the most, where the kernel keeps accounts of that.

    Source: mm/show_mem.c, ``__show_mem``: CONFIG_MEM_ALLOC_PROFILING, since 6.10.
    """
    largest = max(case.report.allocations, key=lambda each: each.size_kb, default=None)
    place = _PLACE.match(largest.place) if largest else None
    if largest is None or place is None or cause == "memcg_limit":
        return None
    claim = f"The most that one line of code holds is {human_kb(largest.size_kb)}: {place[2]} ({place[1]})."
    return found(case, "allocation", claim, "high", largest.line)


def _unexplained_lowmem(case: Case) -> Finding | None:
    """Up to 3.7 zones do not tell what the kernel took at boot, so only a great gap speaks."""
    held, zones = case.lowmem, [each.zone for each in case.judged if not is_highmem(each.zone.name)]
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
