"""The notebooks: in step with their sources, free of answers and machine traces, readable without a kernel.

That they run and say again what they say here is nbval's part: `make test` runs it on both sets.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from authoring import build, glossary
from oomlab import exercises
from oomlab.exercises.kinds import Essay, Number

REPO = Path(__file__).parents[2]
FOLDER = REPO / "authoring"


SOURCES = build.sources()
LEARNERS = [build.targets(source)["learner"] for source in SOURCES]
SOLUTIONS = [build.targets(source)["solutions"] for source in SOURCES]
ALL = LEARNERS + SOLUTIONS
BUILT = [(source, build.targets(source)) for source in SOURCES]


def named(paths):
    return {"argvalues": paths, "ids": [str(path.relative_to(REPO)) for path in paths]}


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def outputs(path: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in read(path).cells for output in cell.get("outputs", [])]


def pictures(path: Path) -> list[str]:
    """Return the tags of the pictures in a notebook's outputs."""
    pages = (output.get("data", {}).get("text/html", "") for output in outputs(path))
    return [tag for page in pages for tag in re.findall(r"<img [^>]*>", page)]


def _attribute(tag: str, name: str) -> str:
    return html.unescape(re.search(rf'{name}="([^"]*)"', tag)[1])


def text(cell: nbformat.NotebookNode) -> str:
    parts = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in cell.outputs]
    return "\n".join(parts)


def checks(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if "check" in cell.metadata.get("tags", [])]


# In step


def test_there_are_sources():
    assert SOURCES


@pytest.mark.parametrize("source", **named(SOURCES))
def test_both_notebooks_are_in_step_with_their_source(source):
    assert build.out_of_step(source) == []


def test_no_notebook_lacks_a_source():
    found = {*build.LEARNERS.glob("*.ipynb"), *(FOLDER / "solutions").glob("*.ipynb")}
    assert found == set(ALL)


@pytest.mark.parametrize("source", **named(SOURCES))
def test_a_changed_cell_puts_both_notebooks_out_of_step(source, tmp_path):
    changed = tmp_path / source.name
    changed.write_text(source.read_text() + "\n# %%\n'one cell more'\n")
    assert len(build.out_of_step(source)) == 0
    assert build._cells(build.compose(changed, "learner")) != build._cells(
        read(build.targets(source)["learner"])
    )


# Exercises


