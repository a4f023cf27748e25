"""What a report contains, and what can be said of one part of it alone; the judging is in ``diagnosis``.

Memory is in **pages** of ``Report.page_size_kb`` unless a name carries a unit.
``None`` means *not printed*; zero means the kernel printed zero. Every part
remembers the ``line`` it came from (1-based, in the file as it was given).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Literal, NamedTuple, overload

from oomlab.errors import ReportError, require
from oomlab.kernel import KernelRelease
from oomlab.mmzone import parse_nodelist
from oomlab.units import PAGE_KB

Kind = Literal["oom", "allocation_failure", "show_mem", "fragment"]
"""What a report is; a ``"fragment"`` lost all that would show which of the others it is."""

Scope = Literal["global", "memcg", "cpuset", "mempolicy"]

_MAX_PAGES = 1 << 44
"""No zone has more pages: on 4 kB pages they would take 56 bits of address."""

_MIN_GAP_PAGES = 1024
"""The least difference of totals and zones that counts: they are read one after the other."""

_STAMP_LENGTH = 400
"""Characters of a line in which its time stands."""

UPTIME = re.compile(r"\[\s{0,12}(\d{1,12}\.\d{1,9})\]", re.A)
"""The kernel's own time stamp, seconds since boot."""

CLOCK = re.compile(
    r"(?:\b\d{4}-\d\d-\d\d[T ]"  # ISO
    r"|\b[^\W\d]{2,9}\.?\s{1,2}\d{1,2}\s"  # syslog, in any language
    r"|\b\d{1,2}\.?\s[^\W\d]{2,9}\.?\s)?(?<!\d)\d\d:\d\d:\d\d(?!\d)(?: [AP]M\b)?"
)
"""A time of day, with its date where that stands before it."""


MINUTE = re.compile(r"(?:\w{3,8} {0,4}:\w{3,8} {0,4}: )?\[([A-Z][a-z]{2}[ \d]\d \d\d:\d\d)\]", re.A)
"""How ``dmesg -H`` dates the first line of each minute; the others show how long after it they came."""

_RECORD = re.compile(r"\d{1,4},\d{1,15},(\d{1,17}),[^;]{0,80};", re.A)
"""How a record of /dev/kmsg begins: level, number, microseconds since boot (kernel/printk/printk.c)."""

MEMCG_OOM_FRAMES = frozenset(
    ("mem_cgroup_out_of_memory", "mem_cgroup_oom_synchronize", "mem_cgroup_handle_oom")
)
"""Functions in a call trace that only a full control group calls; some kernels inline the first."""


