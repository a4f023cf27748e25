"""Take lines out of what they were wrapped into: JSON, HTML, Markdown, raw mail.

A line may hold several then: loggers fold the kernel's own line ends into ``#012`` or
``\\\\x0a``, web pages into ``<br>``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from oomlab.parsing.from_json import from_json, is_field

LONGEST = 1 << 18
"""No line that holds others is longer than this."""

_TAGS = re.compile(r"</?(?:pre|code|span|tt|ul|ol|table|blockquote|b|strong|em|font)(?: [^<>]{0,200})?>")
_BREAKS = re.compile(r"</?(?:br|p|div|tr|td|li)(?: [^<>]{0,200})? ?/?>|#012|\\x0a|\\012|\\n|\n")
_TICKS = re.compile(r"``\s{1,4}``")
"""Where a converter set each line as code of its own, and joined them."""

_MARKDOWN = re.compile(r"\\([_*\[\]()#<>.+~-])")
_BOLD = re.compile(r"(?<!\*)\*\*(?!\*)")
_RARE = ("&", "\\", "{", "`")
_JOINTS = (")Out of ", ")Killed ", "childOut of ", "childKilled ", ">] <", ").<")
_JOINED = re.compile(
    r"(?<=\)|d)(?=Out of [Mm]emory: |Killed process \d)|(?:(?<=>\] )|(?<=\)\.))<[0-7]>(?=\S)"
)
"""Where the end of a line was lost, or two CPUs printed at once: a new line begins with its level."""

_MARKS = (*_RARE, *_JOINTS, "#012", "**", "<br", "</", "<p", "<c", "<d", "<s")
_EQUALS = ("gfp_mask=", "order=", "kB =", "swap  =")


def is_wrapped_up(text: str, starts: set[str]) -> bool:
    """Look for marks of HTML, Markdown, JSON and folded lines; ``starts`` is what lines begin with."""
    if "*" in starts or any(map(text.__contains__, _RARE)):
        return True
    return (
        text.startswith('["')
        or "MESSAGE=" in text[:4096]
        or _has(text, "#", "012")
        or _has_tags(text)
        or _has_marred_kill(text)
    )


def _has(text: str, rare: str, rest: str) -> bool:
    """Look for a mark by its first character, which is the quicker where that is rare."""
    at = text.find(rare)
    while at >= 0 and not text.startswith(rest, at + 1):
        at = text.find(rare, at + 1)
    return at >= 0


def _has_tags(text: str) -> bool:
    """Look for line breaks, ends of elements and levels (``<4>``) that stand inside a line.

    The kernel's own marks are in capitals (``</TASK>``).
    """
    at = text.find("<")
    while at >= 0:
        name = text[at + 1 : at + 3]
        if name == "br" or (name[:1] == "/" and name[1:].islower()):
            return True
        if name[1:] == ">" and name[0].isdigit() and _JOINED.match(text, at):
            return True
        at = text.find("<", at + 1)
    return False


def _has_marred_kill(text: str) -> bool:
    """Look for kills that share a line with others, or whose names are set in bold."""
    at = text.find("illed process ")
    while at >= 0:
        end = text.find("\n", at)
        line = text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]
        if "**" in line or (any([joint in line for joint in _JOINTS]) and _JOINED.search(line)):
            return True
        at = text.find("illed process ", end) if end >= 0 else -1
    return False


def unwrap(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Take each line out of JSON, HTML or Markdown and cut it where lines were folded into one."""
    found: list[int] = []
    parts: list[str] = []
    for number, line in zip(numbers, lines, strict=True):
        if any(map(line.__contains__, _MARKS)) or is_field(line):
            whole = _unescape(from_json(line[:LONGEST]))
            pieces = _BREAKS.split(whole.encode("utf-8", "backslashreplace").decode())
            pieces = [piece for piece in pieces if not piece.isdigit()]  # numbers of lines, in a table
            pieces = [part for piece in pieces for part in _JOINED.split(piece)]
            found.extend([number] * len(pieces))
            parts.extend(pieces)
        else:
            found.append(number)
            parts.append(line)
    return found, parts


def _unescape(line: str) -> str:
    if "&" in line:
        import html  # here, for few logs need it, and everybody waits for `import oomlab`

        line = html.unescape(line)
    if "<" in line:
        line = _TAGS.sub("", line)
    if "**" in line:
        line = _BOLD.sub("", line)
    if "``" in line:
        line = _TICKS.sub("\n", line).replace("``", "")
    if "\\" in line:
        line = _MARKDOWN.sub(r"\1", line)
    return line.strip("`") if line.startswith("`") else line


def is_quoted_printable(text: str) -> bool:
    """Look whether the first equals sign of a report is written as raw mail writes it.

    One that ends its line does not tell: raw mail breaks lines so.
    """
    for mark in _EQUALS:
        at = text.find(mark)
        while at >= 0 and text.startswith("\n", at + len(mark)):
            at = text.find(mark, at + 1)
        if at >= 0:
            return text.startswith("3D", at + len(mark))
    return False


def from_quoted_printable(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Undo what raw mail does to long lines and to the equals sign."""
    import quopri

    found: list[int] = []
    parts: list[str] = []
    goes_on = False
    for number, line in zip(numbers, lines, strict=True):
        text = _decode(quopri.decodestring(line.removesuffix("=").encode("utf-8", "backslashreplace")))
        if goes_on and len(parts[-1]) < 1000:
            parts[-1] += text
        else:
            found.append(number)
            parts.append(text)
        goes_on = line.endswith("=")
    return found, parts


def _decode(data: bytes) -> str:
    """Decode UTF-8, or what mailers used before it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
