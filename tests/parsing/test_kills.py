"""No kill is lost, and none is given to another's report.

The kernel prints at most ten reports within five seconds, but every kill; and people keep what grep
finds. The next log whose kills are counted wrongly goes here.
"""

from __future__ import annotations

import pytest

from oomlab import timeline
from oomlab.diagnosis import diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse
from oomlab.parsing.reader import LONG
from oomlab.render import text
from oomlab.render.redacted import Redactor
from tests.support.texts import only, reports


def test_kills_of_a_group_without_reports_are_kills_of_their_own():
    found = reports("""
        [ 1000.000001] runner invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        [ 1000.000003] memory: usage 512000kB, limit 512000kB, failcnt 99
        [ 1000.100000] Memory cgroup out of memory: Killed process 50 (runner) total-vm:900000kB, anon-rss:5kB
        [ 1001.100000] Memory cgroup out of memory: Killed process 51 (runner) total-vm:900000kB, anon-rss:5kB
        [ 1002.100000] Memory cgroup out of memory: Killed process 52 (runner) total-vm:900000kB, anon-rss:5kB
        """)
    assert [[victim.pid for victim in each.victims] for each in found] == [[50], [51], [52]]
    assert {each.scope for each in found} == {"memcg"}


GROUP = """
    [ 1000.000001] runner invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
    [ 1000.000003] memory: usage 512000kB, limit 512000kB, failcnt 99
    [ 1000.100002] Tasks in /job are going to be killed due to memory.oom.group set
    [ 1000.100003] Memory cgroup out of memory: Killed process 50 (runner) total-vm:900000kB, anon-rss:5kB
    [ 1000.100004] Memory cgroup out of memory: Killed process 51 (runner) total-vm:900000kB, anon-rss:5kB
    [ {later}] {words} of memory: Killed process 77 (other) total-vm:900000kB, anon-rss:5kB
    """


@pytest.mark.parametrize(
    ("later", "words", "victims"),
    [
        ("1001.000001", "Memory cgroup out", [[50, 51, 77]]),
        ("1300.000001", "Memory cgroup out", [[50, 51], [77]]),
        ("1000.100005", "Out", [[50, 51], [77]]),
    ],
)
def test_a_group_that_is_killed_whole_dies_at_once(later, words, victims):
    found = reports(GROUP.format(later=later, words=words))
    assert [[victim.pid for victim in each.victims] for each in found] == victims
    assert [bool(each.oom_group) for each in found] == [True, False][: len(found)]


def test_a_kill_that_somebody_quotes_is_no_second_kill():
    report = only("""
        sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0
        Mem-Info:
        Normal free:20000kB min:22000kB low:25000kB high:30000kB present:250000kB
        Out of memory: Kill process 90 (webd) score 2600 or sacrifice child
        Killed process 90 (webd) total-vm:5000kB, anon-rss:4000kB, file-rss:10kB

        I do not see why it says:
        Out of memory: Kill process 90 (webd) score 2600 or sacrifice child
        """)
    assert [victim.pid for victim in report.victims] == [90]


@pytest.mark.parametrize(
    "kill",
    [
        "Memory cgroup out of memory: Killed process 3 (runner) total-vm:900000kB, anon-rss:500000kB",
        "Out of memory: Kill process 3 (runner) score 900 or sacrifice child",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,task=runner,pid=3,uid=0",
    ],
)
def test_a_kill_does_not_belong_to_an_earlier_failed_request(kill):
    first, second = reports(f"""
        [ 30.000001] netd: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), nodemask=(null)
        [ 30.000002] CPU: 1 PID: 70 Comm: netd Not tainted 6.1.90 #1
        [ 400.100000] {kill}
        """)
    assert (first.kind, first.trigger.comm, first.victims) == ("allocation_failure", "netd", ())
    assert (second.kind, second.trigger.comm, second.victims[0].pid) == ("oom", None, 3)


def test_a_page_fault_that_gets_no_page_kills_on_2_4():
    """The kernel prints no pid: arch/i386/mm/fault.c, ``do_page_fault``."""
    first, second = reports("""
        Feb 11 04:05:06 oldbox kernel: __alloc_pages: 0-order allocation failed (gfp=0x1d2/0)
        Feb 11 04:05:06 oldbox kernel: VM: killing process fetchd
        Feb 11 04:05:09 oldbox kernel: __alloc_pages: 0-order allocation failed (gfp=0xf0/0)
        """)
    assert [(each.comm, each.pid) for each in first.victims] == [("fetchd", None)]
    assert (first.kind, second.kind, second.victims) == ("oom", "allocation_failure", ())
    assert diagnose(first).cause != "not_oom"


