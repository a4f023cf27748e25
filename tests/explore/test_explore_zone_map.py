"""The zone map divides every page of lowmem once, and says what oomlab.zone_model says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.errors import MachineError
from oomlab.explore import ZoneMap
from oomlab.explore.machines import BUILDS, RAM_STEPS, built, machine_code, ram_size, reachable, size
from oomlab.explore.widgets.picture import Box, Label
from oomlab.explore.zone_map import (
    PRESETS,
    VMALLOC_STEPS,
    chosen,
    lowmem_shares,
    price,
    prices,
    zone_panel,
    zone_view,
)
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT
from oomlab.memory_map import layout
from oomlab.mmzone import VM_SPLITS, is_highmem
from oomlab.zone_model import zones

SETTINGS = st.fixed_dictionaries(
    {
        "ram": st.sampled_from(RAM_STEPS),
        "build": st.sampled_from(sorted(BUILDS)),
        "split": st.sampled_from(sorted(VM_SPLITS)),
        "vmalloc": st.sampled_from(VMALLOC_STEPS),
    }
)
WIDTHS = st.integers(280, 1200)


def boots(machine):
    try:
        zones(machine)
    except MachineError:
        return False
    return True


@given(sent=SETTINGS)
def test_kernel_mem_map_and_free_are_all_the_ram_of_every_zone_that_is_mapped(sent):
    machine = reachable(chosen(INCIDENT, **sent))
    if not boots(machine):
        return
    shares, derived = lowmem_shares(machine), zones(machine)
    mapped = [extent for extent in layout(machine) if extent.ram and not is_highmem(extent.name)]
    ram = {extent.name: extent.ram for extent in mapped}
    assert {each.zone: each.kernel + each.mem_map + each.free for each in shares} == ram
    assert sum(each.mem_map for each in shares) == sum(zone.memmap for zone in derived)
    assert min(min(each.kernel, each.mem_map, each.free) for each in shares) >= 0


@given(sent=SETTINGS)
def test_the_map_says_that_a_machine_does_not_boot_exactly_when_it_does_not(sent):
    view = zone_view(INCIDENT, **sent)
    says = "does not boot" in view.sentence
    assert says == (not boots(reachable(chosen(INCIDENT, **sent))))
    drawn = any(isinstance(mark, Label) and mark.text == "does not boot" for mark in view.draw(600).marks)
    assert drawn == says


@given(sent=SETTINGS, width=WIDTHS)
def test_the_picture_stays_inside_its_frame(sent, width):
    picture = zone_view(INCIDENT, **sent).draw(width)
    for mark in picture.marks:
        if isinstance(mark, Box):
            assert mark.x >= 0
            assert mark.x + mark.width <= width + 1e-6
            assert mark.y + mark.height <= picture.height
        if isinstance(mark, Label):
            assert 0 <= mark.x <= width + 1e-6
            assert 0 < mark.y < picture.height


@given(sent=SETTINGS)
def test_the_code_that_is_copied_derives_the_zones_that_are_shown(sent):
    machine = reachable(chosen(INCIDENT, **sent))
    scope = {"replace": replace, "INCIDENT": INCIDENT, "KernelVersion": KernelVersion}
    assert eval(machine_code(machine), scope) == machine


def test_on_the_incidents_machine_mem_map_takes_three_tenths_of_lowmem():
    view = zone_view(INCIDENT, **PRESETS["The incident"])
    assert "892 MiB" in view.sentence
    assert "264 MiB: 29.6 % of lowmem" in view.sentence
    assert view.code.endswith("zones(INCIDENT)")


def test_mem_map_never_gets_cheaper_as_ram_grows():
    parts = [each.part for each in prices(INCIDENT) if each.ram >= 2**18]
    assert parts == sorted(parts)


def test_the_price_chart_is_the_price_of_each_machine():
    assert prices(INCIDENT)[-1] == price(replace(INCIDENT, ram=RAM_STEPS[-1]))


def test_without_pae_the_ram_beyond_4_gib_is_named_as_lost():
    assert "For 29 GiB it has no addresses" in zone_view(INCIDENT, **PRESETS["No PAE"]).sentence


def test_a_64_bit_kernel_has_no_use_for_split_and_vmalloc():
    panel = zone_panel(INCIDENT, ram=2**23, build="x86_64", split="3G/1G", vmalloc=0)
    assert [each.name for each in panel.controls if each.off] == ["split", "vmalloc"]


@pytest.mark.parametrize("build", sorted(BUILDS))
def test_every_build_can_be_reached_from_every_other(build):
    for other in BUILDS:
        machine = built(built(INCIDENT, other), build)
        assert (machine.arch == "x86_64") == (build == "x86_64")


@given(pages=st.integers(1, 2**25))
def test_a_size_is_right_to_the_digits_it_shows(pages):
    number, unit = size(pages).split()
    kb = float(number) * {"kB": 1, "MiB": 2**10, "GiB": 2**20}[unit]
    assert kb == pytest.approx(4 * pages, rel=0.05)


@pytest.mark.parametrize("pages", RAM_STEPS)
def test_every_step_of_ram_reads_exactly(pages):
    number, unit = ram_size(pages).split()
    assert float(number) * {"MiB": 2**8, "GiB": 2**18}[unit] == pages


def test_another_machine_keeps_what_no_control_changes():
    explorer = ZoneMap(replace(INCIDENT, boot_lowmem=10_000, ram=5_000_000, vmalloc_mib=300))
    assert explorer.values["ram"] == 5_000_000
    assert explorer.values["vmalloc"] == 300
    assert "boot_lowmem=10000" in explorer._shown["code"]
