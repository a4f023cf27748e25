"""One meaning, one colour: what every picture, page and widget of the course draws with.

The rows stand in ``tables/palette.toml``. matplotlib takes a :class:`Swatch`, a page takes
:func:`css_variables`, and a widget in the browser takes :func:`as_dict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from oomlab.kernel import load_table

Line = Literal["solid", "dashed", "dotted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """How one thing looks, and what it is called.

    ``label`` is plain English and ``term`` the kernel's word. ``hatch`` is a single
    character, empty for a plain surface; ``line`` is the dash of a mark drawn as a line.
    """

    key: str
    label: str
    term: str
    color: str
    hatch: str = ""
    line: Line = "solid"


@cache
def palette() -> Mapping[str, Swatch]:
    """Give every swatch by its key, in table order."""
    rows = load_table("palette")["swatch"]
    return MappingProxyType({row["key"]: Swatch(**row) for row in rows})


def swatch(key: str) -> Swatch:
    """Give the swatch of one thing. Raises :class:`KeyError` for a thing without a colour.

    >>> swatch("cache").color
    '#56B4E9'
    """
    return palette()[key]


def css_variables(prefix: str = "--oom-") -> str:
    """Write the colours as CSS custom properties, one declaration each.

    >>> "--oom-watermark-min: #D55E00;" in css_variables()
    True
    """
    return " ".join(f"{prefix}{each.key.replace('_', '-')}: {each.color};" for each in palette().values())


def css_background(key: str) -> str:
    """Write a CSS ``background`` with the colour and the hatch of one thing.

    >>> css_background("cache")
    '#56B4E9'
    """
    each = swatch(key)
    return ", ".join([*_css_layers(each.hatch, "rgb(0 0 0 / 45%)"), each.color])


def css_hatch(key: str) -> str:
    """Write a CSS ``background`` of the hatch alone, in the thing's colour, to lie over another."""
    each = swatch(key)
    return ", ".join(_css_layers(each.hatch, each.color))


def as_dict() -> dict[str, dict[str, str]]:
    """Give the whole table as plain data, for a widget in the browser."""
    return {key: asdict(each) for key, each in palette().items()}


_ANGLES: Mapping[str, tuple[int, ...]] = {
    "/": (-45,),
    "\\": (45,),
    "x": (-45, 45),
    "-": (0,),
    "|": (90,),
}


def _css_layers(hatch: str, ink: str) -> list[str]:
    if hatch == ".":
        return [f"radial-gradient({ink} 20%, transparent 22%) 0 0 / 6px 6px"]
    return [
        f"repeating-linear-gradient({angle}deg, {ink} 0 1.5px, transparent 1.5px 6px)"
        for angle in _ANGLES.get(hatch, ())
    ]
