"""Who filled the memory, when all the zones that the request might use were full."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.finding import Claim, Confidence, rule, threshold
from oomlab.diagnosis.fullness import amount_of, filled, swap_in_words, swap_state
from oomlab.diagnosis.takers import taker_of
from oomlab.words import listed, percent

UnevictableKind = Literal["locked", "pinned", "kept", "unknown"]

_MUCH_MORE = 1.1
"""The least ratio of two sizes of slab that would look like a contradiction."""

_RIVALS = (
    *("anon", "shmem", "file", "lru", "unevictable", "hugetlb", "page_tables", "kernel_stacks"),
    "secondary_tables",
    *("zram", "balloon", "gpu", "kernel_misc"),
)


@rule("unaccounted")
def unaccounted_mostly(case: Case) -> Claim | None:
    """More is in no counter than in all of them together: whoever has it filled the memory."""
    if 2 * (case.used.unaccounted or 0) <= (case.used.size or 0):
        return None
    return unaccounted.conclude(case)


@rule("hugetlb")
def hugetlb(case: Case) -> Claim | None:
    """The pool of huge pages was set aside, used or not, and nothing can be taken from it."""
    if case.used.share("hugetlb") < threshold("hugetlb"):
        return None
    idle = idle_huge_pages(case)
    part = "all of it" if idle >= case.used.pages("hugetlb") else f"and {case.human(idle)} of that is"
    part = part if idle else "and none of that is"
    return filled(case, f"The pool of huge pages holds {amount_of(case, 'hugetlb')}, {part} idle.", "hugetlb")


def idle_huge_pages(case: Case) -> int:
    """Return how much of the pools of huge pages nobody uses, in pages."""
    return sum(each.free * each.size_kb // case.report.page_size_kb for each in case.report.hugepages)


@rule("kernel_stacks")
def kernel_stacks(case: Case) -> Claim | None:
    """So many threads that their stacks in the kernel fill memory."""
    if case.used.share("kernel_stacks") < threshold("kernel_stacks"):
        return None
    amount = amount_of(case, "kernel_stacks")
    text = f"Kernel stacks hold {amount}: one for every thread, so there are very many."
    return filled(case, text, "kernel_stacks")


@rule("page_tables")
def page_tables(case: Case) -> Claim | None:
    """Page tables, which can be neither swapped nor dropped: of processes, or of guests and devices."""
    if case.used.share("page_tables", "secondary_tables") < threshold("page_tables"):
        return None
    text = (
        f"Page tables hold {amount_of(case, 'page_tables')}: each process has its own for all that it maps."
    )
    if has_secondary_tables(case):
        held = amount_of(case, "secondary_tables")
        text = f"Page tables of virtual machines (KVM) or devices (IOMMU) hold {held}; no process has these."
    return filled(case, text, "page_tables", "secondary_tables")


def has_secondary_tables(case: Case) -> bool:
    """Whether most page tables are secondary: KVM's, which map the memory of guests, or an IOMMU's.

    Source: include/linux/mmzone.h, NR_SECONDARY_PAGETABLE (6.1; an IOMMU's count since 6.11).
    """
    return case.used.pages("secondary_tables") > case.used.pages("page_tables")


@rule("unevictable")
def unevictable(case: Case) -> Claim | None:
    """Memory that was locked or pinned, or lies in a ramfs: reclaim must not touch it."""
    if case.used.share("unevictable") < threshold("unevictable") or _is_less_than_swappable(case):
        return None
    text = f"{amount_of(case, 'unevictable')} is unevictable: {_WHY_UNEVICTABLE[unevictable_kind(case)]}."
    return filled(case, text, "unevictable")


_WHY_UNEVICTABLE: dict[UnevictableKind, str] = {
    "locked": "most of it locked (mlock)",
    "pinned": "shared memory that is pinned, as buffers of GPUs are; mlock has little or none of it",
    "kept": "files that live in RAM (ramfs), or other pinned memory; mlock has little or none of it",
    "unknown": "locked (mlock), or files that live in RAM (ramfs)",
}


def unevictable_kind(case: Case) -> UnevictableKind:
    """Return why reclaim must not touch what is unevictable, by the zones' own counts of what is locked.

    Shared memory that is on no list of anonymous pages is among it. Drivers pin theirs, and SHM_LOCK does.
    Source: mm/mlock.c, NR_MLOCK; include/linux/pagemap.h, ``mapping_set_unevictable``, as ramfs, shmem, i915,
    memfd_secret and guest_memfd call it.
    """
    names = ("unevictable", "mlocked")
    zones = [each.counters for each in case.report.zones if each.counters.keys() >= {*names}]
    held, locked = (sum(counters[name] for counters in zones) for name in names)
    whole = case.used.pages("unevictable")
    if 2 * held < whole or threshold("mlocked_none") * held < locked < held / 2:
        return "unknown"
    if locked >= held / 2:
        return "locked"
    pinned = case.report.totals.get("shmem", 0) - case.used.pages("anon", "shmem")
    return "pinned" if pinned >= whole / 2 else "kept"


BUFFERS = {
    "zram": "Compressed swap in RAM (zram, zswap) holds",
    "balloon": "A balloon, which is memory given back to the host, holds",
    "kernel_misc": "Other reclaimable memory of the kernel (kernel_misc_reclaimable) holds",
    "gpu": "The GPU (gpu_active, gpu_reclaim) holds",
}
"""How sentences begin about what the kernel holds for others, apart from slab."""


def _buffers(case: Case, name: str) -> Claim | None:
    """Claim that what the kernel holds under this name is the largest holder listed."""
    used = case.used
    rivals = max(used.pages(each) for each in (*_RIVALS, "slab"))
    if used.pages(name) < rivals or used.share(name) < threshold("kernel_buffers"):
        return None
    text = f"{BUFFERS[name]} {amount_of(case, name)}, more than anything else that is listed."
    return filled(case, text, name)


def _is_less_than_swappable(case: Case) -> bool:
    """Whether processes hold more that might have been swapped out, and swap had no room for it."""
    used = case.used
    return swap_state(case) in ("none", "full") and used.pages("anon", "shmem") > used.pages("unevictable")


@rule("zram")
def zram(case: Case) -> Claim | None:
    """Compressed memory in RAM: what zram or zswap took out of the way still needs room."""
    claim = _buffers(case, "zram")
    if claim is None:
        return None
    swap = case.report.swap
    text = " What is swapped there is still in RAM, only smaller."
    if swap is not None and swap.total == 0:
        text = " The log shows no swap, so it is a file system on zram, or swap that was just taken away."
    return replace(claim, text=claim.text + text)


@rule("balloon")
def balloon(case: Case) -> Claim | None:
    """A balloon, with which the host takes memory back from a virtual machine."""
    return _buffers(case, "balloon")


@rule("gpu")
def gpu(case: Case) -> Claim | None:
    """System memory that graphics drivers hold, in use or in their pools."""
    return _buffers(case, "gpu")


@rule("kernel_misc")
def kernel_misc(case: Case) -> Claim | None:
    """Pages of drivers that they would give back if they were asked in the right way."""
    return _buffers(case, "kernel_misc")


@rule("slab_unreclaimable")
def slab_unreclaimable(case: Case) -> Claim | None:
    """The kernel's own objects are the largest holder of all that is listed."""
    used = case.used
    largest = max(map(used.pages, _RIVALS))
    kinds = ("slab_unreclaimable", "slab")
    much = [each for each in kinds if used.pages(each) >= largest and used.share(each) >= threshold(each)]
    if not much:
        return None
    name = much[0]
    is_part = name == "slab_unreclaimable" and used.pages("slab") > _MUCH_MORE * used.pages(name)
    what = "unreclaimable slab" if is_part else "slab"
    amount, reclaimable = amount_of(case, name), case.human(used.pages("slab_reclaimable"))
    text = f"The kernel's own objects ({what}) hold {amount}, more than anything else that is listed."
    if name == "slab" and "slab_reclaimable" in used:
        text += f" {reclaimable} of it counts as reclaimable, but was not given back."
    is_sure = name == "slab_unreclaimable" and not _is_unexplained(case)
    return filled(case, text, name, confidence="high" if is_sure else "medium")


@rule("shmem")
def shmem(case: Case) -> Claim | None:
    """Shared memory: files in tmpfs, System V segments, memfds. Killing a process frees none of it."""
    used = case.used
    lists = used.pages("anon", "shmem")
    if (
        not lists
        or used.pages("shmem") < threshold("shmem") * lists
        or used.share("shmem") < threshold("slab_unreclaimable")
    ):
        return None
    if lists < max(used.pages("file"), used.pages("slab")) or swap_state(case) == "unused":
        return None
    text = (
        f"Shared memory (tmpfs, memfd, System V) holds {amount_of(case, 'shmem')}. "
        "It outlives the processes that are killed, unless they were the last to use it."
    )
    return filled(case, text, "shmem")


@rule("unaccounted")
def unaccounted(case: Case) -> Claim | None:
    """Pages that no counter shows: taken by a driver, a balloon, vmalloc or a leak."""
    if not _is_unexplained(case):
        return None
    pages = case.used.unaccounted or 0
    share = pages / (case.used.size or pages)
    others = max(case.used.pages("anon", "shmem"), case.used.pages("file"))
    if pages < others and share < threshold("unaccounted_sure"):
        return None
    whole = f"{case.human(pages)}, {percent(share)} of the memory,"
    balloon = "" if any("Balloon" in node.counters for node in case.report.nodes) else "a balloon, "
    text = f"{whole} is in no counter of this report: a driver, {balloon}vmalloc or a leak of pages has it."
    if case.used.unread:
        text = f"{whole} is in no counter that oomlab knows. {unread_counters(case)}"
    line = next(iter((*unread_lines(case), *taker_lines(case))), None)
    text += taker_in_words(case)
    return filled(case, text, "anon", "slab", "free", confidence="medium", line=line)


def taker_in_words(case: Case) -> str:
    """Return, in words, who was asking for pages by the call trace: it may have what is in no counter."""
    taker = taker_of(case.report)
    if taker is None:
        return ""
    return f" The log shows {listed(taker.functions)}: {taker.row['words']} takes pages, and may have these."


def taker_lines(case: Case) -> tuple[int, ...]:
    """Return the lines that show it."""
    taker = taker_of(case.report)
    return taker.lines if taker else ()


def unread_counters(case: Case) -> str:
    """Return, in words, what the counters show that a later kernel has added."""
    unknown = case.used.unknown
    shown = listed(f"{name} {case.human(unknown[name].pages)}" for name in case.used.unread)
    return f"The report has counters that it does not know: {shown}."


def _is_unexplained(case: Case) -> bool:
    used = case.used
    return used.unaccounted is not None and used.unaccounted >= threshold("unaccounted") * (used.size or 0)


def unread_lines(case: Case) -> list[int]:
    """Return the lines that show those counters."""
    return [line for name in case.used.unread for line in case.used.unknown[name].lines]


@rule("memory_min")
def memory_min(case: Case) -> Claim | None:
    """What could have been given back belongs to control groups whose ``memory.min`` forbids that.

    ``memory.low`` gives way before anything is killed. Source: mm/vmscan.c, ``shrink_node_memcgs``.
    """
    held = protected_pages(case)
    swappable = ("anon", "shmem") if swap_state(case) in ("unused", "partly used") else ()
    could = case.used.pages("file", *swappable)
    if not held or could < threshold("file") * (case.used.size or could + 1):
        return None
    if held < threshold("protected") * could:
        return None
    share = percent(held / (case.used.size or held))
    text = (
        f"Control groups hold {case.human(held)} that memory.min protects, {share} of the memory: reclaim "
        f"must not touch that, of {case.human(could)} that might have been given back or swapped out."
    )
    line = case.report.protection.line if case.report.protection else None
    return filled(case, text, "file", *swappable, confidence="medium", line=line)


def protected_pages(case: Case) -> int:
    """Return the pages of the machine that ``memory.min`` protects; 0 where it is unknown or cannot be.

    The first candidates of 6.19 printed 4,096 times too much.
    """
    protection, size = case.report.protection, case.used.size
    if protection is None or case.report.scope == "memcg":
        return 0
    pages = protection.min_kb // case.report.page_size_kb
    return pages if size is None or pages <= size else 0


@rule("writeback")
def writeback(case: Case) -> Claim | None:
    """Page cache that must be written before it can be dropped, and the disk does not keep up."""
    used = case.used
    cache = "file" if "file" in used else "unwritten"  # which is cache as well
    waiting = used.pages("unwritten")
    if used.share(cache) < threshold("file") or waiting < threshold("unwritten") * used.pages(cache):
        return None
    if used.pages("anon") > used.pages("file") and swap_state(case) in ("none", "full"):
        return None
    text = (
        f"Page cache holds {amount_of(case, 'file')}, and {case.human(waiting)} of it waits to be written: "
    )
    if cache == "unwritten":
        text = f"Page cache that waits to be written holds {amount_of(case, 'unwritten')}: "
    text += "it cannot be dropped before the disk has taken it."
    return filled(case, text, "unwritten", "file", confidence="medium")


@rule("swap_unused")
def swap_unused(case: Case) -> Claim | None:
    """Processes hold the memory, and swap that could take it stands empty."""
    if _process_share(case) < threshold("anon") or swap_state(case) != "unused":
        return None
    swap = case.report.swap
    free = swap.free if swap and swap.free else 0
    text = (
        f"{case.human(free)} of swap stood free, yet what processes hold was not moved there: "
        f"vm.swappiness=0{_or_locked(case)} or swap that cannot be written would do that."
    )
    confidence: Confidence = "high" if swap and swap.total is not None else "medium"
    return filled(case, text, "anon", "lru", confidence=confidence, line=swap.line if swap else None)


def _or_locked(case: Case) -> str:
    """Return that memory may be locked, where the log does not count what reclaim must not touch (2.6.27)."""
    return "" if "unevictable" in case.used else ", locked memory"


@rule("global_anon")
def global_anon(case: Case) -> Claim | None:
    """Processes asked for more memory than the machine has."""
    share = _process_share(case)
    if share < threshold("anon") or (share < threshold("anon_sure") and _is_page_by_page(case)):
        return None
    text = f"Processes hold {_processes(case)}.{swap_in_words(case)}"
    if "lru" in case.used:
        text += " This kernel counts page cache with them, but cache would have been given back first."
    line = case.report.swap.line if case.report.swap else None
    is_sure = _is_swap_certain(case) and share >= threshold("anon_sure")
    return filled(case, text, "anon", "lru", confidence="high" if is_sure else "medium", line=line)


def _is_swap_certain(case: Case) -> bool:
    """Whether process memory is counted by itself and is known to have had nowhere to go.

    A log cut above the swap lines most often lacks the zones too, and that doubt is counted once.
    """
    state = swap_state(case)
    return "anon" in case.used and (state in ("none", "full") or (state is None and not case.judged))


def _process_share(case: Case) -> float:
    """Return the share of memory that processes hold; 0 where something else holds more."""
    used = case.used
    if "lru" in used:
        return used.share("lru") if swap_state(case) in ("none", "full") else 0.0
    return used.share("anon", "shmem") if used.pages("anon", "shmem") >= used.pages("file") else 0.0


def _is_page_by_page(case: Case) -> bool:
    """Whether, for several pages in a row, more could be dropped page by page than processes hold."""
    used = case.used
    return case.order > 0 and used.pages("file", "slab_reclaimable") > used.pages("anon", "shmem")


def _processes(case: Case) -> str:
    return amount_of(case, "lru") if "lru" in case.used else amount_of(case, "anon", "shmem")
