"""Damage logs at random, and read them.

    python -m tests.support.fuzz [COUNT] [--first N] [--seed S] [--stages read|explain|all] [LOG...]

Every case is made from its number alone, so that one that fails can be made again. Reading
may find nothing (:class:`ReportError`); any other exception, a report outside of its text
and a case that comes to no end are failures, which end the run. With ``--stages explain`` each
report is judged and shown in every form as well, with ``--stages all`` a machine is fitted to it too.
A run that is interrupted says with which number it goes on.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from oomlab.badness import explains, rank
from oomlab.diagnosis.judged import judge
from oomlab.diagnosis.timelines import timeline
from oomlab.errors import ReportError
from oomlab.fitting import fit
from oomlab.parsing import parse_bytes
from oomlab.parsing.stream import count_lines, normalize
from oomlab.render import annotated, as_dict, html, json_document, line, text, timeline_html
from oomlab.report import Report

REPO = Path(__file__).parents[2]
HANGS = 30.0
"""After so many seconds of the processor's time reading is given up: it may never end."""

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


def explain(reports: Sequence[Report]) -> None:
    """Judge reports and show them: nothing may fail, and nothing may act on a terminal."""
    judged = list(judge(("a log", report) for report in reports))
    for number, each in enumerate(judged, 1):
        report, diagnosis = each.report, each.diagnosis
        assert each.failure is None, each.failure
        shown = text(report, diagnosis) + line(report, diagnosis, number)
        assert shown.replace("\n", "").isprintable()
        as_dict(report, diagnosis)
        html(report)
        annotated(report)
    "".join(json_document(judged))
    timeline_html(timeline(reports))


def model(reports: Sequence[Report]) -> None:
    """Fit a machine to each report, divide its lowmem, and work out who should have been killed."""
    for report in reports:
        fit(report).budget()
        explains(report)
        rank(report)


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeoutError` when a block takes so many seconds of the processor's time."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no end after {seconds:.0f} s")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def check(data: bytes) -> list[Report]:
    """Read one case, and return its reports. Raises whatever must not happen."""
    with no_longer_than(HANGS):
        try:
            reports: list[Report] = parse_bytes(data)
        except ReportError:
            reports = []
    last = count_lines(b"".join(normalize([data]))) + 1
    for report in reports:
        assert 1 <= report.first_line <= report.last_line <= last, (report.first_line, report.last_line, last)
        assert len(report.source) == report.last_line - report.first_line + 1
    return reports


def main(arguments: Sequence[str]) -> int:
    """Run many cases, and say what was the slowest."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fuzz", description="Damage logs and read them."
    )
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", choices=("read", "explain", "all"), default="read")
    parser.add_argument("logs", type=Path, nargs="*", help="logs to damage (default: those of the project)")
    options = parser.parse_intermixed_args(arguments)
    logs = seeds(options.logs)
    slowest = (0.0, 0)
    for number in range(options.first, options.first + options.count):
        data = case(number, logs, options.seed)
        before = time.process_time()
        try:
            reports = check(data)
            if options.stages != "read":
                explain(reports)
            if options.stages == "all":
                model(reports)
        except KeyboardInterrupt:
            print(f"interrupted: go on with --first {number}")
            return 130
        except Exception:
            print(f"case {number} (seed {options.seed}) failed", file=sys.stderr)
            Path(f"fuzz-{options.seed}-{number}.log").write_bytes(data)
            raise
        slowest = max(slowest, (time.process_time() - before, number))
    print(f"{options.count} cases passed; the slowest, {slowest[1]}, took {slowest[0] * 1000:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
