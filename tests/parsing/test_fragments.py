"""What a kernel printed in several calls, or a terminal broke at its last column, is whole again."""

from __future__ import annotations

import pytest

from oomlab.diagnosis import diagnose
from tests.support.texts import only

HEADER = """\
        [  50.000001] bake invoked oom-killer: gfp_mask=0x40cc0(GFP_KERNEL|__GFP_COMP), order=3
        [  50.000002] bake cpuset=
        [  50.000003] /
        [  50.000004]  mems_allowed=0
        [  50.000006] Mem-Info:
        [  50.000007] active_anon:100000 inactive_anon:1000 isolated_anon:0
        [  50.000007]  free:24800 free_pcp:0 free_cma:0
        [  50.000008] Node 0
        [  50.000009] Normal free:99200kB min:4000kB low:5000kB high:6000kB present:800000kB managed:780000kB
        [  50.000010] lowmem_reserve[]:
        [  50.000011]  0
        [  50.000012]  0
        [  50.000013] Node 0
        [  50.000014] Normal:
        [  50.000015] 16000*4kB
        [  50.000016] (UME)
        [  50.000017] 2000*8kB (UM)
        [  50.000019] 0*16kB
        [  50.000020] 0*32kB
"""
REST = """\
        [  50.000021] 300*64kB
        [  50.000028] = 99200kB
"""


def test_lists_of_which_each_part_is_a_line_are_joined():
    report = only(HEADER + REST)
    (zone,) = report.zones
    assert (zone.node, zone.lowmem_reserve, report.mems_allowed) == (0, (0, 0), "0")
    assert zone.free_blocks
    assert [(each.order, each.blocks, each.types) for each in zone.free_blocks if each.blocks] == [
        (0, 16000, "UME"),
        (1, 2000, "UM"),
        (4, 300, ""),
    ]
    assert diagnose(report).cause != "fragmentation"


def test_a_list_without_its_end_shows_no_fragmentation():
    report = only(HEADER)
    assert report.zones[0].free_blocks is None
    assert "The list of free blocks is cut: its sum is missing" in [each.reason for each in report.problems]
    assert not any("no block of that size" in each.claim for each in diagnose(report).findings)


def test_a_request_that_two_cpus_printed_over_keeps_its_name():
    report = only("""
        [ 6204.372355] swapper/3:
        [ 6204.380541] page allocation failure: order:0
        [ 6204.384197] , mode:0x1080020(GFP_ATOMIC), nodemask=
        [ 6204.400150] swapper/3 cpuset=
        [ 6204.404393] /
        """)
    assert report.trigger.comm == "swapper/3"


KILL = [
    "> [ 100.000001] crunch invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0",
    "> [ 100.000002] Pid: 700, comm: crunch Not tainted 2.6.32.20 #1",
    "> [ 100.000004] memory: usage 204800kB, limit 204800kB, failcnt 12",
    "> [ 100.000005] Free swap  = 123456kB",
    "> [ 100.000006] Memory cgroup out of memory: kill process 701 (crunch) score 1357 or a child",
    "> [ 100.000007] Killed process 701 (crunch) total-vm:900000kB, anon-rss:500000kB, file-rss:20kB",
]


@pytest.mark.parametrize("back", range(1, 60))
@pytest.mark.parametrize("cut", [2, 3, 4, 5])
def test_a_number_or_name_broken_by_a_terminal_is_whole_again(cut, back):
    """A line is broken anywhere behind the words by which it is known, as a narrow terminal does."""
    line = KILL[cut]
    place = len(line) - back
    if place < max(40, line.find("701") + 4) or line[place - 1] == " " or line[place] == " ":
        return  # whether a blank stood there is lost
    report = only("\n".join([*KILL[:cut], line[:place], f"> {line[place:]}", *KILL[cut + 1 :]]))
    (victim,) = report.victims
    assert (victim.pid, victim.comm, victim.score) == (701, "crunch", 1357)
    assert (victim.total_vm_kb, victim.anon_rss_kb) == (900000, 500000)
    assert report.memcg
    assert (report.memcg.usage_kb, report.memcg.limit_kb) == (204800, 204800)
    assert report.swap
    assert report.swap.free == 123456 // 4
