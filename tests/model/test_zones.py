"""The zone model against the kernel's own numbers: the incident, real guests, real reports."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomlab import corpus
from oomlab.errors import MachineError, UnknownKernel
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Machine, swap_map_pages
from oomlab.memory_map import layout, lowmem_end, memory_map, swiotlb_pages
from oomlab.procfs import parse_zoneinfo
from oomlab.report import ZoneStat
from oomlab.rules import counted_field, has_buffer_head_fix, rules_for, watermark_formula
from oomlab.units import gib_to_pages, kb
from oomlab.watermarks import (
    default_min_free_kbytes,
    headroom,
    lowmem_reserve,
    min_free_bounds,
    passes,
    size_bounds,
    watermarks,
)
from oomlab.zone_model import Zone, zones

GUESTS = (512, 1024, 2048, 4096, 8192, 16384, 20480)


def version(*parts: int) -> KernelVersion:
    return KernelVersion(parts)


def by_name(machine: Machine) -> dict[str, Zone]:
    return {zone.name: zone for zone in zones(machine)}


def marks_kb(zone: Zone) -> tuple[int, int, int]:
    return kb(zone.watermark_min), kb(zone.watermark_low), kb(zone.watermark_high)


# --- the incident -----------------------------------------------------------------------------


def test_the_incident_is_reproduced_to_the_page() -> None:
    zone = by_name(INCIDENT)
    assert kb(zone["DMA"].present) == 15_808
    assert kb(zone["Normal"].present) == 890_008
    assert marks_kb(zone["DMA"]) == (140, 172, 208)
    assert marks_kb(zone["Normal"]) == (8_048, 10_060, 12_072)
    assert zone["DMA"].lowmem_reserve == (0, 869, 32_487, 32_487)
    assert zone["Normal"].lowmem_reserve == (0, 0, 252_949, 252_949)
    assert zone["HighMem"].lowmem_reserve == (0, 0, 0, 0)


def test_the_lost_highmem_line_is_predicted() -> None:
    highmem = by_name(INCIDENT)["HighMem"]
    assert marks_kb(highmem) == (512, 73_712, 146_916)
    assert highmem.spanned == 8_422_402  # "8422402 pages HighMem"
    assert 8_094_368 <= highmem.present <= 8_094_399  # what both reserves allow


def test_the_incident_spans_the_pages_that_its_report_counts() -> None:
    assert sum(zone.spanned for zone in zones(INCIDENT)) == 8_650_736  # "8650736 pages RAM"


def test_lowmem_of_the_incident_adds_up_to_what_the_report_lists() -> None:
    listed_kb = (
        8_056 + 513_008 + 16_356 + 1_888 + 3_660 + 248 + 388
    )  # Normal: free, slab, stacks, tables, files
    assert kb(by_name(INCIDENT)["Normal"].managed) == listed_kb
    assert by_name(INCIDENT)["DMA"].managed == (3_624 + 240) // 4  # free and slab_reclaimable


def test_both_lowmem_zones_of_the_incident_stopped_exactly_at_the_edge() -> None:
    zone = by_name(INCIDENT)
    for name, free, classzone in (("Normal", 2_014, 1), ("DMA", 906, 1)):
        mark, reserve = zone[name].watermark_min, zone[name].lowmem_reserve[classzone]
        assert headroom(free, mark, reserve, "3.2.59") == 0
        assert not passes(free, mark, reserve, "3.2.59")
        assert passes(free + 1, mark, reserve, "3.2.59")


def test_the_admin_had_raised_min_free_kbytes() -> None:
    assert (
        by_name(replace(INCIDENT, min_free_kbytes=None))["Normal"].watermark_min
        == 3806 // 4 * 222_502 // 226_454
    )


def test_swap_costs_a_byte_a_page() -> None:
    assert swap_map_pages(INCIDENT) == 120
    assert swap_map_pages(replace(INCIDENT, swap=gib_to_pages(64))) == 4_096


# --- recorded guests --------------------------------------------------------------------------


def guest_file(ram_mb: int, name: str) -> str:
    return corpus.capture(f"{ram_mb}/{name}")


def freed_late() -> int:
    """Read off dmesg what came back after the marks were set: initrd and start-up code, in pages."""
    late = re.findall(
        r"Freeing (?:initrd|unused kernel image \(initmem\)) memory: (\d+)K", guest_file(1024, "dmesg")
    )
    assert len(late) == 2
    return sum(int(each) for each in late) // 4


def guest(ram_mb: int) -> Machine:
    """Describe a recorded guest: Debian's 6.1 under QEMU. 3,900 pages of boot are measured, not known."""
    return Machine(
        kernel=version(6, 1),
        arch="i386",
        ram=ram_mb * 256,
        low_holes=((0x0, 0x1), (0x9F, 0x100)),
        firmware=32,
        boot_dma=158,
        boot_lowmem=3_900,
        freed_late=freed_late(),
        transparent_hugepages=True,
    )


