"""A process may call itself anything: no word of its name is taken for the kernel's."""

from __future__ import annotations

import re

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.report import Report
from tests.parsing.test_every_form import LOGS
from tests.support.texts import only

NAMES = (
    *(
        "a,order=5",
        "gfp_mask=0x1",
        "mode:0x20",
        "mems_allowed=3",
        "order:5 mode:0",
        "order=3",
        "=",
        "x cpuset=/a",
    ),
    *(
        "memory: usage 1",
        "swap: usage 1",
        "Mem-Info:",
        "Call Trace:",
        "CPU: 0 PID: 1",
        "CPU",
        "PID: 5",
        "Comm: x",
    ),
    *(
        "DMA: 1*4kB",
        "Node 0 Normal",
        "Normal free:9",
        "12 pages RAM",
        "lowmem_reserve",
        "active_anon:1",
        "slab_u:99",
    ),
    *("Free swap", "Swap cache", "Tasks state", "Task in /a", "constraint=X", "oom-kill:", "oom-killer:"),
    *("Kill process 1", "Killed process", "Out of memory:", "x) score 1 or", "x) total-vm:1kB", "a) b (c"),
    *(
        "oom_reaper: x",
        "sysrq: Show",
        "Kernel panic",
        "Linux version 1",
        "Tainted: G",
        "6.1.0 #1",
        "#1",
        "T1]",
    ),
    *(
        "uid=0,pid=7",
        "pid=1,uid=0",
        "17:03:22 x",
        "login:",
        "name",
        "tgid",
        "rss",
        "kB",
        "0kB",
        "1 0 0 0 0 x",
        "?",
    ),
    *("%s", 'f("', "'a'", '"q"', "<b>", "(x)", "()", ")", "a]", "[a]", "[a", "ok?"),
)
BASES = [
    log
    for log in LOGS
    if re.search(
        r"swap-full|oom-memcg|2\.6\.18|2\.6\.32|2\.6\.39|vmalloc|4\.4|6\.14-riscv|pod-limit|oom-report",
        log.name,
    )
]


def renamed(text: str, old: str, new: str) -> str:
    """Return a log in which a process has another name, wherever the kernel prints it."""
    name = re.escape(old)
    behind = r" invoked|: page alloc|: vmalloc| cpuset="
    places = (
        rf"(?m)(?<=[ \]]){name}(?={behind})|^{name}(?={behind})|(?<=omm: ){name}(?= )|(?<=\(){name}(?=\))"
    )
    text = re.sub(rf"{places}|(?<=task=){name}(?=,)", lambda _: new, text)
    return re.sub(rf"(?m)(\[ *\d+\] .*\d ){name}$", lambda match: match[1] + new, text)


def essence(report: Report) -> tuple[object, ...]:
    trigger = report.trigger
    return (
        *(
            report.kind,
            trigger.gfp_mask,
            trigger.order,
            trigger.pid,
            trigger.oom_score_adj,
            report.constraint,
        ),
        *(
            report.mems_allowed,
            report.memcg is None,
            str(report.kernel),
            dict(report.totals),
            len(report.tasks),
        ),
        [victim.pid for victim in report.victims],
        [(zone.name, zone.free) for zone in report.zones],
        diagnose(report).cause,
    )


@pytest.mark.parametrize("log", BASES, ids=lambda path: path.name)
def test_a_name_changes_nothing_but_itself(log):
    text = log.read_text(encoding="utf-8")
    plain = parse(text)
    olds = {report.trigger.comm for report in plain} | {
        dead.comm for report in plain for dead in report.victims
    }
    for name in NAMES:
        log_text = text
        for old in filter(None, olds):
            log_text = renamed(log_text, old, name)
        found = parse(log_text)
        assert list(map(essence, found)) == list(map(essence, plain)), name
        assert {report.trigger.comm for report in found} == {
            name if report.trigger.comm in olds else None for report in plain
        }


HEADER = "webd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
CHOICE = "constraint=CONSTRAINT_{},nodemask=(null),cpuset=/,mems_allowed=0,"


@pytest.mark.parametrize("met", ["/g", "/x,task=sshd,pid=1,uid=0", "/x,task_memcg=/x,task=a,pid=1"])
@pytest.mark.parametrize("below", ["", "/y", "/y,task=init,pid=1,uid=0", "/y,task_memcg=/z z"])
@pytest.mark.parametrize("comm", ["webd", "a,b", "a,pid=1", "a,uid=0", ""])
@pytest.mark.parametrize("is_cut", [False, True])
def test_neither_a_path_nor_a_name_with_commas_chooses_another_victim(met, below, comm, is_cut):
    choice = f"{CHOICE.format('MEMCG')}oom_memcg={met},task_memcg={met}{below},task={comm},pid=77,uid=1000"
    kill = f"Memory cgroup out of memory: Killed process 77 ({comm}) total-vm:9kB, anon-rss:8kB, UID:1000"
    report = only("\n".join((HEADER, f"oom-kill:{choice}", *([] if is_cut else [kill]))))
    (victim,) = report.victims
    assert (victim.pid, victim.comm, victim.uid, victim.memcg) == (77, comm, 1000, met + below)
    assert report.memcg is not None
    assert (report.memcg.oom_path, report.memcg.task_path) == (met, met + below)


def test_a_name_that_looks_like_a_choice_is_no_part_of_the_group_that_met_its_limit():
    choice = f"{CHOICE.format('MEMCG')}oom_memcg=/g,task_memcg=/g,task=a,task=b,pid=1,pid=77,uid=1000"
    (victim,) = only(f"{HEADER}\noom-kill:{choice}").victims
    assert (victim.pid, victim.comm, victim.memcg) == (77, "a,task=b,pid=1", "/g")


@pytest.mark.parametrize("at", [",task_memcg=", "_memcg=/x", ",task=webd", "d,pid=77", ",uid=1000"])
def test_a_choice_that_was_cut_chooses_nobody_or_the_right_one(at):
    met = "/x,task=sshd,pid=1,uid=0"
    whole = f"{CHOICE.format('MEMCG')}oom_memcg={met},task_memcg={met},task=webd,pid=77,uid=1000"
    report = only(f"{HEADER}\noom-kill:{whole[: whole.rindex(at)]}")
    assert [victim.pid for victim in report.victims] in ([], [77])


def test_a_choice_of_the_whole_machine_is_read_with_commas_in_its_group():
    choice = f"{CHOICE.format('NONE')}global_oom,task_memcg=/x,task=sshd,pid=1,uid=0,task=webd,pid=77"
    (victim,) = only(f"{HEADER}\noom-kill:{choice},uid=1000").victims
    assert (victim.pid, victim.comm, victim.memcg) == (77, "webd", "/x,task=sshd,pid=1,uid=0")


@pytest.mark.parametrize("name", ["a\u2010b", "\u2212x", "a\u22121"])
def test_a_name_with_another_hyphen_keeps_it(name):
    (report,) = parse(f"[ 5121.000001] Out of memory: Killed process 7 ({name}) total-vm:8kB, anon-rss:8kB")
    assert report.victims[0].comm == name
