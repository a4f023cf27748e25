"""``oomlab explain``: what happened, from a log."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from oomlab.cli.complaint import FAILED, complain, shown
from oomlab.cli.progress import progress

if TYPE_CHECKING:
    from oomlab.diagnosis.judged import Judged
    from oomlab.diagnosis.timelines import Timeline
    from oomlab.report import Report

_LINE_DIGITS = 7
"""Columns for the number of a line in the list."""

_NOTHING_FOUND = 1
"""The exit status of logs that hold no report."""

_EPILOG = """\
A single report is explained in full; several are listed, one line each. Logs may be compressed
(gzip, xz, bzip2, zstd), of any size, and from journalctl -o json.

examples:
  oomlab explain oom.log
  oomlab explain /var/log/kern.log* --report 3
  journalctl -k | oomlab explain - --json

exit status: 0 when a report was found, 1 when none was, 2 when a log could not be read.
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "explain",
        help="explain what happened, from a log",
        description="Find the OOM reports in a log, and explain what happened.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a log, or - for standard input")
    parser.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    parser.add_argument("--report", type=_number, metavar="N", help="explain report N of the list in full")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the logs contain; return 1 when they hold no report."""
    from oomlab.diagnosis.judged import judge

    logs = _Logs(arguments.files)
    found = judge(logs)
    if arguments.report is not None:
        found = islice(found, arguments.report - 1, arguments.report)
    begun = list(islice(found, 2))
    every = chain(begun, found)
    if arguments.json:
        _print_json(every)
    elif len(begun) == 1:
        _print_whole(begun[0], several_logs=len(arguments.files) > 1)
    elif begun:
        _print_list(every, arguments.files)
    if not begun and logs.readable:
        complain(_nothing(arguments, logs.readable))
    return FAILED if logs.is_broken else 0 if begun else _NOTHING_FOUND


class _Logs:
    """The reports of several logs, in order, each with the name of its log.

    A log that cannot be read, or not to its end, is named on standard error, and the next one is read.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.readable: list[str] = []
        self.is_broken = False

    def __iter__(self) -> Iterator[tuple[str, Report]]:
        for name in self.names:
            try:
                for report in _reports(name):
                    yield shown(name), report
                self.readable.append(name)
            except OSError as error:
                self.is_broken = True
                complain(error)


def _print_json(found: Iterable[Judged]) -> None:
    from oomlab.render import json_document

    for piece in json_document(found):
        sys.stdout.write(piece)


def _print_whole(only: Judged, *, several_logs: bool) -> None:
    """Print one report in full, below the name of its log where there are several."""
    from oomlab.render import text
    from oomlab.render.safe import plain

    if several_logs:
        print(f"{plain(only.log)}:\n")
    width, bold = _width(), _bold()
    sys.stdout.write(only.show(lambda each: text(each.report, each.diagnosis, width=width, bold=bold)))


def _print_list(found: Iterable[Judged], logs: Sequence[str]) -> None:
    """Print one line for each report as it is read, then a summary of each log."""
    from oomlab.diagnosis.timelines import TimelineBuilder

    several = len(logs) > 1
    width = _LINE_DIGITS + (max(len(shown(log)) for log in logs) + 1 if several else len("line "))
    timelines: dict[str, TimelineBuilder] = {}
    for number, each in enumerate(found, 1):
        first = each.report.first_line
        place = f"{each.log}:{first}" if several else f"line {first}"
        print(each.show(partial(_row, number=number, place=place.ljust(width))))
        timelines.setdefault(each.log, TimelineBuilder()).add(each)
    for log, builder in timelines.items():
        _print_together(builder.build(), log if several else None)


def _row(judged: Judged, *, number: int, place: str) -> str:
    """Return a report as one line of the list, with a second one where a stage failed on it."""
    from oomlab.render import line

    failed = f"\n      {judged.failure.reason}." if judged.failure else ""
    return line(judged.report, judged.diagnosis, number, place) + failed


def _print_together(together: Timeline, log: str | None) -> None:
    """Print the summary of one log, where it has several reports."""
    from oomlab.render.safe import plain

    if len(together.events) > 1:
        print("\n" + (f"{plain(log)}: " if log else "") + together.summary)


def _reports(log: str) -> Iterator[Report]:
    """Read the reports of one log, each as soon as it is whole, however long the log is."""
    from oomlab.parsing import read_pieces
    from oomlab.source import pieces

    with progress(log) as on_read:
        yield from read_pieces(pieces(log, on_read, on_damage=complain))


def _nothing(arguments: argparse.Namespace, logs: Sequence[str]) -> str:
    names = ", ".join("standard input" if name == "-" else shown(name) for name in logs)
    if arguments.report is not None:
        return f"no report number {arguments.report} in {names}"
    return f"no OOM report in {names}: look for lines with 'oom-killer' or 'page allocation failure'"


def _width() -> int:
    if not sys.stdout.isatty():
        return 96
    return max(60, min(os.get_terminal_size(sys.stdout.fileno()).columns, 110))


def _bold() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a report: they count from 1")
    return int(text)
