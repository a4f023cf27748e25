"""Check a report for what its log should hold and does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line, LineKind, LogLines
from oomlab.parsing.sections.memcg import find_cut_lines
from oomlab.report import Problem, Report

_CPU = re.compile(r"cpu\s{1,12}(\d{1,6})", re.IGNORECASE | re.ASCII)
_ORDER = re.compile(r"order[=:]\s{0,4}(-?\d+)", re.A)
_CUT_SWAP = re.compile(r"(Free|Total) swap\s{0,4}[=:]\s{0,12}\d{1,18}\s?[kK]?$", re.A)
_MAX_DIGITS_QUOTED = 20
"""The most digits of a number that are quoted."""

_SIZES = ("ram", "reserved")
_MAX_NAMED = 8
"""The most lost lines of one list that are named one by one."""

_TABLE_ENDS: tuple[LineKind, ...] = ("task", "chosen", "constraint")
"""The task table goes on until the last of these lines."""

_COUNTERS = ("active_anon", "active_file", "unevictable", "slab_reclaimable", "mapped", "free")


def find_missing(report: Report, draft: Draft, lines: LogLines) -> Iterator[Problem]:
    """Yield a problem for every part that is missing; ``lines`` are those of the whole log."""
    yield from _header(report, draft)
    yield from _per_cpu(draft.of("pcp_zone"))
    yield from _memory(report, draft)
    yield from find_cut_lines(draft)
    yield from _table(draft, lines)
    yield from _kill(report)


def _header(report: Report, draft: Draft) -> Iterator[Problem]:
    trigger = report.trigger
    if not draft.of("header", "failure", "show"):
        yield Problem(
            report.first_line, "The header is lost: the log does not show who asked for memory, and for what"
        )
    elif report.kind != "show_mem" and trigger.gfp_mask is None and not trigger.gfp_names:
        yield Problem(trigger.line, "The header is cut: it does not show what was asked for")
    if trigger.order is None:
        yield from _order(draft)


def _order(draft: Draft) -> Iterator[Problem]:
    """Yield a problem where a header has an impossible order."""
    for number, text in draft.of("header", "failure")[:1]:
        found = _ORDER.search(text)
        if found is not None:
            shown = found[1] if len(found[1]) <= _MAX_DIGITS_QUOTED else f"{len(found[1])} digits"
            yield Problem(number, f"The header is damaged: no kernel has an order of {shown}")


def _per_cpu(lines: list[Line]) -> Iterator[Problem]:
    """Yield the CPUs that the list of one zone lacks, the first few one by one: all zones list the same."""
    lists: list[tuple[str, dict[int, int]]] = []
    for number, text in lines:
        match = _CPU.match(text)
        if match is None:
            lists.append((text.partition(" per-cpu")[0], {}))
        elif lists:
            lists[-1][1].setdefault(int(match[1]), number)
    everyone = sorted({cpu for _, cpus in lists for cpu in cpus})
    for name, cpus in lists:
        count = len(everyone) - len(cpus)
        if not cpus or not count:
            continue
        for lost in islice((cpu for cpu in everyone if cpu not in cpus), _MAX_NAMED):
            after = [line for cpu, line in cpus.items() if cpu > lost]
            place = min(after) if after else max(cpus.values())
            yield Problem(place, f"CPU {lost} is missing from the per-cpu list of zone {name}")
        if count > _MAX_NAMED:
            reason = f"{count - _MAX_NAMED} more CPUs are missing from the per-cpu list of zone {name}"
            yield Problem(max(cpus.values()), reason)


def _memory(report: Report, draft: Draft) -> Iterator[Problem]:
    if not report.zones and "meminfo" in draft.lines:
        yield Problem(report.last_line, "The zones are missing: the log ends early or lost them")
    elif not report.zones and "header" in draft.lines and report.scope == "global":
        yield Problem(report.last_line, "The state of memory is missing")
    yield from _counters(report)
    yield from _swap(report, draft)
    yield from _zones(report)
    yield from _impossible(report)


def _counters(report: Report) -> Iterator[Problem]:
    """Yield the counters that are lost: a kernel prints all of these or none (older ones print ``slab``)."""
    totals = report.totals
    counters = _COUNTERS if any(name in totals for name in _COUNTERS[:3]) else ()
    groups = [names for names in (counters, _SIZES) if any(name in totals for name in names)]
    lost = [
        name
        for name in chain.from_iterable(groups)
        if name not in totals and name.removesuffix("_reclaimable") not in totals
    ]
    if lost:
        shown = next(name for name in chain.from_iterable(groups) if name in totals)
        missing = f"{', '.join(lost)} {'is' if len(lost) == 1 else 'are'} missing"
        yield Problem(report.totals_lines[shown], f"The machine's counters are not whole: {missing}")


def _swap(report: Report, draft: Draft) -> Iterator[Problem]:
    """Yield a size of swap that lost its unit, and perhaps digits, or its whole line."""
    swap, rows = report.swap, draft.of("swap")
    cut = [(number, match[1].lower()) for number, text in rows if (match := _CUT_SWAP.match(text))]
    for number, what in cut:
        yield Problem(number, f"The line of the {what} swap is cut: its unit is missing")
    if swap is None or cut:
        return
    if swap.free is None:
        yield Problem(swap.line, "The line of the free swap is lost")
    if swap.total is None and any(text.startswith("Free swap  =") for _, text in rows):
        yield Problem(swap.line, "The line of the total swap is lost")


def _zones(report: Report) -> Iterator[Problem]:
    """Yield what one zone lacks and another has: a kernel prints the same of each."""
    shown = [zone for zone in report.zones if not zone.reconstructed]
    if any(zone.lowmem_reserve is not None for zone in shown):
        for zone in shown:
            if zone.lowmem_reserve is None and zone.reserve_line is None:
                yield Problem(zone.line, f"The lowmem_reserve[] line of zone {zone.name} is lost")
    if any(zone.free_blocks is not None for zone in shown):
        for zone in shown:
            if zone.free_blocks is None and zone.blocks_line is None and zone.present != 0:
                yield Problem(zone.line, f"The list of free blocks of zone {zone.name} is lost")


def _impossible(report: Report) -> Iterator[Problem]:
    """Yield each zone with a size beyond any machine: the kernel's own mistake, and no shortage."""
    for zone in report.zones:
        if zone.is_impossible:
            reason = f"Zone {zone.name} has sizes that no machine has: its kernel worked them out wrongly"
            yield Problem(zone.line, reason)


def _table(draft: Draft, lines: LogLines) -> Iterator[Problem]:
    headers, rows = draft.of("task_header"), draft.of("task")
    if rows and not headers:
        yield Problem(rows[0].number, "The header of the task table is lost: its columns are guessed")
    if not headers:
        return
    ends = max([found[-1].number for kind in _TABLE_ENDS if (found := draft.of(kind))], default=0)
    suspects = [line.number for line in draft.others if headers[0].number < line.number < ends]
    for number in suspects:
        if lines.unprefixed is None or lines.is_unprefixed(number):
            yield Problem(number, "This line is not the kernel's: the task table may have lost rows here")


def _kill(report: Report) -> Iterator[Problem]:
    if report.kind == "oom" and not (report.victims or report.exiting) and report.panic is None:
        yield Problem(report.last_line, "No line says who was killed: the log ends early or lost it")
