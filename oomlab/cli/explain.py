"""``oomlab explain``: what happened, from a log."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from functools import partial
from itertools import chain, islice
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from oomlab.cli.complaint import FAILED, complain, shown
from oomlab.cli.logs import Logs, each_once, place
from oomlab.cli.terminal import columns, may_be_bold

if TYPE_CHECKING:
    from oomlab.diagnosis.judged import Judged
    from oomlab.diagnosis.timelines import Timeline
    from oomlab.report import Notice, Report

_LINE_DIGITS = 7
"""Columns for the number of a line in the list."""

_MAX_NUMBERS = 10
"""The most numbers of reports that are listed."""

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
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    output.add_argument(
        "--jsonl", action="store_true", help="write each report as a line of JSON, as it is found"
    )
    output.add_argument(
        "--redact", action="store_true", help="write the reports' own lines, with names and ids replaced"
    )
    parser.add_argument("--report", type=_number, metavar="N", help="explain report N of the list in full")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the logs contain; return 1 when they hold no report."""
    from oomlab.diagnosis.judged import judge

    logs = Logs(each_once(arguments.files))
    found = judge(logs)
    if arguments.report is not None:
        found = islice(found, arguments.report - 1, arguments.report)
    begun = list(islice(found, 1 if arguments.jsonl else 2))
    every = chain(begun, found)
    if arguments.redact:
        _print_redacted(every)
    elif arguments.json or arguments.jsonl:
        _print_json(every, logs, lines=arguments.jsonl)
    elif len(begun) == 1:
        _print_whole(begun[0], logs)
    elif begun:
        _print_list(every, logs)
    elif arguments.report is None and _print_notices(logs.taken(), is_alone=True):
        return FAILED if logs.is_broken else _NOTHING_FOUND
    if not begun and logs.readable and not (logs.has_notices and (arguments.json or arguments.jsonl)):
        complain(_nothing(arguments, logs))
    return FAILED if logs.is_broken else 0 if begun else _NOTHING_FOUND


def _print_json(found: Iterable[Judged], logs: Logs, *, lines: bool) -> None:
    """Write the document part by part, or lines that whoever reads the pipe has at once."""
    from oomlab.render import json_document, json_lines

    for piece in (json_lines if lines else json_document)(found, logs.taken):
        sys.stdout.write(piece)
        if lines:
            sys.stdout.flush()


def _print_redacted(found: Iterable[Judged]) -> None:
    """Write the lines of the reports, fit to be shown to anybody."""
    from oomlab.render.redacted import Redactor
    from oomlab.render.safe import plain

    redactor = Redactor()
    done: dict[str, Report] = {}
    for each in found:
        for line in redactor.lines(each.report, done.get(each.log)):
            print(plain(line))
        done[each.log] = each.report


def _print_whole(only: Judged, logs: Logs) -> None:
    """Print one report in full, below the name of its log where there are several, then what others wrote."""
    from oomlab.render import text
    from oomlab.render.safe import plain

    if logs.are_several:
        print(f"{plain(only.log)}:\n")
    width, bold = columns(), may_be_bold()
    sys.stdout.write(only.show(lambda each: text(each.report, each.diagnosis, width=width, bold=bold)))
    _print_notices(logs.taken())


def _print_list(found: Iterable[Judged], logs: Logs) -> None:
    """Print one line for each report and notice as they are read, then a summary of each log."""
    from oomlab.diagnosis.timelines import TimelineBuilder
    from oomlab.render import notice_line

    several = logs.are_several
    width = _LINE_DIGITS + (max(len(shown(log)) for log in logs.names) + 1 if several else len("line "))
    timelines: dict[str, TimelineBuilder] = {}
    unknown: dict[str, list[int]] = {}

    def place(log: str, line: int) -> str:
        return (f"{log}:{line}" if several else f"line {line}").ljust(width)

    def print_notices(reports: int | None = None) -> None:
        for log, notice in logs.taken(reports):
            print(notice_line(notice, place(log, notice.line)))
            timelines.setdefault(log, TimelineBuilder()).add_notice(notice)

    for number, each in enumerate(found, 1):
        print_notices(number)
        print(each.show(partial(_row, number=number, place=place(each.log, each.report.first_line))))
        timelines.setdefault(each.log, TimelineBuilder()).add(each)
        if each.diagnosis.cause == "undetermined" and each.failure is None:
            unknown.setdefault(each.diagnosis.findings[0].claim, []).append(number)
    print_notices()
    for log, builder in timelines.items():
        _print_together(builder.build(), log if several else None)
    _print_way_on(unknown)


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