def calibrated(ram_mb: int, stats: tuple[ZoneStat, ...]) -> Machine:
    """Move the one unknown, what boot took from Normal, until ``managed`` is the guest's own."""
    machine = guest(ram_mb)
    off = by_name(machine)["Normal"].managed - printed(stats, "Normal", "managed")
    return replace(machine, boot_lowmem=machine.boot_lowmem + off)


def printed(stats: tuple[ZoneStat, ...], name: str, field: str) -> int:
    value = getattr(next(stat for stat in stats if stat.name == name), field)
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_a_guest_s_zones_lie_where_its_kernel_says(ram_mb: int) -> None:
    stats = parse_zoneinfo(guest_file(ram_mb, "zoneinfo"))
    for stat, zone in zip(stats, zones(guest(ram_mb)), strict=True):
        assert (zone.name, zone.spanned, zone.present) == (stat.name, stat.spanned, stat.present)
        assert zone.start_pfn == stat.counters.get("start_pfn", 0)


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_lowmem_after_mem_map_is_predicted_within_a_megabyte(ram_mb: int) -> None:
    stats = parse_zoneinfo(guest_file(ram_mb, "zoneinfo"))
    zone = by_name(guest(ram_mb))
    assert zone["DMA"].managed == printed(stats, "DMA", "managed")
    assert zone["HighMem"].managed == printed(stats, "HighMem", "managed")
    assert abs(zone["Normal"].managed - printed(stats, "Normal", "managed")) <= 256


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_a_guest_s_marks_and_reserves_are_exact_from_the_machine_alone(ram_mb: int) -> None:
    stats = parse_zoneinfo(guest_file(ram_mb, "zoneinfo"))
    for stat, zone in zip(stats, zones(calibrated(ram_mb, stats)), strict=True):
        assert zone.managed == stat.managed
        assert (zone.watermark_min, zone.watermark_low, zone.watermark_high) == (
            stat.watermark_min,
            stat.watermark_low,
            stat.watermark_high,
        )
        assert zone.lowmem_reserve == stat.lowmem_reserve


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_a_guest_chooses_the_min_free_kbytes_that_it_reports(ram_mb: int) -> None:
    """The written-down value sets the same marks as the chosen one, once nothing is freed late."""
    stats = parse_zoneinfo(guest_file(ram_mb, "zoneinfo"))
    early = replace(calibrated(ram_mb, stats), freed_late=0)
    early = replace(early, boot_lowmem=early.boot_lowmem + freed_late())
    sysctl = int(guest_file(ram_mb, "sysctl-min_free_kbytes"))
    assert zones(early) == zones(replace(early, min_free_kbytes=sysctl))
    assert zones(early) != zones(replace(early, min_free_kbytes=sysctl + 64))


SMALL = {  # each with what the firmware of that guest kept
    "rsync-fix-off-smallA": {"ram": 1024 * 256, "vmalloc_mib": 925, "firmware": 35},
    "rsync-fix-off-1024M-swap": {"ram": 1024 * 256, "vmalloc_mib": 925, "firmware": 38},
    "rsync-fix-off-smallE": {"ram": 640 * 256, "vmalloc_mib": 945, "firmware": 35},
    "rsync-fix-off-16384M": {"ram": 16384 * 256, "firmware": 35},
    "oom-rsync-fix-off-1536M": {"ram": 1536 * 256, "vmalloc_mib": 900, "firmware": 35},
}


@pytest.mark.parametrize("name", SMALL)
def test_guests_squeezed_by_vmalloc_lie_where_their_kernel_says(name: str) -> None:
    stats = parse_zoneinfo(corpus.capture(f"{name}.zoneinfo-before"))
    squeezed = replace(guest(1024), **SMALL[name])  # type: ignore[arg-type]
    for stat, zone in zip(stats, zones(squeezed), strict=True):
        assert (zone.spanned, zone.present) == (stat.spanned, stat.present)
        assert abs(zone.managed - (stat.managed or 0)) <= 256


