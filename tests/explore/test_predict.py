"""A prediction: first the guess, then the outcome; with the mouse, from the keyboard, without a kernel."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from oomlab.exercises import Prediction, UnknownExercise
from oomlab.exercises.kinds import Choice, Number
from oomlab.explore.widgets import predict as module
from oomlab.explore.widgets.predict import Predict
from oomlab.progress_file import FILE, SETTING
from tests.support.jupyter import run_notebook, write_notebook

ZONE = Prediction(
    id="77.a",
    question="Which zone <b>?",
    kind=Choice({"a": "DMA & co", "b": "Normal"}, "b"),
    says="It was {answer}.",
)
PAGES = Prediction(id="77.b", question="How many?", kind=Number(lambda: 3, unit="pages"), says="")


@pytest.fixture
def made(monkeypatch, tmp_path):
    known = {each.id: each for each in (ZONE, PAGES)}
    monkeypatch.setattr(module, "find_prediction", known.__getitem__)
    monkeypatch.setenv(SETTING, str(tmp_path / FILE))
    return tmp_path / FILE


def held(id, **options):
    with Predict(id, **options) as widget:
        print("Normal is full")
    return widget


def test_nothing_of_the_outcome_leaves_before_the_guess(made):
    widget = held("77.a")
    assert "full" not in json.dumps(widget.get_state(), default=str)
    assert "full" not in repr(widget)
    widget.value = "a"
    assert widget._outcome == "Normal is full\n\nIt was Normal."
    assert widget._feedback == "Your guess: DMA & co. Kept in my-progress.json."
    assert json.loads(made.read_text()) == {"predictions": {"77.a": "a"}}


def test_a_guess_is_there_again_and_reveals_at_once(made):
    held("77.a").value = "a"
    again = held("77.a")
    assert (again.value, again._done) == ("a", True)
    assert again._outcome.startswith("Normal is full")


def test_a_first_guess_stands_against_a_later_one(made):
    held("77.a").value = "a"
    assert held("77.a", guess="b").value == "a"


def test_without_a_block_the_guess_is_kept_and_the_outcome_comes_later(made):
    widget = Predict("77.a")
    widget.value = "b"
    assert widget._done
    assert widget._outcome == ""
    assert held("77.a")._outcome.startswith("Normal is full")


def test_a_guess_without_buttons_is_a_word_in_the_call(made, capsys):
    held("77.a", guess="b")
    assert "Which zone <b>?\nYour guess: Normal." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("guess", "said"), [("three", "does not read as a number"), ("3 kB", None), ("", None)]
)
def test_what_is_no_guess_is_answered_and_reveals_nothing(made, guess, said):
    widget = held("77.b")
    widget.value = guess
    assert (widget._outcome == "") == (guess != "3 kB")
    assert said is None or said in widget._feedback


def test_an_error_in_the_block_is_raised_and_not_swallowed(made):
    with pytest.raises(ZeroDivisionError), Predict("77.a"):
        print(1 // 0)


def test_a_file_that_is_not_ours_is_left_alone_and_the_outcome_shown(made):
    made.write_text("[not json")
    widget = held("77.a")
    widget.value = "b"
    assert "my-progress.json cannot be read" in widget._feedback
    assert widget._outcome
    assert made.read_text() == "[not json"


def test_without_a_kernel_the_outcome_is_folded_below_the_question(made):
    data, _ = held("77.a")._repr_mimebundle_()
    before, outcome = data["text/html"].split("<details>")
    assert (
        "<p>Which zone &lt;b&gt;?</p><ul><li>DMA &amp; co</li><li>Normal</li></ul><p>Run this cell" in before
    )
    assert "Normal is full" in outcome
    assert data["text/plain"].startswith("Which zone <b>?\n  a: DMA & co\n  b: Normal\nNo buttons here?")
    assert "full" not in data["text/plain"]


def test_a_prediction_that_does_not_exist_names_those_that_do():
    with pytest.raises(UnknownExercise, match=r"03\.a"):
        Predict("99.z")


IN_A_NOTEBOOK = """
import os
os.environ["OOMLAB_PROGRESS"] = "guesses.json"
from oomlab.explore import Predict
with Predict("{id}"):
    print("here it is")
"""


@pytest.mark.browser
def test_a_guess_by_mouse_or_keyboard_reveals_what_happens(lab, lab_page, shoot):
    (lab.root / "guesses.json").unlink(missing_ok=True)
    write_notebook(lab.root / "predict.ipynb", [IN_A_NOTEBOOK.format(id=id) for id in ("03.a", "04.a")])
    run_notebook(lab_page, "predict.ipynb")
    choice, number = (lab_page.locator(".oom-predict").nth(n) for n in (0, 1))
    expect(choice.get_by_role("group")).to_be_visible()
    expect(lab_page.locator(".outcome:visible")).to_have_count(0)
    choice.get_by_role("button").click()
    expect(choice.get_by_role("status")).to_have_text("Pick one first.")
    choice.get_by_label("half of it").click()
    expect(lab_page.locator(".outcome:visible")).to_have_count(0)
    choice.get_by_role("button").click()
    expect(choice.locator(".outcome")).to_contain_text("here it is")
    expect(choice.get_by_label("half of it")).to_be_disabled()
    expect(choice.locator(".outcome")).to_be_focused()
    expect(choice.locator(".outcome")).to_have_css("word-break", "normal")  # not Jupyter's break-all
    number.get_by_role("textbox").click()
    lab_page.keyboard.type("many")
    lab_page.keyboard.press("Enter")
    expect(number.get_by_role("status")).to_contain_text("does not read as a number")
    lab_page.keyboard.press("Control+a")
    lab_page.keyboard.type("17")
    lab_page.keyboard.press("Enter")
    expect(number.locator(".outcome")).to_contain_text("here it is")
    shoot(lab_page, "predict")
    kept = json.loads((lab.root / "guesses.json").read_text())
    assert kept == {"predictions": {"03.a": "half", "04.a": "17"}}
