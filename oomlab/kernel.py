"""Kernel versions, and tables of facts that hold between two of them.

Vendors carry fixes backwards (``3.10.0-514.el7`` behaves like no mainline 3.10),
so a release string is evidence, not truth: it keeps its text and its vendor.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from oomlab.errors import UnknownKernel, require

_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,3}(?![0-9])")
_VENDORS = {
    "uek": r"uek",  # Oracle's own kernel, though its release contains el8 too
    "elrepo": r"elrepo",  # mainline, though its release contains el7 too
    "el": r"[._](el\d+)",
    "fedora": r"\.fc\d+",
    "amazon": r"amzn",
    "android": r"android",
    "raspberrypi": r"rpi|-v[78]l?\+|-v8-16k\+",
    "ubuntu": r"-\d+-(?:generic|lowlatency|aws|azure|gcp|oracle|kvm)",
    "debian": r"\+deb\d+|-(?:686|686-pae|amd64|cloud-amd64|arm64|armmp|4kc-malta|powerpc64le)$",
    "suse": r"-default$",
    "arch": r"-arch\d",
    "next": r"-next-\d+",
}
"""Who built a release, by a pattern in its text; the first that matches counts."""


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """A kernel version as numbers that compare: ``KernelVersion((3, 2, 59))``."""

    parts: tuple[int, ...]

    def __post_init__(self) -> None:
        require(self.parts, tuple, 'give numbers, (3, 2, 59), or text to KernelVersion.of("3.2.59")')

    def __str__(self) -> str:
        return ".".join(map(str, self.parts))

    @classmethod
    def of(cls, version: str | KernelVersion | KernelRelease) -> KernelVersion:
        """Read the version that leads a release string.

        Raises :class:`UnknownKernel` when the text does not begin with numbers.

        >>> KernelVersion.of("3.2.59") < KernelVersion.of("3.10")
        True
        """
        if isinstance(version, str):
            return _read(version)
        if isinstance(version, KernelRelease):
            return version.version
        require(version, KernelVersion, 'give a version as text, "3.2": as a number, 3.10 is 3.1')
        return version


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRelease:
    """A release as the kernel prints it, with the version and the vendor read from it.

    ``vendor`` is ``"el7"``, ``"debian"``, ``"android"``, … where the text shows it, else ``None``.
    """

    text: str
    version: KernelVersion
    vendor: str | None = None

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, release: str) -> KernelRelease:
        """Read ``uname -r`` text such as ``3.10.0-514.el7.x86_64``.

        >>> KernelRelease.of("3.10.0-514.el7.x86_64").vendor
        'el7'
        """
        return cls(text=release, version=KernelVersion.of(release), vendor=vendor_of(release))


Version = str | KernelVersion | KernelRelease
"""A kernel version in any of its forms."""

Row = Mapping[str, Any]
"""A fact of a table: its values, the versions it holds for, and its source.

A row with a ``vendor`` holds for that vendor's releases alone, and stands above mainline's.
"""


@lru_cache(maxsize=1024)
def _read(version: str) -> KernelVersion:
    match = _NUMBERS.match(version.strip().removeprefix("v"))
    if match is None:
        raise UnknownKernel(f"{version!r} is not a kernel version: write one such as 3.2.59 or 6.1")
    return KernelVersion(tuple(int(part) for part in match[0].split(".")))


def vendor_of(release: str) -> str | None:
    """Name the vendor whose backports a release string announces, if it announces one.

    >>> vendor_of("4.18.0-553.el8_10.x86_64"), vendor_of("6.1.0-50-686-pae"), vendor_of("3.2.59")
    ('el8', 'debian', None)
    """
    for vendor, pattern in _VENDORS.items():
        match = re.search(pattern, release, re.IGNORECASE)
        if match is not None:
            return match[1].lower() if match.groups() else vendor
    return None


@cache
def load_table(name: str) -> Mapping[str, Any]:
    """Load ``oomlab/tables/<name>.toml``: facts as rows, each with its source."""
    import tomllib  # here, for it takes longer than all of `import oomlab`

    with open(os.path.join(os.path.dirname(__file__), "tables", f"{name}.toml"), encoding="utf-8") as file:
        text = file.read()
    return tomllib.loads(text)


def holds(row: Row, version: KernelVersion) -> bool:
    """Whether a row with ``since`` (included) and ``until`` (not included) covers a version."""
    since, until = row.get("since"), row.get("until")
    after = since is None or KernelVersion.of(since) <= version
    return after and (until is None or version < KernelVersion.of(until))


def lookup_all(table: str, version: Version, **where: str | bool) -> tuple[Row, ...]:
    """Return the rows of a table that cover a version, in table order.

    ``table`` is a file and one of its arrays: ``"watermarks.slack"``. ``where`` names traits of a row; a
    row without the trait holds for every value of it.
    """
    return _matching(table, KernelVersion.of(version), _vendor(version), tuple(where.items()))


def _vendor(version: Version) -> str | None:
    if isinstance(version, str):
        return vendor_of(version)
    return version.vendor if isinstance(version, KernelRelease) else None


def lookup(table: str, version: Version, **where: str | bool) -> Row:
    """Return the first row of a table that covers a version, as :func:`lookup_all` takes them.

    Raises :class:`UnknownKernel` when there is none.

    >>> lookup("zones.struct_page", "3.2.59", arch="i386", allocator="slab")["bytes"]
    32
    """
    found = lookup_all(table, version, **where)
    if found:
        return found[0]
    build = "".join(f", {name} {value}" for name, value in where.items())
    raise UnknownKernel(f"no rule of {table} is known for Linux {version}{build}")


@lru_cache(maxsize=4096)
def _matching(
    table: str, version: KernelVersion, vendor: str | None, where: tuple[tuple[str, str | bool], ...]
) -> tuple[Row, ...]:
    name, _, kind = table.partition(".")
    rows = (row for row in load_table(name)[kind] if holds(row, version))
    rows = (row for row in rows if row.get("vendor") in (None, vendor))
    return tuple(row for row in rows if all(row.get(trait, value) == value for trait, value in where))