HEAD = re.compile(
    r"\[(?P<ram>\d+) (?P<name>.*)\] mfk=(?P<mfk>\d+) wsf=(?P<wsf>\d+) ratio=\[(?P<ratio>[\d, ]+)\]"
)
ROW = re.compile(
    r"\s+(?P<zone>\w+) managed (?P<managed>\d+) real \[(?P<marks>\d+, \d+, \d+), \[(?P<reserve>[\d, ]+)\]\]"
)


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


def settings_tried() -> list[tuple[re.Match[str], list[re.Match[str]]]]:
    """Read formula-vary.txt: one heading for each setting, then one row for each zone."""
    tried: list[tuple[re.Match[str], list[re.Match[str]]]] = []
    for line in corpus.capture("formula-vary.txt").splitlines():
        if head := HEAD.match(line):
            tried.append((head, []))
        elif row := ROW.match(line):
            tried[-1][1].append(row)
    return tried


def test_every_setting_tried_on_a_live_kernel_gives_its_marks_and_reserves() -> None:
    tried = settings_tried()
    assert len(tried) >= 27
    for head, rows in tried:
        sizes = [int(row["managed"]) for row in rows]
        sizes[1] -= freed_late() if head["name"].endswith("boot") else 0
        reserves = lowmem_reserve(sizes, numbers(head["ratio"]), "6.1")
        for row, size, reserve in zip(rows, sizes, reserves, strict=True):
            marks = watermarks(
                size,
                lowmem=sizes[0] + sizes[1],
                min_free_kbytes=int(head["mfk"]),
                formula="quarters_or_scale",
                highmem=row["zone"] == "HighMem" or (row["zone"] == "Movable" and sizes[2] > 0),
                scale_factor=int(head["wsf"]),
            )
            assert (marks, reserve) == (numbers(row["marks"]), numbers(row["reserve"])), head[0]


def booted_with(ram_mb: int, parameters: str) -> Machine:
    """Describe a guest of formula-vary.txt by its size and its command line."""
    sizes = {key: int(value) for key, value in re.findall(r"(mem|vmalloc)=(\d+)M", parameters)}
    return replace(
        guest(ram_mb),
        mem_limit=sizes["mem"] * 256 if "mem" in sizes else None,
        vmalloc_mib=sizes.get("vmalloc"),
        transparent_hugepages="transparent_hugepage=never" not in parameters,
    )


def test_mem_vmalloc_and_hugepages_move_the_marks_as_on_a_live_kernel() -> None:
    boots = [
        (h, rows)
        for h, rows in settings_tried()
        if h["name"].endswith("boot") and "highmem=" not in h["name"]
    ]
    assert len(boots) >= 6
    for head, rows in boots:
        machine = booted_with(int(head["ram"]), head["name"])
        off = by_name(machine)["Normal"].managed - int(rows[1]["managed"])
        assert abs(off) <= 512, head[0]
        machine = replace(machine, boot_lowmem=machine.boot_lowmem + off)
        for zone, row in zip(zones(machine), rows, strict=True):
            marks = (zone.watermark_min, zone.watermark_low, zone.watermark_high)
            assert zone.managed == int(row["managed"]), head[0]
            assert (marks, zone.lowmem_reserve) == (numbers(row["marks"]), numbers(row["reserve"])), head[0]


# --- reports of other machines ----------------------------------------------------------------

# What x86-64 kernels printed of their zones: managed, boost, min, low and high, in kB.
PRINTED = {
    "6.1.1-arch1-1": [
        (15_360, 0, 64, 80, 96),
        (3_283_120, 0, 13_760, 17_200, 20_640),
        (12_774_792, 8_192, 61_948, 75_384, 88_820),
    ],
    "3.10.0 of RHEL 7": [
        (15_908, 0, 40, 48, 60),
        (2_848_912, 0, 7_832, 9_788, 11_748),
        (13_368_348, 0, 36_784, 45_980, 55_176),
        (16_514_220, 0, 45_444, 56_804, 68_164),
    ],
    "5.10.0-10-amd64": [(15_908, 0, 356, 444, 532), (2_014_556, 0, 44_696, 55_868, 67_040)],
    "5.13.0-19-generic": [(15_360, 0, 352, 440, 528), (2_010_036, 0, 44_700, 55_872, 67_044)],
    "5.13.0-rc5 on Hyper-V": [
        (15_360, 0, 296, 368, 440),
        (1_423_464, 0, 27_540, 34_424, 41_308),
        (2_054_144, 0, 39_744, 49_680, 59_616),
    ],
}


