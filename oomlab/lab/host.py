"""What this computer has to offer a guest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oomlab.errors import LabUnavailable
from oomlab.lab.scenarios import Scenario


def available_mib() -> int | None:
    """Return the memory that can be had without swapping, where the host is Linux."""
    meminfo = Path("/proc/meminfo")
    found = (
        re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
        if meminfo.exists()
        else None
    )
    return int(found[1]) // 1024 if found else None


def check_memory(scenario: Scenario, overhead: int) -> None:
    """Refuse a scenario that takes more memory than there is, with what its engine needs beside it, in MiB.

    Raises :class:`LabUnavailable`.
    """
    wanted, there = scenario.memory + overhead, available_mib()
    if there is not None and there < wanted:
        raise LabUnavailable(
            f"{scenario.name} takes up to {wanted} MiB of memory, and {there} MiB are available: "
            "choose a smaller scenario, or --engine recorded"
        )


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say which folder it was where a guest's files cannot be written, and why: a full disk, say.

    Raises :class:`LabUnavailable`.
    """
    try:
        yield
    except OSError as error:
        raise LabUnavailable(f"the guest's files cannot be written to {folder}: {error.strerror}") from None