class SourceLine(NamedTuple):
    """One line of the log as it was given, and its 1-based number."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Source(Sequence[SourceLine]):
    """Lines of a log that follow one another; ``first`` is the number of the first of them.

    >>> Source(41, ("Mem-Info:", "DMA free:8kB"))[1]
    SourceLine(number=42, text='DMA free:8kB')
    """

    first: int = 1
    lines: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> SourceLine: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[SourceLine, ...]: ...

    def __getitem__(self, index: int | slice) -> SourceLine | tuple[SourceLine, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return SourceLine(self.first + range(len(self.lines))[index], self.lines[index])

    def __iter__(self) -> Iterator[SourceLine]:
        return map(SourceLine, count(self.first), self.lines)


def time_in(text: str) -> str | None:
    """Return the date and time that stand before a message, as the log writes them, or ``None``."""
    match = CLOCK.search(text[:120])
    if match is not None:
        return " ".join(match[0].split())
    minute = MINUTE.match(text)
    return minute[1] if minute else None


def uptime_in(text: str) -> float | None:
    """Return the uptime in seconds that stands before a message, or ``None``."""
    match = UPTIME.search(text)
    if match is not None:
        return float(match[1])
    record = _RECORD.match(text)
    return int(record[1]) / 1_000_000 if record else None


_time_in, _uptime_in = lru_cache(64)(time_in), lru_cache(64)(uptime_in)
"""For reports, of which those before one are compared with it."""


class Problem(NamedTuple):
    """Something missing, damaged or contradictory; ``line`` is ``None`` when it has no place."""

    line: int | None
    reason: str


class FreeBlocks(NamedTuple):
    """The free blocks of one order, and their migrate types (``"UME"``; ``""`` when not printed)."""

    order: int
    blocks: int
    types: str = ""


class HugePages(NamedTuple):
    """The pool of one huge page size on one node, in huge pages; ``size_kb`` is the size of one."""

    size_kb: int
    total: int
    free: int
    surplus: int
    node: int | None = None
    line: int | None = None


class Allocation(NamedTuple):
    """One line of ``Memory allocations`` (6.10 and later): a place in the source and what it holds."""

    size_kb: int
    calls: int
    place: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What control groups use of what ``memory.min`` and ``memory.low`` protect from reclaim, in kB (6.19).

    It is that of the groups below the one that ran out, or of all groups where the machine did.
    Source: mm/memcontrol.c, ``mem_cgroup_show_protected_memory``.
    """

    min_kb: int
    low_kb: int
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Who asked, and for what.

    ``vmalloc_bytes`` is how much was asked of vmalloc, in bytes, and ``vmalloc_got`` how much of that
    it had got before it failed; ``None`` where the request was for pages, or no size is printed.
    """

    comm: str | None = None
    pid: int | None = None
    gfp_mask: int | None = None
    gfp_names: tuple[str, ...] | None = None
    order: int | None = None
    oom_adj: int | None = None
    oom_score_adj: int | None = None
    vmalloc_bytes: int | None = None
    vmalloc_got: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStat:
    """One zone as the report shows it.

    ``watermark_min`` is as printed: from 5.x it contains ``watermark_boost``.
    ``counters`` holds every other ``key:value`` of the zone's line, in pages
    where the kernel prints kB; ``flags`` what is not a number
    (``{"all_unreclaimable?": "yes"}``). A zone whose own line was lost is
    ``reconstructed`` from the others; ``present_bounds`` are then the fewest and
    the most pages it can have had.
    """

    name: str
    node: int | None = None
    free: int | None = None
    watermark_min: int | None = None
    watermark_low: int | None = None
    watermark_high: int | None = None
    watermark_boost: int | None = None
    spanned: int | None = None
    present: int | None = None
    present_bounds: tuple[int, int] | None = None
    managed: int | None = None
    lowmem_reserve: tuple[int, ...] | None = None
    free_blocks: tuple[FreeBlocks, ...] | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    reconstructed: bool = False
    line: int | None = None
    reserve_line: int | None = None
    blocks_line: int | None = None

    @property
    def size(self) -> int | None:
        """The pages of the zone: ``managed`` where it is printed (3.8 and later), else ``present``.

        ``managed`` is what the page allocator has; ``present`` counts what boot took as well. Since
        3.9 the kernel shares its watermarks out by the former, before that by the latter. So this is
        the size that a report's watermarks and reserves follow from, but for 3.8, which prints both
        and shares them out by ``present``. ``None`` where neither is printed.
        """
        return self.present if self.managed is None else self.managed

    @property
    def is_impossible(self) -> bool:
        """Whether a size, a mark or a reserve is beyond any machine: its kernel worked that out wrongly."""
        sizes = (self.present, self.managed, self.watermark_min, *(self.lowmem_reserve or ()))
        return max(size or 0 for size in sizes) > _MAX_PAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStat:
    """The counters of one NUMA node (4.8 and later), in pages."""

    node: int
    counters: Mapping[str, int]
    flags: Mapping[str, str] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Swap space, in pages. ``free`` can be negative: the kernel's own figure during swapoff."""

    total: int | None = None
    free: int | None = None
    cached: int | None = None
    line: int | None = None


