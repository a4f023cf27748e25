"""Take the kernel's words out of JSON: journald, containers and clouds export logs so."""

from __future__ import annotations

import re

KEYS = ("MESSAGE", "log", "message", "msg", "textPayload", "jsonPayload", "_source")
"""What a message is called, by journald, Docker, most others, and Google's and Elastic's exports."""

DEPTH = 4
"""No message lies deeper than this."""

_PAIR = re.compile(r'\s{0,40}"([\w@.-]{1,60})"\s{0,4}:\s{0,4}(?:"((?:[^"\\]|\\.)*+)"?)?')
_EXPORT = re.compile(r"_{0,2}[A-Z][A-Z_]*=")
_BRACKETS = re.compile(r'\s{0,40}(?:[{}\[\]]{1,4},?\s{0,8}$|[{\[]{1,2}")')


def is_field(line: str) -> bool:
    """Tell whether a line is a field of an entry, or only its brackets."""
    return bool(_PAIR.match(line) or _EXPORT.match(line) or _BRACKETS.match(line))


def from_json(line: str) -> str:
    """Give the message of an entry, or of a field of one; what is no JSON is given back as it is."""
    text = line.strip().removesuffix(",")
    if text[:1] + text[-1:] in ("{}", "[]") and (message := _message(_loads(text), DEPTH)) is not None:
        return message
    if line.startswith("MESSAGE="):
        return line[8:]
    pair = _PAIR.match(line)
    if pair is not None and pair[1] in KEYS and pair[2] is not None:
        return _message(_loads(f'"{pair[2]}"'), DEPTH) or pair[2]
    return "" if is_field(line) else line


def _message(entry: object, depth: int) -> str | None:
    """Find the message in an entry, or those of a list of entries, a line each."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, list) and depth:
        return _of_list(entry, depth)
    if not isinstance(entry, dict) or not depth:
        return None
    named = [entry[key] for key in KEYS if key in entry]
    others = [each for each in entry.values() if isinstance(each, dict) or "\n" in str(each)]
    found = (_message(each, depth - 1) for each in named or others)
    return next((message for message in found if message is not None), None)


def _of_list(entries: list[object], depth: int) -> str | None:
    """Join messages; journald writes one with odd bytes as a list of numbers."""
    numbers = [each for each in entries if isinstance(each, int) and 0 <= each < 256]
    if len(numbers) == len(entries):
        return bytes(numbers).decode("utf-8", "backslashreplace")
    found = [_message(each, depth - 1) for each in entries]
    return "\n".join(message for message in found if message is not None)


def _loads(text: str) -> object:
    import json  # here, for few logs need it, and everybody waits for `import oomlab`

    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
