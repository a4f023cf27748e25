"""What to try: each remedy with a report that it is for, and one so like it that it is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.case import open_case
from oomlab.diagnosis.remedies import fitting
from oomlab.kernel import KernelRelease, load_table
from oomlab.parsing import parse
from oomlab.render.sentences.cause import memory_in_words
from oomlab.report import HugePages, Memcg, Report, Source, Swap, Task, Trigger, Victim
from tests.diagnosis.test_diagnose import (
    BIG,
    BOOT,
    CASES,
    FULL,
    KERNEL,
    LISTS,
    USER,
    fragmented,
    machine,
    pae,
    zone,
)
from tests.support.texts import only

LOGS = Path(__file__).parent / "cases"
ATOMIC = replace(KERNEL, gfp_mask=0xA20, gfp_names=("GFP_ATOMIC",))
UID = "1f2e3d4c-aaaa-bbbb-cccc-0123456789ab"


def case(name: str) -> Report:
    (report,) = parse((LOGS / f"{name}.log").read_text())
    return report


def on(kernel: str, report: Report) -> Report:
    return replace(report, kernel=KernelRelease.of(kernel))


def failed(*zones, trigger=ATOMIC, trace=(), **totals) -> Report:
    """A machine of 4 GB, a small part of it kept free, on which a request failed."""
    zones = zones or (zone(free=300, low=1000, size=1_000_000),)
    report = machine(*zones, trigger=trigger, victims=(), **totals)
    return replace(report, kind="allocation_failure", trace=trace)


def group(path: str = "/lab", **changes) -> Report:
    """A group of 1 MiB that is full of process memory."""
    memcg = Memcg(usage_kb=1024, limit_kb=1024, stats={"anon": 2**20}, stats_unit="bytes", oom_path=path)
    return replace(machine(), scope="memcg", memcg=replace(memcg, **changes))


def kernel_of_group(**kilobytes: int) -> Report:
    """A group that is full of the kernel's own memory, and what that consists of, in kB."""
    return group(stats={"kernel": 2**20} | {name: size * 1024 for name, size in kilobytes.items()})


