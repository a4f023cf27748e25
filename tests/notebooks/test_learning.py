"""What learners keep, how far they are, and a class: files that may hold anything are read without a fuss."""

from __future__ import annotations

import json
import resource
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab import check as engine
from oomlab import learning, progress, progress_file
from oomlab.check import check
from oomlab.progress_file import FILE, SETTING, NotKept
from oomlab.theories import keep_suspect, kept_suspect


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The learner's own file, in a notebook."""
    monkeypatch.setenv(SETTING, str(tmp_path / FILE))
    monkeypatch.setattr(progress_file, "_in_a_notebook", lambda: True)
    return tmp_path / FILE


def kept(file):
    return json.loads(file.read_text())


# What is kept


def test_a_check_counts_tries_and_a_right_answer_stays_right(file):
    for answer in (1, ..., 2014, 1):
        check("00.1", answer)
    assert kept(file) == {"answers": {"00.1": {"verdict": "right", "tries": 3}}}


def test_practice_on_fresh_numbers_and_unknown_exercises_leave_no_trace(file):
    check("00.1", 3, seed=1)
    check("99.9", 3)
    assert not file.exists()


def test_a_script_and_a_grader_leave_no_file(file, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check("00.1", 2014)
    monkeypatch.delenv("NBGRADER_EXECUTION")
    monkeypatch.setattr(progress_file, "_in_a_notebook", lambda: False)
    check("00.1", 2014)
    assert not file.exists()


def test_the_parts_of_the_file_leave_each_other_alone(file):
    keep_suspect("swap")
    check("00.1", 2014)
    progress_file.keep("predictions", "half", name="03.a")
    assert set(kept(file)) == {"suspect", "answers", "predictions"}
    assert kept_suspect().key == "swap"


def test_where_nothing_can_be_kept_the_reason_is_given_and_a_check_still_judges(file, monkeypatch):
    monkeypatch.setenv(SETTING, str(file.parent / "gone" / FILE))
    with pytest.raises(NotKept, match="this folder cannot be written to"):
        keep_suspect("swap")
    assert check("00.1", 2014).passed
    monkeypatch.setenv(SETTING, "")
    with pytest.raises(NotKept, match="is empty"):
        keep_suspect("swap")


def test_a_full_disk_leaves_the_file_as_it_was(file):
    keep_suspect("swap")
    before, limits = file.read_text(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    try:
        with pytest.raises(NotKept, match="this folder cannot be written to"):
            progress_file.keep("predictions", "half", name="03.a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == [FILE]


def test_a_file_that_is_not_ours_is_never_written_over(file):
    for text in ("", "[1]", "{broken", "\0"):
        file.write_text(text)
        with pytest.raises(NotKept, match="repair it, or delete it"):
            keep_suspect("swap")
        check("00.1", 2014)
        assert file.read_text() == text
        assert kept_suspect() is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["00.1", "03.a", "tries", "verdict"]), inner)
    ),
)


@given(st.fixed_dictionaries({}, optional={p: ANYTHING for p in ("answers", "predictions", "suspect")}))
def test_whatever_a_file_holds_can_be_shown(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("kept")
    (folder / FILE).write_text(json.dumps({"suspect": None} | found))
    for table in (progress(folder / FILE), learning.guesses(folder / FILE), learning.class_progress(folder)):
        assert (repr(table) + table._repr_html_()).encode("utf-8", "surrogatepass")


# What is shown


def test_progress_names_what_is_done_and_what_comes_next(file):
    assert progress().title.endswith("exercises done; next: 00.1")
    check("00.1", 2014)
    check("01.1", 5)
    progress_file.keep("predictions", "1", name="03.a")
    progress_file.keep("predictions", "grows", name="03.b")
    table = progress()
    assert table.title.startswith("1 of ")
    assert table.title.endswith("next: 01.1")
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["00"][:4] == ("1", "0", "0", "1")
    assert rows["01"][:2] == ("0", "1")
    assert rows["03"][-1] == "1 of 2"


def test_a_text_is_done_when_it_was_written(file):
    check("01.7", "It asked for one page when nobody had any, and was killed for its size alone.")
    assert progress().title.startswith("1 of ")


def test_guesses_stand_beside_what_happened(file):
    assert learning.guesses().title.startswith("No prediction is kept here")
    progress_file.keep("predictions", "grows", name="03.b")
    progress_file.keep("predictions", "1", name="04.a")
    table = learning.guesses()
    assert table.title == "1 of 2 predictions came true"
    assert [(row[0], row[2], row[3]) for row in table.rows] == [
        ("✗ 03.b", "it grows", "it shrinks"),
        ("✓ 04.a", "1 page", "1 page"),
    ]


# A class


@pytest.fixture
def room(tmp_path):
    """Three learners: one by the folder, one by the file, one who wrote nothing; and a stranger's file."""
    right = {"verdict": "right", "tries": 1}
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / FILE).write_text(json.dumps({"answers": {"00.1": right, "01.1": right}}))
    (tmp_path / "bob.json").write_text(json.dumps({"answers": {"00.1": {"verdict": "not yet", "tries": 7}}}))
    (tmp_path / "<i>.json").write_text(json.dumps({"suspect": "swap"}))
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


def test_a_class_has_a_row_for_each_learner_and_a_count_for_each_notebook(room):
    table = learning.class_progress(room)
    rows = {row[0]: dict(zip(table.heads, row, strict=True)) for row in table.rows}
    assert list(rows) == ["<i>", "ada", "bob", "all done by"]
    assert rows["ada"]["00"] == "1/1"
    assert rows["bob"]["00"] == "0/1"
    assert rows["<i>"]["00"] == ""
    assert rows["all done by"]["00"] == "1 of 3"


def test_the_hardest_exercise_comes_first(room):
    assert learning.hardest(room).rows[0] == ("00.1", "4.0", "2", "1")


def test_names_are_escaped_on_the_page(room):
    tags = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)

    Reader().feed(learning.class_progress(room)._repr_html_())
    assert "i" not in tags
    assert "th" in tags


def test_a_folder_without_learners_says_what_was_expected(tmp_path):
    for look in (learning.class_progress, learning.hardest):
        with pytest.raises(ValueError, match=r"my-progress\.json, in a folder for each learner"):
            look(tmp_path)


def test_marks_are_points_and_need_no_environment(capsys):
    assert engine.marks("00.1", 2014) == 1
    assert engine.marks("00.1", 5) == 0
    assert engine.marks("00.1", ...) == 0
    assert engine.marks("99.9", 1) == 0
    assert "✓ Right (00.1)" in capsys.readouterr().out
