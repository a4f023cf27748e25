"""Logs of any length, from any source, without holding them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from oomlab.kernel import KernelVersion
from oomlab.parsing import find_notices, iter_reports, parse, parse_bytes, read_pieces
from oomlab.parsing.reader import LONG
from oomlab.report import Report
from oomlab.source import SourceError, pieces
from tests.support.stages import no_longer_than

HERE = Path(__file__).parents[1]
LOG = HERE.parent / "data/captures/oom-lowmem-ringbuffer.log"
SYSLOG = HERE / "samples/2.6.32-el6.log"
NOISE = b"".join(
    b"Jun 14 03:%02d:%02d db2 systemd[1]: Started Session %d of user root.\n" % (n // 60 % 60, n % 60, n)
    for n in range(20_000)
)
"""More than a megabyte in which nothing is to be found."""


def moved(report: Report, lines: int) -> tuple[object, ...]:
    """What must agree wherever a report stands."""
    zones = [replace(z, line=0, reserve_line=0, blocks_line=0) for z in report.zones]
    span = report.first_line + lines, report.last_line + lines
    return span, report.kind, report.trigger.comm, zones, len(report.tasks), report.source.lines


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("path", [LOG, SYSLOG], ids=["two reports", "syslog"])
def test_reports_in_a_long_log_read_as_they_do_alone(path):
    first = path.read_bytes()
    second = re.sub(rb"\[( *) (\d+\.)", rb"[\g<1>1\2", first)  # later: what has the same times is one report
    found = list(read_pieces([NOISE, first, NOISE, second]))
    before, lines = NOISE.count(b"\n"), first.count(b"\n")
    wanted = [moved(report, before) for report in parse_bytes(first)]
    wanted += [moved(report, 2 * before + lines) for report in parse_bytes(second)]
    assert [moved(report, 0) for report in found] == wanted


@pytest.mark.parametrize("size", [64_000, 99_991, 1 << 20])
def test_it_does_not_matter_where_pieces_end(size):
    data = NOISE + LOG.read_bytes() + NOISE
    assert list(read_pieces(chunks(data, size))) == list(read_pieces([data]))


def test_pieces_may_end_within_the_words_that_are_searched_for():
    report = SYSLOG.read_bytes()
    at = report.index(b"oom-killer: gfp_mask") + 7
    cuts = [NOISE + report[:at], report[at : at + 5], report[at + 5 :] + NOISE]
    assert list(read_pieces(cuts)) == list(read_pieces([b"".join(cuts)]))
    assert len(list(read_pieces(cuts))) == 1


def test_a_report_longer_than_any_guess_is_read_whole():
    head, rows = SYSLOG.read_bytes().split(b"[  421]", 1)
    stamp = b"Jun 14 03:08:55 db2 kernel: "
    table = b"".join(
        stamp + b"[%5d]   500 %5d   801223   440012   0       0             0 worker\n" % (n, n)
        for n in range(20_000, 40_000)
    )
    (report,) = read_pieces([NOISE, head.removesuffix(stamp), table, stamp + b"[  421]" + rows, NOISE])
    assert len(report.tasks) == 20_003
    assert [victim.pid for victim in report.victims] == [17990]


def test_kills_alone_are_found_in_a_long_log_without_headers():
    kills = (HERE / "samples/5.10-journal-errors-only.log").read_bytes().splitlines(keepends=True)
    data = NOISE.join(kills)
    assert [report.victims[0].pid for report in read_pieces(chunks(data, 1 << 20))] == [7001, 9120, 12000]


def test_the_text_of_a_long_log_reads_as_its_bytes_do():
    data = NOISE + LOG.read_bytes()
    assert parse(data.decode()) == parse_bytes(data) == list(iter_reports(data.splitlines()))


def test_memory_does_not_grow_with_the_log():
    def peak(times: int) -> int:
        tracemalloc.start()
        found = sum(
            1 for _ in read_pieces(part for _ in range(times) for part in (NOISE, SYSLOG.read_bytes()))
        )
        assert found == times
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(12) < 1.2 * peak(4)
    assert peak(4) < 16 << 20


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_compressed_files_read_as_the_log_in_them(pack, tmp_path):
    (tmp_path / "kern.log").write_bytes(
        pack(LOG.read_bytes()) + (pack(NOISE) if pack is not bytes else NOISE)
    )
    told: list[int] = []
    found = list(read_pieces(pieces(tmp_path / "kern.log", told.append)))
    assert found == parse_bytes(LOG.read_bytes() + NOISE)
    assert sum(told) == (tmp_path / "kern.log").stat().st_size


def test_utf_16_from_windows_reads(tmp_path):
    (tmp_path / "log.txt").write_bytes(LOG.read_text().encode("utf-16"))
    assert list(read_pieces(pieces(tmp_path / "log.txt"))) == parse(LOG.read_text())


def test_standard_input_reads(monkeypatch):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(LOG.read_bytes())))
    assert list(read_pieces(pieces("-"))) == parse_bytes(LOG.read_bytes())


def test_a_cut_archive_gives_what_it_has_and_says_so(tmp_path):
    (tmp_path / "kern.log.gz").write_bytes(gzip.compress(NOISE + LOG.read_bytes(), 1)[:-2000])
    with pytest.warns(UserWarning, match="damaged"):
        data = b"".join(pieces(tmp_path / "kern.log.gz"))
    assert NOISE.startswith(data[:1000])
    assert len(data) > len(NOISE) // 2


def test_an_archive_of_nothing_is_an_error(tmp_path):
    (tmp_path / "kern.log.gz").write_bytes(gzip.compress(NOISE)[:12])
    with pytest.raises(SourceError, match="cannot be decompressed"):
        list(pieces(tmp_path / "kern.log.gz"))


def test_zstd_without_a_library_says_what_to_do(tmp_path, monkeypatch):
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "kern.log.zst").write_bytes(b"(\xb5/\xfd" + bytes(100))
    with pytest.raises(SourceError, match=r"backports\.zstd"):
        list(pieces(tmp_path / "kern.log.zst"))


def test_a_binary_journal_says_what_to_do(tmp_path):
    (tmp_path / "system.journal").write_bytes(b"LPKSHHRH" + bytes(100))
    with pytest.raises(SourceError, match="journalctl --file"):
        list(pieces(tmp_path / "system.journal"))


def test_a_file_that_is_not_there_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(pieces(tmp_path / "none"))


def test_an_empty_log_has_no_reports():
    assert list(read_pieces([])) == list(iter_reports([])) == []


def test_a_long_log_of_nothing_but_headers_comes_to_an_end():
    """As ``grep oom-killer`` leaves them: no header ends in a gap, and none may be read for ever."""
    line = "Sep 23 02:04:16 db kernel: app{} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
    count = 2 * LONG // len(line)
    log = "".join(line.format(number) for number in range(count)).encode()
    with no_longer_than(60):
        reports = parse_bytes(log)
    assert [report.trigger.comm for report in reports] == [f"app{number}" for number in range(count)]


@pytest.mark.parametrize(
    "call",
    [
        lambda: iter_reports("sh invoked oom-killer: gfp_mask=0xd0"),
        lambda: read_pieces(b"sh invoked oom-killer: gfp_mask=0xd0"),  # type: ignore[arg-type]
        lambda: find_notices(b"exited with code 137"),  # type: ignore[arg-type]
        lambda: KernelVersion.of(3.10),  # type: ignore[arg-type]
    ],
)
def test_a_call_with_the_wrong_kind_of_log_says_what_is_right(call):
    with pytest.raises(TypeError, match=r"takes|as text"):
        call()


def test_an_error_while_reading_names_the_file():
    with pytest.raises(OSError, match="mem") as raised:
        list(pieces("/proc/self/mem"))
    assert raised.value.filename == "/proc/self/mem"
