"""What to change, in the order in which to try it, with this report's own numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.traits import traits
from oomlab.kernel import KernelVersion, Row, holds, load_table
from oomlab.kernel_guess import kernel_of


def remedies_for(case: Case, contributing: Collection[str]) -> tuple[str, ...]:
    """Return the texts of the remedies in ``tables/diagnosis.toml`` that fit, with numbers filled in."""
    rows, found = fitting(case, contributing)
    return tuple(row["text"].format_map(found) for row in rows)


def fitting(case: Case, contributing: Collection[str]) -> tuple[list[Row], Mapping[str, str]]:
    """Return the rows that fit a case, and the numbers for them.

    A row fits when its cause does, all that it names under ``with`` contributes, the kernel is
    one it holds for, and the report has every number and trait that it needs.
    """
    along, version = {*contributing}, _version(case)
    rows = [row for row in _rows(case.cause) if _fits(row, along, version)]
    found = dict(traits(case)) if rows else {}
    return [row for row in rows if found.keys() >= set(row.get("needs", ()))], found


def _version(case: Case) -> KernelVersion | None:
    version, basis = kernel_of(case.report)
    return None if basis == "assumed" else KernelVersion.of(version)


@cache
def _rows(cause: str) -> tuple[Row, ...]:
    return tuple(row for row in load_table("diagnosis")["remedy"] if cause in row.get("causes", (cause,)))


def _fits(row: Row, along: set[str], version: KernelVersion | None) -> bool:
    if not along.issuperset(row.get("with", ())) or not along.isdisjoint(row.get("without", ())):
        return False
    return version is None or (holds(row, version) and not _is_fixed(row, version))


def _is_fixed(row: Row, version: KernelVersion) -> bool:
    """Whether a kernel has carried the fix backwards, so that the row is not for it."""
    spans = ({"since": since, "until": until} for since, until in row.get("fixed", ()))
    return any(holds(span, version) for span in spans)
