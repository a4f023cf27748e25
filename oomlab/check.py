"""Check an answer, ask for a hint, see the solution.

>>> check("00.1", 2014)
✓ Right (00.1). 8,056 kB / 4 kB = 2,014 pages.
Once more, on fresh numbers: problem("00.1", seed=1)
>>> check("00.1", ...)
○ Not answered yet (00.1). Put your answer in the cell above and run this one again.
Stuck? hint("00.1") helps.

Nothing here raises because of what a learner typed, except for the number of an
exercise that does not exist.
"""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from oomlab.exercises import Problem, find
from oomlab.exercises.kinds import Essay, NotAnswered, Unreadable
from oomlab.render.safe import NO_MATH

__all__ = ["Card", "Feedback", "check", "hint", "problem", "solution"]

Verdict = Literal["right", "not yet", "not answered yet", "yours to judge"]

_MARKS: dict[Verdict, tuple[str, str]] = {
    "right": ("✓", "#007a5a"),
    "not yet": ("✗", "#b8420f"),
    "not answered yet": ("○", "#6b6b6b"),
    "yours to judge": ("✎", "#0060a0"),
}
"""What stands before each verdict; the colour only repeats what the mark and the words say."""

_hints_given: Counter[str] = Counter()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Card:
    """A short text with a heading, shown as text in a terminal and framed in a notebook."""

    mark: str
    heading: str
    text: str
    colour: str = "#0060a0"

    def __repr__(self) -> str:
        return f"{self.mark} {self.heading}. {self.text}"

    def _repr_html_(self) -> str:
        """Give the card as HTML; every part of it is escaped."""
        return (
            f'<div role="status" class="{NO_MATH}" style="border-left: 4px solid {self.colour}; '
            f'padding: 0.2em 0.8em; white-space: pre-wrap">'
            f"<strong>{html.escape(f'{self.mark} {self.heading}')}</strong>\n"
            f"{_code(html.escape(self.text))}</div>"
        )


def _code(escaped: str) -> str:
    """Set what stands between backticks in a fixed-width face."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escaped)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Feedback:
    """What came of an answer: the verdict, a message, and what to do next.

    ``passed`` is true for a right answer and for nothing else.
    """

    id: str
    verdict: Verdict
    message: str
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.verdict == "right"

    @property
    def card(self) -> Card:
        """The feedback as it is shown."""
        mark, colour = _MARKS[self.verdict]
        text = f"{self.message}\n{self.hint}" if self.hint else self.message
        return Card(mark=mark, heading=f"{self.verdict.capitalize()} ({self.id})", text=text, colour=colour)

    def __repr__(self) -> str:
        return repr(self.card)

    def _repr_html_(self) -> str:
        return self.card._repr_html_()


def check(id: str, answer: Any = ..., *, seed: int | None = None) -> Feedback:
    """Check the answer to an exercise.

    ``answer`` is a number, text such as ``"8 kB"``, an option's key, a list of names
    or a function, as the exercise asks; ``...`` and ``None`` mean not answered yet.
    ``seed`` is the one that :func:`problem` was asked with.

    Raises :class:`oomlab.exercises.UnknownExercise` when there is no such exercise.
    Under nbgrader an answer that is wrong or missing raises ``AssertionError``, for
    that is how nbgrader knows a cell that earns no marks.
    """
    feedback = _judge(find(id).problem(seed), answer, seed or 0)
    if "NBGRADER_EXECUTION" in os.environ and feedback.verdict in ("not yet", "not answered yet"):
        raise AssertionError(repr(feedback))
    return feedback


def _judge(problem: Problem, answer: Any, seed: int) -> Feedback:
    id, kind = problem.exercise.id, problem.exercise.kind
    more = f'Stuck? hint("{id}") helps.'
    again = f'Once more, on fresh numbers: problem("{id}", seed={seed + 1})' if problem.exercise.draw else ""
    try:
        value = kind.read(_answered(answer))
    except NotAnswered:
        message = "Put your answer in the cell above and run this one again."
        return Feedback(id=id, verdict="not answered yet", message=message, hint=more)
    except Unreadable as error:
        return Feedback(id=id, verdict="not yet", message=str(error), hint=more)
    if kind.same(value, problem.answer):
        return Feedback(id=id, verdict="right", message=problem.solution, hint=again)
    if isinstance(kind, Essay):
        return Feedback(id=id, verdict="yours to judge", message=kind.remark(value, problem.answer))
    return Feedback(id=id, verdict="not yet", message=_message(problem, value), hint=more)


def _answered(answer: Any) -> Any:
    """Let an answer through that is not the stub."""
    parts = answer if isinstance(answer, list | tuple) and answer else (answer,)
    if any(part is ... or part is None for part in parts) or (isinstance(answer, str) and not answer.strip()):
        raise NotAnswered
    return answer


def _message(problem: Problem, value: Any) -> str:
    """Find what to say about a wrong value: the exercise's own word first, then the kind's."""
    kind = problem.exercise.kind
    for wrong in problem.wrong:
        if (wrong.test and wrong.test(value)) or kind.same(value, wrong.answer):
            return wrong.message
    return kind.remark(value, problem.answer)


def problem(id: str, *, seed: int | None = None) -> Card:
    """Show an exercise's question; with a seed, the same skill on fresh numbers."""
    question = find(id).problem(seed).question
    return Card(mark="?", heading=id if seed is None else f"{id}, seed {seed}", text=question)


def hint(id: str, *, seed: int | None = None) -> Card:
    """Give the next hint: first a nudge, then the method, then nearly the answer."""
    hints = find(id).problem(seed).hints
    number = min(_hints_given[id], len(hints) - 1)
    _hints_given[id] += 1
    more = f'\nThat was the last one; solution("{id}") shows the answer.' if number == len(hints) - 1 else ""
    return Card(mark="…", heading=f"Hint {number + 1} of {len(hints)} ({id})", text=hints[number] + more)


def solution(id: str, *, seed: int | None = None) -> Card:
    """Reveal the solution."""
    return Card(mark="=", heading=f"Solution ({id})", text=find(id).problem(seed).solution)
