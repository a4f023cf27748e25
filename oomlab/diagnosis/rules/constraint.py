"""Limits that hold for some processes only: a control group, a cpuset, a memory policy, a node.

The kernel calls the first three ``CONSTRAINT_MEMCG``, ``CONSTRAINT_CPUSET`` and
``CONSTRAINT_MEMORY_POLICY``. Source: include/linux/oom.h, ``enum oom_constraint``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oomlab.diagnosis.case import Case, hidden_free, is_roomy, size_of
from oomlab.diagnosis.finding import Claim, Confidence, Finding, as_finding, rule, threshold
from oomlab.kernel import Row, load_table
from oomlab.report import MEMCG_OOM_FRAMES, Memcg, ZoneStat
from oomlab.units import human_kb
from oomlab.words import listed, percent


@rule("memcg_limit")
def memcg_limit(case: Case) -> Claim | None:
    """A control group met its limit; the machine itself may have plenty."""
    report, group = case.report, case.report.memcg
    if report.scope != "memcg":
        return None
    if group is None or group.limit_kb is None:
        text = f"A control group met its limit: {_where(case)} it."
        return Claim(text, "medium", [group.line if group else None, *_lines_of_limit(case)])
    text = f"{_used(group)} The machine itself was not out of memory."
    if _is_far_below(group):
        text += " That is far below the limit: memory was given back before this was printed."
    confidence: Confidence = "medium" if _is_far_below(group) else "high"
    return Claim(text, confidence, [*_usage_lines(case), group.stats_line, group.line])


def _is_far_below(group: Memcg) -> bool:
    """Whether the group had much room again; kernels about 3.10 killed even so."""
    usage = group.swap_usage_kb if group.met_with_swap else group.usage_kb
    limit = group.swap_limit_kb if group.met_with_swap else group.limit_kb
    met = threshold("memcg_met")
    if (group.kmem_usage_kb or 0) >= met * (group.kmem_limit_kb or float("inf")):
        return False
    return usage is not None and usage < met * (limit or 0)


def _used(group: Memcg) -> str:
    """Return how much of which limit was used, in words."""
    usage, limit, what = group.usage_kb, group.limit_kb or 0, ""
    if group.met_with_swap:
        usage, limit, what = group.swap_usage_kb, group.swap_limit_kb or 0, " of memory and swap"
    if usage is None:
        return f"A control group met its limit of {human_kb(limit)}."
    return f"A control group used {human_kb(usage)} of the {human_kb(limit)}{what} it may use."


def _where(case: Case) -> str:
    if case.report.victims:
        return "the line of the kill shows"
    return (
        "the lines of the group show"
        if MEMCG_OOM_FRAMES.isdisjoint(case.report.trace)
        else "the call trace shows"
    )


def _lines_of_limit(case: Case) -> Sequence[int | None]:
    """Find the kill, or else the function that only a full group calls."""
    if case.report.victims:
        return [case.report.victims[0].line]
    signs = [f"{name}+" for name in MEMCG_OOM_FRAMES]
    return [each.number for each in case.report.source if any(sign in each.text for sign in signs)][:1]


def _usage_lines(case: Case) -> list[int]:
    """Find the lines with usage and limit below the one that opens the group's part."""
    return [line.number for line in case.report.source if "usage " in line.text and "limit " in line.text][:3]


# --- what filled the group --------------------------------------------------------------------


def group_usage(case: Case) -> Finding | None:
    """Name what filled a control group: its statistics, weighed against its limit."""
    name, shares = _largest_part(case), _shares(case)
    if not name or not threshold("memcg_part") <= shares[name] <= threshold("memcg_whole"):
        return None  # more than the group uses: the statistics are of another one
    return _part_of_group(case, name, shares[name])


def group_kernel(case: Case) -> Finding | None:
    """Name what the kernel holds of a control group beside what filled it."""
    shares, main = _shares(case), _largest_part(case)
    others = [each for each in _OF_KERNEL if each in shares and each != main]
    name = max(others, key=lambda each: shares[each], default="")
    if not name or not threshold("memcg_beside") <= shares[name] <= threshold("memcg_whole"):
        return None
    return _part_of_group(case, name, shares[name])


