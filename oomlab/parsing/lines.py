"""What the steps of the reading hand on: :class:`LogLines`, and what a line can be: :data:`LineKind`."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

LineKind = Literal[
    "header",  # "invoked oom-killer": who asked, for what
    "failure",  # "page allocation failure": the same of a request that failed
    "show",  # SysRq-M, or xmon: a request to show the state of memory
    "manual_oom",  # SysRq-F: a request for an OOM kill
    "slab_failure",  # "SLUB: Unable to allocate memory", and the cache that got no page
    "cpuset",  # the cpuset of the process that asked
    "identity",  # that process and its kernel: "CPU: 0 PID: 1 Comm: init Not tainted 6.1.0"
    "trace",  # the call trace
    "context",  # registers, hardware and the like
    "memcg_task",  # the control group whose limit was met
    "memcg_usage",  # its use and its limits
    "memcg_stats",  # the title of its statistics; up to 5.2 the statistics themselves
    "memcg_stat",  # one of its statistics
    "memcg_group",  # the group that is killed as a whole
    "meminfo",  # "Mem-Info:", the title of the state of memory
    "pcp_zone",  # the zone of a per-cpu list
    "pcp",  # the pages that one CPU keeps for itself
    "free_pages",  # all free pages, as 2.4 and 2.6 sum them up
    "totals",  # the machine's counters
    "node",  # the counters of a NUMA node
    "zone",  # the counters and watermarks of a zone
    "reserve",  # what a zone keeps from requests for the zones above it
    "blocks",  # the free blocks of a zone, by order
    "huge",  # a pool of huge pages
    "pages",  # "524158 pages RAM" and others of its form
    "swap",  # swap space
    "slab_title",
    "slab",  # one slab cache
    "alloc_title",
    "alloc",  # one line of code and what it has allocated (6.10 and later)
    "protection",  # what control groups keep from reclaim by memory.min and memory.low (6.19 and later)
    "task_title",
    "task_header",  # the columns of the task table
    "task",  # a row of it
    "constraint",  # "oom-kill:constraint=": what bound the kill, and whom it hits (4.20 and later)
    "chosen",  # whom the kernel means to kill
    "killed",  # whom it killed
    "exiting",  # whom it had no need to kill: that process was already exiting
    "reaped",  # whose memory the oom_reaper took back
    "panic",  # the kernel gives up
    "boot",  # a kernel starts
    "continuation",  # the rest of the line above
    "other",  # no line of a report
]
"""What a line is about. In which order a kernel prints them: ``grammar._STAGES``."""


class Line(NamedTuple):
    """One whole line of the kernel's: the number of the line where it begins, and its text."""

    number: int
    text: str


class Prefix(NamedTuple):
    """A shape of what a logger writes before a message.

    ``whole`` matches it at the start of a line, ``stamp`` the same up to its time of day,
    ``anywhere`` within a text. ``has_caller``: one part is the task or CPU that printed
    the line (``[T123]``), as group ``caller``.
    """

    whole: re.Pattern[str]
    stamp: re.Pattern[str]
    anywhere: re.Pattern[str]
    has_caller: bool


class LogLines(NamedTuple):
    """The lines of a log, column by column; each step returns them with one more thing known.

    ``numbers`` are 1-based and never fall; several lines have the same where a logger folded
    them into one. ``raw`` are the lines as the logger wrote them, ``texts`` without its prefixes; of a line
    that was split, both are the parts without.
    ``prefixes``, ``unprefixed``, ``callers`` and ``hosts`` are known once those are stripped, ``kinds``
    once the lines are classified; ``unprefixed`` is ``None`` where no line lacks a prefix, ``callers``
    where no prefix names one, ``hosts`` where all lines are of one. An export may name these from the start.
    """

    numbers: Sequence[int]
    raw: list[str]
    texts: list[str]
    prefixes: tuple[Prefix, ...] = ()
    unprefixed: list[bool] | None = None
    callers: list[str | None] | None = None
    hosts: list[str | None] | None = None
    kinds: Sequence[LineKind] = ()

    def is_unprefixed(self, number: int) -> bool:
        """Whether a line has no prefix, or any of those with its number, in a log where some have none."""
        rows = slice(bisect_left(self.numbers, number), bisect_right(self.numbers, number))
        return any((self.unprefixed or ())[rows])


class LogKinds:
    """The kinds of all lines of a log, one for each number: of several with one number the first known one.

    So a report keeps what is its own, however many stand in one line of the log.
    """

    def __init__(self, lines: LogLines) -> None:
        self._numbers, self._kinds = lines.numbers, lines.kinds
        if not isinstance(lines.numbers, range) and len(set(lines.numbers)) < len(lines.numbers):
            firsts: dict[int, LineKind] = {}
            for number, kind in zip(lines.numbers, lines.kinds, strict=True):
                if firsts.get(number, "other") == "other":
                    firsts[number] = kind
            self._numbers, self._kinds = list(firsts), list(firsts.values())

    def between(self, first: int, last: int) -> LineKinds:
        """Return the kinds of the lines from number ``first`` to ``last``."""
        rows = slice(bisect_left(self._numbers, first), bisect_right(self._numbers, last))
        return LineKinds(self._numbers[rows], self._kinds[rows])


class LineKinds(Mapping[int, LineKind]):
    """The kinds of some lines by their numbers, without those of kind ``"other"``.

    The mapping is made when it is first used: few reports are ever shown line by line, and making
    it takes 3 % of the reading.
    """

    def __init__(self, numbers: Sequence[int], kinds: Sequence[LineKind]) -> None:
        self._numbers = numbers
        self._kinds = kinds

    @cached_property
    def _by_number(self) -> dict[int, LineKind]:
        pairs = zip(self._numbers, self._kinds, strict=True)
        return {number: kind for number, kind in pairs if kind != "other"}

    def __getitem__(self, number: int) -> LineKind:
        return self._by_number[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_number)

    def __len__(self) -> int:
        return len(self._by_number)
