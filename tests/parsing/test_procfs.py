"""Reading /proc: every recording, the machine these tests run on, and damaged text."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomlab import corpus
from oomlab.errors import ReportError
from oomlab.procfs import (
    FILES,
    SYSCTLS,
    Snapshot,
    parse_buddyinfo,
    parse_meminfo,
    parse_nodes,
    parse_slabinfo,
    parse_zoneinfo,
    read_proc,
    snapshot,
)
from oomlab.units import kb

GUESTS = (512, 1024, 2048, 4096, 8192, 16384, 20480)
ZONEINFOS = [name for name in corpus.captures() if "zoneinfo" in name]

OLD_ZONEINFO = """\
Node 0, zone   Normal
  pages free     2014
        min      2012
        low      2515
        high     3018
        scanned  1015
        spanned  224254
        present  222502
    nr_free_pages 2014
    nr_inactive_anon 0
        protection: (0, 0, 252949, 252949)
  pagesets
    cpu: 0
              count: 70
              high:  186
              batch: 31
  vm stats threshold: 36
    cpu: 7
              count: 17
              high:  186
              batch: 31
  vm stats threshold: 36
  all_unreclaimable: 1
  start_pfn:         4096
  inactive_ratio:    1
"""
"""The layout of 3.2, with the incident's numbers."""


def guest_files(ram_mb: int) -> dict[str, str]:
    names = {"zoneinfo": "zoneinfo", "meminfo": "meminfo", "buddyinfo": "buddyinfo", "cmdline": "cmdline"}
    names |= {name: f"sysctl-{name}" for name in SYSCTLS}
    return {name: corpus.capture(f"{ram_mb}/{file}") for name, file in names.items()}


@pytest.mark.parametrize("name", ZONEINFOS)
def test_every_recorded_zoneinfo_reads_whole(name: str) -> None:
    text = corpus.capture(name)
    zones = parse_zoneinfo(text)
    assert [zone.name for zone in zones] == ["DMA", "Normal", "HighMem", "Movable"]
    for zone in zones:
        assert None not in (zone.free, zone.watermark_min, zone.spanned, zone.present, zone.managed)
        assert len(zone.lowmem_reserve or ()) == 4
        assert text.splitlines()[zone.line - 1].endswith(zone.name)  # type: ignore[operator]


@pytest.mark.parametrize("name", ZONEINFOS)
def test_no_number_of_a_zoneinfo_is_lost(name: str) -> None:
    text = corpus.capture(name)
    zones, nodes = parse_zoneinfo(text), parse_nodes(text)
    read = sum(len(zone.counters) + 9 for zone in zones) + sum(len(node.counters) for node in nodes)
    lines = [line.strip() for line in text.splitlines()]
    structure = ("Node ", "per-node stats", "pagesets", "cpu:")
    assert read == len([line for line in lines if line and not line.startswith(structure)])


def test_pagesets_do_not_pass_for_watermarks() -> None:
    (zone,) = parse_zoneinfo(OLD_ZONEINFO)
    assert (zone.free, zone.watermark_min, zone.watermark_low, zone.watermark_high) == (
        2014,
        2012,
        2515,
        3018,
    )
    assert zone.counters["cpu 0 high"] == zone.counters["cpu 7 high"] == 186
    assert zone.counters["cpu 7 count"] == 17


def test_the_layout_of_3_2_reads_too() -> None:
    (zone,) = parse_zoneinfo(OLD_ZONEINFO)
    assert zone.managed is None
    assert zone.watermark_boost is None
    assert zone.lowmem_reserve == (0, 0, 252949, 252949)
    assert zone.counters["scanned"] == 1015
    assert zone.counters["all_unreclaimable"] == 1
    assert zone.counters["start_pfn"] == 4096
    assert parse_nodes(OLD_ZONEINFO) == ()


def test_per_node_counters_are_kept_apart_from_the_zone_s() -> None:
    text = corpus.capture("1024/zoneinfo")
    (node,) = parse_nodes(text)
    assert node.counters["nr_slab_reclaimable"] == 1611
    assert "nr_slab_reclaimable" not in parse_zoneinfo(text)[0].counters
    assert parse_zoneinfo(text)[0].counters["nr_free_pages"] == 3840


def test_unknown_keys_and_words_are_kept() -> None:
    text = "Node 0, zone   Normal\n  pages free     5\n        brand_new 7\n  mood: sleepy today\n"
    (zone,) = parse_zoneinfo(text)
    assert zone.counters == {"brand_new": 7}
    assert zone.flags == {"mood": "sleepy today"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pages free 5\n", 1),
        ("Node 0, zone Normal\n  pages free 5\n  ???\n", 3),
        ("Node 0, zone Normal\n\n  protection: (0, x)\n", 3),
    ],
)
def test_a_damaged_zoneinfo_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ReportError, match=f"line {line}") as caught:
        parse_zoneinfo(text)
    assert caught.value.line == line


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_meminfo_and_zoneinfo_agree_on_what_is_managed(ram_mb: int) -> None:
    meminfo = parse_meminfo(corpus.capture(f"{ram_mb}/meminfo"))
    zones = parse_zoneinfo(corpus.capture(f"{ram_mb}/zoneinfo"))
    assert meminfo["MemTotal_kb"] == kb(sum(zone.managed or 0 for zone in zones))
    highmem = next(zone for zone in zones if zone.name == "HighMem")
    assert meminfo["HighTotal_kb"] == kb(highmem.managed or 0)
    assert meminfo["HugePages_Total"] == 0


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_free_blocks_add_up_to_about_what_meminfo_calls_free(ram_mb: int) -> None:
    """About, because per-cpu lists and the moments of reading lie between the two."""
    blocks = parse_buddyinfo(corpus.capture(f"{ram_mb}/buddyinfo"))
    meminfo = parse_meminfo(corpus.capture(f"{ram_mb}/meminfo"))
    free = sum(row.blocks << row.order for rows in blocks.values() for row in rows)
    assert all(len(rows) == 11 for rows in blocks.values())
    assert kb(free) == pytest.approx(meminfo["MemFree_kb"], rel=0.01)


