"""Begin from a real kernel: the model against what was measured.

A recorded run is a table of samples (time, free pages and file pages by zone, …) and the
``/proc/zoneinfo`` or report that has the watermarks. Its first sample becomes a :class:`State`,
from which :func:`simulate` goes on by the same rules as from boot.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from oomlab.errors import require
from oomlab.machine import Machine
from oomlab.mmzone import PAGE_SIZE
from oomlab.report import ZoneStat
from oomlab.rules import rules_for
from oomlab.simulation.model import kernel_class, simulate
from oomlab.simulation.trajectory import State, Trajectory
from oomlab.simulation.workload import Workload, pinned_by_page
from oomlab.units import PAGE_KB
from oomlab.zone_model import Zone

Sample = Mapping[str, float]
_SHORT = {"DMA": "dma", "Normal": "n", "HighMem": "h"}
"""How the sampler abbreviates zones: ``nfree`` is Normal's free pages."""


class Measured(NamedTuple):
    """One sample of a recorded run, in pages: seconds since boot, free by zone, cache and its metadata."""

    seconds: float
    free: Mapping[str, float]
    page_cache: float
    buffer_heads: float
    radix_nodes: float
    swap_used: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A recorded run and the model's, begun from its first sample."""

    measured: tuple[Measured, ...]
    modelled: Trajectory

    @property
    def measured_page_cache(self) -> float:
        """The most page cache that the real kernel reached, in pages: at OOM, where it came to that."""
        return max(each.page_cache for each in self.measured)

    @property
    def error(self) -> float:
        """How far the model's page cache at the end is off, as a share: 0.01 is 1 % too much."""
        return self.modelled.end.page_cache / self.measured_page_cache - 1


def read_samples(text: str) -> list[dict[str, float]]:
    """Read a recorded table: one sample a line, named columns, counts in pages and kB.

    A line that a dying guest left short or garbled is no sample, and is left out.
    """
    require(text, str, "read_samples takes the text of a table, such as a recording's samples.csv")
    names, *rows = list(csv.reader(text.splitlines())) or [[]]
    return [sample for row in rows if (sample := _sample(names, row))]


def _sample(names: list[str], row: list[str]) -> dict[str, float]:
    """Return a row's numbers by their names, none where one is missing or is no number."""
    try:
        return dict(zip(names, map(float, row), strict=True))
    except ValueError:
        return {}


def page_cache(sample: Sample) -> float:
    """Return a sample's file pages in all its zones, in pages: the columns ``…actf`` and ``…inactf``."""
    require(sample, Mapping, "page_cache takes one sample, as read_samples gives them in a list")
    return sum(pages for name, pages in sample.items() if name.endswith("actf"))


def zones_from_stats(stats: Iterable[ZoneStat]) -> tuple[Zone, ...]:
    """Turn zones as a kernel printed them into zones of the model, without any watermark boost.

    Unprinted sizes become 0; the boost goes, for it lasts only until kswapd has run once.
    """
    return tuple(_zone(stat) for stat in stats)


def _zone(stat: ZoneStat) -> Zone:
    boost = stat.watermark_boost or 0
    present = stat.present or 0
    return Zone(
        name=stat.name,
        start_pfn=stat.counters.get("start_pfn", 0),
        spanned=stat.spanned or present,
        present=present,
        managed=stat.size or 0,
        memmap=0,
        watermark_min=(stat.watermark_min or 0) - boost,
        watermark_low=(stat.watermark_low or 0) - boost,
        watermark_high=(stat.watermark_high or 0) - boost,
        lowmem_reserve=stat.lowmem_reserve or (),
    )


def state_from_sample(
    stats: Sequence[ZoneStat],
    sample: Sample | None = None,
    *,
    machine: Machine,
    workload: Workload,
    spoken_for: float = 0.0,
) -> State:
    """Turn zones as a kernel printed them, and a sample of them, into a state to begin from.

    ``stats`` hold the watermarks and, where the sample has no column (early ones: DMA's file pages), the
    contents. File pages in lowmem count with the metadata that the model would give them.
    ``spoken_for`` is lowmem that the run will take for other things, in pages.
    """
    zones = zones_from_stats(stats)
    by_page = pinned_by_page(machine, workload).total
    kernel = kernel_class(zones)
    free = [_sampled(sample, stat.name, "free", float(stat.free or 0)) for stat in stats]
    free[kernel] -= spoken_for
    cache = [_file_pages(sample, stat) for stat in stats]
    return State(
        zones=zones,
        free=tuple(free),
        cache=tuple(cache),
        anon=tuple(float(_counted(stat, "active_anon") + _counted(stat, "inactive_anon")) for stat in stats),
        pinned=tuple(by_page * pages if i <= kernel else 0.0 for i, pages in enumerate(cache)),
    )


def _file_pages(sample: Sample | None, stat: ZoneStat) -> float:
    active = _sampled(sample, stat.name, "actf", float(_counted(stat, "active_file")))
    return active + _sampled(sample, stat.name, "inactf", float(_counted(stat, "inactive_file")))


def _sampled(sample: Sample | None, zone: str, what: str, otherwise: float) -> float:
    return (sample or {}).get(_SHORT.get(zone, zone) + what, otherwise)


def _counted(stat: ZoneStat, name: str) -> int:
    """Read a counter by its name in ``/proc/zoneinfo`` (4.8 and later) or in a report."""
    return stat.counters.get(f"nr_zone_{name}", stat.counters.get(name, 0))


def run_from_samples(
    samples: Sequence[Sample],
    stats: Sequence[ZoneStat],
    *,
    machine: Machine,
    workload: Workload,
    disk: int = 0,
) -> Comparison:
    """Model a recorded run from its first sample, and compare the two.

    ``disk`` is the size of its ext4 file system in pages: where the first sample shows that
    the block bitmaps have not been read yet, the lowmem that this will take is set aside.
    """
    spoken_for = 0.0
    nodes = bitmap_nodes(disk, workload.block_size or 4096)
    if samples[0]["rtn"] < nodes:
        spoken_for = nodes / rules_for(machine).radix_tree_node.per_page
    start = state_from_sample(stats, samples[0], machine=machine, workload=workload, spoken_for=spoken_for)
    return Comparison(
        measured=tuple(_measured(sample, machine) for sample in samples),
        modelled=simulate(machine, workload, start),
    )


def bitmap_nodes(disk: int, block_size: int) -> float:
    """Count the radix tree nodes that hold ext4's block bitmaps, one in each block group, once all are read.

    Groups lie so far apart that each bitmap has a node to itself: 8 blocks of bits hold a group,
    8 MiB with blocks of 1 KiB. Nodes stay when their pages go (since 3.15, for shadow entries).

    >>> bitmap_nodes(16 * 2**18, 1024)
    3104.0
    """
    group = 8 * block_size * block_size // PAGE_SIZE  # pages
    return disk / group * sum(min(1.0, group / 64**level) for level in (1, 2, 3)) + disk / group / 128


def _measured(sample: Sample, machine: Machine) -> Measured:
    rules = rules_for(machine)
    return Measured(
        seconds=sample["t"],
        free={name: sample[f"{short}free"] for name, short in _SHORT.items()},
        page_cache=page_cache(sample),
        buffer_heads=sample["bh_total"] / rules.buffer_head.per_page,
        radix_nodes=sample["rtn"] / rules.radix_tree_node.per_page,
        swap_used=max(0.0, machine.swap - sample["SwapFree"] / PAGE_KB),
    )
