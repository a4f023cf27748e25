"""What the capstone puts on the table: reports under a letter, and logs in which several are mixed."""

from __future__ import annotations

import json
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


def case(letter: str) -> Report:
    """Return case ``"A"``, ``"B"`` or ``"C"`` of the capstone: the first report of a recording."""
    return parse(corpus.capture(f"{_CASES[letter]}.log"))[0]


def mixed_log(number: int) -> str:
    """Return a log of several incidents, as a syslog daemon would keep it: another one for each number.

    The reports are our own recordings, whole; the host's name and the lines between them are made up.
    """
    rng = Random(f"mixed/{number}")
    lines: list[str] = []
    for entry in incidents(number):
        lines += rng.sample(_ORDINARY, k=rng.randrange(1, 4))
        lines += corpus.read(entry["file"]).splitlines()
    prefix = f"Nov 26 {rng.randrange(1, 24):02}:{rng.randrange(60):02}:11 host{number} kernel: "
    return "\n".join(prefix + line for line in lines) + "\n"


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
