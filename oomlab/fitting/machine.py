"""From a report back to the machine that wrote it: what was chosen, inferred from what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import floor

from oomlab.errors import MachineError
from oomlab.fitting.sysctls import Ratio, present_of
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Allocator, Arch, Machine
from oomlab.mmzone import DMA_END, FOUR_GIB, VM_SPLITS, ZONE_ORDER, is_highmem
from oomlab.report import Report, ZoneStat
from oomlab.rules import default_ratios, rules_for
from oomlab.simulation import INCIDENT_WORKLOAD, Workload, pinned_by_page
from oomlab.simulation.workload import BLOCK_SIZES
from oomlab.units import mib_to_pages, pages_to_mib
from oomlab.zone_model import Zone, zones

EXCLUSIVE = (
    *("active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable"),
    *("slab_reclaimable", "slab_unreclaimable", "kernel_stack", "pagetables", "bounce"),
)
"""Counters of a zone's line that count a page once; the others count pages among these again."""
RAM_STEP = mib_to_pages(16)
"""16 MiB: RAM comes in whole multiples of it, holes are smaller."""
_ISA_DMA = range(3_500, 4_097)
"""Pages of ZONE_DMA on a PC: 16 MiB less holes."""


def infer_machine(report: Report, min_free_kbytes: int | None, ratios: Iterable[Ratio]) -> Machine | None:
    """Infer the PC that wrote a report; ``None`` for another architecture, NUMA or an unknown kernel.

    RAM is inferred from the zones' sizes, the VM split and ``vmalloc=`` from where lowmem ends,
    what boot took from what the page allocator never got.
    """
    shown = {zone.name: zone for zone in report.zones}
    if report.kernel is None or report.page_size_kb != 4 or len(shown) < len(report.zones):
        return None
    if not {"Normal", "DMA32"} & set(shown) or "DMA" not in shown:
        return None
    if present_of(shown["DMA"]) not in _ISA_DMA:
        return None
    changed = {ratio.zone: ratio.ratio for ratio in ratios if not ratio.default}
    ram = _whole(sum(present_of(zone) or 0 for zone in report.zones))
    machine = Machine(
        ram=ram,
        firmware=INCIDENT.firmware,
        kernel=report.kernel.version,
        arch="x86_64" if "DMA32" in shown else "i386",
        allocator=_allocator(report),
        highpte=_highpte(shown),
        swap=(report.swap and report.swap.total) or 0,
        min_free_kbytes=min_free_kbytes,
        lowmem_reserve_ratio=_ratios(report.kernel.version, shown, changed) if changed else None,
    )
    try:
        machine = _with_ram(_with_low_holes(machine, shown["DMA"]), report, shown)
        return _with_boot(_with_split(machine, shown) if machine.arch == "i386" else machine, shown)
    except MachineError:
        return None


def _allocator(report: Report) -> Allocator:
    """Take SLUB, unless an old kernel's slab is just as large as SLAB's packing of its cache would be."""
    assert report.kernel is not None
    version = report.kernel.version
    slab, file = report.totals.get("slab_reclaimable", 0), file_pages(report)
    if version >= KernelVersion((4, 0)) or not file:
        return "slub"
    arch: Arch = "x86_64" if report.find_zone("DMA32") else "i386"
    machine = Machine(kernel=version, arch=arch, ram=0, allocator="slab")
    packed = pinned_by_page(machine, Workload(written=file)).total * file
    return "slab" if 0.95 < packed / max(1, slab) <= 1.01 else "slub"


def _highpte(shown: dict[str, ZoneStat]) -> bool:
    """Whether page tables lie in HighMem, where the zones' lines count them: CONFIG_HIGHPTE."""
    return "HighMem" in shown and shown["HighMem"].counters.get("pagetables", 0) > 0


def file_pages(report: Report) -> int:
    """Return the file pages of the whole machine."""
    return report.totals.get("active_file", 0) + report.totals.get("inactive_file", 0)


def given_to_allocator(zone: ZoneStat) -> int | None:
    """Return a zone's managed pages: as printed, else free and everything that its line lists."""
    if zone.managed is not None or zone.free is None or "slab_reclaimable" not in zone.counters:
        return zone.managed
    return zone.free + sum(zone.counters.get(name, 0) for name in EXCLUSIVE)


def _ratios(version: KernelVersion, shown: dict[str, ZoneStat], changed: dict[str, int]) -> tuple[int, ...]:
    """Return the ratios of the zones of lowmem, as found or by default; those above keep nothing."""
    lowmem = [name for name in ZONE_ORDER if name in shown and not is_highmem(name)]
    usual = zip(lowmem, default_ratios(lowmem, version), strict=True)
    return (*(changed.get(name, ratio) for name, ratio in usual), 0, 0)


def _with_low_holes(machine: Machine, dma: ZoneStat) -> Machine:
    """Infer the holes below 1 MiB from the size of ZONE_DMA: the first page, and the rest before 1 MiB."""
    trial = _zone(machine, "DMA")
    present = present_of(dma) or 0
    missing = present - trial.present
    if missing == 0:
        return machine
    absent = sum(end - first for first, end in machine.low_holes) - missing
    return replace(machine, low_holes=((0, 1), (0x100 - (absent - 1), 0x100)))