def held_by(name: str, count: int = 1, report: Report | None = None, **columns) -> Report:
    """A full machine on which processes of one name hold nearly everything."""
    tasks = tuple(Task(100 + i, name, rss=200_000 // count, **columns) for i in range(count))
    return replace(report or CASES["global_anon"], tasks=tasks)


def listing(name: str, report: Report) -> Report:
    return replace(report, slabs={name: (300_000, 300_000)}, slabs_line=3)


ANON, GROUP, SLAB = CASES["global_anon"], group(), CASES["slab_unreclaimable"]
LOWMEM, LOWMEM_SLAB = (
    CASES["lowmem_exhaustion"],
    pae(ram=8_650_736, highmem=8_410_736, slab_reclaimable=100_000),
)
PANIC = replace(ANON, panic="Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled")
POD = group(f"/kubepods/burstable/pod{UID}")
CONTAINER = group(f"/kubepods/burstable/pod{UID}/{'0a' * 32}")
NODE = Victim(pid=77, memcg=f"/kubepods/besteffort/pod{UID}", anon_rss_kb=400_000)
FULL_OF_CACHE = {"active_file": 400_000, "inactive_file": 400_000}
NETWORK = ("warn_alloc", "skb_page_frag_refill", "try_fill_recv")
CMA_ZONE = zone(free=40_000, free_cma=39_500)
TOO_LITTLE = CASES["too_little_ram"]
NO_BLOCK = failed(fragmented(), trigger=BIG)
MANUAL = CASES["sysrq_manual"]
FAULT = CASES["vm_fault_oom_spurious"]
FRAGMENTED = CASES["fragmentation"]
KILL_LINE = Report(kind="oom", first_line=1, last_line=1, victims=(Victim(pid=7, anon_rss_kb=2**20),))
CACHE_IN_LOWMEM = replace(
    LOWMEM,
    zones=tuple(
        replace(each, counters={"inactive_file": 90_000, "active_file": 0}) if each.name == "Normal" else each
        for each in LOWMEM.zones
    ),
)
DMA = replace(KERNEL, gfp_mask=0xCC1, gfp_names=("GFP_KERNEL", "GFP_DMA"))
HUGE_IN_USE = replace(machine(inactive_anon=40_000), hugepages=(HugePages(2048, 300, 0, 0, 0, 6),))
DIRTY = {"file": 2**20, "file_dirty": 2**20}


def unevictable(*, mlocked=0, shmem=0, pages=160_000, anon=10_000, swap=FULL) -> Report:
    """A machine whose zones count what is unevictable, and what of that is locked."""
    full = zone(unevictable=pages, mlocked=mlocked)
    return machine(full, inactive_anon=anon, unevictable=pages, shmem=shmem, swap=swap)


SECONDARY = held_by("qemu", 1, machine(inactive_anon=80_000, sec_pagetables=140_000), nr_ptes=40)


def taken(*functions: str) -> Report:
    """A machine of which most is in no counter, with these functions in the call trace."""
    rows = tuple(f"[ 1.0]  {name}+0x1/0x2 [module]" for name in functions)
    return replace(CASES["unaccounted"], trace=functions, source=Source(1, rows))


SWAPPED = replace(CASES["unaccounted"], swap=Swap(total=300_000, free=0))
RECLAIMABLE = machine(slab_reclaimable=200_000)
BESIDE_LOCKED = unevictable(mlocked=90_000, pages=90_000, anon=130_000)
BESIDE_UNKNOWN = machine(inactive_anon=130_000, unevictable=90_000, swap=FULL)

PAIRS: dict[str, tuple[Report, Report]] = {
    "fault_group": (case("kmem-limit-behind-page-fault"), FAULT),
    "failed_vmalloc_beyond": (case("vmalloc-beyond"), case("vmalloc-with-room")),
    "impossible_marks": (case("impossible-marks"), KILL_LINE),
    "mglru_min_ttl": (CASES["mglru_min_ttl"], ANON),
    "memory_min": (CASES["memory_min"], ANON),
    "min_free_kbytes": (CASES["min_free_kbytes"], ANON),
    "min_free_kbytes_beside": (machine(zone(free=40_000, low=50_000), inactive_anon=190_000), ANON),
    "zram_full": (CASES["zram"], ANON),
    "balloon_full": (CASES["balloon"], ANON),
    "gpu": (CASES["gpu"], ANON),
    "kernel_misc": (CASES["kernel_misc"], ANON),
    "defrag_mode": (on("6.15", FRAGMENTED), on("6.14", FRAGMENTED)),
    "panic_on_oom": (PANIC, ANON),
    "oom_group": (case("oom-group-alone"), ANON),
    "limit_lowered": (replace(GROUP, trace=("mem_cgroup_out_of_memory", "memory_max_write")), GROUP),
    "lowmem_unaccounted": (
        replace(
            pae(slab_unreclaimable=30_000),
            zones=tuple(replace(each, counters=LISTS) for each in pae().zones),
        ),
        LOWMEM,
    ),
    "64_bit": (LOWMEM, ANON),
    "64_bit_anyway": (
        replace(
            LOWMEM,
            zones=tuple(replace(each, managed=None, present=None) for each in LOWMEM.zones),
            totals={"highmem": 800_000},
        ),
        LOWMEM,
    ),
    "less_movable": (
        machine(
            zone(free=700, size=200_000, reserve=(0, 0, 0, 900)),
            zone("Movable", free=90_000),
            trigger=KERNEL,
        ),
        LOWMEM,
    ),
    "buffer_heads_fix": (
        on("3.2.59", pae(slab_reclaimable=150_000, active_file=500_000)),
        on("3.3.8", pae(slab_reclaimable=150_000, active_file=500_000)),
    ),
    "aging_fix": (
        on("4.9.0", CACHE_IN_LOWMEM),
        on("4.9.228", CACHE_IN_LOWMEM),
    ),
    "less_ram": (LOWMEM_SLAB, LOWMEM),
    "lowmem_slab": (LOWMEM, pae(trigger=KERNEL)),
    "vmsplit": (LOWMEM, ANON),
    "not_more_ram": (LOWMEM_SLAB, LOWMEM),
    "dma_driver": (CASES["dma_exhaustion"], LOWMEM),
    "dma_reserve": (CASES["dma_exhaustion"], LOWMEM),
    "cma_smaller": (CASES["cma"], ANON),
    "cma_half": (machine(CMA_ZONE, trigger=KERNEL, cma_reserved=65_536), CASES["cma"]),
    "cma_64_bit": (machine(CMA_ZONE, trigger=KERNEL, ram=400_000, highmem=150_000), CASES["cma"]),
    "cma_slab": (machine(CMA_ZONE, trigger=KERNEL, slab_unreclaimable=150_000), CASES["cma"]),
    "highatomic_update": (on("6.1", CASES["highatomic"]), on("6.12.30", CASES["highatomic"])),
    "highatomic_scale": (on("4.9", CASES["highatomic"]), on("4.5", CASES["highatomic"])),
    "reserve_beside_processes": (
        machine(CMA_ZONE, trigger=KERNEL, inactive_anon=205_000, slab_unreclaimable=1_000),
        CASES["cma"],
    ),
    "fragmentation_cma": (machine(fragmented("C", free_cma=10_000), trigger=BIG), FRAGMENTED),
    "fragmentation_slab": (machine(fragmented(), trigger=BIG, slab_unreclaimable=100_000), FRAGMENTED),
    "several_pages": (FRAGMENTED, CASES["highatomic"]),
    "compact_proactively": (FRAGMENTED, on("5.4", FRAGMENTED)),
    "compact_once": (on("5.4", FRAGMENTED), FRAGMENTED),
    "fragmentation_min_free": (
        machine(replace(fragmented(), watermark_min=500), trigger=BIG),
        machine(replace(fragmented(), watermark_min=9_000), trigger=BIG),
    ),
    "program": (held_by("php-fpm8.2", 60), held_by("unknown", 60)),
    "pool": (held_by("unknown", 60), held_by("unknown", 2)),
    "single": (held_by("unknown"), held_by("mysqld")),
    "protected": (held_by("guarded", oom_score_adj=-900), held_by("unguarded", oom_score_adj=0)),
    "no_holder": (ANON, held_by("unknown")),
    "node": (replace(ANON, victims=(NODE,)), ANON),
    "add_swap": (ANON, replace(ANON, swap=FULL)),
    "swap_is_full": (replace(ANON, swap=FULL), ANON),
    "zram": (machine(zone(zspages=60_000), inactive_anon=180_000), ANON),
    "balloon": (machine(zone(Balloon=60_000), inactive_anon=180_000), ANON),
    "overcommit": (ANON, machine(inactive_anon=120_000, inactive_file=40_000)),
    "swappiness": (CASES["swap_unused"], ANON),
    "swap_writes": (CASES["swap_unused"], ANON),
    "swapoff_slab": (
        machine(inactive_anon=90_000, slab_unreclaimable=90_000, swap=Swap(total=0, free=-60_000)),
        CASES["swapoff"],
    ),
    "swapoff": (CASES["swapoff"], ANON),
    "known_cache": (listing("kmalloc-2048", SLAB), listing("made_up_cache", SLAB)),
    "slab": (SLAB, RECLAIMABLE),
    "slab_reclaimable": (RECLAIMABLE, SLAB),
    "allocinfo": (on("6.12", SLAB), on("6.9", SLAB)),
    "shmem": (CASES["shmem"], ANON),
    "unaccounted": (CASES["unaccounted"], ANON),
    "taker": (taken("zs_malloc", "zram_write_page"), CASES["unaccounted"]),
    "swap_in_ram": (on("6.17", SWAPPED), on("6.18", SWAPPED)),
    "page_table_holder": (
        held_by("oracle", 50, CASES["page_tables"], nr_ptes=700),
        CASES["page_tables"],
    ),
    "page_tables": (CASES["page_tables"], held_by("oracle", 50, CASES["page_tables"], nr_ptes=700)),
    "secondary_tables": (SECONDARY, CASES["page_tables"]),
    "kernel_stacks": (CASES["kernel_stacks"], ANON),
    "unevictable": (CASES["unevictable"], ANON),
    "unevictable_locked": (unevictable(mlocked=150_000), CASES["unevictable"]),
    "unevictable_beside": (BESIDE_LOCKED, BESIDE_UNKNOWN),
    "unevictable_unknown": (BESIDE_UNKNOWN, BESIDE_LOCKED),
    "unevictable_pinned": (unevictable(shmem=150_000), CASES["unevictable"]),
    "unevictable_kept": (unevictable(), unevictable(shmem=150_000)),
    "hugetlb": (CASES["hugetlb"], HUGE_IN_USE),
    "hugetlb_in_use": (HUGE_IN_USE, ANON),
    "writeback": (CASES["writeback"], ANON),
    "group_dirty": (group(stats=DIRTY), GROUP),
    "group_shmem": (case("pod-shared-memory"), GROUP),
    "group_kmem": (group(stats={"kernel": 2**20}), kernel_of_group(slab=900)),
    "group_kernel_part": (kernel_of_group(slab=900), group(stats={"kernel": 2**20})),
    "group_sockets": (group(stats={"sock": 2**20}), kernel_of_group(slab=900)),
    "group_swap_full": (
        group(swap_usage_kb=512, swap_limit_kb=512),
        group(swap_usage_kb=9, swap_limit_kb=512),
    ),
    "group_program": (held_by("java", report=GROUP), held_by("unknown", report=GROUP)),
    "group_holder": (held_by("unknown", report=GROUP), held_by("java", report=GROUP)),
    "all_pods_limit": (group("/kubepods.slice"), POD),
    "qos_class_limit": (group("/kubepods/burstable"), POD),
    "pod_limit": (POD, CONTAINER),
    "container_limit": (CONTAINER, POD),
    "docker_limit": (group("/docker/shop"), POD),
    "unit_limit": (group("/system.slice/nginx.service"), GROUP),
    "job_limit": (group("/slurm/uid_1000/job_123/step_0"), GROUP),
    "group_limit": (GROUP, POD),
    "memsw_limit": (
        group(usage_kb=900, swap_usage_kb=1024, swap_limit_kb=1024, memsw=True),
        group(swap_usage_kb=1024, swap_limit_kb=2048, memsw=True),
    ),
    "group_no_swap": (group(swap_limit_kb=0), GROUP),
    "memory_high": (GROUP, group(memsw=True)),
    "nodes": (CASES["numa_node_bound"], ANON),
    "nodes_full": (
        replace(machine(zone(node=0, free=700), zone(node=1, free=800)), mems_allowed="0", scope="cpuset"),
        CASES["cpuset_or_mempolicy"],
    ),
    "sysrq": (MANUAL, ANON),
    "fault_update": (on("5.10.44", FAULT), on("5.15.85", FAULT)),
    "fault_limit": (on("4.19", FAULT), on("6.1", FAULT)),
    "fault_handler": (FAULT, ANON),
    "bpf": (CASES["bpf_oom"], ANON),
    "too_little_ram": (TOO_LITTLE, ANON),
    "allocating_task": (
        machine(
            inactive_anon=200_000,
            victims=(Victim(pid=7, reason="Out of memory (oom_kill_allocating_task)"),),
        ),
        ANON,
    ),
    "failed_harmless": (failed(trace=NETWORK), failed(trace=("warn_alloc", "ext4_bread"))),
    "failed_dma": (replace(CASES["dma_exhaustion"], kind="allocation_failure", victims=()), failed()),
    "failed_empty": (failed(zone("DMA", free=0, size=0), zone("DMA32", free=45_000), trigger=DMA), failed()),
    "failed_lowmem": (replace(LOWMEM, kind="allocation_failure", victims=()), failed()),
    "failed_cma": (failed(CMA_ZONE, trigger=KERNEL), failed()),
    "failed_scale": (failed(**FULL_OF_CACHE), on("4.4", failed(**FULL_OF_CACHE))),
    "failed_min_free": (on("4.4", failed(**FULL_OF_CACHE)), failed(**FULL_OF_CACHE)),
    "failed_frames": (failed(trigger=replace(ATOMIC, order=3), trace=NETWORK), failed(trace=NETWORK)),
    "failed_resume": (
        failed(trigger=replace(KERNEL, order=4), trace=("warn_alloc", "dpm_run_callback")),
        failed(trigger=replace(KERNEL, order=4), trace=("warn_alloc", "vfs_read")),
    ),
    "failed_probe": (failed(trigger=replace(BOOT, order=5)), failed(trigger=replace(KERNEL, order=5))),
    "failed_costly": (failed(trigger=replace(KERNEL, order=5)), failed(trigger=BIG)),
    "failed_compact": (NO_BLOCK, failed()),
    "failed_compact_once": (on("5.4", NO_BLOCK), NO_BLOCK),
    "failed_vmalloc": (
        replace(failed(trigger=KERNEL), source=Source(1, ("modprobe: vmalloc: allocation failure",))),
        failed(trigger=KERNEL),
    ),
    "stall": (
        replace(failed(), source=Source(1, ("cc1: page allocation stalls for 10004ms, order:0",))),
        failed(),
    ),
    "listing": (replace(failed(trigger=Trigger()), kind="show_mem"), failed()),
    "failed_other": (failed(trigger=KERNEL), failed()),
    "whole_log": (KILL_LINE, CASES["undetermined"]),
    "record": (CASES["undetermined"], ANON),
    "heavy": (KILL_LINE, case("kill-line-alone")),
}  # fmt: skip


def remedies_of(report: Report) -> set[str]:
    """The names of the remedies that a report gets."""
    diagnosis = diagnose(report)
    judged = replace(open_case(report), cause=diagnosis.cause)
    rows, _ = fitting(judged, diagnosis.contributing)
    assert len(rows) == len(diagnosis.remedies)
    return {row["name"] for row in rows}


def test_every_remedy_has_its_pair_of_reports():
    assert set(PAIRS) == {row["name"] for row in load_table("diagnosis")["remedy"]}


@pytest.mark.parametrize("name", PAIRS)
def test_a_remedy_is_for_one_report_and_not_for_the_other(name):
    one, other = PAIRS[name]
    assert name in remedies_of(one), diagnose(one).summary
    assert name not in remedies_of(other), diagnose(other).summary


@pytest.mark.parametrize("report", [each for pair in PAIRS.values() for each in pair])
def test_every_report_is_told_what_to_try(report):
    remedies = diagnose(report).remedies
    assert remedies
    assert not any("{" in remedy or "  " in remedy for remedy in remedies)


def test_a_function_that_only_lay_on_the_stack_gives_no_advice():
    """Beside functions that were called, one with a question mark need not have been."""
    called = "[ 1.0]  warn_alloc+0x1/0x2", "[ 1.0]  vfs_read+0x1/0x2"
    report = failed(trigger=replace(ATOMIC, order=3), trace=("warn_alloc", "vfs_read", "tcp_done"))
    doubtful = replace(report, source=Source(1, (*called, "[ 1.0]  ? tcp_done+0x1/0x2")))
    assert "failed_frames" in remedies_of(replace(report, source=Source(1, (*called, " tcp_done+0x1/0x2"))))
    assert "failed_frames" not in remedies_of(doubtful)
    all_doubtful = Source(1, tuple(f"[ 1.0]  ? {name}+0x1/0x2" for name in report.trace))
    assert "failed_frames" in remedies_of(replace(report, source=all_doubtful))


# --- the cases that had none, or the wrong one ------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pool", "60 php-fpm processes hold 3.2 GiB: lower pm.max_children"),
        ("one-hoarder", "hoard (pid 5000) holds 3.7 GiB: give it less to do"),
        ("kubernetes-node", "postgres (pid 2200) is protected by its oom_score_adj of -997"),
        ("kubernetes-node", "kubelet"),
        ("pod-shared-memory", "emptyDir"),
        ("pod-shared-memory", "resources.limits.memory (now 256 MiB)"),
        ("atomic-failure", "vm.watermark_scale_factor"),
        ("atomic-failure", "vm.min_free_kbytes"),
        ("atomic-failure", "the packet is dropped and sent again"),
        ("sysrq", "/proc/sysrq-trigger is always obeyed"),
        ("group-and-panic", "Set vm.panic_on_oom to 0"),
        ("oom-group-alone", "set memory.oom.group to 0"),
        ("slab-list", "kmalloc-2048 holds 58 MiB"),
    ],
)
def test_the_case_is_answered(name, words):
    assert words in " ".join(diagnose(case(name)).remedies)


