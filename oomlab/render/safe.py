"""Text from a log, made harmless before anybody looks at it.

A process may call itself anything: an escape sequence that repaints the terminal, a
character that turns the line around, a tag that a browser would run, a formula that
MathJax would typeset.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any
from unicodedata import category

NO_MATH = "mathjax_ignore tex2jax_ignore"
"""Classes of an element in which MathJax 3 and 2 leave ``$…$`` alone: JupyterLab runs it on every output."""


def plain(text: str) -> str:
    r"""Return a text in which every character that would act is an escape such as ``\x1b``.

    Control characters, bidirectional overrides, zero-width, blank and unassigned characters,
    lone surrogates and towers of combining marks are all replaced; letters of any script stay.

    >>> print(plain("rm\x1b[2K\u202egpj.exe"))
    rm\x1b[2K\u202egpj.exe
    """
    if text.isprintable() and text.isascii():
        return text
    if text.isascii() or not any(category(each) in _MARKS for each in set(text)):
        return text.translate(_SHOWN)
    return "".join(_escape_towers(text))


_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and a symbol that Unicode counts as printable, and that look like nothing."""

_MARKS = ("Mn", "Me")
_MAX_MARKS = 8
"""The most marks on one letter in any script: more would run into the lines around."""


class _Shown(dict[int, str]):
    """How each character is shown, worked out when it first comes up, and kept if it is a common one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        acts = not character.isprintable() or character in _BLANKS
        shown = _escaped(character) if acts else character
        if code <= 0xFFFF:
            self[code] = shown
        return shown


_SHOWN = _Shown()


def _escape_towers(text: str) -> Iterator[str]:
    marks = 0
    for each in text:
        marks = marks + 1 if category(each) in _MARKS else 0
        yield _escaped(each) if marks > _MAX_MARKS else _SHOWN[ord(each)]


def markup(text: str) -> str:
    """Return a text from a log escaped for HTML, as content or as a quoted attribute.

    >>> markup("<img src=x onerror=alert(1)>")
    '&lt;img src=x onerror=alert(1)&gt;'
    """
    return escape(plain(text), quote=True)


def prose(text: str) -> str:
    """Return a text of the course as HTML: escaped, and what stands between backticks as code.

    >>> prose("Is `free < min`?")
    'Is <code>free &lt; min</code>?'
    """
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def image(png: bytes, alt: str, *, width: int) -> str:
    """Return a picture as HTML, with what it shows in words; ``width`` is in pixels of the page.

    As HTML and not as a picture of its own, since Jupyter gives such a picture no text.
    """
    look = "max-width: 100%; height: auto; background: #fff"
    source = f"data:image/png;base64,{b64encode(png).decode('ascii')}"
    return f'<img alt="{markup(alt)}" width="{width}" style="{look}" src="{source}">'


def dumps(value: Any) -> str:
    """Return a value as one line of JSON, in ASCII without control characters."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
