"""No text of an explorer's picture lies over another or runs out of it, at any width."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oomlab.explore import GfpBits, WatermarkCalculator, ZoneMap
from oomlab.explore.machines import BUILDS, RAM_STEPS
from oomlab.explore.widgets.picture import Label, Picture

WIDTHS = st.integers(280, 1200)


def box(label: Label) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom of a label as a narrow font would set it."""
    width = (0.602 if label.mono else 0.5) * label.size * len(label.text)
    left = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
    return left, left + width, label.y - 0.7 * label.size, label.y


def collisions(picture: Picture) -> list[str]:
    """Return what is wrong: texts over each other, and texts that leave the frame."""
    labels = [(mark.text, box(mark)) for mark in picture.marks if isinstance(mark, Label) and mark.text]
    found = [text for text, (left, right, _, _) in labels if left < -1 or right > picture.width + 1]
    for (text, a), (other, b) in combinations(labels, 2):
        if min(a[1], b[1]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[2], b[2]) > 1:
            found.append(f"{text!r} over {other!r}")
    return found


def drawn(explorer: Any, changes: dict[str, Any], width: int) -> Picture:
    panel = explorer._make_panel(**{**explorer.values, **changes})
    for _ in panel.controls:  # one choice may rule out another
        panel = explorer._make_panel(**panel.accept(panel.values))
    return explorer._make_view(**panel.values).draw(width)


@settings(max_examples=60)
@given(
    mask=st.integers(0, 2**32 - 1), kernel=st.sampled_from(("2.6.18", "3.2.59", "4.4", "6.1")), width=WIDTHS
)
def test_the_bits_of_any_mask(mask, kernel, width):
    assert collisions(drawn(GfpBits(), {"mask": mask, "kernel": kernel}, width)) == []


@settings(max_examples=60)
@given(ram=st.sampled_from(RAM_STEPS), build=st.sampled_from(sorted(BUILDS)), width=WIDTHS)
def test_the_zones_of_any_machine(ram, build, width):
    assert collisions(drawn(ZoneMap(), {"ram": ram, "build": build}, width)) == []


@settings(max_examples=60)
@given(
    ram=st.sampled_from(RAM_STEPS),
    build=st.sampled_from(sorted(BUILDS)),
    request=st.sampled_from(("DMA", "Normal", "HighMem")),
    free=st.integers(0, 2**25),
    width=WIDTHS,
)
def test_the_watermarks_of_any_machine(ram, build, request, free, width):
    changes = {"ram": ram, "build": build, "request": request, "asked": request, "free": free}
    assert collisions(drawn(WatermarkCalculator(), changes, width)) == []


@pytest.mark.parametrize("width", [280, 320])
def test_the_pictures_that_learners_meet_first(width):
    assert collisions(drawn(GfpBits(), {"mask": 0x84D0}, width)) == []
    assert collisions(drawn(WatermarkCalculator(), {"build": "x86_64"}, width)) == []