@pytest.mark.parametrize(
    "path", ["/kubepods", "/kubepods.slice", "/kubepods.slice/kubepods-besteffort.slice"]
)
def test_the_limit_of_many_pods_is_not_raised_through_a_container(path):
    """Their limit comes from the node: a higher limit of a container lets them meet it sooner."""
    text = " ".join(diagnose(group(path)).remedies)
    assert "more RAM in the node raises this limit" in text
    assert "Raise the container's" not in text
    assert "changes nothing" not in text
    assert "memory.high" not in text


@pytest.mark.parametrize(
    ("stat", "words"),
    [
        ("slab", "slabtop"),
        ("zswap", "memory.zswap.max"),
        ("pagetables", "huge pages"),
        ("sec_pagetables", "memory of guests"),
        ("kernel_stack", "pids.max"),
        ("percpu", "bpftool map"),
        ("vmalloc", "/proc/vmallocinfo"),
    ],
)
def test_what_the_kernel_holds_for_a_group_is_answered_by_what_it_is(stat, words):
    others = dict.fromkeys(("slab", "zswap", "pagetables", "kernel_stack", "percpu"), 10)
    text = " ".join(diagnose(kernel_of_group(**others | {stat: 900})).remedies)
    assert words in text
    assert ("slabtop" in text) == (stat == "slab")


