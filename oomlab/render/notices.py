"""What other programs than the kernel's OOM killer wrote of kills, as text: one line each, or explained."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from oomlab.diagnosis.timelines import program_of
from oomlab.errors import require
from oomlab.render.safe import plain
from oomlab.render.sentences.cause import when_in_words
from oomlab.report import Notice

_LABEL = 10
_MAX_NOTICES = 20
"""The most notices shown beside a report or alone; a list shows all."""


_TAKES = "notices_text takes notices, as find_notices gives them in a list"


def notice_line(notice: Notice, place: str = "") -> str:
    """Return a notice as one line of a list of reports: it has no number, and its kind stands for a cause."""
    require(notice, Notice, "notice_line takes one notice, as find_notices gives them in a list")
    when = when_in_words(notice.time, notice.uptime_s)
    detail = f": {notice.detail}" if notice.detail else ""
    return f"{'-':>4}  {plain(place)} {when:<19} {notice.kind:<21} {plain(notice.words + detail)}"


def notices_text(notices: Sequence[Notice], *, width: int = 96, bold: bool = False) -> str:
    """Return what each of some notices says, then what such kills mean and what to do next, once a kind."""
    require(notices, Sequence, _TAKES)
    for each in notices:
        require(each, Notice, _TAKES)
    if not notices:
        return ""
    lines = [part for each in notices[:_MAX_NOTICES] for part in _said(each, width)]
    if len(notices) > _MAX_NOTICES:
        lines.append(f"and {len(notices) - _MAX_NOTICES} more (see --json)")
    rows = [program_of(kind) for kind in dict.fromkeys(each.kind for each in notices)]
    blocks = [_block("Means", [row["means"] for row in rows], width, bold)]
    blocks.append(_block("Try", [row["next"] for row in rows], width, bold))
    return "\n\n".join(["\n".join(lines), *blocks]) + "\n"


def _said(notice: Notice, width: int) -> list[str]:
    when = when_in_words(notice.time, notice.uptime_s)
    said = plain(notice.sentence) if when == "-" else f"{when}  {plain(notice.sentence)}"
    return wrap(said, width, subsequent_indent="  ", break_on_hyphens=False)


def _block(title: str, texts: Sequence[str], width: int, bold: bool) -> str:
    lines = [part for each in texts for part in wrap(each, width - _LABEL, subsequent_indent="  ")]
    head = f"{title:<{_LABEL}}"
    head = f"\x1b[1m{head}\x1b[0m" if bold else head
    return "\n".join([f"{head}{lines[0]}", *(f"{'':<{_LABEL}}{each}" for each in lines[1:])])
