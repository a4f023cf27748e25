"""The facts of the kernels that the lab offers, read from the tables, as plain data for the page.

The page holds formulas; which of them holds for a kernel, and how large its structures are, is
looked up here, in the tables that Python itself uses.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import product
from typing import Any, get_args

from oomlab.kernel import KernelVersion
from oomlab.machine import Allocator, Arch, Machine, fact, has_buffer_head_fix, struct_page_bytes, zone_names
from oomlab.simulation import Workload
from oomlab.simulation.model import slack
from oomlab.simulation.workload import buffer_head_limit, objects_per_page
from oomlab.watermarks import counted_field, default_ratios, rule

KERNELS = ("2.6.32", "3.2.59", "3.4", "3.10", "4.4", "5.10", "6.1")
"""The kernels on offer: each does something that the one before it did not."""


def facts(machine: Machine, workload: Workload) -> dict[str, Any]:
    """Give all that the page's model needs to know: what it begins with, and every kernel's rules."""
    kernels = dict.fromkeys((*KERNELS, str(machine.kernel)))
    return {
        **_fields(machine, workload),
        "defaults": _fields(Machine(), Workload()),
        "rules": {kernel: rules(kernel) for kernel in kernels},
    }


def _fields(machine: Machine, workload: Workload) -> dict[str, Any]:
    return {"machine": {**asdict(machine), "kernel": str(machine.kernel)}, "workload": asdict(workload)}


def rules(kernel: str) -> dict[str, dict[str, Any]]:
    """Give the rules of a kernel, one entry for each build of it.

    >>> rules("3.2.59")["i386 pae slab"]["struct_page_bytes"]
    32
    """
    version = KernelVersion.of(kernel)
    builds = product(get_args(Arch), (True, False), get_args(Allocator))
    machines = [Machine(kernel=version, arch=arch, pae=pae, allocator=each) for arch, pae, each in builds]
    return {build_name(machine): _rules(machine) for machine in machines}


def build_name(machine: Machine) -> str:
    """Name the build of a machine's kernel: architecture, PAE or not, and slab allocator.

    >>> build_name(Machine())
    'i386 pae slab'
    """
    return f"{machine.arch} {'pae' if machine.pae else 'nopae'} {machine.allocator}"


def _rules(machine: Machine) -> dict[str, Any]:
    return {**_sizes(machine), **_marks(machine), **_objects(machine)}


def _sizes(machine: Machine) -> dict[str, Any]:
    is_32_bit = machine.arch == "i386"
    return {
        "zones": zone_names(machine),
        "struct_page_bytes": struct_page_bytes(machine),
        "present": fact("present", machine)["counts"],
        "most_ram_gib": fact("most_ram", machine)["gib"],
        "swiotlb_mib": fact("swiotlb", machine)["mib"],
        "vmalloc_end": fact("vmalloc_end", machine)["address"] if is_32_bit else None,
        "vmalloc_guard_mib": fact("vmalloc_guard", machine)["mib"] if is_32_bit else None,
    }


def _marks(machine: Machine) -> dict[str, Any]:
    version = machine.kernel
    hugepages = rule("hugepages", version)
    chosen, reserve = rule("min_free_kbytes", version), rule("lowmem_reserve", version)
    return {
        "counted": counted_field(version),
        "watermarks": rule("watermarks", version)["formula"],
        "movable": rule("movable", version)["small_min"],
        "min_free_kbytes": {name: chosen[name] for name in ("factor", "least", "most")},
        "recounts": hugepages["off_recounts"],
        "recounts_from_mib": hugepages["least_ram_mib"],
        "lowmem_reserve": {
            name: reserve[name] for name in ("zero_ratio", "empty_lower", "counts_cleared", "empty_upper")
        },
        "ratios": default_ratios(zone_names(machine), version),
        "slack": slack(machine),
    }


def _objects(machine: Machine) -> dict[str, Any]:
    build = (machine.kernel, machine.arch, machine.allocator)
    return {
        "buffer_head_fix": has_buffer_head_fix(machine),
        "buffer_heads_per_page": objects_per_page("buffer_head", *build),
        "radix_nodes_per_page": objects_per_page("radix_tree_node", *build),
        "buffer_head_limit_of_10_pages": buffer_head_limit(machine, 10),
    }
