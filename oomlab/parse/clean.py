"""First step: get from bytes of any origin to lines of plain text.

Logs travel through mailers, web pages, JSON and serial consoles. Each leaves marks on
the characters: entities, escapes, hard blanks, several lines folded into one. This
module takes the marks off. What it does not find costs next to nothing: every cure
starts with a search for its symptom.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence

LONGEST = 16_384
"""No line of the kernel is longer than this; what lies beyond is not read."""

_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]{0,4}[@-~]")
_QUOTES = re.compile(r"[ \t]{0,8}(?:[A-Z]{0,3}[>|][ \t]?){1,40}")
_TAGS = re.compile(r"</?(?:p|pre|code|div|span|tt|td|tr|li|blockquote|b|strong|em|font)(?: [^<>]{0,200})?>")
_BREAKS = re.compile(r"<br ?/?>|#012|\\x0a|\\012|\\n|\n")
_MARKDOWN = re.compile(r"\\([_*\[\]()#<>.+~-])")
_MESSAGE = re.compile(r'"MESSAGE"\s{0,4}:\s{0,4}"((?:[^"\\]|\\.)*)"')
_FIELD = re.compile(r'\s{0,8}(?:"_{0,2}[A-Z][A-Z_]*"\s{0,4}:|_{0,2}[A-Z][A-Z_]*=|[{}\[\]],?$)')
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2007\u2008\u2009\u202f\u3000\t\v\f"), " ")
_NOTHING = dict.fromkeys(map(ord, "\0\r\u200b\u200e\u200f\ufeff\u00ad"))
_RARE = ("&", "\\", "{", "`")
_WRAPPED = ("#012", "**")
_MARKS = (*_RARE, *_WRAPPED, "<br", "</", "<p", "<c", "<d", "<s")
_JSON_KEYS = ("MESSAGE", "log", "message", "msg", "textPayload", "jsonPayload")


def decode(data: bytes) -> str:
    """Turn the bytes of a log into text; bytes that are no UTF-8 stay visible as ``\\xff``.

    >>> decode(b"DMA free:8kB \\xff")
    'DMA free:8kB \\\\xff'
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8", errors="backslashreplace")


def clean(text: str, first: int = 1) -> tuple[Sequence[int], list[str]]:
    """Split text into clean lines, each with the number of the line it stood on.

    A line into which a logger folded several is several lines with one number.
    """
    if not text.isascii():
        text = text.translate(_BLANKS).translate(_NOTHING)
    elif "\r" in text or "\0" in text or "\t" in text:
        text = text.translate(_NOTHING).replace("\t", " ")
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    lines = text.split("\n")
    numbers: Sequence[int] = range(first, first + len(lines))
    if _is_wrapped_up(text):
        numbers, lines = _unwrap(numbers, lines)
    if _is_quoted(lines):
        lines = [line[match.end() :] if (match := _QUOTES.match(line)) else line for line in lines]
    if len(text) > LONGEST and max(map(len, lines)) > LONGEST:
        lines = [line[:LONGEST] for line in lines]
    return numbers, lines


def _is_wrapped_up(text: str) -> bool:
    """Look for marks of HTML, Markdown, JSON and folded lines."""
    if any(map(text.__contains__, _RARE)) or any(map(text.__contains__, _WRAPPED)):
        return True
    return "MESSAGE=" in text[:4096] or "<br" in text[:4096] or _has_tags(text)


def _is_quoted(lines: list[str]) -> bool:
    """Tell whether lines begin with the marks of a quotation, set in or not."""
    starts = {line[:1] for line in lines}
    if " " in starts:
        starts |= {line.lstrip()[:1] for line in lines[:8]}
    return ">" in starts or "|" in starts


def _has_tags(text: str) -> bool:
    """Look for the end of an HTML element; the kernel's own marks are in capitals (``</TASK>``)."""
    at = text.find("</")
    while at >= 0 and not text[at + 2 : at + 3].islower():
        at = text.find("</", at + 2)
    return at >= 0


def _unwrap(numbers: Sequence[int], lines: list[str]) -> tuple[Sequence[int], list[str]]:
    """Take each line out of JSON, HTML or Markdown and cut it where lines were folded into one."""
    found: list[int] = []
    parts: list[str] = []
    for number, line in zip(numbers, lines, strict=True):
        if any(map(line.__contains__, _MARKS)) or line[:8] == "MESSAGE=" or _FIELD.match(line):
            pieces = _BREAKS.split(_unescape(_from_json(line[: 16 * LONGEST])))
            found.extend([number] * len(pieces))
            parts.extend(pieces)
        else:
            found.append(number)
            parts.append(line)
    return found, parts


def _from_json(line: str) -> str:
    start = line.lstrip()[:1]
    if start == "{" and line.rstrip().endswith("}"):
        return _message(line)
    if "MESSAGE" in line[:40] and (match := _MESSAGE.search(line[: 16 * LONGEST])):
        return str(json.loads(f'"{match[1]}"', strict=False)) if _loads(f'"{match[1]}"') else match[1]
    if line.startswith("MESSAGE="):
        return line[8:]
    return "" if _FIELD.match(line) else line


def _message(line: str) -> str:
    entry = _loads(line)
    if not isinstance(entry, dict):
        return line
    message = next((entry[key] for key in _JSON_KEYS if key in entry), line)
    if isinstance(message, dict):
        message = message.get("message", line)
    if isinstance(message, list):  # journald writes a message with odd bytes as a list of numbers
        numbers = [byte for byte in message if isinstance(byte, int) and 0 <= byte < 256]
        message = decode(bytes(numbers))
    return str(message)


def _loads(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _unescape(line: str) -> str:
    if "&" in line:
        line = html.unescape(line).translate(_BLANKS)
    if "<" in line:
        line = _TAGS.sub("", line)
    if "**" in line:
        line = line.replace("**", "")
    if "\\" in line:
        line = _MARKDOWN.sub(r"\1", line)
    return line.strip("`") if line.startswith("`") else line
