"""What is wrong, in one line on standard error that harms no terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from oomlab.render.safe import plain

FAILED = 2
"""The exit status of bad arguments, unreadable files and machines that cannot be."""

_LONGEST = 500
"""Characters of a message: what the user typed may be of any length."""


def complain(problem: Exception | str) -> None:
    """Print what is wrong; without a standard error that can be written to, print nothing."""
    message = _reason(problem) if isinstance(problem, Exception) else problem
    if sys.stderr is not None:
        with suppress(OSError):
            print(complaint(message), file=sys.stderr)


def complaint(message: str) -> str:
    """Return a message as one line that harms no terminal."""
    line = f"oomlab: {plain(message)}"
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def shown(name: str) -> str:
    r"""Return a file's name as text: bytes that are not UTF-8 become ``\xff``.

    >>> shown("kern\udcff.log")
    'kern\\xff.log'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = error.filename if error.filename != "" else "''"
        return error.strerror if place is None else f"{place}: {error.strerror}"
    return str(error)
