"""Read a living machine: zones, free blocks by type, pressure, control groups and processes.

Source: Documentation/filesystems/proc.rst; Documentation/accounting/psi.rst;
Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from oomlab.badness.choice import column_of, is_boundless
from oomlab.errors import OomlabError, ReportError
from oomlab.kernel import KernelRelease
from oomlab.procfs import (
    Snapshot,
    parse_buddyinfo,
    parse_meminfo,
    parse_pagetypeinfo,
    read_files,
    read_text,
    snapshot,
)
from oomlab.report import Task
from oomlab.units import PAGE_KB
from oomlab.words import listed, several

_MAX_GROUPS = 20_000
_PRESSURE = re.compile(r"(some|full) avg10=(\d{1,3}\.\d\d) ")
_NUMBER = re.compile(r"[0-9]{1,20}")
_STATUS = re.compile(r"^(Uid|VmSize|VmSwap|VmPTE|VmPMD):\s{1,12}(\d{1,20})", re.M)
_ENDED = re.compile(r"^State:\s{1,12}[ZX]", re.M)
_ADJ = range(-1000, 1001)
"""Every ``oom_score_adj``; up to 2.6.35 ``oom_adj`` goes from -17 to 15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much of the last ten seconds some or all work waited for memory, in percent (4.20 and later)."""

    some: float
    full: float | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMachine:
    """What ``/proc`` and the control groups show of a machine, and what they hide.

    ``root`` is where it was read. ``blocks`` are the free blocks of each order, by node, zone and migrate
    type. ``tasks`` are its processes with what counts for their score, ``scores`` the kernel's own oom_score,
    ``members`` the control group of each, all by pid. ``panics`` tells that it panics instead of killing
    (``vm.panic_on_oom``), ``kills_asker`` that whoever asks is killed (``vm.oom_kill_allocating_task``).
    ``hidden`` says in sentences what could not be seen.
    """

    snapshot: Snapshot
    root: str = "/"
    page_size_kb: int = PAGE_KB
    blocks: Mapping[tuple[int, str, str], tuple[int, ...]] = field(default_factory=dict)
    pressure: Pressure | None = None
    groups: tuple[Group, ...] = ()
    tasks: tuple[Task, ...] = ()
    scores: Mapping[int, int] = field(default_factory=dict)
    members: Mapping[int, str] = field(default_factory=dict)
    panics: bool | None = None
    kills_asker: bool | None = None
    hidden: tuple[str, ...] = ()


def read_machine(root: Path | str = "/") -> LiveMachine:
    """Read this machine, or another one whose ``proc`` and ``sys`` lie under ``root``.

    Raises :class:`~oomlab.errors.ReportError` where there is no zoneinfo to read.
    """
    root = Path(root)
    proc, hidden = root / "proc", list[str]()
    seen = snapshot(_files(proc, hidden))
    _look_for_gaps(seen, hidden)
    types = read_text(proc / "pagetypeinfo")
    if types is None:
        hidden.append(
            "/proc/pagetypeinfo is not there or closed (it is root's): which free blocks are kept for urgent "
            "requests, up to a hundredth of a zone, and which are CMA's. Less may be free than is said."
        )
    stalls = read_text(proc / "pressure/memory")
    pressure = _pressure(stalls)
    if pressure is None:
        why = (
            "is not there: the kernel lacks PSI (psi=1 at boot), or is older" if not stalls else "is damaged"
        )
        hidden.append(f"/proc/pressure/memory {why}.")
    processes = list(_processes(proc))
    if not any(each.is_kernel_thread for each in processes):
        some = "Some processes may be hidden" if processes else "No process is to be seen"
        hidden.append(f"{some} (hidepid, or a container): who would be chosen.")
    users = [each for each in processes if each.size]
    silent = sum(each.oom_score_adj is None and each.oom_adj is None for each in users)
    if silent:
        who = several(silent, "process", "processes")
        hidden.append(f"The oom_score_adj of {who} is not shown: another may be chosen.")
    page_kb = _page_kb(root, processes, seen)
    if page_kb is None:
        hidden.append(f"The size of a page is not shown: {PAGE_KB} kB are assumed.")
    page_kb = page_kb or PAGE_KB
    return LiveMachine(
        snapshot=seen,
        root=str(root),
        page_size_kb=page_kb,
        blocks=parse_pagetypeinfo(types or ""),
        pressure=pressure,
        groups=tuple(_groups(root, page_kb, processes, hidden)),
        tasks=tuple(_task(each, page_kb, seen) for each in users),
        scores={each.pid: each.score for each in users if each.score is not None},
        members={each.pid: each.group for each in users if each.group is not None},
        panics=_is_on(proc / "sys/vm/panic_on_oom"),
        kills_asker=_is_on(proc / "sys/vm/oom_kill_allocating_task"),
        hidden=tuple(hidden),
    )


def _files(proc: Path, hidden: list[str]) -> dict[str, str]:
    """Return the files that a snapshot is made of; without one that is missing or damaged, which is noted."""
    zoneinfo = proc / "zoneinfo"
    if not os.path.exists(zoneinfo):
        raise ReportError(f"there is no {zoneinfo}: only Linux shows its zones, and some sandboxes hide it")
    texts = read_files(proc, ("zoneinfo", *_OPTIONAL))
    if "zoneinfo" not in texts:
        raise ReportError(f"{zoneinfo} is closed to us: without it there are no zones to speak of")
    for name, (parse, shows) in _OPTIONAL.items():
        text = texts.get(name, "").strip()
        try:
            state = "" if text and parse(text) else "is not there, closed or empty"
        except OomlabError as error:
            state = f"is damaged ({error})"
            del texts[name]
        if state:
            hidden.append(f"/proc/{name} {state}: {shows}.")
    return texts


_OPTIONAL: Mapping[str, tuple[Callable[[str], object], str]] = {
    "meminfo": (parse_meminfo, "how much RAM and swap there is, of which a score is a part"),
    "buddyinfo": (parse_buddyinfo, "how large the free blocks are"),
    "sys/kernel/osrelease": (KernelRelease.of, "which kernel runs, and so by which rules"),
}
"""Files without which a machine can be judged, how each is read, and what it shows."""


def _look_for_gaps(seen: Snapshot, hidden: list[str]) -> None:
    """Note which numbers are not there, of the machine and of zones that have pages."""
    sizes = [name for name in ("MemTotal", "SwapTotal") if f"{name}_kb" not in seen.meminfo]
    if seen.meminfo and sizes:
        hidden.append(f"/proc/meminfo does not show {listed(sizes)}, of which a score is a part.")
    populated = [zone for zone in seen.zones if zone.size != 0]
    for name, attribute in _IN_ZONEINFO.items():
        lost = [zone.name for zone in populated if getattr(zone, attribute) is None]
        if lost:
            hidden.append(f"/proc/zoneinfo does not show {name} of {listed(dict.fromkeys(lost))}.")
    lost = [zone.name for zone in populated if zone.free_blocks is None]
    if 0 < len(lost) < len(populated):
        hidden.append(
            f"/proc/buddyinfo does not show {listed(dict.fromkeys(lost))}: how large free blocks are."
        )


_IN_ZONEINFO = {
    "'pages free'": "free",
    "'min'": "watermark_min",
    "'present'": "size",
    "'protection'": "lowmem_reserve",
}
"""What ``/proc/zoneinfo`` calls the numbers by which a zone is judged."""


def _page_kb(root: Path, processes: Sequence[_Process], seen: Snapshot) -> int | None:
    """Return the size of a page in kB: of this machine, or as the numbers of another show it.

    The size of a process stands in kB in one file and in pages in another. MemTotal counts in kB what its
    zones count in pages, unless a container has a MemTotal of its own, or memory came or went since boot.
    Source: fs/proc/task_mmu.c, ``task_mem`` and ``task_statm``; fs/proc/meminfo.c.
    """
    if root == Path("/"):
        return os.sysconf("SC_PAGE_SIZE") // 1024
    ratios = Counter(int(each.status.get("VmSize", 0)) / each.size for each in processes if each.size)
    shown = [size for size, _ in ratios.most_common() if size in _PAGE_SIZES_KB]
    if shown:
        return int(shown[0])
    total, pages = seen.meminfo.get("MemTotal_kb", 0), sum(zone.size or 0 for zone in seen.zones)
    taken = _MAX_BOOT_SHARE if any(zone.managed is None for zone in seen.zones) else _MAX_LATER_SHARE
    near = [size for size in _PAGE_SIZES_KB if abs(total - pages * size) < taken * total]
    return near[0] if near else None


_PAGE_SIZES_KB = (4, 8, 16, 32, 64, 256)
"""Every size that a kernel of any architecture can be built for."""

_MAX_BOOT_SHARE, _MAX_LATER_SHARE = 0.1, 0.01
"""How much of ``present`` boot may have taken, where a kernel prints no ``managed`` (before 3.8), and how far
``managed`` may be from MemTotal, which is read a moment later."""


def _pressure(text: str | None) -> Pressure | None:
    shares = {kind: float(avg10) for kind, avg10 in _PRESSURE.findall(text or "")}
    return Pressure(some=shares["some"], full=shares.get("full")) if "some" in shares else None


# --- control groups ---------------------------------------------------------------------------


def _groups(root: Path, page_kb: int, processes: Sequence[_Process], hidden: list[str]) -> Iterator[Group]:
    """Yield the groups that have a limit, of the unified hierarchy (v2) or of the memory controller (v1)."""
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
        at_limit="all" if _number(folder / "memory.oom.group") else "one",
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
    number = _number(path)
    if number is None:
        raise _Unreadable(path)
    return number


def _kb_of(stat: Mapping[str, int], *names: str) -> int | None:
    found = [stat[name] for name in names if name in stat]
    return sum(found) // 1024 if found else None


def _number(path: Path) -> int | None:
    text = (read_text(path) or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def _is_on(path: Path) -> bool | None:
    number = _number(path)
    return None if number is None else number != 0


def _table(path: Path) -> dict[str, int]:
    """Read a file of names and numbers, one pair a line."""
    pairs = (line.split() for line in (read_text(path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and _NUMBER.fullmatch(pair[1])}


# --- processes --------------------------------------------------------------------------------


class _Process(NamedTuple):
    """What the files of a process show: ``size`` and ``rss`` in pages, the numbers of ``status`` by name."""

    pid: int
    comm: str
    size: int
    rss: int
    status: Mapping[str, str]
    has_ended: bool
    oom_adj: int | None
    oom_score_adj: int | None
    score: int | None
    group: str | None

    @property
    def is_kernel_thread(self) -> bool:
        """Whether it never had memory of its own: what has ended, and is not waited for, has none left."""
        return self.size == 0 and not self.has_ended


def _processes(proc: Path) -> Iterator[_Process]:
    """Yield each process, threads of the kernel among them; some end meanwhile."""
    for pid in sorted(int(name) for name in os.listdir(proc) if re.fullmatch(r"[0-9]{1,10}", name)):
        folder = proc / str(pid)
        statm = (read_text(folder / "statm") or "").split()
        if len(statm) < 2 or not all(map(_NUMBER.fullmatch, statm[:2])):
            continue
        status = read_text(folder / "status") or ""
        yield _Process(
            pid,
            (read_text(folder / "comm") or "").removesuffix("\n"),
            size=int(statm[0]),
            rss=int(statm[1]),
            status=dict(_STATUS.findall(status)),
            has_ended=_ENDED.search(status) is not None,
            oom_adj=_signed(folder / "oom_adj"),
            oom_score_adj=_adj(folder / "oom_score_adj"),
            score=_signed(folder / "oom_score"),
            group=_member(read_text(folder / "cgroup") or ""),
        )


def _task(process: _Process, page_kb: int, seen: Snapshot) -> Task:
    """Return a process as the task table of its kernel shows it, for its columns tell the rule."""
    status = process.status
    column = column_of(seen.kernel) if seen.kernel else "pgtables_bytes"
    tables_kb = int(status["VmPTE"]) + int(status.get("VmPMD", 0)) if "VmPTE" in status else None
    return Task(
        process.pid,
        process.comm,
        uid=int(status["Uid"]) if "Uid" in status else None,
        tgid=process.pid,
        total_vm=process.size,
        rss=process.rss,
        swapents=int(status["VmSwap"]) // page_kb if "VmSwap" in status else None,
        pgtables_bytes=tables_kb * 1024 if tables_kb is not None and column == "pgtables_bytes" else None,
        nr_ptes=tables_kb // page_kb if tables_kb is not None and column == "nr_ptes" else None,
        oom_adj=process.oom_adj if process.oom_score_adj is None else None,
        oom_score_adj=process.oom_score_adj,
    )


def _signed(path: Path) -> int | None:
    text = (read_text(path) or "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,6}", text) else None


def _adj(path: Path) -> int | None:
    adj = _signed(path)
    return adj if adj in _ADJ else None


def _member(text: str) -> str | None:
    """Return the group of a process: that of the memory controller, else that of the unified hierarchy."""
    rows = [line.split(":", 2) for line in text.split("\n") if line.count(":") >= 2]  # a name may hold \v
    found = {("memory" if "memory" in names.split(",") else number): path for number, names, path in rows}
    return found.get("memory", found.get("0"))
