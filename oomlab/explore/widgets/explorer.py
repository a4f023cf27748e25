"""One small widget for every explorer: controls, one pure Python call, a picture.

An explorer is two pure functions of the same named values. ``panel(**values)`` declares the
controls, ``view(**values)`` computes what they show. The page (``static/explorer.js``) draws native
inputs, sends each movement once a frame and shows what comes back. Callbacks may run on a
thread of their own, so nothing here touches pyplot or any other shared state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import traitlets

from oomlab.errors import OomlabError
from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.explore.widgets.controls import AnyControl, Value
from oomlab.explore.widgets.opening import Opening
from oomlab.explore.widgets.picture import Picture
from oomlab.explore.widgets.still import still
from oomlab.machine import Machine

NARROWEST, WIDEST, UNASKED = 280, 1200, 680
"""Widths of a picture in pixels: the limits, and the one used where no page says how wide it is."""

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What stands beside the picture: controls, and named settings that one press restores."""

    controls: tuple[AnyControl, ...]
    presets: Mapping[str, Values] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Value]:
        """The value of every control by its name."""
        return {each.name: each.value for each in self.controls}

    def accept(self, sent: Mapping[str, object]) -> dict[str, Value]:
        """Take what makes sense of what a page sent; all else keeps its value."""
        return {each.name: each.accept(sent.get(each.name)) for each in self.controls}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an explorer shows: a picture, the same as one sentence and as a table, and the code for it.

    ``draw`` gives the picture for a width in pixels. ``table`` holds rows of text, the heads first.
    """

    sentence: str
    draw: Callable[[int], Picture]
    table: tuple[tuple[str, ...], ...]
    code: str


class Explorer(Opening):
    """A widget made of two pure functions, ``panel`` and ``view``, of the same named values.

    ``values`` are those now shown; ``layout`` says where the controls stand; ``machine`` gives the machine
    that values describe, with which the other explorers can be opened. Where no kernel runs, the page
    keeps a picture and the sentence.
    """

    _esm = widget_script("explorer")
    _css = stylesheet("explorer")
    _title = traitlets.Unicode().tag(sync=True)
    _layout = traitlets.Enum(("beside", "above"), "beside").tag(sync=True)
    _start = traitlets.Dict().tag(sync=True)
    _panel = traitlets.Dict().tag(sync=True)
    _shown = traitlets.Dict().tag(sync=True)
    _request = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        title: str,
        *,
        panel: Callable[..., Panel],
        view: Callable[..., View],
        start: Values,
        layout: Literal["beside", "above"] = "beside",
        machine: Callable[..., Machine] | None = None,
    ) -> None:
        self._make_panel, self._make_view, self._machine_of = panel, view, machine
        self._now = panel(**start)
        self._look = _view_or_reason(view, self._now.values)
        super().__init__(_title=title, _layout=layout, _start=self.values)
        self._show(number=0, width=UNASKED)
        self.observe(self._answer, "_request")

    @property
    def values(self) -> dict[str, Value]:
        """What the controls say now, by name."""
        return self._now.values

    def machine_now(self) -> Machine | None:
        """Return the machine that the values describe, for an explorer of one."""
        return self._machine_of(**self.values) if self._machine_of else None

    def _answer(self, change: Mapping[str, Any]) -> None:
        """Answer the page: it numbers what it asks, so that it can tell a late answer from the last."""
        asked = change["new"]
        for _ in self._now.controls:  # one choice may open another, that was sent with it
            values = self._now.accept(asked.get("values", {}))
            if values == self.values:
                break
            self._now = self._make_panel(**values)
        self._look = _view_or_reason(self._make_view, self.values)
        self._show(number=asked.get("number", 0), width=asked.get("width", UNASKED))

    def _show(self, *, number: int, width: int) -> None:
        picture = self._look.draw(max(NARROWEST, min(width, WIDEST)))
        with self.hold_sync():
            self._panel = _panel_for_page(self._now)
            self._shown = {
                "number": number,
                "svg": picture.svg(self._title),
                "values": self.values,
                "sentence": self._look.sentence,
                "table": [list(row) for row in self._look.table],
                "code": self._look.code,
            }

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the live widget, and beside it what any page can show: a picture and the sentence."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        sentence = self._look.sentence
        picture = self._look.draw(UNASKED).captioned(sentence)
        return {**data, **still(lambda: picture, sentence, width=UNASKED), "text/plain": sentence}, metadata


def _view_or_reason(make: Callable[..., View], values: Values) -> View:
    """Compute the view, or the reason why there is none: a machine that cannot exist is an answer too."""
    try:
        return make(**values)
    except OomlabError as error:
        return View(sentence=str(error), draw=blank, table=(), code="")


def blank(width: int) -> Picture:
    """Draw nothing."""
    return Picture(width=width, height=8, marks=())


def _panel_for_page(panel: Panel) -> dict[str, Any]:
    presets = [{"label": label, "values": dict(values)} for label, values in panel.presets.items()]
    return {"controls": [each.spec() for each in panel.controls], "presets": presets}
