"""An explorer keeps what a page sends in bounds, escapes what it shows, and leaves a picture behind."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab.errors import MachineError
from oomlab.explore import FailureLab, GfpBits, ZoneMap
from oomlab.explore.bundle import stylesheet
from oomlab.explore.widgets.controls import Bits, Choice, Number, Slider, Toggle, doubling_steps
from oomlab.explore.widgets.explorer import NARROWEST, WIDEST, Explorer, Panel, View
from oomlab.explore.widgets.opening import OPENS
from oomlab.explore.widgets.picture import Box, Label, Line, Picture
from oomlab.machine import INCIDENT
from oomlab.palette import swatches
from oomlab.render.safe import markup

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"><script>alert(1)</script>&'$x^2$"
CONTROLS = (
    Slider(name="ram", label="RAM", value=512, steps=(256, 512, 1024)),
    Number(name="free", label="Free", value=7, low=0, high=99),
    Choice(name="arch", label="Kernel", value="i386", options={"i386": "32-bit", "x86_64": "64-bit"}),
    Toggle(name="pae", label="PAE", value=True),
    Bits(name="mask", label="Mask", value=0x84D0, names=("__GFP_DMA", "__GFP_HIGHMEM", "")),
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def numbers(*, ram: int) -> Panel:
    return Panel(controls=(Slider(name="ram", label=HOSTILE, value=ram, steps=(256, 512, 1024)),))


def picture_of(*, ram: int) -> View:
    if ram == 1024:
        raise MachineError("1024 pages of mem_map do not fit")

    def draw(width: int) -> Picture:
        return Picture(
            width=width, height=40, marks=(Label(0, 20, HOSTILE), Box(0, 0, ram / 8, 9, "reserve"))
        )

    return View(sentence=f"{ram} pages {HOSTILE}", draw=draw, table=(("what", "pages"),), code=f"look({ram})")


@pytest.fixture
def explorer() -> Explorer:
    return Explorer("A <test>", panel=numbers, view=picture_of, start={"ram": 512})


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: each.name)
@given(sent=JUNK)
def test_no_control_takes_a_value_that_it_does_not_offer(control, sent):
    value = control.accept(sent)
    assert type(value) is type(control.value)
    if isinstance(control, Slider):
        assert value in control.steps
    if isinstance(control, Number):
        assert control.low <= value <= control.high
    if isinstance(control, Choice):
        assert value in control.options
    if isinstance(control, Bits):
        assert 0 <= value < 2**32


@pytest.mark.parametrize("control", CONTROLS, ids=lambda each: each.name)
def test_every_control_describes_itself_in_plain_json(control):
    spec = json.loads(json.dumps(control.spec()))
    assert (spec["name"], spec["label"], spec["off"]) == (control.name, control.label, False)


def test_a_slider_stops_at_the_nearest_step():
    assert CONTROLS[0].accept(600) == 512


@pytest.mark.parametrize("sent", [0xD0, "0xd0", "D0", [4, 6, 7, 4]])
def test_a_mask_can_be_sent_as_number_text_or_bits(sent):
    assert CONTROLS[4].accept(sent) == 0xD0


@given(mask=st.integers(0, 2**32 - 1))
def test_the_digits_of_a_mask_are_its_hexadecimal_digits(mask):
    spec = Bits(name="mask", label="Mask", value=mask, names=("",) * 32).spec()
    assert "".join(each["digit"] for each in spec["digits"]) == f"{mask:08x}"
    assert sum(1 << bit["bit"] for each in spec["digits"] for bit in each["bits"] if bit["on"]) == mask


@given(
    low=st.integers(1, 4096),
    doublings=st.integers(1, 10),
    parts=st.integers(1, 8),
    keep=st.integers(1, 2**20),
)
def test_steps_rise_and_hold_every_doubling_and_what_must_be_kept(low, doublings, parts, keep):
    steps = doubling_steps(low, low << doublings, parts=parts, keep=(keep,))
    assert list(steps) == sorted(set(steps))
    assert {low << n for n in range(doublings + 1)} | {keep} <= set(steps)


def test_a_picture_is_well_formed_and_shows_hostile_text_as_text():
    marks = (
        Label(1, 2, HOSTILE),
        Box(0, 0, 9, 9, "slab", HOSTILE),
        Line(0, 0, 9, 9, "watermark_low"),
        Box(0, 0, 1, 1),
    )
    root = ElementTree.fromstring(
        Picture(width=90, height=9, marks=marks).svg(HOSTILE).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"')
    )
    assert root.get("aria-label") == HOSTILE
    assert root.find(f"{SVG}text").text == HOSTILE
    assert root.find(f"{SVG}rect/{SVG}title").text == HOSTILE
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("key", sorted(swatches()))
def test_every_swatch_can_be_drawn_both_ways(key):
    picture = Picture(width=40, height=40, marks=(Box(0, 0, 20, 20, key), Line(0, 30, 40, 30, key)))
    assert f"var(--oom-{key.replace('_', '-')})" in picture.svg("swatch")
    assert picture.png().startswith(b"\x89PNG")


def test_without_a_kernel_there_is_still_a_picture_and_the_sentence(explorer):
    data, _ = explorer._repr_mimebundle_()
    assert f'alt="512 pages {markup(HOSTILE)}"' in data["text/html"]
    assert b64decode(data["text/html"].split("base64,")[1].split('"')[0]).startswith(b"\x89PNG")
    assert data["text/plain"] == f"512 pages {HOSTILE}"
    assert set(data["application/vnd.jupyter.widget-view+json"]) == {
        "version_major",
        "version_minor",
        "model_id",
    }


def test_a_question_is_answered_with_its_own_number(explorer):
    explorer._request = {"number": 3, "values": {"ram": 256}, "width": 400}
    assert explorer.values == {"ram": 256}
    assert (explorer._shown["number"], explorer._shown["sentence"]) == (3, f"256 pages {HOSTILE}")
    assert 'width="400"' in explorer._shown["svg"]
    assert "<script" not in explorer._shown["svg"]


@pytest.mark.parametrize(("asked", "drawn"), [(1, NARROWEST), (10**6, WIDEST)])
def test_no_page_is_too_narrow_or_too_wide(explorer, asked, drawn):
    explorer._request = {"number": 1, "width": asked}
    assert f'width="{drawn}"' in explorer._shown["svg"]


def test_a_machine_that_cannot_exist_is_explained(explorer):
    explorer._request = {"number": 1, "values": {"ram": 1024}, "width": 400}
    assert explorer._shown["sentence"] == "1024 pages of mem_map do not fit"


def test_what_goes_to_the_page_is_plain_json(explorer):
    state = explorer.get_state()
    assert json.loads(json.dumps({key: state[key] for key in ("_panel", "_shown", "_start", "_title")}))


def test_the_style_sheet_holds_every_colour_and_reaches_for_nothing_outside():
    sheet = stylesheet("explorer")
    assert all(f"--oom-{key.replace('_', '-')}: #" in sheet for key in swatches())
    assert "@import" not in sheet
    assert "url(" not in sheet


def test_without_matplotlib_a_widget_still_comes_with_its_words():
    """As in a small install in the browser, where the page draws and matplotlib would be 10 MB more."""
    code = """if True:
        import sys
        sys.modules["matplotlib"] = None
        from oomlab import explore
        for name in ("FailureLab", "GfpBits", "Suspects", "WatermarkCalculator", "ZoneMap"):
            data, _ = getattr(explore, name)()._repr_mimebundle_()
            assert "<img" not in data.get("text/html", "")
            assert data["text/plain"]
            print(name, "application/vnd.jupyter.widget-view+json" in data)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.count("True") == 5


@pytest.mark.parametrize(
    ("begun", "values"),
    [
        (FailureLab, {"ram": 16 * 2**18, "page_offset": 0x80000000}),
        (ZoneMap, {"ram": 16 * 2**18, "split": "2G/2G"}),
    ],
)
def test_explorers_open_each_other_with_the_same_machine(begun, values):
    first = begun()
    if begun is FailureLab:
        first.settings = values
    else:
        first._request = {"number": 1, "values": values, "width": 500}
    wanted = replace(INCIDENT, ram=16 * 2**18, page_offset=0x80000000)
    assert first.machine_now() == wanted
    for n, words in enumerate(first._offers):
        first._open = [words, n]
        assert type(first._opened).__name__ == OPENS[words] != begun.__name__
        assert first._opened.machine_now() == wanted
    assert len(first._offers) == 2


def test_an_explorer_without_a_machine_offers_no_other():
    bits = GfpBits()
    assert bits._offers == []
    bits._open = ["Zone map", 1]
    assert bits._opened is None


def test_only_what_is_offered_opens():
    lab = FailureLab()
    lab._open = ["os.system", 1]
    assert lab._opened is None
