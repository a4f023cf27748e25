"""What set it off: SysRq, a program, a fault handler, or nothing that killed."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import NamedTuple

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.finding import Claim, Confidence, rule, threshold
from oomlab.diagnosis.trace import lines_with
from oomlab.words import percent

_SYSRQ = {"moom_callback", "sysrq_handle_moom"}
_SYSRQ_MESSAGE = "Manual OOM execution"
"""What SysRq-f prints before it kills. Source: drivers/tty/sysrq.c, ``sysrq_moom_op``."""

_AT_FAULT = "pagefault_out_of_memory"
_BOOT = {"do_one_initcall", "kernel_init", "kernel_init_freeable", "start_kernel", "populate_rootfs"}
_BOOT |= {"do_populate_rootfs", "unpack_to_rootfs", "do_basic_setup", "do_initcalls"}
_ALLOCATING = (
    "__alloc_pages",
    "alloc_pages",
    "__alloc_frozen_pages",
    "try_charge",
    "pagefault_out_of_memory",
)
_SMALL_MACHINE_KB = 2**20


@rule("not_oom")
def not_oom(case: Case) -> Claim | None:
    """A request that merely failed, or a listing of memory: nothing was killed."""
    report = case.report
    if case.is_kill:
        return None
    text = "This is no OOM: a request failed, its caller was told so, and nothing was killed."
    if report.kind == "show_mem":
        text = (
            "This is a listing of memory, asked for manually (SysRq-M). Nothing failed, nothing was killed."
        )
    elif report.is_stall:
        text = "This is no OOM: a request is kept waiting for memory. Nothing failed, nothing was killed."
    elif report.trigger.vmalloc_bytes is not None:
        text += _room_for_vmalloc(case)
    elif not case.mask.may_sleep:
        text += " The request could not wait, so nothing was freed for it; such failures are often harmless."
    return Claim(text, "high", [report.trigger.line or report.first_line])


def vmalloc_pages(case: Case) -> int:
    """Return the pages that were asked of vmalloc; 0 where none were, or no size is shown."""
    return (case.report.trigger.vmalloc_bytes or 0) // (case.report.page_size_kb * 1024)


def _room_for_vmalloc(case: Case) -> str:
    """Return that memory was not short: far more was free than vmalloc was asked for, or no machine has that.

    Source: mm/vmalloc.c, ``__vmalloc_node_range``: more than all RAM is refused at once.
    """
    asked = vmalloc_pages(case)
    if case.used.size and asked > case.used.size:
        whole = case.human(case.used.size)
        return f" It asked for more than the {whole} of the machine, which is refused at once."
    free, cache = case.used.pages("free"), case.used.pages("file")
    if free <= 2 * asked or case.used.share("free") < threshold("open"):
        return ""
    beside = f", and {case.human(cache)} of page cache could be dropped" if cache > free else ""
    return (
        f" Memory was not short: {case.human(free)} lay free{beside}. "
        "A limit of its control group, or of the address space for vmalloc, refused it."
    )


@rule("sysrq_manual")
def sysrq_manual(case: Case) -> Claim | None:
    """The OOM killer was run through SysRq-f: order -1, the call trace or the line before show it.

    Before 4.3 the order is 0. Source: drivers/tty/sysrq.c, ``moom_callback``.
    """
    trigger = case.report.trigger
    callers = _SYSRQ & set(case.report.trace)
    announced = _announced(case)
    if trigger.order != -1 and not callers and not announced:
        return None
    trace = f"{min(callers)} in the call trace" if callers else _SYSRQ_MESSAGE
    sign = "order=-1" if trigger.order == -1 else trace
    text = (
        f"Somebody ran the OOM killer manually (SysRq-f): {sign} shows it. Memory need not have been short."
    )
    return Claim(text, "high", [trigger.line, *announced, *lines_with(case.report, callers)])


def _announced(case: Case) -> list[int]:
    """Find SysRq's message: just before the header or, where the kernel left that out, before the kill."""
    report = case.report
    kill = report.victims[0].line if report.victims else None
    end = report.trigger.line or kill or report.last_line
    return [line.number for line in report.source if _SYSRQ_MESSAGE in line.text and line.number < end]


@rule("bpf_oom")
def bpf_oom(case: Case) -> Claim | None:
    """A BPF program asked for the kill: its functions lie between the OOM killer and any allocation."""
    callers = takewhile(lambda name: not name.startswith(_ALLOCATING), case.report.trace)
    programs = [name for name in callers if name.startswith("bpf_")]
    if not programs:
        return None
    text = f"A BPF program decided on this kill, not the kernel's own rule: the call trace has {programs[0]}."
    return Claim(text, "high", [case.report.trigger.line, *lines_with(case.report, programs)])


_AGING = "lru_gen_age_node"
"""The function with which the multi-gen LRU ages its lists, and kills to keep ``min_ttl_ms``."""


