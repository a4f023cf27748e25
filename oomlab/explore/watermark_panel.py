"""The controls of the watermark calculator, and the machine that they describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from oomlab.explore.controls import AnyControl, Choice, Number, Slider, doubling_steps
from oomlab.explore.explorer import Panel, Values
from oomlab.explore.machines import KERNELS, build_choice, built, ram_slider, reachable
from oomlab.kernel import KernelVersion
from oomlab.machine import Machine
from oomlab.memory_map import layout
from oomlab.rules import rules_for
from oomlab.words import several

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
    """Give the machine's ``lowmem_reserve_ratio``: its own, or what its kernel starts with."""
    return machine.lowmem_reserve_ratio or rules_for(machine).ratios


def chosen(machine: Machine, settings: Settings) -> Machine:
    """Give the machine that the controls describe; what nobody changed stays the kernel's choice."""
    changed = built(
        replace(machine, ram=settings.ram, min_free_kbytes=settings.min_free_kbytes or None), settings.build
    )
    if settings.kernel != str(machine.kernel):
        changed = replace(changed, kernel=KernelVersion.of(settings.kernel))
    if settings.scale != (machine.watermark_scale_factor or 10):
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
        presets=PRESETS if machine == Machine() else {},
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
            steps=tuple(sorted({*SCALE_STEPS, settings.scale, machine.watermark_scale_factor or 10})),
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
