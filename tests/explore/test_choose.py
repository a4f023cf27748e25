"""Radio buttons for an exercise: checked when picked, usable from the keyboard, readable without a kernel."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from oomlab import check
from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.kinds import Choice, Number
from oomlab.explore.widgets import choice as module
from oomlab.explore.widgets.choice import Suspects, choose
from oomlab.progress_file import FILE, SETTING
from tests.support.jupyter import run_notebook, write_notebook

ZONE = Exercise(
    id="77.1",
    question="Which zone <b>?",
    kind=Choice({"a": "DMA & co", "b": ""}, "b"),
    hints=("a", "b", "c"),
    solution="It is {answer}.",
    wrong=(Wrong("a", "Too small."),),
)


@pytest.fixture
def zone(monkeypatch):
    for each in (check, module):
        monkeypatch.setattr(each, "find", lambda id: ZONE)
    return choose("77.1")


def test_nothing_is_picked_at_first(zone):
    assert zone.value is None
    assert zone._feedback == ""
    assert check.check("77.1", zone).verdict == "not answered yet"


def test_a_pick_is_checked_at_once_and_kept(zone):
    zone.value = "a"
    assert zone._feedback.startswith("✗ Not yet (77.1). Too small.")
    zone.value = "b"
    assert zone._feedback.startswith("✓ Right (77.1).")
    assert check.check("77.1", zone).passed


def test_a_value_that_is_no_option_is_answered_and_not_raised(zone):
    zone.value = "<script>"
    assert "none of the options" in zone._feedback


def test_without_a_kernel_the_question_and_its_options_are_there(zone):
    data, _ = zone._repr_mimebundle_()
    assert data["text/plain"] == "Which zone <b>?\na DMA & co\nb"
    assert "<p>Which zone &lt;b&gt;?</p><ul><li>a DMA &amp; co</li><li>b</li></ul>" in data["text/html"]


def test_an_exercise_of_another_kind_says_how_to_answer_it(monkeypatch):
    number = Exercise(id="77.2", question="?", kind=Number(lambda: 1), hints=("a", "b", "c"), solution="")
    monkeypatch.setattr(module, "find", lambda id: number)
    with pytest.raises(ValueError, match="not a choice"):
        choose("77.2")


def test_a_choice_that_cannot_be_kept_gets_an_answer_and_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setenv(SETTING, str(tmp_path / "gone" / FILE))
    poll = Suspects()
    poll.value = "swap"
    assert poll._feedback.startswith("This folder cannot be written to (")
    monkeypatch.setenv(SETTING, str(tmp_path / FILE))
    poll = Suspects()
    poll.value = "swap"
    assert poll._feedback.startswith("Kept in my-progress.json.")
    assert Suspects().value == "swap"


def test_without_a_kernel_what_stands_between_backticks_is_code(monkeypatch):
    line = Exercise(
        id="77.3",
        question="What is `a < b`?",
        kind=Choice({"a": "`x`"}, "a"),
        hints=("", "", ""),
        solution="",
    )
    monkeypatch.setattr(module, "find", lambda id: line)
    data, _ = choose("77.3")._repr_mimebundle_()
    assert "<p>What is <code>a &lt; b</code>?</p><ul><li>a <code>x</code></li></ul>" in data["text/html"]


IN_A_NOTEBOOK = """
from oomlab import check
from oomlab.exercises import Exercise
from oomlab.exercises.kinds import Choice
from oomlab.explore.widgets import choice

kind = Choice({"a": "DMA", "b": "Normal", "c": "HighMem"}, "b")
zone = Exercise(id="77.1", question="Which `zone`?", kind=kind, hints=("",) * 3, solution="It is `{answer}`.")
check.find = choice.find = lambda id: zone
choice.choose("77.1")
"""


@pytest.mark.browser
def test_an_option_can_be_picked_with_the_arrow_keys(lab, lab_page, shoot):
    """In JupyterLab itself, which would take the arrow keys away."""
    write_notebook(lab.root / "choose.ipynb", [IN_A_NOTEBOOK])
    run_notebook(lab_page, "choose.ipynb")
    group = lab_page.get_by_role("group", name="Which zone?")
    assert group.locator("legend code").inner_text() == "zone"
    group.get_by_label("DMA").focus()
    lab_page.keyboard.press("ArrowDown")
    expect(lab_page.locator(".oom-radios [role=status]")).to_have_text("✓ Right (77.1). It is b.")
    expect(lab_page.locator(".oom-radios [role=status] code")).to_have_text("b")
    expect(group.get_by_label("Normal")).to_be_checked()
    shoot(lab_page, "choose")