@rule("mglru_min_ttl")
def mglru_min_ttl(case: Case) -> Claim | None:
    """The multi-gen LRU killed so as to keep what was used last in memory.

    Source: mm/vmscan.c, ``lru_gen_age_node``, 6.2.1 and 7.1.5.
    """
    if _AGING not in case.report.trace or case.report.scope == "memcg":
        return None
    text = (
        "The multi-gen LRU called the OOM killer: what was used within the last min_ttl_ms "
        "(/sys/kernel/mm/lru_gen/min_ttl_ms) did not fit into memory any more. No request had failed, and "
        "some memory may have been free: this kill is to come before the machine thrashes."
    )
    return Claim(text, "high", [case.report.trigger.line, *lines_with(case.report, [_AGING])])


@rule("vm_fault_oom_spurious")
def vm_fault_oom_spurious(case: Case) -> Claim | None:
    """A page fault handler reported "out of memory" though no allocation had called the OOM killer.

    Such a report asks for nothing: its gfp mask is 0.
    """
    trigger, trace = case.report.trigger, case.report.trace
    if trigger.gfp_mask != 0 or trigger.gfp_names or case.report.scope == "memcg":
        return None
    if _AT_FAULT not in trace and any(name.startswith(_ALLOCATING) for name in trace):
        return None
    text = (
        "A page fault ended in VM_FAULT_OOM: gfp_mask=0x0 means that no allocation called the OOM killer. "
        "Whatever failed inside the fault handler had not waited for memory, so the kill was needless."
    )
    refused = refused_cache(case)
    if refused is not None:
        text += (
            f" Just before, the slab cache {refused.cache} of the control group {refused.group} got no page, "
            "as a limit on its kernel memory would have it."
        )
    confidence: Confidence = "high" if _AT_FAULT in trace else "medium"
    lines = [refused.line if refused else None, trigger.line, *lines_with(case.report, [_AT_FAULT])]
    return Claim(text, confidence, lines)


class RefusedCache(NamedTuple):
    """A slab cache of one control group that got no page, and the line that shows it."""

    cache: str
    group: str
    line: int


_REFUSED = re.compile(r"cache: ([\w-]{1,60})\(\d{1,20}:([\w.:@-]{1,100})\), object size: ", re.A)


def refused_cache(case: Case) -> RefusedCache | None:
    """Return the cache of a group that got no page just before the report; groups have some up to 5.8.

    Source: mm/slub.c, ``slab_out_of_memory``; mm/slab_common.c, ``memcg_create_kmem_cache`` (3.8 to 5.8).
    """
    end = case.report.trigger.line or case.report.first_line
    before = takewhile(lambda line: line.number < end, case.report.source)
    found = ((_REFUSED.search(line.text), line.number) for line in before)
    return next((RefusedCache(match[1], match[2], number) for match, number in found if match), None)


@rule("swapoff")
def swapoff(case: Case) -> Claim | None:
    """Swap was being switched off: its pages are read back into RAM, and do not fit."""
    swap, trace = case.report.swap, set(case.report.trace)
    callers = {name for name in trace if name == "try_to_unuse" or name.lower().endswith("sys_swapoff")}
    missing = max(0, -(swap.free or 0)) if swap else 0  # free swap is negative meanwhile
    itself = case.report.trigger.comm == "swapoff"  # the command needs next to nothing of its own
    if not callers and not missing and not itself:
        return None
    text = "Swap was being switched off, and what it held did not fit into RAM."
    if missing:
        text += f" Free swap is negative, which is the sign: {case.human(missing)} had still to come back."
    confidence: Confidence = "high" if callers or missing else "medium"
    lines = (swap.line if swap else None, case.report.trigger.line if itself else None)
    return Claim(text, confidence, [*lines, *lines_with(case.report, callers)])


@rule("too_little_ram")
def too_little_ram(case: Case) -> Claim | None:
    """The machine, or the crash kernel's share of it, cannot even boot in what it has."""
    booting, helpless = is_booting(case), _is_helpless(case)
    part = _part_managed(case)
    size = case.used.size
    small = size is not None and size * case.report.page_size_kb < _SMALL_MACHINE_KB
    if not (booting and helpless) and not (small and part < 0.6 and (booting or helpless)):
        return None
    text = f"The kernel had {f'{case.human(size)} to work with' if size else 'little memory'}"
    text += f", {percent(part)} of what is there," if part < 0.9 else ""
    text += " and was still booting." if booting else " as a whole."
    lines = [case.report.trigger.line, *(each.zone.line for each in case.judged), *_panic_lines(case)]
    return Claim(text, "high" if booting and helpless else "medium", lines)


def is_booting(case: Case) -> bool:
    """Whether the kernel was still starting when it asked."""
    comm = case.report.trigger.comm or ""
    return comm.startswith("swapper") or bool(_BOOT & set(case.report.trace))


def _is_helpless(case: Case) -> bool:
    report = case.report
    return not report.victims and ("killable" in (report.panic or "") or "deadlocked" in (report.panic or ""))


def _part_managed(case: Case) -> float:
    present = sum(each.zone.present or 0 for each in case.judged) or case.report.totals.get("ram", 0)
    return (case.used.size or present) / present if present else 1.0


def _panic_lines(case: Case) -> list[int]:
    panic = case.report.panic
    return [line.number for line in case.report.source if panic and panic in line.text][:1]
