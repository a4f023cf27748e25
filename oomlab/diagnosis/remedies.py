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
    found = dict(traits(case))
    return tuple(row["text"].format_map(found) for row in fitting(case, contributing, found))


def fitting(case: Case, contributing: Collection[str], found: Mapping[str, str]) -> list[Row]:
    """Return the rows that fit a case, of which ``found`` are the traits.

    A row fits when its cause does, all that it names under ``with`` contributes, the kernel is
    one it holds for, and the report has every number and trait that it needs.
    """
    return [
        row
        for row in _rows(case.cause)
        if found.keys() >= set(row.get("needs", ())) and _fits(row, case, contributing)
    ]


@cache
def _rows(cause: str) -> tuple[Row, ...]:
    return tuple(row for row in load_table("diagnosis")["remedy"] if cause in row.get("causes", (cause,)))


def _fits(row: Row, case: Case, contributing: Collection[str]) -> bool:
    if not set(row.get("with", ())) <= {*contributing} or set(row.get("without", ())) & {*contributing}:
        return False
    version, basis = kernel_of(case.report)
    if basis == "assumed":
        return True
    known = KernelVersion.of(version)
    return holds(row, known) and not _is_fixed(row, known)


def _is_fixed(row: Row, version: KernelVersion) -> bool:
    """Whether a kernel has carried the fix backwards, so that the row is not for it."""
    spans = ({"since": since, "until": until} for since, until in row.get("fixed", ()))
    return any(holds(span, version) for span in spans)
