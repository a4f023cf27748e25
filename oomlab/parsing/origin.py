"""Tell what other programs wrote into a log of the kernel, in words that are the kernel's.

Anybody may write to ``/dev/kmsg``, to syslog and to the journal. What a logger notes beside each line
shows who did: the kernel's facility is 0, ``kern``, which no program can have, and the kernel has no pid.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from oomlab.parsing.hosts import FACILITY, SEVERITY
from oomlab.report import UPTIME

_PRIORITY = re.compile(
    r"\s{0,9}(?:<(?P<level>\d{1,3})>"  # dmesg -r, syslog
    r"|(?:\d[\w.+~-]{0,60},)?(?P<record>\d{1,3}),\d{1,20},\d{1,20},"  # /dev/kmsg, netconsole
    rf"|(?i:.{{0,60}}?(?<![\w-])(?P<word>{FACILITY})\s{{0,6}}[:.]\s{{0,9}}{SEVERITY}\b))"  # dmesg -x
)
SEVERITIES = 8
"""A priority is eight times the facility, and the severity. Source: RFC 5424, section 6.2.1."""

_OF_KERNEL = re.compile(r"\bkernel\b")
_PID = re.compile(r"\[[1-9]\d{0,9}\]: ")
_BY_PROCESS = re.compile(r"\d\d:\d\d:\d\d\S{0,20} (?:\S{1,80} )?(?P<tag>[^\s:\[\]]{1,80})\[[1-9]\d{0,9}\]: ")
_QUOTED = ("illed process ", "oom-killer: ")
_REPORT = (*_QUOTED, "Mem-Info:", "oom-kill:constraint=", " total_vm ")
"""Words that begin different lines of a report: what passes it on writes several of them."""


def by_others(text: str, raw: Sequence[str], texts: Sequence[str]) -> list[int]:
    """Return which lines of a log, given as a text and line by line, other programs wrote.

    ``texts`` are the lines without their prefixes.
    """
    found = _of_other_facilities(raw, texts)
    if "]: " in text and _PID.search(text):
        found += _of_other_processes(raw)
    return found


def _of_other_facilities(raw: Sequence[str], texts: Sequence[str]) -> list[int]:
    """Return the lines without the kernel's facility and tag, where others have its facility."""
    shown = next((line for line, message in zip(raw, texts, strict=True) if line.strip() != message), "")
    if _PRIORITY.match(shown) is None:
        return []
    by_kernel = [_is_by_kernel(line) for line in raw]
    if True not in by_kernel:  # one that a logger gave to all lines says nothing
        return []
    return [
        index
        for index, (line, message) in enumerate(zip(raw, texts, strict=True))
        if by_kernel[index] is False and not _OF_KERNEL.search(line[: line.rfind(message)])
    ]


def _is_by_kernel(line: str) -> bool | None:
    """Whether the facility of a line is the kernel's; ``None`` where it shows none."""
    match = _PRIORITY.match(line)
    if match is None:
        return None
    priority = match["level"] or match["record"]
    return match["word"].lower() == "kern" if priority is None else int(priority) < SEVERITIES


def _of_other_processes(raw: Sequence[str]) -> Iterator[int]:
    """Yield the kills and headers behind the tag and pid of a process that writes nothing else of a report.

    One that passes on what a kernel wrote has its time there, or its name.
    """
    quoted = [
        (index, tag)
        for index, line in enumerate(raw)
        if (_QUOTED[0] in line or _QUOTED[1] in line) and (tag := _process(line))
    ]
    if quoted:
        words = {(_process(line), word) for line in raw for word in _REPORT if word in line}
        tags = Counter(tag for tag, _ in words)
        yield from (index for index, tag in quoted if tags[tag] == 1)


def _process(line: str) -> str | None:
    """Return which process wrote a line of syslog in its own name; ``None`` where none did."""
    match = _BY_PROCESS.search(line)
    if match is None or UPTIME.search(line) or _OF_KERNEL.search(line, 0, line.find(_QUOTED[0])):
        return None
    return match["tag"]
