"""What standard output is: how wide, and whether it may be bold."""

from __future__ import annotations

import os
import sys


def columns() -> int:
    """Return the columns for prose: those of the terminal within bounds, 96 where there is none."""
    if not sys.stdout.isatty():
        return 96
    return max(60, min(os.get_terminal_size(sys.stdout.fileno()).columns, 110))


def may_be_bold() -> bool:
    """Whether headings may be set with terminal codes."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
