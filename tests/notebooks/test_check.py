"""The check engine, and every exercise that is registered."""

from __future__ import annotations

import importlib
import pkgutil
from html.parser import HTMLParser
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab import check as engine
from oomlab import exercises
from oomlab.check import check, hint, problem, solution
from oomlab.exercises import Exercise, UnknownExercise, Wrong
from oomlab.exercises.kinds import Choice, Code, Essay, Kind, Names, Number

EVERY = exercises.every()
SEEDED = [exercise for exercise in EVERY if exercise.draw]
SEEDS = range(12)


def made(kind: Kind, **fields: object) -> Exercise:
    """An exercise for these tests only."""
    texts = {"question": "?", "hints": ("a", "b", "c"), "solution": "It is {answer}."}
    return Exercise(**({"id": "77.1", "kind": kind} | texts | fields))


@pytest.fixture
def register(monkeypatch):
    """Put an exercise where the engine finds it."""

    def put(exercise: Exercise) -> str:
        monkeypatch.setattr(engine, "find", lambda id: exercise)
        monkeypatch.setattr(engine, "_hints_given", type(engine._hints_given)())
        return exercise.id

    return put


# Every exercise of the course


def test_there_are_exercises():
    assert EVERY


def test_every_chapter_module_is_registered_under_its_own_number():
    modules = [m.name for m in pkgutil.iter_modules(exercises.__path__) if m.name[1:3].isdigit()]
    for name in modules:
        for exercise in importlib.import_module(f"oomlab.exercises.{name}").EXERCISES:
            assert exercise.id.startswith(f"{name[1:3]}."), name
            assert exercises.find(exercise.id) is exercise


# The notebook's own numbers of every exercise, and a dozen drawings of the seeded ones.
PROBLEMS = [pytest.param(exercise, None, id=exercise.id) for exercise in EVERY] + [
    pytest.param(exercise, seed, id=f"{exercise.id} seed {seed}") for exercise in SEEDED for seed in SEEDS
]


@pytest.mark.parametrize(("exercise", "seed"), PROBLEMS)
def test_the_right_answer_passes(exercise, seed):
    feedback = check(exercise.id, exercise.problem(seed).answer, seed=seed)
    assert feedback.verdict == ("yours to judge" if isinstance(exercise.kind, Essay) else "right")


@pytest.mark.parametrize(("exercise", "seed"), PROBLEMS)
def test_each_known_wrong_answer_gets_its_own_message(exercise, seed):
    """On fresh numbers two mistakes can meet in one value, or one of them in the right answer."""
    posed = exercise.problem(seed)
    met: list[object] = [posed.answer]
    for wrong in posed.wrong:
        feedback = check(exercise.id, wrong.answer, seed=seed)
        if not any(exercise.kind.same(wrong.answer, value) for value in met):
            assert feedback.verdict == "not yet", wrong
            assert feedback.message == wrong.message
        else:
            assert seed is not None, f"{wrong.answer!r} is foreseen twice, or right"
        met.append(wrong.answer)


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
def test_an_untouched_exercise_is_not_answered_yet(exercise):
    for stub in ((), (...,), (None,), ("",), ([..., ...],)):
        assert check(exercise.id, *stub).verdict == "not answered yet"


@pytest.mark.parametrize(("exercise", "seed"), PROBLEMS)
def test_hints_and_question_do_not_give_the_answer_away(exercise, seed):
    posed = exercise.problem(seed)
    assert len(set(posed.hints)) == 3
    assert posed.solution
    if isinstance(exercise.kind, Number) and abs(posed.answer) >= 100:
        spelled = {f"{posed.answer:g}", f"{posed.answer:,}", str(posed.answer)}
        for text in (posed.question, *posed.hints):
            assert not spelled & set(text.replace(".", " ").split()), text


@pytest.mark.parametrize("exercise", [e for e in EVERY if isinstance(e.kind, Choice)], ids=lambda e: e.id)
def test_every_wrong_option_says_why_it_is_wrong(exercise):
    posed = exercise.problem()
    assert set(exercise.kind.options) == {posed.answer, *(wrong.answer for wrong in posed.wrong)}


@pytest.mark.parametrize("exercise", SEEDED, ids=lambda e: e.id)
def test_a_seed_gives_the_same_problem_every_time_and_seeds_differ(exercise):
    questions = [exercise.problem(seed).question for seed in SEEDS]
    assert questions == [exercise.problem(seed).question for seed in SEEDS]
    assert len(set(questions)) >= len(SEEDS) // 2


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
@given(
    answer=st.one_of(st.text(), st.floats(), st.integers(), st.binary(), st.lists(st.text()), st.booleans())
)
def test_no_answer_raises(exercise, answer):
    feedback = check(exercise.id, answer)
    assert feedback.verdict in engine._MARKS
    assert isinstance(repr(feedback), str)
    assert feedback._repr_html_()


