"""Why memory ran out: one small machine for each cause, and the incident as it was printed.

The machines are made up, each with just the numbers that its cause is known by.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.diagnose import CAUSES, diagnose
from oomlab.kernel import KernelRelease
from oomlab.parse import parse
from oomlab.report import (
    FreeBlocks,
    HugePages,
    Memcg,
    Report,
    SourceLine,
    Swap,
    Trigger,
    Victim,
    ZoneStat,
)

INCIDENT = Path(__file__).parents[1] / "data" / "incident" / "oom-report.log"

KERNEL = Trigger(comm="cc1", pid=77, gfp_mask=0xCC0, gfp_names=("GFP_KERNEL",), order=0, line=1)
USER = Trigger(comm="cc1", pid=77, gfp_mask=0x100CCA, gfp_names=("GFP_HIGHUSER_MOVABLE",), order=0, line=1)

NO_SWAP, FULL, IDLE = Swap(total=0, free=0), Swap(total=100_000, free=10), Swap(total=100_000, free=99_000)


def zone(
    name="Normal", *, free=900, low=1000, size=250_000, node=None, reserve=(0, 0, 0, 0), **counters
) -> ZoneStat:
    """A zone whose marks are ``low`` and a quarter above and below."""
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
    """A 64-bit machine of 1 GB, full to the marks, on which ``totals`` say who holds what."""
    totals = {"active_file": 100, "inactive_file": 100, "active_anon": 0, "inactive_anon": 0} | totals
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
    """A zone with 20,000 free pages, of which the large pieces are of these types."""
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
    "bpf_oom": replace(machine(inactive_anon=200_000), trace=("dump_header", "bpf_oom_kill_process")),
    "too_little_ram": replace(
        machine(replace(zone(size=40_000), present=130_000), trigger=BOOT, victims=()),
        panic="Out of memory and no killable processes...",
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
    assert incident.remedies
    assert not any("swap" in remedy for remedy in incident.remedies)
