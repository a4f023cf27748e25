"""The name of a process, safe to show."""

from __future__ import annotations

from oomlab.render.safe import plain
from oomlab.report import Task, Victim


def person(who: Task | Victim) -> str:
    """Name a process: ``clamd (pid 21832)``."""
    return f"{plain(who.comm or 'a process')} (pid {who.pid})"
