"""Decode the bytes of a log, and clean its lines.

Logs travel through mailers, web pages and serial consoles. Each leaves traces in the
characters: colours, hard blanks, quotation marks. This module removes them; what was
wrapped into another format is unwrapped by :mod:`oomlab.parsing.containers`. Every cure
starts with a look for its symptom, and costs next to nothing without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oomlab.parsing.containers import from_quoted_printable, is_quoted_printable, is_wrapped, unwrap
from oomlab.parsing.lines import LogLines

_MAX_LENGTH = 16_384
"""What lies beyond in a line is not read: the kernel's longest, with a logger's prefix, is far shorter."""

_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]{0,4}[@-~]")
_QUOTES = re.compile(r"[ \t]{0,8}(?:[A-Z]{0,3}[>|][ \t]?){1,40}")
_BLANKS = re.compile("\u00c2\u00a0|[\u00a0\u2000-\u2003\u2007-\u2009\u202f\u3000\t\v\f]")
_INVISIBLE = re.compile("[\0\r\u200b\u200e\u200f\ufeff\u00ad]+")
_TITLES = ("Mem-Info:", "Call Trace:", "Mem-info:", "Call trace:")
"""Nothing follows these on their line."""

_ENDING = re.compile(r"[^\w\s]{1,8}")
_BLANK_LETTERS = re.compile(r"(?<=\s)A(?=\s)")
"""What a hard blank became on its way through two character sets."""


def decode(data: bytes) -> str:
    """Return the bytes of a log as text; bytes that are no UTF-8 stay visible as ``\\xff``.

    >>> decode(b"DMA free:8kB \\xff")
    'DMA free:8kB \\\\xff'
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8", errors="backslashreplace")


def clean(given: str, given_lines: list[str], first: int = 1) -> LogLines:
    """Return a text, also given line by line, as clean lines; its first line has the number ``first``.

    A line into which a logger folded several becomes several lines with one number.
    """
    text = _clean_characters(given)
    lines = given_lines if text is given else text.split("\n")
    numbers: Sequence[int] = range(first, first + len(lines))
    if is_quoted_printable(text):
        numbers, lines = from_quoted_printable(numbers, lines)
        lines = [_BLANKS.sub(" ", line) for line in lines]
    starts = {line[:1] for line in lines}
    if is_wrapped(text, starts):
        numbers, lines = unwrap(numbers, lines)
        lines = [line if line.isascii() else _BLANKS.sub(" ", line) for line in lines]
        starts = {line[:1] for line in lines}
    if " " in starts:
        starts |= {line.lstrip()[:1] for line in lines[:8]}
    if ">" in starts or "|" in starts:
        lines = [line[match.end() :] if (match := _QUOTES.match(line)) else line for line in lines]
    ending = _ending(text if lines is given_lines else "\n".join(lines))
    if ending:
        lines = [line.rstrip().removesuffix(ending) for line in lines]
    if len(text) > _MAX_LENGTH and max(map(len, lines)) > _MAX_LENGTH:
        lines = [line[:_MAX_LENGTH] for line in lines]
    return LogLines(numbers, lines, lines)


def _ending(text: str) -> str:
    """Return what ends every line, such as the quotation mark of a table, where it follows a title."""
    at, title = next(((at, title) for title in _TITLES if (at := text.find(title)) >= 0), (-1, ""))
    if at < 0:
        return ""
    ending = text[at + len(title) : at + len(title) + 200].partition("\n")[0].strip()
    if not _ENDING.fullmatch(ending):
        return ""
    lines = text.split("\n")
    return ending if 2 * sum(line.rstrip().endswith(ending) for line in lines) > len(lines) else ""


def _clean_characters(text: str) -> str:
    """Turn every kind of blank into a plain one, and remove what is invisible."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()  # halves of surrogate pairs
        text = _INVISIBLE.sub("", _BLANKS.sub(" ", text))
    elif "\r" in text or "\0" in text or "\t" in text:
        text = text.replace("\r", "").replace("\0", "").replace("\t", " ")
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    if text.count("A  A ", 0, 4000) > 2:
        text = _BLANK_LETTERS.sub(" ", text)
    return text
