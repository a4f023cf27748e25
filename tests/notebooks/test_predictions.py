"""Every prediction of the course: asked in its notebook, answerable, and told nowhere above its outcome."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from oomlab import exercises
from oomlab.exercises.kinds import Choice

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EVERY = exercises.every_prediction()
ASKED = re.compile(r'(with )?Predict\("(\d\d\.\w)"\)')


def cells(number):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_predictions_from_the_first_notebook_with_a_report_to_the_last():
    assert {each.id[:2] for each in EVERY} >= {"01", "02", "03", "04", "05", "06", "07", "09", "10"}
    assert len({each.id for each in EVERY}) == len(EVERY)


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.id)
def test_a_prediction_is_asked_in_its_notebook_and_has_one_outcome(each):
    asked = [
        found for cell in cells(each.id[:2]) for found in ASKED.findall(cell.source) if found[1] == each.id
    ]
    assert [kind for kind, _ in asked].count("with ") == 1
    assert len(asked) <= 2


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.id)
def test_the_answer_fits_and_the_other_options_do_not(each):
    assert each.fits(each.answer)
    assert each.told
    if isinstance(each.kind, Choice):
        assert [option for option in each.kind.options if each.fits(option)] == [each.answer]


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.id)
def test_what_a_learner_opens_holds_the_outcome_folded_and_nowhere_else_in_the_cell(each):
    (cell,) = (cell for cell in cells(each.id[:2]) if ("with ", each.id) in ASKED.findall(cell.source))
    (output,) = cell.outputs
    page, plain = output.data["text/html"], output.data["text/plain"]
    assert each.told[:40] in page.split("<details>")[1].replace("&#x27;", "'")
    assert each.told[:40] not in page.split("<details>")[0]
    assert each.told[:40] not in plain


def test_a_prediction_that_does_not_exist_names_those_of_its_notebook():
    with pytest.raises(exercises.UnknownExercise, match=r"there are: 03\.a, 03\.b"):
        exercises.find_prediction("03.z")
