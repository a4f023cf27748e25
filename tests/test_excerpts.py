"""Pieces of reports, cut and changed as people do when they ask or write about one."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from oomlab.diagnose import diagnose
from oomlab.errors import ReportError
from oomlab.parse import parse
from oomlab.render.account import decode_trigger

ZONE = "Node 0 Normal free:23500kB min:15892kB low:19864kB high:23836kB present:917504kB managed:852784kB"


def only(text: str):
    """The one report of a text."""
    (report,) = parse(dedent(text).strip("\n"))
    return report


def test_a_tag_alone_is_no_part_of_a_short_report():
    report = only("""
        They say:
        kernel: hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0
        kernel: CPU: 1 PID: 357 Comm: hog Not tainted 5.4.0-29-generic #33-Ubuntu
        kernel: Call Trace:
        kernel:  dump_header+0x62/0x258
        """)
    assert (report.trigger.comm, report.trigger.pid, str(report.kernel)) == ("hog", 357, "5.4.0-29-generic")
    assert report.trace == ("dump_header",)


def test_a_tag_is_found_though_another_line_lost_it():
    report = only("""
        kernel: hass invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0

        kernel: [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
        kernel: [   7207]   992  7207  6720787  6070765 49213440      996             0 hass
        oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,gl
        """)
    assert report.trigger.comm == "hass"
    assert [task.rss for task in report.tasks] == [6070765]


def test_limit_of_host_is_no_control_group():
    """Alibaba Cloud Linux says so where other kernels say nothing."""
    report = only(f"""
        insmod invoked oom-killer: gfp_mask=0x6000c0(GFP_KERNEL), nodemask=(null), order=3, oom_score_adj=0
        Task in /user.slice killed as a result of limit of host
        {ZONE}
        Node 0 Normal: 1325*4kB (UME) 966*8kB (UME) 675*16kB (UME) 0*32kB 0*64kB 0*128kB = 23828kB
        """)
    assert report.scope == "global"
    assert diagnose(report).cause == "fragmentation"


def test_a_mask_with_hidden_digits_is_known_by_its_names():
    report = only("test invoked oom-killer: gfp_mask=0x62****(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0")
    assert report.trigger.gfp_mask is None
    assert report.trigger.gfp_names == ("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO")
    assert not any("cut" in problem.reason for problem in report.problems)


def test_raw_mail_is_known_though_its_first_sign_of_equality_ends_a_line():
    report = only(f"""
        {ZONE} inactive_anon:0kB =
        mapped:8kB
        Node 0 Normal: 193*4kB (UM) 257*8kB (UM) 0*16kB =3D 2828kB
        Free swap  =3D 961672kB
        """)
    assert report.swap
    assert report.swap.free == 961672 // 4
    assert report.zones[0].counters["mapped"] == 2


def test_a_group_is_known_by_its_function_in_the_call_trace():
    report = only("""
        systemd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=100
        CPU: 10 UID: 1000 PID: 957 Comm: systemd Not tainted 6.17.3-arch2-1 #1 PREEMPT(full)
        Call Trace:
         out_of_memory.cold+0x8/0x78
         mem_cgroup_out_of_memory+0xc2/0xd0
        """)
    judged = diagnose(report)
    assert (report.scope, judged.cause) == ("memcg", "memcg_limit")
    assert [each.number for each in judged.findings[0].evidence] == [5]


def test_nothing_to_kill_in_a_group_is_no_panic():
    report = only("""
        memory: usage 187160kB, limit 204800kB, failcnt 2838
        Memory cgroup stats for /test1: cache:24KB rss:186372KB
        Out of memory and no killable processes...
        """)
    assert diagnose(report).contributing == ("anon", "no_killable")


def test_a_panic_names_the_process_that_had_asked():
    report = only("""
        [330321.174240] Out of memory and no killable processes...
        [330321.179658] Kernel panic - not syncing: System is deadlocked on memory
        [330321.186489] CPU: 4 PID: 1 Comm: systemd Kdump: loaded Tainted: G       O 5.4.51-xxx #1
        [330321.201038] Call trace:
        [330321.203660]  dump_backtrace+0x0/0x1d0
        """)
    assert (report.trigger.pid, str(report.kernel)) == (1, "5.4.51-xxx")
    assert report.panic == "Kernel panic - not syncing: System is deadlocked on memory"
    assert diagnose(report).contributing == ("panic",)


def test_usage_after_a_kill_begins_the_next_report():
    first, second = parse(
        dedent("""
        memory: usage 204708kB, limit 204800kB, failcnt 2837
        Killed process 8205 (a.out) total-vm:4348kB, anon-rss:92kB, file-rss:0kB, shmem-rss:0kB
        (...snipped...)
        memory: usage 204600kB, limit 204800kB, failcnt 2838
        Killed process 8206 (a.out) total-vm:4348kB, anon-rss:92kB, file-rss:0kB, shmem-rss:0kB
        """)
    )
    assert first.memcg
    assert second.memcg
    assert (first.memcg.failcnt, second.memcg.failcnt) == (2837, 2838)
    assert [each.victims[0].pid for each in (first, second)] == [8205, 8206]


def test_allocation_sites_alone_are_a_piece_of_a_report():
    report = only("""
        I see:
        > [ 1023.065402] Memory allocations:
        > [ 1023.065407]     12.8 GiB     6546 mm/huge_memory.c:1328 func:do_huge_pmd_anonymous_page
        > [ 1023.065412]      873 MiB   229985 arch/arm64/mm/fault.c:986 func:vma_alloc_zeroed_movable_folio
        """)
    assert [each.calls for each in report.allocations] == [6546, 229985]


def test_a_list_of_allocations_in_prose_is_no_report():
    with pytest.raises(ReportError):
        parse(
            "# Targets\nMemory allocations: 0 alloc/op\nMemory: peak usage 5 MB, limit 9\nName Used Total\n"
        )


def test_totals_open_a_report_whose_zones_are_far_below():
    report = only("""
        > [ 1053.968815] active_anon:207417 inactive_anon:25722 isolated_anon:0
        > [ 1053.968815]  active_file:1300 inactive_file:21234 isolated_file:0

        Still a lot of pages on the file LRU.
        Anon pages can be reclaimed too.
        Swap is basically unused.
        Is it not?

        > [ 1054.142545] Free swap  = 6598400kB
        > [ 1054.145928] Total swap = 8388544kB
        > [ 1054.149317] 262112 pages RAM
        """)
    assert (report.totals["active_anon"], report.totals["ram"]) == (207417, 262112)


LISTS = """
    hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order={order}, oom_score_adj=0
    [...]
    Node 0 DMA: 0*4kB 2*8kB (U) 3*16kB (U) 2*32kB (U) 2*64kB (U) 1*1024kB (U) 3*4096kB (M) = 13568kB
    Node 0 Normal: {normal} = {sum}kB
    """


def test_lists_of_free_blocks_alone_show_fragmentation():
    report = only(
        LISTS.format(order=3, normal="6379*4kB (UME) 2915*8kB (UE) 1266*16kB (UE) 0*32kB", sum=69092)
    )
    assert [(zone.name, zone.watermark_min, zone.reconstructed) for zone in report.zones] == [
        ("DMA", None, True),
        ("Normal", None, True),
    ]
    assert (diagnose(report).cause, diagnose(report).confidence) == ("fragmentation", "medium")


@pytest.mark.parametrize(
    ("order", "normal", "total"),
    [
        (3, "6379*4kB (UME) 2915*8kB (UE) 1266*16kB (UE) 9*32kB (M)", 69380),  # there is a piece
        (3, "379*4kB (UME) 15*8kB (UE) 6*16kB (UE) 0*32kB", 1732),  # little is free
        (0, "6379*4kB (UME) 2915*8kB (UE) 1266*16kB (UE) 0*32kB", 69092),  # one page would do
    ],
)
def test_lists_of_free_blocks_alone_show_nothing_else(order, normal, total):
    assert diagnose(only(LISTS.format(order=order, normal=normal, sum=total))).cause == "undetermined"


def test_a_kernel_that_was_starting_had_too_little():
    report = only("""
        [    4.338946] swapper/0 invoked oom-killer: gfp_mask=0x6040c0(GFP_KERNEL|__GFP_COMP), order=0
        [    4.354618] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 4.19.57 #1
        [    4.670295] Unreclaimable slab info:
        [    4.857565] kmalloc-2048           59164KB      59164KB
        """)
    judged = diagnose(report)
    assert (judged.cause, judged.confidence) == ("too_little_ram", "low")


FIVE_LINES = """
    chromium invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0
    Free swap  = {free}kB
    Total swap = 4194300kB
    oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task=hog,pid=26,uid=1
    Out of memory: Killed process 26 (hog) total-vm:176941204kB, anon-rss:{anon}kB, file-rss:8kB
    """


@pytest.mark.parametrize(
    ("free", "anon", "cause"),
    [
        (104, 68726128, "global_anon"),
        (104, 4096, "undetermined"),  # the victim held little
        (3194300, 68726128, "undetermined"),  # swap was not full
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
        systemd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        CPU: 4 PID: 1 Comm: systemd Not tainted 5.4.51 #1
        active_anon:60744 inactive_anon:109226 isolated_anon:0
         slab_reclaimable:34660 slab_unreclaimable:795718
        Node 0 Normal free:12652kB min:14344kB low:19092kB high:23840kB present:6220656kB managed:4750196kB
        lowmem_reserve[]: 0 15360 15360
        Node 0 Movable free:1351196kB min:2544kB low:4508kB high:6472kB present:1966080kB managed:1966080kB
        lowmem_reserve[]: 0 0 0
        """)
    )
    assert judged.cause == "lowmem_exhaustion"
    assert "movablecore=" in judged.remedies[0]
    assert not any("64-bit" in each or "VMSPLIT" in each for each in judged.remedies)


