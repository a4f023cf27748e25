"""Masks to names and back, against the headers that were compiled and the names that kernels print."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.errors import UnknownKernel
from oomlab.gfp import GfpMask, decode_gfp, encode_gfp, zones_allowed
from oomlab.gfp.layouts import epochs, layouts_of
from oomlab.kernel import KernelVersion, load_table, lookup_all
from oomlab.kernel_guess import mask_of
from oomlab.parsing import parse

EPOCHS = Path(__file__).with_name("gfp_epochs.json")
"""What each kernel's own ``include/linux/gfp.h`` gives when it is compiled: values only, with their trees."""


def rows(kind):
    return load_table("gfp")[kind]


# The table


@pytest.mark.parametrize("kind", ["flag", "composite", "order", "unread"])
def test_rows_of_one_name_and_vendor_never_overlap(kind):
    by_name = {}
    for row in rows(kind):
        by_name.setdefault((row.get("name"), row.get("vendor")), []).append(row)
    for intervals in by_name.values():
        intervals.sort(key=lambda row: KernelVersion.of(row["since"]))
        for earlier, later in pairwise(intervals):
            assert "until" in earlier
            assert KernelVersion.of(earlier["until"]) <= KernelVersion.of(later["since"])
        for row in intervals:
            assert "until" not in row or KernelVersion.of(row["since"]) < KernelVersion.of(row["until"])


def test_every_row_says_where_it_comes_from():
    assert all(row.get("source") for kind in ("flag", "composite", "order") for row in rows(kind))
    assert all(row["why"] for row in rows("unread"))


def test_every_flag_is_explained_in_words():
    explained = {name for group in load_table("gfp_words").values() for name in group}
    assert {row["name"] for row in rows("flag")} <= explained


@pytest.mark.parametrize("start", epochs(), ids=str)
def test_no_two_flags_of_a_kernel_share_a_bit(start):
    for layout in layouts_of(start):
        bits = list(layout.bits.values())
        assert len(bits) == len(set(bits))
        assert all(bit.bit_count() == 1 for bit in bits)


@pytest.mark.parametrize("start", epochs(), ids=str)
def test_every_name_has_a_place_in_the_printing_order(start):
    for layout in layouts_of(start):
        aliased = {name for name in layout.values if name not in layout.printing and layout.values[name]}
        for name in aliased:  # another name for bits that print otherwise
            assert not layout.read(layout.values[name])[1]
        assert set(layout.bits) <= set(layout.printing) | {"__GFP_DMA", "__GFP_DMA32"}


def epoch_cases():
    table = json.loads(EPOCHS.read_text())
    assert len(table) == 32
    return [
        pytest.param(epoch, version, id=version)
        for epoch in table
        for version in dict.fromkeys((epoch["first_seen"], epoch["last_seen"]))
    ]


@pytest.mark.parametrize(("epoch", "version"), epoch_cases())
def test_the_table_holds_what_each_compiled_header_holds(epoch, version):
    options = {flag["config"].removeprefix("CONFIG_") for flag in epoch["config_flags"].values()}
    built = {layout.config: layout for layout in layouts_of(KernelVersion.of(version))}
    assert max(built, key=len) == options
    plain, full = built[frozenset()], built[frozenset(options)]
    expected = {name: int(value, 16) for name, value in epoch["flags"].items()}
    assert plain.bits == expected
    configured = {n: int(f["value_if_all_config_on"], 16) for n, f in epoch["config_flags"].items()}
    assert {name: full.bits[name] for name in configured} == configured
    composites = {name: int(value, 16) for name, value in epoch["composites"].items()}
    assert {name: plain.values.get(name, 0) for name in composites} == composites
    assert set(plain.values) - set(plain.bits) <= set(composites) | {"__GFP_RECLAIM"}
    assert list(epoch["sequential_tail_order"] or []) == [
        name for name, bit in full.bits.items() if epoch["sequential_tail_first_bit"] and bit >= 1 << 24
    ]


# The values of well-known composites, from the compiled headers of each version

