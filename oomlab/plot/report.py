"""Pictures of a report: its zones against their watermarks, and its free blocks by size."""

from __future__ import annotations

from matplotlib.axes import Axes

from oomlab.errors import require
from oomlab.palette import swatch
from oomlab.plot.canvas import INK, QUIET, SMALL, TEXT, block, look, paper, say
from oomlab.render.safe import plain
from oomlab.render.sentences.request import decode_trigger
from oomlab.render.sentences.zones import bar_width, outcome_in_words, watermarks, zones_in_words
from oomlab.report import Report, ZoneStat
from oomlab.units import human_kb, kb
from oomlab.verdict import Verdict, verdicts
from oomlab.words import zone_name, zone_names

_BAR = 0.42  # of a row
_LETTER = 0.0105  # of a bar's full width


def zones(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw what is free in each zone against what the request had to leave.

    Every zone is drawn on a scale of its own, stated beside it: side by side on one scale, all
    but the largest would vanish. Highest zone on top.
    """
    require(report, Report, "zones takes one report, as parse gives them in a list")
    judged = verdicts(report, decode_trigger(report))[::-1]
    ax = paper(ax, height=0.95 + 0.82 * max(1, len(judged)))
    for row, verdict in enumerate(judged):
        _zone(ax, -row, verdict, report)
    ax.set(xlim=(-0.19, 1.21), ylim=(0.62 - len(judged), 0.5), xticks=[], yticks=[])
    finding = zones_in_words(report, judged) or "What is free in each zone"
    detail = (
        "Solid: free. Hatched: free, but closed to this request (min + lowmem_reserve). "
        "Each zone has a scale of its own."
    )
    say(ax, finding, detail)
    return ax


def _zone(ax: Axes, row: float, verdict: Verdict, report: Report) -> None:
    width = bar_width(verdict)
    name = plain(zone_name(verdict.zone, report))
    ax.text(-0.015, row + 0.1, name, ha="right", fontsize=TEXT, color=INK, weight="bold")
    scale = f"full width: {human_kb(width * report.page_size_kb)}" if width else "empty"
    ax.text(-0.015, row - 0.16, scale, ha="right", fontsize=SMALL, color=QUIET)
    if not width:
        return
    free, shut = (verdict.zone.free or 0) / width, verdict.closed / width
    low = row - _BAR / 2
    block(ax, 0, low, 1, _BAR, facecolor="#f4f4f4", linewidth=0)
    block(ax, 0, low, min(free, shut), _BAR, **look("reserve", solid=False))
    if free > shut:
        block(ax, shut, low, free - shut, _BAR, **look("free"))
    _marks(ax, row, verdict, width)
    pages = verdict.zone.free
    label = f"{'?' if pages is None else format(pages, ',')} pages free"
    ax.text(1.015, row + 0.1, label, fontsize=TEXT, color=INK)
    urgent = swatch("danger").color if verdict.refused else QUIET
    ax.text(1.015, row - 0.16, outcome_in_words(verdict, report), fontsize=TEXT, color=urgent, weight="bold")


def _marks(ax: Axes, row: float, verdict: Verdict, width: int) -> None:
    """Draw min, low and high; name those for which there is room."""
    end = -1.0
    for name, pages in watermarks(verdict.zone).items():
        if pages is None:
            continue
        at, label = pages / width, f"{name} {pages:,}"
        line = swatch(f"watermark_{name}").line
        ax.plot(
            [at, at], [row - _BAR / 2 - 0.05, row + _BAR / 2 + 0.05], color=INK, linestyle=line, linewidth=1.4
        )
        room = _LETTER * len(label)
        left = min(max(0.0, at - room / 2), 1 - room)
        if left > end:
            ax.text(left, row - _BAR / 2 - 0.2, label, fontsize=SMALL, color=QUIET)
            end = left + room + _LETTER


def buddy(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw the free blocks of each zone by size: how the free memory is cut up.

    The height of a bar is the memory that the blocks of one order hold, as a share of the
    zone's largest; the number is how many blocks there are. Blocks that are large enough
    for the request are solid.
    """
    require(report, Report, "buddy takes one report, as parse gives them in a list")
    listed = [zone for zone in report.zones if zone.free_blocks][::-1]
    orders = max((_orders(zone) for zone in listed), default=1)
    ax = paper(ax, height=1.15 + 0.85 * max(1, len(listed)))
    wanted = max(0, report.trigger.order or 0)
    for row, zone in enumerate(listed):
        _blocks(ax, -row, zone, report)
    for order in range(orders):
        size = human_kb(kb(1 << order, report.page_size_kb))
        ax.text(
            order,
            0.84 - len(listed),
            f"{size}\norder {order}",
            ha="center",
            va="top",
            fontsize=SMALL,
            color=QUIET,
        )
    ax.set(xlim=(-1.5, orders - 0.4), ylim=(0.3 - len(listed), 0.75), xticks=[], yticks=[])
    say(ax, _buddy_finding(listed, wanted, report), _BUDDY_DETAIL + _PALE * (wanted > 0))
    return ax


def _orders(zone: ZoneStat) -> int:
    """Return how many orders of a zone are drawn: a damaged list may lack those at its beginning."""
    return max((each.order + 1 for each in zone.free_blocks or ()), default=0)


_BUDDY_DETAIL = (
    "Number: free blocks of that size. Height: the memory they hold, on a scale of its own for each zone."
)
_PALE = " Pale: too small for this request."


def _blocks(ax: Axes, row: float, zone: ZoneStat, report: Report) -> None:
    wanted = max(0, report.trigger.order or 0)
    name = plain(zone_name(zone, report))
    ax.text(-0.62, row, name, ha="right", va="bottom", fontsize=TEXT, color=INK, weight="bold")
    ax.plot([-0.45, _orders(zone) - 0.55], [row, row], color="#bbbbbb", linewidth=0.8)
    held = {each.order: each.blocks << each.order for each in zone.free_blocks or ()}
    most = max(held.values(), default=0) or 1
    for each in zone.free_blocks or ():
        height = 0.52 * held[each.order] / most
        pale = {"alpha": 0.35} if each.order < wanted else {}
        block(ax, each.order - 0.36, row, 0.72, height, **look("free"), **pale)
        color = INK if each.blocks else "#bbbbbb"
        ax.text(each.order, row + height + 0.04, f"{each.blocks:,}", ha="center", fontsize=SMALL, color=color)


def _buddy_finding(listed: list[ZoneStat], wanted: int, report: Report) -> str:
    if not listed:
        return "The report lists no free blocks"
    if wanted == 0:
        return "How the free memory is cut up: any page would have done for this request"
    size = human_kb((1 << wanted) * report.page_size_kb)
    able = [zone for zone in listed if any(each.blocks for each in (zone.free_blocks or ())[wanted:])]
    if not able:
        return f"No zone has a free block of {size}"
    return f"Free blocks of {size} or more lie in {plain(zone_names(able[::-1], report))}"