class Task(NamedTuple):
    """One row of the task table. ``total_vm`` and the ``rss`` columns are pages, as printed."""

    pid: int
    comm: str
    uid: int | None = None
    tgid: int | None = None
    total_vm: int | None = None
    rss: int | None = None
    rss_anon: int | None = None
    rss_file: int | None = None
    rss_shmem: int | None = None
    nr_ptes: int | None = None
    nr_pmds: int | None = None
    nr_puds: int | None = None
    pgtables_bytes: int | None = None
    swapents: int | None = None
    cpu: int | None = None
    oom_adj: int | None = None
    oom_score_adj: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """One process that was killed, from all the lines that speak of its killing.

    ``reason`` is what the kernel wrote before the process: ``"Out of memory"``,
    ``"Memory cgroup out of memory"``, ``"Out of memory (oom_kill_allocating_task)"``.
    ``pid`` is ``None`` where the kernel prints none (``VM: killing process``, 2.4 and 2.6).
    ``child_of`` is the process that was chosen, where one of its children was killed instead.
    ``memcg`` is the path of its control group, where the line of the choice names it (5.0 and later).
    ``reaped`` is whether the oom_reaper took its memory back: false where the log shows that it was
    unable to, ``None`` where it shows neither.
    """

    pid: int | None
    comm: str | None = None
    uid: int | None = None
    child_of: int | None = None
    score: int | None = None
    total_vm_kb: int | None = None
    anon_rss_kb: int | None = None
    file_rss_kb: int | None = None
    shmem_rss_kb: int | None = None
    pgtables_kb: int | None = None
    oom_score_adj: int | None = None
    memcg: str | None = None
    reason: str | None = None
    reaped: bool | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memcg:
    """The control group whose limit was met. Sizes in kB, as printed.

    ``stats`` are the statistics under the kernel's names, in ``stats_unit`` as it
    prints them: kB up to 5.2, bytes later (``pgscan`` and its like are plain counts). ``memsw`` says that
    ``swap_usage_kb`` and ``swap_limit_kb`` are of memory and swap together (*memory+swap*), as in cgroup v1.
    """

    path: str | None = None
    oom_path: str | None = None
    task_path: str | None = None
    usage_kb: int | None = None
    limit_kb: int | None = None
    failcnt: int | None = None
    swap_usage_kb: int | None = None
    swap_limit_kb: int | None = None
    kmem_usage_kb: int | None = None
    kmem_limit_kb: int | None = None
    memsw: bool = False
    stats: Mapping[str, int] = field(default_factory=dict)
    stats_unit: Literal["kB", "bytes"] | None = None
    line: int | None = None
    stats_line: int | None = None

    @property
    def met_with_swap(self) -> bool:
        """Whether memory and swap together met their limit while memory alone had room.

        Only cgroup v1 has such a limit.
        Source: mm/memcontrol.c, ``try_charge``: ``memsw`` is charged first.
        """
        if not self.memsw or not self.swap_limit_kb or self.swap_usage_kb is None:
            return False
        has_room = (self.usage_kb or 0) < (self.limit_kb or 0)
        return has_room and self.swap_usage_kb >= self.swap_limit_kb

    def stat_kb(self, name: str) -> int | None:
        """Return one statistic that is a size in kB, or ``None`` where it is not printed."""
        size = self.stats.get(name)
        return size if size is None or self.stats_unit == "kB" else size // 1024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """One report: an OOM kill, an allocation failure, a memory dump asked for manually, or a fragment of any.

    ``kernel_line`` is the line that names the kernel where that stands outside the report, in
    another line of the same boot; the other reports name theirs themselves. ``boot_line`` is where a kernel
    started last above the report, if the log shows it: of two reports with such a line between them, each is
    of another boot.
    ``totals`` are the machine-wide counters under ``Mem-Info:`` and the
    ``N pages RAM`` lines, in pages, by the kernel's own names in small letters
    (``free``, ``slab_unreclaimable``; ``ram``, ``highmem``, ``reserved``, ``pagecache``);
    ``totals_lines`` holds the line of each.
    ``oom_group`` is the group that is killed whole because of ``memory.oom.group``, whoever met which limit.
    ``exiting`` are the processes that were chosen and not killed, since each was already exiting.
    ``trace`` is the call trace, function names only, innermost first.
    ``slabs`` are kB used and kB in all by slab cache. ``panic`` is what the kernel
    said when it gave up. ``source`` holds every line from the first to the last
    that belongs to the report, as it was given. ``kinds`` is what the reader took
    those lines for (:data:`oomlab.parsing.lines.LineKind` by number); it is no part
    of what the report contains, so neither comparisons nor exports look at it. ``stamp`` is the line of the
    request with its time, where its line as it was given has another time or none, as a document on one line.
    """

    kind: Kind
    first_line: int
    last_line: int
    kernel: KernelRelease | None = None
    kernel_line: int | None = None
    boot_line: int | None = None
    page_size_kb: int = PAGE_KB
    trigger: Trigger = Trigger()
    scope: Scope = "global"
    constraint: str | None = None
    nodemask: str | None = None
    mems_allowed: str | None = None
    memcg: Memcg | None = None
    oom_group: str | None = None
    protection: Protection | None = None
    totals: Mapping[str, int] = field(default_factory=dict)
    totals_lines: Mapping[str, int] = field(default_factory=dict)
    nodes: tuple[NodeStat, ...] = ()
    zones: tuple[ZoneStat, ...] = ()
    swap: Swap | None = None
    tasks: tuple[Task, ...] = ()
    victims: tuple[Victim, ...] = ()
    exiting: tuple[Victim, ...] = ()
    trace: tuple[str, ...] = ()
    hugepages: tuple[HugePages, ...] = ()
    slabs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    slabs_line: int | None = None
    allocations: tuple[Allocation, ...] = ()
    panic: str | None = None
    source: Sequence[SourceLine] = ()
    problems: tuple[Problem, ...] = ()
    kinds: Mapping[int, str] = field(default_factory=dict, compare=False)
    stamp: str = ""

    @property
    def has_all_managed(self) -> bool:
        """Whether every zone of the machine is shown, with its ``managed``."""
        free = self.totals.get("free")
        shown = sum(zone.free or 0 for zone in self.zones)
        if free is not None and free - shown > max(_MIN_GAP_PAGES, free // 10):
            return False
        ram = self.totals.get("ram", 0) if free is None else 0
        if ram - sum(zone.present or 0 for zone in self.zones) > max(_MIN_GAP_PAGES, ram // 10):
            return False
        if self.totals.get("highmem") and self.find_zone("HighMem") is None:
            return False
        return bool(self.zones) and all(zone.managed is not None for zone in self.zones)

    def adjustment_of(self, victim: Victim) -> int | None:
        """Return a victim's ``oom_score_adj``, by the line of its kill or by its row in the task table."""
        if victim.oom_score_adj is not None:
            return victim.oom_score_adj
        return next((task.oom_score_adj for task in self.tasks if task.pid == victim.pid), None)

    def find_zone(self, name: str, node: int | None = None) -> ZoneStat | None:
        """Return the first zone of that name (on that node, if one is given), or ``None``."""
        matches = (z for z in self.zones if z.name == name and (node is None or z.node == node))
        return next(matches, None)

    def zone(self, name: str, node: int | None = None) -> ZoneStat:
        """Return the first zone of that name (on that node, if one is given).

        Raises :class:`ReportError`, which names the zones there are, where the report shows none;
        :meth:`find_zone` returns ``None`` instead.
        """
        found = self.find_zone(name, node)
        if found is None:
            where = "" if node is None else f" on node {node}"
            shown = ", ".join(dict.fromkeys(zone.name for zone in self.zones)) or "none"
            raise ReportError(f"the report shows no zone {name!r}{where}; its zones: {shown}")
        return found

    @property
    def time(self) -> str | None:
        """The date and time of the request as the log writes them; ``None`` where it does not.

        No attempt is made to understand the date: its language and its year may be anything.
        """
        return _time_in(self._request_line)

    @property
    def uptime_s(self) -> float | None:
        """The uptime in seconds that stands before the request; ``None`` where the log has none."""
        return _uptime_in(self._request_line)

    @property
    def _request_line(self) -> str:
        if self.stamp:
            return self.stamp
        number, source = self.trigger.line or self.first_line, self.source
        if isinstance(source, Source):  # as every report that was read has it: asked for again and again
            place = number - source.first
            return source.lines[place][:_STAMP_LENGTH] if 0 <= place < len(source.lines) else ""
        line = self.quote(number)
        return line.text[:_STAMP_LENGTH] if line else ""

    @property
    def nodes_allowed(self) -> frozenset[int] | None:
        """The NUMA nodes that a cpuset or a memory policy left to the request; ``None`` for all."""
        nodes = {"cpuset": self.mems_allowed, "mempolicy": self.nodemask}.get(self.scope)
        return parse_nodelist(nodes) or None

    @property
    def may_be_oom(self) -> bool:
        """Whether the report is an OOM, or a fragment that may be of one."""
        return self.kind in ("oom", "fragment")

    @property
    def is_stall(self) -> bool:
        """Whether a request has merely waited long, and goes on waiting.

        Source: mm/page_alloc.c, ``warn_alloc`` in ``__alloc_pages_slowpath`` (4.10 to 4.14).
        """
        line = self.quote(self.trigger.line) if self.trigger.line else None
        return self.kind == "allocation_failure" and line is not None and "allocation stalls" in line.text

    def quote(self, line: int) -> SourceLine | None:
        """Return the source line of that number, or ``None`` when it is not part of this report."""
        require(line, int, "quote takes the number of a line, as the parts of a report have it")
        place = line - self.source[0].number if self.source else -1
        return self.source[place] if 0 <= place < len(self.source) else None

    def __repr__(self) -> str:
        """Return the report in a few words, so that a list of reports can be read."""
        parts = [self.kind, f"lines {self.first_line}-{self.last_line}"]
        parts += [f"Linux {self.kernel.text!r}"] if self.kernel else []
        parts += [f"asked by {self.trigger.comm!r}"] if self.trigger.comm else []
        parts += [f"killed {victim.comm!r}" for victim in self.victims[:1]]
        return f"<Report: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        """Show the report in a notebook, wherever it comes from: one of two imports that go up a floor."""
        from oomlab.render import html

        return str(html(self))


NoticeKind = Literal[
    "systemd_oomd",
    "oomd",
    "earlyoom",
    "nohang",
    "lowmemorykiller",
    "lmkd",
    "kubelet_eviction",
    "kubelet_system_oom",
    "container_oom",
    "unit_oom",
    "exit_137",
]
"""Who wrote a notice: :file:`tables/killers.toml` has a row for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What another program than the kernel's OOM killer wrote about a kill for memory.

    ``killed`` is a process, control group, pod, container, app or unit as the log names it, ``None`` where
    it does not; ``count`` how many processes that were. ``words`` and ``detail`` say it; their names are from
    the log.
    """

    kind: NoticeKind
    line: int
    killed: str | None = None
    pid: int | None = None
    count: int | None = None
    words: str = ""
    detail: str = ""
    source: SourceLine | None = None

    @property
    def time(self) -> str | None:
        """The date and time of its line as the log writes them."""
        return time_in(self.source.text) if self.source else None

    @property
    def uptime_s(self) -> float | None:
        """The uptime in seconds that stands before it."""
        return uptime_in(self.source.text[:400]) if self.source else None

    @property
    def sentence(self) -> str:
        """What happened, with the line that says it and the details; its names are as the log has them."""
        return f"{self.words} (line {self.line})" + (f": {self.detail}." if self.detail else ".")
