"""The zone map: where RAM lies, what the kernel reaches of it, and what mem_map costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from oomlab.errors import MachineError
from oomlab.explore.controls import Choice, Slider
from oomlab.explore.explorer import Explorer, Panel, Values, View
from oomlab.explore.machines import (
    RAM_STEPS,
    build_choice,
    build_of,
    built,
    ram_slider,
    reachable,
    script,
    size,
)
from oomlab.explore.zone_bill import Share, lowmem_shares, prices
from oomlab.explore.zone_map_picture import draw_zones
from oomlab.machine import Machine
from oomlab.memory_map import layout
from oomlab.mmzone import VM_SPLITS, is_highmem
from oomlab.rules import rules_for

VMALLOC_STEPS = (0, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640, 768, 896)
PRESETS: dict[str, Values] = {
    "The incident": {"ram": 32 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "16 GiB": {"ram": 16 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "64 GiB": {"ram": 64 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "2G/2G split": {"ram": 32 << 18, "build": "i386 PAE", "split": "2G/2G", "vmalloc": 0},
    "No PAE": {"ram": 32 << 18, "build": "i386", "split": "3G/1G", "vmalloc": 0},
    "64-bit": {"ram": 32 << 18, "build": "x86_64", "split": "3G/1G", "vmalloc": 0},
}


class ZoneMap(Explorer):
    """Choose RAM, kernel, VM split and vmalloc, and see the zones and the price of mem_map.

    All that no control changes is taken from ``machine``: the incident's, if none is given.
    """

    def __init__(self, machine: Machine | None = None) -> None:
        machine = machine or Machine()
        names = {offset: name for name, offset in splits(machine).items()}
        start: Values = {
            "ram": machine.ram,
            "build": build_of(machine),
            "split": names[machine.page_offset],
            "vmalloc": machine.vmalloc_mib or 0,
        }
        panel, view = partial(zone_panel, machine), partial(zone_view, machine)
        super().__init__("Zones of a machine", panel=panel, view=view, start=start)


def zone_panel(machine: Machine, *, ram: int, build: str, split: str, vmalloc: int) -> Panel:
    """Declare the sliders; a 64-bit kernel has neither a VM split nor a vmalloc area to pay for."""
    wide = build == "x86_64"
    vmalloc_slider = Slider(
        name="vmalloc",
        label="vmalloc=",
        value=vmalloc,
        steps=tuple(sorted({*VMALLOC_STEPS, machine.vmalloc_mib or 0})),
        readout=lambda mib: f"{mib} MiB" if mib else "kernel's own",
        hint="64-bit: room for vmalloc costs nothing"
        if wide
        else "taken from the kernel's part, so from lowmem",
        off=wide,
    )
    split_choice = Choice(
        name="split",
        label="VM split, process/kernel",
        value=split,
        options={each: each for each in splits(machine)},
        hint="64-bit: there is room for all" if wide else "",
        off=wide,
    )
    return Panel(
        controls=(ram_slider(ram, machine.ram), build_choice(build), split_choice, vmalloc_slider),
        presets=PRESETS if machine == Machine() else {},
    )


def splits(machine: Machine) -> dict[str, int]:
    """Name the VM splits on offer, the machine's own among them."""
    own = {} if machine.page_offset in VM_SPLITS.values() else {hex(machine.page_offset): machine.page_offset}
    return {**VM_SPLITS, **own}


def chosen(machine: Machine, *, ram: int, build: str, split: str, vmalloc: int) -> Machine:
    """Give the machine that the controls describe."""
    changed = built(replace(machine, ram=ram), build)
    if changed.arch == "x86_64":
        return changed
    return replace(changed, page_offset=splits(machine)[split], vmalloc_mib=vmalloc or None)


# --- in words ---------------------------------------------------------------------------------------


def zone_view(machine: Machine, *, ram: int, build: str, split: str, vmalloc: int) -> View:
    """Derive the zones of the machine that the controls describe, and say what mem_map costs it."""
    asked = chosen(machine, ram=ram, build=build, split=split, vmalloc=vmalloc)
    used = reachable(asked)
    try:
        shares, trouble = lowmem_shares(used), None
    except MachineError as error:
        shares, trouble = (), str(error)
    return View(
        sentence=trouble_sentence(trouble) if trouble else " ".join(_sentences(asked, used, shares)),
        draw=partial(draw_zones, ram, used, shares, prices(replace(asked, ram=RAM_STEPS[0]))),
        table=tuple(_rows(used, shares)),
        code=script(used, "from oomlab.zone_model import Machine, zones", "", "zones({machine})"),
    )


def trouble_sentence(reason: str) -> str:
    """Say that a machine does not boot, and why."""
    return f"This machine does not boot: {reason}."


def _sentences(asked: Machine, used: Machine, shares: Sequence[Share]) -> Iterator[str]:
    extents = layout(used)
    lowmem = sum(each.kernel + each.mem_map + each.free for each in shares)
    high = sum(each.ram for each in extents if is_highmem(each.name))
    names = ", ".join(each.zone for each in shares)
    if high:
        yield f"The kernel reaches {size(lowmem)} directly ({names}); the other {size(high)} are HighMem."
    else:
        yield f"The kernel reaches all {size(lowmem)} directly ({names}): there is no HighMem."
    unused = asked.ram - sum(each.ram for each in extents)
    if unused > 2**8:
        yield f"For {size(unused)} it has no addresses."
    mem_map = sum(each.mem_map for each in shares)
    yield (
        f"mem_map, {rules_for(used).struct_page_bytes} bytes for each page frame of the machine, "
        f"costs {size(mem_map)}: {100 * mem_map / lowmem:.1f} % of lowmem."
    )


def _rows(machine: Machine, shares: Sequence[Share]) -> Iterator[tuple[str, ...]]:
    yield "zone", "first page frame", "frames spanned", "pages of RAM", "kernel", "mem_map", "free after boot"
    by_zone = {each.zone: each for each in shares}
    for extent in layout(machine):
        share = by_zone.get(extent.name)
        parts = (share.kernel, share.mem_map, share.free) if share else (0, 0, extent.ram)
        numbers = (extent.start_pfn, extent.spanned, extent.ram, *parts)
        yield extent.name, *(f"{each:,}" for each in numbers)
