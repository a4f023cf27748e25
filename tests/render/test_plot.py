"""Pictures: they draw where they are told, leave no trace elsewhere, and say what they found."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import oomlab.plot as plot
from oomlab.gfp import decode_gfp
from oomlab.kernel import KernelRelease
from oomlab.machine import INCIDENT
from oomlab.recorded import compare
from oomlab.render.safe import markup
from oomlab.report import FreeBlocks, Report, Swap, Trigger, ZoneStat
from oomlab.simulation import INCIDENT_WORKLOAD, Trajectory, lowmem_budget, simulate
from oomlab.units import gib_to_pages

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
SWAPPED = Report(kind="oom", first_line=1, last_line=1, swap=Swap(free=10, total=2**24))
SWAPOFF = Report(kind="oom", first_line=1, last_line=1, swap=Swap(free=-61_451, total=0))
MASK = decode_gfp(0x84D0, kernel="3.2.59")
PICTURES = {"zones": REPORT, "buddy": REPORT, "gfp_bits": MASK}


def words(ax: Axes) -> str:
    """Everything that is written in a picture."""
    title = ax.get_title(loc="left").replace("\n", " ")
    return " | ".join([title, *(each.get_text() for each in ax.texts)])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_without_an_axes_shows_itself(name):
    ax = getattr(plot, name)(PICTURES[name])
    page = ax._repr_html_()
    assert ax.png().startswith(b"\x89PNG")
    assert f'alt="{markup(ax.words)}" width="900"' in page
    assert ax.words.startswith(" ".join(ax.get_title(loc="left").split()))
    assert repr(ax) == f"Picture: {' '.join(ax.get_title(loc='left').split())}"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_draws_into_the_axes_it_is_given(name):
    ax = Figure().add_subplot()
    assert getattr(plot, name)(PICTURES[name], ax=ax) is ax
    assert ax.get_title(loc="left")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_changes_no_global_setting(name):
    before = dict(mpl.rcParams)
    getattr(plot, name)(PICTURES[name])._repr_html_()
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
        assert draw(report)._repr_html_()


# --- the model -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [Report(kind="oom", first_line=1, last_line=1), SWAPPED, SWAPOFF],
    ids=["nothing", "swap", "swapoff"],
)
def test_the_totals_fit_the_page_whatever_the_report_prints(report):
    """Nothing, or swap that is larger than all that memory holds; a warning fails the test."""
    ax = plot.totals(report)
    assert ax.png()
    assert all(bar.get_width() <= 1 for bar in ax.patches)


def test_the_blocks_fit_the_page_where_their_list_begins_late():
    zone = ZoneStat(name="DMA", free=1, free_blocks=(FreeBlocks(10, 0), FreeBlocks(11, 7)))
    ax = plot.buddy(replace(REPORT, zones=(zone,)))
    assert ax.png()
    assert all(bar.get_x() + bar.get_width() < ax.get_xlim()[1] for bar in ax.patches)


def sized(gib: float, **changes: object) -> Trajectory:
    return simulate(replace(INCIDENT, ram=gib_to_pages(gib)), replace(INCIDENT_WORKLOAD, **changes))


def panel_words(ax: Axes) -> str:
    return " ".join(each.get_text() for panel in ax.child_axes for each in panel.texts)


def test_the_incident_dies_with_highmem_free_and_the_rest_of_the_way_empty():
    ax = plot.trajectory(simulate(INCIDENT, INCIDENT_WORKLOAD))
    assert ax.get_title(loc="left").startswith("The machine dies after 30.1 GiB: zone Normal has run dry")
    assert "551 MiB still free" in panel_words(ax)
    assert "no page for a page table" in panel_words(ax)
    assert {panel.get_xlim() for panel in ax.child_axes} == {(0.0, 50.0)}


def test_every_surface_of_a_zone_together_fills_it():
    run = simulate(INCIDENT, INCIDENT_WORKLOAD)
    ax = plot.trajectory(run)
    for panel, name in zip(ax.child_axes, ("HighMem", "Normal"), strict=True):
        top = max(path.vertices[:, 1].max() for each in panel.collections for path in each.get_paths())
        assert top == pytest.approx(run.zones[run.end.index(name)].present)


def test_a_64_bit_machine_is_drawn_as_one_zone():
    ax = plot.trajectory(simulate(replace(INCIDENT, arch="x86_64"), INCIDENT_WORKLOAD))
    assert [panel.get_title(loc="left") for panel in ax.child_axes] == ["ZONE_NORMAL"]
    assert "The machine lives" in ax.get_title(loc="left")


def test_the_pieces_of_the_budget_lie_end_to_end_down_to_nothing():
    parts = lowmem_budget(simulate(INCIDENT, INCIDENT_WORKLOAD))
    ax = plot.budget(parts)
    _whole, *pieces = ax.patches
    assert pieces[-1].get_x() == pytest.approx(0, abs=1e-6)
    for upper, lower in pairwise(pieces):
        assert lower.get_x() + lower.get_width() >= upper.get_x() - 1e-6
    assert "470,884 kB" in words(ax)


def test_the_map_names_the_ram_at_which_a_row_turns():
    rows = {f"{size} B": [sized(gib, block_size=size) for gib in (8, 16, 24, 32)] for size in (4096, 1024)}
    ax = plot.safe_map(rows, dot=(32, "4096 B"))
    assert "More RAM makes it worse" in ax.get_title(loc="left")
    assert {"32 GiB", "16 GiB"} <= {each.get_text() for each in ax.texts}


def test_a_map_of_safe_machines_says_so():
    assert (
        plot.safe_map({"4 KiB": [sized(4), sized(8)]}).get_title(loc="left") == "None of these machines dies"
    )


@pytest.fixture(scope="module")
def comparisons():
    return {name: compare(name) for name in ("rsync-fix-off-1024M-swap", "rsync-fix-off-k510-1024M")}


def test_the_model_is_drawn_over_every_sample_of_a_recorded_run(comparisons):
    comparison = comparisons["rsync-fix-off-1024M-swap"]
    line, dots = plot.model_vs_measurement(comparison).lines
    assert len(dots.get_xdata()) == len(comparison.measured)
    assert line.get_ydata()[0] == pytest.approx(dots.get_ydata()[0])


def test_the_predictions_name_their_largest_error(comparisons):
    worst = max(abs(each.error) for each in comparisons.values())
    ax = plot.predictions(comparisons)
    assert f"within {worst:.1%}" in ax.get_title(loc="left")
    assert set(comparisons) <= {each.get_text() for each in ax.texts}
