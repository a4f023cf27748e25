"""Tell whether a log has its newest line first, as ``journalctl -r`` and most web pages write it.

Where reports are whole, the kernel's words tell: it prints them in one order. Where little is left of
them, the time stamps of their lines do; and where a log lost so much that its words stand the wrong way
round, its times still tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from oomlab.clock import seconds_between
from oomlab.report import uptime_in

_ORDERS = {
    "oom-killer: ": (
        ("Mem-Info:", "lowmem_reserve[]:"),
        ("tgid total_vm ", "Killed process "),
        ("Mem-Info:", "active_anon:"),
        ("Task in /", "memory: usage "),
        ("Free pages:", "Swap cache: add"),
    ),
    "allocation failure": (("Mem-Info:", "lowmem_reserve[]:"),),
    "Mem-Info:": (("lowmem_reserve[]:", "Free swap"), (" free:", " pages RAM")),
    "Mem-info:": (("Free pages:", "ages of RAM"), (" free:", "ages of RAM")),
}
"""A word of a report, and pairs of words that follow it in the order in which a kernel prints them."""

_WORDS = re.compile(r"ut of [Mm]emory|oom-killer|allocation fail|[Kk]illed process|Mem-[Ii]nfo")
"""What the lines hold whose time stamps are looked at."""

_LINES_SAMPLED = 40
"""Such lines that are looked at, each with its neighbours."""

_SAMPLE_LENGTH = 64 << 10
"""Characters in which the order of times is checked, line by line."""

_CLOCK = re.compile(
    r"(?P<before>.{0,40}?)(?<!\d)(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d(?:\.\d{1,9})?)(?!\d)"
    r"(?P<zone> ?[AP]M|[+-]\d\d:?\d\d)?",
    re.A,
)
_CHANGE = range(-3600, -3300)
"""A clock on the wall that is set back by an hour falls by this much."""

_MIDNIGHT_SECONDS = 43_200
"""The least distance of two lines without a date that shows midnight between them."""

_MAX_STEP_SECONDS = 10.0
"""The usual longest time between neighbours of one boot; a new start takes longer."""

_MIN_REVERSED = 2
"""The fewest neighbours in reverse order that turn a log round; none may be in order."""


def is_newest_first(text: str) -> bool | None:
    """Whether a log has its newest line first: both its first and its last report run backwards.

    ``None`` where nothing tells.

    >>> is_newest_first("lowmem_reserve[]: 0 0\\nMem-Info:\\nsh invoked oom-killer: gfp_mask=0xd0")
    True
    """
    begun = [(word, first) for word in _ORDERS if (first := text.find(word)) >= 0]
    orders = [_is_reversed(text, (word, *rest), first) for word, first in begun for rest in _ORDERS[word]]
    if True in orders:
        return not _rises(text)
    return False if False in orders else _falls(text)


def _is_reversed(text: str, words: tuple[str, str, str], first: int) -> bool | None:
    """Whether three words, the first of them at ``first``, stand backwards; ``None`` if not all are there."""
    second = text.find(words[1], 0, first)
    if text.find(words[2], 0, max(second, 0)) >= 0:
        return text.rfind(words[2]) < text.rfind(words[1]) < text.rfind(words[0])
    second = text.find(words[1], first)
    return None if second < 0 or text.find(words[2], second) < 0 else False


def _rises(text: str) -> bool:
    """Whether time rises from line to line more often than it falls."""
    lines = text[:_SAMPLE_LENGTH].split("\n")
    lapses = [lapse for one, other in pairwise(lines) if (lapse := seconds_between(one, other))]
    return 2 * sum(lapse > 0 for lapse in lapses) > len(lapses)


def _falls(text: str) -> bool | None:
    """Whether time falls from each line of a report to the next; ``None`` where it does not move enough."""
    steps = list(_steps(text))
    falls = sum(step < 0 for step in steps)
    if falls and falls < len(steps):
        return None
    return True if falls >= _MIN_REVERSED else False if len(steps) >= _MIN_REVERSED else None


def _steps(text: str) -> Iterator[int]:
    """Yield 1 or -1 for neighbouring lines between which the time rises or falls."""
    seen = -1
    for number, match in enumerate(_WORDS.finditer(text)):
        if number == _LINES_SAMPLED:
            return
        start = text.rfind("\n", 0, match.start())
        if max(start, 0) == seen:  # two words in one line
            continue
        before = max(text.rfind("\n", 0, max(start, 0)), seen)
        end = text.find("\n", match.end())
        after = text.find("\n", end + 1) if end >= 0 else -1
        lines = text[before + 1 : after if after >= 0 else len(text)].split("\n")
        seen = max(start, 0)
        yield from (step for one, other in pairwise(lines) if (step := _step(one, other)))


def _step(line: str, following: str) -> int:
    """Return which way the time goes between two lines; 0 where it stands still or cannot be told."""
    earlier, later = uptime_in(line), uptime_in(following)
    if earlier is not None and later is not None:
        return 0 if abs(later - earlier) > _MAX_STEP_SECONDS else (later > earlier) - (later < earlier)
    one, other = _CLOCK.match(line), _CLOCK.match(following)
    if one is None or other is None or one["before"] != other["before"] or one["zone"] != other["zone"]:
        return 0  # of two days, two halves of a day, two zones, or none
    lapse = _seconds(other) - _seconds(one)
    is_set = int(lapse) in _CHANGE or abs(lapse) > _MIDNIGHT_SECONDS
    return 0 if is_set else (lapse > 0) - (lapse < 0)


def _seconds(clock: re.Match[str]) -> float:
    hour = int(clock["hour"]) % (12 if "M" in (clock["zone"] or "") else 24)
    return hour * 3600 + int(clock["minute"]) * 60 + float(clock["second"])
