"""A prediction: the learner commits to a guess, and only then sees what happens."""

from __future__ import annotations

import html
from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from types import TracebackType
from typing import Any

import anywidget
import traitlets

from oomlab import progress_file
from oomlab.exercises import find_prediction
from oomlab.exercises.kinds import Choice, NotAnswered, Number, Unreadable
from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.render.safe import NO_MATH


class Predict(anywidget.AnyWidget):
    """A question that is answered before the outcome is shown.

    ``with Predict("03.a"):`` runs the block and holds back what it prints until there is a guess. Without a
    block the guess is kept for later. A guess counts once: it stays in the learner's own file, where
    :func:`oomlab.learning.guesses` finds it. Where there are no buttons, ``guess=`` answers.

    Raises :class:`~oomlab.exercises.UnknownExercise` for a prediction that does not exist.
    """

    _esm = widget_script("predict")
    _css = stylesheet("radios")
    value = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    _question = traitlets.Unicode().tag(sync=True)
    _options: traitlets.List[tuple[str, str]] = traitlets.List().tag(sync=True)
    _unit = traitlets.Unicode().tag(sync=True)
    _done = traitlets.Bool(False).tag(sync=True)
    _feedback = traitlets.Unicode().tag(sync=True)
    _outcome = traitlets.Unicode().tag(sync=True)

    def __init__(self, id: str, *, guess: Any = None) -> None:
        self._prediction = find_prediction(id)
        kind = self._prediction.kind
        options = [*kind.options.items()] if isinstance(kind, Choice) else []
        unit = kind.unit if isinstance(kind, Number) else ""
        super().__init__(_question=self._prediction.question, _options=options, _unit=unit)
        self._printed: StringIO | None = None
        self._held: redirect_stdout[StringIO] | None = None
        kept = progress_file.mapping(progress_file.read().get("predictions")).get(id)
        self.observe(self._guessed, "value")
        if (first := kept if kept is not None else guess) is not None:
            self.value = str(first)

    def __enter__(self) -> Predict:
        """Hold back what is printed from now on."""
        self._printed = StringIO()
        self._held = redirect_stdout(self._printed)
        self._held.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the question, and the outcome if there is a guess already; an error in the block is raised."""
        assert self._held is not None
        self._held.__exit__(kind, error, trace)
        if kind is None:
            self._reveal()
            _show(self)

    @property
    def outcome(self) -> str:
        """What the block printed, and the sentence that goes with it."""
        printed = self._printed.getvalue() if self._printed else ""
        return f"{printed.rstrip()}\n\n{self._prediction.told}".strip("\n")

    def _guessed(self, change: Mapping[str, Any]) -> None:
        try:
            guess = self._prediction.kind.read(change["new"])
        except NotAnswered:
            return
        except Unreadable as error:
            self._feedback = str(error)
            return
        with self.hold_sync():
            self._done = True
            self._feedback = f"Your guess: {self._prediction.words(guess)}. {self._kept(change['new'])}"
            self._reveal()

    def _kept(self, guess: str) -> str:
        try:
            name = progress_file.keep("predictions", guess, name=self._prediction.id)
        except progress_file.NotKept as error:
            return f"It is not kept: {error}."
        return f"Kept in {name}."

    def _reveal(self) -> None:
        """Send the page the outcome, once there are both a guess and an outcome."""
        if self._done and self._printed is not None:
            self._outcome = self.outcome

    def __repr__(self) -> str:
        meanings = [f"  {key}" + (f": {meaning}" if meaning != key else "") for key, meaning in self._options]
        call = f'No buttons here? Predict("{self._prediction.id}", guess=…) answers.'
        rest = [self._feedback, self._outcome] if self._done else [*meanings, call, self._feedback]
        return "\n".join(line for line in (self._question, *rest) if line)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the live question, and beside it one that any page can show, with the outcome folded."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        items = "".join(f"<li>{html.escape(meaning)}</li>" for _, meaning in self._options)
        listed = f"<ul>{items}</ul>" if items else ""
        outcome = "" if self._printed is None else _folded(self.outcome)
        page = (
            f'<div class="{NO_MATH}"><p>{html.escape(self._question)}</p>{listed}'
            f"<p>Run this cell to make your guess.</p>{outcome}</div>"
        )
        return {**data, "text/plain": repr(self), "text/html": page}, metadata


def _folded(outcome: str) -> str:
    summary = '<summary style="cursor: pointer">After your guess: what happens</summary>'
    return f'<details>{summary}<pre style="white-space: pre-wrap">{html.escape(outcome)}</pre></details>'


def _show(widget: Predict) -> None:
    """Show the widget where it stands: in a notebook as itself, elsewhere as text."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(repr(widget))
        return
    display(widget) if get_ipython() else print(repr(widget))  # type: ignore[no-untyped-call]
