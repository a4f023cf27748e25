"""Read the processes of a machine: what counts for their scores, and the control group of each.

Source: Documentation/filesystems/proc.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from oomlab.badness.choice import column_of
from oomlab.procfs import Snapshot, read_text
from oomlab.report import Task

_NUMBER = re.compile(r"[0-9]{1,20}")
_STATUS = re.compile(r"^(Uid|VmSize|VmSwap|VmPTE|VmPMD):\s{1,12}(\d{1,20})", re.M)
_ENDED = re.compile(r"^State:\s{1,12}[ZX]", re.M)
_ADJ = range(-1000, 1001)
"""Every ``oom_score_adj``; up to 2.6.35 ``oom_adj`` goes from -17 to 15."""


class Process(NamedTuple):
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


def read_processes(proc: Path) -> Iterator[Process]:
    """Yield each process, threads of the kernel among them; some end meanwhile."""
    for pid in sorted(int(name) for name in os.listdir(proc) if re.fullmatch(r"[0-9]{1,10}", name)):
        folder = proc / str(pid)
        statm = (read_text(folder / "statm") or "").split()
        if len(statm) < 2 or not all(map(_NUMBER.fullmatch, statm[:2])):
            continue
        status = read_text(folder / "status") or ""
        yield Process(
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


def task_of(process: Process, page_kb: int, seen: Snapshot) -> Task:
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
