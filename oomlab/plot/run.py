"""Pictures of a run of the model: two zones over time, and where lowmem went."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from oomlab.errors import require
from oomlab.palette import swatch
from oomlab.plot.canvas import FAINT, INK, QUIET, SMALL, TEXT, block, look, paper, say, units
from oomlab.simulation import Trajectory, lowmem_budget
from oomlab.simulation.budget import Part
from oomlab.simulation.model import kernel_class, user_class
from oomlab.simulation.trajectory import Event
from oomlab.simulation.words import request_in_words
from oomlab.units import human_kb, kb, pages_to_gib

_SHARE_TO_NAME = 0.045
"""The part of a zone from which on a surface has room for its name."""


def trajectory(run: Trajectory, *, ax: Axes | None = None) -> Axes:
    """Draw what fills the zones while the file is copied, HighMem above and lowmem below it.

    Each zone has a scale of its own, in GiB or MiB as written at its side. A machine that dies
    leaves the rest of the way empty.
    """
    require(run, Trajectory, "trajectory takes a run, as simulate gives it")
    classes = (user_class(run.zones), kernel_class(run.zones))
    numbers = dict.fromkeys(_served_by(run, number) for number in classes)
    names = [run.zones[number].name for number in numbers]
    ax = paper(ax, height=1.5 + 1.75 * len(names))
    ax.set(xticks=[], yticks=[])
    share = 1 / len(names)
    for row, name in enumerate(names):
        bottom = (len(names) - 1 - row) * (share + 0.03)
        panel = paper(ax.inset_axes((0.075, bottom, 0.925, share - 0.09)), height=0)
        _panel(panel, run, name, last=row == len(names) - 1)
    say(ax, _finding(run), _DETAIL)
    return ax


def _served_by(run: Trajectory, number: int) -> int:
    """Return the zone that serves a class: itself, or the next below that has pages."""
    return next((each for each in range(number, 0, -1) if run.zones[each].present), 0)


_DETAIL = "What holds the memory of each zone, over what has been copied. Each zone has a scale of its own."


def _finding(run: Trajectory) -> str:
    after = human_kb(kb(round(run.end.written)))
    if run.outcome == "survives":
        return f"The machine lives: {after} copied"
    free = human_kb(kb(round(sum(run.end.free))))
    return f"The machine dies after {after}: zone {run.zone} has run dry, with {free} free in all"


def _panel(panel: Axes, run: Trajectory, name: str, *, last: bool) -> None:
    zone = run.zones[run.end.index(name)]
    layers = _layers(run, name)
    bottom = [0.0] * len(run.states)
    written = [pages_to_gib(pages) for pages in run.written]
    for key, heights in layers.items():
        top = [a + b for a, b in zip(bottom, heights, strict=True)]
        panel.fill_between(written, bottom, top, **look(key, solid=key != "watermark_min"))
        _name_surface(panel, key, written, bottom, top, zone.present)
        bottom = top
    goal = pages_to_gib(run.workload.file)
    panel.set(xlim=(0, goal), ylim=(0, zone.present))
    panel.set_title(f"ZONE_{name.upper()}", loc="left", fontsize=TEXT, color=INK, pad=4)
    units(panel, "y", lambda pages: human_kb(kb(round(pages))) if pages else "0")
    panel.set_yticks([0, zone.present / 2, zone.present])
    units(panel, "x", lambda gib: f"{gib:g} GiB" if last else "")
    panel.plot([0, goal], [0, 0], color=FAINT, linewidth=1, clip_on=False)
    if run.outcome == "oom":
        _death(panel, run, written[-1], zone.present, name)
    for event in _events_to_mark(run, name):
        _flag(panel, event, zone.present)


_FROM_BELOW = (
    *("kernel", "mem_map", "slab", "buffer_head", "radix_tree_node", "anonymous", "cache"),
    *("free", "watermark_min"),
)
"""What fills a zone, from its floor up; the free pages that must stay free come last."""


def _layers(run: Trajectory, zone: str) -> dict[str, list[float]]:
    """Return the pages of each surface at each state, the lowest surface first."""
    budgets = [lowmem_budget(run, state, zone) for state in run.states]
    keys = {part.key for budget in budgets for part in budget}
    return {key: [_sum(budget, key) for budget in budgets] for key in sorted(keys, key=_height)}


def _height(key: str) -> int:
    return _FROM_BELOW.index(key) if key in _FROM_BELOW else _FROM_BELOW.index("anonymous")


def _sum(budget: Sequence[Part], key: str) -> float:
    return sum(part.pages for part in budget if part.key == key)


def _name_surface(
    panel: Axes, key: str, x: Sequence[float], bottom: Sequence[float], top: Sequence[float], whole: float
) -> None:
    """Write a surface's name where the surface is thickest, if there is space."""
    widest = max(range(len(x)), key=lambda i: top[i] - bottom[i])
    if top[widest] - bottom[widest] < _SHARE_TO_NAME * whole:
        return
    left = widest < len(x) / 2 or x[widest] < 1
    at = x[widest] + (0.012 if left else -0.012) * max(x)
    panel.text(
        at, (top[widest] + bottom[widest]) / 2, swatch(key).label, ha="left" if left else "right",
        va="center", fontsize=SMALL, color=INK,
        bbox={"facecolor": "#ffffffcc", "edgecolor": "none", "boxstyle": "round,pad=0.15"},
    )  # fmt: skip


