"""Who holds the memory, by name: what the table of tasks shows, and what it counts twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.holders import holders_of
from oomlab.parsing import parse
from oomlab.render import as_dict, html, text
from oomlab.report import Memcg, Problem, Swap, Task, Victim
from tests.diagnosis.test_diagnose import CASES, machine
from tests.support.texts import only

LOGS = Path(__file__).parent / "cases"


def case(name):
    (report,) = parse((LOGS / f"{name}.log").read_text())
    return report


def shown(name):
    """The text of a case, as one line."""
    return " ".join(text(case(name)).split())


def pool(count, rss, name="worker", **columns):
    return tuple(Task(pid, name, tgid=pid, rss=rss, **columns) for pid in range(1000, 1000 + count))


FULL = machine(inactive_anon=200_000)


# --- what is counted --------------------------------------------------------------------------


def test_many_small_processes_of_one_command_come_before_one_large():
    tasks = (Task(77, "mysqld", rss=50_000), *pool(60, 2_000))
    first, second = holders_of(replace(FULL, tasks=tasks))
    assert (first.name, first.count, first.held, first.is_bound) == ("worker", 60, 120_000, False)
    assert (second.name, second.words) == ("mysqld", "mysqld (pid 77)")


def test_what_is_shared_counts_once_where_the_table_shows_it_apart():
    tasks = pool(10, 9_000, rss_anon=1_000, rss_file=0, rss_shmem=8_000)
    (holder,) = holders_of(replace(FULL, tasks=tasks))
    assert (holder.anon, holder.shmem, holder.held) == (10_000, 80_000, 18_000)


def test_where_the_sum_is_more_than_there_is_only_what_cannot_be_shared_is_certain():
    """Ten processes of 9,000 pages do not fit where 20,000 are in use, of which 8,500 are mapped."""
    crowded = machine(inactive_anon=20_000, shmem=8_000, mapped=8_500)
    (holder,) = holders_of(replace(crowded, tasks=pool(10, 9_000)))
    assert (holder.rss, holder.held, holder.is_bound) == (90_000, 10 * 500 + 8_500, True)


def test_what_no_other_process_can_hold_is_certain():
    """A hundred processes share much, and the only other one holds 2,000 pages at the most."""
    crowded = machine(inactive_anon=180_000, shmem=4_000, mapped=90_000)
    tasks = (Task(77, "mysqld", rss=2_000), *pool(100, 5_000))
    first = holders_of(replace(crowded, tasks=tasks))[0]
    assert (first.name, first.rss, first.held, first.is_bound) == ("worker", 500_000, 174_000, True)
    lost = Problem(9, "This row of the task table is cut or damaged")
    assert holders_of(replace(crowded, tasks=tasks, problems=(lost,)))[0].held < 10_000


def test_what_a_group_s_processes_map_may_be_charged_to_another_group():
    """Ten small ones show more than the group uses: what they map of files need not be the group's."""
    group = Memcg(usage_kb=40_000, limit_kb=40_000, stats={"anon": 38_000}, stats_unit="kB")
    tasks = (Task(77, "hoard", rss=9_600), *pool(10, 1_200))
    report = replace(machine(), scope="memcg", memcg=group, tasks=tasks)
    first, second = holders_of(report)
    assert (first.name, first.held, first.is_bound) == ("hoard", 9_600, False)
    assert (second.held, second.rss, second.is_bound) == (1_200, 12_000, True)
    assert "hoard (pid 77) holds" in diagnose(report).summary


def test_a_pool_that_fills_its_group_is_still_named_though_its_sum_is_more():
    group = Memcg(usage_kb=40_000, limit_kb=40_000, stats={"rss": 38_000}, stats_unit="kB")
    report = replace(machine(), scope="memcg", memcg=group, tasks=(Task(7, "sh", rss=100), *pool(20, 700)))
    first = holders_of(report)[0]
    assert (first.name, first.held, first.is_bound) == ("worker", 9_400, True)


def test_more_than_all_processes_hold_is_told_as_damage():
    damaged = machine(inactive_anon=170_000)
    summary = diagnose(replace(damaged, tasks=(Task(77, "hoard", rss=195_000),))).summary
    assert "hoard (pid 77) holds 762 MiB by the task table, more than the counters show" in summary
    assert "damaged" not in diagnose(replace(damaged, tasks=(Task(77, "hoard", rss=165_000),))).summary


def test_threads_beside_their_process_are_not_counted_again():
    threads = tuple(Task(pid, "java", tgid=500, rss=40_000) for pid in range(500, 510))
    (holder,) = holders_of(replace(FULL, tasks=threads))
    assert (holder.count, holder.held) == (1, 40_000)


