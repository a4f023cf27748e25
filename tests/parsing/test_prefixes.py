"""The same report reads the same in every form that loggers, mailers and web pages give it.

The next form that changes every line of a report goes into :mod:`tests.support.forms`; an excerpt whose
prefixes are inferred wrongly goes below.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.parsing import parse
from oomlab.report import Report
from tests.support.forms import FORMS, SYSLOG, UPTIME
from tests.support.texts import only

HERE = Path(__file__).parents[1]
BASES = {
    "6.1 global": HERE.parent / "data/captures/oom-global-anon-highmem.log",
    "6.1 memcg": HERE.parent / "data/captures/oom-memcg.log",
    "6.1 failure": HERE.parent / "data/captures/oom-order8-saved-cmdlines.log",
    "2.6.18": HERE / "samples/2.6.18-el5.log",
    "2.6.32": HERE / "samples/2.6.32-el6.log",
}
STAMP = re.compile(r"\[ *\d+\.\d+\] |Jun 14 03:08:55 db2 kernel: ")


def plain(path: Path) -> list[str]:
    """The kernel's words alone, without any prefix."""
    text = path.read_text(encoding="utf-8")
    first = parse(text)[0]
    return [STAMP.sub("", line.text, count=1).rstrip() for line in first.source]


def essence(report: Report) -> Report:
    """Everything but where it stood."""
    return replace(
        report,
        first_line=0,
        last_line=0,
        source=(),
        problems=(),
        kinds={},
        stamp="",
        slabs_line=None,
        totals_lines={},
        trigger=replace(report.trigger, line=None),
        memcg=report.memcg and replace(report.memcg, line=None, stats_line=None),
        protection=report.protection and replace(report.protection, line=None),
        swap=report.swap and replace(report.swap, line=None),
        nodes=tuple(replace(node, line=None) for node in report.nodes),
        zones=tuple(replace(zone, line=None, reserve_line=None, blocks_line=None) for zone in report.zones),
        tasks=tuple(task._replace(line=None) for task in report.tasks),
        victims=tuple(replace(victim, line=None) for victim in report.victims),
        hugepages=tuple(pool._replace(line=None) for pool in report.hugepages),
        allocations=tuple(each._replace(line=None) for each in report.allocations),
    )


WRAPPED_BEFORE = [form for form in FORMS if form.startswith("wrapped ") and re.search("then [^q]", form)]
LOST = {
    "one line, no stamps": {"trace"},
    "wrapped by a mailer after quoting": {"kernel"},
    **{form: {"kernel"} for form in WRAPPED_BEFORE},
}
"""Without line ends and stamps nothing tells where registers end and the trace goes on; a line that is cut
before ``Debian 6.1.176-1`` has lost the patch level of its kernel."""


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("form", FORMS)
def test_form_makes_no_difference(form, base):
    lines = plain(BASES[base])
    wanted = essence(parse("\n".join(lines))[0])
    (report,) = parse(FORMS[form](lines))
    found = essence(report)
    for field in Report.__dataclass_fields__.keys() - LOST.get(form, set()):
        assert getattr(found, field) == getattr(wanted, field), field


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("write", [SYSLOG, UPTIME], ids=["syslog", "uptime"])
@pytest.mark.parametrize(
    "words",
    [
        "radeon Out of memory: x",
        "nvidia: Out of memory: x",
        "Xen Call Trace:",
        "ERROR Mem-Info:",
        "a b Pid: 1",
    ],
)
def test_one_line_of_somebody_else_s_teaches_no_prefix(words, write, base):
    """It holds words by which prefixes are found, behind words of its own, and stands before all others."""
    lines = plain(BASES[base])
    wanted = essence(parse(write(lines))[0])
    assert essence(parse(write([words, "", *lines]))[-1]) == wanted


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


CALLERS = ("[ T7] ", "[2: kswapd0: 81] ", "caller=T7 ", "[C1] ")


@pytest.mark.parametrize("before", CALLERS)
@pytest.mark.parametrize("behind", CALLERS)
def test_who_printed_a_line_may_stand_on_both_sides_of_the_host(before, behind):
    lines = plain(BASES["6.1 global"])
    log = "\n".join(f"Jun 14 03:08:55 {before}hub kernel: [   12.000001]{behind}{line}" for line in lines)
    assert essence(only(log)) == essence(only("\n".join(lines)))