@pytest.mark.parametrize("release", PRINTED)
def test_low_and_high_of_an_x86_64_report_follow_from_its_min(release: str) -> None:
    """``min`` is a share that the report cannot give exactly; the distances above it are the rule."""
    kernel = re.split(r"[- ]", release)[0]
    for managed_kb, boost, printed_min, low, high in PRINTED[release]:
        own_min, managed = (printed_min - boost) // 4, managed_kb // 4
        formula = watermark_formula(kernel)
        marks = watermarks(managed, lowmem=managed, min_free_kbytes=4 * own_min, formula=formula)
        assert marks.min == own_min
        assert (kb(marks.low - own_min), kb(marks.high - own_min)) == (low - printed_min, high - printed_min)


def test_one_min_free_kbytes_explains_every_zone_of_a_report_within_a_page() -> None:
    """Within a page, because ``managed`` still grew after the marks were set."""
    rows = PRINTED["3.10.0 of RHEL 7"]
    lowmem = sum(managed_kb // 4 for managed_kb, *_ in rows)
    for managed_kb, _, printed_min, *_ in rows:
        marks = watermarks(
            managed_kb // 4, lowmem=lowmem, min_free_kbytes=90_112, formula="quarters_of_share"
        )
        assert abs(marks.min - printed_min // 4) <= 1


# The version, the zones' sizes in pages, the ratios, and what was printed as lowmem_reserve.
RESERVES = [
    pytest.param(
        "2.6.14",
        (4_096, 225_280, 819_200),
        (256, 32, 32),
        ((0, 880, 4080), (0, 0, 25_600), (0, 0, 0)),
        id="2.6.14-rc2 i686",
    ),
    pytest.param(
        "5.8",
        (3_969, 211_323, 287_385, 0),
        (256, 32, 0, 0),
        ((0, 824, 1947, 824), (0, 0, 8980, 0), (0, 0, 0, 0)),
        id="5.7-next i386",
    ),
]


@pytest.mark.parametrize(("kernel", "sizes", "ratios", "printed"), RESERVES)
def test_the_reserves_of_another_kernel_s_report_follow_from_its_zones(
    kernel, sizes, ratios, printed
) -> None:
    for expected, row in zip(lowmem_reserve(sizes, ratios, kernel), printed, strict=False):
        assert len(expected) == len(row)
        assert all(abs(a - b) <= 1 for a, b in zip(expected, row, strict=True))  # managed grew a little later


# --- other machines ---------------------------------------------------------------------------

SIXTY_FOUR = replace(INCIDENT, arch="x86_64", min_free_kbytes=None)


def test_a_64_bit_kernel_has_no_highmem_and_maps_everything() -> None:
    zone = by_name(SIXTY_FOUR)
    assert list(zone) == ["DMA", "DMA32", "Normal", "Movable"]
    assert zone["DMA"].start_pfn + zone["DMA"].spanned == 2**24 // 4096
    assert zone["DMA32"].spanned == 2**20 - 2**12 - 2**18 - INCIDENT.firmware  # to the hole below 4 GiB
    assert zone["Normal"].start_pfn == 2**20
    assert zone["Normal"].spanned == gib_to_pages(29)
    assert lowmem_end(SIXTY_FOUR) == gib_to_pages(33)


def test_struct_page_is_56_or_64_bytes_on_x86_64_and_32_or_40_on_i386() -> None:
    assert rules_for(SIXTY_FOUR).struct_page_bytes == 56
    assert rules_for(replace(SIXTY_FOUR, allocator="slub")).struct_page_bytes == 64
    assert rules_for(replace(SIXTY_FOUR, kernel=version(6, 1))).struct_page_bytes == 64
    assert rules_for(INCIDENT).struct_page_bytes == 32
    assert rules_for(replace(INCIDENT, kernel=version(6, 1))).struct_page_bytes == 40


def test_a_64_bit_kernel_pays_mem_map_for_ram_but_not_for_holes() -> None:
    memmap = sum(zone.memmap for zone in zones(replace(SIXTY_FOUR, kernel=version(6, 1))))
    assert memmap == pytest.approx(gib_to_pages(32) / 64, rel=1e-4)


def test_mem_map_of_more_ram_is_paid_by_lowmem() -> None:
    small, large = (by_name(replace(INCIDENT, ram=gib_to_pages(gib)))["Normal"] for gib in (32, 64))
    assert small.managed - large.managed == gib_to_pages(32) * 32 // 4096


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, 0x37BFE),
        ({"pae": False, "ram": gib_to_pages(3)}, 0x377FE),  # "887MB LOWMEM available"
        ({"kernel": version(2, 6, 22)}, 0x38000),  # the 896 MB line
        ({"kernel": version(6, 1)}, 0x36FFE),
        ({"kernel": version(6, 1), "vmalloc_mib": 925}, 0x4AFE),  # measured
        ({"kernel": version(6, 1), "vmalloc_mib": 256}, 0x2E7FE),  # measured
        ({"page_offset": 0x80000000}, 0x77BFE),
        ({"page_offset": 0x40000000}, 0xB7BFE),
        ({"ram": gib_to_pages(0.5)}, 0x20000 - 64),
        ({"mem_limit": gib_to_pages(0.25)}, 0x10000),
    ],
)
def test_lowmem_ends_where_the_address_space_of_the_kernel_does(changes: dict[str, object], end: int) -> None:
    assert lowmem_end(replace(INCIDENT, **changes)) == end  # type: ignore[arg-type]


