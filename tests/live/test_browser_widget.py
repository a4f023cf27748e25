"""The live kernel in JupyterLab: started, watched to its end, and read by Python. A stand-in emulates."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from oomlab.errors import LabUnavailable
from oomlab.explore import LiveKernel
from tests.support.jupyter import run_notebook, write_notebook
from tests.support.live_states import write_states

SHOW = """
import os
from pathlib import Path
os.environ["OOMLAB_CACHE"] = {cache!r}
from oomlab import diagnose
from oomlab.explore import LiveKernel

def tell(change):
    run = machine.run
    words = [run.engine, run.outcome, str(run.page_cache // 256), diagnose(run.report).cause, run.notes[0][1]]
    Path({told!r}).write_text(" ".join(words))

machine = LiveKernel()
machine.observe(tell, "_told")
machine
"""


@pytest.mark.browser
def test_a_machine_in_jupyterlab_dies_and_its_run_comes_back_to_python(lab, lab_page, tmp_path, shoot):
    write_states(tmp_path / "cache/states-stand-in")
    told = tmp_path / "told"
    write_notebook(lab.root / "live.ipynb", [SHOW.format(cache=str(tmp_path / "cache"), told=str(told))])
    run_notebook(lab_page, "live.ipynb")
    machine = lab_page.locator(".oom-live")
    machine.get_by_role("button", name="Run the incident").click()
    expect(machine.locator(".headline")).to_contain_text("The kernel has killed dd")
    expect(machine.get_by_label("The report")).to_contain_text("Killed process")
    shoot(lab_page, "live-jupyterlab")
    for _ in range(600):
        if told.exists() and told.read_text():  # a file is there before it is written
            break
        lab_page.wait_for_timeout(100)
    assert told.read_text() == "browser killed 306 lowmem_exhaustion fix off"


def test_without_a_saved_machine_the_widget_offers_the_recording_and_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path))
    widget = LiveKernel()
    assert "oomlab lab setup --engine browser" in widget._facts["refusal"]
    assert "Killed process" in widget._facts["recording"]["console"]
    with pytest.raises(LabUnavailable, match="has not told anything yet"):
        _ = widget.run


def test_the_widget_hands_over_no_file_but_those_a_start_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path))
    write_states(tmp_path / "states-stand-in")
    widget, sent = LiveKernel(), []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append((content, buffers)))
    for name in ("v86.wasm", "manifest.json", "../../etc/passwd"):
        widget._hand_over(widget, {"want": name}, [])
    assert sent[0] == ({"file": "v86.wasm"}, [b"stand-in"])
    assert ["error" in content for content, _ in sent] == [False, True, True]


def test_a_saved_notebook_keeps_a_picture_of_the_recording(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path))
    data, _ = LiveKernel()._repr_mimebundle_()
    assert {"text/html", "text/plain"} <= set(data)
    assert 'src="data:image/png' in data["text/html"]
    assert "alt=" in data["text/html"]
