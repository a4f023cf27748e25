"""Forms of Linux 2.4 to 2.6 that few kernels print.

The next form that only such kernels have goes here.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.verdict import zones_built_in
from tests.support.texts import reports

LOWMEM = """
    DMA free:3588kB min:68kB low:84kB high:100kB active:0kB inactive:696kB present:16384kB
    lowmem_reserve[]: 0 880 2031
    Normal free:3740kB min:3756kB low:4692kB high:5632kB active:0kB inactive:368kB present:901120kB
    lowmem_reserve[]: 0 0 9212
    HighMem free:776kB min:512kB low:512kB high:640kB active:43564kB inactive:975404kB present:1025792kB
    lowmem_reserve[]: 0 0 0
"""


def test_free_swap_may_be_told_in_pages():
    (report,) = reports("""
        oom-killer: gfp_mask=0x1d2
        Normal free:324kB min:260kB low:520kB high:780kB active:86264kB inactive:96kB present:92160kB
        protections[]: 0 0
        nr_free_swap_pages: 96406
        Swap cache: add 43208, delete 37287, find 17772/20797, race 0+1
        Out of Memory: Killed process 1147 (bk).
        """)
    assert report.swap is not None
    assert (report.swap.free, report.swap.total) == (96406, None)


def test_swap_of_unknown_size_was_unused_if_much_of_it_was_free():
    (report,) = reports("""
        oom-killer: gfp_mask=0x1d2
        Active:24259 inactive:32 dirty:0 writeback:0 unstable:0 free:91 slab:893 mapped:24263 pagetables:153
        Normal free:420kB min:344kB low:688kB high:1032kB active:111540kB inactive:128kB present:122880kB
        protections[]: 0 0
        nr_free_swap_pages: 96406
        Out of Memory: Killed process 1147 (bk).
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("swap_unused", "medium")


def test_memory_shown_by_the_debugger_is_no_oom():
    (report,) = reports("""
        3:mon> mi
        Mem-info:
        Node 0 DMA free:31552kB min:10048kB low:12544kB high:15040kB active:1444544kB present:7298048kB
        lowmem_reserve[]: 0 0
        """)
    assert report.kind == "show_mem"
    assert diagnose(report).cause == "not_oom"


def test_sums_of_nodes_on_ia64_are_not_taken_for_damage():
    (report,) = reports("""
        hugetest invoked oom-killer: gfp_mask=0x1280d2, order=0, oomkilladj=0
        Node 0 Normal free:1856kB min:2496kB low:3072kB high:3712kB active:280832kB present:455680kB
        lowmem_reserve[]: 0 0
        Node 0 Normal: 2*64kB 2*128kB 0*256kB 0*512kB 0*1024kB 1*2048kB = 2432kB
        Node memory in pages:
        Node    0:  RAM:        6144, rsvd:     1154, shrd:        112, swpd:          0
        Node    1:  RAM:        1024, rsvd:       88, shrd:          3, swpd:          0
        7168 pages of RAM
        1242 reserved pages
        Killed process 2909 (bash)
        """)
    assert report.problems == ()
    assert report.totals["ram"] == 7168


def test_counters_cut_at_the_front_still_tell_what_fills_lowmem():
    (report,) = reports("057 slab:191639 mapped:10783 pagetables:102" + LOWMEM)
    assert report.totals["slab"] == 191_639
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_red_hats_2_4_kills_first_and_counts_zones_in_pages():
    (report,) = reports("""
        Jul 20 13:45:44 db kernel: Out of Memory: Killed process 23716 (oracle).
        Jul 20 13:45:44 db kernel: Fixed up OOM kill of mm-less task
        Jul 20 13:45:48 db kernel: Mem-info:
        Jul 20 13:45:48 db kernel: Zone:DMA freepages:  1884 min:     0 low:     0 high:     0
        Jul 20 13:45:48 db kernel: Zone:Normal freepages:  1084 min:  1279 low:  4544 high:  6304
        Jul 20 13:45:48 db kernel: Zone:HighMem freepages:336410 min:   221 low: 53888 high: 80832
        Jul 20 13:45:48 db kernel: Free pages:      338992 (336410 HighMem)
        Jul 20 13:45:48 db kernel: 139345 pages of slabcache
        Jul 20 13:45:48 db kernel: Free swap:       16749720kB
        Jul 20 13:45:49 db kernel: 4194304 pages of RAM
        Jul 20 13:45:49 db kernel: 3899360 pages of HIGHMEM

        I wonder about this line, which says that there is less than the minimum:
        Zone:Normal freepages:  1084 min:  1279 low:  4544 high:   6304   ---->
        """)
    assert [victim.pid for victim in report.victims] == [23716]
    assert [(zone.free, zone.watermark_min) for zone in report.zones] == [
        (1884, 0),
        (1084, 1279),
        (336410, 221),
    ]
    judged = diagnose(report)
    assert (judged.cause, judged.contributing) == ("lowmem_exhaustion", ("slab",))
    assert "less than its high mark" not in judged.summary, "what DMA kept back is not in the log"