@pytest.mark.parametrize("path", **named(LEARNERS))
def test_in_a_learners_copy_exactly_the_checks_say_not_answered_yet(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    silent = [cell.id for cell in cells if "Not answered yet" in text(cell)]
    assert silent == [cell.id for cell in checks(path)]


@pytest.mark.parametrize("path", **named(SOLUTIONS))
def test_in_the_solutions_every_check_is_content(path):
    for cell in checks(path):
        assert re.match(r"✓ Right|✎ Yours to judge", text(cell)), cell.source


@pytest.mark.parametrize("path", **named(LEARNERS))
def test_a_learners_copy_holds_no_solution(path):
    tags = [tag for cell in read(path).cells for tag in cell.metadata.get("tags", [])]
    assert "solution" not in tags
    assert tags.count("exercise") >= len(checks(path))


def test_every_exercise_is_checked_exactly_once_and_every_check_is_registered():
    checked = Counter(
        id for path in LEARNERS for cell in checks(path) for id in build.CHECKED.findall(cell.source)
    )
    assert checked == Counter(exercise.id for exercise in exercises.every())


# What a stub keeps


def test_a_value_becomes_dots_and_the_comment_above_it_stays():
    assert build.stub("# How many?\npages = sum(\n    # secret\n    [1]\n)  # secret", "") == (
        "# How many?\npages = ...  # your answer"
    )


def test_a_choice_becomes_its_options_shown():
    blank = build._blank_answer("02.4")
    assert build.stub('nofs_may_kill = "no"  # secret', "", blank) == (
        'nofs_may_kill = choose("02.4")\nnofs_may_kill'
    )
    assert build._blank_answer("02.5") == "..."


@pytest.mark.parametrize(
    "code", ["print(7)", "a, b = 1, 2", "def f():\n    return 7", "for i in (): pass", "a += 1"]
)
def test_an_exercise_cell_that_could_leak_is_refused(code):
    with pytest.raises(build.SourceError, match=r"02\.3"):
        build.stub(code, "exercise 02.3")


def test_cell_ids_follow_the_text_so_that_a_new_cell_leaves_the_others_alone(tmp_path):
    source = tmp_path / "00_x.py"
    source.write_text("# %%\na = 1\n# %%\na = 1\n")
    before = [cell.id for cell in build.compose(source, "learner").cells]
    source.write_text("# %%\nb = 2\n# %%\na = 1\n# %%\na = 1\n")
    after = [cell.id for cell in build.compose(source, "learner").cells]
    assert set(before) < set(after)
    assert len(set(before)) == len(before) == len(after) - 1


@pytest.mark.parametrize(
    ("kind", "marked"), [(Essay(("a",)), "exercise-77-1"), (Number(lambda: 1), "check-77-1")]
)
def test_a_person_marks_a_text_and_its_check_marks_all_else(kind, marked, tmp_path, monkeypatch):
    exercise = exercises.Exercise(id="77.1", question="", kind=kind, hints=("", "", ""), solution="")
    monkeypatch.setattr(build, "find", lambda id: exercise)
    source = tmp_path / "77_x.py"
    cells = ["# ### Exercise 77.1: x", 'mine = "a"', 'check("77.1", mine)', 'check("77.1", mine)']
    tags = [" [markdown]", ' tags=["exercise"]', ' tags=["check"]', ' tags=["check"]']
    source.write_text("\n\n".join(f"# %%{tag}\n{cell}" for tag, cell in zip(tags, cells, strict=True)))
    found = [cell.metadata.get("nbgrader", {}) for cell in build.compose(source, "learner").cells]
    assert [each["grade_id"] for each in found if each.get("grade")] == [marked]
    assert [each["grade_id"] for each in found if each.get("solution")] == ["exercise-77-1"]


# Nothing of the machine that ran them


@pytest.mark.parametrize("path", **named(ALL))
def test_a_notebook_keeps_no_trace_of_the_machine_that_ran_it(path):
    notebook = read(path)
    assert notebook.metadata == build.METADATA
    assert notebook.metadata.kernelspec.name == "python3"
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.id
        assert set(cell.metadata) <= {"tags", "nbgrader", "jupyter"}
    written = path.read_text()
    assert not re.search(r" at 0x[0-9a-f]{6,}", written)
    assert str(REPO) not in written


@pytest.mark.parametrize("path", **named(ALL))
def test_a_notebook_was_run_and_nothing_raised(path):
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for output in outputs(path) if output.output_type == "error"]
    assert not [output for output in outputs(path) if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", **named(ALL))
def test_nbgrader_finds_each_answer_and_each_mark_once(path):
    found = [cell.metadata.nbgrader for cell in read(path).cells if "nbgrader" in cell.metadata]
    assert len({each.grade_id for each in found}) == len(found)
    assert sum("points" in each for each in found) == len(checks(path))


# Without a kernel


@pytest.mark.parametrize("path", **named(ALL))
def test_a_page_made_without_a_kernel_has_its_pictures_and_no_widget_state(path):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(embed_images=True).from_filename(str(path))
    shown = [(_attribute(tag, "alt"), _attribute(tag, "src")) for tag in re.findall(r"<img [^>]*>", page)]
    for picture in pictures(path):
        assert (_attribute(picture, "alt"), _attribute(picture, "src")) in shown
    assert "application/vnd.jupyter.widget" not in page


@pytest.mark.parametrize("path", **named(ALL))
def test_every_picture_says_in_words_what_it_shows(path):
    """In the tag itself: Jupyter gives a picture of another kind no text."""
    assert not [output for output in outputs(path) if "image/png" in output.get("data", {})]
    for picture in pictures(path):
        assert re.match(r'<img alt="[^"]{20,}"', picture)


def test_there_are_pictures():
    assert sum(len(pictures(path)) for path in LEARNERS) > 10


@pytest.mark.parametrize("path", **named(ALL))
def test_every_link_to_another_notebook_leads_to_a_place_that_is_there(path):
    places = {f"{each.stem}.ipynb": {"", *headings(targets["learner"])} for each, targets in BUILT}
    links = re.findall(r"\]\((\w+\.ipynb)#?([^)]*)\)", prose(path))
    assert [link for link in links if link[0] not in places or link[1] not in places[link[0]]] == []


def headings(path: Path) -> set[str]:
    """Return the anchors of a notebook's headings, as JupyterLab makes them."""
    return {line.replace(" ", "-") for line in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)}


def prose(path: Path) -> str:
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def test_a_word_is_linked_where_it_is_first_used_and_another_notebook_explains_it():
    words = glossary.wanted("05")
    assert "slab" not in words  # 05 explains it
    text = "## kswapd\n`kswapd` and [kswapd](x.ipynb): then kswapd wakes, and kswapd sleeps."
    linked = glossary.link(text, words)
    assert linked == text.replace("then kswapd", "then [kswapd](99_glossary.ipynb#kswapd)")
    assert glossary.link("kswapd again", words) == "kswapd again"
