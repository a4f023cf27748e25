"""How the zone map is drawn: all memory, lowmem under a glass, and the price of mem_map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomlab.explore.machines import RAM_STEPS, ram_size, size
from oomlab.explore.picture import Anchor, Box, Label, Mark, Picture, Rule
from oomlab.explore.zone_bill import Price, Share
from oomlab.machine import Machine
from oomlab.memory_map import layout, lowmem_end, memory_map
from oomlab.palette import swatch

PARTS = ("kernel", "mem_map", "free")
"""What lowmem goes to: fields of a :class:`Share`, and swatches."""

MEMORY, GLASS, LEGEND, CHART = 40, 118, 194, 276
"""Where the parts of the picture begin, in pixels from the top."""


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
    yield Rule(0.5, MEMORY + 16, 0.5, GLASS)
    yield Rule(low / end * width, MEMORY + 16, width, GLASS)
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
        yield Rule(x, GLASS, x, GLASS + 46)
        free = max(free, x) + 4
        yield Label(free, GLASS + 58, share.zone, bold=True)
        free += 9 * len(share.zone) + 8


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

AXIS, RISE = 44, 100
"""Room left of the chart for its scale, and the chart's height."""


def _draw_prices(ram: int, prices: Sequence[Price], top: float, width: int) -> Iterator[Mark]:
    yield Label(0, top - 18, "mem_map's part of lowmem, by RAM", size=12, tone="muted")
    for percent in (0, 50, 100):
        y = top + RISE * (1 - percent / 100)
        yield Rule(AXIS, y, width, y)
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
