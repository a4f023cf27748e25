"""Pictures: they draw where they are told, leave no trace elsewhere, and say what they found."""

import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import oomlab.plot as plot
from oomlab.gfp import decode_gfp
from oomlab.kernel import KernelRelease
from oomlab.report import FreeBlocks, Report, Trigger, ZoneStat

BLOCKS = tuple(FreeBlocks(order, count) for order, count in enumerate((830, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1)))
REPORT = Report(
    kind="oom",
    first_line=1,
    last_line=78,
    kernel=KernelRelease.of("3.2.59"),
    trigger=Trigger(gfp_mask=0x84D0, order=0),
    zones=(
        ZoneStat(
            name="Normal",
            free=2014,
            watermark_min=2012,
            watermark_low=2515,
            watermark_high=3018,
            lowmem_reserve=(0, 0, 252949, 252949),
            free_blocks=BLOCKS,
        ),
        ZoneStat(name="HighMem", free=140481, watermark_min=128, lowmem_reserve=(0, 0, 0, 0)),
    ),
)
MASK = decode_gfp(0x84D0, kernel="3.2.59")
PICTURES = {"zones": REPORT, "buddy": REPORT, "gfp_bits": MASK}


def words(ax: Axes) -> str:
    """Everything that is written in a picture."""
    title = ax.get_title(loc="left").replace("\n", " ")
    return " | ".join([title, *(each.get_text() for each in ax.texts)])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_without_an_axes_shows_itself(name):
    ax = getattr(plot, name)(PICTURES[name])
    png, size = ax._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size["width"] == 900
    assert repr(ax) == f"Picture: {' '.join(ax.get_title(loc='left').split())}"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_draws_into_the_axes_it_is_given(name):
    ax = Figure().add_subplot()
    assert getattr(plot, name)(PICTURES[name], ax=ax) is ax
    assert ax.get_title(loc="left")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_changes_no_global_setting(name):
    before = dict(mpl.rcParams)
    getattr(plot, name)(PICTURES[name])._repr_png_()
    assert dict(mpl.rcParams) == before


def test_no_picture_needs_pyplot():
    code = "import sys, oomlab.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_zones_say_which_was_short_and_by_how_much():
    said = words(plot.zones(REPORT))
    assert said.startswith("Every zone that this request could use was short. 549 MiB lay free in HighMem")
    assert "short by 1 page" in said
    assert "full width: 12 MiB" in said


def test_the_free_blocks_are_counted_as_the_report_counts_them():
    counts = [each.get_text() for each in plot.buddy(REPORT).texts]
    for each in BLOCKS:
        assert f"{each.blocks:,}" in counts


def test_a_request_that_no_block_is_large_enough_for_is_named_in_the_title():
    report = replace(REPORT, trigger=Trigger(gfp_mask=0x84D0, order=11))
    assert plot.buddy(report).get_title(loc="left").startswith("No zone has a free block of 8,192 kB")


def test_each_set_bit_is_explained_once():
    said = [each.get_text() for each in plot.gfp_bits(MASK).texts]
    for flag in MASK.flags - {"__GFP_RECLAIM"}:
        assert said.count(flag) == 1


@pytest.mark.parametrize(
    "report", [replace(REPORT, zones=()), Report(kind="show_mem", first_line=1, last_line=1)]
)
def test_a_report_without_zones_still_makes_a_picture(report):
    for draw in (plot.zones, plot.buddy):
        assert draw(report)._repr_png_()