def test_a_process_that_is_swapped_out_whole_still_holds_something():
    tasks = (Task(5, "idle", rss=0, swapents=90_000), Task(6, "busy", rss=10_000, swapents=0))
    assert [each.name for each in holders_of(replace(FULL, tasks=tasks))] == ["idle", "busy"]


# --- what is claimed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("pool", "60 php-fpm processes hold 3.2 GiB (84 % of the memory)."),
        (
            "kubernetes-node",
            "postgres (pid 2200) holds 6.5 GiB (84 % of the memory); its oom_score_adj of -997",
        ),
        ("one-hoarder", "hoard (pid 5000) holds 3.7 GiB (96 % of the memory)."),
        ("memory-and-swap-limit", "hog (pid 1667) holds 271 MiB and 327 MiB of swap"),
        (
            "slab-list",
            "kmalloc-2048 holds 57.6 MiB (59,000 KB), the most of what 'Unreclaimable slab info' lists",
        ),
    ],
)
def test_the_first_is_named_in_the_summary(name, claim):
    diagnosis = diagnose(case(name))
    assert claim in diagnosis.summary
    assert {"holder", "slab_cache"} & {finding.rule for finding in diagnosis.findings}


def test_the_holder_is_proved_by_the_row_of_its_largest_process():
    report = case("one-hoarder")
    assert any(line.text.rstrip().endswith("hoard") for line in diagnose(report).evidence)


@pytest.mark.parametrize("cause", ["lowmem_exhaustion", "fragmentation", "sysrq_manual", "cma"])
def test_nobody_is_named_for_what_processes_do_not_decide(cause):
    report = replace(CASES[cause], tasks=(Task(77, "cc1", rss=200_000),))
    assert "holder" not in {finding.rule for finding in diagnose(report).findings}


def test_a_small_holder_is_not_called_the_one_that_filled_it():
    report = machine(inactive_anon=60_000)  # most is in no counter
    report = replace(report, tasks=(Task(77, "cc1", rss=40_000), Task(78, "sh", rss=10)))
    assert (
        "Of the processes listed, cc1 (pid 77) holds the most: 156 MiB (16 % of the memory)."
        in diagnose(report).summary
    )


def test_whoever_holds_most_of_the_swap_is_named_too():
    tasks = (Task(5, "java", rss=150_000, swapents=100), Task(6, "idle", rss=10, swapents=90_000))
    report = replace(machine(inactive_anon=200_000, swap=Swap(total=100_000, free=10)), tasks=tasks)
    assert "The most swap is held by idle (pid 6): 352 MiB of 391 MiB." in diagnose(report).summary


def test_page_tables_are_named_by_who_has_them():
    tasks = (Task(5, "java", rss=90_000, nr_ptes=100), *pool(50, 100, name="oracle", nr_ptes=700))
    report = replace(CASES["page_tables"], tasks=tasks)
    assert "50 oracle processes have 137 MiB of page tables, the most of all." in diagnose(report).summary


def test_in_a_group_the_whole_is_what_the_group_uses():
    group = Memcg(usage_kb=40_000, limit_kb=40_000, stats={"anon": 39_000 * 1024}, stats_unit="bytes")
    report = replace(machine(), scope="memcg", memcg=group, tasks=(Task(77, "cc1", rss=5_000),))
    assert "holds 20 MiB (50 % of what the group uses)" in diagnose(report).summary


def test_a_pool_that_was_hit_is_not_said_to_have_held_nothing():
    report = replace(
        FULL, tasks=pool(60, 3_000), victims=(Victim(pid=1005, comm="worker", anon_rss_kb=12_000),)
    )
    (note,) = diagnose(report).notes
    assert "one of the 60 worker processes" in note


@pytest.mark.parametrize("evil", ["\x1b[2Jevil", "<img src=evil>", "$evil$", "`evil`", " evil", "evil\n"])
def test_a_name_that_could_be_more_than_a_name_stays_out_of_claims(evil):
    for tasks in [(Task(77, evil, rss=200_000),), pool(3, 60_000, name=evil)]:
        diagnosis = diagnose(replace(FULL, tasks=tasks))
        assert "holder" in {finding.rule for finding in diagnosis.findings}
        assert "evil" not in " ".join([diagnosis.summary, *diagnosis.remedies])


# --- what is shown ----------------------------------------------------------------------------


