"""What a report comes to, in plain sentences: the same words for the terminal and the page.

Everything here is text that is safe to show (see :mod:`oomlab.render.safe`), without layout.
"""

from __future__ import annotations

from oomlab.gfp import GfpMask, decode_gfp
from oomlab.render.safe import plain
from oomlab.render.words import person
from oomlab.report import Report
from oomlab.units import human_kb
from oomlab.words import listed


def headline(report: Report) -> str:
    """Say in one sentence what happened."""
    if report.is_stall:
        return "A request for memory is kept waiting. Nothing was killed for it."
    if report.kind == "allocation_failure":
        return "A request for memory failed. Nothing was killed for it."
    if report.kind == "show_mem":
        return "A listing of memory, asked for by hand. Nothing failed."
    cause = "The control group reached its limit" if report.scope == "memcg" else "Out of memory"
    if _is_nameless(report):
        return "A piece of a report: who asked, and what came of it, this part of the log does not show."
    if not report.victims:
        return f"{cause}. This part of the log shows no kill."
    killed = person(report.victims[0])
    if len(report.victims) > 1:
        killed = f"{len(report.victims)} processes, {killed} first"
    return f"{cause}: the kernel killed {killed}."


def _is_nameless(report: Report) -> bool:
    """Tell whether the log lost both the request and what came of it."""
    said = (report.trigger.line, report.constraint, report.panic)
    return not report.victims and report.scope == "global" and not any(said)


def origin(report: Report) -> str:
    """Say which kernel wrote the report, and where in the log it stands."""
    kernel = f"Linux {plain(report.kernel.text)}" if report.kernel else "Linux, version not in the log"
    first, last = report.first_line, report.last_line
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"{kernel}, {where} of the log"


def request(report: Report) -> str:
    """Say who asked, and for how much."""
    trigger = report.trigger
    if report.kind == "show_mem":
        return "Nobody asked for memory: somebody asked for this listing."
    who = plain(trigger.comm) if trigger.comm else "A process that the log does not name"
    if trigger.pid is not None:
        who += f" (pid {trigger.pid})"
    if trigger.order is None:
        return f"{who} asked for memory; how much, the log does not say."
    if trigger.order < 0:
        return f"{who} had the OOM killer run by hand (order {trigger.order}, SysRq-f)."
    return f"{who} asked for {_pages_in_a_row(trigger.order, report.page_size_kb)} (order {trigger.order})."


def _pages_in_a_row(order: int, page_kb: int) -> str:
    if order > 20:
        return "an impossible number of pages"
    count = 1 << order
    size = human_kb(count * page_kb)
    return f"one page, {size}" if count == 1 else f"{count} pages in a row, {size}"


def decode_trigger(report: Report) -> GfpMask | None:
    """Read the request's gfp mask for the report's kernel; ``None`` when the log has no mask.

    An OOM with a mask of 0 had no request: its page fault failed before it asked for a page.
    """
    trigger = report.trigger
    if trigger.gfp_mask is None or (report.kind == "oom" and not trigger.gfp_mask):
        return None
    return decode_gfp(trigger.gfp_mask, kernel=report.kernel, names=trigger.gfp_names)


def mask_in_names(mask: GfpMask) -> str:
    """Write a mask with its names, and say how sure they are."""
    names = plain(mask.text).replace("|", " | ")
    return f"gfp_mask {mask.value:#x} = {names} ({basis_in_words(mask)})."


def mask_in_words(mask: GfpMask) -> str:
    """Say whether the request could wait, and what could be done for it meanwhile."""
    if not mask.may_sleep:
        return "It may not wait, so nothing is freed on its behalf."
    doing = {"start disk I/O": mask.may_io, "call file systems": mask.may_fs}
    able = listed([what for what, allowed in doing.items() if allowed])
    unable = listed([what for what, allowed in doing.items() if not allowed], "or")
    text = "It may wait while memory is freed for it"
    if not able:
        return f"{text}, but the kernel may not {unable}."
    return f"{text}, and for that the kernel may {able}" + (f", but not {unable}." if unable else ".")


def basis_in_words(mask: GfpMask) -> str:
    """Say how sure the names are."""
    if mask.basis == "printed names":
        return "names as printed"
    if mask.basis == "version":
        return f"by the table for {plain(str(mask.kernel))}"
    return "assumed: " + ("no table for this kernel" if mask.kernel else "no kernel version is known")


def group_in_words(report: Report) -> list[str]:
    """Say which limit was met when a control group, and not the machine, ran out."""
    memcg = report.memcg
    if memcg is None:
        return []
    name = plain(memcg.oom_path or memcg.path or "a control group")
    if memcg.usage_kb is None or memcg.limit_kb is None:
        return [f"{name} reached its limit."]
    if memcg.met_with_swap:
        used, limit = human_kb(memcg.swap_usage_kb or 0), human_kb(memcg.swap_limit_kb or 0)
        return [f"{name} used {used} of the {limit} of memory and swap it may use."]
    return [f"{name} used {human_kb(memcg.usage_kb)} of the {human_kb(memcg.limit_kb)} it may use."]


_USES = {
    "page cache": ("active_file", "inactive_file"),
    "process memory": ("active_anon", "inactive_anon"),
    "unevictable": ("unevictable",),
    "page tables": ("pagetables",),
    "slab": ("slab_reclaimable", "slab_unreclaimable"),
    "free": ("free",),
}
_SELDOM_LARGE = ("unevictable", "page tables")
_WORTH_SAYING = 0.05


def memory_in_words(report: Report) -> list[str]:
    """Say what filled the machine, as far as the totals show it."""
    uses = {
        name: sum(report.totals[key] for key in keys)
        for name, keys in _USES.items()
        if all(key in report.totals for key in keys)
    }
    least = {name: _WORTH_SAYING * sum(uses.values()) for name in _SELDOM_LARGE}
    said = [
        f"{name} {human_kb(pages * report.page_size_kb)}"
        for name, pages in uses.items()
        if pages >= least.get(name, 0)
    ]
    lines = [f"In all: {listed(said)}."] if said else []
    return lines + _swap_in_words(report)


def _swap_in_words(report: Report) -> list[str]:
    swap = report.swap
    if swap is None or swap.total is None or swap.free is None:
        return []
    if swap.free < 0:
        return ["Swap was being switched off: the kernel counts less than nothing as free."]
    if swap.total == 0:
        return ["There is no swap."]
    total, used = (human_kb(pages * report.page_size_kb) for pages in (swap.total, swap.total - swap.free))
    free = "all" if swap.free == 0 else "none" if swap.free == swap.total else used
    return [f"Swap: {total}, {free} of it used."]


def missing(report: Report) -> list[str]:
    """Name what a whole report would hold and this one does not, then what is damaged."""
    absent = listed(_absent(report))
    lines = [f"The log does not show {absent}."] if absent else []  # the parser tells the rest
    return lines + [
        plain(f"line {each.line}: {each.reason}" if each.line is not None else each.reason)
        for each in report.problems
    ]


def _absent(report: Report) -> list[str]:
    parts = [
        ("the kernel version", report.kernel is None),
        ("swap", report.swap is None and report.scope != "memcg"),
        ("the task list", not report.tasks and report.kind == "oom"),
    ]
    return [name for name, gone in parts if gone]
