"""Settle which pieces of a log are reports of their own, once all of them are found.

Some kernels kill first and show memory afterwards, without a header in between. And people
who write about a report quote lines of it once more.
"""

from __future__ import annotations

from collections.abc import Iterator

from oomlab.parsing.sketch import Sketch

NEARBY = 10
"""What repeats lines of a report stands within so many reports of it."""

WORDS = 6
"""So many words tell a line: a quotation may break off after them, or be wrapped elsewhere."""


def settle(sketches: list[Sketch]) -> list[Sketch]:
    """Put together what is one report, and leave out what only repeats lines of another."""
    if all(map(_has_header, sketches)):
        return sketches
    return list(_without_echoes(list(_with_memory_after(sketches))))


def _has_header(sketch: Sketch) -> bool:
    return not {"header", "failure", "show"}.isdisjoint(sketch.lines)


def _without_echoes(sketches: list[Sketch]) -> Iterator[Sketch]:
    """Leave out what only repeats lines of a report nearby, as people do who write about one."""
    texts = [_openings(sketch) for sketch in sketches]
    for index, (sketch, own) in enumerate(zip(sketches, texts, strict=True)):
        near = texts[max(0, index - NEARBY) : index + NEARBY]
        if _has_header(sketch) or not any(own < other for other in near):
            yield sketch


def _openings(sketch: Sketch) -> frozenset[str]:
    """Give the first words of each line."""
    lines = [line.text for run in sketch.lines.values() for line in run]
    return frozenset(" ".join(text.split(None, WORDS)[:WORDS]) for text in lines)


def _with_memory_after(sketches: list[Sketch]) -> Iterator[Sketch]:
    """Give a kill the state of memory that Red Hat's 2.4 kernels print below it."""
    last: Sketch | None = None
    for sketch in sketches:
        if last is not None and _is_kill_alone(last) and _is_memory_of_2_4(sketch):
            _take_over(last, sketch)
            continue
        if last is not None:
            yield last
        last = sketch
    if last is not None:
        yield last


def _is_kill_alone(sketch: Sketch) -> bool:
    return sketch.lines.keys() == {"killed"}


def _is_memory_of_2_4(sketch: Sketch) -> bool:
    if _has_header(sketch) or sketch.of("killed", "chosen"):
        return False
    return any(line.text.startswith("Zone:") for line in sketch.of("zone")[:1])


def _take_over(sketch: Sketch, other: Sketch) -> None:
    for kind, run in other.lines.items():
        sketch.add(kind, run)
    sketch.last = other.last
    sketch.others.extend(other.others)
