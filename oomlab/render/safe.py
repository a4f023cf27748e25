"""Bytes from a log, made harmless before anybody looks at them.

A process may call itself anything: an escape sequence that repaints the terminal, a
character that turns the line around, a tag that a browser would run.
"""

from __future__ import annotations

from html import escape


def plain(text: str) -> str:
    r"""Write every character that would act rather than show as an escape such as ``\x1b``.

    Control characters, bidirectional overrides, zero-width and unassigned characters and
    lone surrogates all go; letters of any script stay.

    >>> print(plain("rm\x1b[2K\u202egpj.exe"))
    rm\x1b[2K\u202egpj.exe
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def markup(text: str) -> str:
    """Make a text from a log fit for HTML, as content or as a quoted attribute.

    >>> markup("<img src=x onerror=alert(1)>")
    '&lt;img src=x onerror=alert(1)&gt;'
    """
    return escape(plain(text), quote=True)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
