"""Controls that turn a machine into another one, for every explorer that has a machine."""

from __future__ import annotations

from dataclasses import fields, replace

from oomlab.explore.widgets.controls import Choice, Slider, doubling_steps
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Machine
from oomlab.rules import rules_for
from oomlab.units import PAGE_KB, gib_to_pages, kb, pages_to_gib, pages_to_mib

KERNELS = (
    *("2.6.18", "2.6.32", "3.2", "3.10", "4.4", "4.14", "4.19"),
    *("5.4", "5.10", "5.15", "6.1", "6.6", "6.12", "6.19"),
)
"""Kernels to choose from: those that distributions stayed with."""

BUILDS = {"i386 PAE": "32-bit, PAE", "i386": "32-bit", "x86_64": "64-bit"}


RAM_STEPS = doubling_steps(2**16, 2**24)
"""RAM from 256 MiB to 64 GiB, in pages."""


def ram_slider(value: int, keep: int) -> Slider:
    """A slider for RAM; ``keep`` is a size that must be among its steps."""
    steps = tuple(sorted({*RAM_STEPS, value, keep}))
    return Slider(name="ram", label="RAM", value=value, steps=steps, readout=ram_size)


def build_choice(value: str) -> Choice:
    """The choice of how the kernel is built: it decides what memory the kernel can reach."""
    return Choice(name="build", label="Kernel", value=value, options=BUILDS)


def build_of(machine: Machine) -> str:
    """Return the name of a machine's build, as :func:`built` takes it."""
    return "i386 PAE" if machine.arch == "i386" and machine.pae else machine.arch


def built(machine: Machine, build: str) -> Machine:
    """Return the machine with another kernel build."""
    if build == "x86_64":
        return replace(machine, arch="x86_64")
    return replace(machine, arch="i386", pae=build == "i386 PAE")


def reachable(machine: Machine) -> Machine:
    """Return the machine without the RAM that its kernel has no addresses for, as it is left at boot."""
    most = gib_to_pages(rules_for(machine).max_ram_gib)
    return replace(machine, ram=min(machine.ram, most))


def ram_size(pages: int) -> str:
    """Write a size of RAM to the last digit.

    >>> ram_size(327680), ram_size(81920)
    ('1.25 GiB', '320 MiB')
    """
    gib = pages_to_gib(pages)
    return f"{gib:g} GiB" if gib >= 1 else f"{pages_to_mib(pages):g} MiB"


def size(pages: int) -> str:
    """Write pages as a person would say it.

    >>> size(8388608), size(2048), size(24)
    ('32 GiB', '8 MiB', '96 kB')
    """
    mib = pages * PAGE_KB / 2**10
    if mib < 1:
        return f"{kb(pages)} kB"
    number, unit = (mib / 2**10, "GiB") if mib > 1023.5 else (mib, "MiB")
    digits = 1 if unit == "GiB" or number < 9.95 else 0
    return f"{number:.{digits}f}".removesuffix(".0") + f" {unit}"


def machine_code(machine: Machine) -> str:
    """Write the Python that makes a machine: what differs from the incident's, and nothing else.

    >>> machine_code(replace(INCIDENT, ram=2**22, pae=False))
    'replace(INCIDENT, ram=4194304, pae=False)'
    """
    chosen = {each.name: getattr(machine, each.name) for each in fields(Machine)}
    changes = [
        f", {name}={_python(name, value)}"
        for name, value in chosen.items()
        if value != getattr(INCIDENT, name)
    ]
    return f"replace(INCIDENT{''.join(changes)})" if changes else "INCIDENT"


def _python(name: str, value: object) -> str:
    if isinstance(value, KernelVersion):
        return f'KernelVersion.of("{value}")'
    return f"{value:#x}" if name == "page_offset" else repr(value)


def script(machine: Machine, *lines: str) -> str:
    """Put lines of Python together, with ``{machine}`` written out and what that needs imported.

    >>> print(script(replace(INCIDENT, ram=2**22), "from oomlab import INCIDENT", "", "{machine}"))
    from dataclasses import replace
    from oomlab import INCIDENT
    <BLANKLINE>
    replace(INCIDENT, ram=4194304)
    """
    code = machine_code(machine)
    needed = ["from dataclasses import replace"] if "replace(" in code else []
    needed += ["from oomlab import KernelVersion"] if "KernelVersion" in code else []
    return "\n".join([*needed, *lines]).replace("{machine}", code)


def refusal(reason: str) -> str:
    """Return the sentence about a machine that does not boot, with the reason."""
    return f"This machine does not boot: {reason}."
