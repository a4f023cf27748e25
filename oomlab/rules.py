"""What one kernel does, read from the tables once and given names and types.

``rules_for(machine)`` is the only place that asks ``tables/zones.toml``, ``tables/watermarks.toml`` and
``tables/structs.toml`` for a machine. The model is plain arithmetic on its record, and the page that
computes in the browser is handed the very same one. Reports and ``/proc`` know only a version: for
them each rule can be had by itself, so that an old kernel needs no more rules than are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, TypeVar

from oomlab.errors import MachineError, UnknownKernel
from oomlab.kernel import KernelVersion, Version, lookup
from oomlab.machine import Allocator, Arch, Machine
from oomlab.mmzone import DMA_END

Formula = Literal["twice_and_thrice", "quarters_of_min", "quarters_of_share", "quarters_or_scale"]
"""How ``low`` and ``high`` follow from ``min``: a function of :mod:`oomlab.watermarks`."""

Urgent = Literal["none", "cannot sleep", "atomic", "high", "cannot sleep and high", "cannot sleep or high"]
"""Which requests a rule of :class:`UrgentRule` holds for; see the table for what each means."""

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class RootRule:
    """``min_free_kbytes`` by default: the root of lowmem times ``factor``, within bounds; all in kB."""

    factor: int
    min: int
    max: int


@dataclass(frozen=True, slots=True)
class HugepageRule:
    """How transparent hugepages raise ``min_free_kbytes``; see the table for what each value means."""

    zones: Literal["all", "lowmem"]
    pageblocks: int
    lowmem_divisor: int
    min_ram_mib: int
    off_recounts: bool


@dataclass(frozen=True, slots=True)
class ReserveRule:
    """How ``lowmem_reserve`` treats odd ratios and empty zones; see the table for what each value means."""

    zero_ratio: Literal["one", "none"]
    empty_lower: bool
    counts_cleared: bool
    empty_upper: bool


@dataclass(frozen=True, slots=True)
class UrgentRule:
    """Which requests may go below ``min``, and which may use the highatomic reserve; see the table."""

    quarter: Urgent
    unboosted: Urgent
    highatomic_pages: Urgent
    highatomic_blocks: Urgent


@dataclass(frozen=True, slots=True)
class StructRule:
    """One structure of the kernel's: its bytes, and how many fit a page of slab."""

    bytes: int
    per_page: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRules:
    """Every rule that a machine's kernel follows, by its version and its build.

    ``zones`` are the names of its zones, lowest first, and ``ratios`` their ``lowmem_reserve_ratio`` by
    default. ``present`` is what it counts as present, ``counted`` the size that watermarks and reserves
    follow from. A machine needs more than ``dma_end`` page frames of lowmem and may have ``max_ram_gib``,
    one of ``allocators`` and a ``watermark_scale_factor`` of 1 to ``max_scale_factor``.
    ``vmalloc_end`` is an address, and with ``vmalloc_guard_mib`` it is ``None`` on x86_64. ``slack`` are
    the pages above a watermark at which a zone is still refused.
    """

    zones: tuple[str, ...]
    dma_end: int = DMA_END
    max_ram_gib: int
    allocators: tuple[Allocator, ...]
    max_scale_factor: int
    vmalloc_end: int | None
    vmalloc_guard_mib: int | None
    swiotlb_mib: int
    struct_page_bytes: int
    present: Literal["spanned", "ram without memmap", "ram"]
    counted: Literal["present", "managed"]
    watermarks: Formula
    movable: Literal["never", "with HighMem", "always"]
    min_free_kbytes: RootRule
    hugepages: HugepageRule
    lowmem_reserve: ReserveRule
    ratios: tuple[int, ...]
    slack: int
    buffer_head_fix: bool
    buffer_head: StructRule
    radix_tree_node: StructRule


def rules_for(machine: Machine) -> MachineRules:
    """Return the rules of a machine's kernel.

    Raises :class:`MachineError` where a table has no row for its version, architecture or build.

    >>> from oomlab.machine import INCIDENT
    >>> rules_for(INCIDENT).present, rules_for(INCIDENT).slack
    ('ram without memmap', 2)
    """
    return _rules_for(machine.kernel, machine.arch, machine.pae, machine.allocator)


@lru_cache(maxsize=1024)
def _rules_for(kernel: KernelVersion, arch: Arch, pae: bool, allocator: Allocator) -> MachineRules:
    try:
        zones = tuple(lookup("zones.names", kernel, arch=arch)["zones"])
        return MachineRules(
            zones=zones,
            max_ram_gib=lookup("zones.max_ram", kernel, arch=arch, pae=pae)["gib"],
            allocators=tuple(lookup("zones.allocators", kernel)["names"]),
            max_scale_factor=lookup("watermarks.max_scale_factor", kernel)["value"],
            vmalloc_end=lookup("zones.vmalloc_end", kernel, pae=pae)["address"] if arch == "i386" else None,
            vmalloc_guard_mib=lookup("zones.vmalloc_guard", kernel)["mib"] if arch == "i386" else None,
            swiotlb_mib=lookup("zones.swiotlb", kernel, arch=arch)["mib"],
            struct_page_bytes=lookup("zones.struct_page", kernel, arch=arch, allocator=allocator)["bytes"],
            present=lookup("zones.present", kernel, arch=arch)["counts"],
            counted=counted_field(kernel),
            watermarks=watermark_formula(kernel),
            movable=lookup("watermarks.movable", kernel)["small_min"],
            min_free_kbytes=root_rule(kernel),
            hugepages=hugepage_rule(kernel),
            lowmem_reserve=reserve_rule(kernel),
            ratios=default_ratios(zones, kernel),
            slack=slack(kernel),
            buffer_head_fix=lookup("zones.buffer_head_fix", kernel)["there"],
            buffer_head=_struct("buffer_head", kernel, arch, allocator),
            radix_tree_node=_struct("radix_tree_node", kernel, arch, allocator),
        )
    except UnknownKernel as error:
        raise MachineError(str(error)) from error


