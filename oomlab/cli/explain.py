"""``oomlab explain``: what happened, from a log."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from oomlab.cli.progress import progress

if TYPE_CHECKING:
    from oomlab.report import Report

    Found = tuple[str, Report]
    """A report, and the log it was found in."""

NOTHING_FOUND = 1
"""The exit status of logs that hold no report."""

_EPILOG = """\
A single report is explained in full; several are listed, one line each. Logs may be compressed
(gzip, xz, bzip2, zstd), of any size, and from journalctl -o json.

examples:
  oomlab explain oom.log
  oomlab explain /var/log/kern.log* --report 3
  journalctl -k | oomlab explain - --json

exit status: 0 when a report was found, 1 when none was, 2 on an error.
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "explain",
        help="say what happened, from a log",
        description="Find the OOM reports in a log and say what happened.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a log, or - for standard input")
    parser.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    parser.add_argument("--report", type=_number, metavar="N", help="explain report N of the list in full")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the logs say; give 1 when they hold no report."""
    found: Iterator[Found] = chain.from_iterable(map(_reports, arguments.files))
    if arguments.report is not None:
        found = islice(found, arguments.report - 1, arguments.report)
    first = next(found, None)
    every = found if first is None else chain([first], found)
    if arguments.json:
        _print_json(every)
    else:
        _print_text(every, several_logs=len(arguments.files) > 1)
    if first is None:
        print(f"oomlab: {_nothing(arguments)}", file=sys.stderr)
        return NOTHING_FOUND
    return 0


def _print_json(found: Iterable[Found]) -> None:
    from oomlab.render import json_document

    for piece in json_document(report for _, report in found):
        sys.stdout.write(piece)


def _print_text(found: Iterator[Found], *, several_logs: bool) -> None:
    """Print a report in full when it is the only one, and else one line for each as it is read."""
    from oomlab.render import line, text

    begun = list(islice(found, 2))
    if len(begun) == 1:
        sys.stdout.write(text(begun[0][1], width=_width(), bold=_bold()))
    elif several_logs:
        for number, (log, report) in enumerate(chain(begun, found), 1):
            print(line(report, number, log))
    elif begun:
        _print_timeline(report for _, report in chain(begun, found))


def _print_timeline(reports: Iterable[Report]) -> None:
    """List the reports of one log as they are read, and then say what they come to together."""
    from oomlab.diagnose.timeline import timeline
    from oomlab.render import line

    def listed() -> Iterator[Report]:
        for number, report in enumerate(reports, 1):
            print(line(report, number))
            yield report

    print(f"\n{timeline(listed()).summary}")


def _reports(log: str) -> Iterator[Found]:
    """Read the reports of one log, each as soon as it is whole, however long the log is."""
    from oomlab.parse import read_pieces
    from oomlab.source import pieces

    with progress(log) as on_read:
        for report in read_pieces(pieces(log, on_read)):
            yield log, report


def _nothing(arguments: argparse.Namespace) -> str:
    names = ", ".join("standard input" if name == "-" else name for name in arguments.files)
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
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a report number: they count from 1")
    return int(text)
