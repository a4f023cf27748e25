"""The watermark calculator: sysctls to watermarks and reserves, and a request held against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from oomlab.errors import MachineError
from oomlab.explore.machines import (
    KERNELS,
    build_choice,
    build_of,
    built,
    ram_slider,
    reachable,
    refusal,
    script,
)
from oomlab.explore.widgets.controls import AnyControl, Choice, Number, Slider, doubling_steps
from oomlab.explore.widgets.explorer import Explorer, Panel, Values, View, blank
from oomlab.explore.widgets.picture import Box, Label, Line, Mark, Picture
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Machine
from oomlab.memory_map import layout
from oomlab.rules import on_kernel, rules_for
from oomlab.units import kb
from oomlab.watermarks import DEFAULT_SCALE, headroom
from oomlab.words import several
from oomlab.zone_model import Zone, zones

REQUESTS = {"DMA": "GFP_DMA", "DMA32": "GFP_DMA32", "Normal": "GFP_KERNEL", "HighMem": "GFP_HIGHUSER"}
"""For each zone, a mask that names it as the highest that will do."""
PRESETS: dict[str, Values] = {
    "Page table from Normal": {"request": "Normal", "asked": "Normal", "free": 2014, "order": 0},
    "Page table from DMA": {"request": "Normal", "asked": "DMA", "free": 906, "order": 0},
    "Cache from HighMem": {"request": "HighMem", "asked": "HighMem", "free": 140_481, "order": 0},
    "Cache from Normal": {"request": "HighMem", "asked": "Normal", "free": 222_502, "order": 0},
}
"""What the incident's machine was asked for, and what its zones had free (Normal at most)."""
SCALE_STEPS = (1, 2, 5, 10, 20, 50, 100, 150, 200, 300, 500, 750, 1000)
RATIO_STEPS = doubling_steps(1, 1024, parts=1)
ROW = 22
"""Pixels from one row of the table to the next."""
DIGIT = 9
"""Pixels that a digit of a column takes at most, bold, with its share of the gap."""


class WatermarkCalculator(Explorer):
    """Turn the sysctls behind a zone's watermarks, and judge a request by them, to the page.

    All that no control changes is taken from ``machine``: the incident's, if none is given. The
    request is for one page in zone ``request`` or below, held against zone ``asked`` with ``free`` pages.
    """

    def __init__(
        self,
        machine: Machine | None = None,
        *,
        request: str = "Normal",
        asked: str = "Normal",
        free: int = 2014,
    ) -> None:
        machine = machine or INCIDENT
        ratios = dict(zip(rules_for(machine).zones, ratios_of(machine), strict=False))
        start: Values = {
            "ram": machine.ram,
            "build": build_of(machine),
            "kernel": str(machine.kernel),
            "min_free_kbytes": machine.min_free_kbytes or 0,
            "scale": machine.watermark_scale_factor or DEFAULT_SCALE,
            "ratio_dma": ratios["DMA"],
            "ratio_normal": ratios["Normal"],
            "request": request,
            "asked": asked,
            "order": 0,
            "free": free,
        }
        panel, view = partial(watermark_panel, machine), partial(watermark_view, machine)
        super().__init__(
            "Watermarks and reserves",
            panel=panel,
            view=view,
            start=start,
            machine=lambda **values: chosen(machine, Settings(**values)),
        )


def watermark_view(machine: Machine, **values: Any) -> View:
    """Derive watermarks and reserves, and hold the request against them."""
    settings = Settings(**values)
    changed = chosen(machine, settings)
    code = _code(changed, settings)
    try:
        derived = zones(changed)
    except MachineError as error:
        return View(sentence=refusal(str(error)), draw=blank, table=(), code=code)
    judged = request_sum(
        changed,
        derived,
        request=settings.request,
        asked=settings.asked,
        free=settings.free,
        order=settings.order,
    )
    field = rules_for(changed).counted
    populated = [zone for zone in derived if zone.present]
    return View(
        sentence=" ".join(_sentences(judged)),
        draw=partial(draw_watermarks, judged, derived, field),
        table=tuple(_rows(derived, populated, field)),
        code=code,
    )


def _sentences(judged: RequestSum) -> Iterator[str]:
    asked, verb = judged.zone.name, "is more than" if judged.passes else "is not more than"
    mistake = (
        f" ({judged.by_mistake} are left out by a mistake, repaired in 3.3)" if judged.by_mistake else ""
    )
    yield f"{asked} has {several(judged.free, 'page')} free, and {judged.left:,} of them count{mistake}."
    marks = f"min {judged.zone.watermark_min:,} + lowmem_reserve {judged.reserve:,} = {judged.needed:,}"
    yield f"That {verb} {marks}:"
    if not judged.passes:
        yield f"a request for {judged.request} is refused, {several(judged.lacking, 'page')} short."
    elif judged.order:
        block = several(1 << judged.order, "page")
        yield f"a request for {judged.request} passes, if a block of {block} is free."
    else:
        yield f"a request for {judged.request} passes, by {several(judged.spare, 'page')}."


