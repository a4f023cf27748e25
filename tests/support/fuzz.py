"""Damage logs at random, and read them.

    python -m tests.support.fuzz [COUNT] [--first N] [--seed S] [--stages read|explain|all]
                                 [--keep FILE] [LOG...]

Every case is made from its number alone, so that one that fails can be made again. Reading may find
nothing (:class:`ReportError`); any other exception or warning, a report outside of its text and a case
that comes to no end are failures: their bytes go to ``fuzz-SEED-NUMBER.log``, and the run goes on. What
the stages do is in :mod:`tests.support.stages`. A line now and then says how far it is. ``--keep FILE``
keeps the count, and goes on from it: then COUNT is how many cases all runs have together.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from tests.support.stages import STAGES, no_longer_than

REPO = Path(__file__).parents[2]
HANGS = 60.0
"""After so many seconds of the processor's time a case is given up: it may never end."""

SLOW = 1.0
"""A case that takes more seconds of the processor's time, but for drawing, is counted."""

SAID = 60.0
"""After so many seconds a run says how far it is."""

FAILURES = 20
"""A run with so many failures ends."""

PIECES = (
    *(
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"> ",
        b"[",
        b"]",
        b"(",
        b")",
        b":",
        b"=",
        b"*",
        b"kB",
        b"-",
        b"\0",
        b"\xff",
    ),
    *(
        b"\\n",
        b"#012",
        b"&gt;",
        b"<br>",
        b"**",
        b"{",
        b"}",
        b"\x1b[31m",
        b"<img src=x onerror=alert(1)>",
        b"%s",
    ),
    *(b"9" * 30, b"0" * 5000, b"[    1.000000] ", b"[ T12] ", b"Sep 23 02:04:16 db kernel: ", b"4,1,2,-;"),
    *(b"Node 0 ", b"DMA", b"Normal free:", b"lowmem_reserve[]: ", b"Mem-Info:", b"Call Trace:", b"[ pid ]"),
    *(
        b" invoked oom-killer: ",
        b"Killed process ",
        b"Out of memory: ",
        b"Memory cgroup stats for ",
        b"cpu 0 hot:",
    ),
    *("é".encode(), "٣".encode(), "²".encode(), "\u2028".encode(), "\u00a0".encode(), b"\xed\xa0\x80"),
)
"""What is put in: the marks that the reading goes by, and what tends to break readers."""


def seeds(paths: Sequence[Path] = ()) -> list[bytes]:
    """Load the logs that are damaged: the incident, captures and samples, or those that are named."""
    found = paths or [
        *sorted((REPO / "data").glob("*/*.log")),
        *sorted((REPO / "tests" / "samples").glob("*.log")),
    ]
    return [Path(path).read_bytes() for path in found]


def flip(random: Random, data: bytearray) -> None:
    """Change a few bytes."""
    for _ in range(random.randint(1, 20)):
        data[random.randrange(len(data))] = random.randrange(256)


def cut(random: Random, data: bytearray) -> None:
    """Take a stretch out."""
    start = random.randrange(len(data))
    del data[start : start + random.choice((1, 10, 100, 1000, len(data)))]


def repeat(random: Random, data: bytearray) -> None:
    """Put a stretch in again, somewhere."""
    start = random.randrange(len(data))
    at = random.randrange(len(data))
    data[at:at] = data[start : start + random.randint(1, 300)] * random.choice((1, 1, 1, 2, 30))


def insert(random: Random, data: bytearray) -> None:
    """Put in something that means something."""
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(data) + 1)
        data[at:at] = random.choice(PIECES)


def shuffle(random: Random, data: bytearray) -> None:
    """Mix lines up, all of them or a few neighbours."""
    lines = data.split(b"\n")
    start = random.randrange(len(lines))
    end = random.choice((len(lines), start + random.randint(2, 10)))
    part = lines[start:end]
    random.shuffle(part)
    lines[start:end] = part
    data[:] = b"\n".join(lines)


def wrap(random: Random, data: bytearray) -> None:
    """Cut lines at a column, or run them together."""
    if random.random() < 0.5:
        data[:] = data.replace(b"\n", random.choice((b"", b" ", b"\r", b"\n\n", b"\n> ", b"#012")))
        return
    width = random.randint(20, 200)
    lines = data.split(b"\n")
    data[:] = b"\n".join(line[at : at + width] for line in lines for at in range(0, len(line) or 1, width))


