"""The failure lab: drag RAM, swap and page cache until the machine dies, in the browser.

The page simulates and draws by itself (``static/lab``), so that it follows the hand at the
speed of the screen. Python decides: whenever the hand lets go, it computes the same point,
and the page says so if it had come to another answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import traitlets

from oomlab.errors import MachineError
from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.explore.rules import facts
from oomlab.explore.story import tell
from oomlab.explore.widgets.opening import Opening
from oomlab.explore.widgets.still import still
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Machine
from oomlab.palette import as_dict
from oomlab.simulation import INCIDENT_WORKLOAD, Trajectory, Workload, simulate


class FailureLab(Opening):
    """A machine on a bench, with a file being copied to it: when does it die, and why?

    ``machine`` and ``workload`` are what the lab begins with, the incident's by default.
    ``settings`` are the fields of both that a hand can change, by name. Where no kernel runs,
    the page keeps a picture and the sentence.
    """

    _esm = widget_script("lab/ui/widget")
    _css = stylesheet("lab/lab")
    settings = traitlets.Dict().tag(sync=True)
    _facts = traitlets.Dict().tag(sync=True)
    _palette = traitlets.Dict().tag(sync=True)
    _reference = traitlets.Dict().tag(sync=True)

    def __init__(self, machine: Machine | None = None, workload: Workload | None = None) -> None:
        self._start = (machine or INCIDENT, workload or INCIDENT_WORKLOAD)
        super().__init__(_facts=facts(*self._start), _palette=as_dict(), settings={})
        self._judge()
        self.observe(self._judge, "settings")

    def machine_now(self) -> Machine:
        """Return the machine as it is set now, for the explorers that are opened with it."""
        return self.machine

    @property
    def machine(self) -> Machine:
        """The machine as it is set now."""
        chosen = self._chosen(self._start[0])
        if "kernel" in chosen:
            chosen["kernel"] = KernelVersion.of(chosen["kernel"])
        return replace(self._start[0], **chosen)

    @property
    def workload(self) -> Workload:
        """What it is asked to do now."""
        return replace(self._start[1], **self._chosen(self._start[1]))

    @property
    def trajectory(self) -> Trajectory:
        """What comes of it. Raises :class:`MachineError` for a machine that could not boot."""
        return simulate(self.machine, self.workload)

    @property
    def sentence(self) -> str:
        """What happens and why, in words."""
        return str(tell(self.machine, self.workload))

    def _chosen(self, start: Machine | Workload) -> dict[str, Any]:
        return {name: value for name, value in self.settings.items() if hasattr(start, name)}

    def _judge(self, change: object = None) -> None:
        self._reference = {"settings": self.settings, "sentence": self.sentence}

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the lab, and beside it a picture and the sentence for where no kernel runs."""
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, **self._still(), "text/plain": self.sentence}, metadata

    def _still(self) -> dict[str, str]:
        try:
            run = self.trajectory
        except MachineError:
            return {}
        return still(lambda: _drawn(run), self.sentence, width=900)


def _drawn(run: Trajectory) -> Any:
    """Draw a run with matplotlib, as it stands in the course's other pictures."""
    from oomlab import plot

    return plot.trajectory(run)
