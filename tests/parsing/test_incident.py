"""The incident's damaged report, read to the kilobyte; and what happens when more of it is lost."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from oomlab.errors import ReportError
from oomlab.parsing import parse, parse_bytes

LOG = Path(__file__).parents[2] / "data" / "incident" / "oom-report.log"
SEED = 1772321
EVERYTHING = bool(os.environ.get("OOMLAB_FULL"))
"""``OOMLAB_FULL=1`` cuts at every byte instead of a sample of them."""

_SHORT = 120
"""Bytes from which on a part of the report is known for what it is: more than any of its lines needs."""


@pytest.fixture(scope="module")
def text() -> str:
    return LOG.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(text):
    (only,) = parse(text)
    return only


def kb(pages: int | None) -> int | None:
    return None if pages is None else 4 * pages


def test_who_asked_for_what(report):
    trigger = report.trigger
    assert (trigger.comm, trigger.pid, trigger.line) == ("clamd", 21832, 1)
    assert (trigger.gfp_mask, trigger.order, trigger.oom_adj, trigger.oom_score_adj) == (0x84D0, 0, 0, 0)
    assert (report.kind, report.scope, report.first_line, report.last_line) == ("oom", "global", 1, 78)
    assert (str(report.kernel), report.page_size_kb) == ("3.2.59", 4)
    assert report.trace[:3] == ("dump_header", "oom_kill_process", "out_of_memory")
    assert "pte_alloc_one" in report.trace


@pytest.mark.parametrize(
    ("name", "free", "marks", "present", "reserve", "reconstructed"),
    [
        ("DMA", 3624, (140, 172, 208), 15808, (0, 869, 32487, 32487), False),
        ("Normal", 8056, (8048, 10060, 12072), 890008, (0, 0, 252949, 252949), False),
        ("HighMem", 561924, (512, 73712, 146916), None, (0, 0, 0, 0), True),
    ],
)
def test_zones_to_the_kilobyte(report, name, free, marks, present, reserve, reconstructed):
    zone = report.zone(name)
    assert kb(zone.free) == free
    assert (kb(zone.watermark_min), kb(zone.watermark_low), kb(zone.watermark_high)) == marks
    assert (kb(zone.present), zone.lowmem_reserve, zone.reconstructed) == (present, reserve, reconstructed)


def test_highmem_is_bounded_where_it_cannot_be_known(report):
    least, most = report.zone("HighMem").present_bounds
    assert (least, most) == (8_094_368, 8_094_399)
    assert least // 32 == most // 32 == report.zone("Normal").lowmem_reserve[2]


def test_wrapped_lines_are_whole_again(report):
    normal = report.zone("Normal")
    assert normal.counters.keys() == report.zone("DMA").counters.keys()
    assert normal.counters["isolated(file)"] == 0
    assert kb(normal.counters["slab_reclaimable"]) == 513008
    assert normal.counters["pages_scanned"] == 1015
    assert normal.flags == {"all_unreclaimable?": "yes"}


def test_free_blocks_add_up_to_free(report):
    for zone in report.zones:
        assert sum(blocks.blocks << blocks.order for blocks in zone.free_blocks) == zone.free
    assert report.totals["free"] == 143494


def test_totals_swap_and_tasks(report):
    assert report.totals["ram"] == 8650736
    assert report.totals["highmem"] == 8422402
    assert report.totals["slab_reclaimable"] == 128312
    assert report.totals["shared"] == 7885006
    assert report.totals["pagecache"] == 7891360
    assert (kb(report.swap.total), kb(report.swap.free), report.swap.cached) == (1959892, 1959892, 0)
    assert [(task.pid, task.comm, task.total_vm, task.rss) for task in report.tasks] == [
        (14579, "rsync", 579, 171),
        (14580, "rsync", 677, 215),
        (21832, "clamd", 42469, 37403),
    ]


def test_who_was_killed(report):
    (victim,) = report.victims
    assert (victim.pid, victim.comm, victim.score) == (21832, "clamd", 4)
    assert (victim.total_vm_kb, victim.anon_rss_kb, victim.file_rss_kb) == (169876, 146900, 2712)


def test_every_loss_is_told_with_its_line(report):
    told = [(problem.line, problem.reason.split(".")[0]) for problem in report.problems]
    assert told == [
        (35, "CPU 6 is missing from the per-cpu list of zone Normal"),
        (58, "The line of zone HighMem is lost"),
        (73, "This line is not the kernel's: the task table may have lost rows here"),
    ]


def test_source_is_the_log_as_it_was_given(report, text):
    assert [line.text for line in report.source] == text.split("\n")[:78]
    assert report.quote(54).text.startswith("Sep 23 02:04:16 [kernel] [1772321.850770] Normal free:8056kB")


def readable(data: bytes) -> None:
    """Whatever is left reads as reports that tell of problems, or as none if it has no line of a report."""
    try:
        reports = parse_bytes(data)
    except ReportError:
        assert len(data) < _SHORT
        return
    assert all(report.problems for report in reports)


def test_cut_anywhere_it_reads_or_says_that_it_cannot(text):
    data = text.encode()
    places = range(len(data)) if EVERYTHING else random.Random(SEED).sample(range(len(data)), 500)
    for place in places:
        readable(data[:place])
        readable(data[place:])


def test_without_any_line_it_still_reads(text):
    lines = text.encode().splitlines(keepends=True)
    for index in range(len(lines)):
        readable(b"".join(lines[:index] + lines[index + 1 :]))


def test_with_any_line_twice_it_still_reads(text):
    lines = text.encode().splitlines(keepends=True)
    for index in range(len(lines)):
        readable(b"".join([*lines[: index + 1], *lines[index:]]))


def test_nothing_to_read_is_an_error_that_says_what_to_give():
    with pytest.raises(ReportError, match="invoked oom-killer"):
        parse("Sep 23 02:04:16 [kernel] all is well\n")
