"""Check an answer, ask for a hint, see the solution.

>>> check("00.1", 2014)
✓ Right (00.1). 8,056 kB / 4 kB = 2,014 pages.
Once more, on fresh numbers: problem("00.1", seed=1)
>>> check("00.1", ...)
○ Not answered yet (00.1). Put your answer in the cell above and run both cells.
Stuck? hint("00.1") helps.

In a notebook the hints and the fresh numbers are also in the card itself, folded.
Nothing here raises because of what a learner typed.
"""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from oomlab.exercises import Problem, UnknownExercise, find
from oomlab.exercises.kinds import Choice, Essay, NotAnswered, Unreadable
from oomlab.progress_file import keep_answer
from oomlab.render.safe import NO_MATH, plain, prose

__all__ = ["Card", "Feedback", "check", "hint", "marks", "problem", "solution"]

Verdict = Literal["right", "not yet", "not answered yet", "yours to judge"]

_MARKS: dict[Verdict, tuple[str, str]] = {
    "right": ("✓", "#007a5a"),
    "not yet": ("✗", "#b8420f"),
    "not answered yet": ("○", "#6b6b6b"),
    "yours to judge": ("✎", "#0060a0"),
}
"""The sign before each verdict; the colour repeats what sign and words say."""

_UNANSWERED = {
    False: "Put your answer in the cell above and run both cells.",
    True: "Pick one of the options above, then run this cell again.",
}
"""What to do about an exercise that is not answered yet, by whether it is a choice."""

_hints_given: Counter[tuple[str, str]] = Counter()
"""How many hints were asked for, by exercise and seed."""


