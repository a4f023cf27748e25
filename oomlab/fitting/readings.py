"""What a fit found, in words, and how each thing is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from oomlab.fitting.sysctls import Key, MinFree, Ratio, lowmem_zones, size_of
from oomlab.machine import Machine
from oomlab.report import Report
from oomlab.simulation import Workload
from oomlab.units import human_kb, kb
from oomlab.watermarks import default_min_free_kbytes

How = Literal["read off", "inferred", "calibrated"]


class Reading(NamedTuple):
    """One thing the fit found, and how it is known."""

    quantity: str
    value: str
    how: How


def read_off(report: Report) -> Iterator[Reading]:
    """Yield what the report prints as it is: the kernel and the size of swap."""
    if report.kernel is not None:
        yield Reading("kernel", str(report.kernel), "read off")
    if report.swap is not None and report.swap.total is not None:
        yield Reading("swap", human_kb(kb(report.swap.total, report.page_size_kb)), "read off")


def sysctl_readings(
    report: Report, found: MinFree | None, chosen: int | None, ratios: Sequence[Ratio]
) -> Iterator[Reading]:
    """Yield the settings that the watermarks and reserves follow from."""
    if found is not None:
        default = " (the kernel's own choice)" if chosen == usual_min_free(report) else ""
        yield Reading("min_free_kbytes", f"{chosen}{default}", "inferred")
    for ratio in ratios:
        default = " (default)" if ratio.default else ""
        yield Reading(f"lowmem_reserve_ratio of {ratio.zone}", f"{ratio.ratio}{default}", "inferred")


def drift(report: Report, sizes: Mapping[Key, int]) -> Iterator[Reading]:
    """Yield the zones that had another size when their watermarks were set."""
    for zone in report.zones:
        then, now = sizes.get((zone.node, zone.name)), size_of(zone)
        if then is not None and then != now:
            text = f"about {then} pages when the watermarks were set, {now} now"
            yield Reading(f"size of {zone.name}", text, "inferred")


def machine_readings(machine: Machine | None, workload: Workload | None) -> Iterator[Reading]:
    """Yield what the machine and its work must have been."""
    if machine is None or workload is None:
        return
    yield Reading("RAM", human_kb(kb(machine.ram)), "inferred")
    yield Reading("taken by boot", human_kb(kb(machine.boot_lowmem)), "inferred")
    blocks = "no buffer_heads" if workload.block_size is None else f"{workload.block_size} bytes"
    yield Reading("blocks of the file system", blocks, "inferred")
    yield Reading("anonymous memory", human_kb(kb(workload.anon)), "read off")
    yield Reading("page tables", human_kb(kb(workload.page_tables)), "read off")
    yield Reading("other lowmem", f"{workload.other_lowmem} pages", "read off")
    yield Reading("other slab", f"{workload.other_slab} pages", "calibrated")


def usual_min_free(report: Report) -> int | None:
    """Return the ``min_free_kbytes`` that the kernel chooses by itself, without transparent hugepages."""
    if report.kernel is None:
        return None
    lowmem = sum(size_of(zone) or 0 for zone in lowmem_zones(report))
    return default_min_free_kbytes(kb(lowmem, report.page_size_kb), report.kernel)
