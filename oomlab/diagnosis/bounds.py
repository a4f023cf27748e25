"""Limits that hold for some processes only: a control group, a cpuset, a memory policy, a node."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis.core import Case, hidden_free, roomy
from oomlab.diagnosis.model import Confidence, Finding
from oomlab.diagnosis.saying import found, limit, size
from oomlab.report import MEMCG_OOM_FRAMES, Memcg, ZoneStat
from oomlab.units import human_kb
from oomlab.words import listed


def memcg_limit(case: Case) -> Finding | None:
    """A control group met its limit; the machine itself may have plenty."""
    report, group = case.report, case.report.memcg
    if report.scope != "memcg":
        return None
    if group is None or group.limit_kb is None:
        claim = f"A control group met its limit: the kernel says so {_where(case)}."
        return found(case, "memcg_limit", claim, "medium", group.line if group else None, *_telling(case))
    claim = f"{_used(group)} The machine itself was not out of memory."
    if _is_far_below(group):
        claim += " That is far below the limit: memory was given back before this was printed."
    sure: Confidence = "medium" if _is_far_below(group) else "high"
    return found(case, "memcg_limit", claim, sure, *_usage_lines(case), group.stats_line, group.line)


def _is_far_below(group: Memcg) -> bool:
    """Tell whether the group had much room again; kernels about 3.10 killed even so."""
    usage = group.swap_usage_kb if group.met_with_swap else group.usage_kb
    bound = group.swap_limit_kb if group.met_with_swap else group.limit_kb
    if (group.kmem_usage_kb or 0) >= limit("memcg_met") * (group.kmem_limit_kb or float("inf")):
        return False
    return usage is not None and usage < limit("memcg_met") * (bound or 0)


def _used(group: Memcg) -> str:
    """Say how much of which limit was used."""
    usage, limit, what = group.usage_kb, group.limit_kb or 0, ""
    if group.met_with_swap:
        usage, limit, what = group.swap_usage_kb, group.swap_limit_kb or 0, " of memory and swap"
    if usage is None:
        return f"A control group met its limit of {human_kb(limit)}."
    return f"A control group used {human_kb(usage)} of the {human_kb(limit)}{what} it may use."


def _where(case: Case) -> str:
    if case.report.victims:
        return "where it names the process it killed"
    return "in lines of the group" if MEMCG_OOM_FRAMES.isdisjoint(case.report.trace) else "in its call trace"


def _telling(case: Case) -> Sequence[int | None]:
    """Find the kill, or else the function that only a full group calls."""
    if case.report.victims:
        return [case.report.victims[0].line]
    signs = [f"{name}+" for name in MEMCG_OOM_FRAMES]
    return [each.number for each in case.report.source if any(sign in each.text for sign in signs)][:1]


def _usage_lines(case: Case) -> list[int]:
    """Find the lines with usage and limit below the one that opens the group's part."""
    return [line.number for line in case.report.source if "usage " in line.text and "limit " in line.text][:3]


def cpuset_or_mempolicy(case: Case) -> Finding | None:
    """The request was bound to some nodes, and only those were short."""
    report = case.report
    stated = report.scope in ("cpuset", "mempolicy")
    if case.nodes is None and not stated:
        return None
    outside = _free_outside(case)
    if not stated and not outside:
        return None
    by = {"cpuset": "A cpuset", "mempolicy": "A memory policy"}.get(
        report.scope, "A cpuset or a memory policy"
    )
    where = f" to node {listed(map(str, sorted(case.nodes)))}" if case.nodes else " to some nodes"
    claim = f"{by} bound the request{where}. {_inside(case)}"
    if outside:
        claim += f" Elsewhere {size(case, outside)} stood free."
    lines = [each.zone.line for each in case.judged]
    sure: Confidence = "high" if stated else "low" if case.open_now else "medium"
    return found(case, "cpuset_or_mempolicy", claim, sure, *_bound_lines(case), *lines)


def _inside(case: Case) -> str:
    """Say how the nodes stood to which the request was bound."""
    if case.asked:
        return (
            "There no zone could serve it." if not case.open_now else "There memory was free again by then."
        )
    barred = [zone for zone in case.barred if case.reachable(zone)]
    if not barred:
        return "The log does not show the zones there."
    free = size(case, sum(zone.free or 0 for zone in barred))
    return (
        f"All that is there is {listed(zone.name for zone in barred)}, with {free} free, "
        "which such a request may not use: it can never succeed, however much is killed."
    )


def _free_outside(case: Case) -> int:
    """Count the pages that lay free on other nodes, above the marks there or in zones not listed."""
    zones = (each.zone for each in case.judged if each.allowed and not case.reachable(each.zone))
    listed_free = sum(zone.free or 0 for zone in zones if roomy(zone))
    return listed_free or hidden_free(case.report)


def _bound_lines(case: Case) -> list[int]:
    signs = ("mems_allowed=", "nodemask=", "constraint=")
    return [line.number for line in case.report.source if any(sign in line.text for sign in signs)][:2]


def numa_node_bound(case: Case) -> Finding | None:
    """One node was short and another had plenty, though the log shows nothing that binds to a node."""
    open_now = case.open_now
    open_nodes = {zone.node for zone in open_now if zone.node is not None}
    short_nodes = {each.zone.node for each in case.asked if each.zone.node is not None} - open_nodes
    if case.order or not open_nodes or not short_nodes:
        return None
    if not _plenty(open_now):
        return None
    short, others = _nodes(short_nodes), _nodes(open_nodes).lower()
    free = size(case, sum(zone.free or 0 for zone in open_now))
    bound = "was" if case.mask_known else "seems to have been"
    claim = f"{short} had too little while {others} had {free} free: the request {bound} bound to its node."
    lines = (each.zone.line for each in case.asked)
    return found(case, "numa_node_bound", claim, "medium", case.report.trigger.line, *lines, needs_mask=True)


def _nodes(numbers: set[int]) -> str:
    return f"Node{'s' if len(numbers) > 1 else ''} {listed(map(str, sorted(numbers)))}"


def _plenty(zones: tuple[ZoneStat, ...]) -> bool:
    free = sum(zone.free or 0 for zone in zones)
    whole = sum(zone.size or 0 for zone in zones)
    high = sum(zone.watermark_high or 0 for zone in zones)
    return free > 2 * high and free > limit("open") * whole
