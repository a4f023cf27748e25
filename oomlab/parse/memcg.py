"""Read the block of a control group (memcg): its limits, its use, its statistics."""

from __future__ import annotations

import re
from typing import Any

from oomlab.parse.split import Sketch
from oomlab.report import Memcg

_TASK = re.compile(r"Task in (\S{1,4000}) killed as a result of limit of (\S{1,4000})")
_TASK_CUT = re.compile(r"Task in (\S{1,4000})")
_AMOUNT = re.compile(r"(usage|limit) (\d{1,20})kB", re.A)
_FAILURES = re.compile(r"failcnt (\d{1,20})", re.A)
_STATS_FOR = re.compile(r"Memory cgroup stats(?: for (\S{1,4000}?))?:(?=\s|$|\w)")
_STAT = re.compile(r"(\w{1,60}):(\d{1,20})[kK]B", re.A)
_PLAIN_STAT = re.compile(r"(\w{1,60}) (\d{1,20})$", re.A)
_GROUP = re.compile(r"Tasks in (\S{1,4000}) are going to be killed")
_PATHS = re.compile(r"(oom_memcg|task_memcg)=([^,]{0,4000})")
_FIELDS = {"memory": "", "memory+swap": "swap_", "swap": "swap_", "kmem": "kmem_"}


def read_memcg(sketch: Sketch) -> Memcg | None:
    """Read the group whose limit was met; ``None`` when the report tells of none."""
    lines = sketch.of("memcg_task", "memcg_usage", "memcg_stats")
    values = _read_paths(sketch)
    if not lines and "oom_path" not in values:
        return None
    values |= _read_usage(sketch)
    values |= _read_stats(sketch)
    values.setdefault("path", values.get("oom_path"))
    lines = lines or sketch.of("constraint")
    return Memcg(**values, line=min(line.number for line in lines))


def _read_paths(sketch: Sketch) -> dict[str, Any]:
    """Read which group ran into its limit, in which group the victim was, and which dies as a whole."""
    paths: dict[str, Any] = {}
    for _, text in sketch.of("constraint"):
        paths |= {f"{name.removesuffix('_memcg')}_path": path for name, path in _PATHS.findall(text)}
    for _, text in sketch.of("memcg_task"):
        match = _TASK.match(text) or _TASK_CUT.match(text)
        if match is not None:
            paths |= {"task_path": match[1]} | ({"oom_path": match[2]} if match.re is _TASK else {})
    for _, text in sketch.of("memcg_group"):
        match = _GROUP.match(text)
        if match is not None:
            paths["oom_group"] = match[1]
    return paths


def _read_usage(sketch: Sketch) -> dict[str, int]:
    values: dict[str, int] = {}
    for _, text in sketch.of("memcg_usage"):
        name, _, amounts = text.partition(":")
        prefix = _FIELDS.get(name)
        if prefix is None:
            continue
        values |= {f"{prefix}{what}_kb": int(value) for what, value in _AMOUNT.findall(amounts)}
        failures = _FAILURES.search(amounts)
        if failures is not None and not prefix:
            values["failcnt"] = int(failures[1])
    return values


def _read_stats(sketch: Sketch) -> dict[str, Any]:
    """Read the statistics of the group: on one line in kB, or one below the other in bytes."""
    titles = sketch.of("memcg_stats")
    if not titles:
        return {}
    title = titles[0]
    named = _STATS_FOR.match(title.text)
    values: dict[str, Any] = {"path": named[1]} if named and named[1] else {}
    stats, unit = dict(_STAT.findall(title.text)), "kB"
    if not stats:
        rows = sketch.of("memcg_stat")
        found = (_PLAIN_STAT.match(row.text) for row in rows)
        stats, unit = {match[1]: match[2] for match in found if match}, "bytes"
    if stats:
        values |= {"stats": {name: int(value) for name, value in stats.items()}, "stats_unit": unit}
    return values | {"stats_line": title.number}
