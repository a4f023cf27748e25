"""The explorers under a hand: in JupyterLab, in a real browser, by keyboard and by mouse."""

from __future__ import annotations

import nbformat
import pytest

pytestmark = pytest.mark.browser

EXPLORERS = ("GfpBits", "WatermarkCalculator", "ZoneMap")
UNNAMED = """() => [...document.querySelectorAll('.oom-explorer input, .oom-explorer select')]
    .filter((each) => !each.labels.length || ![...each.labels].every((label) => label.textContent.trim()))
    .map((each) => each.outerHTML)"""
UNGUARDED = """() => [...document.querySelectorAll('.oom-explorer :is(input, select, button)')]
    .filter((each) => each.dataset.lmSuppressShortcuts !== 'true').map((each) => each.outerHTML)"""
RESIZE = """(width) =>
    document.querySelectorAll('.oom-explorer').forEach((each) => { each.style.width = `${width}px`; })"""
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
def notebook(lab):
    """A notebook that shows every explorer."""
    path = lab.root / "explorers.ipynb"
    show = [nbformat.v4.new_code_cell(f"from oomlab.explore import {name}\n{name}()") for name in EXPLORERS]
    kernel = {"name": "python3", "display_name": "Python 3"}  # without one Lab would ask which
    nbformat.write(nbformat.v4.new_notebook(cells=show, metadata={"kernelspec": kernel}), path)
    return path


@pytest.fixture
def shown(page, lab, notebook):
    """The page with every explorer in it, alive."""
    page.set_viewport_size({"width": 1280, "height": 3000})
    page.goto(lab.link(notebook.name))
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.evaluate("""async () => {
        const panel = jupyterapp.shell.currentWidget;
        await panel.revealed;
        await panel.sessionContext.ready;
        await jupyterapp.commands.execute('notebook:run-all-cells');
    }""")
    page.wait_for_function(
        f"document.querySelectorAll('.oom-explorer svg').length === {len(EXPLORERS)}", timeout=60_000
    )
    return page


def explorer(page, name):
    return page.get_by_role("group", name=name).and_(page.locator(".frame"))


def says(widget, words):
    widget.locator(".sentence", has_text=words).wait_for(timeout=5_000)


def test_explorers_answer_keyboard_and_mouse(shown, shots):
    """One test for all, for opening JupyterLab takes longer than using it."""
    arrows_move_a_slider_and_leave_the_notebook_alone(shown)
    bits_and_text_are_one_mask(shown)
    a_preset_a_number_and_reset(shown)
    assert shown.evaluate(UNNAMED) == []
    assert shown.evaluate(UNGUARDED) == []
    for width in (320, 520, 800):
        shown.evaluate(RESIZE, width)
        shown.wait_for_timeout(500)
        assert shown.evaluate(SPILLS) == []
        assert shown.evaluate(CLIPPED) == []
        shown.screenshot(path=shots / f"explorers-{width}.png")


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
        assert ram.get_attribute("aria-valuetext") == read
    page.keyboard.press("End")
    says(zones, "63.1 GiB are HighMem")
    assert "63.1 GiB" in zones.locator("p[role=status]").text_content()
    assert ram.evaluate("input => input === document.activeElement")


def bits_and_text_are_one_mask(page):
    bits = explorer(page, "What a gfp mask asks for")
    bits.get_by_role("checkbox", name="__GFP_HIGHMEM").focus()
    page.keyboard.press("Space")
    says(bits, "0x84d2")
    assert bits.get_by_label("gfp_mask").input_value() == "0x84d2"
    bits.get_by_label("gfp_mask").fill("0xd0")
    says(bits, "0xd0 is GFP_KERNEL.")
    assert not bits.get_by_role("checkbox", name="__GFP_HIGHMEM").is_checked()
    bits.get_by_label("gfp_mask").fill("no mask")
    bits.get_by_label("Kernel").select_option("6.1")
    says(bits, "In Linux 6.1, 0xd0 is __GFP_IO|__GFP_FS|__GFP_RECLAIMABLE")
    assert bits.get_by_role("checkbox", name="__GFP_RECLAIMABLE").is_checked()


def a_preset_a_number_and_reset(page):
    marks = explorer(page, "Watermarks and reserves")
    marks.get_by_role("button", name="Page table from DMA").click()
    says(marks, "refused, 1 page short")
    free = marks.get_by_label("Free there, pages")
    assert free.input_value() == "906"
    free.fill("907")
    says(marks, "passes, by 1 page")
    marks.get_by_role("button", name="Show as table").click()
    assert marks.get_by_role("row", name="DMA").get_by_role("cell").nth(1).text_content() == "35"
    marks.get_by_role("button", name="Reset").click()
    says(marks, "Normal has 2,014")
