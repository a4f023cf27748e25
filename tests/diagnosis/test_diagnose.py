"""Why memory ran out: one small machine for each cause, and the incident as it was printed.

The machines are made up, each with just the numbers that its cause is known by.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.diagnosis import CAUSES, ORDER, as_dict, contributing, diagnose, named, notes
from oomlab.diagnosis.finding import Rule
from oomlab.kernel import KernelRelease, load_table
from oomlab.parsing import parse
from oomlab.report import (
    Allocation,
    FreeBlocks,
    HugePages,
    Memcg,
    NodeStat,
    Protection,
    Report,
    SourceLine,
    Swap,
    Task,
    Trigger,
    Victim,
    ZoneStat,
)

HERE = Path(__file__).parent
INCIDENT = HERE.parents[1] / "data" / "incident" / "oom-report.log"

KERNEL = Trigger(comm="cc1", pid=77, gfp_mask=0xCC0, gfp_names=("GFP_KERNEL",), order=0, line=1)
USER = Trigger(comm="cc1", pid=77, gfp_mask=0x100CCA, gfp_names=("GFP_HIGHUSER_MOVABLE",), order=0, line=1)

NO_SWAP, FULL, IDLE = Swap(total=0, free=0), Swap(total=100_000, free=10), Swap(total=100_000, free=99_000)


def zone(
    name="Normal", *, free=900, low=1000, size=250_000, node=None, reserve=(0, 0, 0, 0), **counters
) -> ZoneStat:
    """A zone whose watermarks are ``low`` and a fifth below and above."""
    return ZoneStat(
        name=name,
        node=node,
        free=free,
        watermark_min=low * 4 // 5,
        watermark_low=low,
        watermark_high=low * 6 // 5,
        present=size,
        managed=size,
        lowmem_reserve=reserve,
        free_blocks=(FreeBlocks(0, free, "UME"), *(FreeBlocks(order, 0) for order in range(1, 11))),
        counters=counters,
        line=5,
    )


def machine(*zones, trigger=USER, swap=NO_SWAP, kernel="6.1.0", victims=None, **totals) -> Report:
    """A 64-bit machine of 1 GB, full to the watermarks, on which ``totals`` show who holds what."""
    totals = {"active_file": 100, "inactive_file": 100, "active_anon": 0, "inactive_anon": 0} | totals
    totals = {"unevictable": 0} | totals
    totals = {"slab_reclaimable": 2000, "slab_unreclaimable": 3000, "pagetables": 500, "shmem": 0} | totals
    zones = zones or (zone(),)
    killed = (Victim(pid=77, comm="cc1", anon_rss_kb=400_000, reason="Out of memory"),)
    return Report(
        kind="oom",
        first_line=1,
        last_line=9,
        kernel=KernelRelease.of(kernel) if kernel else None,
        trigger=trigger,
        totals={"free": sum(each.free or 0 for each in zones)} | totals,
        zones=zones,
        swap=swap,
        victims=killed if victims is None else victims,
        source=tuple(SourceLine(number, f"line {number}") for number in range(1, 10)),
    )


LISTS = dict.fromkeys(("active_anon", "inactive_anon", "active_file", "inactive_file", "pagetables"), 250)
"""What a zone shows of who holds it."""


def pae(*, trigger=KERNEL, lowmem_free=700, high_free=140_000, **totals) -> Report:
    """A 32-bit machine with 4 GB."""
    zones = (
        zone("DMA", free=850, low=40, size=4000, reserve=(0, 860, 4000, 4000)),
        zone("Normal", free=lowmem_free, size=220_000, reserve=(0, 0, 25_000, 25_000)),
        zone("HighMem", free=high_free, low=2000, size=800_000),
    )
    totals = {"ram": 1_040_000, "highmem": 800_000, "reserved": 16_000} | totals
    return machine(*zones, trigger=trigger, kernel="5.10.0", swap=IDLE, **totals)


def fragmented(types="", **counters) -> ZoneStat:
    """A zone with 20,000 free pages, of which the large blocks are of these types."""
    free_blocks = (
        FreeBlocks(0, 12_000, "UME"),
        FreeBlocks(1, 1_000, "UM"),
        FreeBlocks(3, 750 if types else 0, types),
    )
    return replace(zone(free=20_000, **counters), free_blocks=free_blocks)


BIG, BOOT = replace(KERNEL, order=3), replace(KERNEL, comm="swapper/0")
GROUP = Memcg(usage_kb=1024, limit_kb=1024, stats={"anon": 2**20}, stats_unit="bytes")
NODES = (zone(node=0, free=700), zone(node=1, free=60_000))

CASES = {
    "lowmem_exhaustion": pae(slab_unreclaimable=150_000),
    "dma_exhaustion": machine(
        zone("DMA32", free=700, size=200_000, reserve=(0, 0, 500_000, 500_000)),
        zone("Normal", free=90_000, size=800_000),
        trigger=replace(KERNEL, gfp_mask=0xCC4, gfp_names=("GFP_KERNEL", "GFP_DMA32")),
    ),
    "cma": machine(zone(free=40_000, free_cma=39_500), trigger=KERNEL),
    "highatomic": machine(zone(free=3_000, reserved_highatomic=2_500), trigger=KERNEL),
    "fragmentation": machine(fragmented(), trigger=BIG),
    "global_anon": machine(inactive_anon=200_000),
    "swap_unused": machine(inactive_anon=200_000, swap=IDLE),
    "swapoff": machine(inactive_anon=200_000, swap=Swap(total=0, free=-60_000)),
    "slab_unreclaimable": machine(inactive_anon=40_000, slab_unreclaimable=180_000),
    "shmem": machine(inactive_anon=200_000, shmem=190_000),
    "zram": machine(zone(zspages=130_000), inactive_anon=100_000, swap=FULL, kernel="6.18.3"),
    "balloon": replace(
        machine(inactive_anon=100_000, kernel="6.17"),
        nodes=(NodeStat(node=0, counters={"Balloon": 130_000}, line=4),),
    ),
    "gpu": replace(
        machine(inactive_anon=100_000, kernel="7.1"),
        nodes=(NodeStat(node=0, counters={"gpu_active": 90_000, "gpu_reclaim": 40_000}, line=4),),
    ),
    "kernel_misc": machine(inactive_anon=100_000, kernel_misc_reclaimable=130_000),
    "unaccounted": machine(inactive_anon=60_000),
    "page_tables": machine(inactive_anon=180_000, pagetables=40_000),
    "kernel_stacks": machine(zone(kernel_stack=60_000), inactive_anon=120_000),
    "unevictable": machine(inactive_anon=60_000, unevictable=160_000),
    "hugetlb": replace(machine(inactive_anon=40_000), hugepages=(HugePages(2048, 300, 290, 0, 0, 6),)),
    "memcg_limit": replace(machine(), scope="memcg", memcg=GROUP),
    "cpuset_or_mempolicy": replace(machine(*NODES), mems_allowed="0"),
    "numa_node_bound": machine(*NODES),
    "sysrq_manual": machine(zone(free=90_000), trigger=replace(KERNEL, order=-1)),
    "vm_fault_oom_spurious": machine(zone(free=90_000), trigger=Trigger(gfp_mask=0, order=0, line=1)),
    "mglru_min_ttl": replace(
        machine(zone(free=90_000)),
        trace=("out_of_memory", "lru_gen_age_node", "shrink_node", "balance_pgdat", "kswapd"),
    ),
    "bpf_oom": replace(machine(inactive_anon=200_000), trace=("dump_header", "bpf_oom_kill_process")),
    "too_little_ram": replace(
        machine(replace(zone(size=40_000), present=130_000), trigger=BOOT, victims=()),
        panic="Out of memory and no killable processes...",
    ),
    "min_free_kbytes": machine(zone(free=120_000, low=150_000), inactive_anon=90_000),
    "memory_min": replace(
        machine(inactive_anon=60_000, inactive_file=170_000, kernel="6.19"),
        protection=Protection(min_kb=600_000, low_kb=0, line=8),
    ),
    "writeback": machine(inactive_file=160_000, dirty=50_000, writeback=20_000, swap=IDLE),
    "not_oom": replace(machine(victims=()), kind="allocation_failure"),
    "undetermined": machine(zone(free=120_000)),
}  # fmt: skip


def test_every_cause_has_its_machine():
    assert set(CASES) == set(CAUSES)


@pytest.mark.parametrize("cause", CASES)
def test_each_cause_is_known_by_its_signature(cause):
    diagnosis = diagnose(CASES[cause])
    assert diagnosis.cause == cause, diagnosis.summary
    assert diagnosis.findings[0].rule == cause
    assert diagnosis.evidence


@pytest.fixture(scope="module")
def incident():
    return diagnose(parse(INCIDENT.read_text())[0])


def test_the_incident_is_lowmem_filled_by_slab_and_the_table_of_pages(incident):
    assert (incident.cause, incident.contributing) == ("lowmem_exhaustion", ("slab", "mem_map"))
    assert incident.confidence == "high"
    assert "lacked 1 page" in incident.summary


def test_the_incident_is_proved_by_its_own_lines(incident):
    lines = INCIDENT.read_text().splitlines()
    assert all(lines[quoted.number - 1] == quoted.text for quoted in incident.evidence)
    proof = " ".join(quoted.text for quoted in incident.evidence)
    for number in ("free:8056kB", "free:3624kB", "0 869 32487 32487", "= 561924kB", "gfp_mask=0x84d0"):
        assert number in proof


def test_more_swap_is_no_remedy_for_lowmem(incident):
    advised = [each for each in incident.remedies if not each.startswith("What does not help")]
    assert advised
    assert not any("swap" in remedy for remedy in advised)


# --- what is claimed, and how surely ----------------------------------------------------------


@pytest.mark.parametrize("cause", CASES)
def test_a_diagnosis_is_plain_data(cause):
    data = as_dict(diagnose(CASES[cause]))
    assert json.loads(json.dumps(data)) == data
    assert {"cause", "contributing", "confidence", "summary", "evidence", "remedies"} <= data.keys()
    assert all(line.keys() == {"line", "text"} for line in data["evidence"])


@pytest.mark.parametrize("cause", [cause for cause in CASES if cause != "undetermined"])
def test_every_cause_has_a_remedy_but_the_harmless(cause):
    assert diagnose(CASES[cause]).remedies or cause == "not_oom"


@pytest.mark.parametrize("cause", CASES)
def test_nothing_of_the_log_enters_a_claim(cause):
    evil = "\x1b[2Jevil<img src=x>"
    report = CASES[cause]
    hostile = replace(
        report,
        trigger=replace(report.trigger, comm=evil),
        victims=tuple(replace(dead, comm=evil) for dead in report.victims),
        memcg=report.memcg and replace(report.memcg, path=evil, oom_path=evil),
        panic=report.panic and report.panic + evil,
    )
    diagnosis = diagnose(hostile)
    said = [diagnosis.summary, *diagnosis.remedies, *(finding.claim for finding in diagnosis.findings)]
    assert not any("evil" in sentence for sentence in said)


def test_without_the_header_a_judgement_is_less_sure():
    whole, headless = pae(), pae(trigger=Trigger())
    assert diagnose(whole).confidence == "high"
    assert (diagnose(headless).cause, diagnose(headless).confidence) == ("lowmem_exhaustion", "medium")


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (Report(kind="oom", first_line=1, last_line=1), "Mem-Info:"),
        (machine(zone(free=90_000), trigger=Trigger()), "gfp_mask="),
        (machine(zone(free=120_000)), "constraint="),
        (replace(machine(), totals={}), "active_anon:"),
    ],
    ids=["nothing", "no header", "all open", "no totals"],
)
def test_an_undetermined_cause_names_the_line_that_would_decide(report, line):
    diagnosis = diagnose(report)
    assert diagnosis.cause == "undetermined"
    assert line in diagnosis.summary


# --- zones ------------------------------------------------------------------------------------


def test_a_user_request_on_a_full_32_bit_machine_is_no_lowmem_exhaustion():
    report = pae(trigger=USER, high_free=500, inactive_anon=850_000)
    assert diagnose(replace(report, swap=NO_SWAP)).cause == "global_anon"


def test_highmem_that_the_kernel_does_not_list_still_shows_in_the_total():
    listed = pae(slab_unreclaimable=150_000)
    since_6_1 = replace(listed, zones=listed.zones[:2], kernel=KernelRelease.of("6.1.0"))
    assert diagnose(since_6_1).cause == "lowmem_exhaustion"


def test_lowmem_that_the_kernel_fills_itself_needs_no_free_highmem():
    full = pae(high_free=1700, slab_unreclaimable=150_000)
    assert (diagnose(full).cause, diagnose(full).confidence) == ("lowmem_exhaustion", "medium")


def test_lowmem_that_no_counter_explains_contributes():
    zones = tuple(replace(each, counters=LISTS) for each in pae().zones)
    report = replace(pae(slab_unreclaimable=30_000), zones=zones)
    assert (diagnose(report).cause, diagnose(report).contributing) == ("lowmem_exhaustion", ("unaccounted",))
    old = replace(report, zones=tuple(replace(each, managed=None) for each in report.zones))
    assert diagnose(old).contributing == ("unaccounted",)
    lists = {name: pages for name, pages in LISTS.items() if name != "pagetables"}
    zones = tuple(replace(each, counters=lists) for each in old.zones)
    held = replace(old, zones=zones, totals={**old.totals, "pagetables": 100_000})
    assert diagnose(held).contributing == ()  # page tables may all lie in lowmem


def test_a_kernel_that_counts_slab_in_one_number_shows_all_its_counters():
    """2.6.28 to 2.6.31 print ``slab``, and no kinds of it."""
    report = machine(inactive_anon=60_000, kernel="2.6.28.7")
    totals = {name: pages for name, pages in report.totals.items() if not name.startswith("slab_")}
    assert diagnose(replace(report, totals=totals | {"slab": 5_000})).cause == "unaccounted"
    assert diagnose(replace(report, totals=totals)).cause != "unaccounted"


def test_a_zone_whose_line_was_cut_makes_nothing_unaccounted():
    cut = replace(zone("DMA32", size=100_000), present=400_000, managed=None)
    report = machine(cut, zone(size=100_000), inactive_anon=60_000, active_file=120_000)
    assert "unaccounted" not in (diagnose(report).cause, *diagnose(report).contributing)


def test_an_empty_zone_still_has_its_place_in_the_reserves():
    """On 32 bits with CONFIG_ZONE_DMA32 the second entry is that of an empty zone."""
    dma, normal, highmem = pae(slab_unreclaimable=150_000).zones
    empty = zone("DMA32", free=0, low=0, size=0)
    zones = (replace(dma, lowmem_reserve=(0, 0, 860, 4000)), empty, normal, highmem)
    arrays = [z.lowmem_reserve if z is zones[0] else (0, 0, 0, 25_000) for z in zones]
    zones = tuple(replace(z, lowmem_reserve=a) for z, a in zip(zones, arrays, strict=True))
    assert diagnose(replace(pae(slab_unreclaimable=150_000), zones=zones)).cause == "lowmem_exhaustion"


def test_a_zone_that_passes_at_its_high_mark_was_not_full():
    shut, wide_open = (machine(zone(free=free), inactive_anon=200_000) for free in (1_190, 60_000))
    assert diagnose(shut).cause == "global_anon"
    assert diagnose(wide_open).cause == "undetermined"


def test_what_is_freed_before_the_report_is_printed_lowers_the_confidence():
    reports = [machine(zone(free=free), inactive_anon=200_000) for free in (1_190, 2_000)]
    assert [diagnose(report).confidence for report in reports] == ["high", "medium"]


def test_without_zones_the_totals_must_show_that_memory_was_full():
    cut = [replace(machine(inactive_anon=200_000, free=free), zones=()) for free in (3_000, 90_000)]
    assert [diagnose(report).cause for report in cut] == ["global_anon", "undetermined"]


def test_one_page_decides_about_cma():
    reports = [machine(zone(free=40_000, free_cma=cma), trigger=KERNEL) for cma in (38_800, 38_799)]
    assert [diagnose(report).cause for report in reports] == ["cma", "undetermined"]


def test_cma_is_no_obstacle_for_movable_pages():
    report = machine(zone(free=40_000, free_cma=39_500), trigger=USER, inactive_anon=190_000)
    assert diagnose(report).cause == "undetermined"


@pytest.mark.parametrize("types", ["C", "H"])
def test_blocks_of_the_wrong_kind_do_not_help_a_large_request(types):
    assert diagnose(machine(fragmented(types), trigger=BIG)).cause == "fragmentation"


def test_a_large_request_in_full_zones_is_no_fragmentation():
    assert diagnose(machine(trigger=BIG, inactive_anon=200_000)).cause == "global_anon"


@pytest.mark.parametrize(("swap_free", "cause"), [(40_000, "fragmentation"), (20_000, "global_anon")])
def test_while_swap_has_room_a_large_request_fails_for_its_size(swap_free, cause):
    edge = replace(fragmented(), free=1000)  # above min, below high: a single page would have passed
    report = machine(edge, trigger=BIG, swap=Swap(total=100_000, free=swap_free), inactive_anon=200_000)
    assert diagnose(report).cause == cause


@pytest.mark.parametrize(("order", "cause"), [(2, "fragmentation"), (0, "undetermined")])
def test_beside_much_page_cache_a_large_request_fails_for_its_size(order, cause):
    full = zone(active_file=150_000, inactive_file=30_000)
    report = machine(full, trigger=replace(KERNEL, order=order), active_file=150_000, inactive_file=30_000)
    assert (diagnose(report).cause, diagnose(report).confidence == "low") == (cause, order == 0)


def test_cache_that_the_request_may_not_use_makes_no_fragmentation():
    report = pae(active_file=500_000, slab_unreclaimable=150_000)
    high = replace(report.zones[-1], counters={"active_file": 500_000})
    report = replace(report, zones=(*report.zones[:-1], high), trigger=replace(KERNEL, order=1))
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_nodes_that_the_kernel_does_not_list_still_show_in_the_total():
    """4.x prints the zones of the allowed nodes only, and no constraint."""
    report = machine(zone(node=0, free=700), inactive_anon=10_000, free=90_000)
    assert diagnose(replace(report, nodemask="0", mems_allowed="0-1")).cause == "cpuset_or_mempolicy"


def test_a_bound_holds_though_its_node_has_memory_again():
    """Nothing but the bound made this an OOM, but what came free meanwhile leaves a doubt."""
    report = machine(zone(node=1, free=90_000), inactive_anon=10_000, free=190_000)
    result = diagnose(replace(report, nodemask="1", mems_allowed="1"))
    assert (result.cause, result.confidence) == ("cpuset_or_mempolicy", "low")
    assert "There memory was free again by then. Elsewhere" in result.summary


def test_swapoff_asks_for_what_swap_held():
    """The command needs next to nothing of its own, so its name tells where the rest is lost."""
    asked = replace(USER, comm="swapoff")
    result = diagnose(Report(kind="oom", first_line=1, last_line=1, trigger=asked))
    assert (result.cause, result.confidence) == ("swapoff", "medium")


def test_a_boot_that_finds_no_dma_memory_has_ram_enough():
    """As when 2.6 was booted on two nodes of which the first has no memory that a device can reach."""
    dma = replace(KERNEL, comm="swapper", gfp_mask=0xCC1, gfp_names=("GFP_KERNEL", "GFP_DMA"))
    zones = zone("DMA", free=3, low=20, size=4_000), zone("DMA32", free=500_000, low=3_000, size=510_000)
    report = machine(*zones, trigger=dma, victims=())
    assert diagnose(replace(report, panic="no killable processes")).cause == "dma_exhaustion"


def test_a_dma_zone_that_is_all_of_lowmem_is_lowmem():
    lowmem = zone("DMA", free=700, size=190_000, reserve=(0, 0, 3_000, 3_000))
    board = machine(lowmem, zone("HighMem", free=300_000, size=800_000), trigger=KERNEL, highmem=800_000)
    assert diagnose(board).cause == "lowmem_exhaustion"


def test_the_remedy_for_mem_map_says_what_it_would_give_back():
    remedies = diagnose(pae(ram=8_650_736, highmem=8_410_736, slab_reclaimable=100_000)).remedies
    assert any("mem=24G" in remedy and "90 MiB" in remedy for remedy in remedies)


@pytest.mark.parametrize(
    ("kernel", "offered"),
    [("3.2.59", True), ("3.0.101", True), ("3.3.7", True), ("3.3.8", False), ("3.4", False)],
)
def test_the_fix_of_2012_is_offered_to_kernels_that_lack_it(kernel, offered):
    report = pae(slab_reclaimable=130_000, inactive_file=600_000)
    remedies = diagnose(replace(report, kernel=KernelRelease.of(kernel))).remedies
    assert any("Linux 3.4 or later" in remedy for remedy in remedies) is offered


@pytest.mark.parametrize(
    ("kernel", "offered"),
    [
        *(("4.7", False), ("4.8.15", True), ("4.9.4", True), ("4.9.228", False)),
        *(("4.10.1", True), ("4.10.17", False), ("4.11", False), ("5.10", False)),
    ],
)
def test_lists_of_lowmem_that_are_not_aged_are_named_only_to_kernels_that_have_them(kernel, offered):
    lowmem = zone(free=100, size=200_000, inactive_file=90_000, active_file=30_000)
    report = pae(inactive_file=700_000)
    report = replace(report, zones=(lowmem, *report.zones[1:]), kernel=KernelRelease.of(kernel))
    diagnosis = diagnose(report)
    assert (diagnosis.cause, "file" in diagnosis.contributing) == ("lowmem_exhaustion", True)
    assert any("age the lists of lowmem" in remedy for remedy in diagnosis.remedies) is offered


@pytest.mark.parametrize(
    ("kernel", "offered"),
    [("5.10.44", True), ("5.10.89", False), ("5.14", True), ("5.15.85", False), ("6.1", False)],
)
def test_a_kernel_that_only_warns_of_a_spurious_fault_needs_no_update(kernel, offered):
    remedies = diagnose(replace(CASES["vm_fault_oom_spurious"], kernel=KernelRelease.of(kernel))).remedies
    assert any("Update the kernel" in remedy for remedy in remedies) is offered
    assert any("fault handler gave up" in remedy for remedy in remedies)


def test_min_free_kbytes_is_advised_within_a_bound_and_never_beside_highmem():
    roomy = machine(zone(free=30_000), trigger=replace(KERNEL, order=4))
    remedies = diagnose(roomy).remedies
    assert any("Raise vm.min_free_kbytes" in remedy and "5 % of memory" in remedy for remedy in remedies)
    board = replace(roomy, zones=(*roomy.zones, zone("HighMem", free=100_000)))
    assert diagnose(board).cause == "fragmentation"
    assert not any("min_free_kbytes" in remedy for remedy in diagnose(board).remedies)


@pytest.mark.parametrize(("kernel", "update"), [("6.1", True), ("6.11.11", True), ("6.12.30", False)])
def test_against_the_highatomic_reserve_reclaim_is_to_begin_earlier_not_min_to_rise(kernel, update):
    kept = replace(
        zone(free=3_000, reserved_highatomic=2_500), free_blocks=(FreeBlocks(0, 500), FreeBlocks(5, 80, "H"))
    )
    diagnosis = diagnose(machine(kept, trigger=KERNEL, kernel=kernel))
    assert diagnosis.cause == "highatomic"
    assert any("watermark_scale_factor" in remedy for remedy in diagnosis.remedies)
    assert not any(remedy.startswith("Raise vm.min_free_kbytes") for remedy in diagnosis.remedies)
    assert any("Update the kernel" in remedy for remedy in diagnosis.remedies) is update


def test_a_reserve_that_nothing_free_belongs_to_is_not_blamed_since_6_12():
    kept = zone(free=3_000, reserved_highatomic=2_500)
    assert diagnose(machine(kept, trigger=KERNEL, kernel="6.11.11")).cause == "highatomic"
    assert diagnose(machine(kept, trigger=KERNEL, kernel="6.12.30")).cause != "highatomic"


# --- details ----------------------------------------------------------------------------------


def test_a_failed_request_is_no_oom_but_its_reason_contributes():
    report = replace(machine(fragmented(), trigger=BIG, victims=()), kind="allocation_failure")
    assert (diagnose(report).cause, diagnose(report).contributing) == ("not_oom", ("fragmentation",))


def test_a_request_that_stalls_has_not_failed():
    said = SourceLine(1, "app: page allocation stalls for 10048ms, order:0, mode:0x14200ca")
    report = replace(machine(victims=()), kind="allocation_failure", source=(said,))
    assert report.is_stall
    assert "waiting" in diagnose(report).summary


def test_a_kernel_of_2_4_reports_the_failed_request_and_then_the_kill():
    report = replace(machine(inactive_anon=200_000), kind="allocation_failure")
    assert diagnose(report).cause == "global_anon"


@pytest.mark.parametrize(
    ("stats", "detail"),
    [
        ({"anon": 900}, "anon"),
        ({"file": 900, "file_dirty": 850}, "dirty_file"),
        ({"file": 900}, "file"),
        ({"file": 900, "shmem": 880}, "shmem"),
        ({"kernel": 800}, "kmem"),
        ({"kernel": 20, "sock": 900}, "sock"),
        ({"kernel": 850, "zswap": 840}, "kmem"),
    ],
)
def test_what_fills_a_group_contributes(stats, detail):
    group = replace(GROUP, stats={name: size * 1024 for name, size in stats.items()})
    report = replace(machine(), scope="memcg", memcg=group)
    assert diagnose(report).contributing == (detail,)


def test_what_the_kernel_holds_of_a_group_is_named_beside_the_largest():
    group = replace(GROUP, stats={"anon": 500 * 1024, "kernel": 480 * 1024, "pagetables": 400 * 1024})
    diagnosis = diagnose(replace(machine(), scope="memcg", memcg=group))
    assert diagnosis.contributing == ("anon", "kmem")
    assert "480 kB, 47 % of it; 400 kB of that is page tables of processes." in diagnosis.summary


def test_sockets_of_a_group_are_proved_by_their_own_line():
    rows = ("memory: usage 1024kB, limit 1024kB", "kernel 20480", "sock 921600")
    source = tuple(SourceLine(number, row) for number, row in enumerate(rows, 1))
    group = replace(GROUP, stats={"kernel": 20 * 1024, "sock": 900 * 1024})
    findings = diagnose(replace(machine(), scope="memcg", memcg=group, source=source)).findings
    assert [line.number for each in findings if each.rule == "sock" for line in each.evidence] == [3]


@pytest.mark.parametrize(
    ("used", "limit", "said"),
    [
        (512, 512, "All the 512 kB of swap that the group may use"),
        (500, 512, "All but 12 kB of the 512 kB of swap"),
        (300, 512, None),
        (0, 0, None),
    ],
)
def test_swap_that_a_group_has_used_up_is_named(used, limit, said):
    group = replace(GROUP, swap_usage_kb=used, swap_limit_kb=limit)
    diagnosis = diagnose(replace(machine(), scope="memcg", memcg=group))
    assert ("swap_full" in diagnosis.contributing) == (said is not None)
    assert (said or "") in diagnosis.summary


def test_the_limit_of_memory_and_swap_together_is_none_of_swap():
    """In v1 the second pair counts memory too."""
    group = replace(GROUP, swap_usage_kb=1024, swap_limit_kb=1024, memsw=True)
    diagnosis = diagnose(replace(machine(), scope="memcg", memcg=group))
    assert "swap_full" not in diagnosis.contributing


@pytest.mark.parametrize(("swap", "detail"), [(NO_SWAP, "no_swap"), (FULL, "swap_full")])
def test_swap_that_could_not_help_contributes(swap, detail):
    assert detail in diagnose(machine(inactive_anon=200_000, swap=swap)).contributing


@pytest.mark.parametrize(
    ("largest", "said"), [(5, "none of those listed held more"), (500, "not what filled it")]
)
def test_a_small_victim_is_called_the_wrong_one_only_if_another_held_more(largest, said):
    tasks = (Task(pid=77, comm="sh", rss=5), Task(pid=78, comm="dd", rss=largest))
    dead = Victim(pid=77, anon_rss_kb=20, file_rss_kb=0)
    findings = diagnose(replace(machine(inactive_anon=200_000, victims=(dead,)), tasks=tasks)).findings
    claim = next(finding.claim for finding in findings if finding.rule == "victim_is_not_consumer")
    assert said in claim


def test_an_order_of_any_size_does_no_harm():
    lists = replace(fragmented(), watermark_min=None, watermark_low=None, watermark_high=None)
    for zones in ((lists,), (fragmented(),)):
        assert diagnose(machine(*zones, trigger=replace(KERNEL, order=99))).cause in CAUSES


def test_zones_are_named_with_their_node_only_where_there_are_several():
    alone = tuple(replace(fragmented(), node=node) for node in (0,))
    pair = (*alone, replace(fragmented(), node=1))
    said = [diagnose(machine(*zones, trigger=BIG)).summary for zones in (alone, pair)]
    assert ["Normal of node 0" in each for each in said] == [False, True]


def test_a_limit_of_memory_and_swap_is_distinguished_from_one_of_memory():
    full = replace(GROUP, usage_kb=900, swap_usage_kb=2048, swap_limit_kb=2048, memsw=True)
    said = [
        diagnose(replace(machine(), scope="memcg", memcg=group)).summary
        for group in (full, replace(full, usage_kb=1024), replace(full, memsw=False))
    ]
    assert ["memory and swap" in each for each in said] == [True, False, False]


def test_the_line_of_code_that_holds_the_most_is_named():
    allocations = (
        Allocation(9_000, 30, "mm/slub.c:2401 func:alloc_slab_page", 5),
        Allocation(700_000, 12, "drivers/net/toy.c:88 [toy] func:toy_refill", 6),
    )
    diagnosis = diagnose(replace(machine(inactive_anon=60_000), allocations=allocations))
    assert "684 MiB: toy_refill (drivers/net/toy.c:88)." in diagnosis.summary
    assert 6 in [line.number for line in diagnosis.evidence]


def test_a_place_that_no_kernel_prints_is_not_repeated():
    hostile = (Allocation(700_000, 12, "x.c:1 \x1b[2J func:<img src=x>", 6),)
    assert "700" not in diagnose(replace(machine(inactive_anon=60_000), allocations=hostile)).summary


def test_a_setting_that_chose_the_victim_contributes():
    dead = Victim(pid=77, anon_rss_kb=10, reason="Out of memory (oom_kill_allocating_task)")
    diagnosis = diagnose(machine(inactive_anon=200_000, victims=(dead,)))
    assert "oom_kill_allocating_task" in diagnosis.contributing
    assert "victim_is_not_consumer" in [finding.rule for finding in diagnosis.findings]


def test_a_score_shows_the_share_where_the_state_of_memory_is_lost():
    def cut(score, adj=None, row=None):
        dead = Victim(pid=77, score=score, oom_score_adj=adj, line=3)
        tasks = (Task(pid=77, comm="cc1", oom_score_adj=row),)
        return diagnose(Report(kind="oom", first_line=3, last_line=3, victims=(dead,), tasks=tasks))

    causes = [cut(*case).cause for case in ((900, 0), (100, 0), (900, 600), (1100, 300), (1100, None, 300))]
    assert causes == ["global_anon", "undetermined", "undetermined", "global_anon", "global_anon"]
    assert (cut(900).confidence, cut(900, row=0).confidence) == ("low", "medium")


def test_old_lists_count_process_memory_and_cache_together():
    lists = {"active": 150_000, "inactive": 60_000, "slab": 5_000}
    full = replace(machine(swap=Swap(total=9_000, free=0)), totals={"free": 900} | lists)
    assert (diagnose(full).cause, diagnose(full).confidence) == ("global_anon", "medium")
    assert diagnose(replace(full, swap=IDLE)).cause == "undetermined"


def test_a_huge_page_pool_larger_than_the_machine_is_not_believed():
    report = replace(machine(inactive_anon=200_000), hugepages=(HugePages(2048, 4000, 0, 0, 0, 6),))
    assert diagnose(report).cause == "global_anon"


# --- the table --------------------------------------------------------------------------------


def test_remedies_name_causes_and_details_that_exist():
    rows = load_table("diagnosis")["remedy"]
    assert {cause for row in rows for cause in row.get("causes", ())} <= set(CAUSES)
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert {"name", "text", "source"} <= set(row)
        assert set(row) <= {"name", "causes", "with", "without", "needs", "since", "until", "fixed"} | {
            *("text", "source")
        }


def test_the_order_and_the_table_name_the_same_rules_in_the_same_order():
    rows = [row["name"] for row in load_table("diagnosis")["rule"]]
    decisive = list(dict.fromkeys(rule.name for rule in ORDER))
    assert rows[: len(decisive)] == decisive
    assert sorted(decisive) == sorted(CAUSES)
    rules = {
        each.name
        for room in (contributing, named, notes)
        for each in vars(room).values()
        if isinstance(each, Rule)
    }
    assert set(rows[len(decisive) :]) <= rules


def test_every_cause_says_whether_memory_was_full_and_whether_it_matters_who_held_it():
    rows = {row["name"]: row for row in load_table("diagnosis")["rule"]}
    assert {name for name in CAUSES if {"full", "held"} <= rows[name].keys()} == set(CAUSES)
    assert not any("full" in row or "held" in row for name, row in rows.items() if name not in CAUSES)


def test_a_finding_carries_the_name_and_the_source_of_its_rule():
    sources = {row["name"]: row["source"] for row in load_table("diagnosis")["rule"]}
    for cause, report in CASES.items():
        decisive = diagnose(report).findings[0]
        assert (decisive.rule, decisive.source) == (cause, sources[cause])


def test_rules_of_one_name_find_the_same_thing_in_several_ways():
    names = [rule.name for rule in ORDER]
    assert {name: names.count(name) for name in names if names.count(name) > 1} == {
        "fragmentation": 4,
        "cma": 2,
        "dma_exhaustion": 2,
        "too_little_ram": 2,
        "unaccounted": 2,
        "global_anon": 3,
    }


@given(st.integers(0, 300_000), st.integers(0, 300_000), st.integers(0, 300_000), st.integers(-9, 11))
def test_any_numbers_give_one_of_the_causes(free, anon, swap_free, order):
    report = machine(
        zone(free=free, free_cma=anon // 3),
        trigger=replace(KERNEL, order=order),
        swap=Swap(total=100_000, free=swap_free),
        inactive_anon=anon,
    )
    assert diagnose(report).cause in CAUSES


def test_before_5_5_only_the_letters_of_free_blocks_tell_what_is_kept_for_urgent_requests():
    kept = replace(zone(free=3_000), free_blocks=(FreeBlocks(0, 2_600, "H"), FreeBlocks(3, 50, "UH")))
    diagnosis = diagnose(machine(replace(kept, blocks_line=7), trigger=KERNEL, kernel="4.9.0"))
    assert diagnosis.cause == "highatomic"
    assert "10 MiB of it is kept" in diagnosis.summary
    assert 7 in {line.number for line in diagnosis.evidence}


def test_cache_that_all_waits_to_be_written_contributes_beside_the_processes():
    swapless = machine(inactive_anon=200_000, inactive_file=20_000, dirty=19_000)
    assert "dirty_file" in diagnose(swapless).contributing
    assert "dirty_file" not in diagnose(machine(inactive_anon=200_000, dirty=190)).contributing


def test_several_nodes_are_named_in_the_plural():
    nodes = [zone(node=node, free=60_000 if node in (1, 2) else 700) for node in range(4)]
    assert "Nodes 0 and 3 had too little while nodes 1 and 2 had" in diagnose(machine(*nodes)).summary


def test_a_call_is_quoted_in_whatever_form_it_is_written():
    for call in ("sys_swapoff+0x1/0x2", "sys_swapoff (mm/swapfile.c:9)", "sys_swapoff from ret+0x1/0x2"):
        report = replace(machine(), trace=("sys_swapoff",), source=(SourceLine(4, call),))
        assert diagnose(report).evidence[0].number == 4


def test_the_function_that_panics_is_named_before_the_panic_is():
    """Up to 4.6 it prints the report and then panics; a log on disk often ends between the two."""
    report = replace(machine(inactive_anon=200_000, victims=()), trace=("dump_header", "check_panic_on_oom"))
    result = diagnose(report)
    assert result.cause == "global_anon"
    assert "panic_on_oom" in result.contributing
    assert "panic_on_oom" not in diagnose(replace(report, trace=("dump_header",))).contributing


def test_a_score_that_the_victim_cannot_have_by_its_size_shows_nothing():
    def cut(anon_rss_kb):
        dead = Victim(pid=77, score=998, anon_rss_kb=anon_rss_kb, line=3)
        return diagnose(
            Report(kind="oom", first_line=3, last_line=3, victims=(dead,), totals={"ram": 524_157})
        )

    assert [cut(size).cause for size in (84, 1_900_000)] == ["undetermined", "global_anon"]


def test_blocks_that_are_large_enough_but_too_few_are_called_so():
    blocks = (FreeBlocks(0, 19_960), FreeBlocks(1, 0), FreeBlocks(2, 0), FreeBlocks(3, 5))
    few = replace(zone(free=20_000), free_blocks=blocks)
    diagnosis = diagnose(machine(few, trigger=BIG, kernel="2.6.32"))
    assert diagnosis.cause == "fragmentation"
    assert "too little of it of that size" in diagnosis.summary


def test_where_slab_took_the_room_there_is_a_remedy_for_it():
    held = {"slab_unreclaimable": 200_000}
    swapped = machine(swap=Swap(total=0, free=-60_000), **held)
    reserved = machine(zone(free=40_000, free_cma=39_500), trigger=KERNEL, **held)
    assert [diagnose(each).cause for each in (swapped, reserved)] == ["swapoff", "cma"]
    assert all(any("slabtop" in text for text in diagnose(each).remedies) for each in (swapped, reserved))


@pytest.mark.parametrize(
    ("order", "anon", "cause"),
    [(3, 115_000, "fragmentation"), (0, 115_000, "global_anon"), (3, 140_000, "global_anon")],
)
def test_slab_that_could_be_dropped_makes_no_room_for_several_pages_either(order, anon, cause):
    """Processes must hold more than could be dropped, or most of memory, before they are the cause."""
    cache = {"active_file": 20_000, "inactive_file": 18_000, "slab_reclaimable": 90_000}
    report = machine(zone(**cache), trigger=replace(KERNEL, order=order), inactive_anon=anon, **cache)
    result = diagnose(report)
    assert result.cause == cause
    assert ("page cache and reclaimable slab" in result.summary) is (cause == "fragmentation")


# --- logs that end early ----------------------------------------------------------------------

CUT_LISTS = [(3, "2.6.32", 0), (3, "2.6.32", 2), (3, "6.1.0", 0), (3, "6.1.0", 3), (9, "6.1.0", 9)]
"""The order of a request, its kernel, and how many orders are left of the list."""


@pytest.mark.parametrize(("order", "kernel", "shown"), CUT_LISTS)
def test_a_list_of_free_blocks_that_ends_early_decides_nothing_about_larger_blocks(order, kernel, shown):
    blocks = tuple(FreeBlocks(each, 10, "UME") for each in range(shown))
    report = machine(
        replace(zone(free=20_000), free_blocks=blocks), trigger=replace(KERNEL, order=order), kernel=kernel
    )
    summary = diagnose(report).summary
    assert "does not show in which blocks" in summary
    assert "no block" not in summary


def test_a_list_of_free_blocks_that_ends_early_still_refuses_where_small_blocks_are_too_many():
    """Until 4.3 each smaller order is discounted, so the first orders may be enough to refuse."""
    blocks = (FreeBlocks(0, 19_990, "UME"),)
    report = machine(replace(zone(free=20_000), free_blocks=blocks), trigger=BIG, kernel="2.6.32")
    assert diagnose(report).cause == "fragmentation"


def test_a_list_of_free_blocks_without_its_first_orders_is_not_read_from_the_wrong_end():
    blocks = (FreeBlocks(3, 0, "U"), FreeBlocks(4, 0, "U"), FreeBlocks(5, 0, "U"), FreeBlocks(6, 60, "U"))
    summary = diagnose(machine(replace(zone(free=20_000), free_blocks=blocks), trigger=BIG)).summary
    assert "no block" not in summary


@pytest.mark.parametrize(
    "log",
    [
        # a request of order 9, and a list of free blocks that ends after the first
        "page allocation failure. order:9,\nCPU: tainted 2.6.5\nNode 1 DMA free:340619kB min:0kB\n"
        "lowmem_reserve[]: 278045 725898 739\n127*256kB\n",
        # no zone of a size above 0
        "Node 0 HighMem free:1kB min:67642kB active_anon:671059kB active_file:870256kB managed:0kB "
        "slab_reclaimable:97kB pagetables:152071kB bounce:-2147483649kB\nNode 0 Foo: 293*268435456kB\n",
        # page cache in a zone whose size and free are lost
        "oom-killer:\norder=2,\nCall trace:\nDMA free:2\u066022296kB\nmin:22528kB\ninactive_file:1281264kB\n",
    ],
    ids=["blocks", "managed", "cache"],
)
def test_what_is_left_of_a_log_is_judged(log):
    reports = parse(log)
    assert reports
    assert all(diagnose(report).cause in CAUSES for report in reports)


# --- what kernels of today print --------------------------------------------------------------


def test_every_counter_of_6_19_is_known_and_its_largest_holder_named():
    (report,) = parse((HERE / "cases" / "zspages-balloon-allocations.log").read_text())
    diagnosis = diagnose(report)
    assert diagnosis.cause == "zram"
    assert {"balloon", "allocation"} <= set(diagnosis.contributing)
    assert "unaccounted" not in diagnosis.contributing
    assert "in no counter" not in diagnosis.summary
    assert "879 MiB" in diagnosis.summary
    assert "781 MiB with its balloon" in diagnosis.summary


def test_compressed_swap_is_named_beside_the_processes_whose_memory_it_holds():
    diagnosis = diagnose(machine(zone(zspages=90_000), inactive_anon=130_000, swap=FULL, kernel="6.18.3"))
    assert diagnosis.cause == "global_anon"
    assert "zram" in diagnosis.contributing
    assert "unaccounted" not in diagnosis.contributing


def test_a_balloon_that_was_taken_off_the_managed_pages_makes_no_size_implausible():
    node = NodeStat(node=0, counters={"Balloon": 400_000}, line=4)
    diagnosis = diagnose(replace(machine(inactive_anon=200_000, kernel="6.17"), nodes=(node,)))
    assert diagnosis.cause == "global_anon"
    assert "of the memory" in diagnosis.summary
    assert "1.5 GiB with its balloon" in diagnosis.summary


def test_a_counter_that_nobody_knows_yet_is_shown_by_its_name():
    node = NodeStat(node=0, counters={"secret_pages": 130_000, "active_anon": 0}, line=4)
    diagnosis = diagnose(replace(machine(inactive_anon=60_000), nodes=(node,)))
    assert diagnosis.cause == "unaccounted"
    assert "secret_pages 508 MiB" in diagnosis.summary
    assert "in no counter of this report" not in diagnosis.summary
    assert 4 in {line.number for line in diagnosis.evidence}


@pytest.mark.parametrize("name", ["shmem_thp", "writepending", "mapped", "local_pcp"])
def test_a_counter_of_parts_of_others_explains_nothing(name):
    node = NodeStat(node=0, counters={name: 130_000}, line=4)
    assert "in no counter of this report" in diagnose(replace(CASES["unaccounted"], nodes=(node,))).summary


def test_a_group_that_ages_its_lists_met_its_limit_all_the_same():
    trace = ("out_of_memory", "lru_gen_age_node")
    assert diagnose(replace(CASES["memcg_limit"], trace=trace)).cause == "memcg_limit"
    assert diagnose(replace(CASES["global_anon"], trace=("shrink_node",))).cause == "global_anon"


@pytest.mark.parametrize(
    ("min_kb", "swap", "cause"),
    [
        (600_000, NO_SWAP, "memory_min"),
        (300_000, NO_SWAP, "undetermined"),
        (600_000 * 4096, NO_SWAP, "undetermined"),  # the first candidates of 6.19 counted bytes as pages
    ],
)
def test_memory_min_decides_only_where_it_holds_most_of_what_could_be_given_back(min_kb, swap, cause):
    report = replace(CASES["memory_min"], protection=Protection(min_kb=min_kb, low_kb=0, line=8), swap=swap)
    assert diagnose(report).cause == cause


def test_protected_memory_that_could_not_be_given_back_anyway_contributes():
    full = replace(CASES["global_anon"], protection=Protection(min_kb=600_000, low_kb=0, line=8))
    diagnosis = diagnose(full)
    assert diagnosis.cause == "global_anon"
    assert "memory_min" in diagnosis.contributing


def test_an_order_of_one_in_lowmem_that_the_kernel_s_records_fill_is_no_fragmentation():
    """Swap that stands empty could take nothing from there, and cache in HighMem does not count."""
    full = pae(trigger=replace(KERNEL, order=1), lowmem_free=1_100, slab_unreclaimable=180_000)
    diagnosis = diagnose(with_counters(full, "Normal", active_anon=0, inactive_anon=40))
    assert diagnosis.cause == "lowmem_exhaustion"
    assert "The request for 2 pages in a row needed lowmem" in diagnosis.summary
    assert "slab" in diagnosis.contributing
    movable = diagnose(with_counters(full, "Normal", active_anon=0, inactive_anon=60_000))
    assert movable.cause == "fragmentation"


def with_counters(report, name, **counters):
    zones = (replace(each, counters=counters) if each.name == name else each for each in report.zones)
    return replace(report, zones=tuple(zones))


@pytest.mark.parametrize(
    ("total", "free", "words"),
    [
        (100_000, 0, "All 391 MiB of swap are in use."),
        (100_000, 10, "All but 40 kB of the 391 MiB of swap are in use."),
        (100_000, 4_900, "All but 19 MiB of the 391 MiB of swap are in use."),
        (16_000_000, 700_000, "2.7 GiB of swap was still free."),  # more than twice the machine
    ],
)
def test_swap_is_called_full_only_where_what_is_left_is_little_beside_the_machine_too(total, free, words):
    diagnosis = diagnose(machine(inactive_anon=200_000, swap=Swap(total=total, free=free)))
    assert words in diagnosis.summary
    assert ("swap_full" in diagnosis.contributing) == (" in use" in words)


def test_what_is_locked_counts_with_what_a_process_holds():
    """Its pages stay in rss and leave the lists of anonymous memory for that of the unevictable."""
    locked = machine(inactive_anon=10_000, unevictable=200_000)
    diagnosis = diagnose(replace(locked, tasks=(Task(7, "java", rss=205_000),)))
    assert "java (pid 7) holds 801 MiB (82 % of the memory)" in diagnosis.summary
    assert "damaged" not in diagnosis.summary


def test_processes_lead_where_they_hold_more_than_is_locked_and_swap_is_full():
    full = diagnose(machine(inactive_anon=130_000, unevictable=90_000, swap=FULL))
    assert (full.cause, "unevictable" in full.contributing) == ("global_anon", True)
    assert diagnose(machine(inactive_anon=130_000, unevictable=90_000, swap=IDLE)).cause == "unevictable"


def test_who_fills_all_but_a_reserve_is_named():
    kept = machine(zone(free=3_000, reserved_highatomic=2_500), trigger=KERNEL, inactive_anon=230_000)
    diagnosis = diagnose(replace(kept, tasks=(Task(7, "java", rss=225_000),)))
    assert diagnosis.cause == "highatomic"
    assert "java (pid 7) holds 879 MiB" in diagnosis.summary
    assert any("the end would come a little later" in remedy for remedy in diagnosis.remedies)


def test_a_boost_of_the_watermarks_is_no_setting():
    """It counts in min while it lasts. Source: mm/page_alloc.c, ``boost_watermark``."""
    boosted = machine(replace(zone(free=120_000, low=150_000), watermark_boost=119_000), inactive_anon=90_000)
    assert "min_free_kbytes" not in (diagnose(boosted).cause, *diagnose(boosted).contributing)


def test_high_watermarks_only_add_to_what_processes_took():
    diagnosis = diagnose(machine(zone(free=40_000, low=50_000), inactive_anon=190_000))
    assert (diagnosis.cause, "min_free_kbytes" in diagnosis.contributing) == ("global_anon", True)
    assert "Watermarks (min) keep 156 MiB, 16 % of the memory, for emergencies." in diagnosis.summary


@pytest.mark.parametrize("free", [500, 900])
def test_page_cache_that_filled_the_zones_is_named_where_nothing_else_decides(free):
    diagnosis = diagnose(machine(zone(free=free), active_file=120_000, inactive_file=100_000))
    assert diagnosis.cause == "undetermined"
    assert "page cache held more than anything else, and reclaim did not give it back" in diagnosis.summary
    assert "no holder of memory stands out" not in diagnosis.summary


def test_locked_memory_is_no_reason_for_unused_swap_where_it_is_counted_by_itself():
    """Since 2.6.28 what is locked is on no list of what processes hold."""
    report = machine(inactive_anon=200_000, swap=IDLE)
    totals = {name: pages for name, pages in report.totals.items() if name != "unevictable"}
    counted, uncounted = diagnose(report), diagnose(replace(report, totals=totals))
    told = [" ".join([each.summary, *each.remedies]).count("locked memory") for each in (counted, uncounted)]
    assert (counted.cause, uncounted.cause, told) == ("swap_unused", "swap_unused", [0, 2])