def test_text_and_page_list_the_holders_with_users_and_the_warning():
    for page in (shown("pool"), " ".join(html(case("pool")).split())):
        assert "60 php-fpm processes, user 33: 3.2 GiB, 54 MiB the largest." in page
        assert "mysqld (pid 1201), user 110: 430 MiB." in page
        assert "Memory that processes share counts in each of them" in page


def test_json_lists_the_holders():
    first, second = as_dict(case("pool"))["holders"]
    assert (first["command"], first["processes"], first["rss_kb"], first["users"]) == (
        "php-fpm",
        60,
        60 * 13_900 * 4,
        [33],
    )
    assert (second["command"], second["anon_kb"], second["swap_kb"]) == ("mysqld", None, 0)


def test_the_pod_of_the_victim_is_named_in_text_and_json():
    assert "It belonged to pod 1f2e3d4c-aaaa-bbbb-cccc-0123456789ab (BestEffort)" in shown("kubernetes-node")
    (victim,) = as_dict(case("kubernetes-node"))["victims"]
    assert (victim["service"]["qos_class"], victim["oom_score_adj"]) == ("BestEffort", 1000)


def test_the_pod_of_the_group_is_named_though_its_path_was_wrapped():
    assert "(pod 1f2e3d4c-aaaa-bbbb-cccc-0123456789ab (Burstable), container 001122334455 of containerd)" in (
        shown("pod-shared-memory")
    )
    assert as_dict(case("pod-shared-memory"))["memcg"]["service"]["manager"] == "kubernetes"


def test_the_adjustment_of_a_kill_line_alone_is_explained():
    assert "Its oom_score_adj is 1000" in shown("kill-line-alone")
    assert "kills before it only what weighs more still" in shown("kill-line-alone")


def test_it_is_chance_who_asks_only_where_it_is():
    assert "which is chance" not in shown("one-hoarder")
    assert "as the largest often is" in shown("one-hoarder")
    many = replace(FULL, tasks=(Task(77, "cc1", rss=9_000), *pool(40, 5_000)))
    assert "which is chance" in " ".join(text(many).split())
    between = replace(FULL, tasks=(Task(77, "cc1", rss=40_000), *pool(40, 4_000)))
    assert "It was also the one that asked." in " ".join(text(between).split())


def test_a_headline_does_not_call_a_manual_kill_out_of_memory():
    assert shown("sysrq").startswith("The OOM killer was run manually (SysRq-f).")
    spurious = text(CASES["vm_fault_oom_spurious"])
    assert not spurious.startswith("Out of memory")


def test_zones_are_not_shown_where_a_group_met_its_limit():
    assert "short by" not in shown("group-and-panic")
    assert "Which zones" not in html(case("group-and-panic"))


def test_nobody_is_said_to_have_asked_who_did_not():
    assert "asked for one page" not in shown("sysrq")
    assert "ran the OOM killer for SysRq-f." in shown("sysrq")
    assert "asked for one page" not in text(CASES["vm_fault_oom_spurious"])


def test_that_nothing_could_be_killed_is_said_once():
    assert shown("slab-list").count("killed.") + shown("slab-list").count("might kill") == 1


# --- counters of late kernels -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "detail"),
    [("zspages", "zram"), ("Balloon", "balloon"), ("kernel_misc_reclaimable", "kernel_misc")],
)
def test_what_a_late_kernel_prints_is_named_and_not_in_no_counter(counter, detail):
    hidden = machine(inactive_anon=130_000)
    report = machine(inactive_anon=130_000, **{counter: 110_000})
    assert "unaccounted" in (diagnose(hidden).cause, *diagnose(hidden).contributing)
    diagnosis = diagnose(report)
    assert detail in diagnosis.contributing
    assert "in no counter" not in diagnosis.summary


@pytest.mark.parametrize(
    ("qos", "said"),
    [
        ("besteffort", "as that of every BestEffort pod is"),
        ("burstable", "which the kubelet gives no Burstable pod, so something else has set it"),
    ],
)
def test_an_adjustment_of_1000_is_that_of_a_besteffort_pod_alone(qos, said):
    """The kubelet gives a Burstable container 999 at the most."""
    killed = f"""oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=c,mems_allowed=0,global_oom,\
task_memcg=/kubepods/{qos}/pod1f2e3d4c-aaaa-bbbb-cccc-0123456789ab,task=node,pid=9,uid=0
Out of memory: Killed process 9 (node) total-vm:80kB, anon-rss:50kB, file-rss:0kB, shmem-rss:0kB, UID:0 \
pgtables:39kB oom_score_adj:1000
"""
    assert said in " ".join(text(only(killed), width=10_000).split())
