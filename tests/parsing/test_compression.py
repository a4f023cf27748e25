"""Compressed logs: all that comes before damage is read, and each kind is called what it is.

A new kind of compression or of damage goes here.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import random
import tarfile

import pytest

from oomlab import corpus
from oomlab.parsing import read_pieces
from oomlab.source import PIECE, SourceError, pieces

INCIDENT = corpus.incident().encode()
NOISE = random.Random(1).randbytes(300_000).hex().encode()  # hardly compresses: damage has a place to be


def _zstd(data: bytes) -> bytes:
    zstd = pytest.importorskip("backports.zstd")
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


OTHER = lzma.compress(b"other\n")
COMPRESSORS = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress, "zst": _zstd}


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file; return what came out, and the damage that was reported."""

    def go(data: bytes) -> tuple[bytes, list[str]]:
        (tmp_path / "log").write_bytes(data)
        damage: list[str] = []
        return b"".join(pieces(tmp_path / "log", on_damage=damage.append)), damage

    return go


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_whole_log_comes_out_as_it_went_in(read, kind):
    compress = COMPRESSORS[kind]
    assert read(compress(INCIDENT)) == (INCIDENT, [])
    assert read(compress(INCIDENT) + compress(NOISE)) == (INCIDENT + NOISE, [])


@pytest.mark.parametrize("kind", COMPRESSORS)
@pytest.mark.parametrize(
    "before", [b"", b"x", b"\x1f\n", b"B", NOISE[: PIECE - 1] + b"\xfd", NOISE[: PIECE - 12]]
)
def test_plain_and_compressed_parts_may_follow_one_another_in_any_order(read, kind, before):
    """As ``cat kern.log kern.log.1.gz kern.log.2.xz`` puts them."""
    packed = COMPRESSORS[kind](INCIDENT)
    text = "Grüße\n".encode() * 9000
    assert read(before + packed) == (before + INCIDENT, [])
    assert read(text + packed + text) == (text + INCIDENT + text, [])
    assert read(packed + text + OTHER + bytes(512) + packed) == (INCIDENT + text + b"other\n" + INCIDENT, [])


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_compressed_part_that_cannot_be_read_is_named_though_it_stands_behind_text(read, kind):
    out, reported = read(b"a\n" + COMPRESSORS[kind](NOISE)[:-100])
    assert out.startswith(b"a\n" + NOISE[: 0 if kind == "bz2" else 10_000])  # bzip2's blocks are that long
    (said,) = reported
    assert said.endswith("is damaged: what follows the damage is not read")


@pytest.mark.parametrize(
    "lead", [b"\x1f\x8b\x08", b"\x1f\x8b\x08\0\0\0\0\0\0\3\xff", b"BZh91AY&SY\xff", b"\xfd7zXZ\0\0"]
)
@pytest.mark.parametrize("times", [1, 3, 30_000])
def test_bytes_that_only_look_compressed_stay_as_they_are(read, lead, times):
    text = b"a\n" + lead * times + b"\nb"
    assert read(text) == (text, [])


