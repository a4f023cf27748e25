"""The calculator shows the incident's numbers, and judges as oomlab.watermarks does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.explore import WatermarkCalculator
from oomlab.explore.machines import BUILDS, KERNELS, RAM_STEPS
from oomlab.explore.watermarks import (
    PRESETS,
    RATIO_STEPS,
    SCALE_STEPS,
    request_sum,
    watermark_panel,
    watermark_view,
)
from oomlab.explore.widgets.picture import Box, Label
from oomlab.machine import INCIDENT
from oomlab.watermarks import passes
from oomlab.zone_model import zones

START = WatermarkCalculator().values
SETTINGS = st.fixed_dictionaries(
    {
        "ram": st.sampled_from(RAM_STEPS),
        "build": st.sampled_from(sorted(BUILDS)),
        "kernel": st.sampled_from(KERNELS),
        "min_free_kbytes": st.sampled_from((0, 128, 3806, 8192, 262_144)),
        "scale": st.sampled_from(SCALE_STEPS),
        "ratio_dma": st.sampled_from(RATIO_STEPS),
        "ratio_normal": st.sampled_from(RATIO_STEPS),
        "request": st.sampled_from(("DMA", "DMA32", "Normal", "HighMem")),
        "asked": st.sampled_from(("DMA", "DMA32", "Normal", "HighMem")),
        "order": st.integers(0, 10),
        "free": st.integers(0, 2**25),
    }
)


def settled(sent):
    return watermark_panel(INCIDENT, **sent).values


def texts(view, width=600):
    return [mark.text for mark in view.draw(width).marks if isinstance(mark, Label)]


def test_the_incidents_marks_and_reserves_stand_in_the_table_to_the_page():
    table = watermark_view(INCIDENT, **START).table
    shown = {row[0]: row[1:] for row in table}
    assert shown["DMA"] == ("3,952", "35", "43", "52", "140", "172", "208", "0", "869", "32,487")
    assert shown["Normal"] == (
        "222,502",
        "2,012",
        "2,515",
        "3,018",
        "8,048",
        "10,060",
        "12,072",
        "0",
        "0",
        "252,949",
    )
    assert shown["HighMem"][4:7] == ("512", "73,712", "146,916")


@pytest.mark.parametrize(
    ("preset", "verdict"),
    [
        ("Page table from Normal", "refused, 1 page short"),
        ("Page table from DMA", "refused, 1 page short"),
        ("Cache from HighMem", "passes"),
        ("Cache from Normal", "refused"),
    ],
)
def test_both_lowmem_zones_of_the_incident_are_one_page_short_and_highmem_is_not(preset, verdict):
    explorer = WatermarkCalculator()
    explorer._request = {"number": 1, "values": PRESETS[preset], "width": 600}
    assert verdict in explorer._shown["sentence"]
    assert {**explorer.values, **PRESETS[preset]} == explorer.values


@given(sent=SETTINGS)
def test_the_verdict_is_the_kernels_for_any_machine_and_request(sent):
    values = settled(sent)
    view = watermark_view(INCIDENT, **values)
    if "does not boot" in view.sentence:
        return
    scope: dict[str, object] = {}
    *statements, expression = view.code.splitlines()
    exec("\n".join(statements), scope)
    spare = eval(expression, scope)
    assert (spare > 0) == ("passes" in view.sentence)
    assert any(text.startswith("passes" if spare > 0 else "refused") for text in texts(view))


@given(free=st.integers(0, 10_000), order=st.just(0), kernel=st.sampled_from(("2.6.32", "3.2.59", "6.1")))
def test_the_sum_agrees_with_the_test_that_it_spells_out(free, order, kernel):
    machine = replace(INCIDENT, kernel=type(INCIDENT.kernel).of(kernel))
    derived = zones(machine)
    judged = request_sum(machine, derived, request="Normal", asked="DMA", free=free, order=order)
    dma = derived[0]
    assert judged.passes == passes(free, dma.watermark_min, dma.lowmem_reserve[1], kernel, order=order)
    assert judged.passes == (judged.left > judged.needed)
    enough = request_sum(
        machine, derived, request="Normal", asked="DMA", free=free + judged.lacking, order=order
    )
    assert enough.passes
    assert judged.by_mistake == (2 if kernel == "3.2.59" else 0)


@given(sent=SETTINGS)
def test_no_request_is_held_against_a_zone_above_its_own(sent):
    values = settled(sent)
    order = ("DMA", "DMA32", "Normal", "HighMem")
    assert order.index(values["asked"]) <= order.index(values["request"])
    assert settled(values) == values


@given(sent=SETTINGS, width=st.integers(280, 1200))
def test_the_picture_stays_inside_its_frame(sent, width):
    picture = watermark_view(INCIDENT, **settled(sent)).draw(width)
    for mark in picture.marks:
        if isinstance(mark, Box):
            assert 0 <= mark.width <= width + 1e-6
        if isinstance(mark, Label):
            assert 0 <= mark.x <= width
            assert 0 < mark.y < picture.height


def test_untouched_ratios_stay_the_kernels_choice():
    assert watermark_view(INCIDENT, **START).code.count("zones(INCIDENT)") == 1


def test_scale_factor_is_off_before_4_6_and_moves_the_marks_after():
    (early,) = (each for each in watermark_panel(INCIDENT, **START).controls if each.name == "scale")
    assert early.off
    marks = {
        watermark_view(INCIDENT, **{**START, "kernel": "6.1", "scale": scale}).table[2][3]
        for scale in (10, 1000)
    }
    assert len(marks) == 2


def test_another_machine_keeps_its_own_ratios_and_kernel():
    own = replace(
        INCIDENT,
        kernel=type(INCIDENT.kernel).of("5.10.7"),
        lowmem_reserve_ratio=(100, 20, 0, 0),
        min_free_kbytes=None,
    )
    explorer = WatermarkCalculator(own, free=10)
    assert (explorer.values["kernel"], explorer.values["ratio_dma"], explorer.values["min_free_kbytes"]) == (
        "5.10.7",
        100,
        0,
    )
    reserve = zones(own)[0].lowmem_reserve[1]
    assert explorer._shown["table"][1][-2] == f"{reserve:,}"
