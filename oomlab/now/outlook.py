"""Judge a living machine: which request, group or order would fail next, and who would be chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from oomlab.badness import Scored, rank
from oomlab.gfp import GfpMask, decode_gfp
from oomlab.now.reading import Group, LiveMachine
from oomlab.report import FreeBlocks, Report, Swap, Trigger, ZoneStat
from oomlab.verdict import Verdict, verdicts

_REQUESTS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("process", 0x100CCA, ("GFP_HIGHUSER_MOVABLE",)),
    ("kernel", 0xCC0, ("GFP_KERNEL",)),
    ("dma32", 0xCC4, ("GFP_KERNEL", "__GFP_DMA32")),
)
"""Requests for one page: their name, and a mask; its names decide what the number means."""

_KEPT = ("HighAtomic", "CMA", "Isolate")
"""Types of free blocks that an ordinary request of the kernel's may not use."""

_COUNTERS = {"nr_free_cma": "free_cma", "nr_free_highatomic": "free_highatomic"}
"""Counters that a report names otherwise."""

_FILE = ("nr_zone_active_file", "nr_zone_inactive_file", "nr_active_file", "nr_inactive_file")


class Room(NamedTuple):
    """How far one kind of request is from failing, in pages.

    ``spare`` is what the zones that it may use have above their watermarks, ``cache`` the page cache in them,
    which would be dropped before; ``zones`` are all zones, judged.
    """

    request: str
    spare: int
    cache: int
    zones: tuple[Verdict, ...]

    @property
    def pages(self) -> int:
        """All that stands between now and a failure, swap aside."""
        return self.spare + self.cache


class GroupRoom(NamedTuple):
    """A group with a limit, and who would be chosen if it met that."""

    group: Group
    chosen: Scored | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would fail next on a machine.

    ``rooms`` are the kinds of request, ``first`` that of any process or of the kernel with the least room.
    ``order`` is the smallest order for which no zone has a free block to give, ``None`` where all have;
    ``largest_order`` is the largest that this kernel counts, ``None`` where it does not show its free blocks;
    ``groups`` are those with a limit, the fullest first. In ``ranking`` the first would be chosen.
    """

    machine: LiveMachine
    rooms: tuple[Room, ...]
    order: int | None
    largest_order: int | None
    groups: tuple[GroupRoom, ...]
    ranking: tuple[Scored, ...]

    @property
    def first(self) -> Room:
        """The request that would fail first; of two that share all zones, the kernel's.

        Requests for DMA32 do not count: hardly any driver makes one.
        """
        usual = [room for room in self.rooms if room.request != "dma32"]
        return min(usual, key=lambda room: (room.pages, room.request != "kernel"))

    @property
    def first_group(self) -> GroupRoom | None:
        """The group that would meet its limit before any request fails, if there is one."""
        room_kb = self.first.pages * self.machine.page_size_kb
        found = (each for each in self.groups if each.group.left_kb + (each.group.file_kb or 0) < room_kb)
        return next(found, None)


def look(machine: LiveMachine) -> Outlook:
    """Judge a machine by the rules of its kernel."""
    report = _as_report(machine)
    ranking = rank(report)
    rooms = [_room(report, name, _mask(value, names)) for name, value, names in _REQUESTS]
    return Outlook(
        machine=machine,
        rooms=tuple(room for room in rooms if room.request != "dma32" or _has_zone(report, "DMA32")),
        order=_first_order_without_block(report, machine),
        largest_order=_largest_order(report),
        groups=_group_rooms(machine, ranking),
        ranking=tuple(each for each in ranking if each.points is not None),
    )


def _as_report(machine: LiveMachine) -> Report:
    """Return a machine as the listing of memory that its kernel would print."""
    snapshot = machine.snapshot
    zones = tuple(replace(zone, counters=_counters(zone)) for zone in snapshot.zones)
    memory = snapshot.meminfo
    swap = None
    if "SwapTotal_kb" in memory:
        total, free = (
            memory.get(name, 0) // machine.page_size_kb for name in ("SwapTotal_kb", "SwapFree_kb")
        )
        swap = Swap(total=total, free=free)
    managed = sum(zone.managed or 0 for zone in zones)
    ram = memory["MemTotal_kb"] // machine.page_size_kb if "MemTotal_kb" in memory else managed
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


def _counters(zone: ZoneStat) -> dict[str, int]:
    return dict(zone.counters) | {
        ours: zone.counters[theirs] for theirs, ours in _COUNTERS.items() if theirs in zone.counters
    }


def _mask(value: int, names: tuple[str, ...]) -> GfpMask:
    return decode_gfp(value, names=names)


def _has_zone(report: Report, name: str) -> bool:
    zone = report.find_zone(name)
    return zone is not None and bool(zone.size)


def _room(report: Report, request: str, mask: GfpMask) -> Room:
    judged = tuple(each for each in verdicts(report, mask) if each.zone.size)
    asked = [each for each in judged if each.allowed]
    return Room(
        request=request,
        spare=sum(max(0, each.spare or 0) for each in asked),
        cache=sum(each.zone.counters.get(name, 0) for each in asked for name in _FILE),
        zones=judged,
    )


def _largest_order(report: Report) -> int | None:
    """Return the largest order that a kernel counts: how it was built, and its page size, decide that."""
    orders = [each.order for zone in report.zones for each in zone.free_blocks or ()]
    return max(orders, default=None)


def _first_order_without_block(report: Report, machine: LiveMachine) -> int | None:
    """Return the smallest order that a request of the kernel's would not get now, without compaction.

    A zone that does not show its blocks may have one of any order.
    """
    zones = tuple(
        replace(each, free_blocks=_blocks_to_give(each, machine)) for each in report.zones if each.size
    )
    for order in range(1, (_largest_order(report) or 0) + 1):
        asking = replace(report, zones=zones, trigger=Trigger(order=order))
        judged = [each for each in verdicts(asking, _mask(*_REQUESTS[1][1:])) if each.allowed]
        if all(each.refused for each in judged):
            return order
    return None


def _blocks_to_give(zone: ZoneStat, machine: LiveMachine) -> tuple[FreeBlocks, ...] | None:
    """Return the free blocks of a zone without those of a type that is kept back, where that is shown."""
    if zone.free_blocks is None:
        return None
    kept = [machine.blocks.get((zone.node or 0, zone.name, name), ()) for name in _KEPT]
    return tuple(
        each._replace(
            blocks=max(0, each.blocks - sum(one[each.order] for one in kept if each.order < len(one)))
        )
        for each in zone.free_blocks
    )


def _group_rooms(machine: LiveMachine, ranking: tuple[Scored, ...]) -> tuple[GroupRoom, ...]:
    groups = sorted(machine.groups, key=lambda each: each.left_kb + (each.file_kb or 0))
    return tuple(GroupRoom(group, _chosen_in(group, machine, ranking)) for group in groups)


def _chosen_in(group: Group, machine: LiveMachine, ranking: tuple[Scored, ...]) -> Scored | None:
    inside = group.path.rstrip("/") + "/"
    members = {pid for pid, path in machine.members.items() if f"{path}/".startswith(inside)}
    return next((each for each in ranking if each.points is not None and each.task.pid in members), None)