def test_mem_cuts_by_address_not_by_amount() -> None:
    ram = sum(end - first for first, end in memory_map(replace(INCIDENT, mem_limit=gib_to_pages(16))))
    assert gib_to_pages(15) - 200 <= ram <= gib_to_pages(15)


def test_without_pae_ram_above_4_gib_is_lost() -> None:
    machine = replace(INCIDENT, pae=False, ram=gib_to_pages(4))
    assert memory_map(machine)[-1][1] <= 2**20
    assert sum(extent.ram for extent in layout(machine)) < gib_to_pages(3)


def test_the_bounce_buffer_costs_lowmem_only_when_ram_lies_above_4_gib() -> None:
    debian = replace(INCIDENT, kernel=version(6, 1))
    assert swiotlb_pages(debian) == 16_384
    assert swiotlb_pages(replace(debian, ram=gib_to_pages(2))) == 0
    assert swiotlb_pages(INCIDENT) == 0
    assert swiotlb_pages(replace(debian, kernel=version(4, 18))) == 0
    assert swiotlb_pages(replace(debian, kernel=version(4, 19))) == 16_384


def test_the_fix_of_2012_is_in_3_3_8_and_3_4_but_never_in_3_2() -> None:
    there = [version(3, 3, 8), version(3, 4), version(6, 1)]
    missing = [version(3, 0, 8), version(3, 2, 71), version(3, 3, 7)]
    assert all(has_buffer_head_fix(replace(INCIDENT, kernel=kernel)) for kernel in there)
    assert not any(has_buffer_head_fix(replace(INCIDENT, kernel=kernel)) for kernel in missing)
    assert has_buffer_head_fix(replace(INCIDENT, buffer_head_fix=True))


def test_old_kernels_spaced_their_marks_otherwise() -> None:
    def marks(kernel: str, highmem: bool = False) -> tuple[int, ...]:
        formula = watermark_formula(kernel)
        return watermarks(800_000, lowmem=1_000_000, min_free_kbytes=4_000, formula=formula, highmem=highmem)

    assert marks("2.6.8") == (800, 1_600, 2_400)
    assert marks("2.6.14", highmem=True) == (128, 160, 192)  # 512/640/768 kB, as a report has it
    assert marks("3.2", highmem=True) == (128, 328, 528)
    assert marks("6.1") == (800, 1_600, 2_400)  # watermark_scale_factor


def test_a_ratio_of_zero_meant_one_and_now_means_none() -> None:
    sizes, ratios = (4_000, 200_000, 1_000_000, 0), (0, 32, 32)
    assert lowmem_reserve(sizes, ratios, "3.2")[0] == (0, 200_000, 1_200_000, 1_200_000)
    assert lowmem_reserve(sizes, ratios, "5.4")[0] == (0, 0, 0, 0)


def test_from_6_10_to_6_13_no_reserve_was_kept_from_empty_zones() -> None:
    sizes, ratios = (4_000, 0, 200_000, 0), (256, 256, 32, 0)
    assert lowmem_reserve(sizes, ratios, "6.11")[0] == (0, 0, 781, 0)
    assert lowmem_reserve(sizes, ratios, "6.18")[0] == (0, 0, 781, 781)


@pytest.mark.parametrize(("kernel", "expected"), [("2.6.8", 1_900), ("3.2", 7_601), ("5.4", 7_601)])
def test_min_free_kbytes_is_a_square_root(kernel: str, expected: int) -> None:
    assert default_min_free_kbytes(3_611_555, kernel) == expected


