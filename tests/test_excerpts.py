"""Pieces of reports, cut and changed as people do when they ask or write about one."""

from __future__ import annotations

from textwrap import dedent

from oomlab.diagnose import diagnose
from oomlab.parse import parse

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
