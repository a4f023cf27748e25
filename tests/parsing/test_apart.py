"""What was written apart is told apart: by the uptime, by the clock on the wall, by the group that is named.

Logs lose lines: to rate limits, full buffers, reboots, and whoever cuts them. The stages alone would then
join the head of one report and the tail of another, and say with confidence what never happened. The next
two that are told as one, or one as two, go here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.timelines import timeline
from oomlab.parsing import parse

PARTS = {
    "header": ["java invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0"],
    "trace": ["CPU: 1 PID: 70 Comm: java Not tainted 6.1.0-9-amd64 #1", "Call Trace:", " dump_stack+0x1/0x2"],
    "memory": [
        "Mem-Info:",
        "active_anon:100 inactive_anon:48000 isolated_anon:0",
        " active_file:20 inactive_file:30 isolated_file:0",
        " unevictable:0 dirty:0 writeback:0",
        " slab_reclaimable:900 slab_unreclaimable:2100",
        " mapped:10 shmem:5 pagetables:120",
        " free:1000 free_pcp:0 free_cma:0",
        "Node 0 DMA32 free:4000kB min:4500kB low:5600kB high:6700kB present:262144kB managed:245760kB",
        "lowmem_reserve[]: 0 0 0 0 0",
        "Node 0 DMA32: 250*4kB (UM) 375*8kB (UM) = 4000kB",
        "51 total pagecache pages",
        "65536 pages RAM",
        "0 pages HighMem/MovableOnly",
        "4096 pages reserved",
    ],
    "tasks": [
        "Tasks state (memory values in pages):",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        "[     70]     0    70    60000    47000   409600        0             0 java",
        "[     71]     0    71     2000      300    40960        0             0 sh",
    ],
    "kill": [
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        "task_memcg=/a,task=etcd,pid=99,uid=0",
        "Out of memory: Killed process 99 (etcd) total-vm:900kB, anon-rss:500kB, file-rss:0kB, shmem-rss:0kB",
    ],
}
STARTS_ON = datetime(2026, 11, 20, 6, 32, 1)


def uptime(seconds):
    return f"[{seconds:12.6f}] "


def dated(seconds):
    return f"{STARTS_ON + timedelta(seconds=seconds):%b %e %H:%M:%S} box kernel: "


def iso(seconds):
    return f"{(STARTS_ON + timedelta(seconds=seconds)).isoformat()} box kernel: "


def both(seconds):
    return dated(seconds) + uptime(seconds)


def written(stamp, *parts):
    """Return lines, part by part, each part begun at its time; a line takes a ten-thousandth of a second."""
    return [
        stamp(begin + number / 10_000) + line for begin, lines in parts for number, line in enumerate(lines)
    ]


def whole(at=1000.0):
    return [(at, lines) for lines in PARTS.values()]


def from_part(name, lapse, at=1000.0):
    """Return a report whose parts from this one on were written ``lapse`` seconds after what is above it."""
    names = list(PARTS)
    first = names.index(name)
    return [(at + (lapse if index >= first else 0), PARTS[each]) for index, each in enumerate(names)]


def found(lines):
    return parse("\n".join(lines))


def victims(reports):
    return [[each.pid for each in report.victims] for report in reports]


@pytest.mark.parametrize("name", ["memory", "tasks", "kill"])
@pytest.mark.parametrize(
    ("stamp", "lapse"),
    [
        (uptime, 55),
        (uptime, 500_000),
        (uptime, -950),  # of the next boot
        (both, 55),
        (dated, 1900),
        (dated, 7 * 86_400),
        (dated, -7 * 86_400),
        (iso, 7 * 86_400),
    ],
)
def test_the_tail_of_another_report_is_not_this_one_s(name, stamp, lapse):
    first, second = found(written(stamp, *from_part(name, lapse)))
    assert first.trigger.comm == "java"
    assert second.trigger.comm is None
    assert victims([first, second]) == [[], [99]]
    assert any("header is lost" in each.reason for each in second.problems)
    assert any("who was killed" in each.reason for each in first.problems)
    assert {line.number for line in first.source}.isdisjoint(line.number for line in second.source)


def test_a_table_of_tasks_that_another_report_goes_on_is_cut_there():
    rows = PARTS["tasks"]
    lines = written(uptime, *whole()[:3], (1000, rows[:3]), (1300, rows[3:]), (1300.001, PARTS["kill"]))
    first, second = found(lines)
    assert [[task.pid for task in each.tasks] for each in (first, second)] == [[70], [71]]
    assert victims([first, second]) == [[], [99]]


def test_what_is_no_report_of_its_own_is_none_because_it_stands_late():
    lines = written(uptime, *whole()[:3], (90_000, ["0 pages hwpoisoned"]))
    (report,) = found(lines)
    assert report.last_line == len(lines) - 1


@pytest.mark.parametrize(
    ("stamp", "lapse"),
    [(uptime, 20), (uptime, -2), (both, 20), (dated, 200), (dated, -3600), (iso, 240), (str, 0)],
)
@pytest.mark.parametrize("name", ["trace", "memory", "tasks", "kill"])
def test_a_busy_machine_takes_its_time_within_one_report(name, stamp, lapse):
    stamped = (lambda _: "") if stamp is str else stamp
    (report,) = found(written(stamped, *from_part(name, lapse)))
    assert victims([report]) == [[99]]


def test_a_report_of_many_minutes_is_one_where_no_line_waits_long():
    parts = [(1000 + 25 * index, [line]) for index, line in enumerate(chain(*PARTS.values()))]
    assert parts[-1][0] - parts[0][0] > 300
    assert victims(found(written(uptime, *parts))) == [[99]]


@pytest.mark.parametrize("name", ["trace", "memory", "tasks", "kill"])
def test_a_clock_that_is_set_in_the_middle_of_a_report_parts_nothing(name):
    seconds = 10 * 365 * 86_400
    steps = [(at - seconds, at) for at, _ in whole()]
    first = list(PARTS).index(name)
    lines = [
        dated(wall if index < first else at) + uptime(at + index / 100) + line
        for index, ((wall, at), part) in enumerate(zip(steps, PARTS.values(), strict=True))
        for line in part
    ]
    assert victims(found(lines)) == [[99]]


@pytest.mark.parametrize("stamp", ["{hour:02}:59:59 PM", "11/27/2026 {hour:02}:59:59 PM"])
def test_an_hour_of_twelve_is_one_hour_before_one(stamp):
    before, after = (f"{stamp} box kernel: " for stamp in (stamp.format(hour=12), stamp.format(hour=1)))
    after = after.replace("01:59:59", "01:00:00")
    lines = [before + line for name in list(PARTS)[:4] for line in PARTS[name]]
    assert victims(found([*lines, *(after + line for line in PARTS["kill"])])) == [[99]]


@pytest.mark.parametrize("day", ["", "26.11.2026 ", "11-26 "])
def test_a_report_may_be_written_at_midnight(day):
    before, after = f"{day}23:59:59 box kernel: ", f"{day.replace('26', '27', 1)}00:00:00 box kernel: "
    lines = [before + line for name in list(PARTS)[:4] for line in PARTS[name]]
    assert victims(found([*lines, *(after + line for line in PARTS["kill"])])) == [[99]]


USED = [
    "Memory cgroup stats for /pods/a:",
    "anon 104857600",
]
GROUP = [
    "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=900",
    "memory: usage 102400kB, limit 102400kB, failcnt 50",
    "swap: usage 0kB, limit 0kB, failcnt 0",
    *USED,
]
CHOSEN = (
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg={},"
    "task_memcg={}/x,task=b,pid=20,uid=0"
)
KILLED = "Memory cgroup out of memory: Killed process {} (b) total-vm:9000kB, anon-rss:8000kB, file-rss:0kB"


@pytest.mark.parametrize("stamp", [uptime, dated, lambda _: ""])
@pytest.mark.parametrize("other", ["/pods/b", "/pods/ab", "/machine"])
def test_a_group_that_is_named_is_not_another_whose_memory_was_shown(stamp, other):
    tail = [CHOSEN.format(other, other), KILLED.format(20)]
    first, second = found(written(stamp, (1000, GROUP), (1002, tail)))
    assert victims([first, second]) == [[], [20]]
    assert "100 MiB" not in diagnose(second).summary


@pytest.mark.parametrize("own", ["/pods/a", "/pods/a:b", "/pods/a,b"])
def test_the_group_whose_memory_was_shown_is_named(own):
    head = [line.replace("/pods/a:", f"{own}:") for line in GROUP]
    (report,) = found(written(uptime, (1000, head), (1000, [CHOSEN.format(own, own), KILLED.format(20)])))
    assert victims([report]) == [[20]]


def test_a_machine_that_is_full_is_no_group():
    first, second = found(written(uptime, (1000, GROUP), (1002, PARTS["kill"])))
    assert victims([first, second]) == [[], [99]]


KILLS = [*GROUP, CHOSEN.format("/pods/a", "/pods/a"), KILLED.format(20)]
WHOLE = "Tasks in {} are going to be killed due to memory.oom.group set"
OWN = [WHOLE.format("/pods/a"), KILLED.format(21), KILLED.format(22)]


@pytest.mark.parametrize(
    ("stamp", "later"), [(uptime, 1001.5), (both, 1003), (dated, 1009), (dated, 5000), (uptime, 50)]
)
def test_a_kill_after_a_group_died_is_another(stamp, later):
    lines = written(stamp, (1000, KILLS), (1000.01, OWN), (later, [KILLED.format(90)]))
    assert victims(found(lines)) == [[20, 21, 22], [90]]


@pytest.mark.parametrize("stamp", [uptime, dated, lambda _: ""])
def test_each_group_that_is_killed_whole_is_a_report(stamp):
    other = [KILLED.format(50), WHOLE.format("/pods/b"), KILLED.format(51), KILLED.format(52)]
    first, second = found(written(stamp, (1000, KILLS), (1000.01, OWN), (1000.5, other)))
    assert victims([first, second]) == [[20, 21, 22], [50, 51, 52]]
    assert [each.oom_group for each in (first, second)] == ["/pods/a", "/pods/b"]


def test_a_group_that_is_killed_whole_twice_is_two_reports():
    again = [KILLED.format(50), WHOLE.format("/pods/a"), KILLED.format(51)]
    lines = written(uptime, (1000, KILLS), (1000.01, OWN), (1040, again))
    assert victims(found(lines)) == [[20, 21, 22], [50, 51]]


def test_a_group_dies_line_by_line_on_a_slow_console():
    many = [KILLED.format(pid) for pid in range(30, 60)]
    late = [(1000.2 + index / 2, [line]) for index, line in enumerate(many)]
    (report,) = found(written(both, (1000, KILLS), (1000.01, OWN), *late))
    assert len(report.victims) == 33


BOOTS = {
    "el5": ["Out of memory: Killed process 612 (mysqld)."],
    "el6": [
        "Out of memory: Kill process 612 (mysqld) score 900 or sacrifice child",
        "Killed process 612, UID 27, (mysqld) total-vm:1000000kB, anon-rss:500000kB, file-rss:0kB",
    ],
    "now": ["Out of memory: Killed process 612 (mysqld) total-vm:10kB, anon-rss:5kB, file-rss:0kB"],
}


@pytest.mark.parametrize("name", BOOTS)
@pytest.mark.parametrize("times", [(95.3, 71.2, 83.0), (95.3, 89.1)])
def test_a_server_that_kills_at_each_start_kills_each_time(name, times):
    """The pid is the same after each start, and so may be every other word."""
    lines = written(uptime, *((at, BOOTS[name]) for at in times))
    assert [round(each.uptime_s, 1) for each in found(lines)] == list(times)


@pytest.mark.parametrize("name", BOOTS)
def test_lines_of_two_processors_that_stand_the_wrong_way_round_are_of_one_boot(name):
    kill = BOOTS[name]
    assert victims(found(written(uptime, (95.3, kill), (95.2, kill)))) == [[612]]


@pytest.mark.parametrize(("reaped", "count"), [([95.4], 1), ([95.4, 50.4], 2), ([50.4], 2), ([125.0], 1)])
def test_what_was_reaped_in_another_boot_was_killed_there(reaped, count):
    line = "oom_reaper: reaped process 612 (mysqld), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
    lines = written(uptime, (95.3, BOOTS["now"]), *((at, [line]) for at in reaped))
    assert victims(found(lines)) == [[612]] * count


def ctime(seconds):
    return f"[{STARTS_ON + timedelta(seconds=seconds):%a %b %e %H:%M:%S %Y}] "


def off(_):
    return ""


REPORT = [line for name in ("header", "trace", "memory", "tasks", "kill") for line in PARTS[name]]
CLOCKS = [uptime, dated, both, ctime, off]


@pytest.mark.parametrize(
    ("first", "second"),
    [(first, second) for first in (uptime, both, ctime) for second in CLOCKS] + [(dated, uptime), (off, off)],
)
def test_a_log_behind_another_of_the_same_lines_tells_of_them_once(first, second):
    """``dmesg`` behind what a daemon stored: nothing shows two times, and no two have the same sizes."""
    text = written(first, (1000, REPORT)) + written(second, (1000, REPORT))
    reports = found(text)
    is_told_twice = first is second is off  # without any time nothing shows that they are one
    assert victims(reports) == [[99]] * (1 + is_told_twice)
    if {first, second} == {uptime, both}:
        assert reports[0].time is not None


@pytest.mark.parametrize(
    "clocks", [(both, both), (uptime, uptime), (dated, dated), (dated, both), (ctime, dated)]
)
@pytest.mark.parametrize("lapse", [60, 600, 86_400])
def test_the_same_report_at_another_time_is_another(clocks, lapse):
    first, second = (
        written(stamp, (at, REPORT)) for stamp, at in zip(clocks, (1000, 1000 + lapse), strict=True)
    )
    assert victims(found(first + second)) == [[99], [99]]


@pytest.mark.parametrize(("first", "second"), [(dated, uptime), (uptime, dated), (ctime, both)])
def test_a_ring_buffer_that_lost_the_head_tells_nothing_new(first, second):
    whole_one, tail = written(first, (1000, REPORT)), written(second, (1000, REPORT[5:]))
    assert victims(found(whole_one + tail)) == [[99]]
    assert victims(found(tail + whole_one)) == [[99]]


FAILED = [
    "kworker/0:1: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP), nodemask=(null)"
]


def test_requests_that_fail_alike_in_one_second_are_as_many():
    lines = [*FAILED, *PARTS["trace"], *PARTS["memory"]]
    assert len(found(written(dated, (1000, lines), (1000.5, lines)))) == 2
    assert len(found(written(dated, (1000, lines)) + written(uptime, (1000, lines)))) == 1


@pytest.mark.parametrize(
    ("first", "second"), [(both, dated), (dated, both), (uptime, both), (both, uptime), (ctime, both)]
)
@pytest.mark.parametrize("lag", [0, 1, 10, 15])
@pytest.mark.parametrize("chunk", [1, 3, 10])
def test_what_two_loggers_store_side_by_side_is_told_once(first, second, lag, chunk):
    one, other = written(first, (1000, REPORT)), written(second, (1000, REPORT))
    parts = [one[:lag]]
    for index in range(0, len(one), chunk):
        parts += [one[lag + index : lag + index + chunk], other[index : index + chunk]]
    (report,) = found(chain(*parts))
    assert victims([report]) == [[99]]
    assert (len(report.zones), len(report.tasks)) == (1, 2)
    assert not report.problems


@pytest.mark.parametrize("caller", ["", "[    T70] "])
def test_a_group_of_which_each_line_stands_without_and_with_the_uptime_is_killed_once(caller):
    """klogd and imklog both read the kernel's messages, and one file takes both."""
    texts = [
        PARTS["header"][0],
        "memory: usage 65536kB, limit 65536kB, failcnt 51",
        "Memory cgroup stats for /job:",
        "anon 60817408",
        "Memory cgroup out of memory: Killed process 99 (etcd) total-vm:900kB, anon-rss:500kB, file-rss:0kB",
        "Tasks in /job are going to be killed due to memory.oom.group set",
        "Memory cgroup out of memory: Killed process 98 (sh) total-vm:300kB, anon-rss:100kB, file-rss:0kB",
    ]
    stamps = (dated, lambda at: both(at) + caller)
    copies = [written(stamp, (1000, texts)) for stamp in stamps]
    (report,) = found(chain(*zip(*copies, strict=True)))
    assert victims([report]) == [[99, 98]]
    assert report.memcg.usage_kb == 65536
    assert report.uptime_s == 1000


