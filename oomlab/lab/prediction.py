"""What the model says of a live guest, from its first sample: where it will die, and with how much cache."""

from __future__ import annotations

import re

from oomlab.errors import OomlabError
from oomlab.kernel import KernelVersion
from oomlab.lab.runs import Run
from oomlab.machine import Machine
from oomlab.mmzone import FOUR_GIB
from oomlab.procfs import parse_zoneinfo
from oomlab.simulation import Comparison, Workload, run_from_samples
from oomlab.units import PAGE_KB, gib_to_pages, mib_to_pages

PCI_HOLE = 2**18
"""Pages below 4 GiB that QEMU's PC leaves to devices."""

_USABLE = re.compile(r"BIOS-e820: \[mem 0x[0-9a-f]+-0x([0-9a-f]+)\] usable")


def guest_machine(run: Run) -> Machine:
    """Return the guest as a machine of the model: what QEMU and Debian's kernel make of its scenario.

    What the firmware keeps at the top of RAM is read off its map on the console; what boot took of
    ZONE_NORMAL (3,900 pages) was measured on other guests.
    """
    scenario = run.scenario
    ram = mib_to_pages(scenario.memory)
    return Machine(
        kernel=KernelVersion.of(run.kernel),
        arch="i386",
        ram=ram,
        vmalloc_mib=scenario.vmalloc,
        low_holes=((0x0, 0x1), (0x9F, 0x100)),
        firmware=min(ram, FOUR_GIB - PCI_HOLE) - _usable_end(run.console),
        pci_hole=PCI_HOLE,
        boot_dma=158,
        boot_lowmem=3_900,
        min_free_kbytes=None,
        allocator="slub",
        highpte=True,
        buffer_head_fix=scenario.fix,
        swap=mib_to_pages(scenario.swap),
    )


def _usable_end(console: str) -> int:
    """Return the page frame below 4 GiB where RAM ends, by the firmware's map."""
    ends = (int(end, 16) + 1 for end in _USABLE.findall(console))
    return max(end // (PAGE_KB * 1024) for end in ends if end <= FOUR_GIB * PAGE_KB * 1024)


def predict(run: Run) -> Comparison:
    """Return the run beside the model's, which knows its zones and its first sample and nothing more.

    Raises :class:`OomlabError` where the work was not a copy: the model copies files.
    """
    if run.scenario.work != "copy":
        raise OomlabError(f"the model copies files; {run.scenario.name} does something else")
    disk = gib_to_pages(run.scenario.disk_gib)
    return run_from_samples(
        run.samples,
        parse_zoneinfo(run.zoneinfo),
        machine=guest_machine(run),
        workload=Workload(written=disk, block_size=run.scenario.block_size),
        disk=disk,
    )
