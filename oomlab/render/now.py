"""What would fail next on a living machine, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oomlab.badness import Scored
from oomlab.diagnosis.services import service_of
from oomlab.now import Group, GroupRoom, Outlook, Room
from oomlab.render.blocks import block, heading, wrapped
from oomlab.render.safe import plain
from oomlab.report import ZoneStat
from oomlab.units import human_kb
from oomlab.words import listed

_GROUPS_SHOWN, _CHOSEN_SHOWN = 5, 3
_REQUESTS = {
    "process": "a page for a process",
    "kernel": "a page for the kernel",
    "dma32": "a page for a 32-bit device",
}
_SCHEMA = 1
_UNKNOWN = "What would fail first is not shown"


def now_text(outlook: Outlook, *, width: int = 96, bold: bool = False) -> str:
    """Return what would fail next, by how much, and who would be chosen, with what could not be seen."""
    blocks = [
        ("Requests", wrapped(_requests(outlook), width)),
        ("Zones", _zones(outlook)),
        ("Order", wrapped([_order(outlook)], width)),
        ("Groups", wrapped(_groups(outlook), width)),
        ("Chosen", wrapped(_chosen(outlook), width)),
        ("Pressure", wrapped(_pressure(outlook), width)),
        ("Hidden", wrapped(outlook.machine.hidden, width)),
    ]
    head = "\n".join([heading(_headline(outlook), bold), _origin(outlook)])
    return "\n\n".join([head, *(block(title, lines, bold) for title, lines in blocks if lines)]) + "\n"


def now_line(outlook: Outlook) -> str:
    """Return the same as one line, for a list that grows while one watches."""
    parts = [_first_in_a_line(outlook)]
    if outlook.groups:
        group = outlook.groups[0].group
        first = "first " if outlook.first_group is outlook.groups[0] else ""
        parts.append(f"{first}{plain(group.path)}: {human_kb(group.left_kb)} left")
    if outlook.ranking:
        parts.append(f"next {_name(outlook.ranking[0])}")
    if outlook.machine.pressure:
        parts.append(f"pressure {outlook.machine.pressure.some:.2f} %")
    return "; ".join(parts)


def _first_in_a_line(outlook: Outlook) -> str:
    first, size = outlook.first, outlook.machine.page_size_kb
    if first is None:
        return _UNKNOWN
    cache = "" if first.cache is None else f", {human_kb(first.cache * size)} cache"
    return f"{_REQUESTS[first.request]}: {_least(first)}{first.spare or 0:,} pages free{cache}"


def now_as_dict(outlook: Outlook) -> dict[str, Any]:
    """Return the same as plain data for JSON; names are as the machine has them."""
    machine, page_kb = outlook.machine, outlook.machine.page_size_kb
    return {
        "schema": _SCHEMA,
        "kernel": machine.snapshot.kernel.text if machine.snapshot.kernel else None,
        "page_size_kb": page_kb,
        "first": outlook.first.request if outlook.first else None,
        "first_group": outlook.first_group.group.path if outlook.first_group else None,
        "requests": [_room_as_dict(room, page_kb) for room in outlook.rooms],
        "orders": outlook.orders._asdict(),
        "groups": [
            _group_as_dict(each.group) | {"chosen": _chosen_as_dict(each.chosen, outlook)}
            for each in outlook.groups
        ],
        "chosen": [_chosen_as_dict(each, outlook) for each in outlook.ranking[:_CHOSEN_SHOWN]],
        "pressure": None
        if machine.pressure is None
        else {"some_avg10": machine.pressure.some, "full_avg10": machine.pressure.full},
        "panics": machine.panics,
        "kills_asker": machine.kills_asker,
        "hidden": list(machine.hidden),
    }


def _room_as_dict(room: Room, page_kb: int) -> dict[str, Any]:
    return {
        "request": room.request,
        "spare_pages": room.spare,
        "cache_kb": None if room.cache is None else room.cache * page_kb,
        "zones": [
            {
                "node": each.zone.node,
                "name": each.zone.name,
                "free_pages": each.zone.free,
                "min_pages": each.zone.watermark_min,
                "reserve_pages": each.reserve,
                "is_allowed": each.allowed,
                "spare_pages": each.spare,
            }
            for each in room.zones
        ],
    }


def _group_as_dict(group: Group) -> dict[str, Any]:
    return {
        "path": group.path,
        "usage_kb": group.usage_kb,
        "limit_kb": group.limit_kb,
        "left_kb": group.left_kb,
        "file_kb": group.file_kb,
        "oom_kills": group.oom_kills,
        "at_limit": group.at_limit,
    }


def _chosen_as_dict(chosen: Scored | None, outlook: Outlook) -> dict[str, Any] | None:
    if chosen is None:
        return None
    return {
        "pid": chosen.task.pid,
        "comm": chosen.task.comm,
        "pages": chosen.pages,
        "oom_score_adj": chosen.task.oom_score_adj,
        "oom_score": outlook.machine.scores.get(chosen.task.pid),
        "memcg": outlook.machine.members.get(chosen.task.pid),
    }


# --- words ------------------------------------------------------------------------------------


def _headline(outlook: Outlook) -> str:
    first, size = outlook.first, outlook.machine.page_size_kb
    if outlook.first_group is not None:
        group = outlook.first_group.group
        left = f"{human_kb(group.left_kb)} are left of {human_kb(group.limit_kb)}"
        return f"The first to run out would be the control group {plain(group.path)}: {left}."
    if first is None:
        return f"{_UNKNOWN}."
    room = f"{_least(first)}{human_kb((first.spare or 0) * size)} are free above the watermarks of its zones"
    cache = (
        f", and {human_kb(first.cache * size)} of page cache would be dropped before" if first.cache else ""
    )
    return f"The first to fail would be {_REQUESTS[first.request]}: {room}{cache}."


def _least(room: Room) -> str:
    """Return "at least" where a zone does not show what it has."""
    return "at least " if room.uncounted else ""


def _origin(outlook: Outlook) -> str:
    machine = outlook.machine
    kernel = machine.snapshot.kernel
    version = plain(kernel.text) if kernel else "of unknown version"
    return f"Linux {version}, " + ("now" if machine.root == "/" else f"as {plain(machine.root)} shows it")


def _requests(outlook: Outlook) -> Iterator[str]:
    several = any(each.zone.node for each in outlook.rooms[0].zones)
    for room in outlook.rooms:
        zones = [_zone_name(each.zone, several) for each in room.asked]
        names = listed(zones, "or") if zones else "zones that are not shown"
        yield f"{_REQUESTS[room.request]}, from {names}: {_room(room, outlook.machine.page_size_kb, several)}"


def _room(room: Room, size: int, has_several_nodes: bool) -> str:
    """Return how much one kind of request has, as far as its zones show it."""
    if room.spare is None:
        return "how much is not shown"
    without = [_zone_name(zone, has_several_nodes) for zone in room.uncounted]
    return (
        f"{_least(room)}{room.spare:,} pages to spare ({human_kb(room.spare * size)})"
        + (f", {listed(without)} not counted" if without else "")
        + (
            ", page cache not shown"
            if room.cache is None
            else f", {human_kb(room.cache * size)} of page cache"
        )
    )


def _zones(outlook: Outlook) -> list[str]:
    kernel = next(room for room in outlook.rooms if room.request == "kernel")
    several = any(each.zone.node for each in kernel.zones)
    names = [_zone_name(each.zone, several) for each in kernel.zones]
    unit = f"pages of {outlook.machine.page_size_kb} kB"
    first = max(map(len, [*names, unit])) + 2
    titles = ("free", "min", "low", "high", "reserve")
    rows = [f"{unit:<{first}}" + "".join(f"{title:>11}" for title in titles)]
    for name, each in zip(names, kernel.zones, strict=True):
        zone = each.zone
        numbers = (zone.free, zone.watermark_min, zone.watermark_low, zone.watermark_high, each.reserve)
        shown = "".join(f" {'-' if number is None else format(number, ','):>10}" for number in numbers)
        rows.append(f"{plain(name):<{first}}{shown}")
    return rows


def _zone_name(zone: ZoneStat, has_several_nodes: bool) -> str:
    return f"{zone.name} of node {zone.node}" if has_several_nodes else zone.name


def _order(outlook: Outlook) -> str:
    orders, size = outlook.orders, outlook.machine.page_size_kb
    if orders.refused is not None:
        block = human_kb((1 << orders.refused) * size)
        wanted = f"{block} in a row" if orders.refused else "a single page"
        if orders.lacks == "pages":
            return (
                f"No zone has {wanted} above its watermarks (order {orders.refused}): such a request "
                "reclaims memory first, or fails where it may not wait."
            )
        return (
            f"No zone has a free block of order {orders.refused} ({block} in a row) to give to the kernel: "
            "such a request waits until one is made, or fails where it may not wait."
        )
    if orders.served is None:
        return ""
    which = f"Blocks of every size up to order {orders.served}" if orders.served else "Single pages"
    rest = "" if orders.served == orders.largest else "; whether larger blocks are, is not shown"
    return f"{which} are free for the kernel{rest}."


def _groups(outlook: Outlook) -> Iterator[str]:
    for each in outlook.groups[:_GROUPS_SHOWN]:
        group = each.group
        service = service_of(group.path)
        name = plain(group.path) + (f" ({plain(service.words)})" if service else "")
        cache = f", {human_kb(group.file_kb)} of what it holds is page cache" if group.file_kb else ""
        if group.file_kb is None:
            cache = ", page cache not shown"
        kills = f"; {group.oom_kills} killed there so far" if group.oom_kills else ""
        yield (
            f"{name}: {human_kb(group.left_kb)} left of the {human_kb(group.limit_kb)} it may use"
            f"{cache}{kills}{_at_limit(each)}."
        )
    if len(outlook.groups) > _GROUPS_SHOWN:
        yield f"and {len(outlook.groups) - _GROUPS_SHOWN} more with a limit (see --json)"


def _at_limit(room: GroupRoom) -> str:
    """Say who would be killed at the limit of a group."""
    if room.group.at_limit == "none":
        return "; at its limit nobody is killed, and its processes wait (oom_kill_disable)"
    if room.chosen is None:
        return ""
    others = ", and all others in it with it" if room.group.at_limit == "all" else ""
    return f"; {_name(room.chosen)} would be chosen{others}"


def _chosen(outlook: Outlook) -> Iterator[str]:
    size = outlook.machine.page_size_kb
    if outlook.machine.panics:
        yield "nobody: the machine panics instead (vm.panic_on_oom)"
        return
    if outlook.machine.kills_asker:
        yield "whoever asks for the page that is not there (vm.oom_kill_allocating_task); else"
    for place, each in enumerate(outlook.ranking[:_CHOSEN_SHOWN]):
        adj = f", oom_score_adj {each.task.oom_score_adj}" if each.task.oom_score_adj else ""
        score = outlook.machine.scores.get(each.task.pid)
        own = "" if score is None else f", oom_score {score}"
        least = "" if each.exact else "at least "
        held = "" if each.pages is None else f": {least}{human_kb(each.pages * size)}"
        yield f"{'then ' if place else ''}{_name(each)}{held}{adj}{own}"
    other = outlook.first_by_score
    if other is not None:
        yield f"but by the kernel's own oom_score {_name(other)} comes first"


def _name(chosen: Scored) -> str:
    return f"{plain(chosen.task.comm)} (pid {chosen.task.pid})"


def _pressure(outlook: Outlook) -> list[str]:
    pressure = outlook.machine.pressure
    if pressure is None:
        return []
    full = "" if pressure.full is None else f", all of it {pressure.full:.2f} %"
    return [f"Of the last 10 seconds some work waited for memory {pressure.some:.2f} % of the time{full}."]