@pytest.mark.parametrize("ram_mb", [1024, 16384])
def test_slabs_add_up_to_about_what_meminfo_calls_slab(ram_mb: int) -> None:
    slabs = parse_slabinfo(corpus.capture(f"{ram_mb}/slabinfo"))
    meminfo = parse_meminfo(corpus.capture(f"{ram_mb}/meminfo"))
    assert kb(sum(slab.pages for slab in slabs)) == pytest.approx(meminfo["Slab_kb"], rel=0.1)
    assert all(slab.active_objs <= slab.num_objs <= slab.num_slabs * slab.objperslab for slab in slabs)


def test_buffer_heads_of_the_recorded_kernel_take_64_bytes() -> None:
    slabs = {slab.name: slab for slab in parse_slabinfo(corpus.capture("1024/slabinfo"))}
    assert (slabs["buffer_head"].objsize, slabs["buffer_head"].objperslab) == (64, 64)
    assert slabs["radix_tree_node"].objsize == 304


@pytest.mark.parametrize(
    ("parser", "text", "line"),
    [
        (parse_meminfo, "MemFree: 5 kB\nMemTotal five\n", 2),
        (parse_buddyinfo, "Node 0, zone DMA 1 2\nNode 0, zone\n", 2),
        (parse_buddyinfo, "Node 0, zone DMA 1 x\n", 1),
        (parse_buddyinfo, f"Node 0, zone DMA {'9' * 5000}\n", 1),
        (parse_slabinfo, "slabinfo - version: 1.1\n", 1),
        (parse_slabinfo, "slabinfo - version: 2.1\n# name\ndentry 1 2 3\n", 3),
        (parse_slabinfo, "", 1),
    ],
)
def test_damaged_text_is_refused_with_its_line(parser: object, text: str, line: int) -> None:
    with pytest.raises(ReportError, match=f"line {line}") as caught:
        parser(text)  # type: ignore[operator]
    assert caught.value.line == line


def test_a_sysctl_that_is_no_number_is_refused() -> None:
    with pytest.raises(ReportError, match="min_free_kbytes"):
        snapshot({**guest_files(1024), "min_free_kbytes": "lots"})


def test_errors_show_nothing_hostile() -> None:
    with pytest.raises(ReportError) as caught:
        parse_meminfo("MemFree: \x1b[2J\x07 kB\n")
    assert str(caught.value).isprintable()


@settings(max_examples=150)
@given(data=st.data())
def test_no_mutation_raises_anything_but_report_error(data: st.DataObject) -> None:
    parser, name = data.draw(
        st.sampled_from(
            [
                (parse_zoneinfo, "1024/zoneinfo"),
                (parse_nodes, "1024/zoneinfo"),
                (parse_meminfo, "1024/meminfo"),
                (parse_buddyinfo, "1024/buddyinfo"),
                (parse_slabinfo, "1024/slabinfo"),
            ]
        )
    )
    text = corpus.capture(name)
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 40)))
    mutated = text[:start] + data.draw(st.text(max_size=10)) + text[end:]
    with suppress(ReportError):
        parser(mutated)


# --- snapshots --------------------------------------------------------------------------------


@pytest.mark.parametrize("ram_mb", GUESTS)
def test_a_recorded_guest_becomes_a_snapshot(ram_mb: int) -> None:
    taken = snapshot(guest_files(ram_mb))
    normal = taken.find_zone("Normal")
    assert normal is not None
    assert normal.free_blocks is not None
    assert taken.sysctls["lowmem_reserve_ratio"] == (256, 32, 0, 0)
    assert taken.sysctls["watermark_scale_factor"] == (10,)
    assert taken.cmdline is not None
    assert "nokaslr" in taken.cmdline
    assert taken.slabs is None
    assert taken.kernel is None
    assert taken.find_zone("Nowhere") is None


def test_a_snapshot_without_zones_is_refused() -> None:
    with pytest.raises(ReportError, match="zoneinfo"):
        snapshot({"meminfo": "MemFree: 1 kB\n"})


def test_reading_files_and_reading_text_give_the_same(tmp_path: Path) -> None:
    texts = {
        **guest_files(1024),
        "slabinfo": corpus.capture("1024/slabinfo"),
        "sys/kernel/osrelease": "6.1.0-50\n",
    }
    for name, text in texts.items():
        file = tmp_path / (f"sys/vm/{name}" if name in SYSCTLS else name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert set(texts) == {*FILES, *SYSCTLS}
    assert read_proc(tmp_path) == snapshot(texts)


@pytest.mark.skipif(not Path("/proc/zoneinfo").exists(), reason="this system has no /proc/zoneinfo")
def test_this_machine_s_own_proc_reads() -> None:
    taken = read_proc()
    assert isinstance(taken, Snapshot)
    assert str(taken.kernel) == os.uname().release
    assert taken.meminfo["MemTotal_kb"] > 0
    for zone in taken.zones:
        assert zone.free is not None
        assert zone.free <= (zone.spanned or 0)
        assert (zone.watermark_min or 0) <= (zone.watermark_low or 0) <= (zone.watermark_high or 0)
