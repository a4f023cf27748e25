"""Look for what a log should hold and does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oomlab.parse.split import Line, Sketch
from oomlab.report import Problem, Report

_CPU = re.compile(r"cpu\s{1,12}(\d{1,6})", re.IGNORECASE | re.ASCII)
_COUNTERS = ("active_anon", "active_file", "unevictable", "slab_reclaimable", "mapped", "free")


def find_missing(report: Report, sketch: Sketch, bare: frozenset[int] | None) -> Iterator[Problem]:
    """Give a problem for every part that is missing. ``bare`` are the numbers of lines without the dress."""
    yield from _header(report, sketch)
    yield from _per_cpu(sketch.of("pcp_zone"))
    yield from _memory(report, sketch)
    yield from _table(report, sketch, bare)
    yield from _kill(report)


def _header(report: Report, sketch: Sketch) -> Iterator[Problem]:
    trigger = report.trigger
    if not sketch.of("header", "failure", "show"):
        yield Problem(
            report.first_line, "The header is lost: the log does not show who asked for memory, and for what"
        )
    elif report.kind != "show_mem" and trigger.gfp_mask is None:
        yield Problem(trigger.line, "The header is cut: it does not show what was asked for")


def _per_cpu(lines: list[Line]) -> Iterator[Problem]:
    """Every zone lists the same CPUs: one that is not in a list was lost."""
    lists: list[tuple[str, int, dict[int, int]]] = []
    for number, text in lines:
        cpu = _CPU.match(text)
        if cpu is None:
            lists.append((text.partition(" per-cpu")[0], number, {}))
        elif lists:
            lists[-1][2].setdefault(int(cpu[1]), number)
    everyone = set().union(*(cpus for _, _, cpus in lists)) if lists else set()
    for name, number, cpus in lists:
        for cpu in sorted(everyone - cpus.keys()) if cpus else ():
            after = [line for other, line in sorted(cpus.items()) if other > cpu]
            place = after[0] if after else max(cpus.values(), default=number)
            yield Problem(place, f"CPU {cpu} is missing from the per-cpu list of zone {name}")


def _memory(report: Report, sketch: Sketch) -> Iterator[Problem]:
    if "meminfo" in sketch.lines and not report.zones:
        yield Problem(report.last_line, "The zones are missing: the log ends early or lost them")
    elif report.scope == "global" and report.kind == "oom" and not report.zones and "header" in sketch.lines:
        yield Problem(report.last_line, "The state of memory is missing")
    if "active_anon" in report.totals:
        for name in _COUNTERS:
            if name not in report.totals and name.replace("_reclaimable", "") not in report.totals:
                line = report.totals_lines["active_anon"]
                yield Problem(line, f"The machine's counters are not whole: {name} is missing")
    with_reserve = [zone for zone in report.zones if zone.lowmem_reserve is not None]
    with_blocks = [zone for zone in report.zones if zone.free_blocks is not None]
    for zone in report.zones:
        if with_reserve and zone.lowmem_reserve is None and not zone.reconstructed:
            yield Problem(zone.line, f"The lowmem_reserve[] line of zone {zone.name} is lost")
        if with_blocks and zone.free_blocks is None and zone.present != 0:
            yield Problem(zone.line, f"The list of free blocks of zone {zone.name} is lost")


def _table(report: Report, sketch: Sketch, bare: frozenset[int] | None) -> Iterator[Problem]:
    headers, rows = sketch.of("task_header"), sketch.of("task")
    if rows and not headers:
        yield Problem(rows[0].number, "The header of the task table is lost: its columns are guessed")
    if not headers:
        return
    ends = max((line.number for line in sketch.of("task", "chosen", "constraint")), default=0)
    for number, text in sketch.others:
        if headers[0].number < number < ends and text and (bare is None or number in bare):
            yield Problem(number, "This line is not the kernel's: the task table may have lost rows here")


def _kill(report: Report) -> Iterator[Problem]:
    if report.kind == "oom" and not report.victims and report.panic is None:
        yield Problem(report.last_line, "No line says who was killed: the log ends early or lost it")
