"""Who holds the memory: a report's counters, added up to a dozen names that compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from oomlab.mmzone import is_highmem
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
    "page_tables": ("pagetables",),
    "secondary_tables": ("sec_pagetables",),
    "kernel_stacks": ("kernel_stack", "shadow_call_stack"),
    "unwritten": ("dirty", "writeback", "unstable"),
    "mapped": ("mapped",),
    "cache": ("pagecache",),
    "free": ("free",),
    "per_cpu_lists": ("free_pcp",),
    "bounce": ("bounce",),
    "zram": ("zspages",),
    "balloon": ("Balloon",),
    "kernel_misc": ("kernel_misc_reclaimable",),
    "gpu": ("gpu_active", "gpu_reclaim"),
}
"""Our names, and the kernel's counters that each adds up; before 2.6.28 there is ``lru`` only."""

_LISTS = frozenset(("anon", "file"))
"""The kernel has two lists of each, and prints both: where a log lost one, the other alone is no amount."""

_KNOWN = frozenset(chain.from_iterable(_COUNTERS.values()))

_PRINTED = {
    "file": ("active_file", "inactive_file"),
    "anon": ("active_anon", "inactive_anon"),
    "unevictable": ("unevictable",),
    "page_tables": ("pagetables",),
    "secondary_tables": ("sec_pagetables",),
    "slab": ("slab_reclaimable", "slab_unreclaimable"),
    "free": ("free",),
}
"""The same names, and the counters of the totals that readers find in the log and can add up."""

_DISJOINT: tuple[str, ...] = (
    "anon",
    "shmem",
    "file",
    "lru",
    "unevictable",
    "slab",
    "page_tables",
    "secondary_tables",
    "kernel_stacks",
    "hugetlb",
)
_DISJOINT += ("free", "per_cpu_lists", "bounce", "zram", "balloon", "kernel_misc", "gpu")
"""Names that do not overlap: the remainder of the memory is in no counter."""

_OVERLAPPING = frozenset(
    (
        *("writepending", "writeback_tmp", "mlocked", "local_pcp", "anon_thp", "shmem_thp"),
        *("shmem_pmdmapped", "anon_transparent_hugepages", "active_clean", "target"),
        *("free_cma", "free_highatomic", "reserved_highatomic", "boost", "present", "managed"),
        *("spanned", "min", "low", "high", "pages_scanned", "node_pages_scanned", "scanned"),
    )
)
"""Counters of nodes and zones that show parts of others, or what is not memory that somebody holds."""

_TOTALS = frozenset(
    (
        *("active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable", "free"),
        *("slab_reclaimable", "slab_unreclaimable", "pagetables"),
    )
)
"""What every kernel since 2.6.28 prints of the machine, in three lines or more."""

_NEARLY_ALL = 0.9
"""Zones with so much of the memory are all zones: what is reserved and what is present differ a little."""

_SLAB = ("slab", "slab_unreclaimable", "slab_reclaimable")
_MUCH_FREE = 0.05
_MAX_OVERCOUNT = 1.2
"""Up to a fifth of a machine may be counted twice, as locked shared memory is."""


class Amount(NamedTuple):
    """So many pages, and the lines that show them."""

    pages: int
    lines: tuple[int, ...] = ()