def _rows(derived: Sequence[Zone], populated: Sequence[Zone], field: str) -> Iterator[tuple[str, ...]]:
    names = [zone.name for zone in derived]
    kept = [f"kept from {zone.name}" for zone in populated]
    yield "zone", f"{field}, pages", "min", "low", "high", "min, kB", "low, kB", "high, kB", *kept
    for zone in populated:
        marks = (zone.watermark_min, zone.watermark_low, zone.watermark_high)
        reserves = (zone.lowmem_reserve[names.index(each.name)] for each in populated)
        numbers = (getattr(zone, field), *marks, *map(kb, marks), *reserves)
        yield zone.name, *(f"{each:,}" for each in numbers)


def _code(machine: Machine, settings: Settings) -> str:
    names = list(rules_for(machine).zones)
    reserve = f"zone.lowmem_reserve[{names.index(settings.request)}]"
    terms = f'{settings.free}, zone.watermark_min, {reserve}, "{machine.kernel}"'
    return script(
        machine,
        "from oomlab import INCIDENT, zones",
        "from oomlab.watermarks import headroom",
        "",
        f'zone = next(each for each in zones({{machine}}) if each.name == "{settings.asked}")',
        f"headroom({terms}, order={settings.order})",
    )


# --- the controls ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the controls say: a machine's size, kernel and sysctls, and a request."""

    ram: int
    build: str
    kernel: str
    min_free_kbytes: int
    scale: int
    ratio_dma: int
    ratio_normal: int
    request: str
    asked: str
    order: int
    free: int


def ratios_of(machine: Machine) -> tuple[int, ...]:
    """Return the machine's ``lowmem_reserve_ratio``: its own, or what its kernel starts with."""
    return machine.lowmem_reserve_ratio or rules_for(machine).ratios


def chosen(machine: Machine, settings: Settings) -> Machine:
    """Return the machine that the controls describe; what nobody changed stays the kernel's choice."""
    changed = built(
        replace(machine, ram=settings.ram, min_free_kbytes=settings.min_free_kbytes or None), settings.build
    )
    if settings.kernel != str(machine.kernel):
        changed = on_kernel(changed, KernelVersion.of(settings.kernel))
    if settings.scale != (machine.watermark_scale_factor or DEFAULT_SCALE):
        changed = replace(changed, watermark_scale_factor=settings.scale)
    by_zone = {"DMA": settings.ratio_dma, "DMA32": settings.ratio_dma, "Normal": settings.ratio_normal}
    rules = rules_for(changed)
    ratios = tuple(by_zone.get(name, ratio) for name, ratio in zip(rules.zones, rules.ratios, strict=True))
    own = machine.lowmem_reserve_ratio is None and ratios == rules.ratios
    return reachable(replace(changed, lowmem_reserve_ratio=None if own else ratios))


def watermark_panel(machine: Machine, **values: Any) -> Panel:
    """Declare the controls; the zones on offer are the machine's, and no request falls upwards."""
    settings = Settings(**values)
    changed = chosen(machine, settings)
    names = [extent.name for extent in layout(changed) if extent.ram]
    request = settings.request if settings.request in names else names[-1]
    lower = names[: names.index(request) + 1]
    asked = settings.asked if settings.asked in lower else lower[-1]
    return Panel(
        controls=(
            *_machine_controls(machine, settings),
            *_sysctl_controls(machine, settings, changed),
            *_request_controls(settings, names, request, lower, asked),
        ),
        presets=PRESETS if machine == INCIDENT else {},
    )


def _machine_controls(machine: Machine, settings: Settings) -> tuple[AnyControl, ...]:
    kernels = sorted({*KERNELS, str(machine.kernel)}, key=KernelVersion.of)
    return (
        ram_slider(settings.ram, machine.ram),
        build_choice(settings.build),
        Choice(
            name="kernel", label="Version", value=settings.kernel, options={each: each for each in kernels}
        ),
    )


