"""Pictures of many machines, and of the model beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from matplotlib.axes import Axes

from oomlab.errors import require
from oomlab.palette import swatch
from oomlab.plot.canvas import FAINT, INK, PAPER, QUIET, SMALL, TEXT, block, look, paper, say, units
from oomlab.simulation import Comparison, Trajectory
from oomlab.units import gib_to_pages, human_kb, kb, mib_to_pages, pages_to_gib

_MIB, _GIB = mib_to_pages(1), gib_to_pages(1)
_LABEL = {"facecolor": "#ffffffcc", "edgecolor": "none", "boxstyle": "round,pad=0.2"}


def safe_map(
    rows: Mapping[str, Sequence[Trajectory]], *, dot: tuple[float, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw which machines live and which die, over their RAM: one row for each kind of machine.

    ``rows`` maps each row's name to its runs, by rising RAM. ``dot`` marks one machine: its
    RAM in GiB and its row. Each row is labelled where its fate turns.
    """
    require(rows, Mapping, "safe_map takes names with their runs")
    if not rows or not all(rows.values()):
        raise ValueError("safe_map needs at least one row, and runs in each; found an empty one")
    ax = paper(ax, height=1.25 + 0.48 * len(rows))
    for row, (name, runs) in enumerate(rows.items()):
        ax.text(-0.012, -row, name, transform=ax.get_yaxis_transform(), ha="right", va="center",
                fontsize=TEXT, color=INK)  # fmt: skip
        _fates(ax, -row, runs)
    sizes = [_ram(run) for runs in rows.values() for run in runs]
    if dot is not None:
        ax.plot([dot[0]], [-list(rows).index(dot[1])], "o", color=PAPER, markeredgecolor=INK, markersize=9)
    ax.set(xlim=(min(sizes), max(sizes)), ylim=(-len(rows) + 0.4, 0.6), yticks=[])
    units(ax, "x", lambda gib: f"{gib:g} GiB")
    say(ax, _map_finding(rows), _MAP_DETAIL + (" The dot is the machine of the report." if dot else ""))
    return ax


_MAP_DETAIL = "Solid: the machine lives. Hatched: it dies. Along the axis: how much RAM it has."


def _ram(run: Trajectory) -> float:
    return pages_to_gib(run.machine.ram)


def _fates(ax: Axes, row: float, runs: Sequence[Trajectory]) -> None:
    """Draw a row as stretches of one fate, and name the RAM at which the next one begins."""
    start = _ram(runs[0])
    stretches = [(fate, list(group)) for fate, group in groupby(runs, key=lambda run: run.outcome)]
    for number, (fate, group) in enumerate(stretches):
        last = number == len(stretches) - 1
        end = _ram(group[-1]) if last else _ram(stretches[number + 1][1][0])
        key = "danger" if fate == "oom" else "safe"
        block(ax, start, row - 0.34, end - start, 0.68, **look(key))
        if not last:
            side = "right" if end - start > 0.12 * (_ram(runs[-1]) - _ram(runs[0])) else "left"
            ax.annotate(f"{end:g} GiB", (end, row), (-7 if side == "right" else 7, 0), ha=side, va="center",
                        textcoords="offset points", fontsize=SMALL, color=INK, bbox=_LABEL)  # fmt: skip
        start = end


def _map_finding(rows: Mapping[str, Sequence[Trajectory]]) -> str:
    deadly = [name for name, runs in rows.items() if any(run.outcome == "oom" for run in runs)]
    if not deadly:
        return "None of these machines dies"
    worse = all(_dies_with_more(rows[name]) for name in deadly)
    return "More RAM makes it worse: past a certain size the machine dies" if worse else "Which machines live"


def _dies_with_more(runs: Sequence[Trajectory]) -> bool:
    return runs[0].outcome == "survives" and runs[-1].outcome == "oom"


