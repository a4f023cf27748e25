"""Which zones could have served a request: the kernel's test, on the incident's numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.alloc_flags import alloc_flags
from oomlab.gfp import decode_gfp
from oomlab.kernel import KernelRelease
from oomlab.report import FreeBlocks, Report, Trigger, ZoneStat
from oomlab.verdict import verdicts, zones_built_in

DMA = ZoneStat(name="DMA", free=906, watermark_min=35, lowmem_reserve=(0, 869, 32487, 32487))
NORMAL = ZoneStat(name="Normal", free=2014, watermark_min=2012, lowmem_reserve=(0, 0, 252949, 252949))
HIGHMEM = ZoneStat(name="HighMem", free=140481, watermark_min=128, lowmem_reserve=(0, 0, 0, 0))


def incident(*zones: ZoneStat, kernel: str = "3.2.59", order: int = 0) -> Report:
    return Report(
        kind="oom",
        first_line=1,
        last_line=78,
        kernel=KernelRelease.of(kernel),
        trigger=Trigger(gfp_mask=0x84D0, order=order),
        zones=zones or (DMA, NORMAL, HIGHMEM),
    )


def judge(report: Report, mask: int = 0x84D0):
    return {each.zone.name: each for each in verdicts(report, decode_gfp(mask, kernel=report.kernel))}


def test_both_lowmem_zones_of_the_incident_were_short_by_one_page():
    judged = judge(incident())
    assert (judged["DMA"].short, judged["Normal"].short) == (1, 1)
    assert (judged["DMA"].reserve, judged["Normal"].reserve) == (869, 0)


@pytest.mark.parametrize("name", ["DMA", "Normal"])
def test_one_page_more_would_have_saved_the_incident(name):
    zones = [replace(zone, free=zone.free + (zone.name == name)) for zone in (DMA, NORMAL, HIGHMEM)]
    verdict = judge(incident(*zones))[name]
    assert verdict.short == 0
    assert not verdict.refused


def test_highmem_was_never_asked():
    highmem = judge(incident())["HighMem"]
    assert highmem.allowed is False
    assert not highmem.refused


def test_since_3_3_the_test_asks_for_two_pages_less():
    before, after = (judge(incident(kernel=version))["Normal"].spare for version in ("3.2.59", "3.3"))
    assert after == before + 2


def test_a_highmem_request_meets_the_reserve_of_the_lower_zones():
    judged = judge(incident(), mask=0x200D2)
    assert judged["HighMem"].refused is False
    assert judged["Normal"].reserve == 252949
    assert judged["Normal"].refused


def test_an_urgent_request_may_go_below_min():
    waiting, urgent = judge(incident())["Normal"], judge(incident(), mask=0x20)["Normal"]
    assert urgent.watermark == 2012 - 2012 // 2 - (2012 - 2012 // 2) // 4
    assert urgent.spare > waiting.spare


@pytest.mark.parametrize("kernel", ["2.6.32", "6.1"])
@pytest.mark.parametrize("shown", range(4))
def test_a_list_that_ends_before_the_size_of_the_request_leaves_it_open(kernel, shown):
    blocks = tuple(FreeBlocks(order, 10) for order in range(shown))
    zone = replace(NORMAL, free=100_000, free_blocks=blocks)
    verdict = judge(incident(zone, order=4, kernel=kernel), mask=0xCC0)["Normal"]
    assert verdict.block is None
    assert not verdict.refused


def test_until_4_3_the_smaller_orders_decide_without_the_larger():
    blocks = tuple(FreeBlocks(order, 10) for order in range(4))
    zone = replace(NORMAL, free=100_000, free_blocks=blocks)
    assert judge(incident(zone, order=4, kernel="2.6.32"), mask=0xCC0)["Normal"].block is True
    assert judge(incident(zone, order=4, kernel="6.1"), mask=0xCC0)["Normal"].block is None


def test_a_list_without_its_first_orders_is_not_read_as_if_it_began_with_them():
    zone = replace(NORMAL, free=100_000, free_blocks=(FreeBlocks(6, 0), FreeBlocks(7, 900)))
    assert judge(incident(zone, order=1, kernel="6.1"), mask=0xCC0)["Normal"].block is None


def test_a_large_request_needs_a_large_block():
    blocks = tuple(FreeBlocks(order, 100 if order < 3 else 0) for order in range(11))
    zone = replace(NORMAL, free=100_000, free_blocks=blocks)
    assert judge(incident(zone, order=2, kernel="6.1"), mask=0xCC0)["Normal"].refused is False
    refused = judge(incident(zone, order=3, kernel="6.1"), mask=0xCC0)["Normal"]
    assert refused.block is False
    assert refused.refused


def test_cma_blocks_serve_only_what_can_be_moved():
    zone = replace(NORMAL, free=3000, lowmem_reserve=(0, 0, 0, 0), counters={"free_cma": 2000})
    judged = {mask: judge(incident(zone, kernel="6.1"), mask)["Normal"] for mask in (0xCC0, 0x100CCA)}
    assert judged[0xCC0].refused
    assert not judged[0x100CCA].refused


@pytest.mark.parametrize(("mask", "refused"), [(0x24000C0, True), (0x2080020, False)])
def test_before_the_reserve_was_printed_its_own_blocks_show_the_least_of_it(mask, refused):
    blocks = (FreeBlocks(0, 100, "UM"), FreeBlocks(3, 2, "UMH"), FreeBlocks(5, 60, "H"))
    zone = replace(NORMAL, free=2036, watermark_min=1000, lowmem_reserve=(0, 0, 0, 0), free_blocks=blocks)
    assert judge(incident(zone, kernel="4.4"), mask)["Normal"].refused is refused
    counted = replace(zone, counters={"reserved_highatomic": 0})
    assert not judge(incident(counted, kernel="5.10"), mask)["Normal"].refused


@pytest.mark.parametrize(("managed", "refused"), [(None, True), (4000, False)])
def test_zones_without_managed_are_tested_as_kernels_before_3_8_did(managed, refused):
    blocks = (FreeBlocks(0, 1400), FreeBlocks(1, 800), FreeBlocks(2, 5))
    zone = replace(NORMAL, free=3020, lowmem_reserve=(0, 0, 0, 0), free_blocks=blocks)
    report = incident(replace(zone, present=4000, managed=managed), order=2)
    report = replace(report, kernel=None)
    assert judge(report, mask=0xD0)["Normal"].refused is refused


@pytest.mark.parametrize(
    ("kernel", "mask", "watermark"),
    [
        ("3.2", 0x0, 750),  # no __GFP_WAIT is enough
        ("3.2", 0x20, 375),
        ("3.2", 0x10000, 1000),  # __GFP_NOMEMALLOC
        ("3.10", 0x400000, 1000),  # __GFP_NO_KSWAPD
        ("4.4", 0x2000000, 1000),  # GFP_NOWAIT
        ("4.4", 0x2080020, 375),  # GFP_ATOMIC
        ("5.10", 0x800, 1000),
        ("5.10", 0xA20, 375),
        ("5.10", 0x80A20, 500),  # __GFP_NOMEMALLOC leaves the half of __GFP_HIGH
        ("5.10", 0x820, 500),
        ("6.12", 0x2800, 1000),
        ("6.12", 0x820, 375),
        ("6.12", 0xCE0, 500),  # GFP_KERNEL|__GFP_HIGH may sleep
    ],
)
def test_only_urgent_requests_are_let_below_min(kernel, mask, watermark):
    zone = replace(NORMAL, free=950, watermark_min=1000, lowmem_reserve=(0, 0, 0, 0))
    judged = judge(incident(zone, kernel=kernel), mask)["Normal"]
    assert judged.watermark == watermark
    assert judged.spare == 950 - watermark - (2 if kernel == "3.2" else 0)


@pytest.mark.parametrize(
    ("kernel", "mask", "counts", "takes"),
    [
        ("4.9", 0x2000000, False, False),  # GFP_NOWAIT
        ("4.9", 0x2080020, True, True),  # GFP_ATOMIC
        ("6.1", 0x800, False, False),
        ("6.5", 0x800, True, True),
        ("6.5", 0xCE0, True, False),  # __GFP_HIGH that sleeps: its count, not its blocks
        ("6.5", 0xCC0, False, False),
        ("6.19", 0x800, True, False),
        ("6.19", 0x820, True, True),
    ],
)
def test_the_highatomic_reserve_is_open_to_those_whom_each_kernel_lets_in(kernel, mask, counts, takes):
    flags = alloc_flags(decode_gfp(mask, kernel=kernel), kernel, order=3)
    assert (flags.highatomic_pages, flags.highatomic_blocks) == (counts, takes)


@pytest.mark.parametrize(
    ("kernel", "mask", "order", "watermark"),
    [
        ("6.1", 0xA20, 0, 3000 * 3 // 8),
        ("6.1", 0xA20, 1, 5048 * 3 // 8),
        ("6.1", 0xCC0, 0, 5048),
        ("5.8", 0xA20, 0, 5048 * 3 // 8),
        ("6.5", 0xCE0, 0, 1500),
    ],
)
def test_a_boost_does_not_bind_urgent_requests_for_one_page_since_5_9(kernel, mask, order, watermark):
    """The printed min contains the boost."""
    zone = replace(NORMAL, watermark_min=5048, watermark_boost=2048, lowmem_reserve=(0, 0, 0, 0))
    judged = judge(incident(zone, kernel=kernel, order=order), mask)["Normal"]
    assert judged.watermark == watermark


@pytest.mark.parametrize(("kernel", "refused"), [("6.11", True), ("6.12", False), ("6.14", False)])
def test_since_6_12_only_what_is_free_of_the_highatomic_reserve_counts(kernel, refused):
    counters = {"reserved_highatomic": 8192}
    zone = replace(NORMAL, free=10_000, lowmem_reserve=(0, 0, 0, 0), counters=counters)
    assert judge(incident(zone, kernel=kernel), 0xCC0)["Normal"].refused is refused
    kept = (FreeBlocks(0, 10, "UM"), FreeBlocks(10, 8, "H"))
    assert judge(incident(replace(zone, free_blocks=kept), kernel=kernel), 0xCC0)["Normal"].refused
    printed = replace(zone, counters=counters | {"free_highatomic": 8100})
    assert judge(incident(printed, kernel="6.17"), 0xCC0)["Normal"].refused


def test_isolated_blocks_serve_nobody():
    blocks = tuple(FreeBlocks(order, 9, "I" if order == 3 else "UM") for order in range(4))
    zone = replace(NORMAL, free=9 * 15, watermark_min=1, lowmem_reserve=(0, 0, 0, 0), free_blocks=blocks)
    for mask in (0xCC0, 0xA20, 0x100CCA):
        assert judge(incident(zone, kernel="6.1", order=3), mask)["Normal"].block is False
    mixed = (*blocks[:3], FreeBlocks(3, 9, "UI"))
    assert judge(incident(replace(zone, free_blocks=mixed), kernel="6.1", order=3), 0xCC0)["Normal"].block


def test_without_a_mask_nothing_is_judged():
    assert {each.allowed for each in verdicts(incident(), None)} == {None}


def test_without_a_reserve_line_only_a_refusal_is_sure_but_in_the_request_s_own_zone():
    """No zone keeps anything from its own requests; what a lower one keeps is not known."""
    short = replace(NORMAL, lowmem_reserve=None)
    ample = replace(short, free=9000)
    assert judge(incident(short))["Normal"].refused
    assert judge(incident(ample))["Normal"].spare == 9000 - 2 - NORMAL.watermark_min
    lower = replace(ample, name="DMA")
    assert judge(incident(lower, NORMAL))["DMA"].spare is None


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (
            {"DMA": (0, 869, 32487, 32487), "Normal": (0, 0, 252949, 252949), "HighMem": (0,) * 4},
            ("DMA", "Normal", "HighMem", "Movable"),
        ),
        (
            {"DMA": (0, 2000, 7900, 7900), "DMA32": (0, 0, 5900, 5900), "Normal": (0, 0, 0, 0)},
            ("DMA", "DMA32", "Normal", "Movable"),
        ),
        (
            {"DMA": (0, 880, 4080), "Normal": (0, 0, 25600), "HighMem": (0, 0, 0)},
            ("DMA", "Normal", "HighMem"),
        ),
    ],
    ids=["i386 PAE", "x86_64", "2.6.14"],
)
def test_the_zones_of_a_kernel_follow_from_its_reserves(arrays, expected):
    zones = (ZoneStat(name=name, lowmem_reserve=array) for name, array in arrays.items())
    assert zones_built_in(incident(*zones)) == expected


def test_a_zone_that_proc_leaves_out_has_its_place_among_the_reserves():
    """2.6.15 to 2.6.18 had DMA32 on 32 bits too, without a page, and no Movable before 2.6.23."""
    arrays = {"DMA": (0, 0, 880, 4000), "Normal": (0, 0, 0, 24960), "HighMem": (0, 0, 0, 0)}
    zones = [
        ZoneStat(name=name, lowmem_reserve=array, free=2900, watermark_min=10, present=4096)
        for name, array in arrays.items()
    ]
    report = incident(*zones, kernel="2.6.18-419.el5")
    assert zones_built_in(report) == ("DMA", "DMA32", "Normal", "HighMem")
    assert judge(report, 0xD0)["DMA"].reserve == 880
    of_64_bits = [
        replace(zone, name=name) for zone, name in zip(zones, ("DMA", "DMA32", "Normal"), strict=True)
    ]
    arrays_64 = [(0, 2000, 8000, 8000), (0, 0, 6000, 6000), (0, 0, 0, 0)]
    of_64_bits = [
        replace(zone, lowmem_reserve=array) for zone, array in zip(of_64_bits, arrays_64, strict=True)
    ]
    built = zones_built_in(incident(*of_64_bits, kernel="2.6.18-419.el5"))
    assert built == ("DMA", "DMA32", "Normal", "HighMem")
    highest = judge(report, 0x100CCA)
    assert (highest["HighMem"].allowed, highest["Normal"].reserve) == (True, 24960)


@given(
    free=st.integers(0, 10**7),
    watermark=st.integers(0, 10**6),
    reserve=st.integers(0, 10**6),
    order=st.integers(0, 10),
)
def test_more_free_memory_never_makes_a_zone_refuse(free, watermark, reserve, order):
    zone = ZoneStat(name="Normal", free=free, watermark_min=watermark, lowmem_reserve=(0, reserve, 0, 0))
    more = replace(zone, free=free + 1)
    less, better = (judge(incident(each, order=order))["Normal"] for each in (zone, more))
    assert better.spare == less.spare + 1
    assert better.short <= less.short
