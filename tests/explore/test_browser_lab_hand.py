"""Nothing that a hand does breaks the failure lab: any machine, any width, any way there, every control."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from oomlab.explore.lab_page import lab_page as page_text
from oomlab.machine import INCIDENT
from tests.support.jupyter import close_notebooks, open_notebook, run_notebook, write_notebook
from tests.support.lab_hand import CONTROLS, DRAWN, FAULTS, SAID, Controls, go_to, sentence, trials

pytestmark = pytest.mark.browser

GIB = 2**18
MACHINES = 120
"""In the ordinary run; ``python -m benchmarks.lab_hand`` tries 5,000."""


@pytest.fixture
def address(tmp_path):
    path = tmp_path / "lab.html"
    path.write_text(page_text(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(page, address):
    page.goto(address)
    page.wait_for_selector(".oom-lab .sentence strong:not(:empty)")
    return page


def said(page) -> str:
    page.evaluate(DRAWN)
    return page.evaluate(SAID)[0]


def test_any_machine_at_any_width_by_any_way(opened, address):
    faults = [trial for trial in trials(opened, address, MACHINES) if trial.faults]
    assert not faults


@pytest.mark.parametrize(
    "spoil",
    [
        "document.querySelector('.oom-lab svg[role=img] text').setAttribute('x', 5000)",
        "for (const each of document.querySelectorAll('.oom-lab svg text')) each.setAttribute('y', 60)",
        "document.querySelector('.oom-lab .control').style.width = '3000px'",
        "document.querySelector('.oom-lab .head').setAttribute('y1', 'NaN')",
        "document.querySelector('.oom-lab .captions').textContent = 'undefined'",
    ],
)
def test_the_faults_that_are_looked_for_can_be_found(opened, spoil):
    said(opened)
    assert opened.evaluate(FAULTS) == []
    opened.evaluate(spoil)
    assert opened.evaluate(FAULTS) != []


# --- time ---------------------------------------------------------------------------------------


def moment(page) -> float:
    page.evaluate(DRAWN)
    return float(page.locator("input.scrub").get_attribute("aria-valuetext").split()[0])


def test_the_scrubber_follows_the_mouse(opened):
    box = opened.get_by_role("slider", name="GiB copied so far").bounding_box()
    y = box["y"] + box["height"] / 2
    opened.mouse.click(box["x"] + 0.2 * box["width"], y)
    assert moment(opened) == pytest.approx(10, abs=0.7)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 0.4 * box["width"], y, steps=5)
    assert moment(opened) == pytest.approx(20, abs=0.7)
    opened.mouse.move(box["x"] + 0.95 * box["width"], y, steps=5)
    opened.mouse.up()
    assert moment(opened) == 30.1, "there is nothing after the end"
    assert said(opened) == sentence({})


def test_the_scrubber_stops_what_plays(opened):
    opened.get_by_role("button", name="Play", exact=True).click()
    box = opened.get_by_role("slider", name="GiB copied so far").bounding_box()
    opened.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    there = moment(opened)
    assert there == pytest.approx(15, abs=0.7)
    opened.get_by_role("button", name="Play", exact=True).wait_for()
    assert moment(opened) == there


def test_the_scrubber_follows_a_finger(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(address)
    slider = page.get_by_role("slider", name="GiB copied so far")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + 10 + 0.2 * (box["width"] - 20), box["y"] + box["height"] / 2)
    assert moment(page) == pytest.approx(10, abs=1)
    context.close()


# --- machines that do not start, and small ones -----------------------------------------------------

IMPOSSIBLE = ["vmalloc_mib=832", "ram=1", "mem_limit=1", "pae=false", "vmalloc_mib=640&other_lowmem=12000"]


@pytest.mark.parametrize("hash", IMPOSSIBLE)
def test_a_machine_that_does_not_start_as_the_first_leaves_the_lab_alive(page, address, hash):
    page.goto(f"{address}#{hash}")
    assert said(page).startswith("This machine does not start")
    assert page.evaluate(FAULTS) == []
    page.get_by_role("slider", name="RAM", exact=True).press("Home")
    page.get_by_role("button", name="64-bit").click()
    assert said(page) == sentence({"arch": "x86_64"})
    go_to(page, hash)
    assert said(page).startswith("This machine does not start")
    page.get_by_role("button", name="Reset").click()
    assert said(page) == sentence({})
    assert page.evaluate(FAULTS) == []


def test_a_64_bit_machine_with_little_ram_is_drawn(opened):
    opened.get_by_role("button", name="64-bit").click()
    opened.get_by_label("RAM in GiB, exact").fill("2")
    assert said(opened) == sentence({"arch": "x86_64", "ram": 2 * GIB})
    assert ">DMA32<" in opened.get_by_role("img", name="The zones").inner_html()
    assert opened.evaluate(FAULTS) == []


# --- widths -----------------------------------------------------------------------------------------


def test_it_narrows_as_it_has_widened(opened):
    for width in (860, 360, 1280, 320, 700):
        opened.set_viewport_size({"width": width, "height": 900})
        said(opened)
        assert opened.evaluate(FAULTS) == [], width


# --- what is typed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "70", "1e2", "0", "-3"])
def test_a_field_that_makes_no_sense_goes_back_to_what_it_was(opened, typed):
    field = opened.get_by_label("RAM in GiB, exact")
    field.fill("16")
    field.press("Tab")
    field.focus()
    field.press("Control+a")
    opened.keyboard.type(typed) if typed else field.press("Delete")
    field.press("Tab")
    assert said(opened) == sentence({"ram": 16 * GIB})
    assert field.input_value() == "16"
    assert opened.url.endswith("#ram=16G")


def test_a_size_can_be_typed_to_the_page(opened):
    field = opened.get_by_label("RAM in GiB, exact")
    field.fill("31.6875")
    field.press("Enter")
    assert said(opened) == sentence({"ram": round(31.6875 * GIB)})
    assert opened.url.endswith("#ram=31.6875G")


def test_leaving_a_field_untouched_changes_nothing(opened):
    swap = opened.get_by_label("Swap in GiB, exact")
    swap.focus()
    swap.press("End")
    swap.press("Tab")
    said(opened)
    assert "#" not in opened.url or opened.url.endswith("#")
    assert INCIDENT.swap == 489_973


@pytest.mark.parametrize("hash", ["written=0", "ram=0", "ram=null"])
def test_nothing_cannot_be_copied_and_no_ram_is_none(opened, hash):
    go_to(opened, hash)
    assert said(opened) == sentence({})
    assert opened.evaluate(FAULTS) == []


# --- every control ------------------------------------------------------------------------------------


def test_every_control_can_be_driven_by_keyboard_and_mouse(opened):
    controls = Controls()
    for summary in opened.locator(".oom-lab .panel summary").all():
        summary.click()
    for row in controls.rows:
        opened.get_by_role("button", name="Reset").click()
        said(opened)
        control = opened.locator(f".oom-lab .panel [id$='-{row['name']}']")
        before = opened.evaluate(CONTROLS)[row["name"]]
        if row["kind"] == "toggle":
            control.click()
        elif row["kind"] == "choice":
            control.select_option(index=(before + 1) % len(row["options"]))
        else:
            control.press("End" if before in ("0 GiB", "0 %", "all RAM", "the kernel’s own") else "Home")
        told = said(opened)
        after = opened.evaluate(CONTROLS)[row["name"]]
        assert after != before, row["name"]
        assert opened.evaluate(FAULTS) == [], row["name"]
        if row["kind"] in ("slider", "size"):
            box = control.bounding_box()
            opened.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2)
            said(opened)
            assert opened.evaluate(CONTROLS)[row["name"]] != after, row["name"]
        assert told


def test_what_was_changed_out_of_sight_stands_in_the_summary(opened):
    opened.get_by_role("button", name="mem=16G").click()
    said(opened)
    assert opened.locator(".oom-lab summary", has_text="Fine print (1 changed): mem= 16 GiB").count() == 1
    opened.get_by_role("button", name="With the fix").click()
    said(opened)
    assert (
        opened.locator(".oom-lab summary", has_text="The kernel (1 changed): Fix of 2012 present").count()
        == 1
    )


# --- in a notebook ------------------------------------------------------------------------------------

CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
  .map((cell) => cell.model.sharedModel.getSource())"""
