"""Who asked, for what, and what the gfp mask allowed."""

from __future__ import annotations

import re
from typing import NamedTuple

from oomlab.diagnosis import Diagnosis
from oomlab.diagnosis.trace import certain
from oomlab.errors import UnknownKernel
from oomlab.gfp import GfpMask, encode_gfp, zones_allowed
from oomlab.kernel import load_table
from oomlab.kernel_guess import mask_of
from oomlab.mmzone import REQUEST_ZONES
from oomlab.render.safe import plain
from oomlab.report import Report
from oomlab.units import human_kb
from oomlab.words import listed

_MAX_ORDER = 20
"""The largest order of any kernel: a larger one is damage."""


def request_in_words(report: Report, cause: str = "") -> str:
    """Return who asked, and for how much; ``cause`` is that of the diagnosis, which may be no request."""
    trigger = report.trigger
    if report.kind == "show_mem":
        return "No memory was asked for: somebody asked for this listing."
    who = plain(trigger.comm) if trigger.comm else "A process that the log does not name"
    if trigger.pid is not None:
        who += f" (pid {trigger.pid})"
    if cause in _NO_REQUEST:
        return f"{who} {_NO_REQUEST[cause]}."
    if trigger.vmalloc_bytes is not None:
        got = "" if trigger.vmalloc_got is None else f" and got {trigger.vmalloc_got:,} of them"
        return f"{who} asked vmalloc for {trigger.vmalloc_bytes:,} bytes{got}."
    if trigger.order is None or trigger.order < 0:
        return f"{who} asked for memory; the log does not show how much."
    return f"{who} asked for {_pages_in_a_row(trigger.order, report.page_size_kb)} (order {trigger.order})."


_NO_REQUEST = {
    "sysrq_manual": "ran the OOM killer for SysRq-f",
    "vm_fault_oom_spurious": "could not be given a page that it touched; no request called the OOM killer",
}
"""What the process did instead of asking, by cause."""


def _pages_in_a_row(order: int, page_kb: int) -> str:
    if order > _MAX_ORDER:
        return "an impossible number of pages"
    count = 1 << order
    size = human_kb(count * page_kb)
    return f"one page, {size}" if count == 1 else f"{count} pages in a row, {size}"


def decode_trigger(report: Report) -> GfpMask | None:
    """Return the request's gfp mask, read for the report's kernel; ``None`` when the log has no mask.

    An OOM with a mask of 0 had no request: its page fault failed before it asked for a page.
    """
    trigger = report.trigger
    if trigger.gfp_mask is None or (report.kind == "oom" and not trigger.gfp_mask):
        return None
    return mask_of(report)


def asked_in_words(report: Report, mask: GfpMask | None, diagnosis: Diagnosis) -> list[str]:
    """Return who asked, and what the mask shows of it where there is one and somebody did."""
    asked = [request_in_words(report, diagnosis.cause)]
    if mask is None or diagnosis.cause in _NO_REQUEST:
        return asked
    return [*asked, mask_in_names(mask), _reclaimer_in_words(report, mask) or mask_in_words(mask)]


_RECLAIMER = re.compile(r"kswapd\d{1,6}", re.A)
_IN_INTERRUPT = frozenset(("__do_softirq", "handle_softirqs", "do_softirq", "__irq_exit_rcu", "irq_exit"))
_IN_INTERRUPT |= {"do_IRQ", "common_interrupt", "net_rx_action"}
"""Functions that stand in a call trace only while an interrupt or a soft interrupt is served."""


def _reclaimer_in_words(report: Report, mask: GfpMask) -> str:
    """Return what holds for a request that failed inside kswapd, which frees memory for all others.

    It holds for none of an interrupt's that only came while kswapd ran.

    Source: mm/vmscan.c, ``kswapd`` sets PF_MEMALLOC; mm/page_alloc.c, ``__alloc_pages_slowpath`` and
    ``gfp_pfmemalloc_allowed``; kernel/softirq.c, ``handle_softirqs``, which masks PF_MEMALLOC out.
    """
    if report.kind != "allocation_failure" or not _RECLAIMER.fullmatch(report.trigger.comm or ""):
        return ""
    if not _IN_INTERRUPT.isdisjoint(certain(report)) or any("<IRQ>" in line.text for line in report.source):
        return ""
    reserve = "it may use what is kept for emergencies"
    if "__GFP_NOMEMALLOC" in mask.flags:
        reserve = "this request may not even use what is kept for emergencies (__GFP_NOMEMALLOC)"
    return f"kswapd frees memory for all others, so nothing more is freed on its behalf, and {reserve}."


def mask_in_names(mask: GfpMask) -> str:
    """Return a mask with its names, and how sure they are."""
    names = plain(mask.text).replace("|", " | ")
    return f"gfp_mask {mask.value:#x} = {names} ({_basis_in_words(mask)})."


def _basis_in_words(mask: GfpMask) -> str:
    if mask.basis == "printed names":
        return "names as printed"
    if mask.basis == "version":
        return f"by the table for {plain(str(mask.kernel))}"
    if mask.basis == "form":
        return "by the form of the report: no kernel version is known"
    return "assumed: " + ("no table for this kernel" if mask.kernel else "no kernel version is known")


def mask_in_words(mask: GfpMask) -> str:
    """Return whether the request could wait, and what could be done for it meanwhile."""
    if not mask.may_sleep:
        return "It may not wait, so nothing is freed on its behalf."
    doing = {"start disk I/O": mask.may_io, "call file systems": mask.may_fs}
    able = listed(what for what, allowed in doing.items() if allowed)
    unable = listed((what for what, allowed in doing.items() if not allowed), "or")
    text = "It may wait while memory is freed for it"
    if not able:
        return f"{text}, but the kernel may not {unable}."
    return f"{text}, and for that the kernel may {able}" + (f", but not {unable}." if unable else ".")


def fallback_in_words(mask: GfpMask) -> str:
    """Return which zone the page should come from, and which zones come after it."""
    if mask.zone is None:
        return "It names no zone: its zone bits contradict each other."
    first, *rest = zones_allowed(mask, REQUEST_ZONES)
    if not rest:
        return f"The page must come from zone {first}."
    others = listed(rest, "or")
    return f"The page comes from zone {first}, or failing that from {others}, where they exist."


class Flag(NamedTuple):
    """One flag of a mask: its bit where the kernel is known, what it is about, and what it asks for."""

    name: str
    bit: int | None
    group: str
    meaning: str


def mask_flags(mask: GfpMask) -> list[Flag]:
    """Return the single flags of a mask with plain words, the lowest bit first.

    Flags that stand for several others are left out, for the others are there.
    """
    groups = load_table("gfp_words")
    found = [
        Flag(name, _bit(name, mask), group, words[name])
        for group, words in groups.items()
        for name in mask.flags & set(words)
    ]
    found += [
        Flag(name, _bit(name, mask), "result", "") for name in mask.flags - {each.name for each in found}
    ]
    return sorted(found, key=lambda each: (each.bit is None, each.bit or 0, each.name))


def _bit(name: str, mask: GfpMask) -> int | None:
    if mask.kernel is None:
        return None
    try:
        return encode_gfp([name], kernel=mask.kernel, config=mask.config)
    except UnknownKernel:
        return None
