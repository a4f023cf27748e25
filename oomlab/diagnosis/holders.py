"""Who filled the memory, when all the zones that the request might use were full."""

from __future__ import annotations

from typing import Literal

from oomlab.diagnosis.core import Case, shut
from oomlab.diagnosis.model import Confidence, Finding, weaker
from oomlab.diagnosis.saying import found, limit, size
from oomlab.words import percent

SwapState = Literal["none", "full", "unused", "partly used"]

_RIVALS = ("anon", "shmem", "file", "lru", "unevictable", "hugetlb", "page_tables", "kernel_stacks")


def hugetlb(case: Case) -> Finding | None:
    """The pool of huge pages was set aside, used or not, and nothing can be taken from it."""
    if case.held.share("hugetlb") < limit("hugetlb"):
        return None
    idle = sum(each.free * each.size_kb // case.report.page_size_kb for each in case.report.hugepages)
    part = "all of it" if idle >= case.held.pages("hugetlb") else f"and {size(case, idle)} of that is"
    claim = f"The pool of huge pages holds {_amount(case, 'hugetlb')}, {part} idle."
    return _filled(case, "hugetlb", claim, "high", "hugetlb")


def kernel_stacks(case: Case) -> Finding | None:
    """So many threads that their stacks in the kernel fill memory."""
    if case.held.share("kernel_stacks") < limit("kernel_stacks"):
        return None
    claim = (
        f"Kernel stacks hold {_amount(case, 'kernel_stacks')}: one for every thread, so there are very many."
    )
    return _filled(case, "kernel_stacks", claim, "high", "kernel_stacks")


def page_tables(case: Case) -> Finding | None:
    """Page tables, which can be neither swapped nor dropped."""
    if case.held.share("page_tables") < limit("page_tables"):
        return None
    claim = f"Page tables hold {_amount(case, 'page_tables')}: each process has its own for all that it maps."
    return _filled(case, "page_tables", claim, "high", "page_tables")


def unevictable(case: Case) -> Finding | None:
    """Memory that was locked, or lies in a ramfs: reclaim must not touch it."""
    if case.held.share("unevictable") < limit("unevictable"):
        return None
    claim = (
        f"{_amount(case, 'unevictable')} is unevictable: locked (mlock), or files that live in RAM (ramfs)."
    )
    return _filled(case, "unevictable", claim, "high", "unevictable")


def slab_unreclaimable(case: Case) -> Finding | None:
    """The kernel's own objects are the largest holder of all that is listed."""
    held = case.held
    largest = max(map(held.pages, _RIVALS))
    name = "slab_unreclaimable" if held.pages("slab_unreclaimable") >= largest else "slab"
    if held.pages(name) < largest or held.share(name) < limit(
        "slab" if name == "slab" else "slab_unreclaimable"
    ):
        return None
    claim = (
        f"The kernel's own objects (slab) hold {_amount(case, name)}, more than anything else that is listed."
    )
    if name == "slab":
        claim += " Some of it counts as reclaimable, but it was not given back."
    confidence: Confidence = "high" if name == "slab_unreclaimable" and not _unexplained(case) else "medium"
    return _filled(case, "slab_unreclaimable", claim, confidence, name)


def shmem(case: Case) -> Finding | None:
    """Shared memory: files in tmpfs, System V segments, memfds. Killing a process frees none of it."""
    held = case.held
    lists = held.pages("anon", "shmem")
    if (
        not lists
        or held.pages("shmem") < limit("shmem") * lists
        or held.share("shmem") < limit("slab_unreclaimable")
    ):
        return None
    if lists < max(held.pages("file"), held.pages("slab")) or swap_state(case) == "unused":
        return None
    claim = (
        f"Shared memory (tmpfs, memfd, System V) holds {_amount(case, 'shmem')}. "
        "It outlives the processes that are killed, unless they were the last to use it."
    )
    return _filled(case, "shmem", claim, "high", "shmem")


def unaccounted(case: Case) -> Finding | None:
    """Pages that no counter shows: taken by a driver, a balloon, vmalloc or a leak."""
    if not _unexplained(case):
        return None
    pages = case.held.unaccounted or 0
    share = pages / (case.held.size or pages)
    others = max(case.held.pages("anon", "shmem"), case.held.pages("file"))
    if pages < others and share < limit("unaccounted_sure"):
        return None
    claim = (
        f"{size(case, pages)}, {percent(share)} of the memory, is in no counter of this report: "
        "a driver, a balloon, vmalloc or a leak of pages has it."
    )
    return _filled(case, "unaccounted", claim, "medium", "anon", "slab", "free")


def _unexplained(case: Case) -> bool:
    held = case.held
    return held.unaccounted is not None and held.unaccounted >= limit("unaccounted") * (held.size or 0)


def writeback(case: Case) -> Finding | None:
    """Page cache that must be written before it can be dropped, and the disk does not keep up."""
    held = case.held
    cache = "file" if "file" in held else "unwritten"  # which is cache as well
    if held.share(cache) < limit("file") or held.pages("unwritten") < limit("unwritten") * held.pages(cache):
        return None
    if held.pages("anon") > held.pages("file") and swap_state(case) in ("none", "full"):
        return None
    waits = size(case, held.pages("unwritten"))
    claim = f"Page cache holds {_amount(case, 'file')}, and {waits} of it waits to be written: "
    if cache == "unwritten":
        claim = f"Page cache that waits to be written holds {_amount(case, 'unwritten')}: "
    claim += "it cannot be dropped before the disk has taken it."
    return _filled(case, "writeback", claim, "medium", "unwritten", "file")


def swap_unused(case: Case) -> Finding | None:
    """Processes hold the memory, and swap that could take it stands empty."""
    if _process_share(case) < limit("anon") or swap_state(case) != "unused":
        return None
    swap = case.report.swap
    free = swap.free if swap and swap.free else 0
    claim = (
        f"{size(case, free)} of swap stood free, yet what processes hold was not moved there: "
        "vm.swappiness=0, locked memory or swap that cannot be written would do that."
    )
    line = swap.line if swap else None
    confidence: Confidence = "high" if swap and swap.total is not None else "medium"
    return _filled(case, "swap_unused", claim, confidence, "anon", "lru", more=line)


def global_anon(case: Case) -> Finding | None:
    """Processes asked for more memory than the machine has."""
    share = _process_share(case)
    if share < limit("anon") or (share < limit("anon_sure") and _page_by_page(case)):
        return None
    state = swap_state(case)
    # A log cut above the swap lines most often lacks the zones too, and that doubt is counted once.
    sure = "anon" in case.held and (state in ("none", "full") or (state is None and not case.judged))
    claim = f"Processes hold {_processes(case)}.{_swap_in_words(case)}"
    if "lru" in case.held:
        claim += " This kernel counts page cache with them, but cache would have been given back first."
    line = case.report.swap.line if case.report.swap else None
    confidence: Confidence = "high" if sure and share >= limit("anon_sure") else "medium"
    return _filled(case, "global_anon", claim, confidence, "anon", "lru", more=line)


def _process_share(case: Case) -> float:
    """Give the share of memory that processes hold; 0 where something else holds more."""
    held = case.held
    if "lru" in held:
        return held.share("lru") if swap_state(case) in ("none", "full") else 0.0
    return held.share("anon", "shmem") if held.pages("anon", "shmem") >= held.pages("file") else 0.0


def _page_by_page(case: Case) -> bool:
    """Tell whether, for several pages in a row, more could be dropped page by page than processes hold."""
    held = case.held
    return case.order > 0 and held.pages("file", "slab_reclaimable") > held.pages("anon", "shmem")


def _processes(case: Case) -> str:
    return _amount(case, "lru") if "lru" in case.held else _amount(case, "anon", "shmem")


# --- how full the machine was -----------------------------------------------------------------


def swap_state(case: Case) -> SwapState | None:
    """Say how swap stood; ``None`` where the log does not show it."""
    swap = case.report.swap
    if swap is None or swap.free is None:
        return None
    if swap.total == 0:
        return "none"
    if swap.free <= limit("swap_full") * (swap.total or 0):
        return "full"
    total = swap.total or swap.free  # before 2.6.10 kernels told only what was free
    large = total >= limit("swap_small") * (case.held.size or 0)
    return "unused" if large and swap.free >= limit("swap_unused") * total else "partly used"


def _swap_in_words(case: Case) -> str:
    """Say how swap stood where no detail says it."""
    swap, state = case.report.swap, swap_state(case)
    if swap is None or state is None:
        return " The log does not show how swap stood."
    if state in ("none", "full"):
        return "" if swap.total is not None else " No swap was free."
    return f" {size(case, swap.free or 0)} of swap was still free."


def pressure(case: Case) -> int | None:
    """Tell how sure it is that memory was full: 0 for sure, 1 for likely, ``None`` for *it was not*.

    A little more than the marks ask for is often free again by the time the report is printed.
    """
    if shut(case):
        return 0
    if not case.judged:  # only the totals can tell
        full = "free" in case.held and case.held.share("free") <= limit("free_when_full")
        return 1 if full else None
    if not case.asked:
        return None
    free = sum(zone.free or 0 for zone in case.open_now)
    whole = case.held.size or sum(each.zone.present or 0 for each in case.judged)
    return 1 if free <= limit("open") * whole else None


def _amount(case: Case, *names: str) -> str:
    return f"{size(case, case.held.pages(*names))} ({percent(case.held.share(*names))} of {case.held.of()})"


def _filled(
    case: Case, rule: str, claim: str, confidence: Confidence, *names: str, more: int | None = None
) -> Finding | None:
    """State who filled the memory, if it was full; less surely where the log does not show that it was."""
    doubt = pressure(case)
    if doubt is None:
        return None
    zones = [each.zone.line for each in case.asked]
    lines = (*case.held.lines(*names), more, *zones, case.report.trigger.line)
    return found(case, rule, claim, weaker(confidence, doubt), *lines, needs_mask=True)