def test_several_processes_of_one_name_may_be_killed_in_a_row():
    found = reports("""
        Feb 11 04:05:06 oldbox kernel: VM: killing process httpd
        Feb 11 04:05:07 oldbox kernel: VM: killing process httpd(812)
        """)
    assert [(each.victims[0].comm, each.victims[0].pid) for each in found] == [
        ("httpd", None),
        ("httpd", 812),
    ]


@pytest.mark.parametrize(
    ("panic", "contributing"),
    [
        ("Out of memory: compulsory panic_on_oom is enabled", ("panic_on_oom",)),
        ("Out of memory: system-wide panic_on_oom is enabled", ("panic_on_oom",)),
        ("out of memory. panic_on_oom is selected", ("panic_on_oom",)),
        ("System is deadlocked on memory", ("no_killable", "panic")),
        ("Out of memory and no killable processes...", ("no_killable", "panic")),
    ],
)
def test_a_panic_alone_is_a_report(panic, contributing):
    report = only(f"[    3.113950] Kernel panic - not syncing: {panic}")
    assert (report.kind, report.victims) == ("oom", ())
    assert diagnose(report).contributing == contributing


@pytest.mark.parametrize("panic", ["Fatal hardware memory error!", "corrupted shared memory", "VFS: Unable"])
def test_a_panic_for_another_reason_is_none(panic):
    with pytest.raises(ReportError):
        parse(f"[    3.113950] Kernel panic - not syncing: {panic}")


def test_a_manual_kill_that_ends_in_a_panic_is_manual():
    judged = diagnose(
        only("""
        [  910.064760] sysrq: Manual OOM execution
        [  910.113950] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled
        [  910.229545] CPU: 1 PID: 243 Comm: kworker/1:2 Not tainted 5.10.1 #1
        """)
    )
    assert (judged.cause, judged.contributing) == ("sysrq_manual", ("panic_on_oom",))
    assert "vm.panic_on_oom is 2" in judged.summary


def test_the_line_that_announces_a_manual_kill_belongs_to_its_report():
    """Before 4.3 the order of such a request is 0: nothing else in these lines shows it."""
    report = only("""
        [  812.400000] SysRq : Manual OOM execution
        [  812.400100] kworker/1:2 invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
        [  812.401000] Out of memory: Kill process 700 (firefox) score 40 or sacrifice child
        [  812.401100] Killed process 700 (firefox) total-vm:900000kB, anon-rss:60000kB, file-rss:20000kB
        """)
    judged = diagnose(report)
    assert (report.first_line, judged.cause) == (1, "sysrq_manual")
    assert judged.findings[0].evidence[0].number == 1 or judged.findings[0].evidence[1].number == 1


def test_a_victim_that_cannot_be_reaped_is_known():
    report = only("""
        [ 100.000100] Out of memory: Killed process 7 (worker) total-vm:100kB, anon-rss:50kB, file-rss:0kB
        [ 100.900000] oom_reaper: unable to reap pid:7 (worker)
        """)
    assert [victim.reaped for victim in report.victims] == [False]
    assert any("unable to take back the memory of pid 7" in note for note in diagnose(report).notes)


def test_a_victim_that_was_reaped_in_the_end_is_reaped():
    report = only("""
        [ 100.000100] Out of memory: Killed process 7 (worker) total-vm:100kB, anon-rss:50kB, file-rss:0kB
        [ 100.900000] oom_reaper: unable to reap pid:7 (worker)
        [ 101.900000] oom_reaper: reaped process 7 (worker), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
        """)
    assert [victim.reaped for victim in report.victims] == [True]


def test_what_the_oom_reaper_took_alone_shows_a_kill():
    report = only(
        "[  101.9] oom_reaper: reaped process 7 (worker), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
    )
    assert [(victim.comm, victim.pid) for victim in report.victims] == [("worker", 7)]


