"""The watermark calculator: sysctls to marks and reserves, and a request held against them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from oomlab.errors import MachineError
from oomlab.explore.explorer import Explorer, Values, View, blank
from oomlab.explore.machines import build_of, script
from oomlab.explore.request_sum import RequestSum, request_sum
from oomlab.explore.watermark_panel import Settings, chosen, ratios_of, watermark_panel
from oomlab.explore.watermark_picture import draw_watermarks
from oomlab.explore.zone_map import trouble_sentence
from oomlab.machine import Machine
from oomlab.rules import rules_for
from oomlab.units import kb
from oomlab.words import several
from oomlab.zone_model import Zone, zones


class WatermarkCalculator(Explorer):
    """Turn the sysctls behind a zone's marks, and judge a request by them, to the page.

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
        machine = machine or Machine()
        ratios = dict(zip(rules_for(machine).zones, ratios_of(machine), strict=False))
        start: Values = {
            "ram": machine.ram,
            "build": build_of(machine),
            "kernel": str(machine.kernel),
            "min_free_kbytes": machine.min_free_kbytes or 0,
            "scale": machine.watermark_scale_factor or 10,
            "ratio_dma": ratios["DMA"],
            "ratio_normal": ratios["Normal"],
            "request": request,
            "asked": asked,
            "order": 0,
            "free": free,
        }
        panel, view = partial(watermark_panel, machine), partial(watermark_view, machine)
        super().__init__("Watermarks and reserves", panel=panel, view=view, start=start)


def watermark_view(machine: Machine, **values: Any) -> View:
    """Derive marks and reserves, and hold the request against them."""
    settings = Settings(**values)
    changed = chosen(machine, settings)
    code = _code(changed, settings)
    try:
        derived = zones(changed)
    except MachineError as error:
        return View(sentence=trouble_sentence(str(error)), draw=blank, table=(), code=code)
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
    mistake = f" ({judged.by_mistake} are left out by a mistake, mended in 3.3)" if judged.by_mistake else ""
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
        "from oomlab.watermarks import headroom",
        "from oomlab.zone_model import Machine, zones",
        "",
        f'zone = next(each for each in zones({{machine}}) if each.name == "{settings.asked}")',
        f"headroom({terms}, order={settings.order})",
    )
