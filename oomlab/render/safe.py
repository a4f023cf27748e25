"""Text from a log, made harmless before anybody looks at it.

A process may call itself anything: an escape sequence that repaints the terminal, a
character that turns the line around, a tag that a browser would run, a formula that
MathJax would typeset.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

NO_MATH = "mathjax_ignore tex2jax_ignore"
"""Classes of an element in which MathJax 3 and 2 leave ``$…$`` alone: JupyterLab runs it on every output."""


def plain(text: str) -> str:
    r"""Return a text in which every character that would act is an escape such as ``\x1b``.

    Control characters, bidirectional overrides, zero-width and unassigned characters and
    lone surrogates are all replaced; letters of any script stay.

    >>> print(plain("rm\x1b[2K\u202egpj.exe"))
    rm\x1b[2K\u202egpj.exe
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def markup(text: str) -> str:
    """Return a text from a log escaped for HTML, as content or as a quoted attribute.

    >>> markup("<img src=x onerror=alert(1)>")
    '&lt;img src=x onerror=alert(1)&gt;'
    """
    return escape(plain(text), quote=True)


def dumps(value: Any) -> str:
    """Return a value as one line of JSON, in ASCII without control characters."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
