"""The report's numbers beside the model's own: what is left over says how good the fit is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.fitting.sysctls import (
    Key,
    Ratio,
    hidden_boosts,
    lowmem_zones,
    modelled_reserves,
    present_of,
    unboosted,
)
from oomlab.fitting.watermarks import WatermarkFit
from oomlab.kernel import KernelVersion
from oomlab.machine import Arch, Machine
from oomlab.report import Report, ZoneStat
from oomlab.rules import rules_for
from oomlab.watermarks import watermarks
from oomlab.zone_model import zones


class Residual(NamedTuple):
    """A number of the report beside the model's, in pages."""

    zone: str
    quantity: str
    reported: int
    modelled: int

    @property
    def off(self) -> int:
        """How far the model is off."""
        return self.modelled - self.reported


def watermarks_off(
    report: Report, fits: Sequence[WatermarkFit], sizes: Mapping[Key, int], min_free_kbytes: int | None
) -> Iterator[Residual]:
    """Compare the watermarks of every lowmem zone with those that its rule gives."""
    lowmem = lowmem_zones(report) if min_free_kbytes is not None else []
    total = sum(sizes.get((zone.node, zone.name), 0) for zone in lowmem)
    rules = {(each.node, each.zone): each.rule for each in fits}
    boosts = hidden_boosts(fits)
    for zone in lowmem:
        key = (zone.node, zone.name)
        printed = unboosted(zone, boosts)
        if printed is None or key not in sizes:
            continue
        assert min_free_kbytes is not None
        modelled = watermarks(
            sizes[key],
            lowmem=total,
            min_free_kbytes=min_free_kbytes,
            formula=rules[key] or "quarters_or_scale",
            page_size_kb=report.page_size_kb,
        )
        yield Residual(zone.name, "min", printed.min, modelled.min)
        yield Residual(zone.name, "low", printed.low, modelled.low)
        yield Residual(zone.name, "high", printed.high, modelled.high)


def reserves_off(report: Report, sizes: Mapping[Key, int], ratios: Sequence[Ratio]) -> Iterator[Residual]:
    """Compare ``lowmem_reserve`` with what the sizes give."""
    known = kernel_zones(report)
    if known is None:
        return
    for node in nodes(report):
        by_name = {zone.name: sizes[zone.node, zone.name] for zone in node if (zone.node, zone.name) in sizes}
        rows = modelled_reserves(by_name, *known, ratios)
        for zone in node:
            pairs = zip(zone.lowmem_reserve or (), rows.get(zone.name, ()), strict=False)
            for upper, (reported, modelled) in enumerate(pairs):
                yield Residual(zone.name, f"lowmem_reserve[{upper}]", reported, modelled)


def sizes_off(report: Report, machine: Machine | None) -> Iterator[Residual]:
    """Compare the sizes of the zones with those of the machine that was inferred."""
    derived = {zone.name: zone for zone in zones(machine)} if machine is not None else {}
    for zone in report.zones if derived else ():
        model = derived.get(zone.name)
        present = present_of(zone)
        if model is None or present is None:
            continue
        bounds = zone.present_bounds if zone.present is None else None
        low, high = bounds or (present, present)
        yield Residual(zone.name, "present", min(max(model.present, low), high), model.present)
        if zone.managed is not None:
            yield Residual(zone.name, "managed", zone.managed, model.managed)


def nodes(report: Report) -> list[list[ZoneStat]]:
    """Return the zones of each node."""
    nodes = dict.fromkeys(zone.node for zone in report.zones)
    return [[zone for zone in report.zones if zone.node == node] for node in nodes]


def kernel_zones(report: Report) -> tuple[tuple[str, ...], KernelVersion] | None:
    """Return the names of all zones of the report's kernel, and its version; ``None`` where it is no PC's."""
    if report.kernel is None:
        return None
    names = {zone.name for zone in report.zones}
    version = report.kernel.version
    arch: Arch = "x86_64" if "DMA32" in names else "i386"
    try:
        every = rules_for(Machine(kernel=version, arch=arch, ram=0)).zones
    except MachineError:  # a kernel before lowmem_reserve has no rule for it
        return None
    return (every, version) if names <= {*every, "Device"} and "DMA" in names else None
