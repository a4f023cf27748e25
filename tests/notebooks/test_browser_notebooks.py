"""Every notebook, opened in JupyterLab in a real browser and run from top to bottom."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))

RUN_ALL = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.revealed;
  await panel.sessionContext.ready;
  await jupyterapp.commands.execute('notebook:run-all-cells');
  await panel.sessionContext.session.kernel.requestKernelInfo();
  return panel.context.model.toJSON().cells;
}"""
WIDGET = "application/vnd.jupyter.widget-view+json"


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def run_all(page, lab, notebook):
    """Open a notebook, run its cells, and give them back as they are then."""
    page.goto(lab.link(f"notebooks/{notebook}"))
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    return page.evaluate(RUN_ALL)


def keep_picture(page, shots, notebook):
    """Make the window as tall as the notebook, and take its picture."""
    height = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.jp-Notebook, .jp-Notebook *')].map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": 1280, "height": min(16_000, height + 200)})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    page.wait_for_timeout(1000)
    page.screenshot(path=shots / f"{notebook.removesuffix('.ipynb')}.png")


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs_in_the_browser_and_its_widgets_appear(notebook, page, lab, shots):
    cells = run_all(page, lab, notebook)
    keep_picture(page, shots, notebook)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["execution_count"] for cell in code)
    assert [output for output in outputs(cells) if output["output_type"] == "error"] == []
    expected = sum(WIDGET in output.get("data", {}) for output in outputs(cells))
    shown = page.locator(".jp-OutputArea-output .oom")  # the class of every widget of the course
    page.wait_for_function(
        "n => document.querySelectorAll('.jp-OutputArea-output .oom').length >= n", arg=expected
    )
    assert shown.count() == expected
    for text in shown.all_inner_texts():
        assert "Error" not in text
        assert "Loading widget" not in text
