"""What the capstone puts on the table: reports under a letter, and logs in which several are mixed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from oomlab import corpus
from oomlab.parsing import parse
from oomlab.report import Report

_CASES = {"A": "oom-64-tmpfs", "B": "oom-lowmem-tmpfs-inodes", "C": "oom-dma-floppy"}
_ORDINARY = (
    "eth0: renamed from veth3c1a",
    "EXT4-fs (vda1): re-mounted. Opts: errors=remount-ro",
    "perf: interrupt took too long (3140 > 3133), lowering kernel.perf_event_max_sample_rate to 63500",
    "TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.",
    "usb 1-1: new high-speed USB device number 2 using ehci-pci",
)
"""What a kernel says on an ordinary day."""
_UPTIME = re.compile(r"\[ *(\d+\.\d+)\] ")
_OUR_MARK = "LABTRIGGER"
"""What we wrote into the log of some recordings before we brought the machine down. It names the cause."""


def case(letter: str, number: int = 0) -> Report:
    """Return report ``number``, from 0, of the log of case ``"A"``, ``"B"`` or ``"C"`` of the capstone."""
    return parse(corpus.capture(f"{_CASES[letter]}.log"))[number]


def mixed_log(number: int) -> str:
    """Return a log of several incidents, as a log server would keep it: another one for each number.

    The reports are our own recordings, whole. The names of the hosts, the time at which each of them
    started and the lines between the reports are made up.
    """
    rng = Random(f"mixed/{number}")
    now = datetime(2026, 11, 26, rng.randrange(1, 24), rng.randrange(60), rng.randrange(60))
    lines: list[str] = []
    for host, entry in enumerate(incidents(number), start=1):
        log = [line for line in corpus.read(entry["file"]).splitlines() if _OUR_MARK not in line]
        begins = _uptime(log[0]) or 0.0
        before = rng.sample(_ORDINARY, k=rng.randrange(1, 4))
        when = sorted(rng.uniform(begins / 2, begins) for _ in before)
        log[:0] = [f"[{each:12.6f}] {words}" for each, words in zip(when, before, strict=True)]
        booted = now - timedelta(seconds=when[0])
        lines += _collected(log, booted, f"host{number}-{host}")
        now = booted + timedelta(seconds=_uptime(log[-1]) or 0.0, minutes=rng.randrange(3, 90))
    return "\n".join(lines) + "\n"


def _collected(log: list[str], booted: datetime, host: str) -> Iterator[str]:
    """Yield the lines of a kernel's log with the date of each, by the clock of a host that started then."""
    uptime = 0.0
    for line in log:
        uptime = _uptime(line) or uptime
        yield f"{booted + timedelta(seconds=uptime):%b %d %H:%M:%S} {host} kernel: {line}"


def _uptime(line: str) -> float | None:
    """Return the seconds since the kernel was started that a line begins with."""
    found = _UPTIME.match(line)
    return float(found[1]) if found else None


def incidents(number: int) -> list[dict[str, Any]]:
    """Return the rows of our answer key, ``data/index.json``, for the incidents of a mixed log, in order."""
    return Random(f"incidents/{number}").sample(_one_report_each(), k=3)


@cache
def _one_report_each() -> list[dict[str, Any]]:
    """Return the recordings that hold one report of a kill, less those that are cases."""
    rows: list[dict[str, Any]] = json.loads(corpus.read("index.json"))
    return [
        row
        for row in rows
        if row["file"].startswith("captures/")
        and row["reports"] == 1
        and row["killed"]
        and not any(name in row["file"] for name in _CASES.values())
    ]
