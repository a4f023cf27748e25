"""What made it worse or came along: who else held memory, and what the kernel did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from oomlab.diagnosis.case import Case, size_of, zones_open
from oomlab.diagnosis.finding import Claim, Finding, as_finding, causes_of, rule, threshold
from oomlab.diagnosis.fullness import swap_state
from oomlab.diagnosis.rules.constraint import group_kernel, group_usage
from oomlab.diagnosis.rules.consumers import (
    BUFFERS,
    protected_pages,
    taker_in_words,
    taker_lines,
    unread_counters,
    unread_lines,
)
from oomlab.diagnosis.rules.exhaustion import kept_by_min
from oomlab.diagnosis.usage import balloon_of, shows_lowmem
from oomlab.kernel import lookup
from oomlab.kernel_guess import kernel_of
from oomlab.mmzone import is_highmem
from oomlab.report import ZoneStat
from oomlab.units import human_kb
from oomlab.words import percent


def contributions(case: Case) -> list[Finding]:
    """Return the findings that contribute to the cause of a case, the largest holders of memory first."""
    others = (each for each in (look(case) for look in _CONTRIBUTING) if each is not None)
    return [*_holders(case), *(each for each in others if each.rule != case.cause)]


# --- who else held memory ---------------------------------------------------------------------

_KERNEL = {
    "slab": "The kernel's own objects (slab) hold",
    "page_tables": "Page tables hold",
    "kernel_stacks": "Kernel stacks hold",
    "file": "Page cache holds",
}
_REST = {
    "unevictable": "What reclaim must not touch (unevictable) takes",
    "hugetlb": "The pool of huge pages holds",
    "secondary_tables": "Page tables of virtual machines or devices hold",
    "shmem": "Shared memory holds",
    "anon": "Processes hold",
    **BUFFERS,
}
_SAME = {"global_anon": {"anon"}, "slab_unreclaimable": {"slab"}, "writeback": {"file"}}
_SAME |= {"page_tables": {"secondary_tables"}}
"""Holders that the cause has named already under another name than its own."""


def _holders(case: Case) -> Iterator[Finding]:
    """Name whatever holds much of the memory that ran out, the largest first."""
    cause = case.cause
    if cause in causes_of("no_shortage"):
        return
    low = cause in causes_of("lowmem")
    used = case.lowmem if low else case.used
    names = _KERNEL if low else _KERNEL | _REST
    shares = {name: used.share(name) for name in names if name != cause and name not in _SAME.get(cause, ())}
    for name in sorted(shares, key=lambda each: -shares[each]):
        if shares[name] < threshold(f"much_{name}"):
            continue
        whole = used.of("lowmem" if low else "the memory")
        text = f"{names[name]} {case.human(used.pages(name))}, {percent(shares[name])} of {whole}."
        yield as_finding(case, name, Claim(text, "high", used.lines(name)[:3]))


@rule("mem_map")
def _mem_map(case: Case) -> Claim | None:
    """The table with a record for every page of RAM: on a 32-bit machine it lies in lowmem, all of it."""
    present = [zone.present for zone in _lowmem_zones(case)]
    low, pages = sum(size or 0 for size in present), mem_map_pages(case)
    if case.cause not in causes_of("lowmem") or None in present or not shows_lowmem(case.report):
        return None
    if not threshold("mem_map") * low <= pages < low:
        return None
    text = (
        f"The table of all pages (mem_map) takes {case.human(pages)}, {percent(pages / low)} of lowmem. "
        "It grows with RAM, and no counter of the report shows it."
    )
    lines = case.report.totals_lines
    return Claim(text, "medium", [lines.get("ram"), lines.get("highmem")])


def mem_map_pages(case: Case) -> int:
    """Return the pages of ``mem_map`` on a machine with HighMem; 0 on any other.

    Source: include/linux/mm_types.h, ``struct page``; its size is a row of ``tables/zones.toml``.
    """
    highmem = case.report.totals.get("highmem") or case.report.find_zone("HighMem")
    ram = case.report.totals.get("ram") or sum(each.zone.present or 0 for each in case.judged)
    return ram * _record_bytes(case) // (case.report.page_size_kb * 1024) if highmem else 0


def _record_bytes(case: Case) -> int:
    version = kernel_of(case.report).version
    record: int = lookup("zones.struct_page", version, arch="i386")["bytes"]
    return record


@rule("cma")
def _cma(case: Case) -> Claim | None:
    """Free memory that belongs to CMA, where the request could not use it."""
    pages = sum(each.zone.counters.get("free_cma", 0) for each in case.asked)
    free = sum(each.zone.free or 0 for each in case.asked)
    if case.mask.movable or not pages or pages < threshold("much_cma") * free:
        return None
    text = f"{case.human(pages)} of the {case.human(free)} free there is CMA's, closed to this request"
    text += ", all the larger blocks among it." if case.order and zones_open(case, lift="cma") else "."
    return Claim(text, "high", [each.zone.line for each in case.asked])


@rule("no_swap")
def _no_swap(case: Case) -> Claim | None:
    """No swap: what processes hold had nowhere to go."""
    swap = case.report.swap
    if not _swap_matters(case) or swap_state(case) != "none" or swap is None:
        return None
    return Claim("There is no swap to move anything to.", "high", [swap.line])


@rule("swap_full")
def _swap_full(case: Case) -> Claim | None:
    """No swap left: what processes hold had nowhere to go."""
    swap = case.report.swap
    if not _swap_matters(case) or swap_state(case) != "full" or swap is None or swap.total is None:
        return None
    whole, free = case.human(swap.total), swap.free or 0
    part = f"All but {case.human(free)} of the {whole}" if free > 0 else f"All {whole}"
    return Claim(f"{part} of swap are in use.", "high", [swap.line])


@rule("swap_full")
def _group_swap_full(case: Case) -> Claim | None:
    """No swap left for a control group, whatever the machine has; v1 limits only memory and swap together.

    Source: mm/memcontrol.c, ``mem_cgroup_try_charge_swap`` and ``mem_cgroup_get_nr_swap_pages``.
    """
    group = case.report.memcg
    if case.cause != "memcg_limit" or group is None or group.memsw:
        return None
    used, limit = group.swap_usage_kb or 0, group.swap_limit_kb or 0
    if not limit or limit - used > threshold("swap_full") * min(limit, group.limit_kb or limit):
        return None
    some = "All" if used >= limit else f"All but {human_kb(limit - used)} of"
    text = f"{some} the {human_kb(limit)} of swap that the group may use (memory.swap.max) are in use."
    lines = [line.number for line in case.report.source if "swap: usage " in line.text]
    return Claim(text, "high", lines[:1])


def _swap_matters(case: Case) -> bool:
    return case.cause in causes_of("full") - {"swapoff"}


@rule("dirty_file")
def _dirty_file(case: Case) -> Claim | None:
    """Page cache that waits to be written."""
    used = case.used
    waits = used.pages("unwritten") >= threshold("unwritten") * used.pages("file")
    if case.cause not in causes_of("full") - {"writeback"} or not waits:
        return None
    if used.share("unwritten") < threshold("much_unwritten"):
        return None
    text = f"{case.human(used.pages('unwritten'))} of the page cache waits to be written."
    return Claim(text, "high", used.lines("unwritten"))


@rule("unaccounted")
def _unaccounted(case: Case) -> Claim | None:
    """Much memory is in no counter; of lowmem, if that is what ran out."""
    if case.cause in causes_of("lowmem"):
        return _unaccounted_lowmem(case)
    pages = case.used.unaccounted
    if (
        case.cause not in causes_of("full")
        or pages is None
        or pages < threshold("unaccounted") * (case.used.size or 0)
    ):
        return None
    if case.used.unread:
        return Claim(unread_counters(case), "medium", unread_lines(case))
    text = f"{case.human(pages)} is in no counter of this report.{taker_in_words(case)}"
    return Claim(text, "medium", taker_lines(case))


@rule("balloon")
def _balloon(case: Case) -> Claim | None:
    """A balloon that is already subtracted from the managed memory, as virtio's is."""
    amount, size = balloon_of(case.report), case.used.size or 0
    if case.cause not in causes_of("full") or not size or "balloon" in case.used:
        return None
    if amount.pages < threshold("much_balloon") * size:
        return None
    text = f"The host has taken {case.human(amount.pages)} with its balloon."
    return Claim(text, "high", amount.lines)


