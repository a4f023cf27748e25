"""Read zones: the line of counters, the reserve below it, and the list of free blocks further down.

The three are joined by the zone's name. Where a logger lost the line of counters the
other two are still there, and :mod:`oomlab.parsing.reconstruct` can do a good deal with them.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from oomlab.parsing.memory import ZONE_HEAD, Blocks, read_flags, read_pairs
from oomlab.parsing.sketch import Line, Sketch
from oomlab.report import Problem, ZoneStat

_RESERVES = ("lowmem_reserve", "protections")
_MARKS = ("free", "watermark_min", "watermark_low", "watermark_high")
_NUMBERS = re.compile(r"-?\d{1,18}", re.A)

_FIELDS = (
    ("free", "free"),
    ("freepages", "free"),
    ("boost", "watermark_boost"),
    ("min", "watermark_min"),
    ("low", "watermark_low"),
    ("high", "watermark_high"),
    ("spanned", "spanned"),
    ("present", "present"),
    ("managed", "managed"),
)


class Reserve(NamedTuple):
    """A ``lowmem_reserve[]`` line whose zone is lost, and the zone before it."""

    values: tuple[int, ...]
    line: int
    after: str | None


def read_zones(
    sketch: Sketch, page_kb: int, blocks: list[Blocks], problems: list[Problem]
) -> tuple[list[ZoneStat], list[Reserve]]:
    """Read every zone that has a line, and the reserves that lost theirs."""
    drafts: list[dict[str, Any]] = []
    orphans: list[Reserve] = []
    for line in sketch.of("zone"):
        if not line.text.startswith(_RESERVES):
            _add_draft(drafts, _draft(line, page_kb, problems), problems)
            continue
        values = tuple(map(int, _NUMBERS.findall(line.text.partition(":")[2])))
        if drafts and line.text.startswith("protections"):
            values = _without_low(values, drafts[-1])
        if drafts and "lowmem_reserve" not in drafts[-1]:
            drafts[-1].update(lowmem_reserve=values, reserve_line=line.number)
        else:
            orphans.append(Reserve(values, line.number, drafts[-1]["name"] if drafts else None))
    _add_blocks(drafts, blocks)
    _compare(drafts, problems)
    return [ZoneStat(**draft) for draft in drafts], orphans


def _without_low(values: tuple[int, ...], draft: dict[str, Any]) -> tuple[int, ...]:
    """Take the zone's own ``low`` mark out of its protections: up to 2.6.8 they begin with it.

    What is left is what later kernels call ``lowmem_reserve``: nothing against the zone itself.

    Source: mm/page_alloc.c, ``setup_per_zone_protection``, 2.6.5 to 2.6.8.
    """
    low = draft.get("watermark_low") or 0
    return tuple(max(0, value - low) for value in values) if low in values else values


def _add_draft(drafts: list[dict[str, Any]], draft: dict[str, Any] | None, problems: list[Problem]) -> None:
    """Keep a zone; of one that stands there twice keep the fuller line."""
    last = drafts[-1] if drafts else None
    if draft is None:
        return
    if last is None or (last["node"], last["name"]) != (draft["node"], draft["name"]):
        drafts.append(draft)
        return
    problems.append(Problem(draft["line"], f"The line of zone {draft['name']} stands there twice"))
    if len(draft["counters"]) > len(last["counters"]):
        drafts[-1] = last | draft


def _draft(line: Line, page_kb: int, problems: list[Problem]) -> dict[str, Any] | None:
    """Read the line of one zone; ``None`` where it has no name."""
    head = ZONE_HEAD.match(line.text)
    if head is None:
        return None
    counters = read_pairs(line, page_kb, problems)
    draft: dict[str, Any] = {field: counters.pop(name) for name, field in _FIELDS if name in counters}
    draft |= {"name": head[2], "node": int(head[1]) if head[1] else None, "line": line.number}
    return draft | {"counters": counters, "flags": read_flags(line.text)}


def _add_blocks(drafts: list[dict[str, Any]], blocks: list[Blocks]) -> None:
    """Give each zone its free blocks; lists without a name (2.4) come in the order of the zones."""
    named = {(each.node, each.name): each for each in blocks if each.name is not None}
    unnamed = iter([each for each in blocks if each.name is None])
    for draft in drafts:
        own = named.get((draft["node"], draft["name"])) or next(unnamed, None)
        if own is not None:
            draft.update(free_blocks=own.blocks, blocks_line=own.line)


def _compare(drafts: list[dict[str, Any]], problems: list[Problem]) -> None:
    """Zones of one kernel print the same counters: one that lacks some of the fullest line's was cut."""
    expected: dict[str, int] = max((draft["counters"] for draft in drafts), key=len, default={})
    for draft in drafts:
        missing = [
            name for name in (*_MARKS, *expected) if name not in draft["counters"] and name not in draft
        ]
        if missing:
            shown = ", ".join(sorted(missing)[:4]) + (", …" if len(missing) > 4 else "")
            reason = f"The line of zone {draft['name']} is cut: it lacks {shown}"
            problems.append(Problem(draft["line"], reason))
