"""What can be judged from an excerpt, cut and changed as people do when they ask or write about a report.

The next excerpt that is read correctly and judged wrongly goes here.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from tests.support.texts import only

ZONE = "Node 0 Normal free:26920kB min:18240kB low:22800kB high:27360kB present:1310720kB managed:1243116kB"


def test_nothing_to_kill_in_a_group_is_no_panic():
    report = only("""
        memory: usage 141320kB, limit 163840kB, failcnt 917
        Memory cgroup stats for /box3: cache:36KB rss:140184KB
        Out of memory and no killable processes...
        """)
    assert diagnose(report).contributing == ("anon", "no_killable")


LISTS = """
    hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order={order}, oom_score_adj=0
    [...]
    Node 0 DMA: 0*4kB 3*8kB (U) 1*16kB (U) 4*32kB (U) 1*64kB (U) 2*1024kB (U) 2*4096kB (M) = 10472kB
    Node 0 Normal: {normal} = {sum}kB
    """


def test_lists_of_free_blocks_alone_show_fragmentation():
    report = only(
        LISTS.format(order=3, normal="5214*4kB (UME) 3308*8kB (UE) 1147*16kB (UE) 0*32kB", sum=65672)
    )
    assert [(zone.name, zone.watermark_min, zone.reconstructed) for zone in report.zones] == [
        ("DMA", None, True),
        ("Normal", None, True),
    ]
    assert (diagnose(report).cause, diagnose(report).confidence) == ("fragmentation", "medium")


@pytest.mark.parametrize(
    ("order", "normal", "total"),
    [
        (3, "5214*4kB (UME) 3308*8kB (UE) 1147*16kB (UE) 7*32kB (M)", 65896),  # there is a piece
        (3, "214*4kB (UME) 33*8kB (UE) 7*16kB (UE) 0*32kB", 1232),  # little is free
        (0, "5214*4kB (UME) 3308*8kB (UE) 1147*16kB (UE) 0*32kB", 65672),  # one page would do
    ],
)
def test_lists_of_free_blocks_alone_show_nothing_else(order, normal, total):
    assert diagnose(only(LISTS.format(order=order, normal=normal, sum=total))).cause == "undetermined"


def test_a_kernel_that_was_starting_had_too_little():
    report = only("""
        [    3.120714] swapper/0 invoked oom-killer: gfp_mask=0x6040c0(GFP_KERNEL|__GFP_COMP), order=0
        [    3.131902] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 4.19.90 #1
        [    3.402266] Unreclaimable slab info:
        [    3.519048] kmalloc-1024           47312KB      47312KB
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("too_little_ram", "low")


FIVE_LINES = """
    browser invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0
    Free swap  = {free}kB
    Total swap = 3145724kB
    oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task=hog,pid=3142,uid=7
    Out of memory: Killed process 3142 (hog) total-vm:91220416kB, anon-rss:{anon}kB, file-rss:12kB
    """


@pytest.mark.parametrize(
    ("free", "anon", "cause"),
    [
        (88, 52880640, "global_anon"),
        (88, 4096, "undetermined"),  # the victim held little
        (2400200, 52880640, "undetermined"),  # swap was not full
    ],
)
def test_full_swap_and_a_large_victim_hint_at_process_memory(free, anon, cause):
    assert diagnose(only(FIVE_LINES.format(free=free, anon=anon))).cause == cause


def test_a_kill_in_a_group_alone_is_worth_a_remedy():
    report = only(
        "Memory cgroup out of memory: Killed process 88 (java) total-vm:9kB, anon-rss:5kB, file-rss:0kB"
    )
    assert "memory.max" in diagnose(report).remedies[0]


def test_movable_memory_calls_for_other_remedies_than_highmem():
    judged = diagnose(
        only("""
        init invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        CPU: 3 PID: 1 Comm: init Not tainted 5.4.88 #1
        active_anon:48120 inactive_anon:71903 isolated_anon:0
         slab_reclaimable:27118 slab_unreclaimable:648212
        Node 0 Normal free:10416kB min:12040kB low:16020kB high:20000kB present:5242880kB managed:3984512kB
        lowmem_reserve[]: 0 12288 12288
        Node 0 Movable free:1088132kB min:2040kB low:3612kB high:5184kB present:1572864kB managed:1572864kB
        lowmem_reserve[]: 0 0 0
        """)
    )
    assert judged.cause == "lowmem_exhaustion"
    assert "movablecore=" in judged.remedies[0]
    assert not any("64-bit" in each or "VMSPLIT" in each for each in judged.remedies)


