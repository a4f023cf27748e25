"""Put the parts of a dump in pstore into the order of time.

A kernel that dies keeps the end of its log in parts, which count back from the end: ``Panic#2 Part1`` is
the newest. So files in the order of their names, put together, have the newest part first.
Source: fs/pstore/platform.c, ``pstore_dump``.
"""

from __future__ import annotations

import re

_HEADING = re.compile(r"^[A-Z][a-z]{2,20}#(\d{1,9}) Part(\d{1,9})[ \r]*$", re.M | re.A)

_REORDERED = (
    "The parts of this dump in pstore stood with the newest first: they are read, and their lines are "
    "numbered, in the order of time"
)
_ALONE = (
    "This is a dump in pstore without all of its parts: give them together, as in "
    "cat dmesg-* | oomlab explain -"
)


def in_order_of_time(text: str) -> tuple[str, str | None]:
    """Return a text with the oldest part of each dump first; also what there is to say of its parts.

    >>> text, said = in_order_of_time("Panic#1 Part1\\nKilled\\nPanic#1 Part2\\nMem-Info:\\n")
    >>> text.split("\\n")
    ['Panic#1 Part2', 'Mem-Info:', 'Panic#1 Part1', 'Killed', '']
    """
    found = list(_HEADING.finditer(text)) if "#" in text and " Part" in text else []
    if not found:
        return text, None
    starts = [match.start() for match in found]
    parts = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    keys = [(int(match[1]), -int(match[2])) for match in found]
    said = _REORDERED if keys != sorted(keys) else None if _are_all_there(keys) else _ALONE
    ordered = [part for _, part in sorted(zip(keys, parts, strict=True), key=lambda each: each[0])]
    if keys != sorted(keys):
        text = text[: starts[0]] + "".join(part.removesuffix("\n") + "\n" for part in ordered)
    return text, said


def without_headings(lines: list[str]) -> list[str]:
    """Return lines without what a dump puts above each of its parts."""
    return ["" if _HEADING.match(line) else line for line in lines]


def _are_all_there(keys: list[tuple[int, int]]) -> bool:
    """Whether each dump has all its parts from the first to its last, and more than one."""
    numbers: dict[int, set[int]] = {}
    for dump, part in keys:
        numbers.setdefault(dump, set()).add(-part)
    return all(len(found) > 1 and found == set(range(1, len(found) + 1)) for found in numbers.values())
