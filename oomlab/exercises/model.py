"""What an exercise is: a question, a way to work out the answer, and what to say about wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from oomlab.errors import OomlabError
from oomlab.exercises.kinds import Choice, Kind, Number

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class UnknownExercise(OomlabError, LookupError):
    """No exercise or prediction has this number, or it has no fresh numbers to draw."""


class Wrong(NamedTuple):
    """A wrong answer that has a message of its own.

    ``answer`` is the answer of a learner who made this mistake, or a function of the
    exercise's ``given`` that works it out. ``test`` widens it: any value for which it
    is true gets the message too.
    """

    answer: Any
    message: str
    test: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One exercise: its number, what it asks, how to judge, and how to help.

    ``given`` are the numbers of the question as the notebook shows it; ``draw``,
    where there is one, makes fresh ones from a random generator. Every text may name
    them in braces, ``{answer}`` too; a brace that is meant is written twice. ``hints``
    go from a nudge through the method to nearly the answer.
    """

    id: str
    question: str
    kind: Kind
    hints: tuple[str, str, str]
    solution: str
    wrong: tuple[Wrong, ...] = ()
    given: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    draw: Callable[[Random], dict[str, Any]] | None = None

    def problem(self, seed: object = None) -> Problem:
        """Return the exercise with its numbers in place: the notebook's, or those of a seed.

        Numbers drawn are never the notebook's own. Raises :class:`UnknownExercise`
        when a seed is given and there is nothing to draw.
        """
        if seed is None:
            return Problem(exercise=self, given=self.given)
        if self.draw is None:
            raise UnknownExercise(f"exercise {self.id} has no fresh numbers: leave the seed out")
        rng = Random(f"{self.id}/{seed}")
        while (drawn := self.draw(rng)) == self.given:
            pass
        return Problem(exercise=self, given=drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A guess that a learner makes before a cell shows what happens: ``"03.a"`` is the first of notebook 03.

    ``says`` is the sentence that goes with the outcome. It may name ``{answer}``.
    """

    id: str
    question: str
    kind: Choice | Number
    says: str

    @property
    def answer(self) -> Any:
        """What really happens, worked out by the library."""
        return self.kind.expected(_NOTHING)

    def fits(self, guess: Any) -> bool:
        """Whether a guess was right. Raises what the kind's ``read`` raises."""
        value: Any = self.kind.read(guess)
        return self.kind.same(value, self.answer)

    def words(self, value: Any) -> str:
        """Return a guess, or the answer, in words."""
        if isinstance(self.kind, Choice):
            return self.kind.options.get(str(value)) or str(value)
        return f"{value:,g} {_counted(value, self.kind.unit)}".strip()

    @property
    def told(self) -> str:
        """What to say once the outcome is shown."""
        return self.says.format(answer=self.words(self.answer))


def _counted(number: float, unit: str) -> str:
    """Return a unit as it goes with a number: ``"page"`` with one, ``"pages"`` with others.

    >>> _counted(1, "pages"), _counted(1, "theories"), _counted(1, "MiB"), _counted(2, "pages")
    ('page', 'theory', 'MiB', 'pages')
    """
    if number != 1 or not unit.endswith("s"):
        return unit
    return f"{unit[:-3]}y" if unit.endswith("ies") else unit[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An exercise with its numbers in place."""

    exercise: Exercise
    given: Mapping[str, Any]

    @property
    def answer(self) -> Any:
        """The right answer, worked out by the library."""
        return self.exercise.kind.expected(self.given)

    @property
    def question(self) -> str:
        """What is asked."""
        return self._filled(self.exercise.question)

    @property
    def hints(self) -> tuple[str, ...]:
        """A nudge, the method, nearly the answer."""
        return tuple(map(self._filled, self.exercise.hints))

    @property
    def solution(self) -> str:
        """The answer, and why."""
        return self._filled(self.exercise.solution)

    @property
    def wrong(self) -> list[Wrong]:
        """The known wrong answers, worked out."""
        kind = self.exercise.kind
        return [
            Wrong(kind.mistaken(wrong.answer, self.given), self._filled(wrong.message), wrong.test)
            for wrong in self.exercise.wrong
        ]

    def _filled(self, text: str) -> str:
        return text.format(**self.given, answer=self.exercise.kind.shown(self.answer))
