"""Where logs come from: files, standard input, compressed or not, of any size.

Whatever the source, it comes out as pieces of bytes, for
:func:`oomlab.parsing.read_pieces` to read. Nothing here knows what a report is.
"""

from __future__ import annotations

import re
import shlex
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from oomlab.compression import (
    MAGIC,
    Damage,
    Decompressor,
    Supply,
    decompressed,
    decompressor,
    packed_kind,
    plain_text,
)
from oomlab.errors import OomlabError

PIECE = 64 << 10
"""Bytes in a piece: few enough to stay in the processor's cache while they are searched."""

_STDIN = "standard input"
_JOURNAL = b"LPKSHHRH"
_TAR, _TAR_AT = b"ustar", 257
"""Source: POSIX, pax, *ustar Interchange Format*: the header of its first file."""

_UNPRINTABLE = re.compile(rb"[\1-\x08\x0e-\x1a\x1c-\x1f]")
"""What no log holds behind a compressed part, but the rest of a damaged one."""

_SHORTEST_TEXT = 40
"""Bytes of the shortest text behind a compressed part: fewer are no line of a log."""

_LONGEST_MAGIC = _TAR_AT + len(_TAR)


class SourceError(OomlabError, OSError):
    """A file holds bytes that cannot be read as a log; the message says what to do."""


def pieces(
    name: str | Path,
    on_read: Callable[[int], object] | None = None,
    on_damage: Callable[[str], object] = warnings.warn,
) -> Iterator[bytes]:
    """Yield the bytes of a log piece by piece; ``-`` is standard input.

    Files that ``gzip``, ``xz``, ``zstd`` or ``bzip2`` made are known by their first bytes,
    whatever they are called. ``on_read`` is called with the number of bytes
    that each reading took, for a progress bar, and ``on_damage`` with one sentence where a
    compressed log cannot be read to its end. Compressed parts may stand behind one another and behind
    plain text. Raises :class:`OSError` when there is no such
    file, and its kind :class:`SourceError` when it is no log.
    """
    if str(name) == "-":
        if sys.stdin is None:
            raise SourceError(f"{_STDIN} is closed: there is nothing to read")
        yield from pieces_of(sys.stdin.buffer, _STDIN, on_read, on_damage)
        return
    with open(name, "rb", buffering=0) as file:
        try:
            yield from pieces_of(file, str(name), on_read, on_damage)
        except OSError as error:
            if error.filename is None and error.errno is not None:  # reading fails without a name
                raise OSError(error.errno, error.strerror, str(name)) from error
            raise


def pieces_of(
    file: BinaryIO,
    name: str,
    on_read: Callable[[int], object] | None = None,
    on_damage: Callable[[str], object] = warnings.warn,
) -> Iterator[bytes]:
    """Yield the bytes of a log that is open already, as :func:`pieces` does; ``name`` is for messages."""
    read = getattr(file, "read1", file.read)
    first = _first(read)
    if on_read is not None:
        on_read(len(first))
    kind = _kind(first)
    raw = Supply(_raw(read, first, PIECE if kind is None else PIECE // 4, on_read))
    is_whole = True
    if kind is not None:
        is_whole = yield from _decompress(raw, _opener(kind, name), name, on_damage)
    while is_whole and raw.peek(1):
        yield from plain_text(raw)
        kind = packed_kind(raw)
        if kind is not None:
            is_whole = yield from _decompress_further(raw, kind, name, on_damage)


def _kind(first: bytes) -> str | None:
    """Return what the first bytes of a file show it to be; ``None`` is plain text."""
    if first[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "tar"
    return next(
        (kind for magic, kind in (MAGIC | {_JOURNAL: "journal"}).items() if first.startswith(magic)), None
    )


def _first(read: Callable[[int], bytes]) -> bytes:
    """Read enough to know the kind of a file: a pipe may give a single byte at first."""
    first = b""
    while len(first) < _LONGEST_MAGIC and (more := read(PIECE // 4)):
        first += more
    return first


def _raw(
    read: Callable[[int], bytes], first: bytes, size: int, on_read: Callable[[int], object] | None
) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = read(size)
        if on_read is not None:
            on_read(len(piece))


def _opener(kind: str, name: str) -> Callable[[], Decompressor]:
    """Return what makes a decompressor of this kind."""
    if kind == "journal":
        raise SourceError(f"{name} is a binary journal: {_journal_hint(name)}")
    if (found := decompressor(kind)) is not None:
        return found
    if kind == "zstd":
        raise SourceError(
            f"{name} is compressed by zstd, which needs Python 3.14 or: pip install backports.zstd "
            f"(or give it through a pipe: zstd -dc {shlex.quote(name)} | oomlab explain -)"
        )
    raise SourceError(f"{name} is a {kind} file: unpack it first, and give the log in it")


def _journal_hint(name: str) -> str:
    if name == _STDIN:
        return "save it to a file, and read that with journalctl --file FILE -o json"
    return f"read it with journalctl --file {shlex.quote(name)} -o json"


def _decompress(
    raw: Supply,
    new: Callable[[], Decompressor],
    name: str,
    on_damage: Callable[[str], object],
    *,
    is_first: bool = True,
) -> Generator[bytes, None, bool]:
    """Decompress as far as the first damage; return whether there was none."""
    got_any = False
    try:
        for piece in decompressed(raw, new):
            inner = None if got_any else _kind(piece)
            if inner is not None:
                raise SourceError(f"{name} holds a {inner} file: unpack it once, and give what comes out")
            got_any = True
            yield piece
    except Damage as damage:
        if is_first and not got_any and not damage.rest:
            raise SourceError(f"{name} cannot be decompressed: {damage}") from None
        if damage.rest:
            yield damage.rest
    else:
        rest = raw.peek(_SHORTEST_TEXT)[:PIECE]
        if not rest or packed_kind(raw) or (len(rest) >= _SHORTEST_TEXT and not _UNPRINTABLE.search(rest)):
            return True
    on_damage(f"{name} is damaged: what follows the damage is not read")
    return False


def _decompress_further(
    raw: Supply, kind: str, name: str, on_damage: Callable[[str], object]
) -> Generator[bytes, None, bool]:
    """Decompress what stands behind other parts of a log, which are read whatever is wrong here."""
    try:
        return (yield from _decompress(raw, _opener(kind, name), name, on_damage, is_first=False))
    except SourceError as error:
        on_damage(f"{error}. What stands before that is read")
        return False
