"""Read the line ``oom-kill:``, which names the victim and its control group (4.20 and later).

Its values stand behind one another with commas between, and three of them may hold commas too: the paths of
two groups, and the name of the process. Source: mm/oom_kill.c, ``dump_oom_summary``; mm/memcontrol.c,
``mem_cgroup_print_oom_context``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PROCESS = re.compile(r",pid=(\d{1,10})(?:,uid=(\d{1,10}))?", re.A)
_MET, _OF_TASK, _TASK = ",oom_memcg=", ",task_memcg=", ",task="
_MAX_PATH = 4096
"""The most characters of a control group's path."""

_MAX_NAME = 64
"""The most characters of a process's name: 15 bytes, each of which may be escaped."""


class Choice(NamedTuple):
    """What the line says: ``oom_path`` met its limit, ``task_path`` is the group of the process."""

    oom_path: str | None
    task_path: str | None
    comm: str | None = None
    pid: int | None = None
    uid: int | None = None


def read_choice(text: str) -> Choice:
    """Return what the line ``oom-kill:`` says; what is cut off is ``None``.

    The process comes last, so whatever looks like one before it is part of a path.
    """
    at = text.rfind(",pid=")
    process = _PROCESS.match(text, at) if at >= 0 else None
    if process is None:
        return Choice(*_paths(text.rpartition(_TASK)[0] or text))
    found = [_split(text, start, process) for start in _tasks(text, at)]
    whole = [each for each in found if not (each.oom_path or "").startswith(f"{each.task_path},")]
    fitting = (each for each in whole if each.oom_path is None or _is_below(each.oom_path, each.task_path))
    return next(fitting, whole[0] if whole else Choice(*_paths(text)))


def _tasks(text: str, end: int) -> Iterator[int]:
    """Yield where the name of the process may begin, the last place first: it may hold a comma."""
    has_group = _MET in text
    start = text.rfind(_TASK, 0, end)
    while start >= 0 and end - start <= len(_TASK) + _MAX_NAME:
        if has_group and text.rfind(_OF_TASK, 0, start) < 0:
            return  # the line is cut, and this is within a path
        yield start
        start = text.rfind(_TASK, 0, start)


def _split(text: str, start: int, process: re.Match[str]) -> Choice:
    comm = text[start + len(_TASK) : process.start()]
    uid = int(process[2]) if process[2] else None
    return Choice(*_paths(text[:start]), comm, int(process[1]), uid)


def _is_below(met: str, own: str | None) -> bool:
    """Whether a group is the one that met its limit, or lies below it."""
    return own is not None and (own == met or own.startswith(f"{met.removesuffix('/')}/"))


def _paths(head: str) -> tuple[str | None, str | None]:
    """Read the two paths; the group of the process is the one that met its limit, or lies below it."""
    _, met, rest = head.partition(_MET)
    if not met:
        return None, head.partition(_OF_TASK)[2][:_MAX_PATH] or None
    at = first = rest.find(_OF_TASK)
    while 0 <= at <= _MAX_PATH and not _is_below(rest[:at], rest[at + len(_OF_TASK) :]):
        at = rest.find(_OF_TASK, at + 1)
    at = at if 0 <= at <= _MAX_PATH else first
    if at < 0:
        return rest[:_MAX_PATH] or None, None
    return rest[:at][:_MAX_PATH] or None, rest[at + len(_OF_TASK) :][:_MAX_PATH] or None
