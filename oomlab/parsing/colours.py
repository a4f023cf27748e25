"""Take the colours out of a log, whatever became of the character that begins their codes.

A terminal gets ESC and ``[32m``. Copied from a page or a pager, or written by a logger, ESC is spelt out
(``^[``, ``#033``, ``\\x1b``) or lost.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"\x1b\[[0-?]{0,20}[ -/]{0,4}[@-~]")
"""A control sequence. Source: ECMA-48, section 5.4."""

_ESC = (
    r"(?:\\?\^\[|<?ESC>?|#033|\\{1,4}(?:x1[bB]|[eE]|0?33|u001[bB]|u\{1[bB]\})|<(?:0x)?1[bB]>"
    r"|[\u241b\ufffd\u2190?])"
)
"""What ESC is spelt as, by loggers, pagers, programming languages, and screens that cannot show it."""

_SGR = r"\[\d{1,3}(?:[;:]\d{0,3}){0,9}m"
_NO_CODE = r"(?!\]|\d{1,2}(?:\.\d{1,9})?s)"
"""What shows that such characters are no code: ``[32m]`` is a name, and ``[0m12s`` a time."""

_WRITTEN = re.compile(rf"{_ESC}\[[0-9;:]{{0,20}}[mK]|{_SGR}{_NO_CODE}")
_BEGUN = re.compile(rf"(?m)(?:^|[:\]>\"'|]) ?(?:{_ESC}\[[0-9;:]{{0,20}}[mK]|{_SGR}{_NO_CODE})")
"""A code that stands where a message begins, or a part of it."""

_RESETS = ("[0m", "[m", "[0;m", "[00m")
_MAX_LINES_OF_A_CODE = 8
"""The most lines for each code of a coloured log: a name may look like a code, too."""

_MANY_CODES = 16
"""Codes that show the part of a log from the first of them to the last to be coloured."""


def without_colours(text: str) -> str:
    """Return a text without colours: those of a terminal, and written ones where the log is coloured.

    >>> without_colours("\\x1b[32m[    1.200000] \\x1b[0mMem-Info:")
    '[    1.200000] Mem-Info:'
    >>> without_colours("[32m[    1.200000] [0mMem-Info:")
    '[    1.200000] Mem-Info:'
    """
    if "\x1b" in text:
        text = _CODE.sub("", text)
    if any([reset in text for reset in _RESETS]) and _is_coloured(text):
        text = _WRITTEN.sub("", text)
    return text


def _is_coloured(text: str) -> bool:
    begun = [match.start() for match in _BEGUN.finditer(text)]
    if not begun:
        return False
    if len(begun) >= _MANY_CODES:
        text = text[begun[0] : begun[-1]]
    return _MAX_LINES_OF_A_CODE * len(begun) >= sum(map(bool, text.split("\n")))
