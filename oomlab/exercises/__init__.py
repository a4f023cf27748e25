"""The exercises of the course, as data: one module for each notebook.

``e02_gfp_mask.py`` holds the exercises of notebook 02 in a tuple ``EXERCISES``.
A module is imported when one of its exercises is asked for, not before.
CONTRIBUTING.md shows how to write one.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from oomlab.exercises.model import Exercise, Problem, UnknownExercise, Wrong

__all__ = ["Exercise", "Problem", "UnknownExercise", "Wrong", "every", "find"]


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
    module = import_module(f"{__name__}.{_chapters()[number]}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def every() -> list[Exercise]:
    """Return all exercises of the course in order."""
    return [exercise for number in _chapters() for exercise in _chapter(number).values()]


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
    raise UnknownExercise(f"there is no exercise {id!r}; there are: {known}")
