"""Who holds the memory: a report's counters, added up to a dozen names that compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from oomlab.report import NodeStat, Report, ZoneStat

_COUNTERS = {
    "anon": ("active_anon", "inactive_anon", "isolated_anon", "isolated(anon)"),
    "file": ("active_file", "inactive_file", "isolated_file", "isolated(file)"),
    "lru": ("active", "inactive", "inactive_dirty", "inactive_clean"),
    "shmem": ("shmem",),
    "unevictable": ("unevictable",),
    "slab": ("slab",),
    "slab_unreclaimable": ("slab_unreclaimable",),
    "slab_reclaimable": ("slab_reclaimable",),
    "page_tables": ("pagetables", "sec_pagetables"),
    "kernel_stacks": ("kernel_stack", "shadow_call_stack"),
    "unwritten": ("dirty", "writeback", "unstable"),
    "mapped": ("mapped",),
    "cache": ("pagecache",),
    "free": ("free",),
    "per_cpu_lists": ("free_pcp",),
    "bounce": ("bounce",),
}
"""Our names, and the kernel's counters that each adds up; before 2.6.28 there is ``lru`` only."""

_APART: tuple[str, ...] = (
    "anon",
    "shmem",
    "file",
    "lru",
    "unevictable",
    "slab",
    "page_tables",
    "kernel_stacks",
    "hugetlb",
)
_APART += ("free", "per_cpu_lists", "bounce")
"""Names that do not overlap: what they leave of the whole is in no counter."""

_SLAB = ("slab", "slab_unreclaimable", "slab_reclaimable")
_SMALLEST_GAP = 1024
"""Pages by which totals and zones may differ because they are read one after the other."""

_DOUBLY = 1.2
"""Up to a fifth of a machine may be counted twice, as locked shared memory is."""


class Held(NamedTuple):
    """So many pages, and the lines that say so."""

    pages: int
    lines: tuple[int, ...] = ()


_Counters = Mapping[str, Held]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What holds the memory of a machine, or of some of its zones, in pages.

    ``size`` is the memory that the page allocator has there, ``None`` where the log does not
    say. ``anon`` is without shared memory, which the kernel keeps on the same lists.
    """

    size: int | None
    held: _Counters

    def __contains__(self, name: str) -> bool:
        return name in self.held

    def pages(self, *names: str) -> int:
        """Add up the pages of holders; one that the log does not show counts 0."""
        return sum(self.held[name].pages for name in names if name in self.held)

    def lines(self, *names: str) -> tuple[int, ...]:
        """Give the lines that speak of these holders."""
        return tuple(chain.from_iterable(self.held[name].lines for name in names if name in self.held))

    def share(self, *names: str) -> float:
        """Give their part of the whole; of all that is listed where the log does not say the whole."""
        whole = self.size or self.pages(*_APART)
        return self.pages(*names) / whole if whole > 0 else 0.0

    def of(self, what: str = "the memory") -> str:
        """Name what ``share`` gives a part of."""
        return what if self.size else "what is listed"

    @property
    def known(self) -> bool:
        """Tell whether the log shows who holds memory at all."""
        return bool({"anon", "lru", "slab"} & self.held.keys())

    @property
    def unaccounted(self) -> int | None:
        """Count the pages that no counter of the report explains; ``None`` where that cannot be told."""
        if self.size is None or not {"anon", "file", "slab", "page_tables", "free"} <= self.held.keys():
            return None
        return max(0, self.size - self.pages(*_APART))


def holdings(report: Report) -> Holdings:
    """Add up what holds the memory of the whole machine."""
    totals = {name: Held(pages, (report.totals_lines.get(name, 0),)) for name, pages in report.totals.items()}
    held = _read([totals, _added(report.nodes), _added(report.zones)])
    size = _fitting(managed(report), held)
    if "free" not in held and report.zones and all(zone.free is not None for zone in report.zones):
        held["free"] = _free(report.zones)
    pool = _hugetlb(report)
    # A pool that does not fit beside the rest is not of this machine: better no number than that one.
    if pool.pages and (size is None or pool.pages + sum(held[n].pages for n in _APART if n in held) <= size):
        held["hugetlb"] = pool
    return Holdings(size=size, held=held)


def holdings_of(zones: Sequence[ZoneStat], report: Report) -> Holdings:
    """Add up what holds the memory of lowmem: slab and kernel stacks of the machine are all there."""
    totals = {
        name: Held(report.totals[name], (report.totals_lines.get(name, 0),))
        for name in _SLAB
        if name in report.totals
    }
    stacks = {name: held for name, held in _added(report.nodes).items() if name == "kernel_stack"}
    held = _read([_added(zones), totals, stacks])
    held["free"] = _free(zones)
    return Holdings(size=_sizes(zones) or _below_highmem(report), held=held)


def _free(zones: Sequence[ZoneStat]) -> Held:
    lines = (zone.line or zone.blocks_line for zone in zones)
    return Held(sum(zone.free or 0 for zone in zones), tuple(line for line in lines if line))


def _below_highmem(report: Report) -> int | None:
    """Give the size of lowmem by the totals, where the zones do not tell theirs (2.4)."""
    ram, highmem = report.totals.get("ram"), report.totals.get("highmem")
    return ram - highmem if ram and highmem and ram > highmem else None


def managed(report: Report) -> int | None:
    """Give the pages that the page allocator has: the zones' own, or RAM without what is reserved."""
    ram, reserved = report.totals.get("ram"), report.totals.get("reserved")
    if _all_managed(report):
        return sum(zone.managed or 0 for zone in report.zones) or None
    if ram is not None and reserved is not None and ram > reserved:
        return ram - reserved
    return _sizes(report.zones)