KERNELS = {
    "2.6.11": "d0 20 10 50 d0 d2 - -",
    "2.6.18": "d0 20 10 50 200d0 200d2 - -",
    "2.6.24": "d0 20 10 50 200d0 200d2 1200d2 -",
    "2.6.31": "d0 20 10 50 200d0 200d2 200da -",
    "3.2.59": "d0 20 10 50 200d0 200d2 200da 4352da",
    "4.3": "d0 20 10 50 200d0 200d2 200da 4352da",
    "4.4": "24000c0 2080020 2400000 2400040 24200c0 24200c2 24200ca 4352ca",
    "4.10": "14000c0 1080020 1400000 1400040 14200c0 14200c2 14200ca 4342ca",
    "4.17": "14000c0 1080020 1400000 1400040 14200c0 14200c2 14200ca 4342ca",
    "4.18": "6000c0 480020 600000 600040 6200c0 6200c2 6200ca 2342ca",
    "5.0": "6000c0 480020 600000 600040 6200c0 6200c2 6200ca 2342ca",
    "5.1": "cc0 a20 c00 c40 100cc0 100cc2 100cca 1c24ca",
    "5.13": "cc0 a20 c00 c40 100cc0 100cc2 100cca 1c24ca",
    "5.14": "cc0 a20 c00 c40 100cc0 100cc2 1100cca 11c24ca",
    "5.17": "cc0 a20 c00 c40 100cc0 100cc2 1100cca 11c24ca",
    "5.18": "cc0 a20 c00 c40 100cc0 100cc2 100cca 1c24ca",
    "6.2": "cc0 a20 c00 c40 100cc0 100cc2 100cca 1c24ca",
    "6.3": "cc0 820 c00 c40 100cc0 100cc2 100cca 1c24ca",
    "6.19": "cc0 820 c00 c40 100cc0 100cc2 100cca 1c24ca",
}
COMPOSITES = ["KERNEL", "ATOMIC", "NOIO", "NOFS", "USER", "HIGHUSER", "HIGHUSER_MOVABLE", "TRANSHUGE"]


@pytest.mark.parametrize(
    ("kernel", "name", "mask"),
    [
        pytest.param(kernel, f"GFP_{name}", int(mask, 16), id=f"{kernel}-{name}")
        for kernel, masks in KERNELS.items()
        for name, mask in zip(COMPOSITES, masks.split(), strict=True)
        if mask != "-"
    ],
)
def test_a_composite_has_its_value_and_its_value_has_that_name(kernel, name, mask):
    assert encode_gfp([name], kernel=kernel) == mask
    decoded = decode_gfp(mask, kernel=kernel)
    same = {"GFP_USER": "GFP_KERNEL"} if kernel == "2.6.11" else {}
    assert decoded.names == (same.get(name, name),)
    assert (decoded.unknown, decoded.basis, decoded.problems) == (0, "version", ())
    assert decoded.alternatives == () or kernel == "5.13"  # nobody read 5.13 for the table


# Names that kernels printed

