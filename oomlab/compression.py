"""Compressed logs as bytes: everything that comes before damage, and then the damage.

gzip, xz, bzip2 and zstd behind one interface. Files of other kinds are known by their first bytes
too, so that they can be called what they are.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import re
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

_LEADS = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\x00": "xz", b"(\xb5/\xfd": "zstd", b"BZh": "bzip2"}
"""The same of what can be unpacked as a stream, for the search among text."""

_HEADER = re.compile(
    rb"\x1f\x8b\x08[\0\4\x08\x0c\x10].{4}[\0\2\4][\0-\x0d\xff]|BZh[1-9](?:1AY&SY|\x17rE8P\x90)"
    rb"|\xfd7zXZ\0\0[\0\1\4\n]|\(\xb5/\xfd",
    re.S,
)
"""What follows them. Source: RFC 1952, section 2.3; the formats of bzip2 and xz."""

_SHORTEST = 20
"""Bytes of the shortest compressed stream with anything in it, or nearly."""

_LONGEST_LEAD = max(map(len, _LEADS))

_PIECE = 64 << 10
_TRIED_BYTES = 16 << 10
"""Bytes that are unpacked, to find out whether they are compressed data."""

_MAX_TRIES = 64
"""The most places in a text where that is found out."""

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


class Supply(Iterator[bytes]):
    """Bytes that come in pieces, to look ahead in, and to put back what is of another part."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw = iter(raw)
        self._next = b""

    def __next__(self) -> bytes:
        piece, self._next = self._next or next(self._raw), b""
        return piece

    def put_back(self, data: bytes) -> None:
        """Give ``data`` once more before all that follows."""
        self._next = data + self._next

    def peek(self, size: int) -> bytes:
        """Return what comes next: ``size`` bytes or more, unless the supply ends before."""
        while len(self._next) < size and (more := next(self._raw, b"")):
            self._next += more
        return self._next

    def skip_zeros(self) -> None:
        """Leave out the zeros that fill a block of a tape behind a compressed stream."""
        while (found := self.peek(1)) and not found[0]:
            self._next = found.lstrip(b"\0")


def decompressed(raw: Supply, new: Callable[[], Decompressor]) -> Iterator[bytes]:
    """Decompress one stream, and leave in the supply what follows it.

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
                raw.put_back(after)
                raw.skip_zeros()
                return
    raise Damage("it ends early")


def packed_kind(raw: Supply) -> str | None:
    """Return what made the compressed stream that comes next; ``None`` where none does."""
    head = raw.peek(_LONGEST_LEAD)
    return next((kind for lead, kind in _LEADS.items() if head.startswith(lead)), None)


def plain_text(raw: Supply) -> Iterator[bytes]:
    """Yield what comes before the next compressed stream, as in ``cat kern.log kern.log.1.gz``."""
    tries = 0
    for data in raw:
        at = _lead_in(data) if tries < _MAX_TRIES else None
        if at is None:
            held = _held(data)
            yield data[: len(data) - held]
            if held:
                raw.put_back(data[len(data) - held :])
                if len(raw.peek(held + 1)) == held:
                    yield next(raw)
            continue
        yield data[:at]
        raw.put_back(data[at:])
        if _opens(raw):
            return
        tries += 1
        data = next(raw)
        yield data[:1]
        raw.put_back(data[1:])


def _lead_in(data: bytes) -> int | None:
    """Return where the first bytes of a compressed stream may stand; nowhere in a piece that is all ASCII."""
    if data.isascii():
        return None
    return min((at for lead in _LEADS if (at := data.find(lead)) >= 0), default=None)


def _held(data: bytes) -> int:
    """Return how many bytes at the end of a piece may be the first ones of a compressed stream."""
    ends = (data[-size:] for size in range(min(_LONGEST_LEAD, len(data)), 0, -1))
    return next((len(end) for end in ends if any(lead.startswith(end) for lead in _LEADS)), 0)


def _opens(raw: Supply) -> bool:
    """Whether a compressed stream really begins here: a log may hold such bytes by chance."""
    head = raw.peek(_TRIED_BYTES)[:_TRIED_BYTES]
    if len(head) < _SHORTEST or not _HEADER.match(head):
        return False
    new = decompressor(packed_kind(raw) or "")
    try:
        if new is not None:
            new().decompress(head, _PIECE)
    except MemoryError:
        raise
    except Exception:  # lzma, zlib and zstd have errors of their own, and bz2 raises OSError
        return False
    return True


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
