"""Every notebook, opened in JupyterLab in a real browser and run from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.jupyter import run_notebook

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))

CELLS = "() => jupyterapp.shell.currentWidget.context.model.toJSON().cells"
WIDGET = "application/vnd.jupyter.widget-view+json"


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def keep_picture(page, shoot, notebook):
    """Make the window as tall as the notebook, and take its picture."""
    height = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.jp-Notebook, .jp-Notebook *')].map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": 1280, "height": min(16_000, height + 200)})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    shoot(page, notebook.removesuffix(".ipynb"))


def test_hints_and_options_open_by_mouse_and_from_the_keyboard(lab_page, shoot):
    run_notebook(lab_page, "notebooks/01_read_the_report.ipynb")
    card = lab_page.locator(".jp-OutputArea-output [role=status]", has_text="Not answered yet (01.1)")
    nudge, method = (card.get_by_text(words) for words in ("Blocks come in sizes", "Work out 2 to the power"))
    expect(nudge).to_be_hidden()
    card.get_by_text("Hint", exact=True).click()
    expect(nudge).to_be_visible()
    expect(method).to_be_hidden()
    stronger = card.locator("summary", has_text="A stronger hint")
    stronger.focus()
    stronger.press("Enter")
    expect(method).to_be_visible()
    options = lab_page.get_by_role("group", name="which zone stands below its min")
    options.get_by_label("HighMem").click()
    expect(lab_page.get_by_text("378,388 kB are free there")).to_be_visible()
    options.get_by_label("HighMem").press("ArrowUp")
    expect(lab_page.get_by_text("✓ Right (01.6)")).to_be_visible()
    shoot(lab_page, "help")


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs_in_the_browser_and_its_widgets_appear(notebook, lab_page, shoot):
    run_notebook(lab_page, f"notebooks/{notebook}")
    cells = lab_page.evaluate(CELLS)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["execution_count"] for cell in code)
    assert [output for output in outputs(cells) if output["output_type"] == "error"] == []
    expected = sum(WIDGET in output.get("data", {}) for output in outputs(cells))
    shown = lab_page.locator(".jp-OutputArea-output .oom:not(.oom .oom)")  # the class of every widget
    if expected:
        expect(shown.nth(expected - 1)).to_be_attached()  # pictures of the course may have the class too
    expect(shown.filter(has_text=re.compile("Error|Loading widget"))).to_have_count(0)
    keep_picture(lab_page, shoot, notebook)