PRINTED = """
    4.8.0-rc1 0x27080c0 GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK
    4.9.0-gentoo 0x27080c0 GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK
    4.16.0-0.rc4.git0.1.fc28.x86_64 0x14200ca GFP_HIGHUSER_MOVABLE
    4.18.0+ 0x6200ca GFP_HIGHUSER_MOVABLE
    4.18.0+ 0x600040 GFP_NOFS
    4.18.0-139.el8.ppc64le+debug 0x6200ca GFP_HIGHUSER_MOVABLE
    5.2.0-rc7 0x100cca GFP_HIGHUSER_MOVABLE
    5.7.0-rc6-next-20200521 0x101cc0 GFP_USER|__GFP_WRITE
    5.7.0-rc6-next-20200521 0xc2cc0 GFP_KERNEL|__GFP_NOWARN|__GFP_COMP|__GFP_NOMEMALLOC
    5.8.2-0.g71b519a-default 0x500cc2 GFP_HIGHUSER|__GFP_ACCOUNT
    5.10.0-10-amd64 0x100cca GFP_HIGHUSER_MOVABLE
    5.10.0-32-686-pae 0xcc0 GFP_KERNEL
    5.10.0-rc1+ 0x40cc0 GFP_KERNEL|__GFP_COMP
    5.10.160 0x1100cca GFP_HIGHUSER_MOVABLE
    5.13.0-19-generic 0xcc0 GFP_KERNEL
    5.13.0-rc5-next-20210611-llvm 0x1100cca GFP_HIGHUSER_MOVABLE
    6.1.0-50-686-pae 0x10cc1 GFP_KERNEL|GFP_DMA|__GFP_NORETRY
    6.1.0-50-686-pae 0x140dca GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO
    6.1.0-50-686-pae 0x4cc0 GFP_KERNEL|__GFP_RETRY_MAYFAIL
    6.1.0-50-686-pae 0x400dc0 GFP_KERNEL_ACCOUNT|__GFP_ZERO
    6.1.0-50-686-pae 0xcd0 GFP_KERNEL|__GFP_RECLAIMABLE
    6.1.0-50-686-pae 0xcc0 GFP_KERNEL
    6.1.1-arch1-1 0x140dca GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO
    6.2.0 0x140dc2 GFP_HIGHUSER|__GFP_COMP|__GFP_ZERO
    6.5.0-smp-DEV 0xcc0 GFP_KERNEL
    6.6.32-rt32-ti-rt-01519-g2cc066b2c5d1-dirty 0x400dc0 GFP_KERNEL_ACCOUNT|__GFP_ZERO
    6.7.4-arch1-1 0x408d40 GFP_NOFS|__GFP_NOFAIL|__GFP_ZERO|__GFP_ACCOUNT
    6.8.0-rc5 0xcc0 GFP_KERNEL
    6.9.0-rc3+ 0x140dca GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO
    6.11.0-rc6+ 0xcc0 GFP_KERNEL
"""
BACKPORTED = {"5.10.160", "5.13.0-rc5-next-20210611-llvm"}  # print 0x1100cca, as 5.14 does


@pytest.mark.parametrize(("kernel", "mask", "names"), [line.split() for line in PRINTED.strip().splitlines()])
def test_what_a_kernel_printed_is_what_its_mask_decodes_to_and_back(kernel, mask, names):
    value, names = int(mask, 16), tuple(names.split("|"))
    by_version = decode_gfp(value, kernel=kernel)
    believed = decode_gfp(value, kernel=kernel, names=names)
    assert by_version.names == names
    assert believed.names == names
    assert (believed.basis, believed.unknown) == ("printed names", 0)
    assert believed.zone == by_version.zone
    if kernel not in BACKPORTED:
        assert encode_gfp(names, kernel=kernel) == value
        assert (by_version.unknown, by_version.problems, believed.problems) == (0, (), ())


def test_a_vendors_bits_answer_for_that_vendor_only():
    assert decode_gfp(0x1100CCA, kernel="5.10.107-android12-9").problems == ()
    plain = decode_gfp(0x1100CCA, kernel="5.10.160")
    assert plain.unknown == 0x1000000
    assert "android 5.10.160" in plain.problems[1]
    assert encode_gfp(["GFP_HIGHUSER_MOVABLE"], kernel="5.10.160-android13") == 0x1100CCA
    assert encode_gfp(["GFP_HIGHUSER_MOVABLE"], kernel="5.10.160") == 0x100CCA