def test_a_kernel_that_prints_no_sum_has_the_sum_of_its_parts():
    """``kernel`` is printed since 5.18; sockets are no part of it."""
    diagnosis = diagnose(group(stats={"slab": 300 * 1024, "percpu": 300 * 1024, "sock": 400 * 1024}))
    assert diagnosis.contributing == ("kmem", "sock")
    assert "The kernel's own objects hold 600 kB, 59 % of it; 300 kB" in diagnosis.summary


def test_min_free_kbytes_is_never_raised_where_there_is_highmem():
    report = replace(LOWMEM, kind="allocation_failure", victims=(), trigger=ATOMIC)
    assert not any("first try" in remedy for remedy in diagnose(report).remedies)


def test_a_user_request_is_not_called_urgent():
    assert "failed_scale" not in remedies_of(failed(trigger=USER, **FULL_OF_CACHE))


@pytest.mark.parametrize(
    ("kernel", "words"),
    [("6.1", "memory.max"), ("3.10", "memory.limit_in_bytes"), ("2.6.18", "ulimit -v")],
)
def test_a_limit_is_set_as_the_kernel_knows_it(kernel, words):
    remedies = diagnose(on(kernel, held_by("unknown"))).remedies
    assert any(f"({words}" in remedy for remedy in remedies)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (group(), "(memory.max)"),
        (group(memsw=True), "(memory.limit_in_bytes)"),
        (on("4.19", group(memsw=True, swap_usage_kb=1024)), "(memory.limit_in_bytes)"),
        (on("4.19", group(memsw=True, swap_usage_kb=0)), "(memory.max; memory.limit_in_bytes in v1)"),
        (group(stats={"rss": 1000}, stats_unit="kB"), "(memory.limit_in_bytes)"),
        (on("2.6.32", group(stats={})), "(memory.limit_in_bytes)"),
        (group(stats={}), "(memory.max; memory.limit_in_bytes in v1)"),
    ],
)
def test_the_limit_of_a_group_is_called_as_its_hierarchy_has_it(report, words):
    assert any(words in remedy for remedy in diagnose(report).remedies)


