"""What boot takes from the zones that the kernel maps, and what mem_map takes of that."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from oomlab.errors import MachineError
from oomlab.explore.machines import RAM_STEPS, reachable
from oomlab.machine import Machine
from oomlab.memory_map import layout
from oomlab.mmzone import is_highmem
from oomlab.zone_model import zones


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

    >>> [(each.zone, each.mem_map, each.free) for each in lowmem_shares(Machine())]
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
    """Say what mem_map costs a machine.

    >>> price(Machine())
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
    """Say what mem_map costs as RAM grows; ``machine.ram`` plays no part."""
    return tuple(price(replace(machine, ram=ram)) for ram in RAM_STEPS)