def _with_ram(machine: Machine, report: Report, shown: dict[str, ZoneStat]) -> Machine:
    """Add up the zones to RAM; what is missing to whole 16 MiB is what the firmware kept."""
    present = sum(present_of(zone) or 0 for zone in shown.values())
    if "HighMem" not in shown:  # 4.x and later leave out the zones that the request could not use
        present += report.totals.get("highmem", 0)
    frames = present
    if rules_for(machine).present == "ram without memmap":
        for _ in range(3):  # the mem_map that present leaves out grows with RAM, and RAM with it
            trial = zones(replace(machine, ram=_whole(frames), firmware=0))
            frames = present + sum(zone.memmap for zone in trial if zone.name in shown)
    low = sum(end - first for first, end in machine.low_holes)
    ram = _whole(frames + low)
    firmware = ram - low - frames
    # A lost line leaves a range; where the usual firmware lies within it, nothing speaks against it.
    lost = [zone.present_bounds for zone in shown.values() if zone.present_bounds]
    slack = sum(high - low for low, high in lost)
    kept = machine.firmware if abs(firmware - machine.firmware) <= slack else firmware
    hole = _pci_hole(machine, kept, shown)
    return replace(machine, ram=ram, firmware=kept, pci_hole=hole)


def _whole(pages: int) -> int:
    return -(-pages // RAM_STEP) * RAM_STEP


def _pci_hole(machine: Machine, firmware: int, shown: dict[str, ZoneStat]) -> int:
    """Infer the hole below 4 GiB from DMA32's size; without it, take the usual 1 GiB."""
    sizes = {name: present_of(zone) or 0 for name, zone in shown.items()}
    if machine.arch == "i386" or not sizes.get("Normal") or not sizes.get("DMA32"):
        return machine.pci_hole
    return max(0, FOUR_GIB - DMA_END - sizes["DMA32"] - firmware)


def _with_split(machine: Machine, shown: dict[str, ZoneStat]) -> Machine:
    """Choose the VM split and ``vmalloc=`` whose lowmem comes closest to the zone Normal shown."""
    normal = present_of(shown["Normal"]) or 0

    def off(candidate: Machine) -> int:
        try:
            return abs(_zone(candidate, "Normal").present - normal)
        except MachineError:
            return normal + 1

    choices = [replace(machine, page_offset=split) for split in VM_SPLITS.values()]
    choices += [replace(choice, vmalloc_mib=mib) for choice in choices for mib in _vmallocs(choice, normal)]
    return min(choices, key=off)


def _vmallocs(machine: Machine, normal: int) -> list[int]:
    """Return the ``vmalloc=`` that would move the end of lowmem to where Normal ends, or nearly."""
    try:
        usual = _zone(replace(machine, vmalloc_mib=128), "Normal").present
    except MachineError:
        return []
    mib = 128 - floor(pages_to_mib(normal - usual))
    return [each for each in range(mib - 2, mib + 3) if each > 0]


def _with_boot(machine: Machine, shown: dict[str, ZoneStat]) -> Machine:
    """Charge to boot what the page allocator never got, mem_map aside."""
    derived = {zone.name: zone for zone in zones(machine)}
    if "DMA32" in shown and "DMA32" not in derived:
        raise MachineError(f"Linux {machine.kernel} has no zone DMA32")
    boot = "DMA32" if "DMA32" in shown and derived["DMA32"].managed else "Normal"
    missing = {
        name: derived[name].managed - (given_to_allocator(shown[name]) or derived[name].managed)
        for name in ("DMA", boot)
    }
    return replace(machine, boot_dma=max(0, missing["DMA"]), boot_lowmem=max(0, missing[boot]))


def _zone(machine: Machine, name: str) -> Zone:
    return next(zone for zone in zones(machine) if zone.name == name)


def infer_workload(report: Report, machine: Machine) -> Workload:
    """Infer what the machine was doing: what was there, and the blocks of its file system.

    The blocks are the smallest whose buffer_heads the reported slab can hold and that explain
    most of it. ``other_slab`` is what is left: the calibrated part.
    """
    totals = report.totals
    slab = totals.get("slab_reclaimable", 0)
    file = file_pages(report)
    block_size = _block_size(machine, file, slab)
    explained = pinned_by_page(machine, Workload(written=file, block_size=block_size)).total * file
    lowmem = [zone.counters for zone in report.zones if zone.name != "HighMem"]
    cache = sum(counters.get(name, 0) for counters in lowmem for name in ("active_file", "inactive_file"))
    return Workload(
        written=INCIDENT_WORKLOAD.written,  # no report shows how much there was still to copy
        block_size=block_size,
        anon=sum(totals.get(name, 0) for name in ("active_anon", "inactive_anon", "unevictable")),
        page_tables=totals.get("pagetables", 0),
        other_lowmem=totals.get("slab_unreclaimable", 0) + _stacks(report) + cache,
        other_slab=max(0, int(slab - explained)),
    )


def _stacks(report: Report) -> int:
    by_zone = sum(zone.counters.get("kernel_stack", 0) for zone in report.zones)
    return by_zone or sum(node.counters.get("kernel_stack", 0) for node in report.nodes)


def _block_size(machine: Machine, file: int, slab: int) -> int | None:
    """Choose the smallest blocks that the slab allows, if they explain most of it, else 4096 or none."""
    fitting = [
        size
        for size in BLOCK_SIZES
        if pinned_by_page(machine, Workload(written=file, block_size=size)).total * file <= slab * 1.01
    ]
    if not fitting:
        return None
    closest = pinned_by_page(machine, Workload(written=file, block_size=fitting[-1])).total * file
    return fitting[-1] if closest > 0.8 * slab else 4096
