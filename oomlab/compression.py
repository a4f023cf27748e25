"""Compressed logs as bytes: everything that comes before damage, and then the damage.

gzip, xz, bzip2 and zstd behind one interface. Files of other kinds are known by their first bytes
too, so that they can be called what they are.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

MAGIC: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"(\xb5/\xfd": "zstd",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x9d": "compress (.Z)",
    b"\x04\x22\x4d\x18": "lz4",
    b"]\x00\x00": "lzma",
}
"""The first bytes of compressed files. Source: each format's own specification, and magic(5)."""

_PIECE = 64 << 10
_TAIL_BYTES = 1 << 20
"""The part before the damage that can be lost is at most this long; shorter files lose nothing before it."""

_MAX_MEMORY = 256 << 20
"""The most bytes that an xz file may ask for: its dictionary can claim to be 4 GiB."""

_ZSTD = ("compression.zstd", "backports.zstd")


class Damage(Exception):
    """Compressed data that no compressor wrote; ``rest`` is what could be had of it all the same."""

    def __init__(self, reason: object, rest: bytes = b"") -> None:
        super().__init__(str(reason))
        self.rest = rest


class Decompressor(Protocol):
    """The interface that bz2, lzma and zstd share."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return up to ``max_length`` bytes."""

    @property
    def needs_input(self) -> bool:
        """Whether all that it was given has come out."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed stream is reached."""

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""


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


def decompressor(kind: str) -> Callable[[], Decompressor] | None:
    """Return what makes a decompressor of this kind, or ``None`` where there is none.

    zstd needs Python 3.14 or the package backports.zstd.
    """
    if kind == "zstd":
        for module in _ZSTD:
            try:
                found: Callable[[], Decompressor] = importlib.import_module(module).ZstdDecompressor
            except ImportError:
                continue
            return found
    makers: dict[str, Callable[[], Decompressor]] = {
        "gzip": _Gunzip,
        "xz": lambda: lzma.LZMADecompressor(memlimit=_MAX_MEMORY),
        "bzip2": bz2.BZ2Decompressor,
    }
    return makers.get(kind)


def decompressed(raw: Iterable[bytes], new: Callable[[], Decompressor]) -> Iterator[bytes]:
    """Decompress one member after another, as ``cat a.gz b.gz`` makes them.

    Raises :class:`Damage` where the data is damaged or ends early, when all before that has been yielded.
    """
    member = _Member(new)
    for data in raw:
        while data or not member.needs_input:
            piece, after = member.decompress(data)
            data = b""
            if piece:
                yield piece
            if after is not None:
                data, member = after.lstrip(b"\0"), _Member(new)
                if not data:
                    break
    if member.is_begun:
        raise Damage("it ends early")


class _Member:
    """One compressed stream of a file, with its first megabyte kept, so as to go back for its last bytes."""

    def __init__(self, new: Callable[[], Decompressor]) -> None:
        self._new, self._current = new, new()
        self._kept: list[bytes] | None = []
        self._room = _TAIL_BYTES
        self._given = 0

    @property
    def needs_input(self) -> bool:
        return self._current.needs_input

    @property
    def is_begun(self) -> bool:
        return self._kept is None or bool(self._kept)

    def decompress(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return up to a piece of what comes out and, at the end of the stream, what follows it."""
        self._keep(data)
        try:
            piece = self._current.decompress(data, _PIECE)
        except MemoryError:
            raise
        except Exception as error:  # lzma, zlib and zstd have errors of their own, and bz2 raises OSError
            raise Damage(error, self._rest()) from None
        self._given += len(piece)
        return piece, self._current.unused_data if self._current.eof else None

    def _keep(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            self._kept = None
        elif self._kept is not None:
            self._kept.append(data)

    def _rest(self) -> bytes:
        """Decompress once more, byte by byte: what a call had found before it failed is not to be had."""
        again, found = self._new(), []
        try:
            for byte in b"".join(self._kept or ()):
                found.append(again.decompress(bytes([byte])))
        except Exception:  # the same one
            pass
        return b"".join(found)[self._given :]
