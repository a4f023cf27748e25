"""Learn from a text what its logger put before the kernel's words: the shape of the dress."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

ANCHORS = (
    "Mem-Info:",
    "lowmem_reserve[]:",
    "Call Trace:",
    "Free swap  =",
    "Out of memory: ",
    "oom-kill:constraint=",
    "Out of Memory: ",
    "Memory cgroup out of memory: ",
    "memory: usage ",
    "Task in /",
    "Mem-info:",
    "Pid: ",
    "Call trace:",
    "Total swap =",
    "Swap cache",
    "Free pages:",
    "Unreclaimable slab info:",
    "Memory allocations:",
    "Out of memory in UB ",
    "Memory cgroup stats for /",
)
"""Words that begin a line of the kernel's and stand nowhere else. The common ones come first."""

_ENOUGH = 5
_TOKEN = re.compile(
    r"(?P<caller>\[\s*[TC]\d+\])"  # CONFIG_PRINTK_CALLER: a task or a CPU
    r"|(?P<cpu>\[\d+:\s*[^\[\]:]+:\s*\d+\])"  # Samsung and others: [2: kswapd0: 81]
    r"|caller=(?P<kmsg>[TC]\d+)"
    r"|(?P<blank>\s+)|(?P<number>\d+)|(?P<word>\w+)|(?P<mark>.)"
)
_CALLERS = {
    "caller": r"\[\s{0,20}(?P<caller>[TC]\d{1,20})\]",
    "cpu": r"\[(?P<caller>\d{1,9}:[^\[\]:]{1,40}:\s{0,20}\d{1,20})\]",
    "kmsg": r"caller=(?P<caller>[TC]\d{1,20})",
}
_NUMBER = "[0-9]{1,20}+"
SAMPLE = 8000
"""So many characters show how a mailer treated a text."""

_CLOCK = f"{_NUMBER}:{_NUMBER}:{_NUMBER}"
_DIGITS = re.compile(r"\d+")
_KERNEL = re.compile(r"oom-killer|panic")
"""Words of the kernel's that can stand before an anchor."""

_STAMP = re.compile(r"\d\W\d|<\d+>|^kernel:$")
_TAIL = re.compile(
    r"(?:\b[^\W\d]{2,9}\s+\d{1,2}\s+\d\d:\d\d:\d\d\S*\s+\S{1,80}\s+kernel:\s*"  # syslog
    r"|\b\d{4}-\d\d-\d\d[T ]\S{8,30}\s+\S{1,80}\s+kernel:\s*)?"  # rsyslog, journald
    r"(?:<\d{1,2}>\s*)?(?:\[\s*\d+\.\d+\]\s*)?(?:\[\s*[TC]\d+\]\s*)?$"
)
"""A dress of the common kinds at the end of a text."""

_NAMED = re.compile(r"(?:.*(?:[\]>]\s*|:\s+|\s{2,}))?(.{0,15})(?: invoked |: page allocation failure)")
_ZONE = re.compile(r"(?:Node \d+ )?(?:Zone:)?(?:DMA|DMA32|Normal|HighMem|Movable) free(?:pages)?:")


class Dress(NamedTuple):
    """The shape of what stands before the kernel's words, of the stamp it begins with, and within a text."""

    whole: re.Pattern[str]
    stamp: re.Pattern[str]
    inside: re.Pattern[str]
    has_caller: bool


def find_dresses(text: str) -> tuple[Dress, ...]:
    """Find the dresses in a text, the longest first; none when the kernel's words begin the lines."""
    places = _anchors(text)
    if not places:
        return _learn(tuple(map(_rough, _before_others(text))))
    befores = tuple([_rough(text[text.rfind("\n", 0, at) + 1 : at]) for at in places])
    if len(set(befores)) > 1:
        tails = [_rough(tail[0]) for at in places if (tail := _TAIL.search(text, max(0, at - 150), at))]
        dresses = _learn((Counter(tails).most_common(1)[0][0],))
        if dresses and is_run_together(text[:SAMPLE], dresses[0]):
            return dresses
    return _learn(befores) or _learn(tuple(map(_rough, _before_others(text))))


