"""What is collected of one report before it is read: its lines, by kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from oomlab.parsing.kinds import Kind

_KEPT_WITH: dict[Kind, Kind] = {"reserve": "zone", "pcp": "pcp_zone"}
"""Lines that have no name of their own stay with the line that has it."""


class Line(NamedTuple):
    """One whole line of the kernel's: where it begins, and its text."""

    number: int
    text: str


Run = tuple[Kind, list[Line]]

new_line = partial(tuple.__new__, Line)


def head(zone: str) -> str:
    """Give what names a zone at the beginning of its line: ``Node 0 DMA32``."""
    return zone.partition(" free")[0]


@dataclass(slots=True)
class Sketch:
    """A report that is being collected: its lines by kind, and how far it has come.

    ``heads`` are the zones it has, with their nodes, ``names`` the same without. ``boot`` is the
    line with which its kernel started, where the log has it.
    """

    first: int
    last: int
    lines: dict[Kind, list[Line]] = field(default_factory=dict)
    heads: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    stage: int = -1
    others: list[Line] = field(default_factory=list)
    boot: Line | None = None

    def add(self, kind: Kind, run: list[Line]) -> None:
        """Keep lines of one kind."""
        self.lines.setdefault(_KEPT_WITH.get(kind, kind), []).extend(run)
        if kind == "zone":
            heads = [head(text) for _, text in run]
            self.heads.update(heads)
            self.names.update([each.rpartition(" ")[2] for each in heads])

    def of(self, *kinds: Kind) -> list[Line]:
        """Give the lines of these kinds, kind by kind."""
        if len(kinds) == 1:
            return self.lines.get(kinds[0], [])
        return [line for kind in kinds for line in self.lines.get(kind, ())]
