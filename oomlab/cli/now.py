"""``oomlab now``: what would fail next on this machine."""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import Any

from oomlab.cli.terminal import columns, may_be_bold
from oomlab.errors import OomlabError

_EPILOG = """\
Everything is only read, and no privilege is needed: what cannot be seen is named at the end.

examples:
  oomlab now
  oomlab now --json
  oomlab now --watch 1 --count 3
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "now",
        help="tell what would fail next on this machine (Linux)",
        description="Read /proc and the control groups: which request, order or group would fail next, by "
        "how many pages, and who would be chosen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    parser.add_argument("--watch", type=_seconds, metavar="SECONDS", help="look again, one line each time")
    parser.add_argument("--count", type=_number, metavar="N", help="with --watch: stop after N readings")
    parser.add_argument(
        "--root",
        default="/",
        metavar="DIR",
        help="read proc/ and sys/ of another machine, recorded or mounted",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look at the machine, once or again and again, and print what would fail next."""
    from oomlab.now import look, read_machine
    from oomlab.render.now import now_text

    if arguments.count is not None and arguments.watch is None:
        raise OomlabError("--count goes with --watch SECONDS")

    if arguments.watch is None and not arguments.json:
        outlook = look(read_machine(arguments.root))
        sys.stdout.write(now_text(outlook, width=columns(), bold=may_be_bold()))
        return 0
    left = arguments.count if arguments.watch is not None else 1
    while True:
        _print_line(arguments, look(read_machine(arguments.root)))
        left = None if left is None else left - 1
        if left == 0:
            return 0
        time.sleep(arguments.watch)


def _print_line(arguments: argparse.Namespace, outlook: Any) -> None:
    from oomlab.render.now import now_as_dict, now_line
    from oomlab.render.safe import dumps

    if not arguments.json:
        line = f"{time.strftime('%H:%M:%S')}  {now_line(outlook)}"
    elif arguments.watch is None:
        line = dumps(now_as_dict(outlook))
    else:
        line = dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z")} | now_as_dict(outlook))
    print(line, flush=True)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 1 or 0.5")
    return float(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of times: they count from 1")
    return int(text)
