"""The zone map: where RAM lies, what the kernel reaches of it, and what mem_map costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.explore.machines import (
    RAM_STEPS,
    build_choice,
    build_of,
    built,
    ram_size,
    ram_slider,
    reachable,
    refusal,
    script,
    size,
)
from oomlab.explore.widgets.controls import Choice, Slider
from oomlab.explore.widgets.explorer import Explorer, Panel, Values, View
from oomlab.explore.widgets.picture import Anchor, Box, Label, Line, Mark, Picture
from oomlab.machine import INCIDENT, Machine
from oomlab.memory_map import layout, lowmem_end, memory_map
from oomlab.mmzone import VM_SPLITS, is_highmem
from oomlab.palette import swatch
from oomlab.rules import rules_for
from oomlab.units import mib_to_pages
from oomlab.zone_model import zones

VMALLOC_STEPS = (0, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640, 768, 896)
PRESETS: dict[str, Values] = {
    "The incident": {"ram": 32 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "16 GiB": {"ram": 16 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "64 GiB": {"ram": 64 << 18, "build": "i386 PAE", "split": "3G/1G", "vmalloc": 0},
    "2G/2G split": {"ram": 32 << 18, "build": "i386 PAE", "split": "2G/2G", "vmalloc": 0},
    "No PAE": {"ram": 32 << 18, "build": "i386", "split": "3G/1G", "vmalloc": 0},
    "64-bit": {"ram": 32 << 18, "build": "x86_64", "split": "3G/1G", "vmalloc": 0},
}

PARTS = ("kernel", "mem_map", "free")
"""What lowmem goes to: fields of a :class:`Share`, and swatches."""
MEMORY, GLASS, LEGEND, CHART = 40, 118, 194, 276
"""Where the parts of the picture begin, in pixels from the top."""
AXIS, RISE = 44, 100
"""Room left of the chart for its scale, and the chart's height."""


class ZoneMap(Explorer):
    """Choose RAM, kernel, VM split and vmalloc, and see the zones and the price of mem_map.

    All that no control changes is taken from ``machine``: the incident's, if none is given.
    """

    def __init__(self, machine: Machine | None = None) -> None:
        machine = machine or INCIDENT
        names = {offset: name for name, offset in splits(machine).items()}
        start: Values = {
            "ram": machine.ram,
            "build": build_of(machine),
            "split": names[machine.page_offset],
            "vmalloc": machine.vmalloc_mib or 0,
        }
        panel, view = partial(zone_panel, machine), partial(zone_view, machine)
        super().__init__(
            "Zones of a machine", panel=panel, view=view, start=start, machine=partial(chosen, machine)
        )


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
        presets=PRESETS if machine == INCIDENT else {},
    )


def splits(machine: Machine) -> dict[str, int]:
    """Return the VM splits on offer, the machine's own among them."""
    own = {} if machine.page_offset in VM_SPLITS.values() else {hex(machine.page_offset): machine.page_offset}
    return {**VM_SPLITS, **own}


def chosen(machine: Machine, *, ram: int, build: str, split: str, vmalloc: int) -> Machine:
    """Return the machine that the controls describe."""
    changed = built(replace(machine, ram=ram), build)
    if changed.arch == "x86_64":
        return changed
    return replace(changed, page_offset=splits(machine)[split], vmalloc_mib=vmalloc or None)


# --- in words ---------------------------------------------------------------------------------------


def zone_view(machine: Machine, *, ram: int, build: str, split: str, vmalloc: int) -> View:
    """Derive the zones of the machine that the controls describe, and what mem_map costs it."""
    asked = chosen(machine, ram=ram, build=build, split=split, vmalloc=vmalloc)
    used = reachable(asked)
    try:
        shares, trouble = lowmem_shares(used), None
    except MachineError as error:
        shares, trouble = (), str(error)
    return View(
        sentence=refusal(trouble) if trouble else " ".join(_sentences(asked, used, shares)),
        draw=partial(draw_zones, ram, used, shares, prices(replace(asked, ram=RAM_STEPS[0]))),
        table=tuple(_rows(used, shares)),
        code=script(used, "from oomlab import INCIDENT, zones", "", "zones({machine})"),
    )


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
    if unused > mib_to_pages(1):
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


