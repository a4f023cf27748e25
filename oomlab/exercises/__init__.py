"""The exercises of the course, as data: one module for each notebook.

``e02_gfp_mask.py`` holds the exercises of notebook 02 in a tuple ``EXERCISES``, and its
predictions in ``PREDICTIONS``.
A module is imported when one of its exercises is asked for, not before.
CONTRIBUTING.md shows how to write one.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from oomlab.exercises.model import Exercise, Prediction, Problem, UnknownExercise, Wrong

__all__ = [
    "Exercise",
    "Prediction",
    "Problem",
    "UnknownExercise",
    "Wrong",
    "every",
    "every_prediction",
    "find",
    "find_prediction",
]

_LONGEST = 80
"""Characters of a number that no exercise has, in a message."""


@cache
def _chapters() -> dict[str, str]:
    """Map the number of a notebook to its module: ``"02"`` to ``"e02_gfp_mask"``."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return {name[1:3]: name for name in sorted(names) if name[0] == "e" and name[1:3].isdigit()}


@cache
def _chapter(number: str) -> dict[str, Exercise]:
    """Map the numbers of a notebook's exercises to them; empty when there is no such notebook."""
    if number not in _chapters():
        return {}
    return {exercise.id: exercise for exercise in _module(number).EXERCISES}


def _module(number: str) -> Any:
    return import_module(f"{__name__}.{_chapters()[number]}")


def every() -> list[Exercise]:
    """Return all exercises of the course in order."""
    return [exercise for number in _chapters() for exercise in _chapter(number).values()]


def every_prediction() -> list[Prediction]:
    """Return all predictions of the course in order."""
    return [each for number in _chapters() for each in _predictions(number)]


def _predictions(number: str) -> tuple[Prediction, ...]:
    """Return the predictions of a notebook; none when there is no such notebook."""
    return getattr(_module(number), "PREDICTIONS", ()) if number in _chapters() else ()


def find_prediction(id: str) -> Prediction:
    """Return the prediction with this number, such as ``"03.a"``.

    Raises :class:`UnknownExercise`, which names those that there are.
    """
    number = str(id).partition(".")[0]
    for prediction in _predictions(number):
        if prediction.id == id:
            return prediction
    known = ", ".join(prediction.id for prediction in _predictions(number) or every_prediction())
    raise UnknownExercise(f"there is no prediction {_shown(id)}; there are: {known}")


def find(id: str) -> Exercise:
    """Return the exercise with this number, such as ``"02.3"``.

    Raises :class:`UnknownExercise`, which names the exercises that the notebook has.

    >>> find("00.1").id
    '00.1'
    """
    chapter = _chapter(str(id).partition(".")[0])
    if str(id) in chapter:
        return chapter[str(id)]
    known = ", ".join(chapter) if chapter else ", ".join(f"{number}.1 …" for number in _chapters())
    raise UnknownExercise(f"there is no exercise {_shown(id)}; there are: {known}")


def _shown(id: object) -> str:
    """Return what stands where a number should, as Python writes it and of a length that can be read."""
    shown = repr(id)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