_Counters = Mapping[str, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Who holds the memory of a machine, or of some of its zones, in pages.

    ``size`` is the memory that the page allocator has there, ``None`` where the log does not
    show it. ``anon`` is without shared memory, which the kernel keeps on the same lists. ``unknown``
    are the counters of nodes and zones that nothing here knows, under the kernel's own names.
    ``is_whole`` is false where the log lost some of the counters.
    """

    size: int | None
    amounts: _Counters
    is_whole: bool
    unknown: _Counters = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.amounts

    def pages(self, *names: str) -> int:
        """Return the pages of some holders together; one that the log does not show counts 0."""
        return sum(self.amounts[name].pages for name in names if name in self.amounts)

    def lines(self, *names: str) -> tuple[int, ...]:
        """Return the numbers of the lines that show these holders."""
        return tuple(chain.from_iterable(self.amounts[name].lines for name in names if name in self.amounts))

    def share(self, *names: str) -> float:
        """Return their part of the whole; of all that is listed where the log does not show the whole.

        Counters are read one after the other, so they may add up to a little more than the whole.
        """
        whole = self.size or self.listed
        return min(1.0, self.pages(*names) / whole) if whole > 0 else 0.0

    def of(self, what: str = "the memory") -> str:
        """Return, in words, the whole that ``share`` is a part of."""
        return what if self.size else "what is listed"

    @property
    def is_known(self) -> bool:
        """Whether the log shows who holds memory at all."""
        return bool({"anon", "lru", "slab"} & self.amounts.keys())

    @property
    def listed(self) -> int:
        """The pages of all holders, each counted once."""
        return _listed_pages(self.amounts)

    @property
    def unaccounted(self) -> int | None:
        """The pages that no known counter explains; ``None`` where that cannot be known."""
        if (
            not self.is_whole
            or self.size is None
            or not {"anon", "file", "slab", "page_tables", "free"} <= self.amounts.keys()
        ):
            return None
        return max(0, self.size - self.listed)

    @property
    def unshown(self) -> int:
        """The pages that lost counters may have shown; 0 where none is lost."""
        return 0 if self.is_whole or self.size is None else max(0, self.size - self.listed)

    @property
    def unread(self) -> tuple[str, ...]:
        """The unknown counters that together fit into what no known one explains, the largest first."""
        room, names = self.unaccounted or 0, []
        for name, amount in sorted(self.unknown.items(), key=lambda each: -each[1].pages):
            if amount.pages and amount.pages <= room:
                room -= amount.pages
                names.append(name)
        return tuple(names)


def memory_use(report: Report) -> MemoryUse:
    """Return who holds the memory of the whole machine."""
    totals = {
        name: Amount(pages, (report.totals_lines.get(name, 0),)) for name, pages in report.totals.items()
    }
    amounts = _first_shown([totals, _added(report.nodes), _added(report.zones)])
    balloon = amounts.pop("balloon", Amount(0))
    size = _plausible(_managed(report, of_all=not _is_partial(report, totals)), amounts)
    if "free" not in amounts and _shows_all_zones(report, size):
        amounts["free"] = _free(report.zones)
    _add_if_it_fits("hugetlb", _hugetlb(report), amounts, size)
    _add_if_it_fits("balloon", balloon, amounts, size)
    return MemoryUse(size=size, amounts=amounts, is_whole=_is_whole(report), unknown=_unknown(report))


def _is_whole(report: Report) -> bool:
    """Whether the log shows all the counters that a kernel prints of a machine, its nodes and its zones."""
    shown = report.totals.keys() | (_SLAB if "slab" in report.totals else ())  # 2.6.28 to 2.6.31: one number
    if _TOTALS & shown and not shown >= _TOTALS:
        return False
    lists = ([part.counters.keys() for part in parts] for parts in (report.zones, report.nodes))
    return bool(report.zones) and all(names == each[0] for each in lists for names in each)


def _shows_all_zones(report: Report, size: int | None) -> bool:
    """Whether the log shows the free memory of every zone: of ``size`` pages, where that is known."""
    shown = sum(zone.size or 0 for zone in report.zones)
    known = bool(report.zones) and all(zone.free is not None for zone in report.zones)
    return known and (not shown or size is None or shown >= _NEARLY_ALL * size)


def _is_partial(report: Report, totals: _Counters) -> bool:
    """Whether only zones show who holds memory, and the lines of some are lost, so that no sum is of all."""
    names = _COUNTERS["anon"] + _COUNTERS["lru"]
    if any(name in source for source in (totals, _added(report.nodes)) for name in names):
        return False
    return any(zone.reconstructed for zone in report.zones) and any(zone.counters for zone in report.zones)


def balloon_of(report: Report) -> Amount:
    """Return what the hypervisor's balloon holds, whether the kernel still counts it as its own or not."""
    return _added(report.nodes).get("Balloon", Amount(0))


def _add_if_it_fits(name: str, amount: Amount, amounts: dict[str, Amount], size: int | None) -> None:
    """Add a holder that fits beside the rest.

    A pool of huge pages that does not is not of this machine; a balloon that does not was taken off the
    memory that the kernel manages (virtio). Better no number than that one.
    """
    if amount.pages and (size is None or amount.pages + _listed_pages(amounts) <= size):
        amounts[name] = amount


def printed_use(report: Report) -> dict[str, int]:
    """Return the pages of each use whose counters stand in the report's totals, as printed.

    Unlike :func:`memory_use` this explains nothing: ``anon`` includes shared memory.
    """
    return {
        name: sum(report.totals[counter] for counter in counters)
        for name, counters in _PRINTED.items()
        if all(counter in report.totals for counter in counters)
    }


def lowmem_use(report: Report) -> MemoryUse:
    """Return who holds the memory of lowmem: slab and kernel stacks of the machine are all there."""
    zones = [zone for zone in report.zones if not is_highmem(zone.name)]
    totals = {
        name: Amount(report.totals[name], (report.totals_lines.get(name, 0),))
        for name in _SLAB
        if name in report.totals
    }
    stacks = {name: amount for name, amount in _added(report.nodes).items() if name == "kernel_stack"}
    amounts = _first_shown([_added(zones), totals, stacks])
    amounts["free"] = _free(zones)
    is_whole, below = shows_lowmem(report), _below_highmem(report)
    size = _plausible(_sizes(zones) or below if is_whole else below, amounts)
    return MemoryUse(size=size, amounts=amounts, is_whole=is_whole and _is_whole(report))


def _free(zones: Sequence[ZoneStat]) -> Amount:
    lines = (zone.line or zone.blocks_line for zone in zones)
    return Amount(sum(zone.free or 0 for zone in zones), tuple(line for line in lines if line))


# --- how much there is ------------------------------------------------------------------------


def shows_lowmem(report: Report) -> bool:
    """Whether the log shows every zone of lowmem: since 6.1 only those are printed that a request may use."""
    zones = [zone for zone in report.zones if not is_highmem(zone.name)]
    below, shown = _below_highmem(report) or 0, [zone.present for zone in zones]
    if any(zone.line is None for zone in zones):
        return False
    return not any(shown) or sum(size or 0 for size in shown) >= _NEARLY_ALL * below


def _below_highmem(report: Report) -> int | None:
    """Return the size of lowmem by the totals, where the zones do not show theirs (2.4)."""
    ram, highmem = report.totals.get("ram"), report.totals.get("highmem")
    return ram - highmem if ram and highmem and ram > highmem else None


def _managed(report: Report, *, of_all: bool) -> int | None:
    """Return the pages that the page allocator has: the zones' own, or RAM without what is reserved.

    Unless it is ``of_all`` zones, only the zones that are shown count.
    """
    ram, reserved = report.totals.get("ram"), report.totals.get("reserved")
    if report.has_all_managed:
        return sum(zone.managed or 0 for zone in report.zones) or None
    if of_all and ram is not None and reserved is not None and ram > reserved:
        return ram - reserved
    size = _sizes(report.zones)
    return None if size and lost_zones(report, size) else size


def lost_zones(report: Report, size: int) -> list[ZoneStat]:
    """Return the zones whose line is lost and which have much free, beside ``size`` pages in all.

    Nothing is known of them: not how large they are, nor what they hold, nor whether they were full.
    """
    unknown = [zone for zone in report.zones if zone.reconstructed and zone.size is None]
    return [each for each in unknown if (each.free or 0) > _MUCH_FREE * size and each.watermark_min is None]


def _plausible(size: int | None, amounts: _Counters) -> int | None:
    """Return the size of the zones shown, or ``None`` where more is held than they could have."""
    return size if size is None or _listed_pages(amounts) <= _MAX_OVERCOUNT * size else None


def _listed_pages(amounts: _Counters) -> int:
    return sum(amounts[name].pages for name in _DISJOINT if name in amounts)


def _sizes(zones: Sequence[ZoneStat]) -> int | None:
    """Return the pages of zones: those that the page allocator has, all where none are printed.

    ``None`` where the line of one was cut before its size: the others are no measure.
    """
    zones = [zone for zone in zones if zone.line or not zone.blocks_line]  # those of which more is known
    managed = [zone.managed for zone in zones if zone.managed is not None]
    sizes = managed or [zone.present for zone in zones if zone.present is not None]
    return sum(sizes) or None if len(sizes) == len(zones) else None


# --- who holds it -----------------------------------------------------------------------------


def _first_shown(sources: Sequence[_Counters]) -> dict[str, Amount]:
    """Take each holder from the first source that has it."""
    amounts: dict[str, Amount] = {}
    for name, counters in _COUNTERS.items():
        needed = counters[: 2 if name in _LISTS else 1]
        source = next((each for each in sources if all(counter in each for counter in needed)), {})
        parts = [source[counter] for counter in counters if counter in source]
        if parts:
            amounts[name] = _sum(parts)
    _split_old_lists(amounts)
    _subtract_shmem(amounts)
    _join_slab(amounts)
    return amounts


def _added(
    parts: Iterable[ZoneStat] | Iterable[NodeStat], pick: Callable[[Set[str]], Set[str]] = _KNOWN.intersection
) -> dict[str, Amount]:
    pages: dict[str, int] = {}
    lines: dict[str, list[int]] = {}
    for part in parts:
        for name in pick(part.counters.keys()):
            pages[name] = pages.get(name, 0) + part.counters[name]
            lines.setdefault(name, []).append(part.line or 0)
    return {name: Amount(pages[name], tuple(lines[name])) for name in pages}


def _sum(parts: Sequence[Amount]) -> Amount:
    lines = chain.from_iterable(part.lines for part in parts)
    return Amount(sum(part.pages for part in parts), tuple(dict.fromkeys(line for line in lines if line)))


def _split_old_lists(amounts: dict[str, Amount]) -> None:
    """Split the lists of before 2.6.28 into process memory and cache, where the report allows it.

    Until 2.6.17 ``mapped`` counted every mapped page, so most of the lists when they hold
    process memory. Later the number of page cache pages gives the rest.
    """
    lists, cache, mapped = amounts.get("lru"), amounts.pop("cache", None), amounts.pop("mapped", None)
    if lists is None or "anon" in amounts:
        amounts.pop("lru", None)
    elif cache is not None:
        file = min(cache.pages, lists.pages)
        amounts.update(anon=Amount(lists.pages - file, lists.lines), file=Amount(file, cache.lines))
        del amounts["lru"]
    elif mapped is not None and 2 * mapped.pages >= lists.pages:
        anon = min(mapped.pages, lists.pages)
        amounts.update(anon=Amount(anon, mapped.lines), file=Amount(lists.pages - anon, lists.lines))
        del amounts["lru"]


def _subtract_shmem(amounts: dict[str, Amount]) -> None:
    """Take shared memory out of ``anon``: tmpfs and the like are on the same lists."""
    if "shmem" in amounts and "anon" in amounts:
        anon, shmem = amounts["anon"], amounts["shmem"]
        shared = min(anon.pages, shmem.pages)
        amounts["anon"] = Amount(anon.pages - shared, anon.lines)
        amounts["shmem"] = Amount(shared, shmem.lines)


def _join_slab(amounts: dict[str, Amount]) -> None:
    """Add both kinds of slab to ``slab``, which before 2.6.19 is all there is."""
    kinds = [amounts[name] for name in ("slab_unreclaimable", "slab_reclaimable") if name in amounts]
    if kinds:
        amounts["slab"] = _sum(kinds)


def _unknown(report: Report) -> dict[str, Amount]:
    """Return the counters of nodes and zones that no name here stands for; a later kernel may have some."""

    def unknown(names: Set[str]) -> Set[str]:
        return names - _KNOWN - _OVERLAPPING

    return _added(report.nodes, unknown) | _added(report.zones, unknown)


def _hugetlb(report: Report) -> Amount:
    pools = [each for each in report.hugepages if each.total]
    pages = sum(each.total * each.size_kb // report.page_size_kb for each in pools)
    return Amount(pages, tuple(each.line for each in pools if each.line))