@pytest.mark.parametrize(
    "quoted",
    [
        ["packer invoked oom-killer: gfp_mask=0xd0, order=2, oom_adj=0"],
        [
            "packer invoked oom-killer: gfp_mask=0xd0, order=2, oom_adj=0",
            "Pid: 77, comm: packer Not tainted 2.6.32.1 #1",
        ],
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_a_header_quoted_by_whoever_answers_is_no_second_report(quoted, above):
    log = [
        "packer invoked oom-killer: gfp_mask=0xd0, order=2, oom_adj=0",
        "Pid: 77, comm: packer Not tainted 2.6.32.1 #1",
        "Mem-Info:",
        "Normal free:20000kB min:2000kB low:2500kB high:3000kB present:250000kB",
        "lowmem_reserve[]: 0 0",
        "Normal: 1400*4kB 1800*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB = 20000kB",
        "Out of memory: kill process 90 (webd) score 2600 or a child",
        "Killed process 91 (page.cgi)",
    ]
    remark = ["", "An order of 2 means 16 kB in one block.", ""]
    both = [*quoted, *remark, *log] if above else [*log, *remark, *quoted]
    (report,) = parse("\n".join(f"> {line}" for line in both))
    assert [(each.comm, each.pid) for each in report.victims] == [("page.cgi", 91)]


def test_two_requests_with_equal_headers_are_two_reports():
    found = reports("""
        [  100.0] packer invoked oom-killer: gfp_mask=0xd0, order=2, oom_adj=0
        [  200.0] packer invoked oom-killer: gfp_mask=0xd0, order=2, oom_adj=0
        [  200.1] Pid: 77, comm: packer Not tainted 2.6.32.1 #1
        """)
    assert [each.uptime_s for each in found] == [100.0, 200.0]


@pytest.mark.parametrize(
    "line",
    [
        r'+		pr_warn("Out of memory and no killable processes...\n");',
        r'	pr_warn("%s invoked oom-killer: gfp_mask=%#x(%pGg), order=%d, oom_score_adj=%hd\n",',
        r'printk(KERN_WARNING "invoked oom-killer: gfp_mask=0x%x, order=%d\n", gfp_mask, order);',
        r'	warn_alloc(gfp_mask, "page allocation failure: order:%u", order);',
        r'	panic("System is deadlocked on memory\n");',
        r'    "Out of memory and no killable processes...\n"',
    ],
)
def test_source_code_is_no_report(line):
    with pytest.raises(ReportError):
        parse(f" 	if (!chosen) {{\n{line}\n 	}}\n")


HEADER = "{} {} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
MEMORY = """\
{0} Mem-Info:
{0} Node 0 Normal free:20000kB min:22000kB low:25000kB high:30000kB present:250000kB
{0} lowmem_reserve[]: 0 0
{0} 250000 pages RAM
{0} 9000 pages reserved
"""
TABLE = """\
{0} [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
{0} [      7]     0     7     1000      900    10000        0             0 worker
{0} [      8]     0     8     1000      800    10000        0             0 db
"""
CHOICE = "{} oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,global_oom,task={},pid={},uid=0\n"
KILL = "{} Out of memory: Killed process {} ({}) total-vm:4000kB, anon-rss:{}kB, file-rss:0kB\n"
REAPED = "{} oom_reaper: reaped process {} ({}), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n"
UNABLE = "{} oom_reaper: unable to reap pid:{} ({})\n"
FAILURE = "{0} swapper/0: page allocation failure: order:0, mode:0x820(GFP_ATOMIC), nodemask=(null)\n"


def whole(second, name="worker", pid=7):
    """Return the lines of one report."""
    stamp = f"[{second:5}.000001]"
    parts = [
        HEADER.format(stamp, name),
        MEMORY.format(stamp),
        TABLE.format(stamp),
        CHOICE.format(stamp, name, pid),
        KILL.format(stamp, pid, name, 3600),
    ]
    return "".join(parts).splitlines(keepends=True)


def who_died(text):
    return [[(each.pid, each.reaped) for each in report.victims] for report in parse(text)]


@pytest.mark.parametrize("at", range(10))
@pytest.mark.parametrize(("line", "is_reaped"), [(REAPED, True), (UNABLE, False)])
def test_the_oom_reaper_may_be_done_while_the_next_report_is_printed(at, line, is_reaped):
    second = whole(101, "db", 8)
    second.insert(at, line.format("[  101.000002]", 7, "worker"))
    text = "".join([*whole(100), *second])
    assert who_died(text) == [[(7, is_reaped)], [(8, None)]]
    assert not any(each.problems for each in parse(text))


def test_a_victim_whom_only_the_oom_reaper_names_inside_another_report_was_killed():
    report = whole(101, "db", 8)
    report.insert(3, REAPED.format("[  101.000002]", 7, "worker"))
    assert who_died("".join(report)) == [[(8, None)], [(7, True)]]


def test_a_victim_whom_only_the_oom_reaper_names_is_of_the_report_above():
    lost = [
        line for line in whole(100) if " pid=7" not in line and "illed" not in line and "oom-kill" not in line
    ]
    assert who_died("".join([*lost, REAPED.format("[  100.200000]", 7, "worker")])) == [[(7, True)]]


def test_the_oom_reaper_tears_no_failed_request():
    text = FAILURE.format("[  100.1]") + REAPED.format("[  100.2]", 7, "worker") + MEMORY.format("[  100.3]")
    kill = KILL.format("[  100.0]", 7, "worker", 3600)
    assert who_died(kill + text) == [[(7, True)], []]


@pytest.mark.parametrize(
    ("stamps", "sizes"),
    [
        (["Nov  1 04:00:01 box kernel:", "Nov  8 04:00:01 box kernel:"], [3600, 3600]),
        (["Nov  1 04:00:01 box kernel:", "Nov  1 04:00:02 web2 kernel:"], [3600, 3700]),
        (["2026-11-01T04:00:01+01:00 box kernel:", "2026-11-08T04:00:01+01:00 box kernel:"], [3600, 3600]),
        (["[ 3611.000001]", "[ 7211.000001]", "[ 9211.000001]"], [3600, 3600, 3600]),
        (["23. Sept. 02:04:16 db kernel:", "30. Sept. 02:04:16 db kernel:"], [3600, 3600]),
        (["Dec 31 23:00:01 box kernel:", "Jan  1 00:00:01 box kernel:"], [3600, 3600]),
        (["", ""], [3600, 3700]),
    ],
)
def test_kills_with_one_pid_are_two_where_their_sizes_or_times_differ(stamps, sizes):
    kills = [KILL.format(stamp, 812, "java", size) for stamp, size in zip(stamps, sizes, strict=True)]
    found = parse("".join(kills))
    assert [each.victims[0].anon_rss_kb for each in found] == sizes
    named = [CHOICE.format(stamp, "java", 812) + kill for stamp, kill in zip(stamps, kills, strict=True)]
    assert [each.victims[0].anon_rss_kb for each in parse("".join(named))] == sizes


@pytest.mark.parametrize("stamps", [("Nov  1 04:00:01 box kernel:",) * 2, ("[  100.5]",) * 2, ("", "")])
def test_a_kill_that_a_logger_stored_twice_is_one(stamps):
    assert who_died("".join(KILL.format(stamp, 812, "java", 3600) for stamp in stamps)) == [[(812, None)]]


def test_a_kill_alone_is_no_quotation_of_one_with_its_pid_a_week_before():
    report = "".join(whole(100)).replace("[  100.000001]", "Nov  1 04:00:01 box kernel:")
    later = KILL.format("Nov  8 04:00:01 box kernel:", 7, "worker", 3600)
    noise = "".join(f"Nov  1 04:00:02 box sshd[{number}]: Accepted\n" for number in range(300))
    assert who_died(report + noise + later) == [[(7, None)], [(7, None)]]
    assert who_died(report + later) == [[(7, None)], [(7, None)]]


@pytest.mark.parametrize("count", [5, 250, 2000])
def test_a_kill_belongs_to_its_report_however_much_others_print_before_it(count):
    *report, kill = whole(100)
    noise = [f"[  100.000001] app[{number}]: worked\n" for number in range(count)]
    (found,) = parse("".join([*report, *noise, kill]))
    assert [(each.pid, each.anon_rss_kb) for each in found.victims] == [(7, 3600)]
    late = kill.replace("100.", "900.")  # another kill, of a process that has the same number by then
    assert len(parse("".join([*report, *noise, late]))) == 2


@pytest.mark.parametrize("at", [1, 2, 3, 4, 6, 7, 8, 9])  # a count of pages can be of either
def test_a_request_that_fails_while_a_report_is_printed_takes_nothing_from_it(at):
    """An interrupt needs memory when there is none; without callers in the log only the order tells."""
    report = whole(100)
    report.insert(at, FAILURE.format("[  100.000001]") + MEMORY.format("[  100.000001]"))
    oom, failed = parse("".join(report))
    assert (oom.kind, failed.kind) == ("oom", "allocation_failure")
    assert [task.pid for task in oom.tasks] == [7, 8]
    assert [each.pid for each in oom.victims] == [7]
    assert (failed.tasks, failed.victims) == ((), ())
    assert len(failed.zones) == 1
    assert not oom.problems


def test_a_report_that_is_stored_twice_is_one_by_the_kernel_s_own_time():
    report = "".join(whole(100))
    other = "".join(whole(200, "db", 8))
    dated = report.replace("[", "Nov  1 04:00:01 box kernel: [", 1)
    assert [each.uptime_s for each in parse(report + other + report)] == [100.000001, 200.000001]
    assert [each.time for each in parse(report + other + dated)] == [None, "Nov 1 04:00:01"]
    assert len(parse(report + report.replace("100.0", "101.0"))) == 2
    assert len(parse(report.replace("[  100.000001] ", "") * 2)) == 2
    assert [len(each.tasks) for each in parse("".join(whole(100)[8:]) + other + report)] == [2, 2]


def test_a_report_that_two_loggers_stored_line_by_line_is_one():
    lines = whole(100)
    text = "".join(
        f"2026-11-01T00:00:01.{2 * index + each:06} h kernel: {line}"
        for index, line in enumerate(lines)
        for each in (0, 1)
    )
    assert who_died(text) == [[(7, None)]]


@pytest.mark.parametrize(
    ("name", "pid", "is_told"), [("ghost", 999, True), ("worker", 999, False), ("worker", 7, False)]
)
def test_a_kill_of_another_than_the_one_announced_is_told(name, pid, is_told):
    """A thread of the process has its name, and another pid."""
    *report, _ = whole(100)
    (found,) = parse("".join([*report, KILL.format("[  100.000001]", pid, name, 3600)]))
    assert [(each.pid, each.comm) for each in found.victims] == [(pid, name)]
    assert [each.line for each in found.problems] == ([len(report) + 1] if is_told else [])
    assert all("process 7 is to be killed" in each.reason for each in found.problems)


def app(count):
    """Return lines of another program."""
    words = "worked on its own matters " * 3
    return "".join(f"[  100.000001] app[{number}]: {words}\n" for number in range(count))


def test_kills_of_a_log_that_is_read_in_windows_are_counted_once():
    second = whole(101, "db", 8)
    second.insert(1, REAPED.format("[  101.000002]", 7, "worker"))
    *report, kill = whole(100)
    much = app(12_000)
    assert len(much) > LONG
    assert who_died("".join([much, *whole(100), app(600), *second])) == [[(7, None)], [(8, None)]]
    assert who_died("".join([*whole(100), much, *whole(100)])) == [[(7, None)]]
    assert who_died("".join([much, *report, app(260), kill, app(600)])) == [[(7, None)]]


def test_a_victim_on_another_host_is_not_reaped():
    hosts = ["".join(whole(100)).replace("[", f"Nov  1 04:00:01 {host} kernel: [") for host in ("a", "b")]
    found = who_died(
        "".join([*hosts, "Nov  1 04:00:02 a kernel: " + REAPED.format("[  100.1]", 7, "worker")])
    )
    assert found == [[(7, True)], [(7, None)]]


REQUEST = """
    [ 1000.000001] webd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
    [ 1000.000003] memory: usage 512000kB, limit 512000kB, failcnt 99
    [ 1000.000005] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task_memcg=/a,task=webd,pid=50,uid=7
    """
EXITING = "is already exiting. Skip killing the task"


@pytest.mark.parametrize(
    ("lines", "killed", "exiting"),
    [
        ([f"Memory cgroup out of memory: OOM victim 50 (webd) {EXITING}"], [], [50]),
        ([f"Out of memory (oom_kill_allocating_task): OOM victim 50 (a) (b) {EXITING}"], [], [50]),
        (
            [
                "Tasks in /a are going to be killed due to memory.oom.group set",
                f"Memory cgroup out of memory: OOM victim 50 (webd) {EXITING}",
                "Memory cgroup out of memory: Killed process 51 (job) total-vm:900000kB, anon-rss:5kB",
                f"Memory cgroup out of memory: OOM victim 52 (job) {EXITING}",
            ],
            [51],
            [50, 52],
        ),
    ],
)
def test_a_process_that_was_already_exiting_was_not_killed(lines, killed, exiting):
    rows = "\n".join(f"    [ 1000.00001{place}] {line}" for place, line in enumerate(lines))
    report = only(REQUEST + rows)
    assert [each.pid for each in report.victims] == killed
    assert [each.pid for each in report.exiting] == exiting
    assert report.exiting[0].memcg == "/a"
    assert not any("kill" in each.reason or "chosen" in each.reason for each in report.problems)


@pytest.mark.parametrize("who", ["", " 50 (webd)"])
def test_old_kernels_say_in_other_words_that_there_was_nothing_to_kill(who):
    report = only(f"""
        webd invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0
        Mem-info:
        Out of memory: kill process 50 (webd) score 26 or a child
        tried to kill an mm-less task{who}!
        """)
    assert (report.victims, [(each.pid, each.comm) for each in report.exiting]) == ((), [(50, "webd")])


def test_a_report_without_a_kill_says_so_and_hides_the_name_when_redacted():
    report = only(f"{REQUEST}[ 1000.000020] Out of memory: OOM victim 50 (webd) {EXITING}")
    assert "Nothing was killed: webd (pid 50) was already exiting." in text(report)
    assert [event.victims for event in timeline([report]).events] == [()]
    assert "webd" not in "\n".join(Redactor().lines(report))