# --- the price of mem_map -------------------------------------------------------------------------


class Share(NamedTuple):
    """What a zone's RAM goes to before the first process runs, in pages."""

    zone: str
    start_pfn: int
    spanned: int
    kernel: int
    mem_map: int
    free: int


def lowmem_shares(machine: Machine) -> tuple[Share, ...]:
    """Divide every zone that the kernel maps into kernel, mem_map and what is left.

    mem_map lies in the highest of them, whichever zone it describes.
    Raises :class:`MachineError` for a machine that does not boot.

    >>> [(each.zone, each.mem_map, each.free) for each in lowmem_shares(INCIDENT)]
    [('DMA', 0, 966), ('Normal', 67585, 135901)]
    """
    derived = zones(machine)
    mem_map = sum(zone.memmap for zone in derived)
    mapped = [
        (extent, zone.managed)
        for extent, zone in zip(layout(machine), derived, strict=True)
        if extent.ram and not is_highmem(extent.name)
    ]
    payers = [mem_map if extent is mapped[-1][0] else 0 for extent, _ in mapped]
    return tuple(
        Share(extent.name, extent.start_pfn, extent.spanned, extent.ram - free - paid, paid, free)
        for (extent, free), paid in zip(mapped, payers, strict=True)
    )


class Price(NamedTuple):
    """What mem_map costs a machine of some RAM, in pages; ``None`` where it does not boot."""

    ram: int
    mem_map: int | None
    lowmem: int | None

    @property
    def part(self) -> float | None:
        """The part of lowmem that mem_map takes."""
        return None if self.mem_map is None or not self.lowmem else self.mem_map / self.lowmem


def price(machine: Machine) -> Price:
    """Return what mem_map costs a machine.

    >>> price(INCIDENT)
    Price(ram=8388608, mem_map=67585, lowmem=228238)
    """
    try:
        shares = lowmem_shares(reachable(machine))
    except MachineError:
        return Price(machine.ram, None, None)
    lowmem = sum(each.kernel + each.mem_map + each.free for each in shares)
    return Price(machine.ram, sum(each.mem_map for each in shares), lowmem)


@lru_cache(maxsize=64)
def prices(machine: Machine) -> tuple[Price, ...]:
    """Return what mem_map costs as RAM grows; ``machine.ram`` plays no part."""
    return tuple(price(replace(machine, ram=ram)) for ram in RAM_STEPS)


# --- as a picture ---------------------------------------------------------------------------------


def draw_zones(
    ram: int, machine: Machine, shares: Sequence[Share], prices: Sequence[Price], width: int
) -> Picture:
    """Draw a machine's memory to scale, its lowmem enlarged, and mem_map's price for any RAM."""
    narrow = width < 520
    chart = CHART + (28 if narrow else 0)
    marks = (
        *_draw_memory(machine, width),
        *_draw_glass(machine, shares, width),
        *_draw_legend(shares, width, narrow),
        *_draw_prices(ram, prices, chart, width),
    )
    return Picture(width=width, height=chart + 124, marks=marks)


def _draw_memory(machine: Machine, width: int) -> Iterator[Mark]:
    end, low = memory_map(machine)[-1][1], lowmem_end(machine)
    wide = "; empty where devices lie" if width >= 520 else ""
    yield Label(0, 14, f"Physical memory by address, to scale{wide}", size=12, tone="muted")
    yield Label(width, 14, size(end), "end", size=12, tone="muted")
    yield Box(0, MEMORY - 18, width, 34)
    for first, last in memory_map(machine):
        for start, stop, faint in ((first, min(last, low), False), (max(first, low), last, True)):
            if start < stop:
                yield Box(
                    start / end * width, MEMORY - 18, (stop - start) / end * width, 34, "free", "RAM", faint
                )
    high = next((extent for extent in layout(machine) if extent.name == "HighMem"), None)
    if high and high.spanned / end * width > 140:
        middle = (high.start_pfn + high.spanned / 2) / end * width
        yield Label(middle, MEMORY + 4, f"HighMem, {size(high.ram)}", "middle")