class Fold(NamedTuple):
    """A part of a card that opens when its title is clicked; ``inner`` comes after its text."""

    title: str
    text: str
    inner: Fold | None = None

    def html(self) -> str:
        """Return the fold as HTML; its title can be reached and opened from the keyboard."""
        inner = self.inner.html() if self.inner else ""
        return (
            f'<details><summary style="cursor: pointer; font-weight: 600">{html.escape(self.title)}</summary>'
            f'<div style="margin-left: 1.1em">{prose(self.text)}</div>{inner}</details>'
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Card:
    """A short text with a heading, shown as text in a terminal and framed in a notebook.

    ``fold`` is an offer that only the notebook shows; the text names the call that does the same.
    """

    mark: str
    heading: str
    text: str
    colour: str = "#0060a0"
    fold: Fold | None = None

    def __repr__(self) -> str:
        return f"{self.mark} {self.heading}. {self.text}"

    def _repr_html_(self) -> str:
        """Return the card as HTML, every part of it escaped."""
        return (
            f'<div role="status" class="{NO_MATH}" style="border-left: 4px solid {self.colour}; '
            f'padding: 0.2em 0.8em; white-space: pre-wrap">'
            f"<strong>{html.escape(f'{self.mark} {self.heading}')}</strong>\n"
            f"{prose(self.text)}{self.fold.html() if self.fold else ''}</div>"
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Feedback:
    """The result of a check: the verdict, a message, and what to do next.

    ``passed`` is true for a right answer and for nothing else.
    """

    id: str
    verdict: Verdict
    message: str
    hint: str = ""
    fold: Fold | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.verdict == "right"

    @property
    def card(self) -> Card:
        """The feedback as it is shown."""
        mark, colour = _MARKS[self.verdict]
        text = f"{self.message}\n{self.hint}" if self.hint else self.message
        heading = f"{self.verdict.capitalize()} ({self.id})"
        return Card(mark=mark, heading=heading, text=text, colour=colour, fold=self.fold)

    def __repr__(self) -> str:
        return repr(self.card)

    def _repr_html_(self) -> str:
        return self.card._repr_html_()


def check(id: str, answer: Any = ..., *, seed: int | None = None) -> Feedback:
    """Return feedback on the answer to an exercise.

    ``answer`` is a number, text such as ``"8 kB"``, an option's key, a list of names
    or a few sentences, as the exercise asks; ``...`` and ``None`` mean not answered yet.
    ``seed`` is the one that :func:`problem` was asked with.
    What became of an answer is kept in the learner's own file: :mod:`oomlab.progress_file`.
    """
    try:
        feedback = _judge(find(id).problem(seed), answer, seed)
    except UnknownExercise as error:
        return Feedback(id=plain(str(id)[:80]), verdict="not yet", message=_sentence(error))
    if seed is None:
        keep_answer(feedback.id, feedback.verdict)
    return feedback


def marks(id: str, answer: Any = ...) -> int:
    """Print the feedback on an answer, and return its points, 1 or 0, as nbgrader counts them."""
    feedback = check(id, answer)
    print(feedback)
    return int(feedback.passed)


def _judge(problem: Problem, answer: Any, seed: int | None) -> Feedback:
    id, kind = problem.exercise.id, problem.exercise.kind
    try:
        value = kind.read(_answered(answer))
    except NotAnswered:
        return _with_hints(problem, seed, "not answered yet", _UNANSWERED[isinstance(kind, Choice)])
    except Unreadable as error:
        return _with_hints(problem, seed, "not yet", str(error))
    if kind.same(value, problem.answer):
        return _right(problem, seed)
    if isinstance(kind, Essay):
        return Feedback(id=id, verdict="yours to judge", message=kind.remark(value, problem.answer))
    return _with_hints(problem, seed, "not yet", _message(problem, value))


def _answered(answer: Any) -> Any:
    """Return an answer that is not the stub."""
    parts = answer if isinstance(answer, list | tuple) and answer else (answer,)
    if any(part is ... or part is None for part in parts) or (isinstance(answer, str) and not answer.strip()):
        raise NotAnswered
    return answer


def _message(problem: Problem, value: Any) -> str:
    """Return what to say about a wrong value: the exercise's own message first, then the kind's."""
    kind = problem.exercise.kind
    for wrong in problem.wrong:
        if (wrong.test and wrong.test(value)) or kind.same(value, wrong.answer):
            return wrong.message
    return kind.remark(value, problem.answer)


def _with_hints(problem: Problem, seed: int | None, verdict: Verdict, message: str) -> Feedback:
    """Return feedback that offers the hints: a nudge, inside it the method, inside that nearly the answer."""
    nudge, method, nearly = problem.hints
    fold = Fold("Hint", nudge, Fold("A stronger hint", method, Fold("The last hint", nearly)))
    call = f"Stuck? {_call('hint', problem.exercise.id, seed)} helps."
    return Feedback(id=problem.exercise.id, verdict=verdict, message=message, hint=call, fold=fold)


def _right(problem: Problem, seed: int | None) -> Feedback:
    """Return praise, with the solution, and fresh numbers where there are any."""
    id, again, fold = problem.exercise.id, "", None
    if problem.exercise.draw:
        seed = seed + 1 if isinstance(seed, int) else 1
        again = f"Once more, on fresh numbers: {_call('problem', id, seed)}"
        fold = Fold("Fresh numbers", _posed(problem.exercise.problem(seed), seed))
    return Feedback(id=id, verdict="right", message=problem.solution, hint=again, fold=fold)


def _call(name: str, id: str, seed: int | None) -> str:
    return f'{name}("{id}")' if seed is None else f'{name}("{id}", seed={seed})'


def _posed(problem: Problem, seed: int | None) -> str:
    """Return the question, the form of its answer, and the call that judges it."""
    judge = f'check("{problem.exercise.id}", …' + (")" if seed is None else f", seed={seed})")
    lines = (problem.question, problem.exercise.kind.how(), f"Then: {judge}")
    return "\n".join(line for line in lines if line)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _lost(error: UnknownExercise) -> Card:
    return Card(mark="!", heading="No such exercise", text=_sentence(error))


def problem(id: str, *, seed: int | None = None) -> Card:
    """Return an exercise's question; with a seed, the same skill on fresh numbers."""
    try:
        text = _posed(find(id).problem(seed), seed)
    except UnknownExercise as error:
        return _lost(error)
    return Card(mark="?", heading=id if seed is None else f"{id}, seed {seed}", text=text)


def hint(id: str, *, seed: int | None = None) -> Card:
    """Return the next hint: first a nudge, then the method, then nearly the answer."""
    try:
        hints = find(id).problem(seed).hints
    except UnknownExercise as error:
        return _lost(error)
    asked = (str(id), str(seed))
    number = min(_hints_given[asked], len(hints) - 1)
    _hints_given[asked] += 1
    last = number == len(hints) - 1
    more = f"\nThat was the last one; {_call('solution', id, seed)} shows the answer." if last else ""
    return Card(mark="…", heading=f"Hint {number + 1} of {len(hints)} ({id})", text=hints[number] + more)


def solution(id: str, *, seed: int | None = None) -> Card:
    """Return the solution."""
    try:
        text = find(id).problem(seed).solution
    except UnknownExercise as error:
        return _lost(error)
    return Card(mark="=", heading=f"Solution ({id})", text=text)
