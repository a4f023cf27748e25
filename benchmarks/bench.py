"""Measure what the design promises, beside another checkout if there is one.

    python -m benchmarks.bench [--size GB] [--dir DIR] [--base CHECKOUT] [--peer DIR]

The promises, on the machine of 2026 that they were made on:

* ``import oomlab`` takes 60 ms, a report of 14 kB is read in 0.6 ms, a run of 50 GB takes 2 ms, a map
  of 100 × 100 machines, drawn by the closed form, one second;
* a log of 1 GB with 500 reports is read in no more than four times the time that
  ``grep -c -F oom-killer`` takes, plus what a log of its reports alone costs, in under 150 MB of memory;
* a ``.gz`` of it is read in no more than 1.3 times the time of ``gzip -dc | wc -l``.

Whether a change made anything slower is better seen with ``--base`` (``BASE=CHECKOUT make bench``): the
same inputs go through another checkout in the same run, and the last column holds the ratio.

A report now takes 0.8 ms, a long log some five times as long as ``grep`` and a ``.gz`` 1.5 times as long as
``gzip``: many more forms are found than when that was promised. Two aims are not reached either:
``oomlab explain`` in four times the CPU time of a Python that does nothing, and a report read and judged in
a third of the time that OOMAnalyser takes to analyse it, where ``--peer`` names a folder with its
``OOMAnalyser.py``.

Everything is run several times in turn, in processes of their own, and the fastest run counts: the
machine may be doing something else.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from ast import literal_eval
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

REPO = Path(__file__).parents[1]
CAPTURE = REPO / "data" / "captures" / "oom-lowmem-ringbuffer.log"
ROUNDS = 5
REPORTS = 500
NOISE = (
    "kernel: usb 1-1: new high-speed USB device number {} using xhci_hcd",
    "sshd[{}]: Accepted publickey for root from 192.0.2.7 port 22 ssh2",
    "systemd[1]: Started Session {} of user root.",
    'dockerd[711]: time="2026-01-05T10:00:00Z" level=info msg="container {} is out of disk"',
    "CRON[{}]: pam_unix(cron:session): session opened for user root by (uid=0)",
)


# --- what is measured -------------------------------------------------------------------------


class Task(NamedTuple):
    """A statement that is timed in a fresh interpreter, after its set-up."""

    what: str
    statement: str
    setup: str = ""
    repeats: int = 1
    limit: str = ""


PART = """
from importlib import import_module

def part(*names):
    '''Import the first of these modules that the checkout has: older ones call them otherwise.'''
    for name in names:
        try:
            return import_module(f"oomlab.{name}")
        except ModuleNotFoundError as missing:
            error = missing
    raise error
"""
READING = PART + 'parse_bytes = part("parsing", "parse").parse_bytes\n'
REPORT = READING + 'data = open("dmesg", "rb").read()\n(report,) = parse_bytes(data)\n'
JUDGED = REPORT + 'diagnose, render = part("diagnosis", "diagnose").diagnose, part("render")\n'
MODEL = (
    PART
    + """
from dataclasses import replace

simulation, machines = part("simulation", "simulate"), part("machine")
machine = getattr(machines, "INCIDENT", None) or machines.Machine()
workload = getattr(simulation, "INCIDENT_WORKLOAD", None) or simulation.Workload()

