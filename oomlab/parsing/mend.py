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
from itertools import accumulate, pairwise
from typing import NamedTuple

from oomlab.parsing.dress import SAMPLE, is_run_together
from oomlab.parsing.kinds import Kind, kinds_of
from oomlab.parsing.rejoin import rejoin
from oomlab.parsing.undress import Bodies

JOINED = 1000
"""A line longer than this may be several that were run together."""

SUSPECT = 700
"""In a line longer than this, the dress is looked for."""

INTERRUPTED = 8
"""The second piece of a line stands no further down than this."""

BARE = 20
"""So many bare lines are looked at to see how a mailer treated the text."""

_STARTS = re.compile(
    r"(?<!Node \d)(?<!Node \d\d)\s(?=Mem-[Ii]nfo:|Call [Tt]race:|lowmem_reserve|Free pages:|oom-kill:"
    r"|Free swap|Total swap|Swap cache"
    r"|Task in /|Memory cgroup |kmem: usage|memory(?:\+swap)?: usage|swap: usage|Out of [Mm]emory|RIP: |EIP: "
    r"|CPU: \d+ [PU]ID|Pid: \d+|Tasks state|\[ *pid *\]|\[ *\d+\] +\d|[Aa]ctive(?:_anon)?:\d+ |Node \d+ "
    r"|\d+ (?:(?:total |reserved |free |slab )?pages?|(?:total )?pagecache)\b|(?<!emory: )Killed process"
    r"|(?:DMA|DMA32|Normal|HighMem|Movable)(?::| free:| per-cpu:))"
)
"""Where a line of the kernel's begins, when several were run together."""


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
    longest = max(map(len, bodies.texts), default=0)
    if bodies.dresses and (bodies.bare or longest >= SUSPECT) and _is_run_together(bodies):
        bodies = _reflow(bodies)
    elif longest >= JOINED:
        bodies = _cut(bodies)
    kinds = kinds_of(bodies.texts)
    if "failure" in kinds:
        _join_interrupted(kinds, bodies.texts)
    if bodies.bare or not bodies.dresses:
        rejoin(kinds, bodies.texts, bodies.lines, bodies.bare)
    if kinds.count("header") > 1:
        _mark_repeats(kinds, bodies)
    return Lines(bodies.numbers, kinds, bodies.texts, bodies.callers, bodies.bare)


def _join_interrupted(kinds: list[Kind], texts: list[str]) -> None:
    """Give a failure its mask, which the kernel prints in a second piece: another CPU may come between."""
    for index in [index for index, kind in enumerate(kinds) if kind == "failure"]:
        for later in range(index + 1, min(index + INTERRUPTED, len(texts))):
            if "mode:" not in texts[index] and texts[later].startswith(", mode:"):
                texts[index] += texts[later]
                kinds[later] = "continued"


def _mark_repeats(kinds: list[Kind], bodies: Bodies) -> None:
    """Take a header that a logger printed twice for one; two with stamps of their own are two."""
    texts, lines = bodies.texts, bodies.lines
    headers = [index for index, kind in enumerate(kinds) if kind == "header"]
    for first, second in pairwise(headers):
        if texts[first] != texts[second] or any(texts[first + 1 : second]):
            continue
        if lines[first].endswith(lines[second]) or lines[second].endswith(lines[first]):
            kinds[second] = "continued"


def _is_run_together(bodies: Bodies) -> bool:
    """Tell from the first bare lines, and from a long one, whether the dress stands inside lines."""
    bare = [index for index, is_bare in enumerate(bodies.bare or ()) if is_bare and bodies.texts[index]]
    nearby = sorted({near for index in bare[:BARE] for near in (index - 1, index) if near >= 0})
    long = max(bodies.lines, key=len, default="")
    sample = [bodies.lines[index] for index in nearby] + [long[:SAMPLE]] * (len(long) > SUSPECT)
    return is_run_together("\n".join(sample), bodies.dresses[0])


def _reflow(bodies: Bodies) -> Bodies:
    """Cut wherever the dress stands inside a line, even where it is broken over two lines."""
    text = "\n".join(bodies.lines)
    found = list(bodies.dresses[0].inside.finditer(text))
    ends = list(accumulate(len(line) + 1 for line in bodies.lines))
    borders = [*(match.start() for match in found), len(text)]
    starts = [0, *(match.end() for match in found)]
    pieces = [" ".join(text[start:end].split()) for start, end in zip(starts, borders, strict=True)]
    numbers = [bodies.numbers[min(bisect_right(ends, start), len(ends) - 1)] for start in starts]
    return Bodies(numbers, pieces, pieces, None, None, bodies.dresses)


def _cut(bodies: Bodies) -> Bodies:
    """Cut long lines before words that begin a line."""
    rows = zip(bodies.numbers, bodies.texts, bodies.bare or [False] * len(bodies.texts), strict=True)
    parts = [
        (number, part.strip(), is_bare)
        for number, text, is_bare in rows
        for part in (_STARTS.split(text) if len(text) >= JOINED else (text,))
    ]
    texts = [text for _, text, _ in parts]
    bare = [is_bare for _, _, is_bare in parts] if bodies.bare else None
    callers = bodies.callers if len(parts) == len(bodies.texts) else None
    numbers = [number for number, _, _ in parts]
    return Bodies(numbers, list(texts), texts, bare, callers, bodies.dresses)
