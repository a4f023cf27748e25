"""Fourth step: put together what was wrapped, take apart what was joined.

Terminals cut lines at their last column, in the middle of a word. Mailers cut them at a
blank, and some then run all lines of a paragraph together. Three facts mend this:

* a line that carries the logger's dress is no continuation; the dress inside a line
  starts a new one;
* a continuation makes sense after the line before it: pairs after pairs, numbers after
  numbers, columns after columns;
* the two halves are joined without a blank where the cut fell inside a word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from oomlab.parse.kinds import Kind, kinds_of
from oomlab.parse.rejoin import rejoin
from oomlab.parse.undress import Bodies

JOINED = 1000
"""A line longer than this may be several that were run together."""

SAMPLE = 20
"""So many bare lines are looked at to see how a mailer treated the text."""

_STARTS = re.compile(
    r"\s(?=Mem-[Ii]nfo:|Call [Tt]race:|lowmem_reserve|Free swap|Total swap|Swap cache|Out of [Mm]emory"
    r"|Killed process|oom-kill:|Tasks state|CPU: \d+ [PU]ID|active_anon:\d+ |\d+ total pagecache|\d+ pages "
    r"|\[ *pid *\]|\[ *\d+\] +\d|(?:Node \d+ )?(?:DMA|DMA32|Normal|HighMem|Movable)(?::| free:| per-cpu:)"
    r"|Node \d+ (?:active|hugepages))"
)


class Lines(NamedTuple):
    """The lines of the kernel, whole again: number, kind and text, and who printed each.

    The second half of a wrapped line stays in its place as ``"continued"``.
    """

    numbers: Sequence[int]
    kinds: list[Kind]
    texts: list[str]
    callers: list[str | None] | None
    bare: list[bool] | None


def mend(bodies: Bodies) -> Lines:
    """Make whole lines of what a log holds, and say of each what kind it is."""
    bodies = _reflow(bodies) if bodies.bare and _is_run_together(bodies) else _cut(bodies)
    kinds = kinds_of(bodies.texts)
    if bodies.bare or not bodies.dresses:
        rejoin(kinds, bodies.texts, bodies.lines, bodies.bare)
    return Lines(bodies.numbers, kinds, bodies.texts, bodies.callers, bodies.bare)


def _is_run_together(bodies: Bodies) -> bool:
    """Tell from the first bare lines whether the dress stands inside lines."""
    bare = [index for index, is_bare in enumerate(bodies.bare or ()) if is_bare and bodies.texts[index]]
    nearby = sorted({near for index in bare[:SAMPLE] for near in (index - 1, index) if near >= 0})
    sample = "\n".join(bodies.lines[index] for index in nearby)
    found = bodies.dresses[-1].inside.finditer(sample)
    return sum(_stands_inside(sample, match) for match in found) >= 3


def _reflow(bodies: Bodies) -> Bodies:
    """Cut wherever the dress stands inside a line, even where it is broken over two lines."""
    text = "\n".join(bodies.lines)
    found = list(bodies.dresses[-1].inside.finditer(text))
    ends = list(accumulate(len(line) + 1 for line in bodies.lines))
    borders = [*(match.start() for match in found), len(text)]
    starts = [0, *(match.end() for match in found)]
    pieces = [" ".join(text[start:end].split()) for start, end in zip(starts, borders, strict=True)]
    numbers = [bodies.numbers[min(bisect_right(ends, start), len(ends) - 1)] for start in starts]
    return Bodies(numbers, pieces, pieces, None, None, bodies.dresses)


def _stands_inside(text: str, match: re.Match[str]) -> bool:
    """Tell whether words stand before the dress, or a line ends within it."""
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    return bool(before.strip()) or "\n" in match[0].strip()


def _cut(bodies: Bodies) -> Bodies:
    """Cut long lines before words that begin a line."""
    if max(map(len, bodies.texts), default=0) < JOINED:
        return bodies
    pairs = [
        (number, part.strip())
        for number, text in zip(bodies.numbers, bodies.texts, strict=True)
        for part in (_STARTS.split(text) if len(text) >= JOINED else (text,))
    ]
    texts = [text for _, text in pairs]
    return bodies._replace(numbers=[number for number, _ in pairs], lines=texts, texts=texts)