@pytest.mark.parametrize("path", ["/lab", "/docker/shop", "/system.slice/nginx.service"])
def test_only_the_limit_that_was_met_is_raised(path):
    """Above the limit of memory and swap together, the limit of memory is refused."""
    report = group(path, usage_kb=900, swap_usage_kb=1024, swap_limit_kb=1024, memsw=True)
    raised = [remedy for remedy in diagnose(report).remedies if "Raise" in remedy]
    assert len(raised) == 1
    assert "memory.memsw.limit_in_bytes" in raised[0]
    assert "memory.max" not in raised[0]


def test_a_kernel_without_kmem_prints_memory_and_swap_together_too():
    """2.6.32 prints the two lines and no third."""
    log = """hog invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0
Task in /lab killed as a result of limit of /lab
memory: usage 9000kB, limit 20480kB, failcnt 0
memory+swap: usage 20480kB, limit 20480kB, failcnt 31
Memory cgroup out of memory: Kill process 7 (hog) score 1000 or sacrifice child
"""
    diagnosis = diagnose(only(log))
    assert "used 20 MiB of the 20 MiB of memory and swap" in diagnosis.summary
    assert "memory.memsw.limit_in_bytes" in " ".join(diagnosis.remedies)


@pytest.mark.parametrize("cause", ["global_anon", "swap_unused"])
def test_a_kernel_known_by_its_words_alone_is_told_of_no_control_group(cause):
    """``protections[]`` was printed until 2.6.10, when memory had no control groups."""
    report = replace(CASES[cause], kernel=None, source=Source(1, ("Mem-info:", "protections[]: 0 0")))
    text = " ".join(diagnose(report).remedies)
    assert "ulimit -v" in text or cause == "swap_unused"
    assert "memory." not in text.replace("memory. ", "")
    assert "MemoryMax" not in text


