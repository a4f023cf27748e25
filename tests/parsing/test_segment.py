"""Each line goes to its report, wherever a log was cut and whatever stands between.

The next excerpt with a report too many, too few, too long or too short goes here.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import get_args

import pytest

from oomlab.diagnosis import diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.parsing.grammar import STAGE
from oomlab.parsing.lines import LineKind
from tests.support.texts import only, reports


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
    assert diagnose(report).contributing == ("no_killable", "panic")


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


def test_allocation_sites_alone_make_a_report():
    report = only("""
        The end of it:
        > [ 2310.447120] Memory allocations:
        > [ 2310.447126]      9.4 GiB     4813 mm/huge_memory.c:1241 func:do_huge_pmd_anonymous_page
        > [ 2310.447131]      611 MiB   156416 arch/arm64/mm/fault.c:942 func:vma_alloc_zeroed_movable_folio
        """)
    assert [each.calls for each in report.allocations] == [4813, 156416]


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


def test_statistics_of_groups_alone_make_a_report():
    report = only("""
        ```Mar 23 14:22:07 node-b kernel: [48213.590417] Memory cgroup stats for /crate4: cache:0KB rss:0KB
        Mar 23 14:22:07 node-b kernel: [48213.590423] Memory cgroup stats for /crate4/1: cache:0KB rss:52KB
        Mar 23 14:22:07 node-b kernel: [48213.590489] [   7716]     0  7716      311        2    36864
        """)
    judged = diagnose(report)
    assert judged.cause == "memcg_limit"
    assert "lines of the group" in judged.summary


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


def test_a_kill_announced_by_sysrq_was_manual():
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


def test_sysrq_alone_is_no_report():
    with pytest.raises(ReportError):
        parse("""
            [  502.610422] sysrq: SysRq : Manual OOM execution
            [  502.614177] sysrq: OOM request ignored because killer is disabled
            """)


def test_kills_found_with_grep_are_a_report_each():
    """Up to 5.0 a kill had a report of its own, unless the whole group was to die."""
    first, *others = (
        f"Killed process 79{n} (node), UID 1000, total-vm:6096kB, anon-rss:{n}kB, file-rss:8kB\n"
        for n in (3, 4, 5)
    )
    kills = parse(first + "".join(others))
    assert [[each.pid for each in report.victims] for report in kills] == [[793], [794], [795]]
    group = "Tasks in /job are going to be killed due to memory.oom.group set\n"
    (report,) = parse(first + group + "".join(others))
    assert len(report.victims) == 3


def test_a_headless_report_has_its_own_trace_though_another_came_before():
    log = (
        "[ 4.0] app invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0\n"
        "[ 4.1] Mem-Info:\n"
        "[ 4.2] Killed process 9 (app) total-vm:14404kB, anon-rss:84kB, file-rss:0kB\n"
        "{between}"
        "[ 5.0] CPU: 1 PID: 51 Comm: worker Not tainted 4.10.0 #1\n"
        "[ 5.1] Call Trace:\n"
        "[ 5.2]  warn_alloc+0x11e/0x1d0\n"
        "[ 5.4] Mem-Info:\n"
        "[ 5.5] Node 0 Normal free:9000kB min:4000kB low:5000kB high:6000kB\n"
    )
    near, far = parse(log.format(between="")), parse(log.format(between="[ 4.9] usb 1-1: new device\n" * 9))
    assert [report.kind for report in near] == ["oom", "allocation_failure"]
    assert (near[1].trigger.comm, near[1].first_line) == ("worker", 4)
    assert [report.kind for report in far] == ["oom", "allocation_failure"]
    gap = "[ 5.3] usb 1-1: new device\n" * 9
    apart = parse(log.format(between="").replace("[ 5.4]", f"{gap}[ 5.4]"))
    assert (apart[1].kind, apart[1].trigger.comm) == ("fragment", None)


def test_a_process_named_below_the_trace_of_a_headless_report_is_not_its_asker():
    trace = "[ 5.1] Call Trace:\n[ 5.2]  warn_alloc+0x11e/0x1d0\n"
    named = "[ 5.0] CPU: 1 PID: 51 Comm: worker Not tainted 4.10.0 #1\n"
    state = "[ 5.4] Mem-Info:\n[ 5.5] Node 0 Normal free:9000kB min:4000kB low:5000kB high:6000kB\n"
    (above,), (below,) = parse(named + trace + state), parse(trace + named + state)
    assert (above.trigger.pid, above.trigger.comm) == (51, "worker")
    assert (below.trigger.pid, below.trigger.comm) == (None, None)
    assert str(below.kernel) == "4.10.0"


def test_a_zone_quoted_below_its_report_is_no_zone_more():
    log = (
        "[ 5.0] app invoked oom-killer: gfp_mask=0x6280ca, order=0, oom_score_adj=0\n"
        "[ 5.1] Node 0 DMA32 free:30112kB min:30560kB low:38200kB high:45840kB active_anon:640kB\n"
        "[ 5.2] Killed process 9 (app) total-vm:14404kB, anon-rss:84kB, file-rss:0kB\n\n"
        "What decided is that free memory was below the mark:\n"
        "`DMA32 free:30112kB min:30560kB`. That was unexpected.\n"
    )
    (report,) = parse(log)
    assert [(zone.node, zone.name) for zone in report.zones] == [(0, "DMA32")]
    assert report.last_line == 3


def test_headers_found_with_grep_are_a_report_each():
    found = reports("""
        Jun 19 08:38:38 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 08:40:13 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 08:40:13 db kernel: oom-killer: gfp_mask=0x1d2
        Jun 19 09:21:33 db kernel: oom-killer: gfp_mask=0xd2
        """)
    assert [report.trigger.line for report in found] == [1, 2, 4], "line 3 is line 2 once more"


def test_every_kind_of_line_has_its_place_in_a_report_or_is_of_none():
    """A kind without a stage would be recognised and then dropped without a word."""
    of_no_report = {"boot", "continuation", "other"}
    assert set(STAGE) | of_no_report == set(get_args(LineKind))


@pytest.mark.parametrize(
    "prefix", ["2024-06-14T03:08:{n:02d}Z db kernel ", "2024-06-14T03:08:{n:02d}.5Z stdout F "]
)
def test_lines_that_do_not_show_their_caller_go_where_the_line_before_them_went(prefix):
    """A logger writes its prefix before each line of a message, the kernel its own before the first alone."""
    log = (Path(__file__).parents[1] / "samples" / "6.14-riscv-two-callers.log").read_text().rstrip("\n")
    usual = parse(log)
    turned = parse("\n".join(prefix.format(n=n % 60) + line for n, line in enumerate(log.split("\n"))))
    assert [dict(each.totals) for each in turned] == [dict(each.totals) for each in usual]
    assert [each.victims for each in turned] == [each.victims for each in usual]


def test_rows_of_allocations_belong_to_a_report_though_their_title_is_lost():
    row = "15.6 MiB     4000 mm/slub.c:2412 func:alloc_slab_page\n"
    for log in (row * 2, f"Mem-Info:\nactive_anon:1 inactive_anon:2\n{row * 2}"):
        assert [each.size_kb for each in only(log).allocations] == [15_974, 15_974]


SWAP_FULL = Path(__file__).parents[2] / "data/captures/oom-64-swap-full.log"


@pytest.mark.parametrize(("hosts", "burst"), [(30, 8), (60, 4), (100, 1)])
def test_on_a_server_of_many_hosts_each_report_stays_whole(hosts, burst):
    """However many print at once: each host has its own order, and its own clock."""
    lines = [line.partition("] ")[2] for line in SWAP_FULL.read_text().splitlines() if "] " in line]
    log = "".join(
        f"Nov 20 10:00:00 web{host:03d} kernel: [{1000 + 50 * host}.{at:06d}] {line}\n"
        for start in range(0, len(lines), burst)
        for host in range(hosts)
        for at, line in enumerate(lines[start : start + burst], start)
    )
    (alone,) = parse("\n".join(lines))
    found = parse(log)
    assert len(found) == hosts
    assert {(len(each.zones), len(each.tasks), len(each.victims)) for each in found} == {
        (len(alone.zones), len(alone.tasks), len(alone.victims))
    }


@pytest.mark.parametrize("others", [0, 10, 100])
def test_an_entry_of_many_lines_counts_as_one(others):
    """``gcloud logging read`` prints YAML: each message has some thirty lines of labels below it."""
    labels = "".join(f"  label_{n}: value{n}\n" for n in range(30))
    lines = [line for line in SWAP_FULL.read_text().splitlines() if line.strip()]
    lines[-2:-2] = [f"Nov 20 10:00:00 web sshd[9]: session {n}" for n in range(others)]
    entries = "".join(f"---\njsonPayload:\n  MESSAGE: '{line}'\nlabels:\n{labels}" for line in lines)
    (report,) = parse(entries)
    (plain,) = parse("\n".join(lines))
    assert (len(report.zones), report.victims[0].pid) == (len(plain.zones), plain.victims[0].pid)
    assert [each.reason for each in report.problems] == [each.reason for each in plain.problems]
