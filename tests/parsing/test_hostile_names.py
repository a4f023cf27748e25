"""A process may call itself anything: no word of its name is taken for the kernel's."""

from __future__ import annotations

import re

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.report import Report
from tests.parsing.test_every_form import LOGS

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