@pytest.mark.parametrize(
    ("report", "said", "advice"),
    [
        (unevictable(mlocked=150_000), "most of it locked (mlock)", "VmLck"),
        (unevictable(shmem=165_000), "shared memory that is pinned", "drm-resident-*"),
        (unevictable(), "files that live in RAM (ramfs), or", "findmnt -t ramfs"),
        (unevictable(mlocked=60_000), "locked (mlock), or files", "VmLck"),
        (CASES["unevictable"], "locked (mlock), or files", "VmLck"),
    ],
)
def test_what_is_unevictable_is_called_locked_only_as_far_as_the_zones_count_it(report, said, advice):
    diagnosis = diagnose(report)
    text = " ".join(diagnosis.remedies)
    assert diagnosis.cause == "unevictable"
    assert said in diagnosis.summary
    assert advice in text
    assert ("VmLck" in text) == (advice == "VmLck")


def test_shared_memory_that_may_lie_on_the_lists_is_not_called_pinned():
    """As much as there is of anonymous pages may be shared memory that swap could take."""
    report = unevictable(pages=100_000, shmem=50_000, anon=60_000)
    assert "memory that is pinned" not in diagnose(report).summary


def test_page_tables_of_guests_are_not_laid_to_a_process():
    diagnosis = diagnose(SECONDARY)
    assert (diagnosis.cause, diagnosis.contributing) == ("page_tables", ("no_swap",))
    assert "Page tables of virtual machines (KVM) or devices (IOMMU) hold 547 MiB" in diagnosis.summary
    assert "of page tables, the most of all" not in diagnosis.summary
    assert not any(each.rule == "page_table_holder" for each in diagnosis.findings)
    assert "use huge pages for the memory that they share" not in " ".join(diagnosis.remedies)