def test_hugepages_make_a_64_bit_kernel_ask_for_67584_kb() -> None:
    """The figure of countless servers: 11 page blocks of 512 pages for each of three zones."""
    machine = replace(SIXTY_FOUR, kernel=version(6, 1), transparent_hugepages=True)
    assert zones(machine) == zones(replace(machine, min_free_kbytes=67_584))
    assert zones(machine) != zones(replace(machine, transparent_hugepages=False))


def test_the_cap_of_min_free_kbytes_rose_in_5_7() -> None:
    assert default_min_free_kbytes(2**32, "5.6.4") == 65_536
    assert default_min_free_kbytes(2**32, "5.7") == 262_144
    assert default_min_free_kbytes(2**29, "5.7") == 92_681


def test_since_5_11_a_zone_that_keeps_nothing_counts_among_those_above() -> None:
    sizes, ratios = (3_968, 221_000, 800_000, 0), (256, 32, 0, 0)
    counted = (0, 863, 3_988, 3_988)
    for kernel in ("5.10.89", "5.11", "5.12.9", "5.13", "5.14", "6.1"):
        assert lowmem_reserve(sizes, ratios, kernel)[0] == counted
    assert lowmem_reserve(sizes, ratios, "5.10.44")[0] != counted


def test_a_request_of_higher_order_needs_a_block_since_4_4_and_a_pyramid_before() -> None:
    crumbs, block = [900, 50], [0, 0, 0, 1]
    assert not passes(1_000, 100, 0, "3.2", order=3, free_blocks=crumbs)
    assert not passes(1_000, 100, 0, "6.1", order=3, free_blocks=crumbs)
    assert passes(1_000, 100, 0, "6.1", order=3, free_blocks=[992, 0, 0, 1])
    assert not passes(1_000, 100, 0, "3.2", order=3, free_blocks=[992, 0, 0, 1])
    assert not passes(50, 100, 0, "6.1", order=3, free_blocks=block)
    with pytest.raises(ValueError, match="free_blocks"):
        passes(1_000, 100, 0, "6.1", order=3)


def test_the_off_by_two_lived_from_2_6_38_to_3_2() -> None:
    off = ("2.6.38", "3.0.48", "3.2.71", "2.6.32-642.el6.x86_64")
    right = ("2.6.32", "2.6.32-5-amd64", "3.0.101", "3.3", "6.1")
    assert {headroom(10, 8, 0, kernel) for kernel in off} == {0}
    assert {headroom(10, 8, 0, kernel) for kernel in right} == {2}


@pytest.mark.parametrize(
    ("kernel", "slab", "slub"),
    [("3.2.59", 67, 73), ("3.13.10", 68, 73), ("3.15", 71, 73), ("5.6.4", 71, 73), ("5.7.14", 64, 64)],
)
def test_buffer_heads_that_fit_a_page_of_slab(kernel: str, slab: int, slub: int) -> None:
    machines = [
        replace(INCIDENT, kernel=KernelVersion.of(kernel), allocator=each) for each in ("slab", "slub")
    ]
    assert [rules_for(machine).buffer_head.per_page for machine in machines] == [slab, slub]


def test_a_machine_is_given_all_rules_of_its_kernel_or_an_error_that_names_the_one_missing() -> None:
    for kernel in ("2.6.11", "2.6.18", "3.2.59", "4.4", "6.19"):
        for arch, pae, allocator in product(("i386", "x86_64"), (True, False), ("slab", "slub")):
            machine = replace(
                INCIDENT, kernel=KernelVersion.of(kernel), arch=arch, pae=pae, allocator=allocator
            )
            assert len(rules_for(machine).zones) == len(rules_for(machine).ratios)
    with pytest.raises(MachineError, match=r"watermarks\.\w+ is known for Linux 2\.6\.8"):
        rules_for(replace(INCIDENT, kernel=version(2, 6, 8)))


@given(
    size=st.integers(100, 10**7),
    lowmem=st.integers(0, 10**7),
    min_free=st.integers(1, 10**6),
    other=st.integers(0, 10**6),
)
def test_the_bounds_of_min_free_kbytes_hold_every_setting_that_gives_this_min_and_no_other(
    size: int, lowmem: int, min_free: int, other: int
) -> None:
    lowmem += size

    def min_of(pages: int) -> int:
        return watermarks(size, lowmem=lowmem, min_free_kbytes=4 * pages, formula="quarters_of_share").min

    low, high = min_free_bounds(min_of(min_free), size=size, lowmem=lowmem)
    assert low <= min_free <= high
    assert (low <= other <= high) == (min_of(other) == min_of(min_free))


