"""What filled a control group: its statistics, weighed against its limit."""

from __future__ import annotations

from collections.abc import Callable

from oomlab.diagnosis.core import Case
from oomlab.diagnosis.model import Finding
from oomlab.diagnosis.saying import found, limit
from oomlab.report import Memcg
from oomlab.units import human_kb
from oomlab.words import percent


def group(case: Case, cause: str) -> Finding | None:
    """Name what filled a control group."""
    memcg = case.report.memcg
    if cause != "memcg_limit" or memcg is None:
        return None
    used = (memcg.swap_usage_kb if memcg.met_with_swap else memcg.usage_kb) or memcg.limit_kb or 0
    parts = {name: measure(memcg) for name, measure in _PARTS.items()}
    name = max(parts, key=lambda each: parts[each] * _FAVOUR.get(each, 1.0))
    if not used or parts[name] < limit("memcg_part") * used:
        return None
    claim = f"{_IN_GROUP[name]} {human_kb(parts[name])}, {percent(parts[name] / used)} of it."
    return found(case, name, claim, "high", memcg.stats_line, *_stat_lines(case, _STATS[name]))


def _anon(memcg: Memcg) -> int:
    lists = sum(memcg.stat_kb(name) or 0 for name in ("active_anon", "inactive_anon")) - _shmem(memcg)
    return max(lists, *(memcg.stat_kb(name) or 0 for name in ("anon", "rss")))


def _shmem(memcg: Memcg) -> int:
    return memcg.stat_kb("shmem") or 0


def _dirty(memcg: Memcg) -> int:
    names = ("file_dirty", "dirty", "file_writeback", "writeback")
    return sum(memcg.stat_kb(name) or 0 for name in names)


def _clean(memcg: Memcg) -> int:
    return max(0, (memcg.stat_kb("file") or memcg.stat_kb("cache") or 0) - _shmem(memcg) - _dirty(memcg))


def _kmem(memcg: Memcg) -> int:
    parts = sum(memcg.stat_kb(name) or 0 for name in ("slab", "kernel_stack", "pagetables", "percpu", "sock"))
    return max(parts, memcg.kmem_usage_kb or 0, memcg.stat_kb("kernel") or 0)


_PARTS: dict[str, Callable[[Memcg], int]] = {
    "anon": _anon, "shmem": _shmem, "dirty_file": _dirty, "file": _clean, "kmem": _kmem,
}  # fmt: skip
_FAVOUR = {"dirty_file": 1.5}  # dirty cache cannot be dropped, so it counts for more than clean cache
_IN_GROUP = {
    "anon": "Process memory holds",
    "shmem": "Shared memory holds",
    "dirty_file": "Page cache that waits to be written holds",
    "file": "Page cache holds",
    "kmem": "The kernel's own objects hold",
}
_STATS = {
    "anon": ("anon", "rss"),
    "shmem": ("shmem",),
    "dirty_file": ("file_dirty", "dirty"),
    "file": ("file", "cache"),
}
_STATS |= {"kmem": ("kernel", "slab")}


def _stat_lines(case: Case, names: tuple[str, ...]) -> list[int]:
    """Find the lines of these statistics: each on its own since 5.3."""
    return [
        line.number
        for line in case.report.source
        if any(f" {name} " in f" {line.text} " for name in names) and line.text.rstrip()[-1:].isdigit()
    ][:1]
