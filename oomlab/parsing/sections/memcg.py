"""Read the block of a control group (memcg): its limits, its use, its statistics."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from oomlab.parsing.grammar import Draft
from oomlab.parsing.sections.choice import read_choice
from oomlab.report import Memcg, Protection

_TASK = re.compile(r"Task in (\S{1,4000}) killed as a result of limit of (\S{1,4000})")
_TASK_CUT = re.compile(r"Task in (\S{1,4000})")
_AMOUNT = re.compile(r"(usage|limit) (\d{1,20})kB", re.A)
_FAILURES = re.compile(r"failcnt (\d{1,20})", re.A)
_STATS_FOR = re.compile(r"Memory cgroup stats(?: for (\S{1,4000}?))?:(?=\s|$|\w)")
_STAT = re.compile(r"(\w{1,60}):(\d{1,20})[kK]B", re.A)
_PLAIN_STAT = re.compile(r"(?<!\S)([a-z]\w{1,60}+) (\d{1,20}+)(?!\S)", re.A)
_GROUP = re.compile(r"Tasks in (\S{1,4000}) are going to be killed")
_PROTECTION = re.compile(r"min protection (\d{1,20})kB -- low protection (\d{1,20})kB", re.A)
_FIELDS = {"memory": "", "memory+swap": "swap_", "swap": "swap_", "kmem": "kmem_"}


def read_memcg(draft: Draft) -> Memcg | None:
    """Return the group whose limit was met; ``None`` when the report names none."""
    lines = draft.of("memcg_task", "memcg_usage", "memcg_stats")
    values = _read_paths(draft)
    if not lines and "oom_path" not in values:
        return None
    values |= _read_usage(draft)
    values |= _read_stats(draft)
    values.setdefault("path", values.get("oom_path"))
    lines = lines or draft.of("constraint")
    return Memcg(**values, line=min(line.number for line in lines))


def read_protection(draft: Draft) -> Protection | None:
    """Return what control groups protect from reclaim; ``None`` where no line shows it."""
    for number, text in draft.of("protection"):
        match = _PROTECTION.search(text)
        if match is not None:
            return Protection(min_kb=int(match[1]), low_kb=int(match[2]), line=number)
    return None


def _read_paths(draft: Draft) -> dict[str, Any]:
    """Read which group ran into its limit, in which group the victim was, and which dies as a whole."""
    paths: dict[str, Any] = {}
    for _, text in draft.of("constraint"):
        choice = read_choice(text)
        found = {"oom_path": choice.oom_path, "task_path": choice.task_path}
        paths |= {name: path for name, path in found.items() if path is not None}
    for _, text in draft.of("memcg_task"):
        match = _TASK.match(text) or _TASK_CUT.match(text)
        if match is not None:
            paths |= {"task_path": match[1]} | ({"oom_path": match[2]} if match.re is _TASK else {})
    return paths


def read_group(draft: Draft) -> str | None:
    """Read which group is killed whole, because of ``memory.oom.group``."""
    found = (_GROUP.match(text) for _, text in draft.of("memcg_group"))
    return next((match[1] for match in found if match), None)


def _read_usage(draft: Draft) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for _, text in draft.of("memcg_usage"):
        name, _, amounts = text.partition(":")
        prefix = _FIELDS.get(name)
        if prefix is None:
            continue
        values |= {f"{prefix}{what}_kb": int(value) for what, value in _AMOUNT.findall(amounts)}
        if name == "memory+swap":
            values["memsw"] = True
        failures = _FAILURES.search(amounts)
        if failures is not None and not prefix:
            values["failcnt"] = int(failures[1])
    return values


def _read_stats(draft: Draft) -> dict[str, Any]:
    """Read the statistics of the group and the groups in it.

    Up to 5.2 each group has a line of its own, in kB, and the lines add up; later one list
    counts all of them, in bytes.
    """
    titles = draft.of("memcg_stats")
    if not titles:
        return {}
    named = _STATS_FOR.match(titles[0].text)
    values: dict[str, Any] = {"path": named[1]} if named and named[1] else {}
    stats: Counter[str] = Counter()
    for title in titles:
        stats.update({name: int(value) for name, value in _STAT.findall(title.text)})
    rows = " ".join([titles[0].text.partition(":")[2], *(row.text for row in draft.of("memcg_stat"))])
    in_bytes = {name: int(value) for name, value in _PLAIN_STAT.findall(rows)}
    if stats or in_bytes:
        values |= {"stats": dict(stats) or in_bytes, "stats_unit": "kB" if stats else "bytes"}
    return values | {"stats_line": titles[0].number}