@pytest.mark.parametrize(
    ("kernel", "mask", "names"),
    [
        ("4.9.56-21.pvops.qubes.x86_64", 0x240C0D0, "GFP_TEMPORARY|__GFP_COMP|__GFP_ZERO"),
        ("4.15.0-108-generic", 0x15000C0, "GFP_KERNEL_ACCOUNT"),
        ("4.19.118", 0x7080C0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO"),
        ("4.19.4-1.el7.elrepo.x86_64", 0x6000C0, "GFP_KERNEL"),
        ("4.18.0-139.el8.ppc64le+debug", 0x6200CA, "GFP_HIGHUSER_MOVABLE"),
        ("5.4.17-2136.307.3.4.el8uek.x86_64", 0x100CCA, "GFP_HIGHUSER_MOVABLE"),
        ("6.9.0-rc3+", 0x140DCA, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO"),
        ("6.16.9+deb14-amd64", 0x140DCA, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP"),
    ],
)
def test_masks_seen_in_the_field_print_as_those_kernels_printed_them(kernel, mask, names):
    assert "|".join(decode_gfp(mask, kernel=kernel).names) == names
    assert decode_gfp(mask, kernel=kernel, names=names.split("|")).problems == ()


def test_el7_took_kmemcg_out_before_mainline_did():
    assert decode_gfp(0x1000D0, kernel="3.10").names == ("GFP_KERNEL", "__GFP_KMEMCG")
    assert decode_gfp(0x1000D0, kernel="3.10.0-1160.el7.x86_64").unknown == 0x100000


# What a reading says


def test_the_incidents_mask_is_a_page_table_page_from_lowmem():
    mask = decode_gfp(0x84D0, kernel="3.2.59")
    assert mask.names == ("GFP_KERNEL", "__GFP_REPEAT", "__GFP_ZERO")
    assert (mask.zone, mask.basis, mask.unknown) == ("Normal", "version", 0)
    assert mask.may_sleep
    assert mask.may_io
    assert mask.may_fs
    assert mask.wakes_kswapd
    assert not mask.high_priority
    assert not mask.movable
    assert decode_gfp(0x84D2, kernel="3.2.59").zone == "HighMem"  # with CONFIG_HIGHPTE


@pytest.mark.parametrize("kernel", ["2.6.18", "3.2.59", "4.4", "4.18", "5.1", "6.3", "6.19"])
def test_an_atomic_request_cannot_wait_and_may_dip_into_the_reserve(kernel):
    mask = decode_gfp(encode_gfp(["GFP_ATOMIC"], kernel=kernel), kernel=kernel)
    assert mask.atomic
    assert mask.wakes_kswapd
    assert not mask.may_sleep
    assert not mask.may_io
    assert not mask.may_fs


def test_a_huge_page_request_leaves_kswapd_asleep():
    assert not decode_gfp(0x4352DA, kernel="3.2").wakes_kswapd
    assert not decode_gfp(0x1C24CA, kernel="6.1").wakes_kswapd


ZONES = {0: "Normal", 8: "Normal", 1: "DMA", 9: "DMA", 2: "HighMem", 4: "DMA32", 0xC: "DMA32", 0xA: "Movable"}


@pytest.mark.parametrize("bits", range(16))
@pytest.mark.parametrize("kernel", ["2.6.32", "3.2.59", "6.1"])
def test_the_low_four_bits_choose_the_zone_or_contradict_each_other(bits, kernel):
    mask = decode_gfp(encode_gfp(["GFP_KERNEL"], kernel=kernel) | bits, kernel=kernel)
    assert mask.zone == ZONES.get(bits)
    assert any("contradict" in problem for problem in mask.problems) == (bits not in ZONES)


@pytest.mark.parametrize(
    ("mask", "present", "allowed"),
    [
        (0x84D0, "DMA Normal HighMem", "Normal DMA"),
        (0x200DA, "DMA Normal HighMem", "HighMem Normal DMA"),
        (0x200DA, "DMA DMA32 Normal Movable", "Movable Normal DMA32 DMA"),
        (0x200DA, "DMA DMA32", "DMA32 DMA"),
        (0xD1, "DMA Normal HighMem", "DMA"),
        (0xD4, "DMA Normal HighMem", "Normal DMA"),
        (0xD4, "DMA DMA32 Normal", "DMA32 DMA"),
        (0xD1, "Normal HighMem", "Normal"),
        (0xD3, "DMA Normal HighMem", ""),
    ],
)
def test_a_request_falls_from_its_own_zone_to_the_lower_ones(mask, present, allowed):
    assert zones_allowed(decode_gfp(mask, kernel="3.2"), present.split()) == tuple(allowed.split())


# What a reading rests on


def test_without_a_kernel_every_reading_is_named_and_none_is_taken_for_sure():
    mask = decode_gfp(0xD0)
    assert mask.names == ("GFP_KERNEL",)
    assert (mask.basis, mask.kernel) == ("assumed", None)
    assert mask.alternatives == (("__GFP_IO", "__GFP_FS", "__GFP_RECLAIMABLE"),)
    assert mask.problems == (
        "no kernel version is known: 0xd0 is GFP_KERNEL from 2.6.0 to before 4.4; "
        "__GFP_IO|__GFP_FS|__GFP_RECLAIMABLE from 4.4 to 7.1",
    )


def test_a_mask_that_no_version_explains_says_so():
    assert "no mask of any version" in decode_gfp(0x80000000).problems[0]


def test_where_the_build_decides_every_reading_is_offered():
    mask = decode_gfp(0x1000CC0, kernel="6.12")
    assert mask.names == ("GFP_KERNEL", "__GFP_NO_OBJ_EXT")
    assert mask.config == ("SLAB_OBJ_EXT",)
    assert mask.alternatives == (("GFP_KERNEL", "__GFP_SKIP_ZERO"), ("GFP_KERNEL", "__GFP_NOLOCKDEP"))


def test_a_version_that_nobody_read_offers_what_lies_on_either_side():
    before, after = decode_gfp(0x1200D2, kernel="2.6.24"), decode_gfp(0x1200D2, kernel="2.6.31")
    assert before.names == ("GFP_HIGHUSER_MOVABLE",)
    assert after.unknown == 0x100000
    assert decode_gfp(0x1200D2, kernel="2.6.23").names == before.names


def test_el6_has_flags_of_later_kernels():
    mask = decode_gfp(0x4352DA, kernel="2.6.32-642.el6.x86_64")
    assert (mask.names, mask.unknown) == (("GFP_TRANSHUGE",), 0)
    assert decode_gfp(0x4352DA, kernel="2.6.32-5-amd64").unknown == 0x400000
    assert decode_gfp(0x8000D0, kernel="2.6.32-642.el6").names == ("GFP_KERNEL", "__GFP_OTHER_NODE")


@pytest.mark.parametrize(
    ("kernel", "mask"),
    [("5.18.12", 0x4100CCA), ("5.19", 0x4100CCA), ("6.0", 0x6100CCA), ("6.2.1", 0x6100CCA)],
)
def test_kasan_changed_the_mask_of_movable_pages_twice(kernel, mask):
    assert encode_gfp(["GFP_HIGHUSER_MOVABLE"], kernel=kernel, config=["KASAN_HW_TAGS"]) == mask
    assert encode_gfp(["GFP_HIGHUSER_MOVABLE"], kernel=kernel, config=[]) == 0x100CCA


@pytest.mark.parametrize("kernel", ["6.19", "7.0", "7.1", "7.1.5"])
def test_7_1_has_the_masks_of_6_19(kernel):
    mask = decode_gfp(0x140CCA, kernel=kernel)
    assert (mask.basis, mask.names) == ("version", ("GFP_HIGHUSER_MOVABLE", "__GFP_COMP"))


@pytest.mark.parametrize(("kernel", "like"), [("7.2", "7.1"), ("8.0", "7.1"), ("2.5.3", "2.6.0")])
def test_beyond_the_table_the_nearest_version_is_assumed_and_said(kernel, like):
    mask = decode_gfp(0xD0, kernel=kernel)
    assert mask.basis == "assumed"
    assert mask.names == decode_gfp(0xD0, kernel=like).names
    assert f"read as {like} would" in mask.problems[0]


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0xD0, ("GFP_KERNEL",)),
        (0xD2, ("GFP_HIGHUSER",)),
        (0x1D2, ("GFP_HIGHUSER", "__GFP_COLD")),
        (0x20, ("GFP_ATOMIC",)),
    ],
)
@pytest.mark.parametrize("kernel", ["2.6.0", "2.6.5", "2.6.9", "2.6.10"])
def test_the_first_kernels_of_2_6_have_their_own_bits_and_not_those_of_2_4(kernel, mask, names):
    """0x80 may call file systems there; in 2.4 that was 0x100. Source: include/linux/gfp.h, 2.6.0."""
    assert decode_gfp(mask, kernel=kernel).names == names