FOCUS = """(n) => {
  const all = document.querySelectorAll(".oom :is(button, input, select, summary, pre)");
  const seen = [...all].filter((each) => each.getClientRects().length && !each.disabled);
  seen[n]?.focus();
  return n < seen.length;
}"""
SOURCES = (
    "from oomlab.explore import FailureLab, WatermarkCalculator\nlab = FailureLab()\nlab",
    "WatermarkCalculator()",
)


def test_letters_on_anything_that_takes_the_focus_leave_the_notebook_alone(lab_page, lab):
    write_notebook(lab.root / "keys.ipynb", SOURCES)
    run_notebook(lab_page, "keys.ipynb")
    expect(lab_page.locator(".oom-lab .sentence strong")).not_to_be_empty()
    expect(lab_page.locator(".oom-explorer svg")).to_be_visible()
    for summary in lab_page.locator(".oom-lab summary").all():
        summary.click()
    before, n = lab_page.evaluate(CELLS), 0
    while lab_page.evaluate(FOCUS, n):
        for key in ("a", "b", "x", "d", "d", "ArrowUp", "ArrowDown"):
            lab_page.keyboard.press(key)
        assert lab_page.evaluate(CELLS) == before, f"element {n}"
        n += 1
    assert n > 40
    assert lab_page.locator(".oom-lab").count() == 1


def test_a_notebook_that_was_saved_shows_the_lab_again_without_a_kernel(lab_page, lab):
    write_notebook(lab.root / "saved.ipynb", SOURCES[:1])
    run_notebook(lab_page, "saved.ipynb")
    lab_page.get_by_role("button", name="64-bit").click()
    said = lab_page.locator(".oom-lab .sentence")
    expect(said).to_have_text(sentence({"arch": "x86_64"}))
    lab_page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    for _ in range(3):  # on a busy machine a widget may take more than the 2 s that anywidget gives it
        close_notebooks(lab_page)
        open_notebook(lab_page, "saved.ipynb")
        expect(said.or_(lab_page.get_by_text("Error displaying widget")).first).to_be_visible()
        if said.count():
            break
    expect(said).to_have_text(sentence({"arch": "x86_64"}))
    lab_page.get_by_role("button", name="The incident").click()
    expect(said).to_have_text(sentence({}))