def _struct(name: str, kernel: KernelVersion, arch: Arch, allocator: Allocator) -> StructRule:
    row = lookup("structs.struct", kernel, name=name, arch=arch)
    objects, pages = row[allocator]
    return StructRule(row["bytes"], objects / pages)


def on_kernel(machine: Machine, kernel: KernelVersion) -> Machine:
    """Return a machine with another kernel; where that has no SLAB any more, with SLUB.

    >>> from oomlab.machine import INCIDENT
    >>> INCIDENT.allocator, on_kernel(INCIDENT, KernelVersion((6, 12))).allocator
    ('slab', 'slub')
    """
    moved = replace(machine, kernel=kernel)
    offered = lookup("zones.allocators", kernel)["names"]
    return moved if moved.allocator in offered else replace(moved, allocator=offered[0])


def has_buffer_head_fix(machine: Machine) -> bool:
    """Whether reclaim looks into HighMem when buffer_heads fill lowmem.

    >>> from dataclasses import replace
    >>> from oomlab.machine import INCIDENT
    >>> has_buffer_head_fix(INCIDENT), has_buffer_head_fix(replace(INCIDENT, kernel=KernelVersion((3, 4))))
    (False, True)

    Source: mm/vmscan.c, commit cc715d99e529 (3.4 and 3.3.8; in no 3.2.y that was read).
    """
    own = machine.buffer_head_fix
    return rules_for(machine).buffer_head_fix if own is None else own


# --- by version alone -------------------------------------------------------------------------


def watermark_formula(version: Version) -> Formula:
    """Return how a version spaces ``low`` and ``high``.

    >>> watermark_formula("3.2"), watermark_formula("6.1")
    ('quarters_of_share', 'quarters_or_scale')
    """
    formula: Formula = lookup("watermarks.watermarks", version)["formula"]
    return formula


def counted_field(version: Version) -> Literal["present", "managed"]:
    """Return the name of the size that watermarks and reserves are computed from.

    >>> counted_field("3.2"), counted_field("6.1")
    ('present', 'managed')
    """
    field: Literal["present", "managed"] = lookup("watermarks.counted", version)["field"]
    return field


def root_rule(version: Version) -> RootRule:
    """Return the rule by which a version chooses ``min_free_kbytes`` itself."""
    return _record(RootRule, lookup("watermarks.min_free_kbytes", version))


def hugepage_rule(version: Version) -> HugepageRule:
    """Return the rule by which transparent hugepages raise ``min_free_kbytes``."""
    return _record(HugepageRule, lookup("watermarks.hugepages", version))


def reserve_rule(version: Version) -> ReserveRule:
    """Return the rule by which a version computes ``lowmem_reserve``."""
    return _record(ReserveRule, lookup("watermarks.lowmem_reserve", version))


def default_ratios(zones: Iterable[str], version: Version) -> tuple[int, ...]:
    """Return the ``lowmem_reserve_ratio`` that a kernel starts with, for zones by name.

    >>> default_ratios(("DMA", "Normal", "HighMem", "Movable"), "6.1")
    (256, 32, 0, 0)
    """
    row = lookup("watermarks.ratios", version)
    return tuple(row[name] for name in zones)


@lru_cache(maxsize=256)
def slack(version: Version) -> int:
    """Return the pages above a watermark at which a request is still refused: 2 by mistake, else 0."""
    pages: int = lookup("watermarks.slack", version)["slack"]
    return pages


@lru_cache(maxsize=256)
def urgent_rule(version: Version) -> UrgentRule:
    """Return which requests a version lets go below ``min`` or use what is kept for urgent ones."""
    return _record(UrgentRule, lookup("watermarks.urgent", version))


@lru_cache(maxsize=256)
def highatomic_counts(version: Version) -> Literal["reserved", "free"]:
    """Return which pages of the highatomic reserve a version takes off what is free.

    >>> highatomic_counts("6.11"), highatomic_counts("6.12")
    ('reserved', 'free')
    """
    counts: Literal["reserved", "free"] = lookup("watermarks.highatomic", version)["counts"]
    return counts


@lru_cache(maxsize=256)
def any_block_will_do(version: Version) -> bool:
    """Whether one free block that is large enough decides a request above order 0, as since 4.4."""
    return bool(lookup("watermarks.blocks", version)["formula"] == "any_block")


def _record(kind: type[_Record], row: Mapping[str, Any]) -> _Record:
    return kind(**{field.name: row[field.name] for field in fields(kind)})  # type: ignore[arg-type]