NOISY = """
    [  385.952126][  T709] Mem-Info:
    [  385.955048][  T709] active_anon:167 inactive_anon:10940 isolated_anon:0
    [  386.252967][  T709] Tasks state (memory values in pages):
    [  386.259648][  T709] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
    [  386.357018][  T709] [    973]     0   973    10708      313   131072        0             0 wickedd-auto4
    [  OK    386.369228][  T709] [    985]     0   985    10709      317   122880        0             0 wickedd-dhcp4
    0m] Started   386.393786][  T709] [    989]     0   989    10738      345   131072        0             0 wickedd
    m.[  386.428454][  T709] [   1053]     0  1053    23636      109   192512        0             0 gc_linux_servic
    [  386.531198][  T709] [   1107]     0  1107     7028       29    86016        0             0 systemctl
    """  # noqa: E501


def test_rows_keep_though_the_console_wrote_over_their_stamps():
    report = only(NOISY)
    assert [task.pid for task in report.tasks] == [973, 985, 989, 1053, 1107]
    assert not any("may have lost rows" in problem.reason for problem in report.problems)


def test_statistics_of_groups_alone_are_a_piece_of_a_report():
    report = only("""
        ```Nov 15 06:46:39 ip-172 kernel: [65267.037101] Memory cgroup stats for /pod6: cache:0KB rss:0KB
        Nov 15 06:46:39 ip-172 kernel: [65267.037106] Memory cgroup stats for /pod6/2: cache:0KB rss:40KB
        Nov 15 06:46:39 ip-172 kernel: [65267.037168] [   9941]     0  9941      255        1    32768
        """)
    judged = diagnose(report)
    assert judged.cause == "memcg_limit"
    assert "lines of the group" in judged.summary


