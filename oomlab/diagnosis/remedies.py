"""What to change, in the order in which to try it, with this report's own numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.contributing import mem_map_pages
from oomlab.diagnosis.finding import threshold
from oomlab.kernel import Row, holds, load_table
from oomlab.units import human_kb, pages_to_gib


def remedies_for(case: Case, contributing: Collection[str]) -> tuple[str, ...]:
    """Return the texts of the remedies in ``tables/diagnosis.toml`` that fit, with numbers filled in.

    A row fits when its cause does, all that it names under ``with`` contributes, the kernel is
    one it holds for, and the report has every number that it needs.
    """
    rows = [row for row in _rows(case.cause) if _fits(row, case, contributing)]
    numbers = dict(_numbers(case)) if any("needs" in row for row in rows) else {}
    return tuple(
        row["text"].format_map(numbers) for row in rows if numbers.keys() >= set(row.get("needs", ()))
    )


@cache
def _rows(cause: str) -> tuple[Row, ...]:
    return tuple(row for row in load_table("diagnosis")["remedy"] if cause in row["causes"])


def _fits(row: Row, case: Case, contributing: Collection[str]) -> bool:
    if not set(row.get("with", ())) <= {*contributing} or set(row.get("without", ())) & {*contributing}:
        return False
    kernel = case.report.kernel
    return kernel is None or holds(row, kernel.version)


def _numbers(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the sizes that remedies name; a size that the report does not show is left out."""
    report, used = case.report, case.used
    known = {
        "ram": used.size or 0,
        "lowmem": 0 if _movable(case) else case.lowmem.size or 0,
        "movable": _movable(case),
        "mem_map": mem_map_pages(case),
        "swap": report.swap.total or 0 if report.swap else 0,
        "cma": report.totals.get("cma_reserved", 0),
        "locked": used.pages("unevictable"),
        "pool": used.pages("hugetlb"),
        "shmem": used.pages("shmem"),
        "cached": used.pages("file") if used.share("file") >= threshold("file") else 0,
    }
    yield from ((name, case.human(pages)) for name, pages in known.items() if pages > 0)
    yield from _less_ram(case)
    yield from _less_cma(case)
    if report.memcg and report.memcg.limit_kb:
        with_swap = report.memcg.swap_limit_kb if report.memcg.met_with_swap else None
        yield "limit", human_kb(with_swap or report.memcg.limit_kb)
    else:
        yield "no_limit", "unknown"


def _movable(case: Case) -> int:
    """Return the pages closed to the kernel on a machine that has no HighMem: those of ZONE_MOVABLE."""
    if case.report.totals.get("highmem") or case.report.find_zone("HighMem"):
        return 0
    zones = [zone for zone in case.barred if zone.name == "Movable"]
    return sum(zone.size or 0 for zone in zones)


def _less_cma(case: Case) -> Iterator[tuple[str, str]]:
    half = case.report.totals.get("cma_reserved", 0) * case.report.page_size_kb // 2**11
    if half >= 4:
        yield "cma_half", f"{half}M"


def _less_ram(case: Case) -> Iterator[tuple[str, str]]:
    """Work out what ``mem=`` with three quarters of the RAM would give back of ``mem_map``."""
    ram = case.report.totals.get("ram", 0)
    gib = int(pages_to_gib(ram, case.report.page_size_kb) * 3 / 4)
    if gib >= 4 and mem_map_pages(case):
        kept = gib * 2**20 // case.report.page_size_kb
        yield "less", f"{gib}G"
        yield "less_saves", case.human(mem_map_pages(case) * (1 - kept / ram))
