"""Join JavaScript modules into one text, for places that can load only one.

A browser page on disk, an anywidget and a JavaScript engine each take a single text. Every
module below ``static`` becomes a function that returns what it exports. Two forms are
understood, each at the start of a line: ``import { a, b as c } from "../folder/name.js";`` and
``export`` before ``const``, ``class`` or ``function``. Comments on lines of their own, indents and empty
lines are left out, so a text in backticks must not depend on them. Style sheets lose their comments, and the
space around braces and semicolons.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from oomlab.palette import css_variables

STATIC = Path(__file__).parent / "static"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_INDENT = re.compile(r"^ +|^\n", re.MULTILINE)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_SPACE = re.compile(r"\s*([{};])\s*")
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def source(name: str) -> str:
    """Return the text of a module: ``source("lab/model/zones")`` is that of ``zones.js`` there."""
    return STATIC.joinpath(f"{name}.js").read_text(encoding="utf-8")


def imports(name: str) -> list[str]:
    """Return the names of the modules that a module imports, in the order of its text."""
    return [_resolved(name, path) for _, path in _IMPORT.findall(source(name))]


def modules(*entries: str) -> list[str]:
    """Return the entries and all that they import, each after everything that it imports itself.

    Raises :class:`ValueError` for a circle of imports.
    """
    order: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"modules import each other in a circle: {' → '.join((*path, name))}")
        if name not in order:
            for each in imports(name):
                visit(each, (*path, name))
            order[name] = None

    for entry in entries:
        visit(entry, ())
    return list(order)


def bundle(*entries: str) -> str:
    """Return one text that defines a constant for each module needed: see :func:`constant`."""
    return "\n".join(_as_function(name) for name in modules(*entries))


def widget_script(entry: str) -> str:
    """Return what anywidget loads: the bundle of a module that exports ``render``."""
    return f"{bundle(entry)}\nexport default {{ render: {constant(entry)}.render }};\n"


def constant(name: str) -> str:
    """Name the constant that holds a module's exports.

    >>> constant("lab/model/zones")
    'lab_model_zones'
    """
    return name.replace("/", "_")


def stylesheet(name: str) -> str:
    """Return a style sheet with what it stands on: the course's colours and the shared tokens."""
    sheets = [STATIC.joinpath(f"{each}.css").read_text(encoding="utf-8") for each in ("tokens", name)]
    rules = _CSS_SPACE.sub(r"\1", _CSS_COMMENT.sub("", "\n".join(sheets)))
    return f".oom {{ {css_variables()} }}\n{rules}"


def _resolved(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _as_function(name: str) -> str:
    def taken(match: re.Match[str]) -> str:
        names = [each.strip().replace(" as ", ": ") for each in match[1].split(",") if each.strip()]
        return f"const {_braces(names)} = {constant(_resolved(name, match[2]))};\n"

    text = source(name)
    exported = [match[1] for match in _EXPORT.finditer(text)]
    body = _INDENT.sub("", _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub(taken, text))))
    if other := _OTHER.search(body):
        raise ValueError(f"{name}.js: the bundler does not understand {other[0]!r}")
    return f"const {constant(name)} = (() => {{\n{body}\nreturn {_braces(exported)};\n}})();\n"


def _braces(names: Iterable[str]) -> str:
    return "{ " + ", ".join(names) + " }"