def _death(panel: Axes, run: Trajectory, x: float, height: float, name: str) -> None:
    color = swatch("danger").color
    panel.plot([x, x], [0, height], color=color, linewidth=2.2, clip_on=False)
    words = (
        f" out of memory,\n no page for {request_in_words(run.events[-1])}"
        if name == run.zones[_served_by(run, run.end.index(run.zone or name))].name
        else _idle(run, name)
    )
    panel.text(x, height * 0.5, words, va="center", fontsize=TEXT, color=color, weight="bold")


def _idle(run: Trajectory, name: str) -> str:
    free = human_kb(kb(round(run.end.free[run.end.index(name)])))
    return f" {free} still free,\n and of no use"


def _events_to_mark(run: Trajectory, name: str) -> list[Event]:
    woken = run.event("kswapd_wakes", name)
    return [woken] if woken and run.outcome == "survives" else []


def _flag(panel: Axes, event: Event, height: float) -> None:
    x = pages_to_gib(event.written)
    panel.plot([x, x], [0, height], color=INK, linewidth=1.2, linestyle="dashed")
    panel.text(x, height * 1.02, "kswapd wakes", ha="center", fontsize=SMALL, color=INK)


def budget(parts: Sequence[Part], *, ax: Axes | None = None) -> Axes:
    """Draw a zone's budget as steps: what each use takes, from the whole zone down to what is left.

    ``parts`` is what :func:`oomlab.simulation.lowmem_budget` gives; they add up to the zone.
    """
    require(parts, Sequence, "budget takes the parts that lowmem_budget gives")
    for part in parts:
        require(part, Part, "budget takes the parts that lowmem_budget gives")
    whole = sum(part.pages for part in parts)
    if whole <= 0:
        raise ValueError("budget needs parts with pages; found none, as of a zone that is empty")
    ax = paper(ax, height=1.1 + 0.34 * (len(parts) + 1))
    _step(ax, 0, "the whole zone", 0, whole, whole, facecolor="#e4e4e4", linewidth=0)
    start = whole
    for row, part in enumerate(parts, 1):
        start -= part.pages
        _step(
            ax, row, part.name, start, part.pages, whole, **look(part.key, solid=part.key != "watermark_min")
        )
        ax.plot([start, start], [-row - 0.31, -row - 0.69], color=QUIET, linewidth=0.8)
    ax.set(xlim=(-0.34 * whole, 1.22 * whole), ylim=(-len(parts) - 0.6, 0.6), xticks=[], yticks=[])
    detail = "Each use takes its piece of the whole zone, from the top down; what is free is left at the end."
    say(ax, _largest(parts, whole), detail)
    return ax


def _step(ax: Axes, row: int, name: str, start: float, pages: float, whole: float, **style: object) -> None:
    block(ax, start, -row - 0.31, max(pages, 0.0012 * whole), 0.62, **style)
    ax.text(-0.015 * whole, -row, name, ha="right", va="center", fontsize=TEXT, color=INK)
    words = f"{kb(round(pages)):,} kB"
    ax.text(start + pages + 0.012 * whole, -row, words, va="center", fontsize=SMALL, color=QUIET)


def _largest(parts: Sequence[Part], whole: float) -> str:
    most = max(parts, key=lambda part: part.pages)
    return f"{most.pages / whole:.0%} of the zone's {human_kb(kb(round(whole)))} went to {most.name}"
