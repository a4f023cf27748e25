"""The kernel's choice, made again: scores by each version's rule."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.badness import UNKILLABLE, explains, rank, rule_of, score, total_pages
from oomlab.kernel import KernelRelease, KernelVersion, load_table
from oomlab.parsing import parse
from oomlab.report import Memcg, Report, Swap, Task, Trigger, Victim, ZoneStat
from tests.support import corpus

GIB = 2**18  # pages of 4 kB
HOST_WITHOUT_SWAP = Path(__file__).parents[1] / "diagnosis" / "cases" / "memcg-host-without-swap.log"


def task(pid=100, comm="a", **columns):
    return Task(pid=pid, comm=comm, **{"uid": 1000, "rss": 0, "swapents": 0, "oom_score_adj": 0, **columns})


def report(*tasks, kernel="6.1", **parts):
    made = {"totals": {"ram": GIB, "reserved": 0}, "swap": Swap(total=0), **parts}
    release = KernelRelease.of(kernel) if kernel else None
    return Report(kind="oom", first_line=1, last_line=2, kernel=release, tasks=tasks, **made)


# The table


def facts():
    return load_table("badness")["fact"]


def test_rows_of_one_fact_never_overlap_and_only_the_floor_has_a_gap():
    for fact in {row["fact"] for row in facts()}:
        rows = [row for row in facts() if row["fact"] == fact and "vendor" not in row]
        rows.sort(key=lambda row: KernelVersion.of(row.get("since", "0.1")))
        ends = [(earlier["until"], later["since"]) for earlier, later in pairwise(rows)]
        assert all(KernelVersion.of(until) <= KernelVersion.of(since) for until, since in ends)
        gaps = [pair for pair in ends if pair[0] != pair[1]]
        assert gaps == ([("5.4.144", "5.5")] if fact == "floor" else [])


def test_every_row_says_where_it_comes_from():
    assert all(row["source"] for row in [*facts(), *load_table("badness")["column"]])


@pytest.mark.parametrize(
    ("kernel", "rule"),
    [
        ("2.6.32", ("size_and_age", False, "nothing", None, "first")),
        ("2.6.37", ("share", False, "30 thousandths of all memory", 1, "first")),
        ("3.2.53", ("share", True, "30 thousandths of all memory", 1, "first")),
        ("3.2.71", ("share", True, "3 % of its own", 1, "first")),
        ("3.8", ("pages", True, "30 thousandths of all memory", 1, "first")),
        ("3.2.54", ("share", True, "30 thousandths of all memory", 1, "first")),
        ("3.4.113", ("share", True, "30 thousandths of all memory", 1, "first")),
        ("3.7.2", ("pages", True, "30 thousandths of all memory", 1, "first")),
        ("3.9.6", ("pages", True, "30 thousandths of all memory", 1, "first")),
        ("3.10.99", ("pages", True, "3 % of its own", 1, "first")),
        ("3.12.24", ("pages", True, "3 % of its own", 1, "first")),
        ("3.13.10", ("pages", True, "3 % of its own", 1, "first")),
        ("3.10.0-1062.el7.x86_64", ("pages", True, "3 % of its own", 1, "first")),
        ("3.13.0-170-generic", ("pages", True, "3 % of its own", 1, "first")),
        ("5.4.286", ("pages", True, "nothing", None, "last")),
        ("5.8.1", ("pages", True, "nothing", 1, "last")),
        ("4.4", ("pages", True, "3 % of its own", 1, "first")),
        ("4.16", ("pages", True, "3 % of its own", 1, "first")),
        ("4.19", ("pages", True, "nothing", 1, "first")),
        ("5.10", ("pages", True, "nothing", None, "last")),
        ("6.12", ("pages", True, "nothing", None, "last")),
    ],
)
def test_each_version_has_the_rule_that_its_source_shows(kernel, rule):
    assert rule_of(kernel)[: len(rule)] == rule


@pytest.mark.parametrize(
    ("kernel", "formula"),
    [("0.99", "size_and_age"), ("2.4.18", "size_and_age"), ("2.6", "size_and_age"), ("9.1", "pages")],
)
def test_versions_beyond_those_that_were_read_have_a_rule_too(kernel, formula):
    assert rule_of(kernel).formula == formula


# The score


def test_the_incidents_score_is_the_one_it_printed():
    clamd = task(pid=21832, comm="clamd", uid=113, rss=37403, swapents=None)
    assert score(clamd, total_pages=8_650_736 - 349_626 + 489_973, kernel="3.2.59") == 4


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("2.6.37", 100 + 50 - 30 + 10),  # no page tables; root is let off 30
        ("3.2.53", 100 + 50 + 20 - 30 + 10),
        ("3.2.71", 170 - 5 + 10),  # 3 % of 170, rounded down
        ("3.8", 170 - 30 + 10),
        ("4.4", 174),  # 170,000 pages less 5,100, plus 10,000, in thousandths of a million
        ("4.19", 180),
        ("6.1", 180),
    ],
)
def test_one_process_of_root_scores_by_each_versions_rule(kernel, expected):
    one = task(uid=0, rss=100_000, swapents=50_000, nr_ptes=20_000, oom_score_adj=10)
    assert score(one, total_pages=1_000_000, kernel=kernel) == expected


def test_page_tables_in_bytes_count_in_the_reports_own_pages():
    one = task(rss=0, pgtables_bytes=640 * 1024)
    assert score(one, total_pages=1000, kernel="6.1") == 160
    assert score(one, total_pages=1000, kernel="6.1", page_size_kb=64) == 10


def test_nobody_falls_below_the_floor_until_5_9():
    shy = task(rss=10, oom_score_adj=-500)
    assert score(shy, total_pages=10_000, kernel="3.2") == 1
    assert rank(report(shy, kernel="5.4"))[0].points == 1
    assert rank(report(shy, kernel="5.10"))[0].points < 0
    assert score(shy, total_pages=10_000, kernel="5.10") == -499


@pytest.mark.parametrize(
    "excepted", [{"oom_score_adj": UNKILLABLE}, {"oom_score_adj": None, "oom_adj": -17}, {"pid": 1}]
)
def test_a_process_that_must_not_be_killed_has_no_score(excepted):
    assert score(task(rss=1000, **excepted), total_pages=1000, kernel="3.2") is None


@given(
    rss=st.integers(0, 2**40),
    more=st.integers(0, 2**40),
    adj=st.integers(-999, 1000),
    total=st.integers(1000, 2**40),
    kernel=st.sampled_from(["2.6.37", "3.2.59", "3.10", "4.4", "4.19", "5.4", "6.12"]),
)
def test_more_memory_never_makes_a_lower_score(rss, more, adj, total, kernel):
    small, large = task(rss=rss, oom_score_adj=adj), task(rss=rss + more, oom_score_adj=adj)
    assert score(small, total_pages=total, kernel=kernel) <= score(large, total_pages=total, kernel=kernel)


@given(adj=st.integers(-(10**9), 10**9), vm=st.integers(0, 2**60))
def test_no_number_in_a_log_can_stop_the_arithmetic(adj, vm):
    odd = task(rss=vm, total_vm=vm, oom_adj=adj, oom_score_adj=adj)
    for kernel in ("2.6.18", "2.6.37", "6.1"):
        assert isinstance(score(odd, total_pages=vm, kernel=kernel), int | None)


# What may be used


def test_all_memory_is_what_the_kernel_manages_and_swap():
    totals = {"ram": 8_650_736, "reserved": 349_626}
    assert total_pages(report(totals=totals, swap=Swap(total=489_973))) == 8_791_083
    assert total_pages(report(totals={}, zones=(ZoneStat(name="Normal", managed=500),))) == 500
    assert total_pages(report(totals={})) is None


LIMIT = Memcg(limit_kb=524288)


@pytest.mark.parametrize(
    ("group", "swap", "expected"),
    [
        (LIMIT, 0, 131072),
        (LIMIT, 1000, None),  # its swappiness may be 0
        (LIMIT, None, None),
        (replace(LIMIT, swap_limit_kb=0), None, 131072),
        (replace(LIMIT, swap_limit_kb=262144), None, None),
        (replace(LIMIT, swap_limit_kb=262144), 0, 131072),
        (replace(LIMIT, swap_limit_kb=9007199254740988), 0, 131072),
        (replace(LIMIT, swap_limit_kb=8589934588), None, None),  # no limit, on 32 bits
        (replace(LIMIT, swap_limit_kb=524288, memsw=True), None, 131072),  # v1: one limit for both
        (replace(LIMIT, swap_limit_kb=786432, memsw=True), None, None),
        (Memcg(), 0, None),
    ],
)
def test_a_control_group_may_use_its_limit_and_swap_that_few_reports_show(group, swap, expected):
    shown = None if swap is None else Swap(total=swap)
    assert total_pages(report(scope="memcg", memcg=group, swap=shown)) == expected


def test_a_score_that_depends_on_swap_which_no_line_shows_is_neither_right_nor_wrong():
    (read,) = parse(HOST_WITHOUT_SWAP.read_text())
    found = explains(read)
    assert (found.total_pages, found.score_agrees, found.agrees) == (None, None, True)
    known = explains(replace(read, swap=Swap(total=0)))
    assert (known.total_pages, known.score_agrees) == (131_072, True)


def test_a_choice_that_depends_on_swap_which_no_line_shows_is_left_open():
    tasks = (task(pid=11, rss=1000), task(pid=12, rss=900, oom_score_adj=10), task(pid=13, rss=10))
    group = report(*tasks, scope="memcg", memcg=LIMIT, swap=None, victims=(Victim(pid=12),))
    assert explains(group).agrees is True
    few = replace(group, memcg=Memcg(limit_kb=20_000))  # of 5,000 pages, 10 thousandths are 50
    assert [explains(replace(few, victims=(Victim(pid=pid),))).agrees for pid in (11, 12, 13)] == [None] * 3


def test_a_cpuset_may_use_its_own_nodes():
    zones = tuple(ZoneStat(name="Normal", node=node, present=1000 + node) for node in range(4))
    bound = report(scope="cpuset", mems_allowed="1-2", zones=zones, swap=Swap(total=5))
    assert total_pages(bound) == 1001 + 1002 + 5
    assert total_pages(replace(bound, scope="mempolicy", nodemask="3")) == 1003 + 5
    old = replace(bound, kernel=KernelRelease.of("5.2.1"))
    assert total_pages(old) is None  # it counts the spanned pages of nodes, holes and all


# The choice


def test_the_heaviest_is_first_and_the_spared_are_last():
    tasks = (task(1, "init", rss=900), task(7, "small", rss=10), task(8, "big", rss=500))
    ranking = rank(report(*tasks))
    assert [(each.task.comm, each.position) for each in ranking] == [("big", 1), ("small", 2), ("init", None)]


@pytest.mark.parametrize(("kernel", "pid"), [("4.19", 7), ("5.10", 8)])
def test_of_two_equals_the_rule_says_which(kernel, pid):
    assert rank(report(task(7, rss=5), task(8, rss=5), kernel=kernel))[0].task.pid == pid


def test_a_choice_by_the_rule_agrees_with_its_printed_score():
    chosen = explains(
        report(
            task(7, rss=GIB // 2),
            task(8, rss=9, nr_ptes=1),
            kernel="4.19",
            victims=(Victim(pid=7, score=500),),
        )
    )
    assert (chosen.agrees, chosen.basis) == (True, "version")


def test_a_printed_score_is_compared_where_the_table_shows_all_that_counts():
    tasks = (task(7, rss=GIB // 2, nr_ptes=0), task(8, rss=9, nr_ptes=1))
    same, other = (
        explains(report(*tasks, kernel="4.19", victims=(Victim(pid=7, score=n),))) for n in (500, 501)
    )
    assert (same.score_agrees, other.score_agrees) == (True, False)


def test_what_the_table_leaves_out_can_only_add_to_a_score():
    tasks = (task(7, rss=GIB // 2, swapents=None),)
    more, less = (
        explains(report(*tasks, kernel="3.2", victims=(Victim(pid=7, score=n),))) for n in (600, 400)
    )
    assert (more.score_agrees, less.score_agrees) == (None, False)


def test_another_choice_than_the_rules_is_said():
    wrong = explains(
        report(
            task(7, "big", rss=500, nr_ptes=0), task(8, "small", rss=5, nr_ptes=0), victims=(Victim(pid=8),)
        )
    )
    assert wrong.agrees is False
    assert wrong.reasons == ("by the kernel's rule big (7) weighs 500, small (8) only 5",)


def test_where_a_child_died_its_parent_is_compared():
    tasks = (task(7, "big", rss=500, nr_ptes=0), task(8, "small", rss=5, nr_ptes=0))
    assert explains(report(*tasks, victims=(Victim(pid=8, child_of=7),))).agrees is True
    assert explains(report(*tasks, victims=(Victim(pid=7, child_of=8),))).agrees is False


def test_the_death_of_one_that_the_rule_spares_is_said():
    tasks = (task(7, rss=500, nr_ptes=0), task(8, "sshd", rss=5, nr_ptes=0, oom_score_adj=UNKILLABLE))
    wrong = explains(report(*tasks, victims=(Victim(pid=8),)))
    assert wrong.agrees is False
    assert wrong.reasons == ("sshd (8) is one that the kernel must not kill",)


def test_swapoff_dies_first_whatever_it_weighs():
    tasks = (task(7, "big", rss=500, nr_ptes=0), task(8, "swapoff", rss=5, nr_ptes=0))
    victims = (Victim(pid=8, comm="swapoff"),)
    headless = explains(report(*tasks, victims=victims, trigger=Trigger()))
    assert headless.agrees is None  # the log lost who asked
    marked = explains(report(*tasks, victims=victims, trigger=Trigger(comm="swapoff", pid=8)))
    assert marked.agrees is None
    assert marked.reasons == ("a process that switches swap off is killed before all others",)
    other = explains(report(*tasks, victims=victims, trigger=Trigger(comm="big", pid=7)))
    assert other.agrees is False


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "names no victim"),
        ({"panic": "Out of memory and no killable processes..."}, "no killable processes"),
        ({"victims": (Victim(pid=9),)}, "process 9 is not in the task table"),
        ({"victims": (Victim(pid=7, reason="Out of memory (oom_kill_allocating_task)"),)}, "whoever asks"),
    ],
)
def test_where_the_choice_cannot_be_made_again_the_reason_is_given(parts, reason):
    unknown = explains(report(task(7, rss=5), **parts))
    assert unknown.agrees is None
    assert reason in unknown.reasons[0]


def test_without_the_totals_an_adjusted_process_cannot_be_weighed():
    tasks = (task(7, rss=500, nr_ptes=0, oom_score_adj=10), task(8, rss=5, nr_ptes=0))
    unknown = explains(report(*tasks, totals={}, victims=(Victim(pid=8),)))
    assert unknown.agrees is None
    assert "lack a number" in unknown.reasons[0]
    plain = explains(
        report(*(each._replace(oom_score_adj=0) for each in tasks), totals={}, victims=(Victim(pid=7),))
    )
    assert plain.agrees


def test_before_2_6_36_only_an_agreement_is_certain():
    tasks = (task(7, total_vm=500, oom_score_adj=None), task(8, total_vm=5, oom_score_adj=None))
    old = explains(report(*tasks, kernel="2.6.32", victims=(Victim(pid=8, score=30),)))
    assert (old.agrees, old.score_agrees) == (None, None)
    assert "no report prints them" in old.reasons[1]


def test_columns_beat_a_version_that_a_vendor_has_patched():
    el6 = explains(report(task(7, rss=5, oom_adj=0), kernel="2.6.32-754.el6.x86_64"))
    assert (el6.rule.formula, el6.basis) == ("share", "columns")


def test_without_a_version_the_columns_tell_the_rule():
    assert explains(report(task(7, pgtables_bytes=0), kernel=None)).basis == "columns"
    assert explains(report(kernel=None)).basis == "assumed"


# Real reports: the kernel's own choice and score are the oracle


@cache
def explained(folder: Path):
    """Every report of a folder that shows both a task table and a victim, with the log it is from."""
    return {
        (log.stem, each.first_line): explains(each)
        for log in corpus.logs(folder)
        for each in corpus.read(log)
        if each.kind == "oom" and each.tasks and each.victims
    }


def test_the_rule_chooses_whom_the_kernel_chose(keyed):
    assert len(explained(keyed)) >= 10
    misses = {where: each.reasons for where, each in explained(keyed).items() if not each.agrees}
    assert misses == {}


def test_the_rule_gives_the_scores_that_kernels_printed(keyed):
    scores = [each.score_agrees for each in explained(keyed).values()]
    assert True in scores
    assert False not in scores


def test_most_of_those_tables_left_the_rule_a_choice(keyed):
    choices = [sum(row.points is not None for row in each.ranking) for each in explained(keyed).values()]
    assert sum(choice > 1 for choice in choices) > len(choices) / 2


def test_zones_are_no_measure_where_the_line_of_one_is_lost(keyed):
    """No score is made of what is left: the machine would seem smaller than what a process holds."""
    tried = 0
    for each in (report for log in corpus.logs(keyed) for report in corpus.read(log)):
        lost = max(each.zones, key=lambda zone: zone.managed or 0, default=None)
        free = each.totals.get("free", 0)
        if each.scope != "global" or not each.has_all_managed or (lost.free or 0) <= max(1024, free // 10):
            continue
        tried += 1
        zones = tuple(zone for zone in each.zones if zone is not lost)
        without = replace(each, totals={**each.totals, "reserved": None}, zones=zones)
        assert total_pages(without) is None
    assert tried


def test_the_size_of_the_address_space_would_have_chosen_others(keyed):
    by_size = [
        max(each.ranking, key=lambda row: row.task.total_vm or 0).task.pid == each.chosen.pid
        for each in explained(keyed).values()
    ]
    assert by_size.count(False) >= 2