def test_cache_waiting_to_be_written_is_told_by_the_counts_below_the_zones():
    (report,) = reports("""
        DMA: 0*4kB 1*8kB 1*16kB 0*32kB 1*64kB 1*128kB 1*256kB 0*512kB 1*1024kB 1*2048kB 0*4096kB = 3544kB
        Normal: 1*4kB 0*8kB 1*16kB 1*32kB 0*64kB 1*128kB 0*256kB 1*512kB 0*1024kB 1*2048kB 0*4096kB = 2740kB
        Free swap:       2197628kB
        294912 pages of RAM
        5666 reserved pages
        88876 pages dirty
        115111 pages writeback
        Out of memory: kill process 1853 (named) score 9937 or a child
        Killed process 1853 (named)
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("writeback", "low")


def test_protections_without_the_low_mark_are_reserves():
    (report,) = reports("""
        oom-killer: gfp_mask=0xd0
        DMA free:44kB min:16kB low:32kB high:48kB active:4kB inactive:0kB present:16384kB
        protections[]: 8 476 732
        Normal free:1864kB min:936kB low:1872kB high:2808kB active:1236kB inactive:1060kB present:901120kB
        protections[]: 0 468 724
        HighMem free:92032kB min:512kB low:1024kB high:1280kB active:45400kB present:1026272kB
        protections[]: 0 0 256
        Out of Memory: Killed process 6906 (greeter).
        """)
    assert [zone.lowmem_reserve for zone in report.zones] == [(0, 468, 724), (0, 0, 256), (0, 0, 0)]
    assert zones_built_in(report) == ("DMA", "Normal", "HighMem")


def test_a_group_far_below_its_limit_is_told_as_such():
    (report,) = reports("""
        mailer invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=-500
        Task in / killed as a result of limit of /lxc/guest7
        memory: usage 46276kB, limit 227328kB, failcnt 86914
        memory+swap: usage 46276kB, limit 455680kB, failcnt 0
        Memory cgroup out of memory: Kill process 31826 (web-worker) score 895 or sacrifice child
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("memcg_limit", "medium")
    assert "far below the limit" in judged.summary
    assert report.memcg is not None
    kernels_own = replace(report.memcg, kmem_usage_kb=6144, kmem_limit_kb=6144)
    assert diagnose(replace(report, memcg=kernels_own)).confidence == "high"


def test_a_report_cut_before_highmem_still_shows_that_there_is_one():
    (report,) = reports("""
        viewer invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0
        Mem-Info:
        Active_anon:86212 active_file:65412 inactive_anon:12550
         inactive_file:972008 unevictable:754 dirty:0 writeback:256 unstable:0
         free:585588 slab:77632 mapped:19451 pagetables:1293 bounce:0
        DMA free:1984kB min:88kB low:108kB high:132kB active_anon:0kB present:15864kB
        lowmem_reserve[]: 0 478 8104 8104
        Normal free:2728kB min:2752kB low:3440kB high:4128kB active_anon:0kB present:489704kB
        """)
    assert zones_built_in(report) == ("DMA", "Normal", "HighMem", "Movable")
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_a_size_below_zero_is_told_as_the_kernels_mistake():
    (report,) = reports("""
        insmod invoked oom-killer: gfp_mask=0xd1, order=0, oomkilladj=0
        Node 0 DMA free:1392kB min:124484508684564kB low:155605635855704kB high:186726763026848kB \
        active:0kB present:18446744073709538996kB
        lowmem_reserve[]: 0 2026
        Node 0 DMA32 free:1771604kB min:5024kB low:6280kB high:7536kB active:0kB present:1805556kB
        lowmem_reserve[]: 0 0
        Kernel panic - not syncing: Out of memory and no killable processes...
        """)
    assert [problem.line for problem in report.problems if "no machine has" in problem.reason] == [2]
    assert diagnose(report).cause == "dma_exhaustion"


def test_a_counter_that_the_kernel_printed_without_its_colon_is_read():
    """Form: 2.6.28, whose format for this one name had no colon."""
    log = """\
        sh invoked oom-killer: gfp_mask=0x201da, order=0, oomkilladj=0
        Mem-Info:
        Active_anon:46453 active_file:122 inactive_anon15696
         inactive_file:88 unevictable:0 dirty:0 writeback:0 unstable:0
        """
    (report,) = parse(dedent(log))
    assert report.totals["inactive_anon"] == 15696
    assert report.totals["active_file"] == 122
