"""From a machine and a workload to the engine's plan, and from its snapshots to a trajectory."""

from __future__ import annotations

from functools import lru_cache

from oomlab.errors import MachineError, require
from oomlab.machine import INCIDENT, Machine, entries_per_table, swap_map_pages
from oomlab.memory_map import more_lowmem
from oomlab.mmzone import is_highmem
from oomlab.rules import has_buffer_head_fix, rules_for
from oomlab.simulation.engine import Engine
from oomlab.simulation.plan import EngineEvent, Plan, Snapshot
from oomlab.simulation.trajectory import Event, State, Trajectory
from oomlab.simulation.workload import INCIDENT_WORKLOAD, Pinned, Workload, buffer_head_limit, pinned_by_page
from oomlab.units import human_kb, kb
from oomlab.zone_model import Zone, zones


def simulate(
    machine: Machine | None = None, workload: Workload | None = None, start: State | None = None
) -> Trajectory:
    """Run a workload on a machine until it is done or the OOM killer is called.

    Without arguments it is the incident's machine and its copy. ``start`` is a state to
    begin from, with zones of its own: a sample of a real kernel, for example. Without it
    the machine boots, and holds what was there before by the workload. Raises
    :class:`MachineError` when that does not even fit.

    >>> incident = simulate()
    >>> incident.outcome, incident.zone, round(incident.end.page_cache)
    ('oom', 'Normal', 7891000)
    """
    machine = INCIDENT if machine is None else machine
    workload = INCIDENT_WORKLOAD if workload is None else workload
    require(machine, Machine, "simulate takes a Machine first, such as INCIDENT")
    require(workload, Workload, "simulate takes a Workload second, such as INCIDENT_WORKLOAD")
    first = start or boot(machine, workload)
    pinned = pinned_by_page(machine, workload)
    plan = plan_of(machine, workload, first.zones, pinned)
    engine = Engine(plan, Snapshot(0.0, first.free, first.cache, first.anon, first.pinned, first.swap_used))
    engine.run()
    return Trajectory(
        machine=machine,
        workload=workload,
        pinned=pinned,
        states=tuple(_state(first, plan, snapshot) for snapshot in engine.snapshots),
        events=tuple(_event(machine, first, pinned, plan, each) for each in engine.events),
        outcome="survives" if engine.failed is None else "oom",
        zone=None if engine.failed is None else first.zones[engine.failed].name,
        booted=start is None,
        margin_pages=_margin(engine),
    )


# --- where each request goes -----------------------------------------------------------------


def kernel_class(zones: tuple[Zone, ...]) -> int:
    """Return the number of the zone that the kernel's own requests name: the highest of lowmem."""
    return max(i for i, zone in enumerate(zones) if not is_highmem(zone.name))


def user_class(zones: tuple[Zone, ...]) -> int:
    """Return the number of the zone that file and anonymous pages name: HighMem, where there is some."""
    high = [i for i, zone in enumerate(zones) if zone.name == "HighMem" and zone.managed]
    return high[0] if high else kernel_class(zones)


# --- the state after boot --------------------------------------------------------------------


def boot(machine: Machine, workload: Workload) -> State:
    """Return the state before the workload: booted, with what was there before by its account."""
    derived = _zones_of(machine)
    free = [float(zone.managed) for zone in derived]
    anon = [0.0] * len(derived)
    user, kernel = user_class(derived), kernel_class(derived)
    tables = user if machine.highpte else kernel
    for asked, pages, what in (
        (kernel, workload.other_lowmem + workload.other_slab, "other lowmem"),
        (tables, workload.page_tables, "page tables"),
        (user, swap_map_pages(machine), "the map of the swap space"),
    ):
        _place(machine, derived, free, asked, pages, what)
    for number, given in _place(machine, derived, free, user, workload.anon, "anonymous memory"):
        anon[number] = given
    nothing = (0.0,) * len(derived)
    return State(zones=derived, free=tuple(free), cache=nothing, anon=tuple(anon), pinned=nothing)


@lru_cache(maxsize=1024)
def _zones_of(machine: Machine) -> tuple[Zone, ...]:
    """Derive a machine's zones once: a map of many workloads asks again and again."""
    return zones(machine)


def _place(
    machine: Machine, derived: tuple[Zone, ...], free: list[float], asked: int, pages: float, what: str
) -> list[tuple[int, float]]:
    """Take pages from the zones of a request as they come; return what each gave."""
    given = []
    left, extra = float(pages), rules_for(machine).slack
    for number in range(asked, -1, -1):
        zone = derived[number]
        spare = free[number] - zone.watermark_min - zone.lowmem_reserve[asked] - extra
        part = min(left, max(0.0, spare))
        free[number] -= part
        left -= part
        given.append((number, part))
    if left > 0:
        size = human_kb(kb(round(pages)))
        is_lowmem = asked == kernel_class(derived)
        zones, remedy = ("lowmem", more_lowmem(machine)) if is_lowmem else ("RAM", "give it more RAM")
        raise MachineError(f"{what} of {size} does not fit into {zones} after boot: {remedy}")
    return given


