"""Read the control groups that have a limit on their memory.

Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from oomlab.badness.choice import is_boundless
from oomlab.procfs import read_number, read_text
from oomlab.words import several

_MAX_GROUPS = 20_000
_NUMBER = re.compile(r"[0-9]{1,20}")

AtLimit = Literal["one", "all", "none"]
"""How many are killed when a group meets its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A control group with a limit on its memory, in kB.

    ``file_kb`` is page cache that could be dropped, ``oom_kills`` how many processes were killed in it;
    both ``None`` where its files do not show it. ``swap_limit_kb`` is what it may have in swap, or with
    ``memsw`` (v1) in both together; ``None`` without a limit. ``at_limit`` is what happens there: one process
    is killed, or all, or none (``memory.oom.group``; v1: ``oom_kill_disable``).
    """

    path: str
    usage_kb: int
    limit_kb: int
    file_kb: int | None = None
    oom_kills: int | None = None
    swap_limit_kb: int | None = None
    memsw: bool = False
    at_limit: AtLimit = "one"

    @property
    def left_kb(self) -> int:
        """What the group may still take."""
        return max(0, self.limit_kb - self.usage_kb)


def read_groups(root: Path, page_kb: int, hidden: list[str]) -> Iterator[Group]:
    """Yield the groups that have a limit, of the unified hierarchy (v2) or of the memory controller (v1).

    What cannot be seen of them is added to ``hidden``.
    """
    unified = root / "sys/fs/cgroup"
    is_unified = "memory" in (read_text(unified / "cgroup.controllers") or "").split()
    tops = (
        [unified]
        if is_unified
        else [each for each in (unified / "memory", root / "dev/memcg") if os.path.isdir(each)]
    )
    if not tops:
        hidden.append(
            "No memory controller is to be seen (/sys/fs/cgroup): which control groups have a limit."
        )
        return
    closed: list[OSError] = []
    lost = 0
    walk = os.walk(tops[0], onerror=closed.append)
    for folder, folders, _ in islice(walk, _MAX_GROUPS):
        folders.sort()
        path = "/" + os.path.relpath(folder, tops[0]).removeprefix(".")
        try:
            group = (_group if is_unified else _old_group)(Path(folder), path)
        except _Unreadable:
            lost += 1
            continue
        if group is not None and not is_boundless(group.limit_kb, page_kb):
            yield group
    if lost or closed:
        what = several(lost + len(closed), "control group")
        hidden.append(f"The limit or the usage of {what} cannot be read.")
    if next(walk, None):
        hidden.append(f"Control groups beyond the first {_MAX_GROUPS:,} were not looked at.")


class _Unreadable(Exception):
    """A file of a group is there, and what it says cannot be read."""


def _group(folder: Path, path: str) -> Group | None:
    limit = _limit(folder / "memory.max")
    if limit is None:
        return None
    stat, events = _table(folder / "memory.stat"), _table(folder / "memory.events")
    swap = _limit(folder / "memory.swap.max")
    return Group(
        path=path,
        usage_kb=_bytes(folder / "memory.current") // 1024,
        limit_kb=limit // 1024,
        file_kb=_kb_of(stat, "active_file", "inactive_file"),
        oom_kills=events.get("oom_kill"),
        swap_limit_kb=None if swap is None else swap // 1024,
        at_limit="all" if read_number(folder / "memory.oom.group") else "one",
    )


def _old_group(folder: Path, path: str) -> Group | None:
    limit = _limit(folder / "memory.limit_in_bytes")
    if limit is None:
        return None
    stat, control = _table(folder / "memory.stat"), _table(folder / "memory.oom_control")
    both = _limit(folder / "memory.memsw.limit_in_bytes")
    return Group(
        path=path,
        usage_kb=_bytes(folder / "memory.usage_in_bytes") // 1024,
        limit_kb=limit // 1024,
        file_kb=_kb_of(stat, "total_active_file", "total_inactive_file"),
        oom_kills=control.get("oom_kill"),
        swap_limit_kb=None if both is None else both // 1024,
        memsw=True,
        at_limit="none" if control.get("oom_kill_disable") else "one",
    )


def _limit(path: Path) -> int | None:
    """Read a limit in bytes; ``None`` where there is none: the root has no such file."""
    text = (read_text(path) or "").strip()
    return None if text == "max" or not os.path.lexists(path) else _bytes(path)


def _bytes(path: Path) -> int:
    number = read_number(path)
    if number is None:
        raise _Unreadable(path)
    return number


def _kb_of(stat: Mapping[str, int], *names: str) -> int | None:
    found = [stat[name] for name in names if name in stat]
    return sum(found) // 1024 if found else None


def _table(path: Path) -> dict[str, int]:
    """Read a file of names and numbers, one pair a line."""
    pairs = (line.split() for line in (read_text(path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and _NUMBER.fullmatch(pair[1])}
