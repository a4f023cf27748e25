"""The facts of the kernels that the lab offers, read from the tables, as plain data for the page.

The page holds formulas; which of them holds for a kernel, its limits and the sizes of its structures
come from :func:`oomlab.rules.rules_for`, the record that Python's own model computes with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain, combinations, product
from typing import Any, NamedTuple, get_args

from oomlab.errors import MachineError
from oomlab.kernel import KernelVersion, load_table
from oomlab.machine import INCIDENT, Allocator, Arch, Machine
from oomlab.mmzone import VM_SPLITS, VM_SPLITS_WITHOUT_PAE
from oomlab.rules import rules_for
from oomlab.simulation import INCIDENT_WORKLOAD, Workload

KERNELS = ("2.6.32", "3.2.59", "3.4", "3.10", "4.4", "5.10", "6.1")
"""The kernels on offer: each does something that the one before it did not."""


class Build(NamedTuple):
    """What decides the rules of a kernel, in the words of the page's facts."""

    arch: str
    pae: str
    allocator: str
    kernel: str


def facts(machine: Machine, workload: Workload) -> dict[str, Any]:
    """Return all that the page's model needs to know: what it begins with, and every kernel's rules.

    ``rules`` holds for each rule ``by``, the parts of a :class:`Build` that decide it, and ``is``, its value
    for each of their combinations, joined by spaces.
    """
    kernels = list(dict.fromkeys((*KERNELS, str(machine.kernel))))
    return {
        **_fields(machine, workload),
        "defaults": _fields(INCIDENT, INCIDENT_WORKLOAD),
        "words": load_table("words"),
        "splits": dict(VM_SPLITS),
        "kernels": kernels,
        "rules": decided({build: rule for kernel in kernels for build, rule in rules(kernel).items()}),
    }


def decided(builds: Mapping[Build, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each rule's value by as few parts of a build as decide it, so that nothing is said twice.

    A build that lacks a rule, since it does not exist, may be given any value of it.
    """
    names = dict.fromkeys(chain.from_iterable(builds.values()))
    return {
        name: _decided({build: rule[name] for build, rule in builds.items() if name in rule})
        for name in names
    }


def _decided(values: Mapping[Build, Any]) -> dict[str, Any]:
    for by in chain.from_iterable(combinations(Build._fields, count) for count in range(5)):
        found: dict[str, Any] = {}
        if all(
            found.setdefault(" ".join(getattr(build, part) for part in by), value) == value
            for build, value in values.items()
        ):
            return {"by": by, "is": found}
    raise AssertionError("a whole build decides every rule")


def _fields(machine: Machine, workload: Workload) -> dict[str, Any]:
    return {"machine": {**asdict(machine), "kernel": str(machine.kernel)}, "workload": asdict(workload)}


def rules(kernel: str) -> dict[Build, dict[str, Any]]:
    """Return the rules of a kernel, one entry for each build of it.

    >>> rules("3.2.59")[build_of(INCIDENT)]["struct_page_bytes"]
    32
    """
    version = KernelVersion.of(kernel)
    builds = product(get_args(Arch), (True, False), get_args(Allocator))
    machines = [
        Machine(kernel=version, arch=arch, ram=0, pae=pae, allocator=each) for arch, pae, each in builds
    ]
    return {build_of(machine): _rules(machine) for machine in machines}


def _rules(machine: Machine) -> dict[str, Any]:
    """Return the rules of a build and the VM splits it allows, or why none is known."""
    splits = VM_SPLITS if machine.pae else {**VM_SPLITS, **VM_SPLITS_WITHOUT_PAE}
    try:
        return {"error": "", **asdict(rules_for(machine)), "splits": list(splits.values())}
    except MachineError as error:
        return {"error": str(error)}


def build_of(machine: Machine) -> Build:
    """Return what decides the rules of a machine's kernel.

    >>> " ".join(build_of(INCIDENT))
    'i386 pae slab 3.2.59'
    """
    return Build(machine.arch, "pae" if machine.pae else "nopae", machine.allocator, str(machine.kernel))
