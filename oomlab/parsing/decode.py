"""Decode the bytes of a log, and clean its lines.

Logs travel through mailers, web pages and serial consoles. Each leaves traces in the
characters: colours, hard blanks, quotation marks. This module removes them; what was
wrapped into another format is unwrapped by :mod:`oomlab.parsing.containers`. Every cure
starts with a look for its symptom, and costs next to nothing without it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence

from oomlab.parsing.backslashes import QUOTES, join_backslashed
from oomlab.parsing.colours import without_colours
from oomlab.parsing.containers import (
    from_quoted_printable,
    is_quoted_printable,
    is_wrapped,
    join_partial,
    unwrap,
)
from oomlab.parsing.entries import hosts_of_entries
from oomlab.parsing.exports import from_export
from oomlab.parsing.lines import LogLines
from oomlab.parsing.netconsole import MARK, join_packets
from oomlab.parsing.pstore import without_headings

_MAX_LENGTH = 16_384
"""The most characters of a line of the kernel: a longer one becomes several."""

_BLANKS = re.compile("\u00c2\u00a0|[\u00a0\u2000-\u2003\u2007-\u2009\u202f\u3000\t\v\f\u0085\u2028\u2029]")
_INVISIBLE = re.compile("[\0\r\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad]+")
_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb06": "st",
}
_DASHES = re.compile("[\u2010-\u2013\u2212\ufe63\uff0d]")
_MINUS = re.compile(rf"(?<![\w.]){_DASHES.pattern}(?=\d)", re.A)
_SET_WORDS = re.compile(rf"oom{_DASHES.pattern}kill|(?:Mem|total|anon){_DASHES.pattern}(?:[Ii]nfo|vm|rss):")
"""The kernel's own words, where each hyphen was set as another sign."""

_PLAIN = str.maketrans({"\r": "", "\0": "", "\t": " ", "\v": " ", "\f": " "})
_UNPLAIN = tuple(map(chr, _PLAIN))
_TITLES = ("Mem-Info:", "Call Trace:", "Mem-info:", "Call trace:")
"""Titles that stand alone on their line."""

_CLOSED = re.compile(
    r" per-cpu:|\d pages (?:of )?RAM|(?:swap\s{0,4}[=:]\s{0,9}|\d\*\d{1,9}kB = )\d{1,18}kB"
    r"|[Kk]illed process \d{1,9} \([^()\n]{0,99}\)\.?(?! total-vm|, UID|,? vm-)"
)
"""What else ends a line of the kernel's, for logs without a title."""

_BEGINS = re.compile(
    r"(?<!Node \d)(?<!Node \d\d) "
    r"(?=\[ *\d|lowmem_reserve|Node \d|DMA|Normal|HighMem|Movable|active_anon:\d+ )"
)
"""The place before a line that stands in every report."""

_OF_KERNEL = re.compile(r"process \d|\d pages|emory|kB\b")
"""Where these words follow, another line of the kernel was joined."""

_LONGEST_ENDING = 200
_NEAR = 16_384
_LINES_BELOW_TITLE = 30
"""Lines, and characters, below a title that show how lines end."""

_NUMBERS = re.compile(r"\d+", re.A)
_PARTIAL = (" stdout P ", " stderr P ")
_PSTORE = tuple(f"#{digit} Part" for digit in range(10))
_PARTS = ("=3D", *_PARTIAL, "message repeated ", " Part", MARK)
_REPEATED = re.compile(r"message repeated \d{1,9} times: ?\[")
_BLANK_LETTERS = re.compile(r"(?<=\s)A(?=\s)")
"""What a hard blank became on its way through two character sets."""


def decode(data: bytes) -> str:
    """Return the bytes of a log as text; bytes that are no UTF-8 stay visible as ``\\xff``.

    >>> decode(b"DMA free:8kB \\xff")
    'DMA free:8kB \\\\xff'
    """
    return data.decode("utf-8", errors="backslashreplace")


