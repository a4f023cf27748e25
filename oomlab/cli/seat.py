"""Whether a seat is ready for the course: the packages, the memory, a kernel that answers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

PACKAGES = ("anywidget", "matplotlib", "ipykernel", "jupyterlab")
INSTALL = 'pip install "oomlab[course]"'
NEEDED_MIB = 500
"""A learner's server and kernel take about 250 MiB, and each further notebook about 120."""

_FIRST_CELL = """
from oomlab.explore import FailureLab
data, _ = FailureLab()._repr_mimebundle_()
assert "data:image/png" in data["text/html"]
"""


class Check(NamedTuple):
    """One thing that was looked at. ``remedy`` is what to do, empty where it is well."""

    name: str
    found: str
    remedy: str = ""


def checks() -> Iterator[Check]:
    """Yield what a seat needs as it is found out; the kernel takes some seconds."""
    yield Check("Python", ".".join(map(str, sys.version_info[:3])))
    packages = [_package(name) for name in PACKAGES]
    yield from packages
    yield _memory()
    if not any(each.remedy for each in packages):
        yield _kernel()
    yield _live()


def _package(name: str) -> Check:
    try:
        return Check(name, version(name))
    except PackageNotFoundError:
        return Check(name, "missing", INSTALL)


def _memory() -> Check:
    from oomlab.lab.host import available_mib

    there = available_mib()
    if there is None:
        return Check("memory", "unknown on this system")
    return Check(
        "memory", f"{there:,} MiB available", "" if there >= NEEDED_MIB else f"have {NEEDED_MIB} MiB free"
    )


def _kernel() -> Check:
    """Start a kernel as JupyterLab would, and let it draw the failure lab."""
    from jupyter_client.manager import start_new_kernel

    try:
        with tempfile.TemporaryDirectory() as folder:
            manager, client = start_new_kernel(
                kernel_name="python3", cwd=folder, extra_arguments=["--IPKernelApp.log_level=40"]
            )
            try:
                reply = client.execute_interactive(
                    _FIRST_CELL, timeout=120, output_hook=lambda message: None
                )["content"]
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
    except Exception as error:  # whatever keeps a kernel from starting, the room must hear of it
        return Check(
            "kernel", f"does not start: {type(error).__name__}", f"run jupyter lab by hand; {INSTALL}"
        )
    if reply["status"] != "ok":
        return Check("kernel", f"cannot draw the failure lab: {reply['ename']}: {reply['evalue']}", INSTALL)
    return Check("kernel", "answers, and draws the failure lab")


def _live() -> Check:
    from oomlab.lab.doctor import needs

    missing = [need.name for need in needs() if need.remedy]
    ready = "ready" if not missing else f"recordings are replayed, for want of: {', '.join(missing)}"
    return Check("live kernel", ready)
