"""Pieces of reports, cut and spoilt as people paste them: every text here was written for these tests."""

from __future__ import annotations

import pytest

from oomlab.parsing import parse


def rows(*numbers: str) -> str:
    stamp = "Mar  4 05:06:07 box kernel:"
    table = "".join(f"{stamp} [  {100 + i}]     0   {100 + i} {text}\n" for i, text in enumerate(numbers))
    return f"{table}{stamp} Out of memory: Kill process 100 (worker) score 7 or sacrifice child\n"


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ("  9000    800   1      -17 worker", {"cpu": 1, "oom_adj": -17}),
        ("  9000    800   21   5   -17 worker", {"nr_ptes": 21, "swapents": 5, "oom_score_adj": -17}),
        ("  9000    800 86016  5   -17 worker", {"pgtables_bytes": 86016, "swapents": 5}),
        ("  9000    800   21   3    5  0 worker", {"nr_ptes": 21, "nr_pmds": 3, "swapents": 5}),
        ("  9000    800  500 200  100 86016 5 0 worker", {"rss_file": 200, "pgtables_bytes": 86016}),
    ],
)
def test_the_number_of_numbers_tells_the_columns_of_a_table_without_its_header(row, seen):
    (report,) = parse(rows(row, row))
    task = report.tasks[0]
    assert (task.pid, task.comm, task.rss) == (100, "worker", 800)
    assert {name: getattr(task, name) for name in seen} == seen


def test_what_runs_into_the_line_of_a_kill_is_no_part_of_the_name():
    log = (
        "[   50.100000] Out of memory: Kill process 60 (app) score 500 or sacrifice child\n"
        "[   50.100001] Killed process 61 (log d) total-vm:5116kB, anon-rss:616kB,\nfile-rss:68kB\n"
        "(*) [Player 50.1] ( 60: 78) watcher: Process [pid:61 flags:] is gone\n"
    )
    (report,) = parse(log)
    (victim,) = report.victims
    assert (victim.comm, victim.pid, victim.file_rss_kb) == ("log d", 61, 68)


def test_a_bracket_in_a_name_stays_in_it():
    (report,) = parse(
        "Out of memory: Killed process 77 ((sd-pam)) total-vm:9kB, anon-rss:8kB, file-rss:0kB\n"
    )
    assert report.victims[0].comm == "(sd-pam)"


def test_where_the_kill_is_lost_the_reaper_tells_who_died():
    log = (
        "[   9.000] eater invoked oom-killer: gfp_mask=0x6000c0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[   9.001] Task in /pod/one killed as a result of limit of /pod\n"
        "[   9.002] memory: usage 4096kB, limit 4096kB, failcnt 3\n"
        "[   9.900] oom_reaper: reaped process 88 (eater), now anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
    )
    (report,) = parse(log)
    (victim,) = report.victims
    assert (victim.comm, victim.pid, victim.anon_rss_kb) == ("eater", 88, None)
    assert any("reaped" in problem.reason for problem in report.problems)


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


@pytest.mark.parametrize("frame", ["mem_cgroup_oom_synchronize", "mem_cgroup_out_of_memory"])
def test_a_cut_report_of_a_group_is_known_by_its_trace(frame):
    log = (
        "[ 5.0] app invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
        "[ 5.1] Call Trace:\n"
        "[ 5.2]  [<ffffffff8116ceee>] oom_kill_process+0x24e/0x3b0\n"
        f"[ 5.3]  [<ffffffff811d3bb5>] {frame}+0x575/0x5a0\n"
    )
    assert parse(log)[0].scope == "memcg"


