"""Tell the hosts apart that share a log, by the names that their loggers write before each line.

Several hosts may print a report at once, and each has a clock and processes of its own. A name that
changes with the severity, or from line to line, is no host's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from oomlab.clock import uptime_between
from oomlab.report import UPTIME, uptime_in

FACILITY = r"(?:kern|user|mail|daemon|auth(?:priv)?|syslog|lpr|news|uucp|cron|ftp|local\d)"
SEVERITY = r"(?:emerg(?:ency)?|panic|alert|crit(?:ical)?|err(?:or)?|warn(?:ing)?|notice|info|debug)"
LEVEL = (
    rf"(?i:[\[(<]?(?:{FACILITY}[.:|/]|LOG_|KERN_)?(?:{FACILITY}|{SEVERITY}|(?-i:[VDIWEF]))"
    r"(?:\(\d\))?[\])>]?[:,]?)"
)
"""A word of syslog for a facility, a severity or both, or a letter. Source: RFC 5424, section 6.2.1."""

_LEVEL = re.compile(LEVEL)
_TAG = re.compile(r" kernel(?:\[\d{1,10}\])?(?:: | - )")
_CLOCK = re.compile(r"(?:\S*[^\d:])?\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-][\d:]+)?[\])|:;,]{0,3}")
_ZONE = re.compile(r"[A-Z]{2,5}")
"""How a zone of time is called, or half of a day, behind a time."""

_NAME = re.compile(r".*[^\W\d].*|\d{1,3}(?:\.\d{1,3}){3}")
_NAMELESS = re.compile(r"(?i:localhost|\(none\)|hostname|x+)")
"""How a machine is called before its name is set, or by somebody who keeps it to himself."""

_CALLED = re.compile(r'\b(?:host(?:_?name)?|node(?:_?name)?|instance)\s?=\s?"?[\w.:-]{1,255}')
_LIKE_A_HOST = re.compile(r"(?i)(?!v?cpu|irq|tty|std)(?:.*=|[^=]*\d)")
"""A name with a number may be one of several hosts, but a CPU has one too."""

_DIGITS = re.compile(r"\d+")
_MIN_LINES = 3
"""Hosts have more lines than this: a word that differs in every line is a number."""

_SAME_REPORT_SECONDS = 10
"""The longest time between two lines of one report."""

_SAME_PRINT_SECONDS = 0.1
"""The longest time between lines that a kernel prints at once."""


def may_have_hosts(text: str) -> bool | None:
    """Whether the kernel's lines of several hosts may stand in one log, as on a server that collects them.

    ``None`` where no line has the kernel's tag.
    """
    tag = _TAG.search(text)
    if tag is None:
        return None
    before = text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
    host = _host(before)
    if host is None:
        return False
    return text.count(tag[0]) > text.count(before[before.rfind(f" {host}") :] + tag[0])


def find_hosts(raw: Sequence[str], heads: Sequence[str]) -> list[str | None] | None:
    """Return the host of each line by its prefix; ``None`` where all are of one."""
    tags = [_TAG.search(head) for head in heads]
    hosts = [_host(head[: tag.start()]) if tag else None for head, tag in zip(heads, tags, strict=True)]
    names = one_name_each(set(filter(None, hosts)))
    if sum(_NAMELESS.fullmatch(name) is None for name in {*names.values()}) < 2:
        return None
    found = [names[host] if host else None for host in hosts]
    return None if _is_renamed(found, raw) else found


def _host(before: str) -> str | None:
    """Return the host that stands before the kernel's tag: the first name behind the time.

    Where no time stands there, it is the last.
    """
    names, has_time = _names(before)
    return names[0 if has_time else -1] if names else None


def _names(before: str) -> tuple[list[str], bool]:
    """Return the names behind the last time in a prefix, or all of them; and whether there is a time."""
    found: list[str] = []
    for token in reversed(before.split()):
        if _CLOCK.fullmatch(token):
            is_zone = len(found) > 1 and _ZONE.fullmatch(found[-1]) is not None
            return found[::-1][is_zone:], True
        if _is_name(token):
            found.append(token)
    return found[::-1], False


def _is_name(token: str) -> bool:
    return _NAME.fullmatch(token) is not None and _LEVEL.fullmatch(token) is None


def may_have_labels(text: str, head: str, count: int) -> bool:
    """Whether so many lines without the kernel's tag may be of several hosts, by the prefix of one."""
    label = _label(head)
    return label is not None and text.count(label) < count