def test_few_page_tables_of_guests_beside_those_of_processes_change_nothing():
    report = machine(inactive_anon=180_000, pagetables=40_000, sec_pagetables=3_000)
    assert "Page tables hold 156 MiB (16 % of the memory): each process" in diagnose(report).summary


def test_page_tables_of_guests_are_in_all_there_is():
    assert "page tables of guests or devices 547 MiB" in " ".join(memory_in_words(SECONDARY))
    assert "guests" not in " ".join(memory_in_words(machine(inactive_anon=200_000, sec_pagetables=9)))


@pytest.mark.parametrize(
    ("functions", "said", "advice"),
    [
        (("zs_malloc", "zram_write_page"), "zs_malloc and zram_write_page: swap", "zramctl"),
        (("ttm_pool_alloc", "vfs_read"), "ttm_pool_alloc: a graphics driver", "drm-resident-*"),
        (("arc_get_data_abd.isra.0",), "arc_get_data_abd: ZFS", "zfs_arc_max limits it."),
    ],
)
def test_what_is_in_no_counter_is_laid_to_whom_the_trace_shows_as_a_guess(functions, said, advice):
    diagnosis = diagnose(taken(*functions))
    assert (diagnosis.cause, diagnosis.confidence) == ("unaccounted", "medium")
    assert f"The log shows {said}" in diagnosis.summary
    assert "may have these" in diagnosis.summary
    assert advice in diagnosis.remedies[0]
    assert 1 in [line.number for line in diagnosis.evidence]