def test_a_movable_request_that_only_cma_would_have_served():
    """64 kB pages, 2 GB: page blocks of 512 MB are too few to be grouped by mobility."""
    judged = diagnose(
        only("""
        alloc invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
        active_anon:20533 inactive_anon:97 isolated_anon:0
         slab_reclaimable:113 slab_unreclaimable:386
         free:9580 free_pcp:39 free_cma:8184
        Node 0 DMA32 free:613120kB min:91584kB low:114432kB high:137280kB managed:1996672kB free_cma:523776kB
        lowmem_reserve[]: 0 0 0
        Node 0 DMA32: 12*64kB (UM) 10*128kB (UM) 5*256kB (UM) 2*32768kB (MC) 4*131072kB (C) = 592640kB
        """)
    )
    assert (judged.cause, judged.confidence) == ("cma", "medium")


def test_a_page_fault_that_gave_up_asked_for_nothing():
    report = only("""
        python3 invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0
        CPU: 2 PID: 286 Comm: python3 Not tainted 5.4.0 #1
        Call Trace:
         pagefault_out_of_memory+0x52/0x6a
        """)
    assert decode_trigger(report) is None


def test_uname_above_a_report_names_its_kernel():
    report = only("""
        > Linux duo 5.8.0-rc1+ #117 SMP PREEMPT Mon Jun 15 16:13:54 CEST 2020 x86_64 GNU/Linux
        >
        > [133747.719730] [  18023]  1000 18023     1316       16    40960        0             0 sleep
        > [133747.719737] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=chromium,pid=27368,uid=1000
        > [133747.719795] Out of memory: Killed process 27368 (chromium) total-vm:668kB, anon-rss:647kB
        """)
    assert str(report.kernel) == "5.8.0-rc1+"
    assert [victim.pid for victim in report.victims] == [27368]


