"""Help that helps: every call that a text, a hint or a card names works in the notebook it stands in."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from oomlab import check as engine
from oomlab import exercises

FOLDER = Path(__file__).parents[2] / "notebooks"
CHAPTERS = {exercise.id[:2] for exercise in exercises.every()}
LEARNERS = [path for path in sorted(FOLDER.glob("[0-9]*.ipynb")) if path.name[:2] in CHAPTERS]
HELP = ("check", "hint", "problem", "solution")
NAMES = [pytest.param(path, id=path.stem) for path in LEARNERS]

CALL = re.compile(r"\b(?:check|hint|problem|solution)\(\"[^)]*\)")
SPAN = re.compile(r"`([^`\n]+)`")


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def tagged(path, tag):
    return [cell.source for cell in code_cells(path) if tag in cell.metadata.get("tags", [])]


def run_all(path):
    """Return the names of a notebook after all of its cells ran, as Jupyter would run them."""
    namespace = {"__name__": "__main__"}
    for cell in code_cells(path):
        exec(compile(cell.source, path.name, "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def namespaces(tmp_path_factory):
    """The names of every notebook after Run All, each worked out once."""
    kept = {}

    def of(path):
        if path not in kept:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MPLBACKEND", "agg")
                patch.chdir(tmp_path_factory.mktemp("notebooks"))
                kept[path] = run_all(path)
        return kept[path]

    yield of
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")


def cards(id):
    """Everything that a learner can be shown about an exercise: question, hints, solution, feedback."""
    exercise = exercises.find(id)
    for seed in (None, 1) if exercise.draw else (None,):
        posed = exercise.problem(seed)
        yield from (engine.problem(id, seed=seed), engine.solution(id, seed=seed))
        yield from (engine.hint(id, seed=seed) for _ in range(3))
        answers = [posed.answer, ..., object(), *(wrong.answer for wrong in posed.wrong)]
        yield from (engine.check(id, answer, seed=seed) for answer in answers)


def words(path):
    """Every text of a notebook: its own, its outputs, and the cards of its exercises."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", []):
            yield output.get("text", "") or output.get("data", {}).get("text/plain", "")
    for exercise in exercises.every():
        if exercise.id.startswith(path.name[:2]):
            for card in cards(exercise.id):
                yield repr(card)
                yield from SPAN.findall(getattr(getattr(card, "fold", None), "text", ""))


def calls(text):
    """The calls that a text names: those of the four helpers anywhere, any other in backticks."""
    yield from CALL.findall(text)
    for code in SPAN.findall(text):
        try:
            tree = ast.parse(code.replace("…", "..."), mode="eval")
        except SyntaxError:
            continue
        if any(
            isinstance(node, ast.Call) and not isinstance(node.func, ast.Constant) for node in ast.walk(tree)
        ):
            yield code


@pytest.mark.parametrize("path", NAMES)
def test_the_four_helpers_are_there_and_stay_what_they_are(path, namespaces):
    names = namespaces(path)
    assert {name: names.get(name) for name in HELP} == {name: getattr(engine, name) for name in HELP}


@pytest.mark.parametrize("path", NAMES)
def test_every_call_that_is_named_can_be_made(path, namespaces):
    named = {call for text in words(path) for call in calls(text)}
    assert any(call.startswith("hint(") for call in named)
    for call in sorted(named):
        shown = repr(eval(call.replace("…", "..."), dict(namespaces(path))))
        assert "No such exercise" not in shown, call
        assert "fresh numbers: leave" not in shown, call


def test_a_call_that_fails_is_found():
    assert list(calls('`hint("01.1")` and problem("01.1", seed=1), `simulate(` no')) == [
        'hint("01.1")',
        'problem("01.1", seed=1)',
        'hint("01.1")',
    ]
    with pytest.raises(NameError):
        eval(next(calls('call `no_such_name("01.1")`')), {})


# One name for each answer


@pytest.mark.parametrize("path", NAMES)
def test_each_answer_has_a_name_of_its_own_which_nothing_else_sets(path):
    answers = [ast.parse(source).body[0].targets[0].id for source in tagged(path, "exercise")]
    stores = Counter(
        node.id
        for cell in code_cells(path)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    assert {name: stores[name] for name in answers} == dict.fromkeys(answers, 1)
    judged = [ast.parse(source).body[0].value.args[1].id for source in tagged(path, "check")]
    assert judged == answers
