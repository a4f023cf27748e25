"""One meaning, one look."""

import re

import pytest

from oomlab.palette import as_dict, css_background, css_variables, swatch, swatches

OKABE_ITO = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999"}


def test_every_colour_is_one_of_okabe_and_ito():
    assert {each.color for each in swatches().values()} <= OKABE_ITO


def test_what_memory_is_used_for_can_be_told_apart_in_grey():
    """Same colour or same hatch, never both; slab and buffer_head are one thing and its main part."""
    fills = [each for each in swatches().values() if each.key in USES]
    looks = [(each.color, each.hatch) for each in fills]
    assert len(set(looks)) == len(fills)


USES = {"cache", "anonymous", "slab", "radix_tree_node", "mem_map", "kernel", "swap", "free", "reserve"}


def test_the_three_marks_differ_by_their_dash():
    marks = [swatch(f"watermark_{name}") for name in ("min", "low", "high")]
    assert len({mark.line for mark in marks}) == 3


@pytest.mark.parametrize("key", sorted(swatches()))
def test_every_background_ends_in_its_colour(key):
    assert css_background(key).split(", ")[-1] == swatch(key).color


HATCHED = sorted(key for key, each in swatches().items() if each.hatch)


@pytest.mark.parametrize("key", HATCHED)
def test_a_hatch_is_one_for_the_page_the_widget_and_the_picture(key):
    each = swatch(key)
    assert "gradient" in css_background(key)
    assert each.svg_hatch.startswith(("<path", "<circle"))
    assert set(each.matplotlib_hatch) == {each.hatch}


@pytest.mark.parametrize("key", sorted(set(swatches()) - set(HATCHED)))
def test_a_plain_surface_has_no_hatch_anywhere(key):
    assert css_background(key) == swatch(key).color
    assert (swatch(key).svg_hatch, swatch(key).matplotlib_hatch) == ("", None)


def test_every_swatch_reaches_css_and_the_browser():
    names = re.findall(r"--oom-([a-z-]+): #[0-9A-F]{6};", css_variables())
    assert {name.replace("-", "_") for name in names} == set(swatches()) == set(as_dict())


def test_a_thing_without_a_colour_is_an_error():
    with pytest.raises(KeyError):
        swatch("unicorns")