MUTATIONS: tuple[Callable[[Random, bytearray], None], ...] = (flip, cut, repeat, insert, shuffle, wrap)
LONG_LINE = 1 << 20


def case(number: int, logs: Sequence[bytes], seed: int = 0) -> bytes:
    """Make one damaged log from its number: a stretch of one, or of two spliced, changed up to four times."""
    random = Random(seed * 1_000_003 + number)
    data = bytearray(_stretch(random, logs))
    if random.random() < 0.2:
        data += _stretch(random, logs)
    for _ in range(random.randint(1, 4)):
        if data:
            random.choice(MUTATIONS)(random, data)
    if number % 2000 == 1999:
        at = random.randrange(len(data) + 1)
        piece = random.choice((*PIECES, bytes(data[:200]) or b"x"))
        data[at:at] = (piece * (LONG_LINE // len(piece) + 1))[:LONG_LINE]
    return bytes(data)


def _stretch(random: Random, logs: Sequence[bytes]) -> bytes:
    log = random.choice(logs)
    size = random.choice((500, 2000, 5000, 13_000))
    start = random.randrange(max(len(log) - size, 1)) if random.random() < 0.7 else 0
    return log[start : start + size]


@dataclass
class Count:
    """How far a run is, over several sittings: ``next`` is the case to go on with."""

    next: int
    cases: int = 0
    reports: int = 0
    fits: int = 0
    drawn: int = 0
    slow: int = 0
    slowest: tuple[float, int] = (0.0, -1)
    seconds: float = 0.0
    failed: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.cases:,} cases, {self.reports:,} reports, {self.fits:,} machines fitted and run, "
            f"{self.drawn:,} cases drawn; {len(self.failed)} failed {self.failed or ''}; "
            f"{self.slow} took over {SLOW:g} s, the slowest, {self.slowest[1]}, {self.slowest[0]:.2f} s; "
            f"{self.seconds:,.0f} s of the processor's time; go on with --first {self.next}"
        )


def run(count: Count, number: int, logs: Sequence[bytes], seed: int, stages: str) -> None:
    """Take one case through the stages, and count it."""
    data = case(number, logs, seed)
    before = time.process_time()
    drawing = 0.0
    try:
        with no_longer_than(HANGS):
            found = STAGES[stages](data, number)
        count.reports += found.reports
        count.fits += found.fits
        count.drawn += found.drawing is not None
        drawing = found.drawing or 0.0
    except Exception:
        count.failed.append(number)
        Path(f"fuzz-{seed}-{number}.log").write_bytes(data)
        print(f"case {number} (seed {seed}) failed", file=sys.stderr)
        traceback.print_exc()
    took = time.process_time() - before - drawing
    count.cases, count.next = count.cases + 1, number + 1
    count.slow += took > SLOW
    count.seconds += took
    count.slowest = max(count.slowest, (took, number))


def main(arguments: Sequence[str]) -> int:
    """Run many cases, and say how it went."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fuzz", description="Damage logs and read them."
    )
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", choices=STAGES, default="read")
    parser.add_argument("--keep", type=Path, help="a file that keeps the count, to go on from")
    parser.add_argument("logs", type=Path, nargs="*", help="logs to damage (default: those of the project)")
    options = parser.parse_intermixed_args(arguments)
    logs = seeds(options.logs)
    count, kept = Count(options.first), options.keep
    if kept is not None and kept.exists():
        found = json.loads(kept.read_text())
        count = Count(**found | {"slowest": tuple(found["slowest"])})
    said, status = time.monotonic(), 0
    try:
        while count.cases < options.count and len(count.failed) < FAILURES:
            with warnings.catch_warnings(action="error"):
                run(count, count.next, logs, options.seed, options.stages)
            if time.monotonic() - said > SAID:
                said = time.monotonic()
                _say(count, kept)
    except KeyboardInterrupt:
        status = 130
    _say(count, kept)
    return status or int(bool(count.failed))


def _say(count: Count, kept: Path | None) -> None:
    print(count, flush=True)
    if kept is not None:
        kept.write_text(json.dumps(asdict(count)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.freeze()  # the modules: no case makes garbage of them
    sys.exit(main(sys.argv[1:]))
