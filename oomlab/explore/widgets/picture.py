"""A picture as a short list of marks, drawn twice: as SVG for a page, as PNG where no kernel runs.

Coordinates are CSS pixels, y downwards. Colours and hatches are named by their swatch in
:mod:`oomlab.palette`; the rest takes the reader's theme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING, Literal, NamedTuple

from oomlab.palette import Swatch, swatch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

Anchor = Literal["start", "middle", "end"]
Tone = Literal["ink", "muted", "danger", "safe", "paper"]


class Box(NamedTuple):
    """A filled rectangle; without a ``key`` only its outline. ``title`` shows under the pointer."""

    x: float
    y: float
    width: float
    height: float
    key: str = ""
    title: str = ""
    faint: bool = False


class Line(NamedTuple):
    """A straight line, dashed as its swatch says; without a ``key`` a thin line in the muted ink."""

    x1: float
    y1: float
    x2: float
    y2: float
    key: str = ""


class Label(NamedTuple):
    """A line of text; ``y`` is its baseline."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: int = 13
    bold: bool = False
    tone: Tone = "ink"
    mono: bool = False


Mark = Box | Line | Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing of a given size. Later marks lie over earlier ones."""

    width: int
    height: int
    marks: tuple[Mark, ...]

    def svg(self, name: str) -> str:
        """Write the picture as SVG; ``name`` is what a screen reader calls it. All text is escaped."""
        hatched = {mark.key for mark in self.marks if isinstance(mark, Box) and _hatch(mark)}
        defs = "".join(_svg_pattern(swatch(key)) for key in sorted(hatched))
        body = "".join(_svg(mark) for mark in self.marks)
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        return f'<svg role="img" aria-label="{escape(name)}" {size}><defs>{defs}</defs>{body}</svg>'

    def captioned(self, text: str) -> Picture:
        """Put a paragraph above the picture, for where nothing but the picture is shown."""
        lines = wrap(text, round(self.width / 7.6))
        top = 20 * len(lines) + 14
        caption = (Label(0, 20 * n + 16, line, size=14) for n, line in enumerate(lines))
        marks = (*caption, *(_lowered(mark, top) for mark in self.marks))
        return replace(self, height=self.height + top, marks=marks)

    def figure(self) -> Figure:
        """Draw the picture with matplotlib, on white, one point for each pixel."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0), frame_on=False)
        axes.set_axis_off()
        for mark in self.marks:
            _draw(axes, mark)
        return figure

    def png(self) -> bytes:
        """Return the picture as PNG, two dots for each pixel."""
        file = BytesIO()
        self.figure().savefig(file, format="png", dpi=144)
        return file.getvalue()


def _lowered(mark: Mark, by: float) -> Mark:
    if isinstance(mark, Line):
        return mark._replace(y1=mark.y1 + by, y2=mark.y2 + by)
    return mark._replace(y=mark.y + by)


def mono_width(text: str, size: int = 13) -> float:
    """Return the width of text in a monospaced font, in pixels."""
    return 0.602 * size * len(text)


# --- as SVG ---------------------------------------------------------------------------------------

_DASHES = {"solid": "", "dashed": "6 4", "dotted": "2 3"}


def _hatch(box: Box) -> str:
    return swatch(box.key).hatch if box.key else ""


def _svg_pattern(each: Swatch) -> str:
    size = 'width="8" height="8" patternUnits="userSpaceOnUse"'
    return f'<pattern id="oom-hatch-{each.key}" class="hatch" {size}>{each.svg_hatch}</pattern>'


def _svg(mark: Mark) -> str:
    if isinstance(mark, Box):
        return _svg_box(mark)
    if isinstance(mark, Line):
        return _svg_rule(mark)
    looks = [mark.tone, *(["bold"] if mark.bold else []), *(["mono"] if mark.mono else [])]
    place = f'x="{mark.x:g}" y="{mark.y:g}" text-anchor="{mark.anchor}" font-size="{mark.size}"'
    return f'<text {place} class="{" ".join(looks)}">{escape(mark.text)}</text>'


def _svg_box(box: Box) -> str:
    place = f'x="{box.x:g}" y="{box.y:g}" width="{max(box.width, 0):g}" height="{max(box.height, 0):g}"'
    look = "faint" if box.faint else "box"
    if not box.key:
        return f'<rect {place} class="outline {look}"/>'
    title = f"<title>{escape(box.title)}</title>" if box.title else ""
    fill = f"style='fill:var({_variable(box.key)})'"
    solid = f"<rect {place} class='{look}' {fill}>{title}</rect>"
    hatch = (
        f"<rect {place} class='{look}' fill='url(#oom-hatch-{box.key})' pointer-events='none'/>"
        if _hatch(box)
        else ""
    )
    return solid + hatch


def _svg_rule(rule: Line) -> str:
    place = f'x1="{rule.x1:g}" y1="{rule.y1:g}" x2="{rule.x2:g}" y2="{rule.y2:g}"'
    if not rule.key:
        return f'<line {place} class="rule"/>'
    dashes = _DASHES[swatch(rule.key).line]
    look = f"style='stroke:var({_variable(rule.key)})' stroke-dasharray='{dashes}'"
    return f'<line {place} class="mark" {look}/>'


def _variable(key: str) -> str:
    return f"--oom-{key.replace('_', '-')}"


# --- with matplotlib ------------------------------------------------------------------------------

_INKS = {"ink": "#1a1a1a", "muted": "#5a5a5a", "danger": "#a84300", "safe": "#00664a", "paper": "#ffffff"}
_PNG_TEXT = 0.92
"""matplotlib's own font runs wider than the page's."""


def _draw(axes: Axes, mark: Mark) -> None:
    if isinstance(mark, Box):
        axes.add_patch(_patch(mark))
    elif isinstance(mark, Line):
        look = swatch(mark.key) if mark.key else None
        color, line, width = (look.color, look.line, 2.0) if look else ("#b0b0b0", "solid", 1.0)
        axes.plot((mark.x1, mark.x2), (mark.y1, mark.y2), color=color, linestyle=line, linewidth=width)
    else:
        _draw_label(axes, mark)


def _patch(box: Box) -> Rectangle:
    from matplotlib.patches import Rectangle

    place, alpha = ((box.x, box.y), box.width, box.height), 0.6 if box.faint else 1.0
    if not box.key:
        return Rectangle(*place, fill=False, edgecolor="#b0b0b0", linewidth=1, alpha=alpha)
    look = swatch(box.key)
    return Rectangle(
        *place,
        facecolor=look.color,
        edgecolor="#00000073",
        hatch=look.matplotlib_hatch,
        linewidth=0,
        alpha=alpha,
    )


def _draw_label(axes: Axes, label: Label) -> None:
    align = {"start": "left", "middle": "center", "end": "right"}[label.anchor]
    axes.text(
        label.x,
        label.y,
        label.text,
        color=_INKS[label.tone],
        fontsize=label.size * _PNG_TEXT,
        fontweight="bold" if label.bold else "normal",
        family="monospace" if label.mono else "sans-serif",
        horizontalalignment=align,
        verticalalignment="baseline",
        parse_math=False,
    )
