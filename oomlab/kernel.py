"""Kernel versions, and tables of facts that hold between two of them.

Vendors carry fixes backwards (``3.10.0-514.el7`` behaves like no mainline 3.10),
so a release string is evidence, not truth: it keeps its text and its vendor.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from oomlab.errors import UnknownKernel

_NUMBERS = re.compile(r"\d+(?:\.\d+){1,3}")
_VENDORS = (
    ("el", re.compile(r"\.(el\d+)|\.(el\d+)uek|[._](el\d+)")),
    ("android", re.compile(r"(android)", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """A kernel version as numbers that compare: ``KernelVersion((3, 2, 59))``."""

    parts: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.parts))

    @classmethod
    def of(cls, version: str | KernelVersion | KernelRelease) -> KernelVersion:
        """Read the version that leads a release string.

        Raises :class:`UnknownKernel` when the text does not begin with numbers.

        >>> KernelVersion.of("3.2.59") < KernelVersion.of("3.10")
        True
        """
        if isinstance(version, KernelVersion):
            return version
        if isinstance(version, KernelRelease):
            return version.version
        match = _NUMBERS.match(version.strip().removeprefix("v"))
        if match is None:
            raise UnknownKernel(f"{version!r} is not a kernel version: write one such as 3.2.59 or 6.1")
        return cls(tuple(int(part) for part in match[0].split(".")))


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRelease:
    """A release as the kernel prints it, with the version and the vendor read from it.

    ``vendor`` is ``"el7"``, ``"el8"``, ``"android"``, … where the text says so, else ``None``.
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


def vendor_of(release: str) -> str | None:
    """Name the vendor whose backports a release string announces, if it announces one."""
    for _, pattern in _VENDORS:
        match = pattern.search(release)
        if match is not None:
            return next(group for group in match.groups() if group).lower()
    return None


@cache
def load_table(name: str) -> Mapping[str, Any]:
    """Load ``oomlab/tables/<name>.toml``: facts as rows, each with its source."""
    text = resources.files("oomlab").joinpath("tables", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def holds(row: Mapping[str, Any], version: KernelVersion) -> bool:
    """Tell whether a row with ``since`` (included) and ``until`` (not included) covers a version."""
    since, until = row.get("since"), row.get("until")
    after = since is None or KernelVersion.of(since) <= version
    return after and (until is None or version < KernelVersion.of(until))


def rows_for(rows: Iterable[Mapping[str, Any]], version: KernelVersion) -> list[Mapping[str, Any]]:
    """Give the rows that cover a version, in table order."""
    return [row for row in rows if holds(row, version)]
