"""Whatever a log holds, no more is held of it than one window, and work grows with its size."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from oomlab.diagnosis.judged import judge
from oomlab.parsing import parse, read_pieces, reader, scan
from tests.support.work import calls

HEADER = "rsync invoked oom-killer: gfp_mask=0x84d0, order=0, oom_score_adj=0\n"
KILL = "Killed process {n} (proc3) total-vm:80000kB, anon-rss:4000kB, file-rss:0kB, shmem-rss:0kB\n"
ZONE = "free:8056kB min:8048kB low:10060kB high:12072kB present:900000kB managed:890000kB\n"
MEMORY = f"Mem-Info:\nactive_anon:1 inactive_anon:1\nNode 0 Normal {ZONE}lowmem_reserve[]: 0 0 0\n"

GROWING: dict[str, tuple[str, str]] = {
    "CPUs of zones": (
        f"{HEADER}Mem-Info:\n",
        "Node {n} Normal per-cpu:\nCPU {n}: hi: 186, btch: 31 usd: 0\n",
    ),
    "lost zones": (f"{HEADER}Mem-Info:\nNode 0 DMA {ZONE}", "Node 0 B{n}: 1*4kB (U) 2*8kB = 20kB\n"),
    "lists of one lost zone": (f"{HEADER}Mem-Info:\n", "Normal: 1*4kB (U) 2*8kB = 20kB\n"),
    "zones": (f"{HEADER}Mem-Info:\n", "Node {n} Normal " + ZONE),
    "lists of nodes": (f"{HEADER}Mem-Info:\n", "Node {n} Normal: 1*4kB (U) 2*8kB = 20kB\n"),
    "reserves": ("", "lowmem_reserve[]: 0 0 0\n"),
    "chosen": (HEADER, "Out of memory: Kill process 3 (proc3) score 1 or sacrifice child\n"),
    "constraints": (HEADER, "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=a,pid=1,uid=0\n"),
    "tasks": (HEADER, "[{n:5d}]  1000 {n:5d}    20000     1000     10        0             0 proc{n}\n"),
    "kills": ("", "Out of memory: " + KILL),
    "failures": ("", "sh: page allocation failure: order:0, mode:0x20\n" + MEMORY),
    "dumps": ("", "SysRq : Show Memory\n" + MEMORY),
    "folded kills": ("", "Out of memory: " + KILL.strip() + "#012"),
}
"""What a list in a report begins with, and what is repeated, ``{n}`` being a number."""


def log(name: str, count: int) -> str:
    head, unit = GROWING[name]
    return head + "".join(unit.format(n=n) for n in range(count))


@pytest.mark.parametrize("name", GROWING)
def test_work_grows_with_the_length_of_every_list(name):
    """Twice the list is about twice the calls, to read it and to judge it."""

    def work(text: str) -> Callable[[], object]:
        return lambda: [each.diagnosis for each in judge(("", report) for report in parse(text))]

    assert calls(work(log(name, 200))) < 3 * calls(work(log(name, 100)))


@pytest.mark.parametrize("name", ["tasks", "kills"])
def test_memory_is_bounded_by_one_window(name, monkeypatch):
    """Twice as long a log of reports without end takes no more memory; windows are made small here."""
    monkeypatch.setattr(reader, "LONG", 64 << 10)
    monkeypatch.setattr(scan, "_ENOUGH", 32 << 10)
    monkeypatch.setattr(scan, "MAX_WINDOW", 64 << 10)
    text = log(name, 100).encode()

    def peak(size: int) -> int:
        tracemalloc.start()
        for _ in read_pieces(text for _ in range(size // len(text))):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(400 << 10) < 1.5 * peak(200 << 10)


def test_a_report_longer_than_any_window_says_that_it_is_cut(monkeypatch):
    for module in (reader, scan):
        monkeypatch.setattr(module, "MAX_WINDOW", 2 << 20)
    text = log("tasks", 40_000)
    assert len(text) > 2 << 20
    first, *_ = parse(text + KILL.format(n=7))
    assert len(first.tasks) > 20_000
    assert "not read as part of it" in first.problems[-1].reason


def test_a_false_needle_costs_one_look():
    """What other programs write about killed processes is looked at, but no line around it is read."""
    line = "Jan  5 10:00:00 db watchdog[1]: Killed process 17 for being too large, says process 4\n"
    noise = "Jan  5 10:00:00 db systemd[1]: Started Session 17 of user root.\n"
    data = (noise * 200 + line) * 150
    assert len(data) > 1 << 20

    def work(text: str) -> int:
        return calls(lambda: list(read_pieces([text.encode()])))

    assert work(data) < 2 * work(data.replace("Killed process", "Killed prozess"))