def _fitting(size: int | None, held: _Counters) -> int | None:
    """Take the zones that are shown for the machine, unless more is held than they could have."""
    listed = sum(held[name].pages for name in _APART if name in held)
    return size if size is None or listed <= _DOUBLY * size else None


def _all_managed(report: Report) -> bool:
    """Tell whether every zone of the machine is shown, with its ``managed``."""
    free = report.totals.get("free")
    shown = sum(zone.free or 0 for zone in report.zones)
    if free is not None and free - shown > max(_SMALLEST_GAP, free // 10):
        return False
    if report.totals.get("highmem") and report.find_zone("HighMem") is None:
        return False
    return bool(report.zones) and all(zone.managed is not None for zone in report.zones)


def _sizes(zones: Sequence[ZoneStat]) -> int | None:
    """Add up zones, as large as the page allocator sees them or, before 3.9, as large as they are."""
    zones = [zone for zone in zones if zone.line or not zone.blocks_line]  # those of which more is known
    managed = [zone.managed for zone in zones if zone.managed is not None]
    if not managed:
        return sum(zone.present or 0 for zone in zones) or None
    return sum(managed) if len(managed) == len(zones) else None  # a line was cut: the one is no measure


def _read(sources: Sequence[_Counters]) -> dict[str, Held]:
    """Take each holder from the first source that has it."""
    held: dict[str, Held] = {}
    for name, counters in _COUNTERS.items():
        source = next((each for each in sources if counters[0] in each), {})
        parts = [source[counter] for counter in counters if counter in source]
        if parts:
            held[name] = Held(sum(p.pages for p in parts), _once(p.lines for p in parts))
    _part_old_lists(held)
    _part_shmem(held)
    _join_slab(held)
    return held


def _added(parts: Iterable[ZoneStat] | Iterable[NodeStat]) -> dict[str, Held]:
    added: dict[str, Held] = {}
    for part in parts:
        for name, pages in part.counters.items():
            so_far = added.get(name, Held(0))
            added[name] = Held(so_far.pages + pages, (*so_far.lines, part.line or 0))
    return added


def _once(lines: Iterable[Iterable[int]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(line for line in chain.from_iterable(lines) if line))


def _part_old_lists(held: dict[str, Held]) -> None:
    """Tell process memory from cache on the lists of before 2.6.28, where the report lets us.

    Until 2.6.17 ``mapped`` counted every mapped page, so most of the lists when they hold
    process memory. Later the number of page cache pages tells the rest.
    """
    lists, cache, mapped = held.get("lru"), held.pop("cache", None), held.pop("mapped", None)
    if lists is None or "anon" in held:
        held.pop("lru", None)
    elif cache is not None:
        file = min(cache.pages, lists.pages)
        held.update(anon=Held(lists.pages - file, lists.lines), file=Held(file, cache.lines))
        del held["lru"]
    elif mapped is not None and 2 * mapped.pages >= lists.pages:
        anon = min(mapped.pages, lists.pages)
        held.update(anon=Held(anon, mapped.lines), file=Held(lists.pages - anon, lists.lines))
        del held["lru"]


def _part_shmem(held: dict[str, Held]) -> None:
    """Take shared memory out of ``anon``: tmpfs and the like lie on the same lists."""
    if "shmem" in held and "anon" in held:
        anon, shmem = held["anon"], held["shmem"]
        shared = min(anon.pages, shmem.pages)
        held["anon"] = Held(anon.pages - shared, anon.lines)
        held["shmem"] = Held(shared, shmem.lines)


def _join_slab(held: dict[str, Held]) -> None:
    """Add both kinds of slab to ``slab``, which before 2.6.19 is all there is."""
    kinds = [held[name] for name in ("slab_unreclaimable", "slab_reclaimable") if name in held]
    if kinds:
        held["slab"] = Held(sum(kind.pages for kind in kinds), _once(kind.lines for kind in kinds))


def _hugetlb(report: Report) -> Held:
    pools = [each for each in report.hugepages if each.total]
    pages = sum(each.total * each.size_kb // report.page_size_kb for each in pools)
    return Held(pages, tuple(each.line for each in pools if each.line))