@pytest.mark.parametrize(
    ("row", "chosen", "child_of", "score"),
    [("501", "500", 500, None), ("501", "502", None, 900), ("501", "501", None, 900)],
)
def test_a_child_dies_for_its_parent_and_a_process_for_its_thread(row, chosen, child_of, score):
    log = (
        "[ 5.0] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
        "[ 5.1] [  500]     0   500     5000      900      20        0             0 app\n"
        f"[ 5.2] [  {row}]     0   {row}     4000      800      20        0             0 app\n"
        f"[ 5.3] Memory cgroup out of memory: Kill process {chosen} (app) score 900 or sacrifice child\n"
        "[ 5.4] Killed process 501 (app) total-vm:16000kB, anon-rss:3200kB, file-rss:0kB\n"
    )
    (victim,) = parse(log)[0].victims
    assert (victim.pid, victim.child_of, victim.score) == (501, child_of, score)


def test_a_number_of_any_length_does_no_harm_without_a_header():
    long = "7" * 5000
    (report,) = parse(rows(f"  9000    800   {long}    5   -17 worker", f"  {long} 1 1 1 1 worker"))
    assert report.victims[0].pid == 100


@pytest.mark.parametrize(("printed", "order"), [("3", 3), ("-1", -1), ("9999999999", None)])
def test_a_number_that_no_kernel_has_is_no_order(printed, order):
    (report,) = parse(f"[ 5.0] app invoked oom-killer: gfp_mask=0xd0, order={printed}, oom_score_adj=0\n")
    assert report.trigger.order == order


@pytest.mark.parametrize(
    ("lines", "functions"),
    [
        (
            ("show_stack from dump_header+0x68/0x254", "dump_header from out_of_memory+0x474/0x4f0"),
            ("dump_header", "out_of_memory"),
        ),
        (
            ("dump_header (mm/oom_kill.c:430)", "? out_of_memory (include/linux/x.h:5 mm/oom_kill.c:9)"),
            ("dump_header", "out_of_memory"),
        ),
    ],
    ids=["ARM since 5.17", "decoded"],
)
def test_calls_are_read_in_every_form(lines, functions):
    log = "".join(
        f"[ 5.{number}] {text}\n"
        for number, text in enumerate(
            ("app invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0", "Call Trace:", *lines)
        )
    )
    assert parse(log)[0].trace == functions


@pytest.mark.parametrize("frame", ["warn_alloc", "warn_alloc_failed"])
def test_a_failed_allocation_without_its_header_is_known_by_its_trace(frame):
    log = (
        "[ 5.1] Call Trace:\n"
        f"[ 5.2]  {frame}+0x11e/0x1d0\n"
        "[ 5.3]  __alloc_pages_slowpath+0x3d4/0xe02\n"
        "[ 5.4] Mem-Info:\n"
        "[ 5.5] Node 0 Normal free:9000kB min:4000kB low:5000kB high:6000kB\n"
    )
    assert parse(log)[0].kind == "allocation_failure"
    assert parse(log.replace(frame, "dump_header"))[0].kind == "oom"


def test_a_failed_allocation_is_known_by_what_its_printer_left_out():
    said = "[ 5.4] warn_alloc_show_mem: 1 callbacks suppressed\n"
    memory = "[ 5.4] Mem-Info:\n[ 5.5] Node 0 Normal free:9000kB min:4000kB low:5000kB high:6000kB\n"
    (report,) = parse(said + memory)
    assert (report.kind, report.first_line) == ("allocation_failure", 1)
    header = "[ 5.0] app invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0\n"
    assert [each.kind for each in parse(header + said + memory)] == ["oom"]


def test_kills_that_somebody_looked_for_are_of_one_report_each():
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
    assert (apart[1].kind, apart[1].trigger.comm) == ("oom", None)


def test_a_count_of_free_blocks_below_zero_is_no_count():
    log = (
        "app: page allocation failure. order:0, mode:0x1d2\n"
        "Normal free:128kB min:188kB low:376kB high:564kB active:0kB inactive:0kB present:49144kB\n"
        "Normal: 4294967000*4kB 4294966000*8kB = 4294955744kB\n"
    )
    (report,) = parse(log)
    assert (report.zones[0].free, report.zones[0].free_blocks) == (32, None)
    assert [problem.line for problem in report.problems if "lost count" in problem.reason] == [3]


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
