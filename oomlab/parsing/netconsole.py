"""Join what netconsole sent in several packets.

A message that is too long for one comes in fragments, each with the whole header and its place: of a message
of 31 bytes the second has ``6,416,1758426,-,ncfrag=16/31;``. Packets may be lost, or change their order.
Source: Documentation/networking/netconsole.rst, *Extended console*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MARK = ",ncfrag="
"""What the header of each fragment has, and no other."""

_FRAGMENT = re.compile(
    r"(.{0,200}?)((?:\d{1,2}\.\d[\w.+~-]{0,64},)?\d{1,4},\d{1,15},\d{1,17},[^;]{0,80}?)"
    r",ncfrag=(\d{1,6})/(\d{1,6});",
    re.A,
)
_PLACE = re.compile(r"(\d{1,6})/\d{1,6};", re.A)

_MAX_LINES_BETWEEN = 64
"""The most lines between two fragments of a message: several hosts may send to one file."""

_MAX_FRAGMENTS = 64
_MAX_BLANKS = 8
"""The most blanks at the end of a fragment that a receiver may have taken away."""


@dataclass
class _Message:
    """What came of a message: where its first line stands, what stood before it, and its fragments."""

    at: int
    head: str
    fragments: dict[int, str] = field(default_factory=dict)

    def texts(self) -> Iterator[str]:
        """Yield the message, or the parts of it between which a fragment is lost."""
        text, end = "", 0
        for place, fragment in sorted(self.fragments.items()):
            missing = place - end
            if text and not 0 <= missing <= _MAX_BLANKS:
                yield f"{self.head};{text}"
                text = fragment
            else:
                text += " " * (missing if text else 0) + fragment
            end = place + len(fragment.encode("utf-8", "surrogatepass"))
        yield f"{self.head};{text}"


def join_packets(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Return lines with each message whole, in the place and with the number of its first fragment."""
    found: list[tuple[int, str | _Message]] = []
    open_messages: dict[tuple[str, str], _Message] = {}
    for index, (number, line) in enumerate(zip(numbers, lines, strict=True)):
        match = _FRAGMENT.match(line) if MARK in line else None
        if match is None:
            found.append((number, line))
            continue
        key = match[2], match[4]
        message = open_messages.get(key)
        if (
            message is None
            or index - message.at > _MAX_LINES_BETWEEN
            or len(message.fragments) > _MAX_FRAGMENTS
        ):
            message = open_messages[key] = _Message(index, match[1] + match[2])
            found.append((number, message))
        for place, text in _fragments(line, match):
            message.fragments.setdefault(place, text)
    rows = [
        (number, text)
        for number, each in found
        for text in ([each] if isinstance(each, str) else each.texts())
    ]
    return [number for number, _ in rows], [text for _, text in rows]


def _fragments(line: str, match: re.Match[str]) -> Iterator[tuple[int, str]]:
    """Yield the fragments in a line, each with its place: a receiver may end no line between packets."""
    first, *others = line[match.end() :].split(match[2] + MARK)
    yield int(match[3]), first
    for other in others:
        place = _PLACE.match(other)
        if place is not None:
            yield int(place[1]), other[place.end() :]