@rule("min_free_kbytes")
def _min_free_kbytes(case: Case) -> Claim | None:
    """Watermarks that keep a large part of the memory for emergencies, whoever holds the rest."""
    zones, size = [each.zone for each in case.judged], case.used.size or 0
    kept = kept_by_min(zones)
    if case.report.scope == "memcg" or not size or any(zone.is_impossible for zone in zones):
        return None
    if not threshold("much_kept") * size <= kept <= size:
        return None
    text = f"Watermarks (min) keep {case.human(kept)}, {percent(kept / size)} of the memory, for emergencies."
    return Claim(text, "high", [zone.line for zone in zones])


@rule("memory_min")
def _memory_min(case: Case) -> Claim | None:
    """Much of the memory is protected by ``memory.min``."""
    held, size = protected_pages(case), case.used.size or 0
    if case.cause not in causes_of("full") or not size or held < threshold("much_protected") * size:
        return None
    text = f"Control groups hold {case.human(held)} that memory.min protects from reclaim."
    return Claim(text, "high", [case.report.protection.line if case.report.protection else None])


def _unaccounted_lowmem(case: Case) -> Claim | None:
    """Up to 3.7 zones do not show what the kernel took at boot, so only a great gap counts."""
    zones = _lowmem_zones(case)
    whole, pages = case.lowmem.size or 0, _lowmem_gap(case)
    shows_managed = all(zone.managed is not None for zone in zones)
    if pages is None or pages < threshold("unaccounted" if shows_managed else "unaccounted_sure") * whole:
        return None
    text = f"{case.human(pages)}, {percent(pages / whole)} of lowmem, is in no counter of this report."
    return Claim(text, "medium", [zone.line for zone in zones])


