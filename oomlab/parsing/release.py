"""Find the kernel of a report that does not name it, in another line of the same boot.

A kernel names itself as it starts, in every report, and below every warning. Between two of its
starts, each such line is of the same kernel: unless a start is lost, which shows in an uptime that
falls back, or the lines come from several machines.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from oomlab.clock import clocks_disagree, uptime_between, wall_between
from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line, LogLines
from oomlab.report import time_in, uptime_in

_RELEASE = re.compile(r"(?<![\w.])(\d{1,3}\.\d{1,4}(?:\.\d{1,5})?(?:[-+._~]?[\w+~.-]{0,100})?)", re.A)

_NEAREST_LINES = 20
"""Lines that name a kernel and are looked at, on either side of a report."""

_STARTS = ("Linux version ", "-- ")
"""How the kernel begins, and how journalctl parts the logs of two boots."""

_VALID_SECONDS = 86_400
"""How long the name of a kernel holds in a log that shows neither starts nor uptimes."""

_HOST = re.compile(r"(\S{1,80}) kernel:")


class _Place(NamedTuple):
    """Where a line stands: on which machine, how long after the start of its kernel, and when by the wall."""

    host: str | None
    uptime: float | None
    time: str | None


class _Named(NamedTuple):
    line: Line
    text: str
    place: _Place


def release_in(text: str) -> str | None:
    """Return the release that a line names, as printed: behind the taint, or in the first line of a boot.

    >>> release_in("CPU: 1 PID: 7 Comm: sh Not tainted 5.10.0-9-amd64 #1")
    '5.10.0-9-amd64'
    """
    start = text.find("ainted")
    if start < 0 and not text.startswith("Linux "):
        return None
    match = _RELEASE.search(text, max(start, 0))
    return match[1] if match else None


def names_its_kernel(draft: Draft) -> bool:
    """Whether a line of the report names the kernel."""
    return any(["." in text.partition("ainted")[2] for _, text in draft.lines.get("identity", ())])


def find_boots(drafts: Iterable[Draft], lines: LogLines) -> None:
    """Tell each report where a kernel of its host last started above it, if the log shows it."""
    hosts = lines.hosts or [None] * len(lines.numbers)
    starts: dict[str | None, list[int]] = {}
    for index, kind in enumerate(lines.kinds):
        if kind == "boot" and lines.texts[index].startswith(_STARTS):
            starts.setdefault(hosts[index], []).append(lines.numbers[index])
    for draft in drafts:
        own = starts.get(hosts[bisect_left(lines.numbers, draft.first)], [])
        index = bisect_right(own, draft.first)
        draft.boot_line = own[index - 1] if index else None


def find_releases(drafts: Iterable[Draft], lines: LogLines) -> None:
    """Give each report that does not name its kernel the nearest line of its boot that does.

    Nothing is given where the lines of that boot name several kernels: then they are of several machines.
    """
    starts = [number for number, kind in zip(lines.numbers, lines.kinds, strict=True) if kind == "boot"]
    named = list(_named(lines))
    numbers = [each.line.number for each in named]
    for draft in drafts:
        if not named or names_its_kernel(draft):
            continue
        index = bisect_right(starts, draft.first)
        begin = starts[index - 1] if index else 0
        end = starts[index] if index < len(starts) else draft.last + (1 << 62)
        near = bisect_left(numbers, draft.first)
        own = _place(bisect_left(lines.numbers, draft.first), lines)
        same = [
            each
            for each in named[max(0, near - _NEAREST_LINES) : near + _NEAREST_LINES]
            if begin <= each.line.number < end and _same_boot(each, draft.first, own)
        ]
        if len({each.text for each in same}) == 1:
            draft.release = min(same, key=lambda each: abs(each.line.number - draft.first)).line


def _named(lines: LogLines) -> Iterable[_Named]:
    """Return every line of the log that names a kernel."""
    for index, kind in enumerate(lines.kinds):
        if kind in ("identity", "boot"):
            text = lines.texts[index]
            release = release_in(text)
            if release is not None:
                yield _Named(Line(lines.numbers[index], text), release, _place(index, lines))


def _same_boot(named: _Named, first: int, own: _Place) -> bool:
    """Whether neither host nor clocks of a report's first line speak against it: uptime only grows."""
    place = named.place
    if place.host is not None and own.host is not None and place.host != own.host:
        return False
    earlier, later = (place, own) if named.line.number < first else (own, place)
    uptime = uptime_between(earlier.uptime, later.uptime)
    wall = wall_between(earlier.time, later.time)
    if uptime is None:
        return wall is None or abs(wall) <= _VALID_SECONDS
    return uptime >= 0 and not clocks_disagree(uptime, wall)


def _place(index: int, lines: LogLines) -> _Place:
    raw = lines.raw[index][:300]
    host = lines.hosts[index] if lines.hosts else (found := _HOST.search(raw, 0, 200)) and found[1]
    return _Place(host, uptime_in(raw), time_in(raw))