def test_a_trace_without_a_known_taker_names_none():
    assert "The log shows" not in diagnose(taken("vfs_read", "shmem_fault")).summary


def test_a_taker_beside_another_cause_is_named_where_much_is_in_no_counter():
    report = machine(inactive_anon=150_000, active_anon=0, swap=FULL)
    report = replace(report, trace=("zswap_store",), source=Source(1, ("[ 1.0]  zswap_store+0x1/0x2",)))
    few = machine(inactive_anon=220_000, swap=FULL)
    few = replace(few, trace=report.trace, source=report.source)
    assert "The log shows zswap_store" in diagnose(report).summary
    assert "The log shows zswap_store" not in diagnose(few).summary


def test_slab_that_is_nearly_all_reclaimable_is_told_so():
    diagnosis = diagnose(RECLAIMABLE)
    assert "781 MiB of it counts as reclaimable, but was not given back." in diagnosis.summary
    assert "drop_caches" in diagnosis.remedies[0]
    assert "only grows is a leak in the kernel" not in " ".join(diagnosis.remedies)


@pytest.mark.parametrize(("reclaimable", "what"), [(60_000, "unreclaimable slab"), (2_000, "slab")])
def test_a_part_of_the_slab_is_called_a_part_where_the_whole_is_much_more(reclaimable, what):
    report = machine(slab_unreclaimable=150_000, slab_reclaimable=reclaimable)
    assert f"objects ({what}) hold 586 MiB" in diagnose(report).summary


def test_a_pool_of_huge_pages_is_no_pool_of_workers():
    report = replace(ANON, hugepages=(HugePages(2048, 20, 20, 0),))
    assert diagnose(report).cause == "global_anon"
    assert "pool" not in remedies_of(report)
