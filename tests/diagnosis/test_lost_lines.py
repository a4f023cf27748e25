"""A line that a log lost, or cut, takes a claim away and never makes one: what is not shown is not zero.

``OOMLAB_FULL=1`` takes every line of every report of the repository; without it, a sample.
"""

from __future__ import annotations

import os
import re
from itertools import product
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.finding import Diagnosis
from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.report import Report
from tests.support.texts import only

REPO = Path(__file__).parents[2]
FOLDERS = ("data/incident", "data/captures", "tests/samples", "tests/diagnosis/cases")
LOGS = sorted(log for folder in FOLDERS for log in (REPO / folder).glob("*.log"))
STEP = 1 if os.environ.get("OOMLAB_FULL") else 5

NEEDS_ALL = {"unaccounted", "min_free_kbytes", "mem_map", "dma_exhaustion"}
"""Claims about sums over all zones or counters, or about a zone that nobody else could serve."""

_MEMORY = re.compile(
    r"free:\d|_anon:\d|_file:\d|unevictable:|slab|mapped:|lowmem_reserve|pages (?:RAM|Hi|res)"
)
_LOWMEM = re.compile(r"(\d+) % of lowmem")


def reports(log: str) -> list[Report]:
    try:
        return parse(log)
    except ReportError:
        return []


def shares(diagnosis: Diagnosis) -> list[int]:
    return [int(share) for share in _LOWMEM.findall(diagnosis.summary)]


def _is_only_zone(line: str, lines: list[str]) -> bool:
    """Whether this is the line of the only zone: no other shows that its end is lost."""
    return "managed:" in line and sum("managed:" in each for each in lines) == 1


def drop(line: str) -> str:
    return ""


def cut(line: str) -> str:
    """The first two thirds of a line's words."""
    words = line.rstrip("\n").split(" ")
    return " ".join(words[: len(words) * 2 // 3]) + "\n"


@pytest.mark.parametrize(
    ("log", "damage"), [*product(LOGS, (drop, cut))], ids=lambda each: getattr(each, "stem", "")
)
def test_a_line_that_is_lost_makes_no_claim(log, damage):
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    whole = [diagnose(report) for report in reports("".join(lines))]
    places = [number for number, line in enumerate(lines) if _MEMORY.search(line)]
    for number in places[::STEP]:
        damaged = [*lines[:number], damage(lines[number]), *lines[number + 1 :]]
        found = [diagnose(report) for report in reports("".join(damaged))]
        if len(found) != len(whole) or (damage is cut and _is_only_zone(lines[number], lines)):
            continue
        for before, after in zip(whole, found, strict=True):
            added = {after.cause, *after.contributing} - {before.cause, *before.contributing}
            assert not added & NEEDS_ALL, (number + 1, after.summary)
            worse = max(shares(after), default=0) - max(shares(before), default=0)
            assert worse <= 5, (number + 1, after.summary)


ZONES = """
[ 1.000000] hog invoked oom-killer: gfp_mask={mask}, order=0, oom_score_adj=0
[ 1.000001] Mem-Info:
[ 1.000002] active_anon:1000 inactive_anon:1000 isolated_anon:0
[ 1.000002]  active_file:100 inactive_file:100 isolated_file:0
[ 1.000002]  unevictable:0 dirty:0 writeback:0
[ 1.000002]  slab_reclaimable:1000 slab_unreclaimable:2000
[ 1.000002]  mapped:0 shmem:0 pagetables:100 bounce:0
[ 1.000002]  free:95000 free_pcp:0 free_cma:0
[ 1.000003] Node 0 DMA free:1984kB min:760kB low:948kB high:1136kB present:15992kB managed:15360kB
[ 1.000004] lowmem_reserve[]: 0 320 320 320
[ 1.000005] Node 0 DMA32 free:15708kB min:15732kB low:19664kB high:23596kB present:376800kB managed:327000kB
[ 1.000006] lowmem_reserve[]: 0 0 0 0
[ 1.000007] 196475 pages RAM
[ 1.000008] 14776 pages reserved
"""
"""Node 0 of two, which is short; what lies on the other is only in the totals."""


def test_a_request_that_any_zone_could_serve_did_not_have_to_come_from_dma():
    judged = diagnose(only(ZONES.format(mask="0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO)")))
    assert judged.cause != "dma_exhaustion"


def test_a_zone_that_was_cut_before_its_size_is_no_small_zone():
    """Seen in a mail: the line ends in ``present:1018016``."""
    log = """
        rsync: page allocation failure. order:0, mode:0x20
        Mem-Info:
        Node 0 DMA free:3988kB min:24kB low:28kB high:36kB active_anon:0kB inactive_anon:0kB present:6840kB
        lowmem_reserve[]: 0 994 994 994
        Node 0 DMA32 free:1388kB min:4020kB low:5024kB high:6028kB active_anon:56260kB present:1018016
        """
    told = diagnose(only(log)).summary
    assert "% of what they have" not in told
    assert "79 %" not in told


def test_lowmem_that_drivers_took_is_named_on_a_kernel_whose_zones_show_no_page_tables():
    (report, *_) = parse((REPO / "data/captures/oom-lowmem-ringbuffer.log").read_text())
    judged = diagnose(report)
    assert (judged.cause, judged.contributing) == ("lowmem_exhaustion", ("unaccounted",))
    assert "% of lowmem, is in no counter of this report" in judged.summary
    assert "page_owner" in " ".join(judged.remedies)
