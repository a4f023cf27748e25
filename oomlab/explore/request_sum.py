"""One request held against one zone: the kernel's sum, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from oomlab.machine import Machine
from oomlab.rules import rules_for
from oomlab.watermarks import headroom
from oomlab.zone_model import Zone


class RequestSum(NamedTuple):
    """``free - set_aside > watermark_min + reserve``, in pages, and by how much it holds.

    ``spare`` above zero passes. The request names zone ``request`` and is held against ``zone``.
    ``by_mistake`` pages of those set aside should not be: kernels from 2.6.38 to 3.2 miscount.
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
        """Tell whether the zone has enough pages; a block of the right size is another question."""
        return self.spare > 0

    @property
    def left(self) -> int:
        """The free pages that count: what the kernel compares with mark and reserve."""
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
    >>> incident = Machine()
    >>> request_sum(incident, zones(incident), request="Normal", asked="DMA", free=906, order=0).spare
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