def _print_way_on(unknown: dict[str, list[int]]) -> None:
    """Print, below a list, what is missing where a cause is unknown, and how to see one report in full."""
    from oomlab.diagnosis.rules.weak import UNKNOWN
    from oomlab.render.safe import plain
    from oomlab.words import listed

    print()
    for claim, numbers in unknown.items():
        more = [f"{len(numbers) - _MAX_NUMBERS} more"] * (len(numbers) > _MAX_NUMBERS)
        which = listed([*map(str, numbers[:_MAX_NUMBERS]), *more])
        text = plain(f"Undetermined ({which}): {claim.removeprefix(UNKNOWN).lstrip()}")
        print("\n".join(wrap(text, columns(), subsequent_indent="  ")))
    print("--report N shows one in full.")


def _print_notices(notices: Iterable[tuple[str, Notice]], *, is_alone: bool = False) -> bool:
    """Print what other programs wrote of kills, what that means and what to do; return whether they did."""
    from oomlab.render import notices_text

    found = [notice for _, notice in notices]
    if found:
        head = "No report of the kernel's OOM killer, but of others:" if is_alone else "\nNot the kernel:"
        sys.stdout.write(f"{head}\n\n{notices_text(found, width=columns(), bold=may_be_bold())}")
    return bool(found)


def _nothing(arguments: argparse.Namespace, logs: Logs) -> str:
    if arguments.report is not None:
        return f"no report number {arguments.report} in {_names(logs)}"
    return nothing_found(logs)


def nothing_found(logs: Logs) -> str:
    """Return why logs hold nothing to explain, and what to do next."""
    if logs.are_empty:
        return (
            f"no OOM report in {_names(logs)}: nothing is in it. Did the command that should write it fail?"
        )
    if logs.refusals:
        return f"no OOM report in {_names(logs)}, but {'; '.join(logs.refusals)}. {_NO_STATE}"
    if not logs.has_kernel_lines:
        return f"no OOM report in {_names(logs)}: it has no lines of the kernel. {_GET_KERNEL}"
    said = "its lines of the kernel tell of no OOM or failed request"
    if logs.are_long:
        said = f"no line of the kernel begins, ends or sums up an OOM or a failed request. {_give_part()}"
    return f"no OOM report in {_names(logs)}: {said}. {_GET_BOOT}"


def _names(logs: Logs) -> str:
    return ", ".join(map(place, logs.readable))


_GET_KERNEL = "Give the kernel's log: journalctl -k, dmesg, /var/log/kern.log or /var/log/messages"
_NO_STATE = (
    "The kernel writes no report of its memory for that: /proc/meminfo, /proc/slabinfo and /proc/vmallocinfo "
    "show it while it happens"
)
_GET_BOOT = (
    "Was it another boot (journalctl -k -b -1), an older file (kern.log.1), or, for a container, its host? "
    "A process that ends with 137 may have been killed by somebody else"
)


def _give_part() -> str:
    from oomlab.parsing.reader import LONG, MANY

    return (
        "If some lines of a report are left in it, such as a few rows of its table of tasks, give them "
        f"alone: in a log of more than {LONG >> 20} MiB or {MANY:,} lines they are not looked for"
    )


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a report: they count from 1")
    return int(text)