def _shares(case: Case) -> dict[str, float]:
    """Return the parts of what a group uses, by name; none where the log does not show them."""
    memcg = case.report.memcg
    if case.cause != "memcg_limit" or memcg is None:
        return {}
    used = (memcg.swap_usage_kb if memcg.met_with_swap else memcg.usage_kb) or memcg.limit_kb or 0
    return {name: measure(memcg) / used for name, measure in _PARTS.items()} if used else {}


def _largest_part(case: Case) -> str:
    shares = _shares(case)
    return max(shares, key=lambda each: shares[each] * _WEIGHTS.get(each, 1.0), default="")


def _part_of_group(case: Case, name: str, share: float) -> Finding:
    memcg = case.report.memcg or Memcg()
    text = f"{_IN_GROUP[name]} {human_kb(_PARTS[name](memcg))}, {percent(min(1.0, share))} of it"
    lines = [memcg.stats_line, *_stat_lines(case, _STATS[name])]
    part = kernel_part(memcg) if name == "kmem" else None
    if part is not None:
        text += f"; {human_kb(memcg.stat_kb(part['stat']) or 0)} of that is {part['words']}"
        lines += _stat_lines(case, (part["stat"],))
    return as_finding(case, name, Claim(f"{text}.", "high", lines))


def kernel_part(memcg: Memcg) -> Row | None:
    """Return the row of the statistic that makes up most of the kernel's memory in a group, if one does."""
    rows = load_table("diagnosis")["kernel_part"]
    largest: Row = max(rows, key=lambda row: memcg.stat_kb(row["stat"]) or 0)
    held = memcg.stat_kb(largest["stat"]) or 0
    return largest if held and 2 * held >= _kmem(memcg) else None


def _anon(memcg: Memcg) -> int:
    lists = sum(memcg.stat_kb(name) or 0 for name in ("active_anon", "inactive_anon")) - _shmem(memcg)
    return max(lists, *(memcg.stat_kb(name) or 0 for name in ("anon", "rss")))


def _shmem(memcg: Memcg) -> int:
    return memcg.stat_kb("shmem") or 0


def _dirty(memcg: Memcg) -> int:
    names = ("file_dirty", "dirty", "file_writeback", "writeback")
    return sum(memcg.stat_kb(name) or 0 for name in names)


def _clean(memcg: Memcg) -> int:
    return max(0, (memcg.stat_kb("file") or memcg.stat_kb("cache") or 0) - _shmem(memcg) - _dirty(memcg))


def _kmem(memcg: Memcg) -> int:
    """Return what the kernel holds; ``kernel`` counts zswap and secondary page tables too, but not sockets.

    Source: mm/memcontrol.c, ``obj_cgroup_charge_pages`` (MEMCG_KMEM, printed since 5.18) and
    ``mem_cgroup_charge_skmem`` (MEMCG_SOCK).
    """
    parts = sum(memcg.stat_kb(row["stat"]) or 0 for row in load_table("diagnosis")["kernel_part"])
    return max(parts, memcg.kmem_usage_kb or 0, memcg.stat_kb("kernel") or 0)


def _sock(memcg: Memcg) -> int:
    return memcg.stat_kb("sock") or 0


_PARTS: dict[str, Callable[[Memcg], int]] = {
    "anon": _anon,
    "shmem": _shmem,
    "dirty_file": _dirty,
    "file": _clean,
    "kmem": _kmem,
    "sock": _sock,
}
_OF_KERNEL = ("kmem", "sock")
_WEIGHTS = {"dirty_file": 1.5}  # dirty cache cannot be dropped, so it counts for more than clean cache
_IN_GROUP = {
    "anon": "Process memory holds",
    "shmem": "Shared memory holds",
    "dirty_file": "Page cache that waits to be written holds",
    "file": "Page cache holds",
    "kmem": "The kernel's own objects hold",
    "sock": "Buffers of sockets hold",
}
_STATS = {
    "anon": ("anon", "rss"),
    "shmem": ("shmem",),
    "dirty_file": ("file_dirty", "dirty"),
    "file": ("file", "cache"),
    "kmem": ("kernel", "slab"),
    "sock": ("sock",),
}


