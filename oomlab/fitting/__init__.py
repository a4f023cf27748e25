"""From a report back to the machine, with what does not fit shown.

``fit(report)`` shows what was read off, what was inferred and what had to be calibrated, and
compares every number that the kernel derives with the model's own: the residuals. It works for
any report with zone lines; the machine as a whole is inferred for a PC with one node.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from oomlab.errors import MachineError, UnknownKernel, require
from oomlab.fitting.budget import reported_budget
from oomlab.fitting.machine import infer_machine, infer_workload
from oomlab.fitting.readings import (
    Reading,
    drift,
    machine_readings,
    read_off,
    sysctl_readings,
    usual_min_free,
)
from oomlab.fitting.residuals import Residual, kernel_zones, nodes, reserves_off, sizes_off, watermarks_off
from oomlab.fitting.sysctls import Key, MinFree, Ratio, infer_min_free_kbytes, infer_ratios, sizes_when_set
from oomlab.fitting.watermarks import WatermarkFit, explain_watermarks
from oomlab.machine import Machine
from oomlab.procfs import Snapshot
from oomlab.report import Report, ZoneStat
from oomlab.simulation import Part, Workload

__all__ = ["Fit", "MinFree", "Reading", "Residual", "WatermarkFit", "explain_watermarks", "fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a report shows of its machine.

    ``machine`` and ``workload`` are ``None`` where the report is not of a PC with one node, or
    its kernel is not known. ``watermarks`` names for each zone the rule that set them, or why none did.
    """

    report: Report
    machine: Machine | None
    workload: Workload | None
    min_free_kbytes: MinFree | None
    ratios: tuple[Ratio, ...]
    watermarks: tuple[WatermarkFit, ...]
    readings: tuple[Reading, ...]
    residuals: tuple[Residual, ...]

    @property
    def exact(self) -> bool:
        """Whether the model gives every number that it was compared with."""
        return all(residual.off == 0 for residual in self.residuals)

    def budget(self) -> tuple[Part, ...]:
        """Divide ZONE_NORMAL by the report's own numbers: parts that add up to its present pages."""
        return reported_budget(self.report, self.machine, self.workload)


def fit(source: Report | Snapshot) -> Fit:
    """Fit a machine to a report, or to a reading of ``/proc``.

    Where the rules of its kernel are not known (before 2.6.6), or its numbers are those of no machine, what
    was read off is all there is. Zones with impossible sizes are left out.

    >>> from oomlab import INCIDENT, INCIDENT_WORKLOAD, corpus, parse
    >>> fitted = fit(parse(corpus.incident())[0])
    >>> fitted.machine == INCIDENT, fitted.workload == INCIDENT_WORKLOAD
    (True, True)
    """
    require(source, Report | Snapshot, "fit takes one report, or a Snapshot of /proc")
    report = source if isinstance(source, Report) else _as_report(source)
    try:
        return _fit(_possible(report))
    except (MachineError, UnknownKernel):
        return Fit(
            report=report,
            machine=None,
            workload=None,
            min_free_kbytes=None,
            ratios=(),
            watermarks=(),
            readings=tuple(read_off(report)),
            residuals=(),
        )


def _possible(report: Report) -> Report:
    """Return a report without the zones whose numbers no machine has: below zero, or nothing."""
    zones = tuple(zone for zone in report.zones if not _is_impossible(zone))
    return report if len(zones) == len(report.zones) else replace(report, zones=zones)


def _is_impossible(zone: ZoneStat) -> bool:
    sizes = (zone.managed, zone.present, zone.watermark_min, zone.watermark_low, zone.watermark_high)
    return zone.is_impossible or any(size is not None and size < 0 for size in sizes)


def _fit(report: Report) -> Fit:
    """Fit a machine to a report whose numbers are possible."""
    fits = tuple(found for zone in report.zones if (found := explain_watermarks(zone)) is not None)
    ratios = _ratios(report)
    sizes, min_free = _sysctls(report, fits, ratios)
    chosen = _likely(min_free, report)
    machine = infer_machine(report, chosen, ratios)
    workload = None if machine is None else infer_workload(report, machine)
    residuals = [*watermarks_off(report, fits, sizes, chosen), *reserves_off(report, sizes, ratios)]
    residuals += sizes_off(report, machine)
    readings = [*read_off(report), *sysctl_readings(report, min_free, chosen, ratios)]
    readings += [*drift(report, sizes), *machine_readings(machine, workload)]
    return Fit(
        report=report,
        machine=machine,
        workload=workload,
        min_free_kbytes=min_free,
        ratios=ratios,
        watermarks=fits,
        readings=tuple(readings),
        residuals=tuple(residuals),
    )


def _as_report(snapshot: Snapshot) -> Report:
    """Take a reading of ``/proc`` for a memory dump without a log."""
    return Report(
        kind="show_mem",
        first_line=0,
        last_line=0,
        kernel=snapshot.kernel,
        zones=tuple(zone for zone in snapshot.zones if zone.present),
    )


# --- sysctls ----------------------------------------------------------------------------------


def _ratios(report: Report) -> tuple[Ratio, ...]:
    known = kernel_zones(report)
    return infer_ratios(nodes(report)[0], *known) if known and report.zones else ()


def _sysctls(
    report: Report, fits: tuple[WatermarkFit, ...], ratios: tuple[Ratio, ...]
) -> tuple[dict[Key, int], MinFree | None]:
    """Choose the sizes that explain most: one ``min_free_kbytes`` for all zones, then the reserves."""

    def unexplained(choice: tuple[dict[Key, int], MinFree | None]) -> tuple[bool, int]:
        sizes, found = choice
        off = sum(residual.off != 0 for residual in reserves_off(report, sizes, ratios))
        return found is None or not found.exact, off

    choices = [
        (sizes, infer_min_free_kbytes(report, sizes, fits)) for sizes in sizes_when_set(report, ratios)
    ]
    return min(choices, key=unexplained)


def _likely(found: MinFree | None, report: Report) -> int | None:
    """Choose the likeliest value of a range: the kernel's own default, a round number, the smallest."""
    if found is None:
        return None
    usual = usual_min_free(report)
    if usual is not None and found.min <= usual <= found.max:
        return usual
    for step in (1024, 100, 1):
        value = -(-found.min // step) * step
        if value <= found.max:
            return value
    return found.min