def _draw_glass(machine: Machine, shares: Sequence[Share], width: int) -> Iterator[Mark]:
    """Draw lowmem over the full width, with lines that show what was enlarged, and how much."""
    end, low = memory_map(machine)[-1][1], lowmem_end(machine)
    yield Line(0.5, MEMORY + 16, 0.5, GLASS)
    yield Line(low / end * width, MEMORY + 16, width, GLASS)
    scale = "to the same scale" if end == low else f"drawn {end / low:.3g}×"
    yield Label(6, GLASS - 8, f"lowmem, {scale}", size=12, tone="muted")
    yield Box(0, GLASS, width, 40, "" if shares else "danger")
    for share in shares:
        yield from _draw_share(share, low, width)
    yield from _draw_names(shares, low, width)


def _draw_share(share: Share, low: int, width: int) -> Iterator[Mark]:
    left = share.start_pfn
    for part in PARTS:
        pages = getattr(share, part)
        title = f"{share.zone}, {swatch(part).term}: {size(pages)}"
        yield Box(left / low * width, GLASS, pages / low * width, 40, part, title)
        left += pages


def _draw_names(shares: Sequence[Share], low: int, width: int) -> Iterator[Mark]:
    """Write the zones' names where the zones begin, or as soon after as there is room."""
    free = 0.0
    for share in shares:
        x = max(0.5, share.start_pfn / low * width)
        yield Line(x, GLASS, x, GLASS + 46)
        free = max(free, x) + 4
        if free + 9 * len(share.zone) > width:  # a zone that begins at the very end
            yield Label(width, GLASS + 58, share.zone, "end", bold=True)
        else:
            yield Label(free, GLASS + 58, share.zone, bold=True)
        free += 9 * len(share.zone) + 16


def _draw_legend(shares: Sequence[Share], width: int, narrow: bool) -> Iterator[Mark]:
    total = sum(getattr(share, part) for share in shares for part in PARTS)
    for n, part in enumerate(PARTS if shares else ()):
        pages = sum(getattr(share, part) for share in shares)
        x, y = (0.0, LEGEND + 22 * n) if narrow else (n * width / 3, LEGEND)
        percent = _percent(pages / total)
        yield Box(x, y, 14, 14, part)
        yield Label(x + 20, y + 12, f"{swatch(part).term}, {size(pages)}")
        yield (
            Label(width, y + 12, percent, "end", bold=True)
            if narrow
            else Label(x + 20, y + 31, percent, bold=True)
        )
    if not shares:
        yield Label(0, LEGEND + 12, "does not boot", bold=True, tone="danger")


# --- the price of mem_map ---------------------------------------------------------------------------


def _draw_prices(ram: int, prices: Sequence[Price], top: float, width: int) -> Iterator[Mark]:
    yield Label(0, top - 18, "mem_map's part of lowmem, by RAM", size=12, tone="muted")
    for percent in (0, 50, 100):
        y = top + RISE * (1 - percent / 100)
        yield Line(AXIS, y, width, y)
        yield Label(AXIS - 6, y + 4, f"{percent} %", "end", size=11, tone="muted")
    here = min(prices, key=lambda each: abs(each.ram - ram))
    step = (width - AXIS) / len(prices)
    for n, each in enumerate(prices):
        yield from _draw_price(each, AXIS + n * step, top, step, each is here)
        if each.ram in RAM_STEPS[::8]:
            anchor: Anchor = "end" if each is prices[-1] else "middle"
            x = width if anchor == "end" else AXIS + (n + 0.5) * step
            yield Label(x, top + RISE + 16, ram_size(each.ram), anchor, 11, tone="muted")


def _draw_price(price: Price, x: float, top: float, step: float, here: bool) -> Iterator[Mark]:
    part = price.part
    if part is None:
        yield Box(x + 1, top, step - 2, RISE, "danger", f"{ram_size(price.ram)}: does not boot", not here)
        return
    title = f"{ram_size(price.ram)}: {_percent(part)} of lowmem"
    yield Box(x + 1, top + RISE * (1 - part), step - 2, RISE * part, "mem_map", title, not here)
    if here:
        # The bars to the left are no higher, so that the figure stands clear of them.
        yield Label(x + step, top + RISE * (1 - part) - 5, _percent(part), "end", bold=True)


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"