def _sysctl_controls(machine: Machine, settings: Settings, changed: Machine) -> tuple[AnyControl, ...]:
    scaled = rules_for(changed).watermarks == "quarters_or_scale"
    wide = "DMA and DMA32" if "DMA32" in rules_for(changed).zones else "DMA"
    starting_scale = machine.watermark_scale_factor or DEFAULT_SCALE
    return (
        Slider(
            name="min_free_kbytes",
            label="min_free_kbytes",
            value=settings.min_free_kbytes,
            steps=tuple(
                sorted(
                    {0, *doubling_steps(128, 2**18), settings.min_free_kbytes, machine.min_free_kbytes or 0}
                )
            ),
            readout=lambda size: f"{size:,} kB" if size else "kernel's own",
        ),
        Slider(
            name="scale",
            label="watermark_scale_factor",
            value=settings.scale,
            steps=tuple(sorted({*SCALE_STEPS, settings.scale, starting_scale})),
            readout=lambda scale: f"{scale}",
            hint="in 10,000ths of the zone" if scaled else "since Linux 4.6",
            off=not scaled,
        ),
        _ratio_slider("ratio_dma", wide, settings.ratio_dma),
        _ratio_slider("ratio_normal", "Normal", settings.ratio_normal),
    )


def _ratio_slider(name: str, zone: str, value: int) -> Slider:
    return Slider(
        name=name,
        label=f"lowmem_reserve_ratio, {zone}",
        value=value,
        steps=tuple(sorted({*RATIO_STEPS, value})),
        readout=lambda ratio: f"1/{ratio}" if ratio else "0",
    )


def _request_controls(
    settings: Settings, names: Sequence[str], request: str, lower: Sequence[str], asked: str
) -> tuple[AnyControl, ...]:
    masks = {name: f"{name} ({REQUESTS[name]})" for name in names}
    return (
        Choice(name="request", label="The request names", value=request, options=masks),
        Choice(
            name="asked", label="and is held against", value=asked, options={each: each for each in lower}
        ),
        Number(name="free", label="Free there", unit="pages", value=settings.free, low=0, high=2**25),
        Slider(
            name="order",
            label="Order",
            value=settings.order,
            steps=tuple(range(11)),
            readout=lambda order: f"{order}: {several(1 << order, 'page')}",
        ),
    )


# --- one request ----------------------------------------------------------------------------------


class RequestSum(NamedTuple):
    """``free - set_aside > watermark_min + reserve``, in pages, and by how much it holds.

    ``spare`` above zero passes. The request names zone ``request`` and is held against ``zone``.
    ``by_mistake`` pages of those set aside should not be: some kernels miscount
    (:func:`oomlab.watermarks.slack`).
    """

    request: str
    zone: Zone
    order: int
    free: int
    set_aside: int
    reserve: int
    spare: int
    by_mistake: int

    @property
    def passes(self) -> bool:
        """Whether the zone has enough pages; a block of the right size is another question."""
        return self.spare > 0

    @property
    def left(self) -> int:
        """The free pages that count: what the kernel compares with watermark and reserve."""
        return self.free - self.set_aside

    @property
    def needed(self) -> int:
        """What the free pages that count must exceed."""
        return self.zone.watermark_min + self.reserve

    @property
    def lacking(self) -> int:
        """Pages more that would let the request pass."""
        return max(0, 1 - self.spare)


def request_sum(
    machine: Machine, derived: Sequence[Zone], *, request: str, asked: str, free: int, order: int
) -> RequestSum:
    """Hold a request against a zone of a machine, whose zones are ``derived``.

    >>> from oomlab.zone_model import zones
    >>> request_sum(INCIDENT, zones(INCIDENT), request="Normal", asked="DMA", free=906, order=0).spare
    0

    Source: mm/page_alloc.c, ``__zone_watermark_ok``.
    """
    names = [zone.name for zone in derived]
    zone = derived[names.index(asked)]
    reserve = zone.lowmem_reserve[names.index(request)]
    spare = headroom(free, zone.watermark_min, reserve, machine.kernel, order=order)
    set_aside = free - zone.watermark_min - reserve - spare
    by_mistake = rules_for(machine).slack
    return RequestSum(request, zone, order, free, set_aside, reserve, spare, by_mistake)


# --- as a picture ---------------------------------------------------------------------------------


def draw_watermarks(judged: RequestSum, derived: Sequence[Zone], field: str, width: int) -> Picture:
    """Draw every populated zone's watermarks and reserves in pages, and the request that is judged.

    ``field`` names the pages that watermarks are shares of: ``"present"`` or ``"managed"``.
    """
    table, bottom = _draw_table(judged, derived, field, width)
    marks = (*table, *_draw_sum(judged, bottom + 34), *_draw_gauge(judged, bottom + 122, width))
    return Picture(width=width, height=bottom + 220, marks=marks)


