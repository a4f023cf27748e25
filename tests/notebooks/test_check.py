"""The check engine, and every exercise that is registered."""

from __future__ import annotations

import importlib
import pkgutil
import re
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab import check as engine
from oomlab import exercises
from oomlab.check import check, hint, problem, solution
from oomlab.exercises import Exercise, UnknownExercise, Wrong
from oomlab.exercises.kinds import Choice, Essay, Kind, Names, Number

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
def test_a_known_wrong_answer_is_wrong_and_gets_the_first_message_that_fits(exercise, seed):
    """Two mistakes can meet in one value, or one of them in the right answer."""
    posed = exercise.problem(seed)
    for number, wrong in enumerate(posed.wrong):
        feedback = check(exercise.id, wrong.answer, seed=seed)
        if exercise.kind.same(wrong.answer, posed.answer):
            assert feedback.passed
        else:
            assert feedback.verdict == "not yet"
            assert feedback.message in {each.message for each in posed.wrong[: number + 1]}


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
def test_each_message_for_a_known_wrong_answer_can_be_met(exercise):
    met = set()
    for seed in (None, *SEEDS) if exercise.draw else (None,):
        for number, wrong in enumerate(exercise.problem(seed).wrong):
            if check(exercise.id, wrong.answer, seed=seed).message == wrong.message:
                met.add(number)
    assert met == set(range(len(exercise.wrong)))


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
    assert len(set(questions)) >= 2


@pytest.mark.parametrize("exercise", SEEDED, ids=lambda e: e.id)
def test_fresh_numbers_are_never_the_notebooks_own(exercise):
    own = exercise.problem().question
    assert all(exercise.problem(seed).question != own for seed in range(200))


def test_exercises_with_numbers_have_fresh_ones_in_every_notebook():
    plain = {e.id for e in EVERY if isinstance(e.kind, Number | Names) and not e.draw}
    assert plain == {"03.5", "06.2", "08.4"}  # the answer is the same for all numbers: that is the point
    assert {e.id[:2] for e in SEEDED} == {e.id[:2] for e in EVERY}


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
def test_texts_have_no_marks_but_backticks_in_pairs(exercise):
    """A card shows what stands between backticks as code, and any other mark as it is written."""
    posed = exercise.problem()
    texts = [posed.question, posed.solution, *posed.hints, *(wrong.message for wrong in posed.wrong)]
    options = exercise.kind.options.values() if isinstance(exercise.kind, Choice) else ()
    for text in (*texts, *options):
        words, _, rest = re.sub(r"`[^`\n]+`", "", text).partition("`")
        assert not rest, text
        assert not re.search(r"(?<![\w*)])\*+[A-Za-z][^*]*[\w.]\*+(?!\w)|\b_[a-z ]+_\b", words), text


def as_python(text):
    """The expression in a hint that is nothing but code; ``None`` for any other hint."""
    return text[1:-1] if re.fullmatch(r"`[^`]+`", text) else None


NAMESPACE: dict[str, object] = {}
exec("from oomlab import *; from oomlab.units import *; from oomlab.simulation import *", NAMESPACE)
exec("from dataclasses import replace", NAMESPACE)


@pytest.mark.parametrize(("exercise", "seed"), PROBLEMS)
def test_a_last_hint_that_is_code_leads_to_the_answer(exercise, seed):
    if code := as_python(exercise.problem(seed).hints[-1]):
        value = eval(code, NAMESPACE)
        if isinstance(exercise.kind, Number | Names):  # what a choice shows has to be read
            assert check(exercise.id, value, seed=seed).passed


class Odd(float):
    """A number that cannot be turned into one."""

    def __float__(self):
        raise ZeroDivisionError("odd")


ODD = [
    *(10**400, -(10**400), Fraction(10**400), "0x" + "f" * 100_000, "9" * 5000, Odd(1), Decimal(1), 1j),
    *(
        "\ud800",
        "__GFP_\ud800",
        "²",
        "٣",
        ",",
        "x" * 100_000,
        b"\xff",
        object(),
        {"a": 1},
        {...},
        print,
        check,
    ),
    *([[]], [None], (..., 1), float("nan"), float("-inf"), range(3), 1 == 2, "Normal\0", "-", "0x", "1e999"),
]


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
def test_odd_answers_get_feedback_that_can_be_shown(exercise):
    for answer in ODD:
        feedback = check(exercise.id, answer)
        assert not feedback.passed or answer is False  # which is a no
        assert (repr(feedback) + feedback._repr_html_()).encode("utf-8")