def test_the_uptime_is_read_in_a_log_that_has_it_only_in_its_second_half():
    """A daemon was replaced by another that writes the kernel's own time, too."""
    first, second = written(dated, (1000, REPORT)), written(both, (5000, REPORT))
    reports = found(first + second)
    assert victims(reports) == [[99], [99]]
    assert not reports[1].problems


def test_lines_that_a_report_has_twice_are_no_copies():
    zone = REPORT.index(next(line for line in REPORT if "min:" in line))
    lines = [*REPORT[: zone + 2], REPORT[zone].replace("DMA32", "Normal"), *REPORT[zone + 1 :]]
    (report,) = found(written(both, (1000, lines)))
    assert [zone.lowmem_reserve for zone in report.zones] == [(0,) * 5] * 2


@pytest.mark.parametrize(
    "start",
    [
        "[    0.000000] Linux version 6.1.0-9-amd64 (gcc-12) #1 SMP",
        "-- Boot 0123456789abcdef0123456789abcdef --",
        "-- Reboot --",
    ],
)
def test_nothing_is_said_of_what_changed_between_two_boots(start):
    """Their uptimes rise by chance."""
    second = [line.replace("inactive_anon:48000", "inactive_anon:20000") for line in REPORT]
    logs = written(uptime, (1000, REPORT)), written(uptime, (1400, second))
    within = timeline(found(logs[0] + logs[1]))
    across = timeline(found([*logs[0], start, *logs[1]]))
    assert within.changes
    assert "within 6 min 40 s" in within.summary
    assert not across.changes
    assert "within" not in across.summary
    backwards = timeline(found([*logs[0], start, *logs[1]][::-1]))
    assert not backwards.changes