def model_vs_measurement(comparison: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw a recorded run and the model's over each other: what the page cache cost in lowmem.

    Dots are samples of the real kernel: its buffer_heads and radix tree nodes. The line is the
    model, begun at the first of them; it ends where the model's machine does.
    """
    require(comparison, Comparison, "model_vs_measurement takes what oomlab.recorded.compare gives")
    ax = paper(ax, height=3.9)
    measured, modelled = comparison.measured, comparison.modelled
    cost = [sum(modelled.metadata(state)) for state in modelled.states]
    offset = measured[0].buffer_heads + measured[0].radix_nodes - cost[0]
    real = [each.page_cache for each in measured]
    unit, name = (_GIB, "GiB") if max(real) > 4 * _GIB else (_MIB, "MiB")
    line = [pages / unit for pages in modelled.page_cache]
    ax.plot(line, [(pages + offset) / _MIB for pages in cost], color=INK, linewidth=1.6, zorder=1)
    ax.plot(
        [pages / unit for pages in real],
        [(each.buffer_heads + each.radix_nodes) / _MIB for each in measured],
        "o", color=swatch("slab").color, markersize=6, markeredgecolor=INK, markeredgewidth=0.6,
    )  # fmt: skip
    ax.set(xlim=(0, None), ylim=(0, None))
    units(ax, "x", lambda size: f"{size:g} {name}")
    units(ax, "y", lambda size: f"{size:g} MiB")
    ax.grid(axis="y", color=FAINT, linewidth=0.5)
    say(ax, _error(comparison), _COMPARISON_DETAIL)
    return ax


_COMPARISON_DETAIL = (
    "Upwards: lowmem that buffer_heads and radix tree nodes hold. To the right: page cache. "
    "Dots: samples of a real kernel. Line: the model, begun at the first dot."
)


def _error(comparison: Comparison) -> str:
    model = human_kb(kb(round(comparison.modelled.end.page_cache)))
    real = human_kb(kb(round(comparison.measured_page_cache)))
    if comparison.modelled.outcome == "oom":
        error = f"{comparison.error:+.1%}"
        return f"Out of memory: the model at {model} of page cache, the kernel at {real} ({error})"
    return f"Survives: the model with {model} of page cache, the kernel with at most {real}"


def predictions(comparisons: Mapping[str, Comparison], *, ax: Axes | None = None) -> Axes:
    """Draw what the model predicted against what the kernel reached, one row for each recorded run.

    The open circle is the kernel, the filled dot the model, in percent of what the kernel reached.
    """
    require(comparisons, Mapping, "predictions takes names with their comparisons")
    if not comparisons:
        raise ValueError("predictions needs at least one comparison; found none")
    ax = paper(ax, height=1.2 + 0.36 * len(comparisons))
    for row, (name, each) in enumerate(comparisons.items()):
        model, y = 100 * (1 + each.error), -row
        ax.plot([100, model], [y, y], color="#999999", linewidth=1.4, zorder=1)
        ax.plot([100], [y], "o", markersize=10, markerfacecolor=PAPER, markeredgecolor=INK)
        ax.plot([model], [y], "o", markersize=5, color=swatch("mem_map").color)
        real = human_kb(kb(round(each.measured_page_cache)))
        for at, label in ((0.0, name), (0.42, real), (1.0, f"{each.error:+.1%}")):
            ax.text(at, y, label, transform=ax.get_yaxis_transform(), ha="right" if at else "left",
                    va="center", fontsize=TEXT, color=QUIET if at else INK)  # fmt: skip
    worst = max(abs(each.error) for each in comparisons.values())
    reach = max(3.0, 110 * worst)
    ax.set(xlim=(100 - 3.2 * reach, 100 + 1.5 * reach), ylim=(0.5 - len(comparisons), 0.6))
    ax.set(xticks=[100 - round(reach), 100, 100 + round(reach)], yticks=[])
    ax.axvline(100, color=FAINT, linewidth=1, zorder=0)
    units(ax, "x", lambda share: f"{share:g} %")
    say(ax, f"The model meets real kernels within {worst:.1%}", _PREDICTIONS_DETAIL)
    return ax


_PREDICTIONS_DETAIL = (
    "Page cache when memory ran out: the kernel's is 100 % (circle), the model's the dot, predicted from "
    "the first sample, the zones' marks and the size of the disk."
)