@pytest.mark.parametrize("exercise", EVERY, ids=lambda e: e.id)
@given(
    answer=st.one_of(
        *(st.text(), st.floats(), st.integers(), st.binary(), st.booleans(), st.fractions(), st.decimals()),
        *(st.integers(10**300, 10**500), st.lists(st.text()), st.from_regex(r"[-+0-9a-fx._, kMGiB]+")),
        st.dictionaries(st.text(), st.none()),
    )
)
def test_no_answer_raises(exercise, answer):
    feedback = check(exercise.id, answer)
    assert feedback.verdict in engine._MARKS
    assert (repr(feedback) + feedback._repr_html_()).encode("utf-8")


# What was tried in a review, with what it should have said
TRIED = [
    (
        "02.3",
        "__GFP_WAIT|__GFP_IO|__GFP_FS|__GFP_COLD",
        "All the bits are right. Some of them together have a name",
    ),
    ("05.1", 61.1, "The tree node has a share too"),
    ("05.1", 61, "The tree node has a share too"),
    ("05.2", 513248, "What does your own number predict?"),
    ("00.1", "8056 kB", "The exercise is to convert it: write a number of pages."),
    ("01.5", "37403 pages", "The exercise is to convert it: write a number of kB."),
    ("07.1", "677 pages", "The exercise is to convert it: write a number of kB."),
    ("01.1", 2 ^ 3 * 4, "In Python a power is written `2**3`"),
    ("01.2", 31.6, "You divided by powers of 1,000"),
    ("03.2", 276.8, "You divided by powers of 1,000"),
    ("01.2", 30, "Nearly: one more digit."),
    ("05.6", 5, "Nearly: one more digit."),
    ("06.3", 15, "Nearly: one more digit."),
    ("02.2", "84d2", "A hexadecimal number begins with 0x"),
    ("02.1", "GFP_HIGHMEM", "two underscores in front"),
    ("02.6", "Movable", "This machine has no such zone"),
    ("02.4", False, "The answer is no."),
    ("04.4", 1501 - 2 > 630 + 869, "no."),
    ("03.5", 8094393, "That is the 32-bit machine"),
    ("07.5", "mem=28G", "It saves the machine"),
    ("01.7", "a", "First write a sentence or two."),
    ("04.2", 2012.5, "That is not the number."),
    ("01.6", "the first 16 MB", "It has 412 kB"),
    ("08.1", 249.5, "67 was the packing of the incident's kernel"),
    ("08.2", 464, "lie in lowmem, too"),
    ("09.4", 136_988, "The kernel divides first"),
    ("10.12", 31, "That is the machine as it was"),
]


@pytest.mark.parametrize(("id", "answer", "message"), TRIED, ids=lambda value: str(value)[:30])
def test_an_answer_that_was_tried_gets_a_message_that_helps(id, answer, message):
    assert message in check(id, answer).message


def test_only_the_code_of_sigkill_is_said_to_be_the_oom_killers():
    assert "Signal 9 is SIGKILL" in solution("09.1").text
    for seed in SEEDS:
        assert "This was no OOM kill" in solution("09.1", seed=seed).text


# Numbers


def verdict(kind: Kind, answer: object, **fields: object) -> str:
    return engine._judge(made(kind, **fields).problem(), answer, None).verdict


def message(kind: Kind, answer: object, **fields: object) -> str:
    return engine._judge(made(kind, **fields).problem(), answer, None).message


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
    assert "to convert it" in message(Number(lambda: 2014, unit="pages", converts=False), "8056 kB")
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


def test_a_choice_takes_its_key_or_its_meaning_in_any_case():
    assert verdict(ZONE, " B ") == "right"
    assert verdict(ZONE, "a") == "not yet"
    assert verdict(ZONE, "normal") == "right"
    for answer in (2, "HighMem", True):
        assert message(ZONE, answer) == (
            'That is none of the options. Answer with one of "a" (DMA), "b" (Normal).'
        )


NAMES = Names(lambda: ["GFP_KERNEL", "__GFP_ZERO"])


@pytest.mark.parametrize(
    "answer", [{"GFP_KERNEL", "__GFP_ZERO"}, ["__GFP_ZERO", "GFP_KERNEL"], "GFP_KERNEL|__GFP_ZERO"]
)
def test_names_come_in_any_order(answer):
    assert verdict(NAMES, answer) == "right"


def test_wrong_names_are_counted_and_named():
    assert message(NAMES, "GFP_KERNEL|__GFP_HIGH") == "Not quite: 1 missing; __GFP_HIGH does not belong."
    assert "Write the names" in message(NAMES, [1, 2])


def test_a_text_never_passes_by_itself_but_shows_its_rubric():
    essay = Essay(("names the zone", "quotes a line"))
    assert verdict(essay, "because " * 500) == "yours to judge"
    assert "quotes a line" in message(essay, "Normal was full of records, and nothing came to take them away")
    assert "quotes a line" not in message(essay, "Normal was full")
    assert verdict(essay, " … ") == "not answered yet"
    assert verdict(essay, 4) == "not yet"


