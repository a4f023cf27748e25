"""Forms of Linux 2.4 to 2.6 that few kernels print, and how people paste them."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from oomlab.diagnose import diagnose
from oomlab.parse import parse
from oomlab.verdict import zones_built_in

LOWMEM = """
    DMA free:3588kB min:68kB low:84kB high:100kB active:0kB inactive:696kB present:16384kB
    lowmem_reserve[]: 0 880 2031
    Normal free:3740kB min:3756kB low:4692kB high:5632kB active:0kB inactive:368kB present:901120kB
    lowmem_reserve[]: 0 0 9212
    HighMem free:892kB min:512kB low:640kB high:768kB active:50076kB inactive:1121156kB present:1179136kB
    lowmem_reserve[]: 0 0 0
"""


def reports(text: str):
    """The reports of a text that is set in."""
    return parse(dedent(text).strip("\n"))


def test_names_set_in_bold_are_names():
    (report,) = reports("""
        kernel: [99.1] hog invoked oom-killer: gfp_mask=0x201da, order=0, oomkilladj=0
        kernel: [99.2] Out of memory: kill process 4495 (**firefox**) score 182289 or a child
        kernel: [99.3] Killed process 4495 (**firefox**)
        """)
    assert [victim.comm for victim in report.victims] == ["firefox"]


def test_headers_found_with_grep_are_a_report_each():
    found = reports("""
        Jun 19 08:38:38 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 08:40:13 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 08:40:13 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 09:21:33 db kernel: oom-killer: gfp_mask=0xd2
        """)
    assert [report.trigger.line for report in found] == [1, 2, 4], "line 3 is line 2 once more"


def test_free_swap_may_be_told_in_pages():
    (report,) = reports("""
        oom-killer: gfp_mask=0x1d2
        Normal free:376kB min:300kB low:600kB high:900kB active:99156kB inactive:96kB present:106496kB
        protections[]: 0 0
        nr_free_swap_pages: 96406
        Swap cache: add 49668, delete 42859, find 20428/23905, race 0+1
        Out of Memory: Killed process 1147 (bk).
        """)
    assert report.swap is not None
    assert (report.swap.free, report.swap.total) == (96406, None)


def test_swap_of_unknown_size_was_unused_if_much_of_it_was_free():
    (report,) = reports("""
        oom-killer: gfp_mask=0x1d2
        Active:27885 inactive:32 dirty:0 writeback:0 unstable:0 free:105 slab:1027 mapped:27889 pagetables:177
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
        Node 0 DMA free:36288kB min:11584kB low:14464kB high:17344kB active:1660416kB present:8388608kB
        lowmem_reserve[]: 0 0
        """)
    assert report.kind == "show_mem"
    assert diagnose(report).cause == "not_oom"


def test_sums_of_nodes_on_ia64_are_not_taken_for_damage():
    (report,) = reports("""
        resvtest invoked oom-killer: gfp_mask=0x1280d2, order=0, oomkilladj=0
        Node 0 Normal free:2176kB min:2880kB low:3584kB high:4288kB active:322816kB present:523776kB
        lowmem_reserve[]: 0 0
        Node 0 Normal: 2*64kB 2*128kB 0*256kB 0*512kB 0*1024kB 1*2048kB = 2432kB
        Node memory in pages:
        Node    0:  RAM:        8192, rsvd:     1327, shrd:        129, swpd:          0
        Node    1:  RAM:           0, rsvd:        0, shrd:          0, swpd:          0
        8192 pages of RAM
        1327 reserved pages
        Killed process 2909 (bash)
        """)
    assert report.problems == ()
    assert report.totals["ram"] == 8192


def test_a_header_inside_another_cpus_line_is_found_by_its_level():
    found = reports("""
        cc1 invoked oom-killer: gfp_mask=0x280d2, order=0, oomkilladj=0
         [<c0147386>] out_of_memory+0x70/0xf6
         [<c01484c4>] <4>make invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0
         [<c0147386>] out_of_memory+0x70/0xf6
        """)
    assert [report.trigger.comm for report in found] == ["cc1", "make"]
    assert found[1].trigger.line == 3


def test_kills_that_lost_their_line_ends_are_all_read():
    (report,) = reports(
        "Killed process 19271 (applet)Out of memory: kill process 12475 (qemu) score 7899 or a child"
        "Killed process 12475 (qemu)"
    )
    assert [victim.comm for victim in report.victims] == ["applet", "qemu"]


def test_counters_cut_at_the_front_still_tell_what_fills_lowmem():
    (report,) = reports("057 slab:220275 mapped:12395 pagetables:118" + LOWMEM)
    assert report.totals["slab"] == 220_275
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_red_hats_2_4_kills_first_and_counts_zones_in_pages():
    (report,) = reports("""
        Jul 20 13:45:44 db kernel: Out of Memory: Killed process 23716 (oracle).
        Jul 20 13:45:44 db kernel: Fixed up OOM kill of mm-less task
        Jul 20 13:45:48 db kernel: Mem-info:
        Jul 20 13:45:48 db kernel: Zone:DMA freepages:  1884 min:     0 low:     0 high:     0
        Jul 20 13:45:48 db kernel: Zone:Normal freepages:  1084 min:  1279 low:  4544 high:  6304
        Jul 20 13:45:48 db kernel: Zone:HighMem freepages:386679 min:   255 low: 61952 high: 92928
        Jul 20 13:45:48 db kernel: Free pages:      389647 (386679 HighMem)
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
        (386679, 255),
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
        HighMem free:105792kB min:512kB low:1024kB high:1536kB active:52184kB present:1179632kB
        protections[]: 0 0 256
        Out of Memory: Killed process 6906 (kdm_greet).
        """)
    assert [zone.lowmem_reserve for zone in report.zones] == [(0, 468, 724), (0, 0, 256), (0, 0, 0)]
    assert zones_built_in(report) == ("DMA", "Normal", "HighMem")


def test_a_group_far_below_its_limit_is_told_as_such():
    (report,) = reports("""
        mysqld invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=-1000
        Task in / killed as a result of limit of /lxc/VM_A
        memory: usage 53192kB, limit 262144kB, failcnt 99902
        memory+swap: usage 53192kB, limit 524288kB, failcnt 0
        Memory cgroup out of memory: Kill process 31826 (php5-fpm) score 895 or sacrifice child
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("memcg_limit", "medium")
    assert "far below the limit" in judged.summary
    assert report.memcg is not None
    kernels_own = replace(report.memcg, kmem_usage_kb=8192, kmem_limit_kb=8192)
    assert diagnose(replace(report, memcg=kernels_own)).confidence == "high"