def find_labels(raw: Sequence[str], heads: Sequence[str]) -> list[str | None] | None:
    """Return what stands before each line in place of a host, if that is what it tells apart."""
    labels = list(map(_label, heads))
    names = one_name_each(set(filter(None, labels)))
    if len({*names.values()}) < 2:
        return None
    found = [names[label] if label else None for label in labels]
    return found if _have_clocks(found, list(map(uptime_in, raw))) else None


def _is_label(token: str) -> bool:
    return _is_name(token) and not _CLOCK.fullmatch(token) and " " not in token


def _label(head: str) -> str | None:
    """Return what may be a host in a prefix: called so, or before a colon or a bar, or behind the time."""
    called = _CALLED.search(head)
    if called is not None:
        return called[0]
    first, second, *_ = [*head.split(None, 2), "", ""]
    is_label = first.endswith((":", "|")) or second[:1] == "|" or first[:1] + first[-1:] == "[]"
    if is_label and _is_label(first.strip("[]:|")):
        return first
    names, has_time = _names(head)
    return names[0] if names and has_time else None


def are_hosts(names: Sequence[str], uptimes: Sequence[float | None]) -> bool:
    """Whether a column of a table holds the hosts that wrote the messages beside it, by their uptimes."""
    several = set(names)
    return len(several) > 1 and all(map(_is_label, several)) and _have_clocks(names, uptimes)


def _have_clocks(found: Sequence[str | None], uptimes: Sequence[float | None]) -> bool:
    """Whether names are of hosts: each has a clock of its own or, where no line shows one, they look so."""
    rows = [(host, uptime) for host, uptime in zip(found, uptimes, strict=True) if host]
    turns = [uptime_between(one, other) for (a, one), (b, other) in pairwise(rows) if a != b]
    steps = [step for step in turns if step is not None]
    if steps:
        return 2 * sum(not 0 <= step <= _SAME_REPORT_SECONDS for step in steps) >= len(steps)
    names = {host for host, _ in rows}
    if len(names) * _MIN_LINES > len(rows):
        return False
    return all(map(_LIKE_A_HOST.match, names)) and len({_DIGITS.sub("0", name) for name in names}) == 1


def one_name_each(names: set[str]) -> dict[str, str]:
    """Return one name for each: a host may stand in a log with its domain and without."""
    whole: dict[str, list[str]] = {}
    for name in names:
        whole.setdefault(name.partition(".")[0], []).append(name)
    return {
        name: short if short in alike and len(alike) == 2 else name
        for short, alike in whole.items()
        for name in alike
    }


def _is_renamed(hosts: Sequence[str | None], raw: Sequence[str]) -> bool:
    """Whether one machine changes its name: the kernel's clock goes on from each to the next.

    No machine says the same twice at the same time, once under each name.
    """
    rows = [(host, line) for host, line in zip(hosts, raw, strict=True) if host]
    said = {(host, line[at.start() :]) for host, line in rows if (at := UPTIME.search(line))}
    if len({words for _, words in said}) < len(said):
        return False
    turns = [(one, other) for (a, one), (b, other) in pairwise(rows) if a != b]
    steps = [uptime_between(uptime_in(one), uptime_in(other)) for one, other in turns]
    return any(steps) and all(step is not None and 0 <= step < _SAME_PRINT_SECONDS for step in steps)