# --- the engine's plan -----------------------------------------------------------------------


def plan_of(machine: Machine, workload: Workload, zones: tuple[Zone, ...], pinned: Pinned) -> Plan:
    """Derive every number that the engine needs."""
    extra = rules_for(machine).slack
    length = float(workload.file or workload.anon_growth or workload.lowmem_growth)
    per_unit = 1 / length if length else 0.0
    user, kernel = user_class(zones), kernel_class(zones)
    tables = 1 / entries_per_table(machine)
    beside = machine.highpte or user == kernel
    return Plan(
        min=tuple(float(zone.watermark_min + extra) for zone in zones),
        low=tuple(float(zone.watermark_low + extra) for zone in zones),
        high=tuple(float(zone.watermark_high + extra) for zone in zones),
        reserve=tuple(tuple(map(float, zone.lowmem_reserve)) for zone in zones),
        user=user,
        kernel=kernel,
        pinned=pinned.total,
        tables=0.0 if beside else tables,
        tables_beside=tables if beside else 0.0,
        file=workload.file * per_unit,
        anon=workload.anon_growth * per_unit,
        other=workload.lowmem_growth * per_unit,
        length=length,
        swap=float(machine.swap),
        evictable_above=_too_much_cache(machine, zones, pinned),
    )


def _too_much_cache(machine: Machine, zones: tuple[Zone, ...], pinned: Pinned) -> float | None:
    """Return the page cache at which its buffer_heads are over the limit that the fix acts on."""
    no_highmem = user_class(zones) == kernel_class(zones)
    if no_highmem or not has_buffer_head_fix(machine) or not pinned.buffer_heads:
        return None
    rules = rules_for(machine)
    lowmem = sum(getattr(zone, rules.counted) for zone in zones[: kernel_class(zones) + 1])
    return buffer_head_limit(machine, lowmem) / (pinned.buffer_heads * rules.buffer_head.per_page)


# --- what came of it -------------------------------------------------------------------------


def _event(machine: Machine, start: State, pinned: Pinned, plan: Plan, event: EngineEvent) -> Event:
    return Event(
        kind=event.kind,  # type: ignore[arg-type]
        progress=_progress(plan, event.done),
        written=event.done * plan.file,
        page_cache=event.cache,
        zone=start.zones[event.zone].name,
        request=_request(machine, pinned, plan, event),
    )


def _progress(plan: Plan, done: float) -> float:
    return min(1.0, done / plan.length) if plan.length else 1.0


def _state(start: State, plan: Plan, snapshot: Snapshot) -> State:
    return State(
        zones=start.zones,
        free=snapshot.free,
        cache=snapshot.cache,
        anon=snapshot.anon,
        pinned=snapshot.pinned,
        swap_used=snapshot.swap_used,
        progress=_progress(plan, snapshot.done),
        written=snapshot.done * plan.file,
    )


def _request(machine: Machine, pinned: Pinned, plan: Plan, event: EngineEvent) -> str:
    """Name what had been asked for.

    A buffer_head is asked for with GFP_NOFS, which never calls the OOM killer: it takes a
    bystander's GFP_KERNEL request, a page table as in the incident, or a process's stack.
    """
    if event.asked == plan.user:
        return "anonymous page" if plan.anon else "file page" if plan.file else "kernel memory"
    if event.kind == "oom":
        return "kernel stack" if machine.highpte else "page table"
    if not plan.file:
        return "page table" if plan.anon else "kernel memory"
    return "buffer_head" if pinned.buffer_heads else "radix_tree_node"


def _margin(engine: Engine) -> float | None:
    plan = engine.plan
    if plan.user == plan.kernel or engine.failed == plan.user:
        return None
    if engine.failed is None:
        return min(_lowmem_room(plan, snapshot) for snapshot in engine.snapshots)
    return -_lowmem_short(engine)


def _lowmem_room(plan: Plan, snapshot: Snapshot) -> float:
    """Return the lowmem that a request of the kernel could still have had."""
    zones = range(plan.kernel + 1)
    return sum(max(0.0, snapshot.free[i] - plan.min[i] - plan.reserve[i][plan.kernel]) for i in zones)


def _lowmem_short(engine: Engine) -> float:
    """Return the lowmem that was missing until HighMem's kswapd, the fix or the end of the work."""
    plan = engine.plan
    per_unit = plan.pinned * plan.file + plan.tables * plan.anon + plan.other
    work = [plan.length - engine.done]
    if not engine.contents.balanced[plan.user] and plan.file + plan.anon:
        work.append((engine.contents.free[plan.user] - plan.low[plan.user]) / (plan.file + plan.anon))
    if plan.evictable_above is not None and plan.file:
        work.append((plan.evictable_above - sum(engine.contents.cache)) / plan.file)
    return per_unit * max(0.0, min(work))
