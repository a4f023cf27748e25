"""Judge a living machine: which request, group or order would fail next, and who would be chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from oomlab.badness import Scored, rank
from oomlab.badness.choice import rankings
from oomlab.gfp import GfpMask, decode_gfp
from oomlab.now.groups import Group
from oomlab.now.reading import LiveMachine
from oomlab.report import FreeBlocks, Memcg, Report, Swap, Trigger, ZoneStat
from oomlab.verdict import Verdict, verdicts

_MASKS = {
    "process": decode_gfp(0x100CCA, names=("GFP_HIGHUSER_MOVABLE",)),
    "kernel": decode_gfp(0xCC0, names=("GFP_KERNEL",)),
    "dma32": decode_gfp(0xCC4, names=("GFP_KERNEL", "__GFP_DMA32")),
}
"""Requests for one page, by who makes them; the names of a mask decide what its number means."""

_KEPT = ("HighAtomic", "CMA", "Isolate")
"""Types of free blocks that an ordinary request of the kernel's may not use."""

_CLEAR_LEAD = 20
"""Thousandths by which one oom_score is clearly higher than another."""

_FILE = ("nr_zone_active_file", "nr_zone_inactive_file", "nr_active_file", "nr_inactive_file")


class Room(NamedTuple):
    """How far one kind of request is from failing, in pages.

    ``spare`` is what the zones that it may use have above their watermarks, ``cache`` the page cache in them,
    which would be dropped before: each ``None`` where no zone shows it. ``zones`` are all zones, judged.
    """

    request: str
    spare: int | None
    cache: int | None
    zones: tuple[Verdict, ...]

    @property
    def asked(self) -> tuple[Verdict, ...]:
        """The zones that it may use."""
        return tuple(each for each in self.zones if each.allowed)

    @property
    def uncounted(self) -> tuple[ZoneStat, ...]:
        """Zones that it may use and that do not show what they have to spare."""
        return tuple(each.zone for each in self.asked if each.spare is None)

    @property
    def pages(self) -> int | None:
        """All that stands between now and a failure, swap aside; ``None`` where no zone shows it."""
        return None if self.spare is None else self.spare + (self.cache or 0)


class GroupRoom(NamedTuple):
    """A group with a limit, and who would be chosen if it met that; ``None`` where nobody, or not known."""

    group: Group
    chosen: Scored | None


