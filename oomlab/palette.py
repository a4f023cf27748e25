"""One meaning, one colour: what every picture, page and widget of the course draws with.

The rows stand in ``tables/palette.toml``. matplotlib and SVG take a :class:`Swatch`, a page takes
:func:`css_variables` and :func:`css_background`, and a widget in the browser takes :func:`as_dict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from oomlab.kernel import load_table

Line = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """How one thing looks, and what it is called.

    ``label`` is what pictures call it, ``plain`` the same in plain English where the label is not, and
    ``term`` the kernel's word. ``color`` is ``#RRGGBB``.
    ``hatch`` is a single character, empty for a plain surface; ``line`` is the dash of a
    mark that is drawn as a line, in the words of CSS and of matplotlib.
    """

    key: str
    label: str
    term: str
    color: str
    hatch: str = ""
    line: Line = "solid"
    plain: str = ""

    @property
    def matplotlib_hatch(self) -> str | None:
        """The hatch as matplotlib takes it, as dense as the page's; ``None`` for a plain surface."""
        return self.hatch * 3 or None

    @property
    def svg_hatch(self) -> str:
        """The hatch as what stands in an SVG pattern of 8 by 8; empty for a plain surface."""
        return _HATCHES[self.hatch].svg if self.hatch else ""


class _Hatch(NamedTuple):
    """How a hatch is drawn: as parts of an SVG pattern, and in CSS as stripes at these angles."""

    svg: str
    angles: tuple[int, ...] = ()


_HATCHES: Mapping[str, _Hatch] = {
    "/": _Hatch('<path d="M-1 1l2-2M0 8l8-8M7 9l2-2"/>', (-45,)),
    "\\": _Hatch('<path d="M-1 7l2 2M0 0l8 8M7-1l2 2"/>', (45,)),
    "x": _Hatch('<path d="M0 8l8-8M0 0l8 8"/>', (-45, 45)),
    "-": _Hatch('<path d="M0 4h8"/>', (0,)),
    "|": _Hatch('<path d="M4 0v8"/>', (90,)),
    ".": _Hatch('<circle cx="2" cy="2" r=".7"/><circle cx="6" cy="6" r=".7"/>'),
}


@cache
def swatches() -> Mapping[str, Swatch]:
    """Return every swatch by its key, in table order."""
    rows = load_table("palette")["swatch"]
    return MappingProxyType({row["key"]: Swatch(**row) for row in rows})


def swatch(key: str) -> Swatch:
    """Return the swatch of one thing.

    Raises :class:`KeyError` for a thing without a colour.

    >>> swatch("cache").color
    '#56B4E9'
    """
    return swatches()[key]


def css_variables(prefix: str = "--oom-") -> str:
    """Return the colours as CSS custom properties, one declaration each.

    >>> "--oom-watermark-min: #D55E00;" in css_variables()
    True
    """
    return " ".join(f"{prefix}{each.key.replace('_', '-')}: {each.color};" for each in swatches().values())


def css_background(key: str) -> str:
    """Return a CSS ``background`` with the colour and the hatch of one thing.

    >>> css_background("cache")
    '#56B4E9'
    """
    each = swatch(key)
    return ", ".join([*_css_layers(each.hatch, "rgb(0 0 0 / 45%)"), each.color])


def css_hatch(key: str) -> str:
    """Return a CSS ``background`` of the hatch alone, in the thing's colour, for laying over another."""
    each = swatch(key)
    return ", ".join(_css_layers(each.hatch, each.color))


def as_dict() -> dict[str, dict[str, str]]:
    """Return the whole table as plain data, for a widget in the browser."""
    return {key: {**asdict(each), "svg_hatch": each.svg_hatch} for key, each in swatches().items()}


def _css_layers(hatch: str, ink: str) -> list[str]:
    if hatch == ".":
        return [f"radial-gradient({ink} 20%, transparent 22%) 0 0 / 6px 6px"]
    return [
        f"repeating-linear-gradient({angle}deg, {ink} 0 1.5px, transparent 1.5px 6px)"
        for angle in (_HATCHES[hatch].angles if hatch else ())
    ]
