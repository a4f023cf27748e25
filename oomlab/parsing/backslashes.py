r"""Join lines that end in a backslash with what follows: Emacs and shells break lines so.

Where each line ends in one, that is a line break of Markdown, and the lines stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

QUOTES = re.compile(r"[ \t]{0,8}(?:[A-Z]{0,3}[>|][ \t]?){1,40}")
"""What mailers put before each line that they quote."""

_MAX_LENGTH = 16_384
"""The most characters of a line that is put together."""

_TITLES = tuple(f"{title}\\" for title in ("Mem-Info:", "Call Trace:", "Mem-info:", "Call trace:"))
"""Lines too short to be broken: with a backslash, they show that one ends each line."""

_BEGINS = re.compile(
    r" {0,20}(?:<\d{1,3}>)? ?(?:\[ {0,12}\d{1,10}(?:\.\d{1,9})?\]|\d{4}-\d\d-\d\d"
    r"|\d{1,2},\d{1,15},\d|[^\W\d]{2,9} {1,2}\d{1,2} \d\d:\d\d:\d\d|(?:Memory cgroup o|O)ut of [mM]emory)",
    re.A,
)
"""What only a line begins with, never the rest of one: a stamp, a process's number in a table, a kill."""

_MAX_PARTS = 4
"""The most lines, all but the last with a backslash, that may be one."""


def join_backslashed(numbers: Sequence[int], lines: list[str]) -> tuple[Sequence[int], list[str]]:
    """Return lines without the breaks that a backslash marks; a line that was broken has its first number."""
    broken = [index for index, line in enumerate(lines) if line.endswith("\\")]
    if not broken or _end_every_line(broken, lines):
        return numbers, lines
    rests = {index + 1 for index in broken}
    found: list[int] = []
    texts: list[str] = []
    for index, (number, line) in enumerate(zip(numbers, lines, strict=True)):
        rest = _rest(texts[-1], line) if index in rests else None
        if rest is not None:
            texts[-1] = texts[-1][:-1] + rest
        else:
            found.append(number)
            texts.append(line)
    return found, texts


def _rest(first: str, line: str) -> str | None:
    """Return what a line adds to one that was broken, which may be quoted; ``None`` where it begins anew."""
    quoted = QUOTES.match(first)
    rest = line.removeprefix(quoted[0]) if quoted else line
    return None if len(first) > _MAX_LENGTH or _BEGINS.match(rest) else rest


def _end_every_line(broken: list[int], lines: list[str]) -> bool:
    """Whether backslashes end lines that are whole: titles, or nearly all, and those of different lengths."""
    if any(lines[index].endswith(_TITLES) for index in broken):
        return True
    among = sum(map(bool, lines[broken[0] : broken[-1] + 2]))
    lengths = {len(lines[index]) for index in broken}
    return among > _MAX_PARTS and 10 * len(broken) >= 9 * (among - 1) and len(lengths) > 1
