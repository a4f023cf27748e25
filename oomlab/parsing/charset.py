"""Write a stream of bytes as UTF-8, whatever character set it is in, or several of them in turns.

A shell of Windows writes UTF-16, and what another one appends to that stands in single bytes, or the other
way round.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

_FIRST_BYTES = 64
"""Bytes that show how it begins: another program may append to it in another character set."""

_LONG = 256 << 10
"""More bytes than any line has: what has no end for so long is no text, and is given on as it is."""

_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_ZEROS = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
"""Which of four bytes are zero in text of Western languages, and so in any log of a kernel."""

_WIDE = re.compile(rb"\0?(?:[\t\n\r -~]\0){8,}")
"""A run of letters of two bytes, of which the first byte may have been in the piece before."""

_FOREIGN = {
    "utf-16-le": rb"[^\0\n]{%d,}+\n(?:[^\0\n]*+\n(?!\0|\Z))*+(?=[^\0])",
    "utf-16-be": rb"[^\0\n]{%d,}+\n(?:[^\0\n]*+\n)*+",
}
"""Lines of single bytes among those of two: they hold no zero, and none follows where they end."""

_MIN_FOREIGN = 16
"""The fewest bytes of the first of them."""

_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_MAX_UNPRINTABLE = 1 / 5
"""The largest part of such lines that is not ASCII; of text in two bytes without any zero half is."""


def encoding_of(head: bytes) -> str | None:
    """Return the character set of a stream that is not ASCII's kin, by its mark or by its zeros."""
    marked = next((name for mark, name in _BOMS.items() if head.startswith(mark)), None)
    if marked is not None or head.count(0) * 3 < len(head) or len(head) < 16:
        return marked
    encoding = _by_zeros(head)
    return encoding if encoding == _by_zeros(head[:_FIRST_BYTES]) else None


def _by_zeros(data: bytes) -> str | None:
    zeros = [data[place::4].count(0) * 2 > len(data[place::4]) for place in range(4)]
    return _ZEROS.get((zeros[0], zeros[1], zeros[2], zeros[3]))


def transcode(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a stream of a character set as UTF-8, with the lines of single bytes that stand in it."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for piece in _with_foreign_lines(pieces, encoding) if encoding in _FOREIGN else pieces:
        yield decoder.decode(piece).replace("\ufeff", "").encode("utf-8", "backslashreplace")
    yield decoder.decode(b"", final=True).encode("utf-8", "backslashreplace")


def _with_foreign_lines(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Write as UTF-16 what stands within it in single bytes: ``>>`` of cmd.exe appends that to any log."""
    newline = "\n".encode(encoding)
    first = re.compile(rb"(?:\A|(?<=\n)|(?<=\n\0))" + _FOREIGN[encoding] % _MIN_FOREIGN)
    going_on = re.compile(_FOREIGN[encoding] % 0)
    kept, goes_on = b"", False
    for piece in pieces:
        data, done = kept + piece, 0
        if goes_on and (run := going_on.match(data)) is not None and _is_text(run[0]):
            yield _widened(run[0], encoding)
            done = run.end()
        for run in first.finditer(data, done):
            before = data[done : run.start()]
            if len(before) % 2 == 0 and (not before or before.endswith(newline)) and _is_text(run[0]):
                yield before + _widened(run[0], encoding)
                done = run.end()
        end = _last_line_end(data, done, newline)
        kept, goes_on = data[end:], end == done > 0 or (goes_on and end == 0)
        yield data[done:end]
    is_foreign = b"\0" not in kept and len(kept) >= (1 if goes_on else _MIN_FOREIGN) and _is_text(kept)
    yield _widened(kept, encoding) if is_foreign else kept


def _last_line_end(data: bytes, start: int, newline: bytes) -> int:
    """Return where the last line ends in two-byte text from ``start`` on; if none does for long, its end."""
    end = data.rfind(newline, start)
    while end >= 0 and (end - start) % 2:
        end = data.rfind(newline, start, end + 1)
    if end < 0:
        return len(data) - (len(data) - start) % 2 if len(data) - start > _LONG else start
    return end + len(newline)


def _is_text(data: bytes) -> bool:
    return len(data.translate(None, _PRINTABLE)) <= _MAX_UNPRINTABLE * len(data)


def _widened(data: bytes, encoding: str) -> bytes:
    return data.decode("utf-8", "replace").encode(encoding)


def narrow(data: bytes) -> bytes:
    """Write as ASCII what stands as UTF-16 within other text: PowerShell's ``>>`` appends it to any log."""
    return _WIDE.sub(lambda match: match[0].replace(b"\0", b""), data) if b"\0" in data else data
