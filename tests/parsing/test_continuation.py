"""Lines that were wrapped are joined, and lines that were joined are split.

The next excerpt whose lines end in the wrong places goes here.
"""

from __future__ import annotations

import pytest

from oomlab.parsing import parse
from tests.support.texts import only


def test_lines_joined_without_a_blank_are_taken_apart():
    stats = "cache:0KB rss:2000KB" + " dirty:0KB" * 40
    joined = (
        "Task in /box/one killed as a result of limit of /box/one",
        "memory: usage 2048kB, limit 2048kB, failcnt 7",
        "kmem: usage 12kB, limit 9007199254740988kB, failcnt 0",
        f"Memory cgroup stats for /box/one: {stats}",
        "[ pid ] uid tgid total_vm rss pgtables_bytes swapents oom_score_adj name",
        "[ 901] 0 901 4000 500 40960 0 0 a b",
        "Memory cgroup out of memory: Kill process 901 (a b) score 977 or sacrifice child",
    )
    (report,) = parse("".join(f"[5.{n:06}] {line}" for n, line in enumerate(joined)))
    group = report.memcg
    assert group is not None
    assert (group.oom_path, group.limit_kb, group.stat_kb("rss")) == ("/box/one", 2048, 2000)
    assert (report.tasks[0].comm, report.victims[0].pid, report.victims[0].score) == ("a b", 901, 977)


def test_a_path_goes_on_where_the_terminal_cut_it():
    pod = "/pods/" + "0123456789abcdef" * 3
    log = (
        f"[5.000001] Task in {pod} killed as a result of limit of {pod[:20]}\n{pod[20:]}\n"
        "[5.000002] memory: usage 2048kB, limit 2048kB, failcnt 7\n"
    )
    (report,) = parse(log)
    assert report.memcg is not None
    assert (report.memcg.task_path, report.memcg.oom_path) == (pod, pod)


@pytest.mark.parametrize("end", [" ", "\n"])
def test_openvz_names_a_container_by_its_beancounter(end):
    stamp = "Nov  3 04:05:06 node kernel:"
    log = "".join(
        f"{stamp} [ 77{at}.500000] Out of memory in UB 42: OOM{end}"
        f"killed process {pid} (php) score 0 vm:2819kB, rss:{pid}kB, swap:0kB\n"
        for at, pid in enumerate((1701, 1702))
    )
    found = parse(log)
    assert [(report.scope, report.victims[0].pid, report.victims[0].comm) for report in found] == [
        ("memcg", 1701, "php"),
        ("memcg", 1702, "php"),
    ]


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


TABLE = """\
[    5.000001] hoard invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[    5.000002] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[    5.000003] [    901]     0   901     4000      500    40960        0             0 hoar
{rest}
[    5.000004] [    902]     0   902     4000      100    40960        0             0 sh
[    5.000005] Out of memory: Killed process 901 (hoard) total-vm:16000kB, anon-rss:2000kB
"""


@pytest.mark.parametrize(("rest", "name"), [("d", "hoard"), ("d-worker", "hoard-worker")])
def test_a_name_in_the_table_goes_on_where_the_terminal_cut_it(rest, name):
    assert [task.comm for task in only(TABLE.format(rest=rest)).tasks] == [name, "sh"]


@pytest.mark.parametrize("rest", ["a note of the writer", "d-and-much-too-long", "[    5.000003] d", ""])
def test_what_is_no_rest_of_a_name_is_left_out_of_it(rest):
    assert [task.comm for task in only(TABLE.format(rest=rest)).tasks] == ["hoar", "sh"]


@pytest.mark.parametrize("at", range(17, 47))
def test_a_kill_is_read_wherever_its_first_words_were_cut(at):
    """The line of the constraint names another process, which must not be taken for the victim."""
    text = "Out of memory (oom_kill_allocating_task): Killed process 17 (worker) total-vm:80kB, anon-rss:4kB"
    constraint = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=other,pid=32,uid=0"
    log = f"sh invoked oom-killer: gfp_mask=0xd0, order=0\n{constraint}\n{text[: at + 20]}\n{text[at + 20 :]}"
    (report,) = parse(log)
    assert [victim.pid for victim in report.victims] == [17]


@pytest.mark.parametrize("at", range(3, 23))
def test_a_header_is_read_wherever_its_words_were_cut(at):
    text = "clamd invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0"
    (report,) = parse(f"{text[: at + 5]}\n{text[at + 5 :]}\nOut of memory: Killed process 7 (x) anon-rss:4kB")
    assert (report.trigger.comm, report.trigger.gfp_mask) == ("clamd", 0xD0)


@pytest.mark.parametrize("rows", [0, 1, 7, 3000])
@pytest.mark.parametrize("kill", ["Out of memory: Killed process {} (sh)", "Killed process {} (sh)"])
def test_a_kill_at_the_end_of_a_joined_line_is_read_however_short_it_is(rows, kill):
    head = "sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0"
    columns = "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name"
    table = [
        f"[{n:5d}]     0 {n:5d}     4000      500      10        0             0 sh" for n in range(rows)
    ]
    sizes = "total-vm:8kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB"
    report = only(" ".join([head, *[columns] * bool(rows), *table, kill.format(7), sizes]))
    assert (report.trigger.comm, len(report.tasks)) == ("sh", rows)
    assert [victim.pid for victim in report.victims] == [7]


def test_words_of_a_kill_within_a_path_are_no_kill():
    path = "/a Killed process 9 (b) x"
    report = only(
        "sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
        f"oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg={path},task_memcg={path},task=sh,pid=7,uid=0\n"
        "Memory cgroup out of memory: Killed process 7 (sh) total-vm:8kB, anon-rss:8kB, file-rss:0kB\n"
    )
    assert [victim.pid for victim in report.victims] == [7]