def _draw_table(
    judged: RequestSum, derived: Sequence[Zone], field: str, width: int
) -> tuple[list[Mark], int]:
    """Draw zones as columns; what the sum takes from the table is bold. Return the height it ends at.

    Where the numbers would meet each other or the labels, each label has a line of its own above them.
    """
    columns = [zone for zone in derived if zone.present]
    rows = _table_rows(derived, columns, field)
    left = 150 if width >= 520 else 118
    longest = max(len(f"{number:,}") for _, _, numbers in rows for number in numbers)
    is_stacked = (width - left) / len(columns) < DIGIT * longest
    if is_stacked:
        left = 0
    step = (width - left) / len(columns)
    used = {"min", f"kept from {judged.request}"}
    marks: list[Mark] = [Label(0, 14, "pages", size=12, tone="muted")]
    for n, zone in enumerate(columns):
        marks.append(Label(left + (n + 1) * step, 14, zone.name, "end", bold=zone is judged.zone))
    marks.append(Line(0, 21, width, 21))
    y = 38 - ROW
    for label, key, numbers in rows:
        y += ROW
        marks.append(Label(0, y, label, bold=label in used, tone="muted" if is_stacked else "ink"))
        if key:
            at = 96 if left == 0 else left - 54
            marks.append(Line(at, y - 4, at + 30, y - 4, key))
        y += 18 if is_stacked else 0
        for n, number in enumerate(numbers):
            bold = label in used and columns[n] is judged.zone
            marks.append(Label(left + (n + 1) * step, y, f"{number:,}", "end", bold=bold))
    return marks, y


def _table_rows(
    derived: Sequence[Zone], columns: Sequence[Zone], field: str
) -> list[tuple[str, str, list[int]]]:
    """Return each row of the table: its label, its swatch or nothing, and a number for each zone."""
    names = [zone.name for zone in derived]
    return [
        (field, "", [getattr(zone, field) for zone in columns]),
        *(
            (name, f"watermark_{name}", [getattr(zone, f"watermark_{name}") for zone in columns])
            for name in ("min", "low", "high")
        ),
        *(
            (
                f"kept from {upper.name}",
                "",
                [zone.lowmem_reserve[names.index(upper.name)] for zone in columns],
            )
            for upper in columns[1:]
        ),
    ]


def _draw_sum(judged: RequestSum, top: float) -> Iterator[Mark]:
    """Write the kernel's test in words, with its numbers, and worked out."""
    mark, spare = judged.zone.watermark_min, judged.spare
    aside = f"{judged.free:,} − {judged.set_aside:,}"
    rest = f"{mark:,} + {judged.reserve:,}"
    yield Label(0, top, f"free − {judged.set_aside} > min + lowmem_reserve", mono=True, tone="muted")
    yield Label(0, top + 24, f"{aside} > {rest}", size=15, mono=True)
    compared = f"{judged.left:,} {'>' if judged.passes else '≯'} {judged.needed:,}"
    yield Label(0, top + 50, compared, size=15, bold=True, mono=True)
    verdict = (
        f"passes, {several(spare, 'page')} to spare"
        if judged.passes
        else f"refused, {several(judged.lacking, 'page')} short"
    )
    yield Label(0, top + 74, verdict, bold=True, tone="safe" if judged.passes else "danger")


def _draw_gauge(judged: RequestSum, top: float, width: int) -> Iterator[Mark]:
    """Draw what counts as free against the reserve and the three watermarks above it, to one scale."""
    zone, base = judged.zone, judged.reserve
    above = " + reserve" if base else ""
    marks = (("min", zone.watermark_min), ("low", zone.watermark_low), ("high", zone.watermark_high))
    texts = [f"{name}{above} {base + mark:,}" for name, mark in marks]
    room = max(len(text) for text in texts) * 7 + 8
    scale = width / max(1, (base + zone.watermark_high) * width / (width - room), judged.left)
    yield Box(0, top + 44, width, 28)
    yield Box(0, top + 44, max(0, judged.left) * scale, 28, "free", f"{judged.left:,} pages count")
    if base:
        yield Box(0, top + 44, base * scale, 10, "reserve", f"lowmem_reserve: {base:,} pages")
    for row, ((name, mark), text) in enumerate(zip(marks, texts, strict=True)):
        x, y = (base + mark) * scale, top + 14 * row
        yield Line(x, y, x, top + 72, f"watermark_{name}")
        yield Label(x + 5, y + 10, text, size=12)
    caption = f"free pages of {zone.name} that count" + ("; hatched: reserve" if base else "")
    yield Label(0, top + 90, caption, size=12, tone="muted")
