"""Each line is taken for what it is: prose about the kernel's words is none of them.

The next line that was taken for another kind goes here.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomlab.diagnosis import diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse
from tests.support.texts import only

ZONE = "Node 0 Normal free:26920kB min:18240kB low:22800kB high:27360kB present:1310720kB managed:1243116kB"


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


def test_talk_of_a_failed_allocation_is_none():
    log = (
        "I have a problem related to page allocation failure.\n\nHere is the log:\n\n"
        "[ 5.000001] app: page allocation failure: order:4, mode:0x40d0\n"
        "[ 5.000002] Normal free:9000kB min:4000kB low:5000kB high:6000kB\n"
    )
    (report,) = parse(log)
    assert (report.kind, report.trigger.comm, report.first_line) == ("allocation_failure", "app", 5)


def test_a_kill_that_was_called_off_is_none():
    log = (
        "[ 5.0] app invoked oom-killer: gfp_mask=0x24201ca, order=0, oom_score_adj=0\n"
        "[ 5.1] oom_kill_process: would have killed process 9 (journal), but continuing instead...\n"
    )
    (report,) = parse(log)
    assert report.victims == ()


def test_a_list_of_allocations_in_prose_is_no_report():
    with pytest.raises(ReportError):
        parse(
            "# Targets\nMemory allocations: 0 alloc/op\nMemory: peak usage 5 MB, limit 9\nName Used Total\n"
        )


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


def test_each_line_of_a_report_keeps_the_kind_that_it_was_taken_for():
    report = only("""
        <4>[ 5.1] app invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
        <4>[ 5.2] Mem-Info:
        <4>[ 5.3] Normal free:9000kB min:4000kB low:5000kB high:6000kB
        present:900000kB
        <6>[ 5.4] usb 1-1: new device
        <3>[ 5.5] Killed process 9 (app) total-vm:14404kB, anon-rss:84kB, file-rss:0kB
        """)
    assert report.kinds == {1: "header", 2: "meminfo", 3: "zone", 4: "continuation", 6: "killed"}


def test_of_several_lines_folded_into_one_the_first_names_its_kind():
    report = only("[ 5.1] app invoked oom-killer: gfp_mask=0xd0, order=0#012[ 5.2] Mem-Info:#012")
    assert report.kinds == {1: "header"}


def test_reports_are_equal_whatever_their_lines_were_taken_for():
    report = only("app invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0")
    assert replace(report, kinds={}) == report
    assert "kinds" not in repr(report)