def dresses_at_anchors(text: str) -> tuple[Dress, ...]:
    """Find whatever stands before the kernel's words in a text."""
    return _learn(tuple([_rough(_line_before(text, at)) for at in _anchors(text)]))


def is_run_together(text: str, dress: Dress) -> bool:
    """Tell whether the dress stands inside lines, or is broken over two of them, time and again."""
    found = dress.inside.finditer(text)
    return sum(_stands_inside(text, match) for match in found) >= 3


def _stands_inside(text: str, match: re.Match[str]) -> bool:
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    return bool(before.strip()) or "\n" in match[0].strip()


def _rough(before: str) -> str:
    """Make texts the same that differ only in their numbers and blanks."""
    return _DIGITS.sub("0", " ".join(before.split()))


@lru_cache(256)
def _learn(befores: tuple[str, ...]) -> tuple[Dress, ...]:
    """Make dresses of what stands before anchors; words without a time that stand there once are prose.

    ``kernel:`` alone is none: journalctl -o cat and web forms leave no more of a syslog line.
    """
    counts = Counter(before for before in befores if 0 < len(before) < 200 and not _KERNEL.search(before))
    known = {_shape(before) for before, count in counts.items() if count > 1 or _STAMP.search(before)}
    return tuple(_dress(shape) for shape in sorted(known, key=len, reverse=True))


def _anchors(text: str) -> list[int]:
    """Find the first few anchors."""
    found: list[int] = []
    for anchor in ANCHORS:
        at = text.find(anchor)
        if at >= 0:
            found.append(at)
        if len(found) == _ENOUGH:
            break
    return found


def _before_others(text: str) -> list[str]:
    """Without an anchor, look before a zone or before a name, which has 15 characters at most."""
    at = text.find("kB min:")
    zone = _ZONE.search(_line_before(text, at)) if at >= 0 else None
    if zone is not None:
        return [zone.string[: zone.start()]]
    at = max(text.find("oom-killer:"), text.find("page allocation failure"))
    before = _line_before(text, at) if at >= 0 else ""
    named = _NAMED.match(before + text[at : at + 23])
    return [before[: named.start(1)] if named else before]


def _line_before(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    return text[start:at] if at - start < 200 else ""


@lru_cache(64)
def _dress(shape: str) -> Dress:
    clock = shape.find(_CLOCK)
    stamp = shape[: clock + len(_CLOCK)] if clock >= 0 else shape
    return Dress(
        whole=re.compile(_in_a_line(shape)),
        stamp=re.compile(_in_a_line(stamp)),
        inside=re.compile(shape if shape.startswith("\\[") else r"(?<!\w)" + shape),
        has_caller="?P<caller>" in shape,
    )


def _in_a_line(shape: str) -> str:
    """Look for the shape at the beginning of a line, where all blanks are plain ones by now."""
    return " {0,20}+" + shape.replace(r"\s", " ")


def _shape(before: str) -> str:
    """Write the regular expression of everything that looks like this text."""
    has_digits = any(map(str.isdigit, before))
    pieces = "".join(_pieces(_TOKEN.finditer(before), has_digits))
    return (pieces + r"\s{0,20}+").replace(r"\s{0,20}+\s{1,20}+", r"\s{0,20}+")


def _pieces(tokens: Iterable[re.Match[str]], has_digits: bool) -> Iterator[str]:
    named = False
    for token in tokens:
        kind = token.lastgroup or "mark"
        if kind in _CALLERS:
            yield re.escape(token[0]) if named else _CALLERS[kind]
            named = True
        elif kind == "blank":
            yield r"\s{1,20}+"
        elif kind == "number":
            yield _NUMBER
        elif kind == "word":
            yield r"\w{1,64}+" if has_digits else re.escape(token[0])
        else:
            yield re.escape(token[0]) + (r"\s{0,20}+" if token[0] in "[<" else "")