# Numbers


def verdict(kind: Kind, answer: object, **fields: object) -> str:
    feedback = engine._judge(made(kind, **fields).problem(), answer, 0)
    return feedback.verdict


def message(kind: Kind, answer: object, **fields: object) -> str:
    return engine._judge(made(kind, **fields).problem(), answer, 0).message


PAGES = Number(lambda: 2014, unit="pages")


@pytest.mark.parametrize(
    "answer", [2014, 2014.0, "2014", " 2,014 ", "8056 kB", "8,056kB", "2014 pages", "0x7de", "8249344 bytes"]
)
def test_a_number_may_be_written_in_many_ways(answer):
    assert verdict(PAGES, answer) == "right"


@pytest.mark.parametrize("answer", [2013, 2015, -2014, "2014 kB", "8056", 0, "2014 MB"])
def test_another_number_is_not_right(answer):
    assert verdict(PAGES, answer) == "not yet"


def test_a_plain_number_in_another_unit_is_noticed():
    assert "the right amount in kB" in message(PAGES, 8056)
    assert "the right amount in B" in message(PAGES, 8056 * 1024)
    assert "sign" in message(PAGES, -2014)


def test_a_unit_that_does_not_fit_says_what_would():
    assert "a number of pages" in message(PAGES, "2014 blocks")
    assert "a number of blocks" in message(Number(lambda: 3, unit="blocks"), "3 kB")
    assert verdict(Number(lambda: 3, unit="blocks"), "3 blocks") == "right"


@pytest.mark.parametrize(
    "answer", [True, [1], {"a": 1}, object(), "many", float("nan"), float("inf"), b"2014"]
)
def test_what_is_no_number_gets_a_friendly_word(answer):
    assert "does not read as a number" in message(PAGES, answer)


def test_tolerance_is_inclusive_and_no_wider():
    kind = Number(lambda: 10, unit="%", tolerance=0.5)
    assert verdict(kind, 10.5) == "right"
    assert verdict(kind, 10.51) == "not yet"


@given(st.integers(1, 2**40), st.sampled_from(["B", "kB", "MiB", "GiB", "pages"]))
def test_every_unit_reads_back_as_itself(amount, unit):
    assert verdict(Number(lambda: amount, unit=unit), f"{amount} {unit}") == "right"


def test_a_targeted_message_comes_before_the_general_one():
    wrong = (
        Wrong(8056, "That is the report's own kB."),
        Wrong(-1, "Below nothing.", lambda value: value < 0),
    )
    assert message(PAGES, 8056, wrong=wrong) == "That is the report's own kB."
    assert message(PAGES, -7, wrong=wrong) == "Below nothing."
    assert message(PAGES, 7, wrong=wrong) == "That is not the number."


def test_a_right_answer_is_right_even_where_a_mistake_leads_to_it():
    assert verdict(PAGES, 2014, wrong=(Wrong(2014, "no"),)) == "right"


# The other kinds

ZONE = Choice({"a": "DMA", "b": "Normal"}, "b")


def test_a_choice_takes_its_key_in_any_case():
    assert verdict(ZONE, " B ") == "right"
    assert verdict(ZONE, "a") == "not yet"
    assert "'a', 'b'" in message(ZONE, "Normal")
    assert "'a', 'b'" in message(ZONE, 2)


NAMES = Names(lambda: ["GFP_KERNEL", "__GFP_ZERO"])


@pytest.mark.parametrize(
    "answer", [{"GFP_KERNEL", "__GFP_ZERO"}, ["__GFP_ZERO", "GFP_KERNEL"], "GFP_KERNEL|__GFP_ZERO"]
)
def test_names_come_in_any_order(answer):
    assert verdict(NAMES, answer) == "right"


def test_wrong_names_are_counted_and_named():
    assert message(NAMES, "GFP_KERNEL|__GFP_HIGH") == "Not quite: 1 missing; __GFP_HIGH does not belong."
    assert "Write the names" in message(NAMES, [1, 2])


POWER = Code(lambda order: 2**order, lambda rng: (rng.randrange(11),))


def test_a_function_is_judged_by_what_it_does():
    assert verdict(POWER, lambda n: 1 << n) == "right"
    assert verdict(POWER, lambda n: float(1 << n)) == "right"
    assert verdict(POWER, lambda n: n * 2) == "not yet"


def test_a_wrong_function_is_shown_where_it_fails():
    said = message(POWER, lambda n: 7)
    assert said.startswith("For the arguments (")
    assert "yours gives 7; it should give" in said


