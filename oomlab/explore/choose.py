"""Radio buttons for an exercise that asks for a choice."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from oomlab.check import check
from oomlab.exercises import find
from oomlab.exercises.kinds import Choice
from oomlab.explore.explorer import STATIC, styles


class Choose(anywidget.AnyWidget):
    """The options of one exercise; what is picked is checked at once and kept in ``value``.

    ``value`` is the key of the option, or ``None`` before there is one, so that
    ``check("00.2", picked.value)`` works like any other answer.
    """

    _esm = STATIC / "choose.js"
    _css = styles("choose")
    value = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    _question = traitlets.Unicode().tag(sync=True)
    _options: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    _feedback = traitlets.Unicode().tag(sync=True)

    def __init__(self, id: str, kind: Choice) -> None:
        self._id = id
        options = [[key, meaning or key] for key, meaning in kind.options.items()]
        super().__init__(_question=find(id).problem().question, _options=options)
        self.observe(self._judge, "value")

    def _judge(self, change: Mapping[str, Any]) -> None:
        self._feedback = repr(check(self._id, change["new"]))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the live radio buttons, and beside them the question and its options as a list."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        lines = [f"{key}: {meaning}" for key, meaning in self._options]
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        words = {
            "text/plain": "\n".join([self._question, *lines]),
            "text/html": f"<p>{html.escape(self._question)}</p><ul>{items}</ul>",
        }
        return {**data, **words}, metadata


def choose(id: str) -> Choose:
    """Show the options of an exercise as radio buttons.

    Raises :class:`ValueError` when the exercise does not ask for a choice.
    """
    kind = find(id).kind
    if not isinstance(kind, Choice):
        raise ValueError(f"exercise {id} is not a choice: answer it with check({id!r}, …)")
    return Choose(id, kind)
