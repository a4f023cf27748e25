"""From one explorer to the next, with the machine that is set: below the first, the second opens."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from oomlab.machine import Machine

OPENS = {
    "Failure lab": "FailureLab",
    "Zone map": "ZoneMap",
    "Watermark calculator": "WatermarkCalculator",
}
"""What can be opened with a machine: the words on its button, and its class in :mod:`oomlab.explore`."""


def _reference(widget: Any, _: object) -> str | None:
    """Return what the page finds a widget by; the notebooks' protocol has this form."""
    return None if widget is None else f"IPY_MODEL_{widget.model_id}"


class Opening(anywidget.AnyWidget):
    """A widget of a machine that opens the other explorers with it.

    The page puts the words of a button into ``_open``, with a number so that it can ask again; what was
    made for it comes back as ``_opened``. ``machine_now`` says which machine is set; ``None`` where the
    widget has none, and then it offers nothing.
    """

    _offers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _open: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _opened = traitlets.Instance(anywidget.AnyWidget, allow_none=True).tag(sync=True, to_json=_reference)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if self.machine_now() is not None:
            self._offers = [words for words, name in OPENS.items() if name != type(self).__name__]
        self.observe(self._open_other, "_open")

    def machine_now(self) -> Machine | None:
        """Return the machine that is set, if the widget has one."""
        return None

    def _open_other(self, change: Any) -> None:
        words, _ = change["new"]
        machine = self.machine_now()
        if words in self._offers and machine is not None:
            self._opened = opened(words, machine)


def opened(words: str, machine: Machine) -> anywidget.AnyWidget:
    """Return the explorer of a button's words, with a machine.

    >>> from oomlab import INCIDENT
    >>> opened("Zone map", INCIDENT).values["split"]
    '3G/1G'
    """
    from oomlab import explore

    made: anywidget.AnyWidget = getattr(explore, OPENS[words])(machine)
    return made
