"""Paragraphs for a terminal: each has its title beside its first line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

LABEL = 10
"""Columns for the title."""


def wrapped(lines: Iterable[str], width: int) -> list[str]:
    """Return lines broken to what ``width`` columns leave beside the title."""
    return [part for each in lines for part in wrap(each, width - LABEL, subsequent_indent="  ")]


def block(title: str, lines: Sequence[str], bold: bool) -> str:
    """Return a paragraph of lines that are narrow enough; ``bold`` is for its title."""
    first, *rest = lines
    return "\n".join(
        [f"{heading(f'{title:<{LABEL}}', bold)}{first}", *(f"{'':<{LABEL}}{each}" for each in rest)]
    )


def heading(text: str, bold: bool) -> str:
    """Return a text that stands out, where the terminal can show it."""
    return f"\x1b[1m{text}\x1b[0m" if bold else text
