"""The facts of the kernels that the lab offers, read from the tables, as plain data for the page.

The page holds formulas; which of them holds for a kernel, its limits and the sizes of its structures
come from :func:`oomlab.rules.rules_for`, the record that Python's own model computes with.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import product
from typing import Any, get_args

from oomlab.errors import MachineError
from oomlab.kernel import KernelVersion, load_table
from oomlab.machine import INCIDENT, Allocator, Arch, Machine
from oomlab.mmzone import VM_SPLITS, VM_SPLITS_WITHOUT_PAE
from oomlab.rules import rules_for
from oomlab.simulation import INCIDENT_WORKLOAD, Workload

KERNELS = ("2.6.32", "3.2.59", "3.4", "3.10", "4.4", "5.10", "6.1")
"""The kernels on offer: each does something that the one before it did not."""


def facts(machine: Machine, workload: Workload) -> dict[str, Any]:
    """Return all that the page's model needs to know: what it begins with, and every kernel's rules."""
    kernels = dict.fromkeys((*KERNELS, str(machine.kernel)))
    return {
        **_fields(machine, workload),
        "defaults": _fields(INCIDENT, INCIDENT_WORKLOAD),
        "words": load_table("words"),
        "splits": dict(VM_SPLITS),
        "rules": {kernel: _factored(rules(kernel)) for kernel in kernels},
    }


def _factored(builds: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the same rules with what all builds share said once, under ``all``: a third of the size."""
    first, *others = builds.values()
    shared = {
        name: value for name, value in first.items() if all(each.get(name, ...) == value for each in others)
    }
    rest = {
        build: {name: value for name, value in each.items() if name not in shared}
        for build, each in builds.items()
    }
    return {"all": shared, **rest}


def _fields(machine: Machine, workload: Workload) -> dict[str, Any]:
    return {"machine": {**asdict(machine), "kernel": str(machine.kernel)}, "workload": asdict(workload)}


def rules(kernel: str) -> dict[str, dict[str, Any]]:
    """Return the rules of a kernel, one entry for each build of it.

    >>> rules("3.2.59")["i386 pae slab"]["struct_page_bytes"]
    32
    """
    version = KernelVersion.of(kernel)
    builds = product(get_args(Arch), (True, False), get_args(Allocator))
    machines = [
        Machine(kernel=version, arch=arch, ram=0, pae=pae, allocator=each) for arch, pae, each in builds
    ]
    return {build_name(machine): _rules(machine) for machine in machines}


def _rules(machine: Machine) -> dict[str, Any]:
    """Return the rules of a build and the VM splits it allows, or why none is known."""
    splits = VM_SPLITS if machine.pae else {**VM_SPLITS, **VM_SPLITS_WITHOUT_PAE}
    try:
        return {**asdict(rules_for(machine)), "splits": list(splits.values())}
    except MachineError as error:
        return {"error": str(error)}


def build_name(machine: Machine) -> str:
    """Return the name of the build of a machine's kernel: architecture, PAE or not, and slab allocator.

    >>> build_name(INCIDENT)
    'i386 pae slab'
    """
    return f"{machine.arch} {'pae' if machine.pae else 'nopae'} {machine.allocator}"