def test_a_report_cut_before_highmem_still_shows_that_there_is_one():
    (report,) = reports("""
        Xorg invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0
        Mem-Info:
        Active_anon:99096 active_file:75187 inactive_anon:14426
         inactive_file:1117251 unevictable:867 dirty:0 writeback:256 unstable:0
         free:673090 slab:89233 mapped:22358 pagetables:1487 bounce:0
        DMA free:1984kB min:88kB low:108kB high:132kB active_anon:0kB present:15864kB
        lowmem_reserve[]: 0 478 8104 8104
        Normal free:2728kB min:2752kB low:3440kB high:4128kB active_anon:0kB present:489704kB
        """)
    assert zones_built_in(report) == ("DMA", "Normal", "HighMem", "Movable")
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_lines_joined_as_pieces_of_code_are_lines():
    (report,) = reports(
        "SysRq : Manual OOM execution `` ``events/0 invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0"
        " `` ``[<``c04584e9``>] out_of_memory+0x72/0x1a5 `` ``[<``c053a2eb``>] moom_callback+0x13/0x15"
        " `` ``Mem-info: ``…… (snip) ……`` ``Out of memory: Killed process 4860 (xfs)."
    )
    assert (report.trigger.comm, report.victims[0].comm) == ("events/0", "xfs")
    assert report.trace == ("out_of_memory", "moom_callback")
    assert diagnose(report).cause == "sysrq_manual"


def test_a_size_below_zero_is_told_as_the_kernels_mistake():
    (report,) = reports("""
        swapper invoked oom-killer: gfp_mask=0xd1, order=0, oomkilladj=0
        Node 0 DMA free:1616kB min:143085642166168kB low:178857052707708kB high:214628463249252kB \
        active:0kB present:18446744073709538996kB
        lowmem_reserve[]: 0 2026
        Node 0 DMA32 free:2036328kB min:5776kB low:7220kB high:8664kB active:0kB present:2075356kB
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
        Active_anon:53395 active_file:141 inactive_anon18042
         inactive_file:88 unevictable:0 dirty:0 writeback:0 unstable:0
        """
    (report,) = parse(dedent(log))
    assert report.totals["inactive_anon"] == 18042
    assert report.totals["active_file"] == 141
