"""Each section is read from what is left of it: tasks, victims, memory, groups, call traces.

The next excerpt whose lines are in the right report, but of which a value is wrong, goes here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.render import text
from oomlab.render.sentences.request import decode_trigger
from oomlab.report import Protection
from tests.support.texts import only


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


@pytest.mark.parametrize("other", ["worker", "a [b] c"])
@pytest.mark.parametrize(
    ("rss", "is_read"), [("18446744073709547520", True), ("184467440737095475200", False)]
)
def test_a_number_of_more_than_64_bits_is_damage(other, rss, is_read):
    (report,) = parse(rows(f"  9000    {rss}   1      -17 worker", f"  9000    800   1      -17 {other}"))
    assert [task.pid for task in report.tasks] == ([100, 101] if is_read else [101])
    assert any("damaged" in problem.reason for problem in report.problems) is not is_read


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


def test_a_count_of_free_blocks_below_zero_is_no_count():
    log = (
        "app: page allocation failure. order:0, mode:0x1d2\n"
        "Normal free:128kB min:188kB low:376kB high:564kB active:0kB inactive:0kB present:49144kB\n"
        "Normal: 4294967000*4kB 4294966000*8kB = 4294955744kB\n"
    )
    (report,) = parse(log)
    assert (report.zones[0].free, report.zones[0].free_blocks) == (32, None)
    assert [problem.line for problem in report.problems if "lost count" in problem.reason] == [3]


def test_a_mask_with_hidden_digits_is_known_by_its_names():
    report = only("probe invoked oom-killer: gfp_mask=0x628***(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0")
    assert report.trigger.gfp_mask is None
    assert report.trigger.gfp_names == ("GFP_HIGHUSER_MOVABLE", "__GFP_ZERO")
    assert not any("cut" in problem.reason for problem in report.problems)


def test_a_group_is_known_by_its_function_in_the_call_trace():
    report = only("""
        cachejob invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=200
        CPU: 3 UID: 1204 PID: 8816 Comm: cachejob Not tainted 6.16.2-lab1-1 #4 PREEMPT(full)
        Call Trace:
         out_of_memory.cold+0xc/0x8a
         mem_cgroup_out_of_memory+0xb7/0xc4
        """)
    judged = diagnose(report)
    assert (report.scope, judged.cause) == ("memcg", "memcg_limit")
    assert [each.number for each in judged.findings[0].evidence] == [5]


def test_a_page_fault_that_gave_up_asked_for_nothing():
    report = only("""
        script invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0
        CPU: 1 PID: 1377 Comm: script Not tainted 5.4.9 #2
        Call Trace:
         pagefault_out_of_memory+0x4a/0x5e
        """)
    assert decode_trigger(report) is None


def test_pages_scanned_of_a_node_have_no_unit_to_lose():
    text = (
        "spawner invoked oom-killer: gfp_mask=0x27000c0(GFP_KERNEL_ACCOUNT|__GFP_NOTRACK), order=2\n"
        "Mem-Info:\n"
        "Node 0 DMA32 free:5908kB min:6040kB low:7548kB high:9056kB managed:440212kB bounce:0kB "
        "free_pcp:96kB local_pcp:20kB free_cma:0kB node_pages_scanned:9748115\n"
    )
    report = only(text)
    assert report.zones[0].counters["node_pages_scanned"] == 9748115
    assert not [each for each in report.problems if "unit" in each.reason]


def test_the_line_with_the_cpuset_names_who_asked():
    report = only("""
        [   88.204519] mail sorter cpuset=/ mems_allowed=0
        [   88.391640] Out of memory: Kill process 4127 (hog) score 871 or sacrifice child
        """)
    assert report.trigger.comm == "mail sorter"


def test_dots_are_nobodys_name():
    report = only("... invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0 ...")
    assert report.trigger.comm is None
    assert report.trigger.gfp_mask == 0x100CCA


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("4.9.0-6-686-pae #1 Debian 4.9.88-1+deb9u1", "4.9.88"),
        ("3.2.0-4-686-pae #1 Debian 3.2.59-1", "3.2.59"),
        ("6.1.0-50-686-pae #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1", "6.1.192"),
        ("4.9.0-6-686-pae #1", "4.9.0"),
        ("4.9.0-6-686-pae #1 Debian 5.9.88-1", "4.9.0"),
    ],
)
def test_the_version_of_a_debian_kernel_is_the_stable_release_it_is_made_of(name, version):
    report = parse(f"a invoked oom-killer: gfp_mask=0xd0, order=0\nPid: 1, comm: a Not tainted {name}\n")[0]
    assert report.kernel.text == name.split()[0]
    assert str(report.kernel.version) == version
    assert report.kernel.vendor == "debian"


@pytest.mark.parametrize(
    "title",
    [
        "Memory allocations:",
        *(f"Memory allocations (profiling is currently turned {o}):" for o in ("on", "off")),
    ],
)
def test_allocations_are_read_under_either_title(title):
    report = only(
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        f"Mem-Info:\n{title}\n"
        "     580 MiB   148480 mm/memory.c:1051 func:folio_prealloc\n"
        "     900 MiB   230400 mm/zsmalloc.c:246 func:alloc_zpdesc\n"
        "Tasks state (memory values in pages):\n"
    )
    assert [each.size_kb // 1024 for each in report.allocations] == [580, 900]


def test_what_control_groups_protect_is_read():
    report = only(
        "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "Memory cgroup min protection 262144kB -- low protection 1024kB\n"
        "Out of memory: Killed process 5 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0\n"
    )
    assert report.protection == Protection(min_kb=262_144, low_kb=1024, line=2)
    assert report.scope == "global"


@pytest.mark.parametrize(
    ("header", "size", "got"),
    [
        (
            "vmalloc: allocation failure: 17045651456 bytes, mode:0x14080c0(GFP_KERNEL|__GFP_ZERO)",
            17045651456,
            None,
        ),
        (
            "vmalloc: allocation failure, allocated 8192 of 20480 bytes, mode:0x7080c0(GFP_KERNEL)",
            20480,
            8192,
        ),
        (
            "vmalloc error: size 20480, page order 0, failed to allocate pages, mode:0xdc2(GFP_KERNEL)",
            20480,
            None,
        ),
        ("page allocation failure: order:0, mode:0xa20(GFP_ATOMIC)", None, None),
    ],
)
def test_the_size_that_was_asked_of_vmalloc_is_read(header, size, got):
    trigger = only(f"[ 167.400000] loader: {header}, nodemask=(null)").trigger
    assert (trigger.comm, trigger.vmalloc_bytes, trigger.vmalloc_got) == ("loader", size, got)


def test_counters_that_are_lost_make_one_problem():
    report = only("""
        [  700.000001] sh: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), nodemask=(null)
        [  700.000009] Mem-Info:
        [  700.000010] active_anon:5000 inactive_anon:7000 isolated_anon:0
        """)
    reasons = [each.reason for each in report.problems if "counters" in each.reason]
    assert len(reasons) == 1
    assert "active_file, unevictable, slab_reclaimable, mapped, free are missing" in reasons[0]


@pytest.mark.parametrize(
    ("said", "size", "got"),
    [
        ("vmalloc: allocation failure: 34359738352 bytes", 34359738352, None),
        ("vmalloc: allocation failure, allocated 4096 of 8192 bytes", 8192, 4096),
    ],
)
def test_up_to_4_8_what_vmalloc_was_asked_for_stands_on_the_line_before(said, size, got):
    """``warn_alloc_failed`` prints first what its caller has to say."""
    log = f"[   5.000001] {said}\n[   5.000002] loader: page allocation failure: order:0, mode:0x24000c2\n"
    trigger = only(log).trigger
    assert (trigger.comm, trigger.vmalloc_bytes, trigger.vmalloc_got) == ("loader", size, got)
    assert "asked vmalloc for" in text(only(log))


NODE = "Node 0 active_anon:8000kB inactive_anon:4000kB active_file:40kB inactive_file:80kB shmem:400kB"
ZONES = (
    "Node 0 DMA free:400kB min:40kB low:50kB high:60kB present:16000kB managed:15000kB",
    "lowmem_reserve[]: 0 80 80",
    "Node 0 Normal free:600kB min:90kB low:110kB high:130kB present:99000kB managed:90000kB",
    "lowmem_reserve[]: 0 0 0",
)


def test_a_node_that_is_listed_twice_counts_once():
    lines = ("sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0", "Mem-Info:", NODE, NODE, *ZONES)
    report = only("\n".join(lines))
    assert [(each.node, each.counters["active_anon"]) for each in report.nodes] == [(0, 2000)]


def test_a_zone_that_is_listed_again_further_down_counts_once():
    lines = (
        "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
        "Mem-Info:",
        NODE,
        *ZONES,
        ZONES[0],
    )
    report = only("\n".join(lines))
    assert [zone.name for zone in report.zones] == ["DMA", "Normal"]
    assert [zone.lowmem_reserve for zone in report.zones] == [(0, 80, 80), (0, 0, 0)]
    assert any("DMA stands there twice" in each.reason for each in report.problems)


def test_a_damaged_node_is_no_zone():
    """Words of another line got into it, and so it looks like a zone of the name of a counter."""
    damaged = NODE.replace("shmem:", "shmNormal free:em:")
    report = only("\n".join(("sh invoked oom-killer: gfp_mask=0xcc0, order=0", "Mem-Info:", damaged, *ZONES)))
    assert [zone.name for zone in report.zones] == ["DMA", "Normal"]


@pytest.mark.parametrize(("size", "lost"), [(4, 8), (64, 128)])
def test_a_list_that_lost_its_smallest_blocks_does_not_make_pages_larger(size, lost):
    """Two lists, the first of them damaged: where as many say one thing as another, the smaller counts."""
    whole = f"Normal: 3*{size}kB 2*{2 * size}kB 0*{4 * size}kB = {7 * size}kB"
    damaged = f"DMA: 3*{size}?B 2*{lost}kB 0*{4 * size}kB = {7 * size}kB"
    log = f"sh invoked oom-killer: gfp_mask=0xcc0, order=0\nMem-Info:\n{damaged}\n{whole}"
    assert only(log).page_size_kb == size


GROUP = """
    worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
    CPU: 0 PID: 7 Comm: worker Not tainted {release} #1
    memory: usage 204800kB, limit 204800kB, failcnt 50
    [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
    [      7]  1000     7     3200     1600   250000        0             0 worker
    [      8]  1000     8     6400     3200   250000        0             0 worker
    Memory cgroup out of memory: Killed process 7 (worker) total-vm:{vm}kB, anon-rss:{anon}kB, file-rss:64kB
    """


@pytest.mark.parametrize(
    ("release", "size", "vm", "anon", "said"),
    [
        ("5.15.0-91-generic", 64, 3200 * 64, 1600 * 64 - 64, False),  # Ubuntu's for ppc64el
        ("5.15.0-91-generic", 64, 3200 * 64, 1500 * 64, False),  # it grew between the two lines
        ("5.15.0-91-generic", 16, 3202 * 16, 1604 * 16, False),
        ("4.18.0-305.el8.aarch64", 4, 3200 * 4, 1600 * 4 - 64, False),  # whatever is usual
        ("5.15.0-91-generic", 4, 3000 * 64, 1000 * 64, False),  # a digit is lost, or it is another process
        ("5.14.21-150500.55-64kb", 64, 0, 0, True),
        ("6.8.0-1012-nvidia-64k", 64, 0, 0, True),
        ("5.14.0-427.el9.aarch64+64k", 64, 0, 0, True),
        ("6.6.31-v8-16k", 16, 0, 0, True),
        ("6.1.0-64-kvm", 4, 0, 0, False),
    ],
)
def test_the_size_of_a_page_is_what_the_victim_shows_or_else_its_kernel(release, size, vm, anon, said):
    report = only(GROUP.format(release=release, vm=vm, anon=anon))
    assert report.page_size_kb == size
    assert any("page size" in problem.reason for problem in report.problems) == said


ORDERED = (
    "sh invoked oom-killer: gfp_mask=0xd0, order={}, oom_score_adj=0\nMem-Info:\nNormal free:8kB min:8kB\n"
)


@pytest.mark.parametrize("order", ["21", "99", "9" * 400])
def test_an_order_that_no_kernel_has_is_named_and_not_computed_with(order):
    (report,) = parse(ORDERED.format(order))
    assert report.trigger.order is None
    (reason,) = [problem.reason for problem in report.problems if "no kernel has an order" in problem.reason]
    assert len(reason) < 90


@pytest.mark.parametrize("order", [-1, 0, 9, 10, 19, 20])
def test_every_order_that_a_kernel_can_have_is_read(order):
    (report,) = parse(ORDERED.format(order))
    assert report.trigger.order == order
    assert not any("order" in problem.reason for problem in report.problems)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (2**32 - 5, "below zero"),
        (2**64 - 5, "below zero"),
        (2**40, f"no machine has {2**40} blocks"),
        (10**19, "below zero"),
        ("9" * 20, "no machine has"),
        ("9" * 400, "no machine has"),
    ],
)
def test_a_count_of_blocks_that_no_kernel_prints_is_called_damage(count, said):
    text = f"Mem-Info:\nNormal free:8kB min:8kB low:8kB high:8kB\nNormal: {count}*4kB 1*8kB = 8kB\n"
    (report,) = parse(text)
    reasons = [problem.reason.lower() for problem in report.problems if "blocks" in problem.reason]
    assert len(reasons) == 1
    assert said in reasons[0]
    assert len(reasons[0]) < 120
    assert report.zones[0].free_blocks is None


def test_the_statistics_of_a_group_that_are_stored_twice_count_once():
    log = (Path(__file__).parents[1] / "samples/3.10-el7-memcg-tree.log").read_text()
    lines = log.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if "stats for" in line)
    doubled = only("".join([*lines[: place + 1], *lines[place:]]))
    assert doubled.memcg is not None
    assert doubled.memcg.stats == only(log).memcg.stats
