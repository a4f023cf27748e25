"""Measure what the design promises, as ratios where a machine's speed would matter.

    python -m benchmarks.bench [--size GB] [--dir DIR]

* a report of 13 kB is read in 0.6 ms;
* a log of 1 GB with 500 reports is read in no more than twice the time that
  ``grep -c -F oom-killer`` takes, plus what a log of its reports alone costs, in under 150 MB of memory;
* a ``.gz`` of it is read in no more than 1.3 times the time of ``gzip -dc | wc -l``.

Every command is run several times in turn and the fastest run counts: the machine may be
doing something else. The model's speed is measured by ``benchmarks/simulate.py``, last.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from benchmarks import simulate
from oomlab.parsing import parse_bytes

REPO = Path(__file__).parents[1]
CAPTURE = REPO / "data" / "captures" / "oom-lowmem-ringbuffer.log"
REPORTS = 500
NOISE = (
    "kernel: usb 1-1: new high-speed USB device number {} using xhci_hcd",
    "sshd[{}]: Accepted publickey for root from 192.0.2.7 port 22 ssh2",
    "systemd[1]: Started Session {} of user root.",
    'dockerd[711]: time="2026-01-05T10:00:00Z" level=info msg="container {} is out of disk"',
    "CRON[{}]: pam_unix(cron:session): session opened for user root by (uid=0)",
)
READ = """
import resource, sys
from oomlab.parsing import read_pieces
from oomlab.source import pieces
found = sum(1 for _ in read_pieces(pieces(sys.argv[1])))
print(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def one_report() -> bytes:
    """Take the first report of a capture, 14 kB with 95 tasks, in the dress of syslog."""
    lines = CAPTURE.read_bytes().splitlines()[1:170]
    return b"".join(b"Jan  5 10:00:00 db kernel: " + line + b"\n" for line in lines)


def _noise(n: int, random: Random) -> bytes:
    """Make one line of other programs."""
    said = random.choice(NOISE).format(random.randrange(10**6))
    return f"Jan  5 10:{n // 60 % 60:02d}:{n % 60:02d} db {said}\n".encode()


def thirteen_kilobytes() -> bytes:
    """Take the same report as dmesg prints it."""
    return b"".join(line + b"\n" for line in CAPTURE.read_bytes().splitlines()[1:170])


def write_log(path: Path, size: int) -> None:
    """Write a log with reports among noise, the same every time."""
    random = Random(500)
    report = one_report()
    between = size // REPORTS - len(report)
    noise = b"".join(_noise(n, random) for n in range(between // 60))
    with open(path, "wb") as file:
        for _ in range(REPORTS):
            start = random.randrange(len(noise) // 8)
            start = noise.index(b"\n", start) + 1
            end = noise.rindex(b"\n", 0, min(start + between, len(noise))) + 1
            file.write(noise[start:end])
            file.write(report)


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def fastest(*calls: Callable[[], object], rounds: int) -> list[float]:
    """Run several things in turn, a few rounds, and return the fastest time of each."""
    times = [[seconds(call) for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def shell(command: str) -> Callable[[], str]:
    """Make a call of a command. Its output is read: grep stops early when nobody does."""
    return lambda: subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout


def reading(path: Path) -> Callable[[], str]:
    """Make a call that reads a log in a process of its own, and prints how many reports and megabytes."""
    command = [sys.executable, "-c", READ, str(path)]
    return lambda: subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPO).stdout


def show(what: str, value: str, limit: str) -> None:
    """Print one measurement beside its limit."""
    print(f"{what:58}{value:>10}   (limit {limit})", flush=True)


def measure_one_report() -> None:
    """Time a single report."""
    for name, data in (("13.9 kB as dmesg prints it", thirteen_kilobytes()), ("in syslog", one_report())):
        (took,) = fastest(lambda data=data: parse_bytes(data), rounds=300)  # type: ignore[misc]
        show(f"one report, {name} ({len(data) / 1000:.1f} kB)", f"{took * 1000:.3f} ms", "0.6 ms for 13 kB")


def measure_log(path: Path) -> None:
    """Time a long log against grep; what its reports cost is measured on a log of them alone."""
    alone = path.with_name("reports")
    alone.write_bytes(one_report() * REPORTS)
    grep, ours, own = fastest(shell(f"grep -c -F oom-killer {path}"), reading(path), reading(alone), rounds=5)
    found, megabytes = map(int, reading(path)().split())
    assert found == REPORTS, found
    size = path.stat().st_size / 1e9
    show(f"{size:.1f} GB, {found} reports: reading", f"{ours:.2f} s", f"{2 * grep + own:.2f} s")
    show(f"  less the reports alone ({own:.2f} s), of grep's {grep:.2f} s", f"{(ours - own) / grep:.2f}", "2")
    show("  memory", f"{megabytes} MB", "150 MB")


def measure_gzip(path: Path) -> None:
    """Time a compressed log against gzip."""
    shell(f"gzip -1 -k -f {path}")()
    packed = path.with_name(path.name + ".gz")
    gzip, ours = fastest(shell(f"gzip -dc {packed} | wc -l"), reading(packed), rounds=3)
    show(f"the same in .gz: reading, of gzip's {gzip:.2f} s", f"{ours / gzip:.2f}", "1.3")


def main(arguments: Sequence[str]) -> int:
    """Print every measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description="Measure the promises.")
    parser.add_argument("--size", type=float, default=1.0, help="size of the long log in GB (default: 1)")
    parser.add_argument("--dir", help="where the long log is written and removed again")
    options = parser.parse_args(arguments)
    measure_one_report()
    with tempfile.TemporaryDirectory(dir=options.dir) as folder:
        path = Path(folder) / "messages"
        write_log(path, int(options.size * 1e9))
        measure_log(path)
        measure_gzip(path)
    simulate.main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
