"""Pieces of reports, cut and spoilt as people paste them: every text here was written for these tests."""

from __future__ import annotations

import pytest

from oomlab.parse import parse


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
