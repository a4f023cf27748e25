"""What is wrong, in one line on standard error that harms no terminal."""

from __future__ import annotations

import sys

from oomlab.render.safe import plain

FAILED = 2
"""The exit status of bad arguments, unreadable files and machines that cannot be."""


def complain(problem: Exception | str) -> None:
    """Say what is wrong."""
    said = _reason(problem) if isinstance(problem, Exception) else problem
    print(f"oomlab: {plain(said)}", file=sys.stderr)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