def _lowmem_zones(case: Case) -> list[ZoneStat]:
    return [each.zone for each in case.judged if not is_highmem(each.zone.name)]


def _lowmem_gap(case: Case) -> int | None:
    """Return what is left of lowmem, at least: zones that do not show their page tables may hold them all.

    ``None`` where that cannot be known, as with the line of a zone that was cut before its size.
    """
    low, zones = case.lowmem, _lowmem_zones(case)
    is_cut = size_of(zones) is None and any(zone.size is not None for zone in zones)
    shows_lists = "lru" in low or {"anon", "file"} <= low.amounts.keys()
    if low.size is None or not low.is_whole or is_cut or not shows_lists or "slab" not in low:
        return None
    tables = 0 if "page_tables" in low else case.report.totals.get("pagetables", 0)
    at_boot = 0 if all(zone.managed is not None for zone in zones) else mem_map_pages(case)
    return low.size - low.listed - tables - at_boot


_PLACE = re.compile(r"([\w./+-]{1,120}:\d{1,6})(?: \[[\w-]{1,60}\])? func:(\w{1,120})", re.A)


@rule("allocation")
def _allocation(case: Case) -> Claim | None:
    """The line of code that holds the most, where the kernel keeps accounts of that.

    Source: mm/show_mem.c, ``__show_mem``: CONFIG_MEM_ALLOC_PROFILING, since 6.10.
    """
    largest = max(case.report.allocations, key=lambda each: each.size_kb, default=None)
    place = _PLACE.match(largest.place) if largest else None
    if largest is None or place is None or case.cause == "memcg_limit":
        return None
    text = f"The most that one line of code holds is {human_kb(largest.size_kb)}: {place[2]} ({place[1]})."
    return Claim(text, "high", [largest.line])


# --- what the kernel did ----------------------------------------------------------------------


@rule("oom_group")
def _oom_group(case: Case) -> Claim | None:
    """A setting killed the whole group."""
    report = case.report
    if not report.oom_group:
        return None
    count = len(report.victims)
    killed = f"{count} process{'' if count == 1 else 'es'} in this log"
    text = f"memory.oom.group is set: the whole group was killed, {killed}."
    return Claim(text, "high", [each.line for each in report.victims[:2]])


@rule("oom_kill_allocating_task")
def _oom_kill_allocating_task(case: Case) -> Claim | None:
    """A setting, and not the scores, chose who was killed."""
    report = case.report
    first = report.victims[0] if report.victims else None
    if first is None or "allocating_task" not in (first.reason or ""):
        return None
    if report.oom_group:
        return None
    text = "vm.oom_kill_allocating_task is set: whoever asked was killed, whatever it held."
    return Claim(text, "high", [first.line])


_PANICS_NEXT = "check_panic_on_oom"
"""When this function has the report printed, it panics next. Source: mm/oom_kill.c, up to 6.19."""


@rule("panic_on_oom")
def _panic_on_oom(case: Case) -> Claim | None:
    """The kernel panicked because a setting told it to."""
    words = _last_words(case)
    if "panic_on_oom" not in words:  # the panic's own words, or that function's name
        return None
    setting = "is 2" if "compulsory" in words else "is set"
    instead = "" if case.report.victims else " instead of killing"
    return _gave_up(case, f"The kernel panicked{instead}: vm.panic_on_oom {setting}.")


@rule("panic")
def _panic(case: Case) -> Claim | None:
    """The kernel panicked for want of a process to kill."""
    words = _last_words(case)
    if "panic" not in words or "panic_on_oom" in words:
        return None
    return _gave_up(case, "So the kernel panicked.")


@rule("no_killable")
def _no_killable(case: Case) -> Claim | None:
    """The kernel found no process to kill; unless a group had met its limit, it panics next."""
    words = _last_words(case)
    if not words or "panic_on_oom" in words:
        return None
    where = " in the group" if case.report.scope == "memcg" else ""
    nothing = "Then nothing more was" if case.report.victims else "Nothing was"
    return _gave_up(case, f"{nothing} left{where} that might be killed.")


def _last_words(case: Case) -> str:
    """Return what the kernel printed as it gave up; a log may end before that."""
    report = case.report
    return report.panic or (f"{_PANICS_NEXT}+" if _PANICS_NEXT in report.trace else "")


def _gave_up(case: Case, text: str) -> Claim:
    words = _last_words(case)
    return Claim(text, "high", [line.number for line in case.report.source if words in line.text][:1])


_CONTRIBUTING: tuple[Callable[[Case], Finding | None], ...] = (
    _mem_map,
    _cma,
    _no_swap,
    _swap_full,
    _dirty_file,
    group_usage,
    group_kernel,
    _group_swap_full,
    _unaccounted,
    _balloon,
    _min_free_kbytes,
    _memory_min,
    _allocation,
    _oom_group,
    _oom_kill_allocating_task,
    _panic_on_oom,
    _no_killable,
    _panic,
)