# Hints, solutions, seeds, and how it all looks


def test_hints_come_one_at_a_time_and_then_point_to_the_solution(register):
    id = register(made(PAGES))
    shown = [hint(id) for _ in range(4)]
    assert [card.text.splitlines()[0] for card in shown] == ["a", "b", "c", "c"]
    assert "solution(" not in shown[1].text
    assert 'solution("77.1")' in shown[2].text


def test_hints_are_counted_for_each_seed_on_its_own(register):
    draw = lambda rng: {"n": rng.randrange(9)}  # noqa: E731
    id = register(made(Number(lambda n: n), given={"n": 99}, draw=draw, hints=("a {n}", "b", "c")))
    assert [hint(id).text[0], hint(id).text[0], hint(id, seed=4).text[0], hint(id).text[0]] == [
        "a",
        "b",
        "a",
        "c",
    ]
    hint(id, seed=4)
    assert 'solution("77.1", seed=4)' in hint(id, seed=4).text


def test_the_solution_is_revealed_on_demand_with_its_answer(register):
    assert solution(register(made(PAGES))).text == "It is 2014."


def test_a_seeded_problem_is_judged_by_its_own_numbers(register):
    kind = Number(lambda order: 2**order, unit="pages")
    draw = lambda rng: {"order": rng.randrange(4, 11)}  # noqa: E731
    id = register(made(kind, given={"order": 3}, draw=draw, question="Order {order}?"))
    order = draw(Random(f"{id}/7"))["order"]
    assert problem(id, seed=7).text == f'Order {order}?\nThen: check("77.1", …, seed=7)'
    assert check(id, 2**order, seed=7).passed
    assert not check(id, 8, seed=7).passed
    assert check(id, 8).hint == 'Once more, on fresh numbers: problem("77.1", seed=1)'
    assert check(id, 7, seed=7).hint == 'Stuck? hint("77.1", seed=7) helps.'


def test_a_seed_where_nothing_can_be_drawn_says_so(register):
    id = register(made(PAGES))
    for shown in (problem(id, seed=7), hint(id, seed=7), solution(id, seed=7), check(id, 7, seed=7)):
        assert "Exercise 77.1 has no fresh numbers: leave the seed out." in repr(shown)


@pytest.mark.parametrize("id", ["99.9", "00.99", "", "zero", 3, 1.1, None, ["00.1"]])
def test_an_unknown_number_names_the_known_ones(id):
    with pytest.raises(UnknownExercise, match=r"00\.1"):
        exercises.find(id)
    for shown in (problem(id), hint(id), solution(id), check(id, 1)):
        assert "There is no exercise" in repr(shown)
        assert "00.1" in shown._repr_html_()


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
    assert page.tags == {"div", "strong", "code", "details", "summary"}
    assert "<script>alert(1)</script>" in page.text
    assert "✗ Not yet (77.1)" in page.text
    assert "✓ Right (77.1)" in Reader(check(id, NAMES.answer())._repr_html_()).text


def test_feedback_repeats_a_wrong_name_without_what_would_act_and_only_its_beginning(register):
    id = register(made(NAMES))
    said = repr(check(id, ["\x1b[31m\u202e", "x" * 10_000, *(f"n{i}" for i in range(5000))]))
    assert "\\x1b[31m\\u202e does not belong" in said
    assert all(each.isprintable() or each == "\n" for each in said)
    assert len(said) < 600


def test_a_card_holds_its_hints_and_fresh_numbers_folded_and_names_the_calls(register):
    draw = lambda rng: {"n": 7}  # noqa: E731
    id = register(made(Number(lambda n: n), given={"n": 3}, draw=draw, question="Which {n}?"))
    wrong, right = (Reader(check(id, answer)._repr_html_()).text for answer in (4, 3))
    assert [wrong.index(word) for word in ("Hint", "A stronger hint", "The last hint")] == sorted(
        wrong.index(word) for word in ("Hint", "A stronger hint", "The last hint")
    )
    assert 'hint("77.1")' in wrong
    assert 'Fresh numbersWhich 7?\nThen: check("77.1", …, seed=1)' in right
    assert 'problem("77.1", seed=1)' in right
    assert "Hint" not in right
    assert "Which 7?" not in repr(check(id, 3))


def test_passed_is_true_for_a_right_answer_only(register):
    id = register(made(PAGES))
    assert [check(id, answer).passed for answer in (2014, 7, "x", ...)] == [True, False, False, False]


def test_the_number_of_an_exercise_that_is_none_is_shown_without_harm():
    shown = repr(check("\x1b[31m\u202e" * 1000))
    assert shown.isprintable()
    assert len(shown) < 1500
