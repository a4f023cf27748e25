"""Notebooks that give marks: what nbgrader makes of them, for solutions, for blanks, and for cheats."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from oomlab.exercises import every

AUTHORING = Path(__file__).parents[2] / "authoring"


@pytest.fixture(scope="module")
def release():
    sys.path.insert(0, str(AUTHORING))
    try:
        spec = importlib.util.spec_from_file_location("release", AUTHORING / "release.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(AUTHORING))


def cells(notebook, role):
    return [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").startswith(role)
    ]


def test_every_answer_stands_between_markers_below_its_stub(release):
    for source in release.sources():
        notebook = release.graded(source)
        for cell in cells(notebook, "exercise"):
            before, answer = cell.source.split("### BEGIN SOLUTION\n")
            assert before.splitlines()[-1].endswith("= ...  # your answer")
            assert answer.endswith("### END SOLUTION")
            assert "choose(" not in cell.source


def test_the_course_has_an_assignment_for_each_notebook_with_exercises(release, tmp_path):
    written = [path.stem for path in release.write(tmp_path)]
    assert {name[:2] for name in written} == {each.id[:2] for each in every()}
    assert not list(tmp_path.rglob("99_*"))


def test_a_choice_lists_its_options_and_a_number_keeps_its_comment(release):
    text = release.answer_cell('# Which?\npicked = "no"', "02.4")
    assert text.startswith('# "yes"')
    assert (
        '# Which?\npicked = ...  # your answer\n### BEGIN SOLUTION\npicked = "no"\n### END SOLUTION' in text
    )


def test_no_graded_notebook_tells_a_solution(release):
    for source in release.sources():
        assert not [
            cell for cell in release.graded(source).cells if "solution" in cell.metadata.get("tags", [])
        ]


def test_a_text_has_a_point_for_each_line_of_its_rubric(release):
    (source,) = (each for each in release.sources() if each.name.startswith("01"))
    points = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.get("points")
        for cell in release.graded(source).cells
        if "nbgrader" in cell.metadata
    }
    assert points["check-01-1"] == 1
    assert points["exercise-01-7"] == len(release.find("01.7").kind.rubric)


# The round trip

CHEATS = "check = marks = lambda *answers, **more: 1\nimport os\nos.environ.pop('NBGRADER_EXECUTION', None)\n"


def nbgrader(folder, *arguments):
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic
    own = {"JUPYTER_CONFIG_DIR": str(folder / "config"), "OOMLAB_PROGRESS": "", "PATH": programs}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def scores(folder):
    """Return the automatic score and its maximum for each student, and what waits for a person."""
    with sqlite3.connect(folder / "gradebook.db") as base:
        return dict(
            base.execute(
                "SELECT sa.student_id, SUM(COALESCE(g.auto_score, 0)) FROM grade g "
                "JOIN submitted_notebook sn ON g.notebook_id = sn.id "
                "JOIN submitted_assignment sa ON sn.assignment_id = sa.id GROUP BY sa.student_id"
            )
        )


def test_solutions_get_full_marks_and_blanks_and_cheats_none(release, tmp_path):
    """With nbgrader itself: generate, autograde, feedback, on one notebook."""
    pytest.importorskip("nbgrader", reason="no nbgrader: make .venv/.marks installs it")
    name = "00_start"
    release.write(tmp_path)
    for other in (tmp_path / "source").iterdir():
        if other.name != name:
            shutil.rmtree(other)
    nbgrader(tmp_path, "generate_assignment", name)
    released = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
    (blank,) = cells(released, "exercise")
    assert "free_pages = ..." in blank.source
    assert "8056 / 4" not in blank.source
    solved = nbformat.read(tmp_path / "source" / name / f"{name}.ipynb", as_version=4)
    wrong = "free_pages = 8056\n"
    answers = {
        "blank": blank.source,
        "solved": cells(solved, "exercise")[0].source,
        "wrong": wrong,
        "cheat": wrong + CHEATS,
    }
    for student, text in answers.items():
        folder = tmp_path / "submitted" / student / name
        folder.mkdir(parents=True)
        cells(released, "exercise")[0].source = text
        nbformat.write(released, folder / f"{name}.ipynb")
    said = nbgrader(tmp_path, "autograde", name)
    assert "cannot be converted to" not in said
    assert scores(tmp_path) == {"blank": 0, "solved": 1, "wrong": 0, "cheat": 0}
    nbgrader(tmp_path, "generate_feedback", name)
    page = (tmp_path / "feedback" / "wrong" / name / f"{name}.html").read_text()
    assert "Not yet (00.1)" in page
