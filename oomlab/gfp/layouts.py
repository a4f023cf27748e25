"""Where each gfp bit stands in one kernel: the rows of ``tables/gfp.toml`` put together.

A layout is one kernel built one way. Versions that nobody read for the table and
build options that nobody knows give several layouts for one kernel, the likeliest first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import combinations
from typing import Any, NamedTuple

from oomlab.kernel import KernelRelease, KernelVersion, holds, load_table, lookup, lookup_all

NUMBER = re.compile(r"0x[0-9a-f]+")  # how a kernel prints bits that it has no name for

_OLD, _AFTER_OLD, _FIRST = KernelVersion((2, 4)), KernelVersion((2, 5)), KernelVersion((2, 6, 0))
"""2.4 stands for itself: nobody read what lies between it and 2.6.0."""


class Layout(NamedTuple):
    """The bits of one kernel, built one way."""

    label: str
    config: frozenset[str]  # the options that this layout takes to be on
    bits: Mapping[str, int]  # flags, one bit each
    values: Mapping[str, int]  # flags and composites
    printing: tuple[str, ...]  # names in the order they are tried
    one_composite: bool

    def read(self, mask: int) -> tuple[tuple[str, ...], int]:
        """Return the names of a mask, in the order the kernel prints them, and the bits left over."""
        names: list[str] = []
        for name in self.printing:
            value = self.values.get(name, 0)
            if not value or mask & value != value or (self.one_composite and _again(name, names)):
                continue
            names.append(name)
            mask &= ~value
        return tuple(names), mask

    def write(self, names: Iterable[str]) -> int | None:
        """Return the mask that names make together; ``None`` when this kernel lacks one of them."""
        mask = 0
        for name in names:
            value = int(name, 16) if NUMBER.fullmatch(name) else self.values.get(name)
            if value is None:
                return None
            mask |= value
        return mask

    def flags(self, mask: int) -> frozenset[str]:
        """Return the name of every single bit of a mask that this kernel knows."""
        return frozenset(name for name, bit in self.bits.items() if mask & bit)


def _again(name: str, names: Sequence[str]) -> bool:
    """Whether a name is a composite that would follow another one."""
    zones = ("GFP_DMA", "GFP_DMA32")
    return name.startswith("GFP_") and name not in zones and any(n.startswith("GFP_") for n in names)


def candidates(release: KernelRelease) -> tuple[Layout, ...]:
    """Return every layout that a kernel may have, the likeliest first."""
    version = clamp(release.version)
    versions = [version]
    for window in lookup_all("gfp.unread", version):
        versions += [KernelVersion.of(window["before"]), KernelVersion.of(window["after"])]
    return tuple(each for v in versions for each in layouts_of(v, release.vendor))


@lru_cache(64)
def neighbours(release: KernelRelease) -> tuple[Layout, ...]:
    """Return the layouts next to a kernel's own: other vendors' of its version, then the next epochs'."""
    version = clamp(release.version)
    vendors = {row["vendor"] for row in _rows() if "vendor" in row and holds(row, version)}
    starts = epochs()
    here = max((i for i, start in enumerate(starts) if start <= version), default=0)
    beside = [starts[i] for i in (here + 1, here - 1) if 0 <= i < len(starts)]
    places = [(version, vendor) for vendor in sorted(vendors)] + [(start, None) for start in beside]
    return tuple(each for place in places for each in layouts_of(*place))


@cache
def epochs() -> tuple[KernelVersion, ...]:
    """Return the versions from 2.6.0 on at which some mainline row begins or ends, oldest first."""
    mainline = [row for row in _rows() if "vendor" not in row]
    turns = {KernelVersion.of(row[end]) for row in mainline for end in ("since", "until") if end in row}
    return tuple(sorted(turn for turn in turns if turn >= _FIRST))


def clamp(version: KernelVersion) -> KernelVersion:
    """Return the version itself where the table covers it, else the nearest that it covers."""
    latest = KernelVersion.of(load_table("gfp")["latest"])
    if version.parts[: len(latest.parts)] > latest.parts:
        return latest
    return _OLD if version < _AFTER_OLD else max(version, _FIRST)


@lru_cache(256)  # a log may name thousands of versions
def layouts_of(version: KernelVersion, vendor: str | None = None) -> tuple[Layout, ...]:
    """Return the layouts of one version, one for each way to configure it, the usual way first.

    ``vendor`` is a distribution as :class:`KernelRelease` names it; ``None`` is mainline.
    """
    turns, vendors = _turns()
    start = turns[max(bisect_right(turns, version) - 1, 0)]
    theirs, layouts = _layouts_since(start, vendor if vendor in vendors else None)
    label = f"{vendor} {version}" if theirs else str(version)
    return tuple(each._replace(label=label) for each in layouts)


