"""The paper that every picture is drawn on: an Axes that shows itself in a notebook.

No pyplot and no global settings: a picture can be drawn in a callback, in a thread, or into
an Axes of your own.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from oomlab.palette import swatch
from oomlab.render.safe import image

INK, QUIET, FAINT, PAPER = "#222222", "#666666", "#cccccc", "#ffffff"
TEXT, SMALL = 10.0, 8.8
_DPI, _SHARPNESS = 100, 2
"""Pictures are stored with more pixels than they are shown with, for sharp screens."""


class Picture(Axes):
    """An Axes on a page of its own, which a notebook shows as a picture."""

    words = ""
    """What :func:`say` wrote beside it."""

    def __repr__(self) -> str:
        return f"Picture: {' '.join(self.get_title(loc='left').split())}"

    def png(self) -> bytes:
        """Return the picture as a PNG."""
        buffer = BytesIO()
        FigureCanvasAgg(self._page).print_figure(buffer, format="png", dpi=_DPI * _SHARPNESS, facecolor=PAPER)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        """Return the picture for a page, with what it shows in words for whoever does not see it."""
        width = self._page.get_size_inches()[0] * _DPI
        return image(self.png(), self.words or repr(self), width=round(width))

    @property
    def _page(self) -> Figure:
        assert isinstance(self.figure, Figure)
        return self.figure


def paper(ax: Axes | None, *, height: float, width: float = 9.0) -> Axes:
    """Return the Axes to draw on: the caller's, or a new page of this size in inches."""
    if ax is None:
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
        figure = Figure(figsize=(width, height), layout=layout, facecolor=PAPER)
        ax = figure.add_subplot(axes_class=Picture)
    ax.set_facecolor("none")
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, labelsize=SMALL, labelcolor=QUIET)
    return ax


def say(ax: Axes, finding: str, detail: str = "", *, columns: int = 84) -> None:
    """Set the title: the finding in bold, and how to read the picture in small print below it."""
    if isinstance(ax, Picture):
        ax.words = " ".join(f"{finding}. {detail}".split())
    lines = fill(detail, round(columns * 1.38))
    below = 13 * (lines.count("\n") + 1) if detail else 0
    ax.set_title(
        fill(finding, columns), loc="left", fontsize=12, fontweight="bold", color=INK, pad=10 + below
    )
    if detail:
        ax.annotate(
            lines, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points",
            va="bottom", fontsize=SMALL, color=QUIET, linespacing=1.25,
        )  # fmt: skip


def look(key: str, *, solid: bool = True) -> dict[str, Any]:
    """Return matplotlib's arguments for a surface: colour and hatch of one thing from the palette.

    ``solid=False`` leaves the ground empty and hatches in the thing's colour.
    """
    each = swatch(key)
    hatch = each.matplotlib_hatch
    if solid:
        return {"facecolor": each.color, "edgecolor": "#00000066", "linewidth": 0.5, "hatch": hatch}
    return {"facecolor": "none", "edgecolor": each.color, "linewidth": 0.8, "hatch": hatch}


def block(ax: Axes, x: float, y: float, width: float, height: float, **style: Any) -> Rectangle:
    """Draw a rectangle from its lower left corner."""
    patch = Rectangle((x, y), width, height, **style)
    ax.add_patch(patch)
    return patch


def units(ax: Axes, axis: str, write: Callable[[float], str]) -> None:
    """Label the numbers of an axis (``"x"`` or ``"y"``) with a function that writes them."""
    from matplotlib.ticker import FuncFormatter

    formatter = FuncFormatter(lambda value, _: write(value))
    (ax.xaxis if axis == "x" else ax.yaxis).set_major_formatter(formatter)
