"""Split lines that hold several of the kernel's: mailers join the lines of a paragraph, loggers all of them.

A prefix inside a line starts a new one; where there is none, words that begin a line do.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from oomlab.parsing.classify import kind_of
from oomlab.parsing.lines import LineKind, LogLines
from oomlab.parsing.prefix import SAMPLE, is_run_together

_MIN_JOINED = 1000
"""The least length of a line that may be several, joined."""

_MIN_SEARCHED = 700
"""The least length of a line that is searched for the prefix."""

_SAMPLE_LINES = 20
"""Unprefixed lines that show how a mailer treated the text."""

_STARTS = re.compile(
    r"(?<!Node \d)(?<!Node \d\d)\s(?=Mem-[Ii]nfo:|Call [Tt]race:|lowmem_reserve|Free pages:|oom-kill:"
    r"|Free swap|Total swap|Swap cache|Tasks? in /|Memory cgroup "
    r"|kmem: usage|memory(?:\+swap)?: usage|swap: usage|Out of [Mm]emory|RIP: |EIP: "
    r"|CPU: \d+ [PU]ID|Pid: \d+|Tasks state|\[ *pid *\]|\[ *\d+\] +\d|[Aa]ctive(?:_anon)?:\d+ |Node \d+ "
    r"|\d+ (?:(?:total |reserved |free |slab )?pages?|(?:total )?pagecache)\b|(?<!emory: )Killed process"
    r"|(?:DMA|DMA32|Normal|HighMem|Movable)(?::| free:| per-cpu:)"
    r"|\S{1,15}(?: invoked oom-killer:|: page allocation failure)|(?<!invoked )oom-killer: gfp_mask"
    r"|(?:SysRq ?|sysrq): Show Memory|Kernel panic|Memory allocations|Linux version \d"
    r"|\( ?Active: |Zone:[A-Z])"
)
"""Where a line of the kernel's begins, when several were joined."""

_KILL_BEHIND = re.compile(r"\sKill(?:ed)? process \d+(?: \(|,)")
_KILLS = re.compile(r"(?:^|\s)Kill(ed)? process \d+(?: \(|,)")
"""One kill, and whether it is said to be done: what a line says twice is two lines."""

_WITH_KILLS: frozenset[LineKind] = frozenset(("killed", "chosen", "failure"))
"""What may hold two kills; but the path of a group may hold any words."""

_BEFORE_KILLS: frozenset[LineKind] = frozenset(
    ("header", "task", "pages", "swap", "blocks", "reserve", "zone", "totals")
)
"""What may stand before a kill, and has no room for any text of somebody else's."""


def split_joined(lines: LogLines) -> LogLines:
    """Split lines that hold several, at the prefixes inside them or at words that begin a line."""
    longest = max(map(len, lines.texts), default=0)
    if lines.prefixes and (lines.unprefixed or longest >= _MIN_SEARCHED) and _is_run_together(lines):
        return _split_at_prefixes(lines)
    kills = [text for text in lines.texts if "process " in text]  # a call for each line costs 2 % of all
    if longest < _MIN_JOINED and not any(map(_holds_a_kill, kills)):
        return lines
    return _split_long(lines)


def _is_run_together(lines: LogLines) -> bool:
    """Whether the prefix stands inside lines, judged by the first unprefixed ones and by the longest."""
    unprefixed = [index for index, flag in enumerate(lines.unprefixed or ()) if flag and lines.texts[index]]
    nearby = sorted(
        {near for index in unprefixed[:_SAMPLE_LINES] for near in (index - 1, index) if near >= 0}
    )
    longest = max(lines.raw, key=len, default="")
    sample = [lines.raw[index] for index in nearby] + [longest[:SAMPLE]] * (len(longest) > _MIN_SEARCHED)
    return is_run_together("\n".join(sample), lines.prefixes[0])


def _split_at_prefixes(lines: LogLines) -> LogLines:
    """Split wherever the prefix stands inside a line, even where it is broken over two lines."""
    text = "\n".join(lines.raw)
    found = list(lines.prefixes[0].anywhere.finditer(text))
    line_ends = list(accumulate(len(line) + 1 for line in lines.raw))
    starts = [0, *(match.end() for match in found)]
    ends = [*(match.start() for match in found), len(text)]
    texts = [" ".join(text[start:end].split()) for start, end in zip(starts, ends, strict=True)]
    last = len(line_ends) - 1
    numbers = [lines.numbers[min(bisect_right(line_ends, start), last)] for start in starts]
    return LogLines(numbers, texts, texts, lines.prefixes)


def _is_joined(text: str) -> bool:
    return len(text) >= _MIN_JOINED or _holds_a_kill(text)


def _ends_joined(before: tuple[int, str, bool] | None, number: int) -> bool:
    """Whether a line is the rest of one that is too long, of which any length may be left."""
    return before is not None and before[0] == number and len(before[1]) >= _MIN_JOINED


def _holds_a_kill(text: str) -> bool:
    """Whether a line of another kind has a kill behind it: short reports are joined to short lines.

    No name of a process has room for these words and a number.
    """
    if "process " not in text or not _KILL_BEHIND.search(text):
        return False
    kind = kind_of(text)
    if kind in _WITH_KILLS:
        kills = _KILLS.findall(text)
        return len(kills) > len(set(kills))
    return kind in _BEFORE_KILLS


def _split_long(lines: LogLines) -> LogLines:
    """Split long lines before words that begin a line."""
    rows = list(zip(lines.numbers, lines.texts, lines.unprefixed or [False] * len(lines.texts), strict=True))
    parts = [
        (number, part.strip(), is_unprefixed)
        for (number, text, is_unprefixed), before in zip(rows, [None, *rows], strict=False)
        for part in (_STARTS.split(text) if _is_joined(text) or _ends_joined(before, number) else (text,))
    ]
    texts = [text for _, text, _ in parts]
    return LogLines(
        numbers=[number for number, _, _ in parts],
        raw=texts,
        texts=texts,
        prefixes=lines.prefixes,
        unprefixed=[is_unprefixed for _, _, is_unprefixed in parts] if lines.unprefixed else None,
        callers=lines.callers if len(parts) == len(lines.texts) else None,
        hosts=lines.hosts if len(parts) == len(lines.texts) else None,
    )
