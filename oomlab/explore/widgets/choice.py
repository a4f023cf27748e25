"""Radio buttons: for an exercise that asks for a choice, and for the poll of notebook 00."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import anywidget
import traitlets

from oomlab.check import check
from oomlab.exercises import find
from oomlab.exercises.kinds import Choice, Picker
from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.progress_file import NotKept
from oomlab.render.safe import NO_MATH, prose
from oomlab.theories import keep_suspect, kept_suspect, theories


class Option(NamedTuple):
    """One radio button: what it stands for, its title, and what it means (or nothing)."""

    key: str
    title: str
    meaning: str = ""

    def __str__(self) -> str:
        return f"{self.title} {self.meaning}".strip()


class Radios(anywidget.AnyWidget):
    """A question with one radio button for each option.

    ``value`` is the key of the option picked, or ``None`` before there is one. What
    :meth:`answer` says to it is shown below, and read aloud by a screen reader.
    """

    _esm = widget_script("radios")
    _css = stylesheet("radios")
    value = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    _question = traitlets.Unicode().tag(sync=True)
    _options: traitlets.List[Option] = traitlets.List().tag(sync=True)
    _feedback = traitlets.Unicode().tag(sync=True)

    def __init__(self, question: str, options: tuple[Option, ...]) -> None:
        super().__init__(_question=question, _options=list(options))
        self.observe(self._picked, "value")

    def answer(self, key: str) -> str:
        """Return the feedback on the option that was picked."""
        raise NotImplementedError

    def _picked(self, change: Mapping[str, Any]) -> None:
        self._feedback = self.answer(change["new"])

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the live radio buttons, and beside them the question and its options as a list."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        lines = [str(option) for option in self._options]
        items = "".join(f"<li>{prose(line)}</li>" for line in lines)
        words = {
            "text/plain": "\n".join([self._question, *lines]),
            "text/html": f'<div class="{NO_MATH}"><p>{prose(self._question)}</p><ul>{items}</ul></div>',
        }
        return {**data, **words}, metadata


class Choose(Radios, Picker):
    """The options of one exercise; what is picked is checked at once.

    It is an answer like any other: ``check("02.4", picked)``.
    """

    def __init__(self, id: str, kind: Choice) -> None:
        self._id = id
        options = (Option(key, key, meaning) for key, meaning in kind.options.items())
        super().__init__(find(id).problem().question, tuple(options))

    def answer(self, key: str) -> str:
        """Check the option."""
        return repr(check(self._id, key))


class Suspects(Radios):
    """The poll: one radio button for each theory. The choice is kept in a file beside the notebooks.

    ``value`` is the key of a theory. Nothing is sent anywhere.
    """

    def __init__(self) -> None:
        options = (Option(theory.key, f"{_capital(theory.title)}.", theory.says) for theory in theories())
        super().__init__("Who did it?", tuple(options))
        if kept := kept_suspect():
            self.value = kept.key

    def answer(self, key: str) -> str:
        """Keep the choice, and return where it is kept, or that it cannot be."""
        try:
            name = keep_suspect(key)
        except NotKept as error:
            return f"{_capital(str(error))}. Remember your choice until notebook 07."
        return f"Kept in {name}. You will meet it again in notebook 07."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def choose(id: str) -> Choose:
    """Show the options of an exercise as radio buttons.

    Raises :class:`ValueError` when the exercise does not ask for a choice.
    """
    kind = find(id).kind
    if not isinstance(kind, Choice):
        raise ValueError(f"exercise {id} is not a choice: answer it with check({id!r}, …)")
    return Choose(id, kind)