@pytest.mark.parametrize("kind", COMPRESSORS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "garbage behind", "words behind", "last bytes"])
def test_what_comes_before_damage_is_read_and_the_damage_is_reported_once(read, kind, damage):
    first, second = COMPRESSORS[kind](INCIDENT), COMPRESSORS[kind](NOISE)
    data = bytearray(first + second)
    if damage == "cut":
        del data[-len(second) // 2 :]
    elif damage == "flipped":
        data[len(first) + len(second) // 2] ^= 0xFF
    elif damage == "garbage behind":
        data += b"\x01garbage" * 9
    elif damage == "words behind":
        data += b"garbage\n"
    else:
        data[-6] ^= 0xFF
    out, reported = read(bytes(data))
    assert out.startswith(INCIDENT)
    assert len(reported) == 1
    assert reported[0].endswith("is damaged: what follows the damage is not read")


@pytest.mark.parametrize(("kind", "place"), [("gz", -8), ("zst", -1)])
def test_a_log_with_nothing_wrong_but_its_checksum_is_read_whole(read, kind, place):
    data = bytearray(COMPRESSORS[kind](INCIDENT))
    data[place] ^= 0xFF
    out, reported = read(bytes(data))
    assert out == INCIDENT
    assert len(reported) == 1


def test_gzip_is_read_up_to_the_very_byte_of_the_damage(read):
    stored = bytearray(gzip.compress(INCIDENT, compresslevel=1))
    whole, _ = read(bytes(stored[: len(stored) // 2]))
    assert INCIDENT.startswith(whole)
    assert len(whole) > len(INCIDENT) // 4


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_damage_at_the_first_bytes_is_an_error_that_names_the_file(read, kind):
    data = bytearray(COMPRESSORS[kind](INCIDENT))
    data[6:40] = bytes(34)
    with pytest.raises(SourceError, match=r"log cannot be decompressed"):
        read(bytes(data))


def test_an_xz_that_asks_for_four_gigabytes_is_refused_before_it_gets_them(read):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": (1 << 30) + (1 << 29)}]
    data = bytearray(lzma.compress(INCIDENT, filters=filters[:0] or None))
    at = data.index(b"\x21\x01", 12)  # the filter's number and the size of its properties
    data[at + 2] = 40  # a dictionary of 4 GiB - 1
    import zlib

    header = data[12 : 12 + (data[12] + 1) * 4]
    data[12 + len(header) - 4 : 12 + len(header)] = zlib.crc32(bytes(header[:-4])).to_bytes(4, "little")
    with pytest.raises(SourceError, match="log cannot be decompressed: Memory usage limit"):
        read(bytes(data))


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (b"PK\x03\x04", "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x9d\x90", r"compress \(\.Z\)"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"]\x00\x00\x80\x00", "lzma"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(read, first, name):
    with pytest.raises(SourceError, match=f"log is a {name} file: unpack it first"):
        read(first + bytes(100))


def test_a_file_that_was_compressed_twice_is_said_to_hold_another(read):
    with pytest.raises(SourceError, match="log holds a gzip file: unpack it once"):
        read(gzip.compress(gzip.compress(INCIDENT)))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize(("pack", "said"), [(bytes, "is a tar file"), (gzip.compress, "holds a tar file")])
def test_an_archive_of_many_logs_is_named(read, form, pack, said):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=form) as tar:
        for name in ("var/log/kern.log", "dmesg"):
            member = tarfile.TarInfo(name)
            member.size = len(INCIDENT)
            tar.addfile(member, io.BytesIO(INCIDENT))
    with pytest.raises(SourceError, match=f"log {said}: unpack it"):
        read(pack(archive.getvalue()))


def test_a_pipe_that_gives_one_byte_at_first_is_known_all_the_same(monkeypatch):
    class Pipe(io.BytesIO):
        def read1(self, size: int = -1) -> bytes:
            return super().read1(1 if self.tell() < 3 else size)

    class Stdin:
        buffer = Pipe(gzip.compress(INCIDENT))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert b"".join(pieces("-")) == INCIDENT


def test_damaged_logs_still_give_their_reports(tmp_path):
    for kind, compress in COMPRESSORS.items():
        path = tmp_path / kind
        path.write_bytes((compress(INCIDENT) + compress(NOISE))[:-100])
        damage: list[str] = []
        assert len(list(read_pieces(pieces(path, on_damage=damage.append)))) == 1
        assert len(damage) == 1


def test_a_bomb_comes_out_in_pieces_of_a_bounded_size(tmp_path):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(20 << 20)))
    assert max(map(len, pieces(tmp_path / "bomb.gz"))) <= PIECE


def test_without_zstd_the_way_round_is_named(tmp_path, monkeypatch):
    def missing(name: str) -> None:
        raise ImportError(name)

    (tmp_path / "log.zst").write_bytes(b"(\xb5/\xfd" + bytes(20))
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(SourceError, match=r"zstd -dc .*log\.zst \| oomlab explain -"):
        list(pieces(tmp_path / "log.zst"))
