"""A live kernel in a notebook: it runs in the learner's browser, and what it tells comes back to Python."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from oomlab.errors import LabUnavailable
from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.explore.live_page import FILES, live_facts, read_manifest, worker_script
from oomlab.explore.widgets.still import still
from oomlab.lab import Run
from oomlab.lab import run as lab_run
from oomlab.lab.prediction import predict
from oomlab.lab.states import SCENARIO, as_run, saved_states
from oomlab.palette import as_dict


class LiveKernel(anywidget.AnyWidget):
    """A 32-bit Linux in the browser that shows this notebook, begun from a saved state.

    It dies, or is rescued, by its buttons. ``run`` is then the same that :func:`oomlab.lab.run` gives
    for any other engine. Where there is no saved machine (``oomlab lab setup --engine browser``) it plays
    a recording; where no kernel runs, the page keeps a picture of that recording.
    """

    _esm = widget_script("live/widget")
    _css = stylesheet("live/live")
    _facts = traitlets.Dict().tag(sync=True)
    _palette = traitlets.Dict().tag(sync=True)
    _told = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        self._states = saved_states()
        super().__init__(_facts=live_facts(self._states), _palette=as_dict(), _told={})
        self.on_msg(self._hand_over)

    @property
    def run(self) -> Run:
        """What the machine told until it died, or was paused last.

        Raises :class:`LabUnavailable` when it has not come that far.
        """
        if self._states is None or not self._told:
            raise LabUnavailable(
                "the machine has not told anything yet: let it run until it dies, or pause it; "
                f"lab.run({SCENARIO.name!r}) gives a run without it"
            )
        notes = [(float(seconds), str(text)) for seconds, text in self._told["notes"]]
        return as_run(read_manifest(self._states), self._told["console"], self._told["samples"], notes)

    def _hand_over(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        """Send a file that the page has asked for. Only what a start needs can be had."""
        name = str(content.get("want"))
        try:
            self.send({"file": name}, buffers=[self._file(name)])
        except (LabUnavailable, OSError) as error:
            self.send({"file": name, "error": str(error)})

    def _file(self, name: str) -> bytes:
        known = [*FILES, *(state["file"] for state in self._facts["states"].values())]
        if self._states is None or name not in ("worker.js", *known):
            raise LabUnavailable(f"a machine needs no file {name!r}")
        if name == "worker.js":
            return worker_script(self._states).encode()
        return (self._states / name).read_bytes()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the machine, and beside it a picture of the recording for where no kernel runs."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        recorded = lab_run(SCENARIO, engine="recorded")
        title = f"{SCENARIO.title}."
        return {**data, **still(lambda: _drawn(recorded), title, width=900), "text/plain": title}, metadata


def _drawn(run: Run) -> Any:
    """Draw a run beside the model's with matplotlib, as the course's other pictures."""
    from oomlab import plot

    return plot.model_vs_measurement(predict(run))
