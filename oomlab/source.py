"""Where logs come from: files, standard input, compressed or not, of any size.

Whatever the source, it comes out as pieces of bytes, for
:func:`oomlab.parsing.read_pieces` to read. Nothing here knows what a report is.
"""

from __future__ import annotations

import bz2
import codecs
import importlib
import lzma
import shlex
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from oomlab.errors import OomlabError

PIECE = 64 << 10
"""Bytes in a piece: few enough to stay in the processor's cache while they are searched."""

_STDIN = "standard input"
_ZSTD = ("compression.zstd", "backports.zstd")
_MAGIC: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"(\xb5/\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"LPKSHHRH": "journal",
}


class SourceError(OomlabError, OSError):
    """A file holds bytes that cannot be read as a log; the message says what to do."""


class _Decompressor(Protocol):
    """The interface that bz2, lzma and zstd share."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Gunzip:
    """zlib behind the interface that bz2, lzma and zstd share."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max(max_length, 0))

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data


def pieces(
    name: str | Path,
    on_read: Callable[[int], object] | None = None,
    on_damage: Callable[[str], object] = warnings.warn,
) -> Iterator[bytes]:
    """Yield the bytes of a log piece by piece; ``-`` is standard input.

    Files that ``gzip``, ``xz``, ``zstd`` or ``bzip2`` made are known by their first bytes,
    whatever they are called; so is UTF-16. ``on_read`` is called with the number of bytes
    that each reading took, for a progress bar, and ``on_damage`` with one sentence where a
    compressed log cannot be read to its end. Raises :class:`OSError` when there is no such
    file, and its kind :class:`SourceError` when it is no log.
    """
    if str(name) == "-":
        if sys.stdin is None:
            raise SourceError(f"{_STDIN} is closed: there is nothing to read")
        yield from _unpack(sys.stdin.buffer, _STDIN, on_read, on_damage)
        return
    with open(name, "rb", buffering=0) as file:
        yield from _unpack(file, str(name), on_read, on_damage)


def _unpack(
    file: BinaryIO,
    name: str,
    on_read: Callable[[int], object] | None,
    on_damage: Callable[[str], object],
) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)
    first = read(PIECE // 4)
    if on_read is not None:
        on_read(len(first))
    kind = next((kind for magic, kind in _MAGIC.items() if first.startswith(magic)), None)
    raw = _raw(read, first, PIECE if kind is None else PIECE // 4, on_read)
    if kind is None:
        yield from raw
    elif kind == "utf-16":
        decode = codecs.getincrementaldecoder("utf-16")(errors="replace").decode
        yield from (decode(piece).encode("utf-8", "backslashreplace") for piece in raw)
    else:
        yield from _decompress(raw, _opener(kind, name), name, on_damage)


def _raw(
    read: Callable[[int], bytes], first: bytes, size: int, on_read: Callable[[int], object] | None
) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = read(size)
        if on_read is not None:
            on_read(len(piece))


def _opener(kind: str, name: str) -> Callable[[], _Decompressor]:
    """Return what makes a decompressor of this kind."""
    if kind == "gzip":
        return _Gunzip
    if kind == "xz":
        return lzma.LZMADecompressor
    if kind == "bzip2":
        return bz2.BZ2Decompressor
    if kind == "journal":
        raise SourceError(f"{name} is a binary journal: {_journal_hint(name)}")
    for module in _ZSTD:
        try:
            found: Callable[[], _Decompressor] = importlib.import_module(module).ZstdDecompressor
        except ImportError:
            continue
        return found
    raise SourceError(
        f"{name} is compressed by zstd, which needs Python 3.14 or: pip install backports.zstd "
        f"(or give it through a pipe: zstd -dc {name} | oomlab explain -)"
    )


def _journal_hint(name: str) -> str:
    if name == _STDIN:
        return "save it to a file, and read that with journalctl --file FILE -o json"
    return f"read it with journalctl --file {shlex.quote(name)} -o json"


def _decompress(
    raw: Iterator[bytes],
    new: Callable[[], _Decompressor],
    name: str,
    on_damage: Callable[[str], object],
) -> Iterator[bytes]:
    """Decompress as far as the first damage."""
    got_any = False
    try:
        for piece in _members(raw, new):
            got_any = True
            yield piece
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        if not got_any:
            raise SourceError(f"{name} cannot be decompressed: {error}") from error
        on_damage(f"{name} is damaged: what follows the damage is not read")


def _members(raw: Iterator[bytes], new: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """Decompress one member after another, as ``cat a.gz b.gz`` makes them."""
    decompressor, is_begun = new(), False
    for data in raw:
        while data or not decompressor.needs_input:
            piece = decompressor.decompress(data, PIECE)
            data, is_begun = b"", True
            if piece:
                yield piece
            if decompressor.eof:
                data, decompressor, is_begun = decompressor.unused_data.lstrip(b"\0"), new(), False
                if not data:
                    break
    if is_begun:
        raise EOFError("it ends early")
