"""A picture of a report's totals: what the whole machine holds."""

from __future__ import annotations

from matplotlib.axes import Axes

from oomlab.diagnosis.usage import printed_use
from oomlab.errors import require
from oomlab.palette import swatch
from oomlab.plot.canvas import FAINT, INK, QUIET, SMALL, TEXT, block, look, paper, say
from oomlab.report import Report
from oomlab.units import human_kb

_KEYS = {"file": "cache", "anon": "anonymous", "slab": "slab", "free": "free"}
"""The uses of memory that are drawn, and their keys in the palette."""


def totals(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw the memory of the whole machine by what it holds, and the swap that is in use.

    All bars have one scale. Totals that the report does not print are left out.
    """
    require(report, Report, "totals takes one report, as parse gives them in a list")
    held, swap = _held_pages(report), report.swap
    used = (swap.total or 0) - (swap.free or 0) if swap is not None else 0
    if swap is not None and not 0 <= used <= (swap.total or 0):
        swap, used = None, 0  # during swapoff the kernel's own figure may be below zero
    rows = len(held) + (swap is not None)
    ax = paper(ax, height=0.95 + 0.42 * max(1, rows))
    most = max(*held.values(), used, 1)
    for row, (key, pages) in enumerate(held.items()):
        _bar(ax, -row, key, pages / most, human_kb(pages * report.page_size_kb))
    if swap is not None and swap.total is not None:
        whole = human_kb(swap.total * report.page_size_kb)
        words = f"{human_kb(used * report.page_size_kb)} used of {whole}"
        _bar(ax, -len(held), "swap", used / most, words)
    ax.set(xlim=(-0.02, 1.18), ylim=(0.55 - max(1, rows), 0.55), xticks=[], yticks=[])
    say(ax, _finding(held, report.page_size_kb), "All bars have the same scale.")
    return ax


def _held_pages(report: Report) -> dict[str, int]:
    """Return what the machine holds, in pages, by the palette's keys, largest first."""
    uses = printed_use(report)
    held = {key: uses[name] for name, key in _KEYS.items() if name in uses}
    return dict(sorted(held.items(), key=lambda item: -item[1]))


def _finding(held: dict[str, int], page_kb: int) -> str:
    if not held:
        return "The report prints no totals"
    largest = next(iter(held))
    return f"{human_kb(held[largest] * page_kb)} of {swatch(largest).label}"


def _bar(ax: Axes, row: float, key: str, share: float, words: str) -> None:
    ax.text(-0.012, row, swatch(key).label, ha="right", va="center", fontsize=TEXT, color=INK)
    ax.plot([0, 0], [row - 0.3, row + 0.3], color=FAINT, linewidth=1)
    block(ax, 0, row - 0.26, share, 0.52, **look(key))
    ax.text(share + 0.012, row, words, va="center", fontsize=SMALL, color=QUIET)