def clean(
    given: str, given_lines: list[str], numbers: Sequence[int], *, of_anybody: bool = False
) -> LogLines:
    """Return a text, also given line by line with a number for each, as clean lines.

    A line into which a logger folded several becomes several lines with one number.
    """
    text = _clean_characters(given)
    lines = given_lines if text is given else text.split("\n")
    if any([symptom in text for symptom in _PARTS]):
        numbers, lines = _join_parts(text, numbers, lines)
    hosts: Mapping[int, str] = {}
    if "\n---\n" in text or '"' in text:
        numbers, lines, hosts = from_export(text, numbers, lines)
    starts = {line[:1] for line in lines}
    if is_wrapped(text, starts):
        hosts = hosts or hosts_of_entries(text, numbers, lines)
        numbers, lines = unwrap(numbers, lines, of_anybody=of_anybody)
        lines = [line if line.isascii() else _BLANKS.sub(" ", line) for line in lines]
        starts = {line[:1] for line in lines}
    numbers, lines = join_backslashed(numbers, lines)
    if " " in starts:
        starts |= {line.lstrip()[:1] for line in lines[:8]}
    if ">" in starts or "|" in starts:
        lines = [line[match.end() :] if (match := QUOTES.match(line)) else line for line in lines]
    ending = _ending(text if lines is given_lines else "\n".join(lines))
    if ending is not None:
        lines = [line[:-_LONGEST_ENDING] + ending.sub("", line[-_LONGEST_ENDING:].rstrip()) for line in lines]
    if len(text) > _MAX_LENGTH and max(map(len, lines)) > _MAX_LENGTH:
        numbers, lines = _split_overlong(numbers, lines)
    return LogLines(numbers, lines, lines, hosts=[hosts.get(number) for number in numbers] if hosts else None)


def _join_parts(text: str, numbers: Sequence[int], lines: list[str]) -> tuple[Sequence[int], list[str]]:
    """Join what mailers, containers or netconsole cut into parts, and drop what was only counted again."""
    if is_quoted_printable(text):
        numbers, lines = from_quoted_printable(numbers, lines)
        lines = [_BLANKS.sub(" ", line) for line in lines]
    if any([mark in text for mark in _PARTIAL]):
        numbers, lines = join_partial(numbers, lines)
    if MARK in text:
        numbers, lines = join_packets(numbers, lines)
    if any([mark in text for mark in _PSTORE]):
        lines = without_headings(lines)
    if "message repeated " in text:
        lines = ["" if _REPEATED.search(line) else line for line in lines]
    return numbers, lines


def _split_overlong(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Split lines at blanks that are longer than any of the kernel's; the parts keep their number.

    Better before words that begin a line of the kernel's than within a row of a table or the line of a zone.
    """
    found: list[int] = []
    parts: list[str] = []
    for number, line in zip(numbers, lines, strict=True):
        at = 0
        while len(line) - at > _MAX_LENGTH:
            reach = at + _MAX_LENGTH // 2, at + _MAX_LENGTH
            begins = deque(_BEGINS.finditer(line, *reach), 1)
            end = begins[0].end() if begins else (line.rfind(" ", *reach) + 1) or at + _MAX_LENGTH
            parts.append(line[at:end])
            at = end
        parts.append(line[at:])
        found += [number] * (len(parts) - len(found))
    return found, parts


def _ending(text: str) -> re.Pattern[str] | None:
    """Return what ends every line, such as the mark of a table or a time, where it follows a title."""
    at, end = next(((at, at + len(title)) for title in _TITLES if (at := text.find(title)) >= 0), (-1, -1))
    if at < 0:
        closed = _CLOSED.search(text)
        if closed is None:
            return None
        at, end = closed.span()
    ending = text[end : end + _LONGEST_ENDING].partition("\n")[0].rstrip()
    if not ending.strip() or ending.strip()[0].isalpha() or _OF_KERNEL.search(ending):
        return None
    shape = re.compile(_NUMBERS.sub(_number_shape, re.escape(ending.strip())) + "$", re.A)
    lines = text[at : at + _NEAR].split("\n")[:_LINES_BELOW_TITLE]
    ends = sum(shape.search(line[-_LONGEST_ENDING:].rstrip()) is not None for line in lines)
    return re.compile(rf"\s*{shape.pattern}", re.A) if ends > 1 and 2 * ends > len(lines) else None


def _number_shape(match: re.Match[str]) -> str:
    """Return what stands for a number: any of as many digits, for a short one could be the kernel's."""
    return f"\\d{{{len(match[0])}}}" if len(match[0]) > 1 else r"\d"


def _typed(text: str) -> str:
    """Return a text with ligatures and signs of minus as they are typed: documents are set with others.

    >>> _typed("active_\ufb01le:29 oom_score_adj:\u22121000")
    'active_file:29 oom_score_adj:-1000'
    """
    for ligature, letters in _LIGATURES.items():
        text = text.replace(ligature, letters)
    dashes = _DASHES if _SET_WORDS.search(text) else _MINUS
    return dashes.sub("-", text)


def _clean_characters(text: str) -> str:
    """Turn every kind of blank into a plain one, and remove what is invisible."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()  # halves of surrogate pairs
        text = _typed(_INVISIBLE.sub("", _BLANKS.sub(" ", text)))
    elif any([character in text for character in _UNPLAIN]):
        text = text.translate(_PLAIN)
    text = without_colours(text)
    if text.count("A  A ", 0, 4000) > 2:
        text = _BLANK_LETTERS.sub(" ", text)
    return text
