"""What a line of a kill says: which process, in whose words, and whether another line says the same."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from oomlab.clock import are_apart
from oomlab.parsing.lines import Line, LogLines

NAMELESS = "VM: killing process "
"""How 2.4 and 2.6 tell of a page fault that got no page."""

AT_ONCE = 30
"""The lines of one kill are written within these seconds, however often they are stored."""

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
    return not (_differ(first.text, second.text) or were_apart(first.number, second.number, lines))


def _differ(first: str, second: str) -> bool:
    """Whether two kills differ in what both of them say; a name may be cut."""
    sizes, others = dict(_SIZE.findall(first)), dict(_SIZE.findall(second))
    if any(sizes[name] != others[name] for name in sizes.keys() & others.keys()):
        return True
    names = [match[1] for match in (_NAME.search(first), _NAME.search(second)) if match]
    return len(names) == 2 and not names[0].startswith(names[1]) and not names[1].startswith(names[0])


def were_apart(first: int, second: int, lines: LogLines, seconds: float = AT_ONCE) -> bool:
    """Whether two lines were written more than ``seconds`` apart, as far as the log shows."""
    return are_apart(timed_line(first, lines), timed_line(second, lines), seconds)


def timed_line(number: int, lines: LogLines) -> str:
    """Return a line as the logger wrote it, for its time; nothing where several lines stand in that one."""
    is_alone = bisect_right(lines.numbers, number) - bisect_left(lines.numbers, number) == 1
    return raw_line(number, lines) if is_alone else ""


def raw_line(number: int, lines: LogLines) -> str:
    """Return a line as the logger wrote it."""
    return lines.raw[bisect_left(lines.numbers, number)].strip()
