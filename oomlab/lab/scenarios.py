"""What can be tried on a real kernel: a small machine, and what is done to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oomlab.errors import OomlabError

Work = Literal["copy", "trace_buffer", "processes", "group"]
"""Copy a file, grow the kernel's trace buffer, fill memory with a process, or fill a control group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One experiment. Sizes are MiB unless the name carries another unit.

    ``vmalloc`` is what the kernel keeps of its gigabyte for mappings: the more of it, the less
    lowmem, so a small guest can run out of lowmem as a large one does. ``block_size`` is the file
    system's, in bytes. ``fix`` is the fix of 2012; ``False`` switches it off in the guest's memory.
    ``rescue_at`` switches it on again as soon as there is so much page cache. ``seconds`` is how long
    the work may go on before the guest counts as a survivor.
    """

    name: str
    title: str
    memory: int
    vmalloc: int | None = None
    block_size: int = 1024
    fix: bool = True
    swap: int = 0
    work: Work = "copy"
    rescue_at: int | None = None
    seconds: int = 60

    @property
    def disk_gib(self) -> int:
        """The size of the disk in GiB: more than the guest can write in its time, and no larger.

        The file system keeps its own tables in lowmem, a few pages for each GiB.
        """
        return max(8, self.memory // 1024)


SCENARIOS = (
    Scenario(
        name="incident-small",
        title="The incident on a machine of 640 MiB: lowmem runs out, HighMem is half empty",
        memory=640,
        vmalloc=945,
        fix=False,
    ),
    Scenario(
        name="incident-1g",
        title="The incident on a machine of 1 GiB",
        memory=1024,
        vmalloc=925,
        fix=False,
        seconds=90,
    ),
    Scenario(
        name="incident-16g",
        title="The incident with the real one's lowmem: 16 GiB, five minutes, 11 GB of host memory",
        memory=16384,
        fix=False,
        seconds=900,
    ),
    Scenario(
        name="with-the-fix",
        title="The same small machine as released, with the fix of 2012",
        memory=640,
        vmalloc=945,
    ),
    Scenario(
        name="with-swap",
        title="The small machine with 512 MiB of swap, which it will not touch",
        memory=640,
        vmalloc=945,
        fix=False,
        swap=512,
    ),
    Scenario(
        name="rescued",
        title="The small machine, dying, until the fix is switched on again",
        memory=640,
        vmalloc=945,
        fix=False,
        rescue_at=280,
    ),
    Scenario(
        name="trace-buffer",
        title="One write grows the kernel's trace buffer until lowmem is gone",
        memory=1024,
        vmalloc=925,
        work="trace_buffer",
    ),
    Scenario(
        name="processes",
        title="Processes fill all memory: the ordinary OOM",
        memory=512,
        work="processes",
    ),
    Scenario(
        name="group",
        title="A control group meets its limit of 64 MiB",
        memory=512,
        work="group",
    ),
)


def find_scenario(name: str) -> Scenario:
    """Return the scenario of that name. Raises :class:`OomlabError`, with the names there are."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise OomlabError(
        f"no scenario is called {name!r}; there are {', '.join(each.name for each in SCENARIOS)}"
    )