def test_a_failure_interrupted_by_another_cpu_keeps_its_mask():
    report = only("""
        [ 6203.880260] swapper/3: page allocation failure: order:0
        [ 6203.885871] Stack : 00000000 00000000 01080020
        [ 6203.891091] , mode:0x1080020(GFP_ATOMIC), nodemask=
        [ 6203.891103]  80071de8
        [ 6203.895517] (null)
        [ 6203.918969]  mems_allowed=0
        [ 6203.928000] Call Trace:
        """)
    assert (report.kind, report.trigger.comm, report.trigger.gfp_mask) == (
        "allocation_failure",
        "swapper/3",
        0x1080020,
    )


def test_pages_scanned_of_a_node_have_no_unit_to_lose():
    text = (
        "fork invoked oom-killer: gfp_mask=0x27000c0(GFP_KERNEL_ACCOUNT|__GFP_NOTRACK), order=2\n"
        "Mem-Info:\n"
        "Node 0 DMA32 free:6372kB min:6492kB low:8112kB high:9732kB managed:508600kB bounce:0kB "
        "free_pcp:112kB local_pcp:12kB free_cma:0kB node_pages_scanned:16302012\n"
    )
    report = only(text)
    assert report.zones[0].counters["node_pages_scanned"] == 16302012
    assert not [each for each in report.problems if "unit" in each.reason]


@pytest.mark.parametrize(("pids", "said"), [((41,), "1 process in"), ((41, 42), "2 processes in")])
def test_killed_groups_are_counted_in_the_right_number(pids, said):
    kills = [f"Memory cgroup out of memory: Killed process {pid} (worker) total-vm:9000kB" for pid in pids]
    head = "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
    group = "Tasks in /pod are going to be killed due to memory.oom.group set"
    usage = "memory: usage 102400kB, limit 102400kB, failcnt 12"
    text = "\n".join([head, usage, "Memory cgroup stats for /pod:", group, *kills])
    findings = diagnose(only(text)).findings
    assert any(said in finding.claim for finding in findings)