@given(
    size=st.integers(1, 10**8),
    between=st.integers(0, 10**7),
    ratio=st.integers(1, 512),
    other=st.integers(0, 10**8),
)
def test_the_bounds_of_a_size_hold_every_zone_against_which_this_much_is_kept_and_no_other(
    size: int, between: int, ratio: int, other: int
) -> None:
    def kept(upper: int) -> int:
        return lowmem_reserve((1, between, upper), (ratio, 1), "3.2")[0][2]

    low, high = size_bounds(kept(size), ratio, between=between)
    assert low <= size <= high
    assert (low <= other <= high) == (kept(other) == kept(size))


def test_a_kernel_older_than_every_rule_is_named() -> None:
    with pytest.raises(UnknownKernel, match=r"2\.6\.8"):
        lowmem_reserve((1, 2), (256,), "2.6.8")


# --- machines that cannot be ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ram": -1}, "negative"),
        ({"min_free_kbytes": -1}, "negative"),
        ({"ram": 100}, "16 MiB"),
        ({"ram": gib_to_pages(65)}, "64 GiB"),
        ({"ram": gib_to_pages(8), "pae": False}, "4 GiB"),
        ({"kernel": version(6, 18), "allocator": "slub"}, "4 GiB"),
        ({"vmalloc_mib": 1_000}, "lowmem"),
        ({"vmalloc_mib": 950}, "mem_map"),
        ({"page_offset": 0xB0000000}, "page_offset"),
        ({"page_offset": 123}, "page_offset"),
        ({"ram": gib_to_pages(64), "boot_lowmem": 92_000}, "mem_map"),
        ({"kernel": version(2, 4, 20)}, "known"),
        ({"lowmem_reserve_ratio": (256,)}, "ratio"),
        ({"low_holes": ((5, 2),)}, "low_holes"),
        ({"watermark_scale_factor": 0}, "scale"),
        ({"watermark_scale_factor": 2_000, "kernel": version(4, 9)}, "scale.* 1 to 1000"),
        ({"watermark_scale_factor": 3_001, "allocator": "slub", "kernel": version(6, 12)}, "1 to 3000"),
        ({"kernel": version(6, 12)}, "allocator is 'slab': Linux 6.12 has 'slub' alone"),
        ({"freed_late": 10**6}, "boot"),
        ({"pci_hole": 2**21}, "4 GiB"),
        ({"mem_limit": 5}, "16 MiB"),
        ({"arch": "sparc"}, "arch"),
        ({"allocator": "slob"}, "allocator"),
    ],
)
def test_nonsense_gets_one_clear_line(changes: dict[str, object], words: str) -> None:
    with pytest.raises(MachineError, match=words) as caught:
        zones(replace(INCIDENT, **changes))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


# --- what always holds ------------------------------------------------------------------------

