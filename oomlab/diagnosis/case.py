"""A report with what every rule needs: which zones might the request use, and would one have served it?

Before it kills, the kernel tries once more, and holds the zones to ``high`` instead of
``min``, urgent requests too: only if none passes does it go on. So a zone that passes at
``high`` when the report is printed calls for another explanation than "memory was full".

Source: mm/page_alloc.c, ``__alloc_pages_may_oom``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_

from oomlab.alloc_flags import AllocFlags, alloc_flags
from oomlab.diagnosis.holders import Holder, holders_of
from oomlab.diagnosis.usage import MemoryUse, lost_zones, lowmem_use, memory_use
from oomlab.gfp import GfpMask, decode_gfp
from oomlab.kernel import Version
from oomlab.kernel_guess import kernel_of, mask_of
from oomlab.mmzone import ZONE_ORDER, is_highmem, parse_nodelist
from oomlab.report import FreeBlocks, Report, ZoneStat
from oomlab.units import human_kb
from oomlab.verdict import Verdict, verdicts


@dataclass(frozen=True, kw_only=True)
class Case:
    """A report with what every rule needs worked out once.

    ``others`` are the other reports of its log. ``mask`` is the request's; where the log lost it, an
    ordinary request of the kernel's takes its place and ``mask_known`` is false. ``version`` is the
    kernel's, or the likeliest, and ``flags`` what it lets such a request do. ``nodes`` are the NUMA nodes
    that the request was bound to, if the log shows any. ``judged`` holds the zones against ``min``, empty
    ones left out; ``open_now`` are those that would have served the request in the
    kernel's last try. ``used`` is what holds the memory of the machine, ``lowmem`` that of lowmem, and
    ``holders`` who does by name.
    ``cause`` is empty until a rule has decided it; what contributes depends on it.
    """

    report: Report
    others: tuple[Report, ...]
    mask: GfpMask
    mask_known: bool
    version: Version
    flags: AllocFlags
    order: int
    nodes: frozenset[int] | None
    judged: tuple[Verdict, ...]
    open_now: tuple[ZoneStat, ...] = ()
    used: MemoryUse
    lowmem: MemoryUse
    holders: tuple[Holder, ...] = ()
    cause: str = ""

    @cached_property
    def asked(self) -> tuple[Verdict, ...]:
        """The zones that the request might use."""
        return tuple(each for each in self.judged if each.allowed and self.is_reachable(each.zone))

    @property
    def pages(self) -> int:
        """The pages of the request, in a row."""
        return 1 << self.order

    @property
    def barred(self) -> tuple[ZoneStat, ...]:
        """The zones that lie above those the request might use."""
        return tuple(each.zone for each in self.judged if not each.allowed)

    @property
    def is_shut(self) -> bool:
        """Whether the log shows zones that the request might use, and all of them too full for it."""
        return bool(self.asked) and not self.open_now and not zones_unknown(self)

    @property
    def is_kill(self) -> bool:
        """Whether the OOM killer ran or may have; 2.4 reports the failed request first and then the kill."""
        return self.report.may_be_oom or bool(self.report.victims)

    def is_reachable(self, zone: ZoneStat) -> bool:
        """Whether a zone is on a node that the request might use."""
        return self.nodes is None or zone.node is None or zone.node in self.nodes

    def is_own_zone(self, zone: ZoneStat) -> bool:
        """Whether a zone is the highest that the request might use: it keeps nothing back from it."""
        return zone.name == self._own_name

    @cached_property
    def _own_name(self) -> str | None:
        return max({each.zone.name for each in self.asked}, key=ZONE_ORDER.index, default=None)

    def human(self, pages: float) -> str:
        """Return pages as a size that people read, such as ``549 MiB``."""
        return human_kb(pages * self.report.page_size_kb)

    def free_in(self, zones: Iterable[ZoneStat]) -> str:
        """Return how much is free in some zones, as a size that people read."""
        return self.human(sum(zone.free or 0 for zone in zones))


def open_case(report: Report, others: Iterable[Report] = ()) -> Case:
    """Work out what the rules need of a report."""
    mask = _mask(report)
    some_mask = mask or decode_gfp(0xCC0, names=("GFP_KERNEL",))
    used = memory_use(report)
    version, order = kernel_of(report).version, max(0, report.trigger.order or 0)
    case = Case(
        report=report,
        others=tuple(others),
        mask=some_mask,
        mask_known=mask is not None,
        version=version,
        flags=alloc_flags(some_mask, version, order=order),
        order=order,
        nodes=bound_nodes(report),
        judged=_judged(report, some_mask),
        used=used,
        lowmem=lowmem_use(report),
        holders=holders_of(report, used),
    )
    return replace(case, open_now=zones_open(case))


def _mask(report: Report) -> GfpMask | None:
    mask = mask_of(report)
    return mask if mask is not None and mask.zone else None


def _judged(report: Report, mask: GfpMask) -> tuple[Verdict, ...]:
    """Judge the zones; where the log shows no watermark of any of them, nothing can be judged."""
    has_watermarks = any(zone.watermark_min is not None for zone in report.zones)
    return tuple(each for each in verdicts(report, mask) if has_watermarks and not _is_empty(each.zone))


def _is_empty(zone: ZoneStat) -> bool:
    return zone.size == 0 and not zone.free


def weight(verdict: Verdict) -> int:
    """Return the pages of a zone, so that a small one decides little."""
    return verdict.zone.size or verdict.zone.free or 0


def size_of(zones: Iterable[ZoneStat]) -> int | None:
    """Return the pages of zones together; ``None`` where the log does not show the size of each."""
    sizes = [zone.size for zone in zones]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def zones_unknown(case: Case) -> list[ZoneStat]:
    """Return the zones that the request might use of which it is unknown whether they were full."""
    asked = [each.zone for each in case.asked]
    size = case.used.size or sum(zone.size or 0 for zone in case.report.zones)
    if not any(is_highmem(zone.name) for zone in asked):
        size = min(size, case.lowmem.size or size)
    return [zone for zone in lost_zones(case.report, size) if zone in asked]


def is_roomy(zone: ZoneStat) -> bool:
    """Whether a zone that was not asked has much free: more than ``high``, and three times ``min``."""
    if zone.free is None:
        return False
    return zone.free > max(zone.watermark_high or 0, 3 * (zone.watermark_min or 0))


# --- which zones would have served it ---------------------------------------------------------


def zones_open(case: Case, *, lift: str = "") -> tuple[ZoneStat, ...]:
    """Return the zones that would have served the request in the kernel's last try.

    A request that merely failed had no such try: ``min`` decided. ``lift`` asks what if pages of
    that kind were like any others: ``"cma"`` or ``"highatomic"``.
    """
    mask, zones = case.mask, [_lifted(zone, lift) for zone in case.report.zones]
    if lift and all(map(is_, zones, case.report.zones)):
        return case.open_now
    if case.is_kill:
        mask, zones = (
            replace(mask, flags=mask.flags - {"__GFP_HIGH", "__GFP_ATOMIC"}),
            list(map(_raised, zones)),
        )
    results = verdicts(replace(case.report, zones=tuple(zones)), mask)
    return tuple(
        zone
        for zone, result in zip(case.report.zones, results, strict=True)
        if result.allowed and case.is_reachable(zone) and _passes(case, result)
    )


def _raised(zone: ZoneStat) -> ZoneStat:
    return zone if zone.watermark_high is None else replace(zone, watermark_min=zone.watermark_high)


def _passes(case: Case, verdict: Verdict) -> bool:
    """Whether a verdict is certainly yes: not where the reserve or the list of free blocks is lost."""
    if verdict.zone.free is None or verdict.watermark is None or verdict.refused:
        return False
    if verdict.reserve is None and not case.is_own_zone(verdict.zone):
        return False
    return case.order == 0 or verdict.block is True


_LIFTED = {"cma": ("C", ("free_cma",)), "highatomic": ("H", ("free_highatomic", "reserved_highatomic"))}


def _lifted(zone: ZoneStat, lift: str) -> ZoneStat:
    if lift not in _LIFTED:
        return zone
    letter, names = _LIFTED[lift]
    if not any(map(zone.counters.get, names)) and not any(
        letter in each.types for each in zone.free_blocks or ()
    ):
        return zone
    counters = {name: pages for name, pages in zone.counters.items() if name not in names}
    blocks = zone.free_blocks and tuple(
        FreeBlocks(each.order, each.blocks, each.types.replace(letter, "M")) for each in zone.free_blocks
    )
    return replace(zone, counters=counters, free_blocks=blocks)


# --- nodes ------------------------------------------------------------------------------------


def verdicts_within(report: Report, mask: GfpMask | None) -> list[Verdict]:
    """Judge the zones as :func:`~oomlab.verdict.verdicts` does; other nodes than its own are closed.

    The log need not name the limit: which nodes it leaves free may show it.
    """
    judged, nodes = verdicts(report, mask), bound_nodes(report)
    if nodes is None:
        return judged
    return [each if each.zone.node in (None, *nodes) else Verdict(each.zone, False) for each in judged]


def bound_nodes(report: Report) -> frozenset[int] | None:
    """Return the nodes that the request was bound to; ``None`` when it might use all there are.

    A list of all nodes binds to none. Kernels list only the zones of the nodes that the request
    might use, so others show in the totals alone.
    """
    bounds = [nodes for nodes in map(parse_nodelist, (report.nodemask, report.mems_allowed)) if nodes]
    allowed = frozenset.intersection(*bounds) if bounds else frozenset[int]()
    shown = {zone.node for zone in report.zones if zone.node is not None}
    stated = report.scope in ("cpuset", "mempolicy")
    elsewhere = report.constraint is None and not report.totals.get("highmem") and hidden_free(report)
    return allowed if allowed and (shown - allowed or stated or elsewhere) else None


def hidden_free(report: Report) -> int:
    """Return the pages that are free in zones which the report does not list.

    The total counts all zones. Listed are those of the nodes that the request might use, and
    since 6.1 only up to the request's own zone.
    Source: mm/show_mem.c, ``show_free_areas``, ``show_mem_node_skip`` and ``max_zone_idx``.
    """
    whole = report.totals.get("free")
    if whole is None or not report.zones:
        return 0
    hidden = whole - sum(zone.free or 0 for zone in report.zones)
    return hidden if hidden > max(1024, whole // 20) else 0
