"""Put the rooms of a script into one text, for places that can load only one.

Each room is an ordinary JavaScript module that names what it needs from the others. A browser
page on disk, an anywidget and a JavaScript engine all take a single text, and no bundler is
needed to make one: every room becomes a function that gives what it exports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from oomlab.palette import css_variables

STATIC = Path(__file__).parent / "static"
ROOMS = STATIC / "lab"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)


@cache
def room(name: str) -> str:
    """Read one room: ``room("zones")`` is the text of ``zones.js``."""
    return ROOMS.joinpath(f"{name}.js").read_text(encoding="utf-8")


def needed(*names: str) -> list[str]:
    """List rooms and all that they need, directly or not, in an order in which each can be made."""
    order: dict[str, None] = {}

    def visit(each: str) -> None:
        for _, other in _IMPORT.findall(room(each)):
            visit(other)
        order.setdefault(each)

    for name in names:
        visit(name)
    return list(order)


def join(*names: str) -> str:
    """Put rooms and all that they need into one text that defines a constant for each room."""
    return "\n".join(_as_function(each) for each in needed(*names))


def styles() -> str:
    """Give the style sheet of the lab: the course's colours, the shared tokens, its own rules."""
    sheets = [each.read_text(encoding="utf-8") for each in (STATIC / "tokens.css", ROOMS / "lab.css")]
    return "\n".join([f".oom {{ {css_variables()} }}", *sheets])


def _as_function(name: str) -> str:
    text = room(name)
    exported = [match[1] for match in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    return f"const room_{name} = (() => {{\n{body}\nreturn {_braces(exported)};\n}})();\n"


def _taken(match: re.Match[str]) -> str:
    names = [name.strip().replace(" as ", ": ") for name in match[1].split(",") if name.strip()]
    return f"const {_braces(names)} = room_{match[2]};\n"


def _braces(names: Iterable[str]) -> str:
    return "{ " + ", ".join(names) + " }"