def test_a_report_without_a_version_is_of_2_6_where_it_has_what_2_4_has_not(repo):
    for name, names in {
        "2.6.9-x86_64-numa": ("GFP_HIGHUSER",),
        "2.6.5-protections": ("GFP_HIGHUSER", "__GFP_COLD"),
    }.items():
        (report,) = parse((repo / f"tests/samples/{name}.log").read_text())
        assert mask_of(report).names == names


def test_printed_names_that_do_not_make_the_mask_are_a_problem():
    mask = decode_gfp(0xCC1, kernel="6.1", names=["GFP_KERNEL"])
    assert mask.names == ("GFP_KERNEL",)
    assert mask.unknown == 1
    assert mask.problems == ("the printed names make 0xcc0 in 6.1, not 0xcc1",)


def test_a_printed_name_that_the_table_lacks_is_kept_and_named():
    mask = decode_gfp(0x40000CC0, kernel="6.1", names=["GFP_KERNEL", "__GFP_NVM"])
    assert mask.names == ("GFP_KERNEL", "__GFP_NVM")
    assert "__GFP_NVM" in mask.flags
    assert mask.problems == ("the table for 6.1 has no __GFP_NVM",)


def test_bits_that_a_kernel_printed_as_a_number_stay_unknown():
    mask = decode_gfp(0x1000CC0, kernel="6.12", names=["GFP_KERNEL", "0x1000000"])
    assert mask.names == ("GFP_KERNEL",)
    assert mask.unknown == 0x1000000
    assert mask.problems == ()