def _stat_lines(case: Case, names: tuple[str, ...]) -> list[int]:
    """Find the lines of these statistics: each on its own since 5.3."""
    return [
        line.number
        for line in case.report.source
        if any(f" {name} " in f" {line.text} " for name in names) and line.text.rstrip()[-1:].isdigit()
    ][:1]


# --- nodes ------------------------------------------------------------------------------------


@rule("cpuset_or_mempolicy")
def cpuset_or_mempolicy(case: Case) -> Claim | None:
    """The request was bound to some nodes, and only those were short."""
    report = case.report
    stated = report.scope in ("cpuset", "mempolicy")
    if case.nodes is None and not stated:
        return None
    outside = free_outside(case)
    if not stated and not outside:
        return None
    by = {"cpuset": "A cpuset", "mempolicy": "A memory policy"}.get(
        report.scope, "A cpuset or a memory policy"
    )
    where = f" to node {listed(map(str, sorted(case.nodes)))}" if case.nodes else " to some nodes"
    text = f"{by} bound the request{where}. {_inside(case)}"
    if outside:
        text += f" Elsewhere {case.human(outside)} stood free."
    confidence: Confidence = "high" if stated else "low" if case.open_now else "medium"
    return Claim(text, confidence, [*_bound_lines(case), *(each.zone.line for each in case.judged)])


def is_full_elsewhere(case: Case) -> bool:
    """Whether the log shows zones of other nodes than those of the request, and nothing free there."""
    others = [each.zone for each in case.judged if not case.is_reachable(each.zone)]
    return bool(others) and not free_outside(case)


def _inside(case: Case) -> str:
    """Return how the nodes stood to which the request was bound, in words."""
    if case.asked:
        return (
            "There no zone could serve it." if not case.open_now else "There memory was free again by then."
        )
    barred = [zone for zone in case.barred if case.is_reachable(zone)]
    if not barred:
        return "The log does not show the zones there."
    return (
        f"All that is there is {listed(zone.name for zone in barred)}, with {case.free_in(barred)} free, "
        "which such a request may not use: it can never succeed, however much is killed."
    )


def free_outside(case: Case) -> int:
    """Return the pages free on other nodes, above the watermarks there or in zones not listed."""
    zones = (each.zone for each in case.judged if each.allowed and not case.is_reachable(each.zone))
    return sum(zone.free or 0 for zone in zones if is_roomy(zone)) or hidden_free(case.report)


def _bound_lines(case: Case) -> list[int]:
    signs = ("mems_allowed=", "nodemask=", "constraint=")
    return [line.number for line in case.report.source if any(sign in line.text for sign in signs)][:2]


@rule("numa_node_bound")
def numa_node_bound(case: Case) -> Claim | None:
    """One node was short and another had plenty, though the log shows nothing that binds to a node."""
    open_now = case.open_now
    open_nodes = {zone.node for zone in open_now if zone.node is not None}
    short_nodes = {each.zone.node for each in case.asked if each.zone.node is not None} - open_nodes
    if case.order or not open_nodes or not short_nodes:
        return None
    if not _is_plenty(open_now):
        return None
    short, others = _nodes(short_nodes), _nodes(open_nodes).lower()
    bound = "was" if case.mask_known else "seems to have been"
    text = (
        f"{short} had too little while {others} had {case.free_in(open_now)} free: "
        f"the request {bound} bound to its node."
    )
    lines = [case.report.trigger.line, *(each.zone.line for each in case.asked)]
    return Claim(text, "medium", lines, needs_mask=True)


def _nodes(numbers: set[int]) -> str:
    return f"Node{'s' if len(numbers) > 1 else ''} {listed(map(str, sorted(numbers)))}"


def _is_plenty(zones: tuple[ZoneStat, ...]) -> bool:
    free = sum(zone.free or 0 for zone in zones)
    whole = size_of(zones)
    high = sum(zone.watermark_high or 0 for zone in zones)
    return whole is not None and free > 2 * high and free > threshold("open") * whole
