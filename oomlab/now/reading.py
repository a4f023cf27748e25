"""Read a living machine: zones, free blocks by type, pressure, control groups and processes.

Source: Documentation/filesystems/proc.rst; Documentation/accounting/psi.rst;
Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from math import log2
from pathlib import Path

from oomlab.errors import ReportError
from oomlab.procfs import Snapshot, parse_pagetypeinfo, read_proc, read_text
from oomlab.report import Task
from oomlab.units import PAGE_KB

_MAX_GROUPS = 20_000
_UNLIMITED_BYTES = 1 << 60
"""The least limit of v1 that means *no limit*."""

_PRESSURE = re.compile(r"(some|full) avg10=([\d.]{1,6}) avg60=([\d.]{1,6}) avg300=([\d.]{1,6})")
_NUMBER = re.compile(r"[0-9]{1,20}")
_STATUS = re.compile(r"^(Uid|VmSwap|VmPTE):\s{1,12}(\d{1,20})", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much of the last ten seconds some or all work waited for memory, in percent (4.20 and later)."""

    some: float
    full: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A control group with a limit on its memory, in kB.

    ``file_kb`` is page cache that could be dropped, ``oom_kills`` how many processes were killed in it;
    both ``None`` where its files do not show it.
    """

    path: str
    usage_kb: int
    limit_kb: int
    file_kb: int | None = None
    oom_kills: int | None = None

    @property
    def left_kb(self) -> int:
        """What the group may still take."""
        return max(0, self.limit_kb - self.usage_kb)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMachine:
    """What ``/proc`` and the control groups show of a machine, and what they hide.

    ``blocks`` are the free blocks of each order, by node, zone and migrate type. ``tasks`` are its processes
    with what counts for their score, ``scores`` the kernel's own oom_score, ``members`` the control group of
    each, all by pid. ``hidden`` says in sentences what could not be seen.
    """

    snapshot: Snapshot
    page_size_kb: int = PAGE_KB
    blocks: Mapping[tuple[int, str, str], tuple[int, ...]] = field(default_factory=dict)
    pressure: Pressure | None = None
    groups: tuple[Group, ...] = ()
    tasks: tuple[Task, ...] = ()
    scores: Mapping[int, int] = field(default_factory=dict)
    members: Mapping[int, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


def read_machine(root: Path | str = "/") -> LiveMachine:
    """Read this machine, or a recorded tree of ``proc`` and ``sys`` under ``root``.

    Raises :class:`~oomlab.errors.ReportError` where there is no zoneinfo to read.
    """
    root = Path(root)
    proc, hidden = root / "proc", list[str]()
    if not (proc / "zoneinfo").exists():
        raise ReportError(
            f"there is no {proc / 'zoneinfo'}: only Linux shows its zones, and some sandboxes hide it"
        )
    snapshot = read_proc(proc)
    page_kb = os.sysconf("SC_PAGE_SIZE") // 1024 if root == Path("/") else _page_kb(snapshot)
    if read_text(proc / "buddyinfo") is None:
        hidden.append("/proc/buddyinfo is not there or closed: how large the free blocks are.")
    types = read_text(proc / "pagetypeinfo")
    if types is None:
        hidden.append("/proc/pagetypeinfo is closed (it is root's): which free blocks are kept for whom.")
    pressure = _pressure(read_text(proc / "pressure/memory"))
    if pressure is None:
        hidden.append(
            "/proc/pressure/memory is not there: the kernel lacks PSI (psi=1 at boot), or is older."
        )
    groups = tuple(_groups(root / "sys/fs/cgroup"))
    found = list(_processes(proc, page_kb))
    if not any(task.pid == 1 for task, *_ in found):
        hidden.append("Processes of other users are hidden (hidepid): the one that would be chosen may be.")
    return LiveMachine(
        snapshot=snapshot,
        page_size_kb=page_kb,
        blocks=parse_pagetypeinfo(types or ""),
        pressure=pressure,
        groups=groups,
        tasks=tuple(task for task, *_ in found),
        scores={task.pid: score for task, score, _ in found if score is not None},
        members={task.pid: group for task, _, group in found if group is not None},
        hidden=tuple(hidden),
    )


def _page_kb(snapshot: Snapshot) -> int:
    """Infer the page size of a recorded machine, in kB: MemTotal is in kB what its zones count in pages."""
    total, pages = snapshot.meminfo.get("MemTotal_kb", 0), sum(zone.size or 0 for zone in snapshot.zones)
    return max(PAGE_KB, 1 << round(log2(total / pages))) if total and pages else PAGE_KB


def _pressure(text: str | None) -> Pressure | None:
    shares = {kind: float(avg10) for kind, avg10, *_ in _PRESSURE.findall(text or "")}
    return Pressure(some=shares["some"], full=shares.get("full", 0.0)) if "some" in shares else None


# --- control groups ---------------------------------------------------------------------------


def _groups(top: Path) -> Iterator[Group]:
    """Yield the groups that have a limit, of the unified hierarchy (v2) or of the memory controller (v1)."""
    is_unified = (top / "cgroup.controllers").exists()
    top = top if is_unified else top / "memory"
    read = _group if is_unified else _old_group
    for folder, folders, _ in islice(os.walk(top), _MAX_GROUPS):
        folders.sort()
        group = read(Path(folder), "/" + os.path.relpath(folder, top).removeprefix("."))
        if group is not None:
            yield group


def _group(folder: Path, path: str) -> Group | None:
    limit, usage = _number(folder / "memory.max"), _number(folder / "memory.current")
    if limit is None or usage is None:  # no limit reads "max"
        return None
    stat, events = _table(folder / "memory.stat"), _table(folder / "memory.events")
    return _made(path, usage, limit, stat, ("active_file", "inactive_file"), events.get("oom_kill"))


def _old_group(folder: Path, path: str) -> Group | None:
    limit, usage = _number(folder / "memory.limit_in_bytes"), _number(folder / "memory.usage_in_bytes")
    if limit is None or usage is None or limit >= _UNLIMITED_BYTES:
        return None
    stat, events = _table(folder / "memory.stat"), _table(folder / "memory.oom_control")
    names = ("total_active_file", "total_inactive_file")
    return _made(path, usage, limit, stat, names, events.get("oom_kill"))


def _made(
    path: str, usage: int, limit: int, stat: Mapping[str, int], names: tuple[str, str], kills: int | None
) -> Group:
    cache = [stat[name] for name in names if name in stat]
    return Group(
        path=path,
        usage_kb=usage // 1024,
        limit_kb=limit // 1024,
        file_kb=sum(cache) // 1024 if cache else None,
        oom_kills=kills,
    )


def _number(path: Path) -> int | None:
    text = (read_text(path) or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def _table(path: Path) -> dict[str, int]:
    """Read a file of names and numbers, one pair a line."""
    pairs = (line.split() for line in (read_text(path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and _NUMBER.fullmatch(pair[1])}


# --- processes --------------------------------------------------------------------------------


def _processes(proc: Path, page_kb: int) -> Iterator[tuple[Task, int | None, str | None]]:
    """Yield each process with memory of its own, the kernel's score, and its group; some end meanwhile."""
    for pid in sorted(int(name) for name in os.listdir(proc) if re.fullmatch(r"[0-9]{1,10}", name)):
        folder = proc / str(pid)
        statm = (read_text(folder / "statm") or "").split()
        if len(statm) < 2 or not all(map(_NUMBER.fullmatch, statm[:2])):
            continue
        if statm[0] == "0":  # a thread of the kernel
            continue
        status = dict(_STATUS.findall(read_text(folder / "status") or ""))
        task = Task(
            pid,
            (read_text(folder / "comm") or "").removesuffix("\n"),
            uid=int(status["Uid"]) if "Uid" in status else None,
            tgid=pid,
            total_vm=int(statm[0]),
            rss=int(statm[1]),
            swapents=_kb(status, "VmSwap") // page_kb,
            pgtables_bytes=_kb(status, "VmPTE") * 1024,
            oom_score_adj=_signed(folder / "oom_score_adj"),
        )
        yield task, _signed(folder / "oom_score"), _member(read_text(folder / "cgroup") or "")


def _kb(status: Mapping[str, str], name: str) -> int:
    return int(status.get(name, 0))


def _signed(path: Path) -> int | None:
    text = (read_text(path) or "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,6}", text) else None


def _member(text: str) -> str | None:
    """Return the group of a process: that of the memory controller, else that of the unified hierarchy."""
    rows = [line.split(":", 2) for line in text.splitlines() if line.count(":") >= 2]
    found = {("memory" if "memory" in names.split(",") else number): path for number, names, path in rows}
    return found.get("memory", found.get("0"))
