"""Read the block of a control group (memcg): its limits, its use, its statistics."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from oomlab.mmzone import PAGE_SIZE
from oomlab.parsing.grammar import Draft
from oomlab.parsing.sections.choice import read_choice
from oomlab.report import Memcg, Problem, Protection

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

_OF_PAGES = (
    *("anon", "file", "kernel", "pagetables", "sec_pagetables", "sock", "vmalloc", "shmem", "file_mapped"),
    *("file_dirty", "file_writeback", "swapcached", "anon_thp", "file_thp", "shmem_thp", "unevictable"),
    *("inactive_anon", "active_anon", "inactive_file", "active_file"),
)
"""Statistics counted in pages and printed in bytes. Source: mm/memcontrol.c, ``memory_stats``."""

_MIN_WHOLE = 2
"""The fewest statistics in whole pages that show another to be cut: in made-up examples none are."""


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


def find_cut_lines(draft: Draft) -> Iterator[Problem]:
    """Yield what a line about groups lacks: each has usage and limit, or as many statistics as the others."""
    for number, text in draft.of("memcg_usage"):
        name, _, amounts = text.partition(":")
        lost = [what for what in ("usage", "limit") if what not in dict(_AMOUNT.findall(amounts))]
        if name in _FIELDS and lost:
            yield Problem(
                number, f"The line '{name}:' of the control group is cut: it lacks {', '.join(lost)}"
            )
    if odd := _cut_in_bytes(_stats_in_bytes(draft)):
        rows = draft.of("memcg_stats", "memcg_stat")
        number = next((row.number for row in rows if f" {odd} " in f" {row.text}"), draft.first)
        reason = f"{odd} of the control group has lost digits: it is no number of whole pages"
        yield Problem(number, reason)
    stats = {title.number: dict(_STAT.findall(title.text)) for title in draft.of("memcg_stats")}
    fullest = max(stats.values(), key=len, default={})
    for number, shown in stats.items():
        lacking = [name for name in fullest if name not in shown]
        if lacking:
            reason = f"The statistics of a control group are cut: they lack {', '.join(lacking[:4])}"
            yield Problem(number, reason)


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
    for text in dict.fromkeys(title.text for title in titles):  # a line that was stored twice counts once
        stats.update({name: int(value) for name, value in _STAT.findall(text)})
    in_bytes = _stats_in_bytes(draft)
    in_bytes.pop(_cut_in_bytes(in_bytes) or "", None)
    if stats or in_bytes:
        values |= {"stats": dict(stats) or in_bytes, "stats_unit": "kB" if stats else "bytes"}
    return values | {"stats_line": titles[0].number}


def _stats_in_bytes(draft: Draft) -> dict[str, int]:
    titles = draft.of("memcg_stats")[:1]
    rows = [
        *(title.text.partition(":")[2] for title in titles),
        *(row.text for row in draft.of("memcg_stat")),
    ]
    return {name: int(value) for name, value in _PLAIN_STAT.findall(" ".join(rows))}


def _cut_in_bytes(stats: Mapping[str, int]) -> str | None:
    """Return the one statistic that is no number of whole pages while all others are: its line was cut."""
    odd = [name for name in _OF_PAGES if stats.get(name, 0) % PAGE_SIZE]
    whole = [name for name in _OF_PAGES if stats.get(name) and name not in odd]
    return odd[0] if len(odd) == 1 and len(whole) >= _MIN_WHOLE else None
