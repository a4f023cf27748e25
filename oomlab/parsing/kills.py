"""What a line of a kill says: which process, in whose words, and whether another line says the same."""

from __future__ import annotations

import re
from bisect import bisect_left

from oomlab.clock import are_apart
from oomlab.parsing.lines import Line, LogLines

NAMELESS = "VM: killing process "
"""What 2.4 and 2.6 print of a page fault that got no page."""

AT_ONCE = 30
"""The longest time in seconds in which the lines of one kill are written, however often they are stored."""

_COPY_SECONDS = 1
"""The largest difference of the uptimes of two copies of a kill: some loggers round it."""

REAPED_WITHIN = 600
"""The longest time in seconds that the oom_reaper takes, or tries."""

_PID = re.compile(r"oom-kill:.*,pid=(\d+)|process (\d+)|reap pid:(\d+)", re.A)
_SIZE = re.compile(r"(total-vm|anon-rss|file-rss|shmem-rss|pgtables):(\d+)kB", re.A)
_NAME = re.compile(r"\(([^()]{1,64})\)")


def pid_in(text: str) -> str | None:
    """Return the process that a line of a kill names, of the oom_reaper, or of the choice; else ``None``."""
    match = _PID.search(text)
    return match and match[match.lastindex or 0]


def is_by_kernel(text: str) -> bool:
    """Whether a kill is in the kernel's words, and not only in those of a daemon."""
    return "ut of " in text or "-rss:" in text or "vsz:" in text or text.startswith(NAMELESS)


def is_same_kill(first: Line, second: Line, lines: LogLines) -> bool:
    """Whether two lines with one pid tell of one kill: nothing that both say differs, nor does the time."""
    if _differ(first.text, second.text):
        return False
    return not were_apart(first.number, second.number, lines, _COPY_SECONDS, AT_ONCE)


def _differ(first: str, second: str) -> bool:
    """Whether two kills differ in what both of them say; a name may be cut."""
    sizes, others = dict(_SIZE.findall(first)), dict(_SIZE.findall(second))
    if any(sizes[name] != others[name] for name in sizes.keys() & others.keys()):
        return True
    names = [match[1] for match in (_NAME.search(first), _NAME.search(second)) if match]
    return len(names) == 2 and not names[0].startswith(names[1]) and not names[1].startswith(names[0])


def were_apart(
    first: int, second: int, lines: LogLines, seconds: float = AT_ONCE, by_wall: float | None = None
) -> bool:
    """Whether a line was written more than ``seconds`` after one above it, or in another boot."""
    return are_apart(timed_line(first, lines), timed_line(second, lines), seconds, by_wall)


def timed_line(number: int, lines: LogLines) -> str:
    """Return a line as the logger wrote it, for its time; nothing where several lines stand in that one."""
    index, numbers = bisect_left(lines.numbers, number), lines.numbers
    is_alone = numbers[index + 1 : index + 2] != numbers[index : index + 1]
    return lines.raw[index].strip() if is_alone else ""


def raw_line(number: int, lines: LogLines) -> str:
    """Return a line as the logger wrote it."""
    return lines.raw[bisect_left(lines.numbers, number)].strip()
