"""What a live guest needs, whether it is here, and the one command that brings it."""

from __future__ import annotations

import shutil
from typing import NamedTuple

from oomlab.lab.host import available_mib
from oomlab.lab.npm import INSTALL as INSTALL_NODE
from oomlab.lab.npm import cached_emulator, find_program
from oomlab.lab.packages import cached_guest
from oomlab.lab.qemu import INSTALL, QEMU, accelerators
from oomlab.lab.scenarios import SCENARIOS
from oomlab.lab.states import saved_states


class Need(NamedTuple):
    """One thing that a guest needs. ``remedy`` is a command, empty where nothing is missing."""

    name: str
    found: str
    remedy: str = ""


def needs() -> list[Need]:
    """Return all that a live guest needs, in the order in which to get it."""
    return [_qemu(), _kernel(), _memory(), _emulator()]


def _qemu() -> Need:
    if (program := shutil.which(QEMU)) is None:
        return Need("QEMU", "missing", INSTALL)
    return Need("QEMU", f"{program} ({', then '.join(accelerators())})")


def _kernel() -> Need:
    if (guest := cached_guest()) is not None:
        return Need("kernel", f"{guest.release} in {guest.folder}")
    if shutil.which("apt-get") is None:
        return Need(
            "kernel", "missing", "oomlab lab setup --kernel linux-image-….deb --busybox busybox-static_….deb"
        )
    return Need("kernel", "missing", "oomlab lab setup")


def _emulator() -> Need:
    states, emulator = saved_states(), cached_emulator()
    if states is not None:
        return Need("browser", f"saved machines in {states}")
    if find_program("npm") is None:
        return Need("browser", "missing: npm and Node", INSTALL_NODE)
    found = "missing" if emulator is None else f"{emulator.origin['package']}, no saved machine yet"
    return Need("browser", found, "oomlab lab setup --engine browser")


def _memory() -> Need:
    there, smallest = available_mib(), min(scenario.memory for scenario in SCENARIOS)
    if there is None:
        return Need("memory", "unknown on this system")
    return Need(
        "memory",
        f"{there} MiB available",
        "" if there > 2 * smallest else "close something: a guest takes up to 900 MiB",
    )