@cache
def _turns() -> tuple[tuple[KernelVersion, ...], frozenset[str]]:
    """Return the versions at which any row begins or ends, oldest first, and the vendors that have rows."""
    rows = [*_rows(), *load_table("gfp")["order"]]
    ends = {KernelVersion.of(row[end]) for row in rows for end in ("since", "until") if end in row}
    return tuple(sorted({_OLD, *ends})), frozenset(row["vendor"] for row in rows if "vendor" in row)


@cache
def _layouts_since(start: KernelVersion, vendor: str | None) -> tuple[bool, tuple[Layout, ...]]:
    """Return the layouts of all versions up to the next turn, and whether a row is the vendor's own."""
    rows = _in_force(start, vendor)
    options = {row["config"]: row.get("usual", False) for row in rows if "config" in row}
    usual = frozenset(option for option, on in options.items() if on)
    odd = [frozenset(some) for n in range(len(options) + 1) for some in combinations(sorted(options), n)]
    layouts = tuple(_layout(str(start), start, rows, usual ^ some) for some in odd)
    return any("vendor" in row for row in rows), layouts


def mainline() -> tuple[Layout, ...]:
    """Return every layout of mainline, the newest first."""
    return tuple(each for start in reversed(epochs()) for each in layouts_of(start))


def epochs_alike(
    mask: int, since: KernelVersion | None = None, until: KernelVersion | None = None
) -> list[Layout]:
    """Return the first layout of each run of versions that read a mask alike, oldest first.

    ``since`` (included) and ``until`` (not included) leave out what lies outside them.
    """
    alike: list[Layout] = []
    starts = [start for start in epochs() if until is None or start < until] or [_OLD]
    first = max((i for i, start in enumerate(starts) if since and start <= since), default=0)
    for start in starts[first:]:
        layout = first_fit(mask, layouts_of(start))
        if not alike or alike[-1].flags(mask) != layout.flags(mask):
            alike.append(layout)
    return alike


def first_fit(mask: int, among: Sequence[Layout]) -> Layout:
    """Return the first layout that names every bit, or else the first (likeliest) one."""
    return next((each for each in among if not each.read(mask)[1]), among[0])


def other_readings(mask: int, chosen: Layout, among: Iterable[Layout]) -> tuple[tuple[str, ...], ...]:
    """Return the names of each other reading that leaves no bit without a name, each set of flags once."""
    others: dict[frozenset[str], tuple[str, ...]] = {}
    for each in among:
        names, unknown = each.read(mask)
        if not unknown and each.flags(mask) != chosen.flags(mask):
            others.setdefault(each.flags(mask), names)
    return tuple(others.values())


def _rows() -> list[Mapping[str, Any]]:
    table = load_table("gfp")
    return [*table["flag"], *table["composite"]]


def _in_force(version: KernelVersion, vendor: str | None) -> list[Mapping[str, Any]]:
    """Return the rows for a version, a vendor's own in place of mainline's."""
    rows = [row for row in _rows() if holds(row, version)]
    theirs = {row["name"] for row in rows if vendor and row.get("vendor") == vendor}
    wanted = [row for row in rows if row.get("vendor") == (vendor if row["name"] in theirs else None)]
    return [row for row in wanted if not row.get("absent")]


def _layout(
    label: str, version: KernelVersion, rows: list[Mapping[str, Any]], config: frozenset[str]
) -> Layout:
    built = [row for row in rows if "config" not in row or row["config"] in config]
    bits = {row["name"]: row["value"] for row in built if "value" in row}
    tail = sorted((row for row in built if "tail" in row), key=lambda row: row["tail"])
    first = load_table("gfp")["first_tail_bit"]
    bits |= {row["name"]: 1 << (first + n) for n, row in enumerate(tail)}
    values = dict(bits)
    aliases = set()
    for row in (row for row in built if "of" in row):
        parts = row["of"].split(" | ")
        value = 0
        for part in parts:
            value |= values.get(part, 0)
        if len(parts) == 1 and parts[0] not in bits:
            aliases.add(row["name"])
        values[row["name"]] = value & ~values.get(row.get("without", ""), 0)
    order = lookup("gfp.order", version)
    return Layout(
        label=label,
        config=config,
        bits=bits,
        values=values,
        printing=tuple(name for name in order["names"] if values.get(name) and name not in aliases),
        one_composite=order.get("one_composite", False),
    )