def test_a_movable_request_that_only_cma_would_have_served():
    """64 kB pages, 2 GB: page blocks of 512 MB are too few to be grouped by mobility."""
    judged = diagnose(
        only("""
        eater invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
        active_anon:19871 inactive_anon:112 isolated_anon:0
         slab_reclaimable:127 slab_unreclaimable:402
         free:8920 free_pcp:31 free_cma:7680
        Node 0 DMA32 free:570880kB min:88640kB low:110784kB high:132928kB managed:1935360kB free_cma:491520kB
        lowmem_reserve[]: 0 0 0
        Node 0 DMA32: 16*64kB (UM) 20*128kB (UM) 40*256kB (UM) 10*16384kB (MC) 3*131072kB (C) = 570880kB
        """)
    )
    assert (judged.cause, judged.confidence) == ("cma", "medium")


@pytest.mark.parametrize(("pids", "said"), [((41,), "1 process in"), ((41, 42), "2 processes in")])
def test_killed_groups_are_counted_in_the_right_number(pids, said):
    kills = [f"Memory cgroup out of memory: Killed process {pid} (worker) total-vm:9000kB" for pid in pids]
    head = "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
    group = "Tasks in /pod are going to be killed due to memory.oom.group set"
    usage = "memory: usage 102400kB, limit 102400kB, failcnt 12"
    text = "\n".join([head, usage, "Memory cgroup stats for /pod:", group, *kills])
    findings = diagnose(only(text)).findings
    assert any(said in finding.claim for finding in findings)


def test_one_zone_of_many_is_no_measure_of_what_the_whole_machine_holds():
    report = only(f"""
        active_anon:150000 inactive_anon:50000 isolated_anon:0
         active_file:400000 inactive_file:80000 isolated_file:0
         slab_reclaimable:12000 slab_unreclaimable:4000
         mapped:900 shmem:1000 pagetables:2000 bounce:0
         free:6000 free_pcp:10 free_cma:0
        {ZONE}
        """)
    assert diagnose(report).contributing == ("file",)
    assert "Page cache holds 1.8 GiB, 68 % of what is listed" in diagnose(report).summary


def test_a_zone_known_by_its_free_blocks_alone_does_not_hide_how_large_the_others_are():
    held = "active_anon:200000kB inactive_anon:300000kB active_file:150000kB inactive_file:150000kB"
    report = only(f"""
        Node 0 DMA32 free:9000kB min:8000kB low:10000kB {held} present:3100000kB managed:3000000kB
        lowmem_reserve[]: 0 0 5000 5000
        Node 0 Normal free:9000kB min:16000kB low:20000kB {held} present:5200000kB managed:5000000kB
        lowmem_reserve[]: 0 0 0 0
        Node 0 DMA: 1*4kB (U) 1*8kB (U) 1*16kB (U) 0*32kB 2*64kB (U) 1*128kB (U) = 284kB
        """)
    assert diagnose(report).cause == "undetermined"  # an eighth of the memory does not fill it
    without_sizes = replace(report, zones=tuple(replace(z, managed=None, present=None) for z in report.zones))
    assert "of what is listed" in diagnose(without_sizes).summary


def test_what_the_zones_shown_hold_is_no_part_of_zones_that_are_lost():
    """Node 0 lost its lines, and no totals are left: nothing is known to be in no counter."""
    report = only("""
        Node 1 Normal free:49436kB min:45444kB low:56804kB active_anon:14967844kB inactive_anon:1244560kB active_file:1552kB inactive_file:1992kB present:16777212kB managed:16514220kB shmem:138504kB slab_reclaimable:55300kB slab_unreclaimable:23152kB pagetables:50672kB
        lowmem_reserve[]: 0 0 0 0
        Node 0 Normal: 1231*4kB (UEM) 391*8kB (UEM) 456*16kB (UEM) 0*32kB = 15348kB
        Node 1 Normal: 12359*4kB (UEM) 0*8kB 0*16kB 0*32kB = 49436kB
        Free swap  = 0kB
        Total swap = 8388604kB
        8388605 pages RAM
        196000 pages reserved
        """)  # noqa: E501
    diagnosis = diagnose(report)
    assert (diagnosis.cause, "in no counter" in diagnosis.summary) == ("global_anon", False)


