"""Which part of a report each line belongs to, and what to say about that part."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from oomlab.kernel import load_table
from oomlab.report import SourceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a report: a title in plain words, the kernel's term, and what it means."""

    key: str
    title: str
    term: str
    swatch: str
    pattern: re.Pattern[str]
    text: str


@cache
def parts() -> tuple[Part, ...]:
    """Give the parts that a report can have, in table order."""
    rows = load_table("anatomy")["part"]
    return tuple(Part(**{**row, "pattern": re.compile(row["pattern"])}) for row in rows)


def sections(lines: Iterable[SourceLine]) -> list[tuple[Part | None, list[SourceLine]]]:
    """Cut a report into runs of lines that belong to one part.

    A line that no pattern knows continues the part above it; before the first part
    there is none.
    """
    labelled: list[tuple[Part | None, SourceLine]] = []
    current: Part | None = None
    for line in lines:
        current = _part_of(line.text) or current
        labelled.append((current, line))
    runs = groupby(labelled, key=lambda each: each[0].key if each[0] else "")
    return [_section(list(run)) for _, run in runs]


def _section(run: list[tuple[Part | None, SourceLine]]) -> tuple[Part | None, list[SourceLine]]:
    return run[0][0], [line for _, line in run]


def _part_of(text: str) -> Part | None:
    return next((part for part in parts() if part.pattern.search(text)), None)
