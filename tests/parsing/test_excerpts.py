"""Pieces of reports, cut and changed as people do when they ask or write about one."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from oomlab.diagnosis import diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.render.sentences.request import decode_trigger

ZONE = "Node 0 Normal free:26920kB min:18240kB low:22800kB high:27360kB present:1310720kB managed:1243116kB"


def only(text: str):
    """The one report of a text."""
    (report,) = parse(dedent(text).strip("\n"))
    return report


def test_a_tag_alone_is_no_part_of_a_short_report():
    report = only("""
        They say:
        kernel: grab invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0
        kernel: CPU: 3 PID: 6121 Comm: grab Not tainted 5.4.0-71-generic #75-Ubuntu
        kernel: Call Trace:
        kernel:  dump_header+0x4e/0x1f0
        """)
    assert (report.trigger.comm, report.trigger.pid, str(report.kernel)) == ("grab", 6121, "5.4.0-71-generic")
    assert report.trace == ("dump_header",)


def test_a_tag_is_found_though_another_line_lost_it():
    report = only("""
        kernel: hubd invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0

        kernel: [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
        kernel: [   5310]   731  5310  4410233  3907718 31793152      412             0 hubd
        oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,globa
        """)
    assert report.trigger.comm == "hubd"
    assert [task.rss for task in report.tasks] == [3907718]


def test_limit_of_host_is_no_control_group():
    """Alibaba Cloud Linux says so where other kernels say nothing."""
    report = only(f"""
        modload invoked oom-killer: gfp_mask=0x6000c0(GFP_KERNEL), nodemask=(null), order=3, oom_score_adj=0
        Task in /lab.slice killed as a result of limit of host
        {ZONE}
        Node 0 Normal: 1510*4kB (UME) 1102*8kB (UME) 752*16kB (UME) 0*32kB 0*64kB 0*128kB = 26888kB
        """)
    assert report.scope == "global"
    assert diagnose(report).cause == "fragmentation"


def test_a_mask_with_hidden_digits_is_known_by_its_names():
    report = only("probe invoked oom-killer: gfp_mask=0x628***(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0")
    assert report.trigger.gfp_mask is None
    assert report.trigger.gfp_names == ("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO")
    assert not any("cut" in problem.reason for problem in report.problems)


def test_raw_mail_is_known_though_its_first_sign_of_equality_ends_a_line():
    report = only(f"""
        {ZONE} inactive_anon:0kB =
        mapped:12kB
        Node 0 Normal: 218*4kB (UM) 301*8kB (UM) 0*16kB =3D 3280kB
        Free swap  =3D 734508kB
        """)
    assert report.swap
    assert report.swap.free == 734508 // 4
    assert report.zones[0].counters["mapped"] == 3


def test_a_group_is_known_by_its_function_in_the_call_trace():
    report = only("""
        cachejob invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=200
        CPU: 3 UID: 1204 PID: 8816 Comm: cachejob Not tainted 6.16.2-lab1-1 #4 PREEMPT(full)
        Call Trace:
         out_of_memory.cold+0xc/0x8a
         mem_cgroup_out_of_memory+0xb7/0xc4
        """)
    judged = diagnose(report)
    assert (report.scope, judged.cause) == ("memcg", "memcg_limit")
    assert [each.number for each in judged.findings[0].evidence] == [5]


def test_nothing_to_kill_in_a_group_is_no_panic():
    report = only("""
        memory: usage 141320kB, limit 163840kB, failcnt 917
        Memory cgroup stats for /box3: cache:36KB rss:140184KB
        Out of memory and no killable processes...
        """)
    assert diagnose(report).contributing == ("anon", "no_killable")


def test_a_panic_names_the_process_that_had_asked():
    report = only("""
        [84012.310455] Out of memory and no killable processes...
        [84012.314902] Kernel panic - not syncing: System is deadlocked on memory
        [84012.320127] CPU: 2 PID: 1 Comm: init Kdump: loaded Tainted: G       O 5.4.88-lab #2
        [84012.333590] Call trace:
        [84012.336248]  dump_backtrace+0x0/0x1b8
        """)
    assert (report.trigger.pid, str(report.kernel)) == (1, "5.4.88-lab")
    assert report.panic == "Kernel panic - not syncing: System is deadlocked on memory"
    assert diagnose(report).contributing == ("panic",)


def test_usage_after_a_kill_begins_the_next_report():
    first, second = parse(
        dedent("""
        memory: usage 163752kB, limit 163840kB, failcnt 916
        Killed process 3417 (eater) total-vm:5120kB, anon-rss:144kB, file-rss:0kB, shmem-rss:0kB
        (...left out...)
        memory: usage 163704kB, limit 163840kB, failcnt 917
        Killed process 3418 (eater) total-vm:5120kB, anon-rss:144kB, file-rss:0kB, shmem-rss:0kB
        """)
    )
    assert first.memcg
    assert second.memcg
    assert (first.memcg.failcnt, second.memcg.failcnt) == (916, 917)
    assert [each.victims[0].pid for each in (first, second)] == [3417, 3418]


def test_allocation_sites_alone_are_a_piece_of_a_report():
    report = only("""
        The end of it:
        > [ 2310.447120] Memory allocations:
        > [ 2310.447126]      9.4 GiB     4813 mm/huge_memory.c:1241 func:do_huge_pmd_anonymous_page
        > [ 2310.447131]      611 MiB   156416 arch/arm64/mm/fault.c:942 func:vma_alloc_zeroed_movable_folio
        """)
    assert [each.calls for each in report.allocations] == [4813, 156416]


def test_a_list_of_allocations_in_prose_is_no_report():
    with pytest.raises(ReportError):
        parse(
            "# Targets\nMemory allocations: 0 alloc/op\nMemory: peak usage 5 MB, limit 9\nName Used Total\n"
        )


def test_totals_open_a_report_whose_zones_are_far_below():
    report = only("""
        > [  771.302114] active_anon:183951 inactive_anon:31406 isolated_anon:0
        > [  771.302114]  active_file:2210 inactive_file:17448 isolated_file:0

        The file lists are far from empty.
        There is room to swap out to.
        See the end of the report.
        What went wrong?

        > [  771.460238] Free swap  = 5184000kB
        > [  771.463504] Total swap = 6291392kB
        > [  771.466790] 233440 pages RAM
        """)
    assert (report.totals["active_anon"], report.totals["ram"]) == (183951, 233440)


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


NOISY = """
    [  214.410387][  T618] Mem-Info:
    [  214.413951][  T618] active_anon:214 inactive_anon:9377 isolated_anon:0
    [  214.702846][  T618] Tasks state (memory values in pages):
    [  214.709117][  T618] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
    [  214.803362][  T618] [    811]     0   811     9642      287   126976        0             0 netkeep-auto4
    [  OK    214.815790][  T618] [    824]     0   824     9655      294   118784        0             0 netkeep-dhcp4
    0m] Started   214.838475][  T618] [    829]     0   829     9703      338   126976        0             0 netkeep
    m.[  214.871603][  T618] [    903]     0   903    20418      126   184320        0             0 metrics_gathere
    [  214.964229][  T618] [   1058]     0  1058     6317       41    81920        0             0 unitlist
    """  # noqa: E501


def test_rows_keep_though_the_console_wrote_over_their_stamps():
    report = only(NOISY)
    assert [task.pid for task in report.tasks] == [811, 824, 829, 903, 1058]
    assert not any("may have lost rows" in problem.reason for problem in report.problems)


def test_statistics_of_groups_alone_are_a_piece_of_a_report():
    report = only("""
        ```Mar 23 14:22:07 node-b kernel: [48213.590417] Memory cgroup stats for /crate4: cache:0KB rss:0KB
        Mar 23 14:22:07 node-b kernel: [48213.590423] Memory cgroup stats for /crate4/1: cache:0KB rss:52KB
        Mar 23 14:22:07 node-b kernel: [48213.590489] [   7716]     0  7716      311        2    36864
        """)
    judged = diagnose(report)
    assert judged.cause == "memcg_limit"
    assert "lines of the group" in judged.summary


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


def test_a_page_fault_that_gave_up_asked_for_nothing():
    report = only("""
        script invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0
        CPU: 1 PID: 1377 Comm: script Not tainted 5.4.9 #2
        Call Trace:
         pagefault_out_of_memory+0x4a/0x5e
        """)
    assert decode_trigger(report) is None


def test_uname_above_a_report_names_its_kernel():
    report = only("""
        > Linux attic 5.7.0-rc3+ #41 SMP PREEMPT Tue Apr 28 09:31:07 CEST 2020 x86_64 GNU/Linux
        >
        > [90518.402617] [  15207]  1003 15207     1420       21    45056        0             0 nap
        > [90518.402623] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=browser,pid=11842,uid=1003
        > [90518.402671] Out of memory: Killed process 11842 (browser) total-vm:912kB, anon-rss:804kB
        """)
    assert str(report.kernel) == "5.7.0-rc3+"
    assert [victim.pid for victim in report.victims] == [11842]


def test_a_failure_interrupted_by_another_cpu_keeps_its_mask():
    report = only("""
        [ 4417.206118] swapper/1: page allocation failure: order:2
        [ 4417.211730] Stack : 8f0c1d30 0000002a 01084020
        [ 4417.216954] , mode:0x1084020(GFP_ATOMIC|__GFP_COMP), nodemask=
        [ 4417.216967]  8006b4a4
        [ 4417.221388] (null)
        [ 4417.244802]  mems_allowed=0
        [ 4417.253400] Call Trace:
        """)
    assert (report.kind, report.trigger.comm, report.trigger.gfp_mask) == (
        "allocation_failure",
        "swapper/1",
        0x1084020,
    )


def test_pages_scanned_of_a_node_have_no_unit_to_lose():
    text = (
        "spawner invoked oom-killer: gfp_mask=0x27000c0(GFP_KERNEL_ACCOUNT|__GFP_NOTRACK), order=2\n"
        "Mem-Info:\n"
        "Node 0 DMA32 free:5908kB min:6040kB low:7548kB high:9056kB managed:440212kB bounce:0kB "
        "free_pcp:96kB local_pcp:20kB free_cma:0kB node_pages_scanned:9748115\n"
    )
    report = only(text)
    assert report.zones[0].counters["node_pages_scanned"] == 9748115
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
        memory: usage 61440kB, limit 61440kB, failcnt 47
        Memory cgroup out of memory: Killed process 1733 (hog) total-vm:90312kB, anon-rss:61388kB

        Another kind of shortage, of the whole machine:

        Node 0 DMA32 free:17608kB min:33040kB low:41300kB high:49560kB active_anon:0kB inactive_anon:1211056kB
        oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task=hog,pid=1694
        Out of memory: Killed process 1694 (hog) total-vm:655400kB, anon-rss:318072kB
    """
    group, machine = parse(dedent(text))
    assert (group.scope, len(group.zones), machine.scope, len(machine.zones)) == ("memcg", 0, "global", 1)


def test_a_kill_announced_by_the_key_was_by_hand():
    """A kernel that kills often leaves out all but the kill."""
    reports = parse("""
        [  502.117306] sysrq: SysRq : Manual OOM execution
        [  502.121044] Out of memory: Kill process 2290 (prompt) score 2 or sacrifice child
        [  502.126911] Killed process 2290 (prompt) total-vm:38212kB, anon-rss:1536kB, file-rss:0kB
        [  502.330718] sysrq: Manual OOM execution
        [  502.331860] Out of memory: Killed process 2291 (signin) total-vm:9316kB, anon-rss:132kB
        [  508.331860] Out of memory: Killed process 2292 (timer) total-vm:9316kB, anon-rss:132kB
        """)
    results = [diagnose(report) for report in reports]
    assert [each.cause for each in results] == ["sysrq_manual", "sysrq_manual", "undetermined"]
    assert [each.evidence[0].number for each in results] == [2, 5, 7]


def test_the_key_alone_is_no_report():
    with pytest.raises(ReportError):
        parse("""
            [  502.610422] sysrq: SysRq : Manual OOM execution
            [  502.614177] sysrq: OOM request ignored because killer is disabled
            """)


def test_a_header_cut_behind_its_first_words_still_names_who_asked():
    report = only("""
        [  640.110000] bound_eater invoked oom-killer
        [  640.120000] oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=half,mems_allowed=1
        [  640.130000] Out of memory: Killed process 5072 (bound_eater)
        """)
    assert report.trigger.comm == "bound_eater"
    assert [victim.pid for victim in report.victims] == [5072]


@pytest.mark.parametrize(
    "prose", ["When it invoked oom-killer", "and then my java process invoked oom-killer"]
)
def test_words_about_the_oom_killer_are_no_header(prose):
    with pytest.raises(ReportError):
        parse(f"{prose}\nthe machine was slow again.\n")


def test_the_line_with_the_cpuset_names_who_asked():
    report = only("""
        [   88.204519] mail sorter cpuset=/ mems_allowed=0
        [   88.391640] Out of memory: Kill process 4127 (hog) score 871 or sacrifice child
        """)
    assert report.trigger.comm == "mail sorter"


def test_dots_are_nobodys_name():
    report = only("... invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0 ...")
    assert report.trigger.comm is None
    assert report.trigger.gfp_mask == 0x100CCA


def test_registers_of_powerpc_do_not_part_a_trace_from_its_report():
    report = only("""
        CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Not tainted 6.16.4-lab #5 VOLUNTARY
        Call Trace:
        [c00000000ffe7a10] [c000000000261f4c] warn_alloc+0xf8/0x1a0
        NIP:  c0000000000a91d4 LR: c0000000000a91cc CTR: c0000000007e3f58
        REGS: c0000000011c3b90 TRAP: 0500   Not tainted  (6.16.4-lab)
        MSR:  9000000002009032 <SF,HV,VEC,EE>  CR: 24000882  XER: 20000000
        IRQMASK: 0
        NIP [c0000000000a91d4] do_idle+0x88/0x170
        LR [c0000000000a91cc] do_idle+0x80/0x170
        Normal free:832kB boost:0kB min:2432kB low:3008kB high:3584kB present:425984kB managed:407808kB
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