def survey(by):
    for ram in range(100):
        column = replace(machine, ram=2**18 * 8 + 2**18 * 56 * ram // 100)
        for slab in range(100):
            by(column, replace(workload, other_slab=40 * slab))
"""
)
TASKS = (
    Task("import oomlab", "import oomlab", limit="60 ms"),
    Task("import the parser and read a report", "exec(code, {})", f"code = {REPORT!r}"),
    Task("read a report of 14 kB, as dmesg prints it", "parse_bytes(data)", REPORT, 200, "0.6 ms"),
    Task("read it with the prefix of syslog", "parse_bytes(data)", REPORT.replace("dmesg", "syslog"), 200),
    Task("diagnose it", "diagnose(report)", JUDGED, 100),
    Task("show it as text", "render.text(report, diagnose(report))", JUDGED, 100),
    Task("show it as a page", "render.html(report)", JUDGED, 50),
    Task("one run of 50 GB", "simulation.simulate(machine, workload)", MODEL, 50, "2 ms"),
    Task("map of 100 × 100, closed form", "survey(simulation.closed_form)", MODEL, 1, "1000 ms"),
    Task("map of 100 × 100, simulated", "survey(simulation.simulate)", MODEL, 1),
)
TIME = """
import sys, timeit
print(min(timeit.repeat(sys.argv[1], sys.argv[2], number=1, repeat=int(sys.argv[3]))))
"""
READ = (
    PART
    + """
import resource, sys
pieces = part("source").pieces(sys.argv[1])
found = sum(1 for _ in part("parsing", "parse").read_pieces(pieces))
print(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
)


COMMAND = "import sys; from oomlab.cli import main; sys.exit(main(sys.argv[1:]))"
OURS = """
from oomlab import diagnose
from oomlab.parsing import parse_bytes
logs = [open(name, "rb").read() for name in {names!r}]
"""
PEER = """
import sys
sys.path.insert(0, {folder!r})
from OOMAnalyser import OOMAnalyser, OOMEntity
texts = [open(name).read() for name in {names!r}]
"""
ANALYSES = "OOMAnalyser(OOMEntity(text)).analyse()"


def one_report() -> list[bytes]:
    """Return the lines of the first report of a capture, 14 kB with 95 tasks, as dmesg prints them."""
    return [line + b"\n" for line in CAPTURE.read_bytes().splitlines()[1:170]]


def in_syslog(lines: Sequence[bytes]) -> bytes:
    """Return a text of lines with the prefix of syslog."""
    return b"".join(b"Jan  5 10:00:00 db kernel: " + line for line in lines)


def _noise(n: int, random: Random) -> bytes:
    """Return one line of other programs."""
    line = random.choice(NOISE).format(random.randrange(10**6))
    return f"Jan  5 10:{n // 60 % 60:02d}:{n % 60:02d} db {line}\n".encode()


def write_log(path: Path, size: int) -> None:
    """Write a log with reports among noise, the same every time."""
    random = Random(500)
    report = in_syslog(one_report())
    between = size // REPORTS - len(report)
    noise = b"".join(_noise(n, random) for n in range(between // 60))
    with open(path, "wb") as file:
        for _ in range(REPORTS):
            start = random.randrange(len(noise) // 8)
            start = noise.index(b"\n", start) + 1
            end = noise.rindex(b"\n", 0, min(start + between, len(noise))) + 1
            file.write(noise[start:end])
            file.write(report)


# --- how --------------------------------------------------------------------------------------


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def fastest(calls: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[float]:
    """Make several measurements in turn, a few rounds, and return the lowest of each."""
    found = [[call() for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*found, strict=True)]


def python(checkout: Path, folder: Path, *arguments: object) -> str:
    """Run Python on a checkout in a folder, and return what it prints."""
    command = [sys.executable, "-c", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    return done.stdout


def cpu(checkout: Path, *command: object) -> float:
    """Return the CPU seconds of a Python on a checkout, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": ""}
    words = [sys.executable, *map(str, command)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=checkout, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(checkout: Path, folder: Path, task: Task) -> Callable[[], float]:
    """Return a measurement of a task: seconds within a process of its own."""
    return lambda: float(python(checkout, folder, TIME, task.statement, task.setup, task.repeats))


def reading(checkout: Path, path: Path) -> Callable[[], float]:
    """Return a measurement of reading a log: seconds of a process of its own, from start to end."""
    return lambda: seconds(lambda: python(checkout, path.parent, READ, path))


def shell(command: str) -> Callable[[], float]:
    """Return a measurement of a command. Its output is read: grep stops early when nobody does."""
    return lambda: seconds(lambda: subprocess.run(["sh", "-c", command], check=True, capture_output=True))


# --- the table --------------------------------------------------------------------------------


def show(what: str, ours: str, limit: str = "", base: str = "", ratio: float | None = None) -> None:
    """Print one line of the table."""
    beside = "" if ratio is None else f"{base:>12}{ratio:>9.2f}"
    print(f"{what:52}{ours:>12}{limit:>12}{beside}", flush=True)


def compare(what: str, times: Sequence[float], unit: str = "ms", limit: str = "") -> None:
    """Print the time of this checkout, and of the other if there is one."""
    factor = 1000 if unit == "ms" else 1
    ours, *other = (f"{each * factor:.3f} {unit}" for each in times)
    show(what, ours, limit, *other, *([times[0] / times[1]] if other else []))


def measure_log(checkouts: Sequence[Path], path: Path) -> None:
    """Time a long log against grep; what its reports cost is measured on a log of them alone."""
    alone = path.with_name("reports")
    alone.write_bytes(in_syslog(one_report()) * REPORTS)
    calls = [reading(each, log) for log in (path, alone) for each in checkouts]
    grep, *found = fastest([shell(f"grep -c -F oom-killer {path}"), *calls])
    whole, own = found[: len(checkouts)], found[len(checkouts) :]
    reports, megabytes = map(int, python(checkouts[0], path.parent, READ, path).split())
    assert reports == REPORTS, reports
    compare(f"{path.stat().st_size / 1e9:.1f} GB, {reports} reports", whole, "s")
    compare("  a log of its reports alone", own, "s")
    show(f"  the difference, of grep's {grep:.2f} s", f"{(whole[0] - own[0]) / grep:.2f}", "4")
    show("  memory", f"{megabytes} MB", "150 MB")


def measure_gzip(checkouts: Sequence[Path], path: Path) -> None:
    """Time a compressed log against gzip."""
    subprocess.run(["gzip", "-1", "-k", "-f", path], check=True)
    packed = path.with_name(path.name + ".gz")
    gzip, *found = fastest(
        [shell(f"gzip -dc {packed} | wc -l"), *(reading(each, packed) for each in checkouts)]
    )
    compare("the same in .gz", found, "s")
    show(f"  of gzip's {gzip:.2f} s", f"{found[0] / gzip:.2f}", "1.3")


def measure_start(checkouts: Sequence[Path]) -> None:
    """Time the whole command on one log, in CPU time, against a Python that does nothing."""
    calls = [lambda each=each: cpu(each, "-c", COMMAND, "explain", CAPTURE) for each in checkouts]
    bare, *found = fastest([lambda: cpu(REPO, "-c", ""), *calls])
    compare("oomlab explain, from start to end, CPU", found)
    show(f"  of {1000 * bare:.0f} ms that Python takes to start", f"{found[0] / bare:.1f}", "4")


def measure_peer(folder: Path) -> None:
    """Time reading and judging against OOMAnalyser, on the captures that both find one report in."""
    logs = sorted(map(str, CAPTURE.parent.glob("*.log")))
    setup = PEER.format(folder=str(folder), names=logs)
    told = python(REPO, REPO, f"{setup}\nprint([{ANALYSES} for text in texts])")
    one = f"{OURS.format(names=logs)}\nprint([len(parse_bytes(data)) == 1 for data in logs])"
    both = zip(logs, literal_eval(told.splitlines()[-1]), literal_eval(python(REPO, REPO, one)), strict=True)
    names = [name for name, is_analysed, is_one in both if is_analysed and is_one]
    judged = "[diagnose(report) for data in logs for report in parse_bytes(data)]"
    tasks = (
        Task("ours", judged, OURS.format(names=names), 20),
        Task("theirs", f"[{ANALYSES} for text in texts]", PEER.format(folder=str(folder), names=names), 20),
    )
    ours, theirs = fastest([timed(REPO, REPO, task) for task in tasks])
    compare(f"{len(names)} reports of kernels, read and judged", [ours])
    show(f"  of the {1000 * theirs:.1f} ms that OOMAnalyser takes", f"{ours / theirs:.2f}", "0.33")


def main(arguments: Sequence[str]) -> int:
    """Print every measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description="Measure the promises.")
    parser.add_argument("--size", type=float, default=1.0, help="size of the long log in GB (default: 1)")
    parser.add_argument("--dir", help="where the long log is written and removed again")
    parser.add_argument("--base", type=Path, help="another checkout to measure beside this one")
    parser.add_argument("--peer", type=Path, help="a folder with OOMAnalyser.py to measure against")
    options = parser.parse_args(arguments)
    checkouts = [REPO, *([options.base.resolve(strict=True)] if options.base else [])]
    print(f"{'':52}{'this':>12}{'limit':>12}" + (f"{'base':>12}{'ratio':>9}" if options.base else ""))
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        folder = Path(name)
        (folder / "dmesg").write_bytes(b"".join(one_report()))
        (folder / "syslog").write_bytes(in_syslog(one_report()))
        for task in TASKS:
            times = fastest([timed(each, folder, task) for each in checkouts])
            compare(task.what, times, limit=task.limit)
        measure_start(checkouts)
        if options.peer:
            measure_peer(options.peer.resolve(strict=True))
        write_log(folder / "messages", int(options.size * 1e9))
        measure_log(checkouts, folder / "messages")
        measure_gzip(checkouts, folder / "messages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