def test_without_its_header_a_request_only_seems_to_have_been_bound_to_a_node():
    zones = """
        Node 0 Normal free:7000kB min:8000kB low:9000kB high:10000kB present:1048576kB managed:1000000kB
        lowmem_reserve[]: 0 0
        Node 1 Normal free:900000kB min:8000kB low:9000kB high:10000kB present:1048576kB managed:1000000kB
        lowmem_reserve[]: 0 0
        """
    assert diagnose(only(zones)).cause == "numa_node_bound"
    assert "the request seems to have been bound to its node" in diagnose(only(zones)).summary
    header = "app invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
    assert "the request was bound to its node" in diagnose(only(header + dedent(zones))).summary


KILL_IN_GROUP = (
    "oom-kill:constraint={constraint},nodemask=(null),cpuset=box,mems_allowed=0,global_oom,"
    "task_memcg={group},task=java,pid=7134,uid=1000"
)


@pytest.mark.parametrize(
    ("constraint", "group", "is_said"),
    [
        ("CONSTRAINT_NONE", "/system.slice/docker-" + "0f" * 32 + ".scope", True),
        ("CONSTRAINT_NONE", "/", False),
        ("CONSTRAINT_CPUSET", "/box", False),
    ],
)
def test_that_no_group_met_its_limit_is_told_of_a_container(constraint, group, is_said):
    judged = diagnose(only(KILL_IN_GROUP.format(constraint=constraint, group=group)))
    assert ("No limit of a control group was met" in judged.summary) == is_said


def test_what_slub_says_at_the_end_of_a_failure_opens_no_other():
    """It ends the report above it, so the state of memory below is of another request."""
    log = dedent("""
        [ 90.000001] kworker/2:0: page allocation failure: order:0, mode:0x400000(GFP_NOWAIT)
        [ 90.000002] Mem-Info:
        [ 90.000003] active_anon:400 inactive_anon:40 isolated_anon:0
        [ 90.000004] Normal free:400kB min:390kB low:400kB high:410kB present:9000kB managed:8000kB
        [ 90.000005] SLUB: Unable to allocate memory on node -1, gfp=0x400000(GFP_NOWAIT)
        [ 90.000006]   cache: bt_work, object size: 64, buffer size: 96, default order: 0, min order: 0
        This is what the other machine wrote:
        [ 12.000001] Mem-Info:
        [ 12.000002] active_anon:900 inactive_anon:90 isolated_anon:0
        """)
    first, second = parse(log)
    assert (first.first_line, second.first_line) == (2, 9)


EDGE = """
    ld invoked oom-killer: gfp_mask=0xd0, order=2, oomkilladj=0
    Pid: 40, comm: ld Not tainted 2.6.28 #1
    Mem-Info:
    Active_anon:400 active_file:200 inactive_anon:400 inactive_file:200 unevictable:0 dirty:1 writeback:0
     free:29400 slab:3000 mapped:100 pagetables:200 bounce:0
    DMA free:467728kB min:4064kB low:5080kB high:6096kB active_anon:1600kB
    Normal free:117600kB min:4064kB low:5080kB high:6096kB active_anon:1600kB
    lowmem_reserve[]: 0 0 0
    DMA: 101853*4kB 7419*8kB 2*16kB 2*32kB 1*64kB 0*128kB 1*256kB 1*512kB = 467688kB
    {blocks}
    Killed process 41 (cc1)
    """


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (
            "Normal: 28880*4kB 97*8kB 1*16kB 1*32kB 0*64kB 1*128kB 1*256kB 0*512kB 1*1024kB = 117752kB",
            "but not by high, which the last try before a kill asks for",
        ),
        ("", "the list of its free blocks is lost"),
    ],
)
def test_zones_that_would_have_served_by_min_are_not_called_full(blocks, said):
    assert said in diagnose(only(EDGE.format(blocks=blocks))).summary
