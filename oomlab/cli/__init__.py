"""The command ``oomlab``. Each subcommand is a module: ``add`` describes it, ``run`` runs it.

A subcommand is imported when it is asked for, so that none waits for another's libraries.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from oomlab import __version__
from oomlab.cli.complaint import FAILED, complain, complaint
from oomlab.errors import OomlabError

SUBCOMMANDS = ("explain", "now", "gfp", "simulate", "lab", "lab-page", "course", "links")
"""In the order of the help; each is a module of this package."""

_EPILOG = """\
examples:
  oomlab explain /var/log/kern.log           every report in a log, or the only one in full
  dmesg | oomlab explain -                   what the kernel wrote since boot
  oomlab now                                 what would fail next on this machine
  oomlab gfp 0x84d0 --kernel 3.2             what a gfp mask asks for
  oomlab simulate --ram 64GiB                what a large copy does to a machine
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write a help, and raise :class:`OSError` where it cannot be written, which argparse would hide."""
        if file is not None and file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"{complaint(message)} (try {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``oomlab`` with these arguments and return its exit status.

    A stream that was closed before the command started is ``None``.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        if sys.stdout is None:
            raise OomlabError("standard output is closed: there is nowhere to write to")
        given = sys.argv[1:] if argv is None else argv
        try:
            arguments = _parser(given).parse_args(given)
            status = int(arguments.run(arguments))
        finally:  # also where argparse has written a help and leaves
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (| head): keep the interpreter from flushing into nothing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except (OomlabError, OSError) as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        return 128 + 2
    return status


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of these arguments: of one subcommand, or of all where none comes first."""
    parser = _Parser(
        prog="oomlab",
        description="Read any Linux OOM report, and model the machine that wrote it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"oomlab {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in given[:1] if given and given[0] in SUBCOMMANDS else SUBCOMMANDS:
        import_module(f"oomlab.cli.{name.replace('-', '_')}").add(subparsers)
    return parser