def test_no_printed_name_can_break_the_reading():
    hostile = ["0xzz", "", "GFP_KERNEL\x1b[31m", "__GFP_" + "A" * 1000]
    mask = decode_gfp(0xCC0, kernel="6.1", names=hostile)
    assert mask.names == ("0xzz", "", "GFP_KERNEL\x1b[31m", "__GFP_" + "A" * 1000)
    assert len(mask.problems) == 1


def test_printed_names_need_no_version():
    mask = decode_gfp(0x6200CA, names=["GFP_HIGHUSER_MOVABLE"])
    assert (mask.basis, mask.zone, mask.problems) == ("printed names", "Movable", ())


def test_no_bits_are_no_names():
    assert decode_gfp(0, kernel="6.1").names == ()
    assert str(decode_gfp(0, kernel="6.1")) == "0x0 (no flags)"


def test_a_name_that_the_kernel_lacks_cannot_be_encoded():
    with pytest.raises(UnknownKernel, match=r"3\.2\.59 has no __GFP_ACCOUNT"):
        encode_gfp(["GFP_KERNEL", "__GFP_ACCOUNT"], kernel="3.2.59")


def test_a_negative_mask_is_refused():
    with pytest.raises(ValueError, match="never negative"):
        decode_gfp(-1, kernel="3.2")


# Whatever the mask

READ = [start for start in epochs() if not lookup_all("gfp.unread", start)]


def test_most_versions_were_read():
    assert len(READ) > len(epochs()) / 2


@given(mask=st.integers(0, 2**32 - 1), kernel=st.sampled_from(READ))
def test_decoding_loses_no_bit(mask, kernel):
    decoded = decode_gfp(mask, kernel=kernel)
    named = encode_gfp(decoded.names, kernel=kernel, config=decoded.config)
    assert named | decoded.unknown == mask
    assert not named & decoded.unknown


@given(data=st.data(), kernel=st.sampled_from(READ))
def test_a_mask_of_known_flags_comes_back_whole(data, kernel):
    layout = data.draw(st.sampled_from(layouts_of(kernel)))
    flags = data.draw(st.sets(st.sampled_from(sorted(layout.bits))))
    mask = sum(layout.bits[name] for name in flags)
    decoded = decode_gfp(mask, kernel=kernel)
    assert decoded.unknown == 0
    assert encode_gfp(decoded.names, kernel=kernel, config=decoded.config) == mask
    readings = [decoded.flags, *(expand(names, kernel) for names in decoded.alternatives)]
    assert flags in readings


def expand(names, kernel):
    """The single flags that names stand for, whatever the build."""
    built = next(each for each in layouts_of(kernel) if each.write(names) is not None)
    return built.flags(built.write(names))


@given(mask=st.integers(0, 2**32 - 1), kernel=st.sampled_from(epochs()))
def test_every_bit_is_a_flag_or_unknown(mask, kernel):
    decoded = decode_gfp(mask, kernel=kernel)
    assert isinstance(decoded, GfpMask)
    assert decoded.value == mask
    assert len(decoded.flags) + decoded.unknown.bit_count() == mask.bit_count()


@given(mask=st.integers(0, 2**28 - 1))
def test_a_mask_without_a_kernel_never_raises_and_never_claims_a_version(mask):
    decoded = decode_gfp(mask)
    assert decoded.basis == "assumed"
    assert decoded.problems
