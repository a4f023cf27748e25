"""The bit explorer says what oomlab.gfp says, for every mask and every kernel on offer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomlab.explore import GfpBits
from oomlab.explore.gfp_bits import LADDERS, gfp_panel, gfp_view, readings
from oomlab.explore.machines import KERNELS
from oomlab.explore.widgets.picture import Box, Label
from oomlab.gfp import decode_gfp, encode_gfp, epochs, zones_allowed

MASKS = st.integers(0, 2**32 - 1)


def words(view, width=700):
    return [mark.text for mark in view.draw(width).marks if isinstance(mark, Label)]


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=30)
@given(mask=MASKS)
def test_every_bit_wears_the_name_that_encodes_to_it(kernel, mask):
    (bits,) = (each for each in gfp_panel(mask=mask, kernel=kernel).controls if each.name == "mask")
    read = decode_gfp(mask, kernel=kernel)
    assert len(bits.names) >= mask.bit_length()
    for bit, name in enumerate(bits.names):
        if name:
            assert encode_gfp([name], kernel=kernel, config=read.config) == 1 << bit
        elif mask >> bit & 1:
            assert read.unknown >> bit & 1


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_preset_sets_the_mask_that_its_name_encodes_to(kernel):
    presets = gfp_panel(mask=0, kernel=kernel).presets
    assert {"GFP_KERNEL", "GFP_ATOMIC"} <= set(presets)
    for name, values in presets.items():
        assert (
            decode_gfp(values["mask"], kernel=kernel).flags
            == decode_gfp(encode_gfp([name], kernel=kernel), kernel=kernel).flags
        )


@given(mask=MASKS)
def test_readings_join_the_kernels_that_agree_and_miss_none(mask):
    spans = readings(mask)
    assert spans[0].since == epochs()[0]
    for start in epochs():
        meant = [each for each in spans if each.since <= start][-1].mask
        read = decode_gfp(mask, kernel=start)
        assert (meant.flags, meant.unknown) == (read.flags, read.unknown)


@given(mask=MASKS, kernel=st.sampled_from(KERNELS))
def test_the_zones_that_are_struck_out_are_those_not_allowed(mask, kernel):
    view = gfp_view(mask=mask, kernel=kernel)
    read = decode_gfp(mask, kernel=kernel)
    closed = sum(len(zones) - len(zones_allowed(read, zones)) for zones in LADDERS.values())
    assert sum(isinstance(mark, Box) and mark.faint for mark in view.draw(700).marks) == closed


@given(mask=MASKS, kernel=st.sampled_from(KERNELS), width=st.integers(280, 1200))
def test_the_picture_stays_inside_its_frame(mask, kernel, width):
    picture = gfp_view(mask=mask, kernel=kernel).draw(width)
    assert all(
        0 <= mark.x <= width and 0 <= mark.y <= picture.height
        for mark in picture.marks
        if isinstance(mark, Label)
    )


def test_the_incidents_mask_in_the_incidents_kernel_and_in_a_later_one():
    here, later = gfp_view(mask=0x84D0, kernel="3.2.59"), gfp_view(mask=0x84D0, kernel="6.1")
    assert "GFP_KERNEL|__GFP_REPEAT|__GFP_ZERO" in here.sentence
    assert "never from HighMem" in here.sentence
    assert "GFP_KERNEL" not in later.sentence


def test_one_reading_is_marked_as_this_kernels_own():
    bold = [
        mark.text
        for mark in gfp_view(mask=0x84D0, kernel="5.10").draw(700).marks
        if isinstance(mark, Label) and mark.bold
    ]
    assert [text for text in bold if text.startswith("since")] == ["since 5.1"]


@given(mask=MASKS, kernel=st.sampled_from(KERNELS))
def test_every_bit_that_is_set_is_put_into_words(mask, kernel):
    flags = decode_gfp(mask, kernel=kernel).flags
    assert {text for text in words(gfp_view(mask=mask, kernel=kernel)) if text in flags} >= {
        flag for flag in flags if flag != "__GFP_RECLAIM"
    }


def test_a_contradiction_is_said():
    assert "contradict" in gfp_view(mask=0x3, kernel="3.2").sentence


def test_the_code_that_is_copied_gives_what_is_shown():
    view = gfp_view(mask=0x200DA, kernel="2.6.32")
    scope: dict[str, object] = {}
    *statements, expression = view.code.splitlines()
    exec("\n".join(statements), scope)
    assert eval(expression, scope).text in view.sentence


def test_the_widget_offers_the_kernel_it_was_given():
    explorer = GfpBits(mask=0xD0, kernel="3.10.0-514.el7")
    assert explorer.values == {"kernel": "3.10.0-514.el7", "mask": 0xD0}
    explorer._request = {"number": 1, "values": {"mask": [4], "kernel": "6.1"}, "width": 600}
    assert explorer.values == {"kernel": "6.1", "mask": 0x10}