KERNELS = [
    *(version(2, 6, n) for n in (11, 14, 16, 18, 22, 26, 32, 38)),
    *(version(3, n) for n in (2, 4, 8, 10, 19)),
    *(version(4, n) for n in (4, 9, 15, 19)),
    *(version(5, n) for n in (4, 8, 10, 13, 16)),
    *(version(6, n) for n in (1, 6, 11, 18)),
]


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Any machine at all: many cannot boot."""
    return Machine(
        kernel=draw(st.sampled_from(KERNELS)),
        arch=draw(st.sampled_from(["i386", "x86_64"])),
        pae=draw(st.booleans()),
        allocator=draw(st.sampled_from(["slab", "slub"])),
        ram=draw(st.integers(-1, gib_to_pages(70))),
        pci_hole=draw(st.sampled_from([0, 2**17, 2**18, 2**20])),
        firmware=draw(st.integers(0, 20_000)),
        mem_limit=draw(st.none() | st.integers(0, gib_to_pages(70))),
        page_offset=draw(st.sampled_from([0xC0000000, 0x80000000, 0x40000000, 0xB0000000])),
        vmalloc_mib=draw(st.none() | st.integers(0, 1_100)),
        min_free_kbytes=draw(st.none() | st.integers(0, 10**6)),
        watermark_scale_factor=draw(st.none() | st.integers(1, 1_000)),
        lowmem_reserve_ratio=draw(st.none() | st.tuples(*[st.integers(-1, 1_000)] * 3)),
        transparent_hugepages=draw(st.booleans()),
        boot_lowmem=draw(st.integers(0, 60_000)),
        boot_dma=draw(st.integers(0, 4_000)),
        freed_late=draw(st.integers(0, 2_000)),
        swiotlb=draw(st.none() | st.integers(0, 20_000)),
    )


def zones_or_none(machine: Machine) -> tuple[Zone, ...] | None:
    try:
        return zones(machine)
    except MachineError:
        return None


@settings(max_examples=300)
@given(machine=machines())
def test_no_machine_raises_anything_but_machine_error_and_marks_are_in_order(machine: Machine) -> None:
    for zone in zones_or_none(machine) or ():
        assert 0 <= zone.watermark_min <= zone.watermark_low <= zone.watermark_high
        assert min(zone.lowmem_reserve) >= 0
        assert 0 <= zone.managed <= zone.spanned
        assert 0 <= zone.present <= zone.spanned


@settings(max_examples=200)
@given(machine=machines())
def test_pages_are_conserved(machine: Machine) -> None:
    """Every page of RAM is managed by one zone, or was taken by boot, mem_map or the bounce buffer."""
    derived = zones_or_none(machine)
    if derived is None:
        return
    ram = sum(end - first for first, end in memory_map(machine))
    taken = (
        machine.boot_dma + machine.boot_lowmem + swiotlb_pages(machine) + sum(zone.memmap for zone in derived)
    )
    assert sum(extent.ram for extent in layout(machine)) == ram
    assert sum(zone.managed for zone in derived) + taken == ram


@settings(max_examples=100)
@given(machine=machines(), more=st.integers(0, 10**6))
def test_a_larger_min_free_kbytes_never_lowers_a_mark(machine: Machine, more: int) -> None:
    low = replace(machine, min_free_kbytes=machine.min_free_kbytes or 0)
    before, after = (
        zones_or_none(low),
        zones_or_none(replace(low, min_free_kbytes=(low.min_free_kbytes or 0) + more)),
    )
    assert (before is None) == (after is None)
    for small, large in zip(before or (), after or (), strict=True):
        assert small.watermark_min <= large.watermark_min
        assert small.watermark_low <= large.watermark_low
        assert small.watermark_high <= large.watermark_high


def test_every_row_of_the_tables_has_a_source_and_no_two_of_one_vendor_overlap() -> None:
    from oomlab.kernel import holds, load_table

    versions = [
        KernelVersion((major, minor, patch)) for major, minor in MINORS for patch in (0, 7, 8, 19, 50, 70)
    ]
    for table in ("zones", "watermarks"):
        for name, rows in load_table(table).items():
            assert all(row["source"] for row in rows), name
            for kernel in versions:
                found = [row for row in rows if holds(row, kernel)]
                traits = [tuple(map(row.get, ("arch", "pae", "allocator", "vendor"))) for row in found]
                assert len(set(traits)) == len(traits), (name, str(kernel))


MINORS = [
    (2, 6),
    *((3, n) for n in range(20)),
    *((4, n) for n in range(21)),
    *((5, n) for n in range(20)),
    *((6, n) for n in range(20)),
]


def test_counted_pages_changed_from_present_to_managed() -> None:
    fields = [counted_field(kernel) for kernel in ("3.2", "3.8.13", "3.9.6", "3.10", "6.1")]
    assert fields == ["present", "present", "managed", "managed", "managed"]


def test_present_leaves_out_mem_map_until_3_8_and_on_64_bits_before_2_6_19_too() -> None:
    def present(*parts: int, **changes: object) -> int:
        return zones(replace(SIXTY_FOUR, kernel=version(*parts), **changes))[0].present  # type: ignore[arg-type]

    assert present(3, 8, 13) == present(3, 7) < present(3, 9, 6)
    assert present(2, 6, 18) == present(2, 6, 32)
    spanned = zones(replace(INCIDENT, kernel=version(2, 6, 18)))[0]
    assert spanned.present == spanned.spanned


def test_every_recorded_guest_freed_the_same_late() -> None:
    dmesgs = [name for name in corpus.captures() if name.endswith("/dmesg")]
    assert len(dmesgs) >= 2
    freed = r"Freeing (?:initrd|unused kernel image).*"
    assert len({tuple(re.findall(freed, corpus.capture(name))) for name in dmesgs}) == 1
