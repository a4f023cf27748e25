r"""Second step: take off what loggers put before the kernel's words.

There are dozens of loggers, in many languages, so no list of their formats is kept.
Some lines of a report begin with words that only the kernel writes (``Mem-Info:``,
``lowmem_reserve[]:``). Whatever stands before such words is the *dress*. Its shape,
with any number in place of each number and any word in place of each word, is taken
off every line::

    Sep 23 02:04:16 [kernel] [1772321.850701] Mem-Info:
    \w+ \d+ \d+:\d+:\d+ \[\w+\] \[\s*\d+\.\d+\]

Lines without even its time stamp are *bare*: the second half of a wrapped line, a remark, prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oomlab.parsing.dress import Dress, dresses_at_anchors, find_dresses

_BROKEN = re.compile(r".{1,60}?\d\.\d{6}\]\s{0,4}(?:\[\s{0,6}(?P<caller>[TC]\d{1,9})\])?\s{0,8}")
"""A stamp of which other output of the same console took the beginning."""


class Bodies(NamedTuple):
    """The kernel's own words, line by line: number, line as it was, text, whether bare, who printed it."""

    numbers: Sequence[int]
    lines: list[str]
    texts: list[str]
    bare: list[bool] | None
    callers: list[str | None] | None
    dresses: tuple[Dress, ...]


def undress(numbers: Sequence[int], lines: list[str]) -> Bodies:
    """Take the dress off every line. ``bare`` and ``callers`` are ``None`` where no line has either."""
    text = "\n".join(lines)
    dresses = find_dresses(text)
    if not dresses:
        return Bodies(numbers, lines, [line.strip() for line in lines], None, None, ())
    match = dresses[0].whole.match
    texts = [line[found.end() :].rstrip() if (found := match(line)) else line and "\n" for line in lines]
    left = [index for index, text in enumerate(texts) if text == "\n"]  # no line has one: they did not match
    bare = None
    if left:
        dresses, bare = _undress_left(lines, texts, left, dresses)
    callers = _callers(lines, dresses) if any([dress.has_caller for dress in dresses]) else None
    return Bodies(numbers, lines, texts, bare, callers, dresses)


def _undress_left(
    lines: list[str], texts: list[str], left: list[int], dresses: tuple[Dress, ...]
) -> tuple[tuple[Dress, ...], list[bool] | None]:
    """Try further dresses on lines that the first does not fit, and tell which are bare."""
    rest = "\n".join([lines[index] for index in left])
    more = dresses_at_anchors(rest)
    dresses += tuple([dress for dress in more if dress not in dresses])
    bare = [False] * len(lines)
    for index in left:
        line = lines[index]
        found = _dressed(line, dresses[1:]) or _BROKEN.match(line)
        texts[index] = line[found.end() :].rstrip() if found else line.strip()
        bare[index] = found is None and not any([dress.stamp.match(line) for dress in dresses])
    return dresses, bare if any(bare) else None


def _dressed(line: str, dresses: Iterable[Dress]) -> re.Match[str] | None:
    return next((match for dress in dresses if (match := dress.whole.match(line))), None)


def _callers(lines: list[str], dresses: tuple[Dress, ...]) -> list[str | None] | None:
    """Give who printed each line, where a dress tells."""
    matches = [_dressed(line, dresses) or _BROKEN.match(line) for line in lines]
    callers = [match.groupdict().get("caller") if match else None for match in matches]
    return callers if any(callers) else None
