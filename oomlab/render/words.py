"""Small words that every text needs: lists, counts and names, as English has them."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.render.safe import plain
from oomlab.report import Task, Victim


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as English does.

    >>> listed(["DMA", "Normal", "HighMem"])
    'DMA, Normal and HighMem'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def several(count: int, noun: str, plural: str | None = None) -> str:
    """Count things: ``1 page``, ``2,014 pages``.

    >>> several(2014, "page")
    '2,014 pages'
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def person(who: Task | Victim) -> str:
    """Name a process: ``clamd (pid 21832)``."""
    return f"{plain(who.comm or 'a process')} (pid {who.pid})"