class Orders(NamedTuple):
    """Which blocks a request of the kernel's would get now, without reclaim or compaction.

    Of each order up to ``served`` some zone has one to give. ``refused`` is the smallest order of which none
    has: for want of ``"blocks"`` that are large enough, or of ``"pages"`` above the watermarks. ``largest``
    is the largest order that this kernel counts. ``None`` is what ``/proc`` does not show, or not the case.
    """

    largest: int | None = None
    served: int | None = None
    refused: int | None = None
    lacks: Literal["blocks", "pages"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would fail next on a machine.

    ``rooms`` are the kinds of request, ``orders`` the blocks for the kernel, ``groups`` the control groups
    with a limit, the fullest first. In ``ranking`` the first would be chosen.
    """

    machine: LiveMachine
    rooms: tuple[Room, ...]
    orders: Orders
    groups: tuple[GroupRoom, ...]
    ranking: tuple[Scored, ...]

    @property
    def first(self) -> Room | None:
        """The request that would fail first; of two that share all zones, the kernel's.

        ``None`` where the kernel's has no room that is shown: a process may use all its zones, and more.
        Requests for DMA32 do not count: few drivers make one.
        """
        rooms = {room.request: room for room in self.rooms if room.pages is not None}
        usual = [rooms[name] for name in ("kernel", "process") if name in rooms]
        return min(usual, key=lambda room: room.pages or 0) if "kernel" in rooms else None

    @property
    def first_by_score(self) -> Scored | None:
        """The process that the kernel itself scores clearly higher than the one ranked first, if any.

        Then something counts that is not seen here. Scores grow while they are read.
        """
        scores = self.machine.scores
        known = [each for each in self.ranking if each.task.pid in scores]
        best = max(known, key=lambda each: scores[each.task.pid], default=None)
        if best is None or self.ranking[0].task.pid not in scores:
            return None
        lead = scores[best.task.pid] - scores[self.ranking[0].task.pid]
        return best if lead > _CLEAR_LEAD else None

    @property
    def first_group(self) -> GroupRoom | None:
        """The group that would meet its limit before any request fails, if there is one."""
        if self.first is None or self.first.pages is None:
            return None
        room_kb = self.first.pages * self.machine.page_size_kb
        known = (each for each in self.groups if each.group.file_kb is not None)
        return next(
            (each for each in known if each.group.left_kb + (each.group.file_kb or 0) < room_kb), None
        )


def look(machine: LiveMachine) -> Outlook:
    """Judge a machine by the rules of its kernel."""
    report = _as_report(machine)
    ranking = rank(report)
    rooms = [_room(report, name, mask) for name, mask in _MASKS.items()]
    return Outlook(
        machine=machine,
        rooms=tuple(room for room in rooms if room.request != "dma32" or _has_zone(report, "DMA32")),
        orders=_orders(report, machine),
        groups=_group_rooms(machine, report),
        ranking=tuple(each for each in ranking if each.points is not None),
    )


def _as_report(machine: LiveMachine) -> Report:
    """Return a machine as the listing of memory that its kernel would print."""
    snapshot = machine.snapshot
    zones = tuple(replace(zone, counters=_counters(zone, machine)) for zone in snapshot.zones)
    memory = snapshot.meminfo
    swap = None
    if "SwapTotal_kb" in memory:
        total, free = (
            memory.get(name, 0) // machine.page_size_kb for name in ("SwapTotal_kb", "SwapFree_kb")
        )
        swap = Swap(total=total, free=free)
    managed = sum(zone.managed or 0 for zone in zones)
    ram = max(memory.get("MemTotal_kb", 0) // machine.page_size_kb, managed)  # a container may show less
    return Report(
        kind="show_mem",
        first_line=1,
        last_line=1,
        kernel=snapshot.kernel,
        page_size_kb=machine.page_size_kb,
        totals={"ram": ram, "reserved": 0},
        zones=zones,
        swap=swap,
        tasks=machine.tasks,
    )


def _counters(zone: ZoneStat, machine: LiveMachine) -> dict[str, int]:
    """Return what a zone counts, and under the names of a report what is kept in it for some requests.

    Of what is kept for urgent ones the free pages are counted. Up to 6.11 all of it counts, free or not:
    then less may be to spare. Source: mm/vmstat.c, ``vmstat_text``; oomlab.alloc_flags, ``highatomic_free``.
    """
    counters = dict(zone.counters)
    if "nr_free_cma" in counters:
        counters["free_cma"] = counters["nr_free_cma"]
    kept = machine.blocks.get((zone.node or 0, zone.name, "HighAtomic"))
    if kept is not None:
        pages = sum(blocks << order for order, blocks in enumerate(kept))
        counters |= {"free_highatomic": pages, "reserved_highatomic": pages}
    return counters


def _has_zone(report: Report, name: str) -> bool:
    return any(zone.name == name and zone.size != 0 for zone in report.zones)


def _room(report: Report, request: str, mask: GfpMask) -> Room:
    judged = tuple(each for each in verdicts(report, mask) if each.zone.size != 0)
    asked = [each for each in judged if each.allowed]
    spare = [max(0, each.spare) for each in asked if each.spare is not None]
    cache = [pages for each in asked if (pages := _cache(each.zone, mask)) is not None]
    return Room(
        request=request,
        spare=sum(spare) if spare else None,
        cache=sum(cache) if cache else None,
        zones=judged,
    )


def _cache(zone: ZoneStat, mask: GfpMask) -> int | None:
    """Return the page cache of a zone whose pages a request could have; it may fill what is CMA's."""
    file = [zone.counters[name] for name in _FILE if name in zone.counters]
    if not file:
        return None
    in_cma = 0 if mask.movable else zone.counters.get("cma", 0) - zone.counters.get("free_cma", 0)
    return max(0, sum(file) - max(0, in_cma))


def _orders(report: Report, machine: LiveMachine) -> Orders:
    """Try one order after the other, until none is free or a zone does not show whether it has one."""
    most, least = (
        tuple(
            replace(each, free_blocks=_blocks_to_give(each, machine, is_least=is_least))
            for each in report.zones
            if each.size != 0
        )
        for is_least in (False, True)
    )
    largest = max((each.order for zone in most for each in zone.free_blocks or ()), default=None)
    served = None
    for order in range((largest if largest is not None else -1) + 1):
        asking = replace(report, trigger=Trigger(order=order))
        asked, sure = (
            [each for each in verdicts(replace(asking, zones=zones), _MASKS["kernel"]) if each.allowed]
            for zones in (most, least)
        )
        if any(each.block for each in sure):
            served = order
        elif asked and all(each.refused for each in asked):
            has_small_blocks = any(each.block is False for each in asked)
            return Orders(largest, served, order, "blocks" if has_small_blocks else "pages")
        else:
            break
    return Orders(largest, served)


def _blocks_to_give(zone: ZoneStat, machine: LiveMachine, *, is_least: bool) -> tuple[FreeBlocks, ...] | None:
    """Return the free blocks of a zone without those of a type that is kept back.

    Where the types are not shown: all of them, or the least there are, for what is free of CMA may be the
    largest of them.
    """
    if zone.free_blocks is None:
        return None
    kept = [machine.blocks.get((zone.node or 0, zone.name, name), ()) for name in _KEPT]
    given = [
        each._replace(
            blocks=max(0, each.blocks - sum(one[each.order] for one in kept if each.order < len(one)))
        )
        for each in zone.free_blocks
    ]
    if not is_least or any(kept):
        return tuple(given)
    hidden = zone.counters.get("free_cma", 0)
    for place in range(len(given) - 1, -1, -1):
        each = given[place]
        taken = min(each.blocks, -(-hidden >> each.order) if hidden > 0 else 0)
        given[place], hidden = each._replace(blocks=each.blocks - taken), hidden - (taken << each.order)
    return tuple(given)


def _group_rooms(machine: LiveMachine, report: Report) -> tuple[GroupRoom, ...]:
    groups = sorted(machine.groups, key=lambda each: each.left_kb + (each.file_kb or 0))
    return tuple(GroupRoom(group, _chosen_in(group, machine, report)) for group in groups)


def _chosen_in(group: Group, machine: LiveMachine, report: Report) -> Scored | None:
    """Return who would be chosen by the group's own limit, of which scores are a part there.

    What of the machine's swap counts depends on the swappiness of a group, which need not be shown.
    """
    if group.at_limit == "none":
        return None
    inside = group.path.rstrip("/") + "/"
    members = {pid for pid, path in machine.members.items() if f"{path}/".startswith(inside)}
    memcg = Memcg(limit_kb=group.limit_kb, swap_limit_kb=group.swap_limit_kb, memsw=group.memsw)
    tasks = tuple(task for task in report.tasks if task.pid in members)
    asking = replace(report, scope="memcg", memcg=memcg, tasks=tasks)
    winners = [
        next((each for each in ranking if each.points is not None), None) for ranking in rankings(asking)
    ]
    return winners[0] if len({each and each.task.pid for each in winners}) == 1 else None
