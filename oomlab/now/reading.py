"""Read a living machine: zones, free blocks by type, pressure, control groups and processes.

Source: Documentation/filesystems/proc.rst; Documentation/accounting/psi.rst.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oomlab.errors import OomlabError, ReportError
from oomlab.kernel import KernelRelease
from oomlab.now.groups import Group, read_groups
from oomlab.now.processes import Process, read_processes, task_of
from oomlab.procfs import (
    Snapshot,
    parse_buddyinfo,
    parse_meminfo,
    parse_pagetypeinfo,
    read_files,
    read_number,
    read_text,
    snapshot,
)
from oomlab.report import Task
from oomlab.units import PAGE_KB
from oomlab.words import listed, several

_PRESSURE = re.compile(r"(some|full) avg10=(\d{1,3}\.\d\d) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much of the last ten seconds some or all work waited for memory, in percent (4.20 and later)."""

    some: float
    full: float | None


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
    processes = list(read_processes(proc))
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
        groups=tuple(read_groups(root, page_kb, hidden)),
        tasks=tuple(task_of(each, page_kb, seen) for each in users),
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


def _page_kb(root: Path, processes: Sequence[Process], seen: Snapshot) -> int | None:
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


def _is_on(path: Path) -> bool | None:
    number = read_number(path)
    return None if number is None else number != 0