def test_a_function_that_raises_gets_feedback_and_not_a_traceback():
    assert "ZeroDivisionError" in message(POWER, lambda n: 1 / 0)
    assert "TypeError" in message(POWER, lambda: 1)


def test_a_function_not_written_yet_is_not_answered():
    assert verdict(POWER, lambda n: ...) == "not answered yet"
    assert verdict(POWER, lambda n: None) == "not answered yet"
    assert "A function is asked for" in message(POWER, 8)


def test_a_known_wrong_function_gets_its_message():
    wrong = (Wrong(lambda order: order, "An order is not a count."),)
    assert message(POWER, lambda x: x + 0, wrong=wrong) == "An order is not a count."


def test_a_function_cannot_spoil_the_arguments_for_the_reference():
    total = Code(sum, lambda rng: ([rng.randrange(9) for _ in range(4)],))
    assert verdict(total, lambda numbers: [numbers.pop() for _ in range(4)] and -1) == "not yet"
    assert "should give 0" not in message(total, lambda numbers: numbers.clear() or -1)


def test_a_text_never_passes_by_itself_but_shows_its_rubric():
    essay = Essay(("names the zone", "quotes a line"))
    assert verdict(essay, "because " * 500) == "yours to judge"
    assert "quotes a line" in message(essay, "Normal was full")
    assert verdict(essay, " … ") == "not answered yet"
    assert verdict(essay, 4) == "not yet"


# Hints, solutions, seeds, and how it all looks


def test_hints_come_one_at_a_time_and_then_point_to_the_solution(register):
    id = register(made(PAGES))
    shown = [hint(id) for _ in range(4)]
    assert [card.text.splitlines()[0] for card in shown] == ["a", "b", "c", "c"]
    assert "solution(" not in shown[1].text
    assert 'solution("77.1")' in shown[2].text


def test_the_solution_is_revealed_on_demand_with_its_answer(register):
    assert solution(register(made(PAGES))).text == "It is 2014."


def test_a_seeded_problem_is_judged_by_its_own_numbers(register):
    kind = Number(lambda order: 2**order, unit="pages")
    draw = lambda rng: {"order": rng.randrange(4, 11)}  # noqa: E731
    id = register(made(kind, given={"order": 3}, draw=draw, question="Order {order}?"))
    order = draw(Random(f"{id}/7"))["order"]
    assert problem(id, seed=7).text == f"Order {order}?"
    assert check(id, 2**order, seed=7).passed
    assert not check(id, 8, seed=7).passed
    assert check(id, 8).hint == 'Once more, on fresh numbers: problem("77.1", seed=1)'


def test_a_seed_where_nothing_can_be_drawn_says_so(register):
    with pytest.raises(UnknownExercise, match="no fresh numbers"):
        problem(register(made(PAGES)), seed=7)


@pytest.mark.parametrize("id", ["99.9", "00.99", "", "zero", 3])
def test_an_unknown_number_names_the_known_ones(id):
    with pytest.raises(UnknownExercise, match=r"00\.1"):
        check(id, 1)


class Reader(HTMLParser):
    """Collects what a page shows and the tags it uses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


def test_feedback_is_escaped_and_says_in_words_what_its_colour_says(register):
    id = register(made(NAMES))
    page = Reader(check(id, ["<script>alert(1)</script>", "`<b>`"])._repr_html_())
    assert page.tags == {"div", "strong", "code"}
    assert "<script>alert(1)</script>" in page.text
    assert "✗ Not yet (77.1)" in page.text
    assert "✓ Right (77.1)" in Reader(check(id, NAMES.answer())._repr_html_()).text


def test_feedback_repeats_a_wrong_name_without_what_would_act_and_only_its_beginning(register):
    id = register(made(NAMES))
    said = repr(check(id, ["\x1b[31m\u202e", "x" * 10_000, *(f"n{i}" for i in range(5000))]))
    assert "\\x1b[31m\\u202e does not belong" in said
    assert all(each.isprintable() or each == "\n" for each in said)
    assert len(said) < 600


def test_passed_is_true_for_a_right_answer_only(register):
    id = register(made(PAGES))
    assert [check(id, answer).passed for answer in (2014, 7, "x", ...)] == [True, False, False, False]


@pytest.mark.parametrize("execution", ["autograde", "validate"])
def test_under_nbgrader_a_wrong_or_missing_answer_raises(register, monkeypatch, execution):
    id = register(made(PAGES))
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    assert check(id, 2014).passed
    for answer in (7, ...):
        with pytest.raises(AssertionError, match=r"77\.1"):
            check(id, answer)


def test_under_nbgrader_a_text_waits_for_a_person(register, monkeypatch):
    id = register(made(Essay(("names the zone",))))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check(id, "Normal was full").verdict == "yours to judge"
