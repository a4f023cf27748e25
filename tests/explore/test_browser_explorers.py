"""The explorers under a hand: in JupyterLab, in a real browser, by keyboard and by mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.jupyter import run_notebook, write_notebook

pytestmark = pytest.mark.browser

EXPLORERS = ("GfpBits", "WatermarkCalculator", "ZoneMap")
UNNAMED = """() => [...document.querySelectorAll('.oom-explorer input, .oom-explorer select')]
    .filter((each) => !each.labels.length || ![...each.labels].every((label) => label.textContent.trim()))
    .map((each) => each.outerHTML)"""
UNGUARDED = """() => [...document.querySelectorAll('.oom-explorer :is(input, select, button)')]
    .filter((each) => each.dataset.lmSuppressShortcuts !== 'true').map((each) => each.outerHTML)"""
RESIZE = """(width) =>
    document.querySelectorAll('.oom-explorer').forEach((each) => { each.style.width = `${width}px`; })"""
DRAWN = """() => [...document.querySelectorAll('.oom-explorer .stage')].every((stage) =>
    stage.querySelector('svg').width.baseVal.value === Math.floor(stage.clientWidth))"""
SPILLS = """() => [...document.querySelectorAll('.oom-explorer')]
    .flatMap((each) => [each, ...each.querySelectorAll('.frame, .control, .stage, .sentence')])
    .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className)"""
CLIPPED = """() => [...document.querySelectorAll('.oom-explorer svg')].flatMap((svg) => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter((text) => {
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1;
    }).map((text) => text.textContent);
})"""


@pytest.fixture
def shown(lab, lab_page):
    """JupyterLab with every explorer in it, alive."""
    lab_page.set_viewport_size({"width": 1280, "height": 3000})
    show = [f"from oomlab.explore import {name}\n{name}()" for name in EXPLORERS]
    write_notebook(lab.root / "explorers.ipynb", show)
    run_notebook(lab_page, "explorers.ipynb")
    expect(lab_page.locator(".oom-explorer svg")).to_have_count(len(EXPLORERS))
    return lab_page


def explorer(page, name):
    return page.get_by_role("group", name=name).and_(page.locator(".frame"))


def says(widget, words):
    expect(widget.locator(".sentence")).to_contain_text(words)


def test_explorers_answer_keyboard_and_mouse(shown, shoot):
    """One test for all, for opening JupyterLab takes longer than using it."""
    arrows_move_a_slider_and_leave_the_notebook_alone(shown)
    bits_and_text_are_one_mask(shown)
    a_preset_a_number_and_reset(shown)
    assert shown.evaluate(UNNAMED) == []
    assert shown.evaluate(UNGUARDED) == []
    for width in (320, 520, 800):
        shown.evaluate(RESIZE, width)
        shown.wait_for_function(DRAWN)
        assert shown.evaluate(SPILLS) == []
        assert shown.evaluate(CLIPPED) == []
        shoot(shown, f"explorers-{width}")


def arrows_move_a_slider_and_leave_the_notebook_alone(page):
    zones = explorer(page, "Zones of a machine")
    ram = zones.get_by_label("RAM", exact=True)
    ram.focus()
    for key, read in (
        ("ArrowRight", "40 GiB"),
        ("ArrowUp", "48 GiB"),
        ("ArrowDown", "40 GiB"),
        ("ArrowLeft", "32 GiB"),
    ):
        page.keyboard.press(key)
        expect(ram).to_have_attribute("aria-valuetext", read)
    page.keyboard.press("End")
    says(zones, "63.1 GiB are HighMem")
    expect(zones.locator("p[role=status]")).to_contain_text("63.1 GiB")
    expect(ram).to_be_focused()


def bits_and_text_are_one_mask(page):
    bits = explorer(page, "What a gfp mask asks for")
    bits.get_by_role("checkbox", name="__GFP_HIGHMEM").focus()
    page.keyboard.press("Space")
    says(bits, "0x84d2")
    expect(bits.get_by_label("gfp_mask")).to_have_value("0x84d2")
    bits.get_by_label("gfp_mask").fill("0xd0")
    says(bits, "0xd0 is GFP_KERNEL.")
    expect(bits.get_by_role("checkbox", name="__GFP_HIGHMEM")).not_to_be_checked()
    bits.get_by_label("gfp_mask").fill("no mask")
    bits.get_by_label("Kernel").select_option("6.1")
    says(bits, "In Linux 6.1, 0xd0 is __GFP_IO|__GFP_FS|__GFP_RECLAIMABLE")
    expect(bits.get_by_role("checkbox", name="__GFP_RECLAIMABLE")).to_be_checked()


def a_preset_a_number_and_reset(page):
    marks = explorer(page, "Watermarks and reserves")
    marks.get_by_role("button", name="Page table from DMA").click()
    says(marks, "refused, 1 page short")
    free = marks.get_by_label("Free there, pages")
    expect(free).to_have_value("906")
    free.fill("907")
    says(marks, "passes, by 1 page")
    marks.get_by_role("button", name="Show as table").click()
    expect(marks.get_by_role("row", name="DMA").get_by_role("cell").nth(1)).to_have_text("35")
    marks.get_by_role("button", name="Reset").click()
    says(marks, "Normal has 2,014")


def test_an_explorer_without_a_kernel_says_so(lab_page, lab):
    write_notebook(lab.root / "dead.ipynb", ["from oomlab.explore import ZoneMap\nZoneMap()"])
    run_notebook(lab_page, "dead.ipynb")
    zones = explorer(lab_page, "Zones of a machine")
    note = zones.get_by_text("No answer from Python yet")
    expect(zones.locator("svg")).to_be_visible()
    expect(note).to_be_hidden()
    lab_page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    zones.get_by_label("RAM", exact=True).press("End")
    expect(note).to_be_visible()
    expect(zones.locator(".stage")).to_have_class("stage stale")


def test_the_zone_map_opens_the_lab_with_its_machine(lab, lab_page):
    write_notebook(lab.root / "opening.ipynb", ["from oomlab.explore import ZoneMap\nZoneMap()"])
    run_notebook(lab_page, "opening.ipynb")
    lab_page.get_by_role("button", name="16 GiB").click()
    says(explorer(lab_page, "Zones of a machine"), "HighMem")
    lab_page.get_by_role("button", name="Failure lab").click()
    expect(lab_page.get_by_label("RAM in GiB, exact")).to_have_value("16")
    expect(lab_page.locator(".oom-lab .sentence")).to_contain_text("The machine lives")
    lab_page.locator(".oom-lab").get_by_role("slider", name="RAM", exact=True).press("ArrowRight")
    expect(lab_page.get_by_label("RAM in GiB, exact")).to_have_value("16.5")