def test_a_zone_after_a_kill_in_a_group_begins_the_next_report():
    text = """\
        hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        memory: usage 81920kB, limit 81920kB, failcnt 30
        Memory cgroup out of memory: Killed process 2021 (hog) total-vm:105048kB, anon-rss:81884kB

        Another kind of shortage, of the whole machine:

        Node 0 DMA32 free:22324kB min:44676kB low:55844kB high:67012kB active_anon:0kB inactive_anon:1639340kB
        oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task=hog,pid=1822
        Out of memory: Killed process 1822 (hog) total-vm:742748kB, anon-rss:397884kB
    """
    group, machine = parse(dedent(text))
    assert (group.scope, len(group.zones), machine.scope, len(machine.zones)) == ("memcg", 0, "global", 1)


def test_a_kill_announced_by_the_key_was_by_hand():
    """A kernel that kills often leaves out all but the kill."""
    reports = parse("""
        [  713.805315] sysrq: SysRq : Manual OOM execution
        [  713.808920] Out of memory: Kill process 4468 (getty) score 0 or sacrifice child
        [  713.814913] Killed process 4468 (getty) total-vm:43704kB, anon-rss:1760kB, file-rss:0kB
        [  714.004805] sysrq: Manual OOM execution
        [  714.005936] Out of memory: Killed process 4469 (login) total-vm:10704kB, anon-rss:120kB
        [  720.005936] Out of memory: Killed process 4470 (cron) total-vm:10704kB, anon-rss:120kB
        """)
    results = [diagnose(report) for report in reports]
    assert [each.cause for each in results] == ["sysrq_manual", "sysrq_manual", "undetermined"]
    assert [each.evidence[0].number for each in results] == [2, 5, 7]


def test_the_key_alone_is_no_report():
    with pytest.raises(ReportError):
        parse("""
            [  714.189310] sysrq: SysRq : Manual OOM execution
            [  714.193425] sysrq: OOM request ignored because killer is disabled
            """)


def test_a_header_cut_behind_its_first_words_still_names_who_asked():
    report = only("""
        [  100.100000] hog_on_node0 invoked oom-killer
        [  100.200000] oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=test,mems_allowed=0
        [  100.300000] Out of memory: Killed process 2614 (hog_on_node0)
        """)
    assert report.trigger.comm == "hog_on_node0"
    assert [victim.pid for victim in report.victims] == [2614]


@pytest.mark.parametrize(
    "prose", ["When it invoked oom-killer", "and then my java process invoked oom-killer"]
)
def test_words_about_the_oom_killer_are_no_header(prose):
    with pytest.raises(ReportError):
        parse(f"{prose}\nthe machine was slow again.\n")


def test_the_line_with_the_cpuset_names_who_asked():
    report = only("""
        [  122.515041] ssh agent cpuset=/ mems_allowed=0
        [  122.710675] Out of memory: Kill process 9546 (hog) score 902 or sacrifice child
        """)
    assert report.trigger.comm == "ssh agent"


def test_dots_are_nobodys_name():
    report = only("... invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0 ...")
    assert report.trigger.comm is None
    assert report.trigger.gfp_mask == 0x100CCA


def test_registers_of_powerpc_do_not_part_a_trace_from_its_report():
    report = only("""
        CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Not tainted 6.17.8-box #2 VOLUNTARY
        Call Trace:
        [c00000000ffef940] [c00000000027d388] warn_alloc+0x114/0x1bc
        NIP:  c0000000000b4680 LR: c0000000000b4678 CTR: c00000000086b984
        REGS: c00000000114fbd0 TRAP: 0500   Not tainted  (6.17.8-box)
        MSR:  900000000200b032 <SF,HV,VEC,EE>  CR: 28000480  XER: 00000000
        IRQMASK: 0
        NIP [c0000000000b4680] do_idle+0x9c/0x184
        LR [c0000000000b4678] do_idle+0x94/0x184
        Normal free:960kB boost:0kB min:2688kB low:3328kB high:3968kB present:491520kB managed:469632kB
        """)
    assert (report.kind, report.trigger.comm) == ("allocation_failure", "swapper/0")


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
