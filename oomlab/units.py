"""Pages, kilobytes and the sizes people write.

Inside oomlab memory is counted in **pages** unless a name carries a unit
(``min_free_kbytes``, ``usage_kb``). The conversions live here and nowhere else.
"""

from __future__ import annotations

import re

from oomlab.errors import MachineError

PAGE_KB = 4
"""Kilobytes in a page of every x86 kernel; reports carry their own ``page_size_kb``."""

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
"""Bytes of a unit by its letter, as the kernel's ``memparse`` has them."""

_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return a size such as ``32GiB``, ``512M`` or ``4096`` in bytes.

    Units are powers of 1024, as the kernel's own ``mem=`` parameter has them.
    Raises :class:`MachineError` for anything else, negative sizes included.

    >>> parse_size("32GiB") == 32 * 2**30
    True
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise MachineError(f"{text!r} is not a size: write a number and a unit, such as 32GiB or 512M")
    return round(float(match[1]) * UNITS[match[2].lower()])


def pages(kb: int, page_size_kb: int = PAGE_KB) -> int:
    """Return kilobytes as whole pages, without what does not fill one, as the kernel's shift does.

    >>> pages(8056)
    2014
    """
    return kb // page_size_kb


def kb(pages: int, page_size_kb: int = PAGE_KB) -> int:
    """Return pages as kilobytes.

    >>> kb(2014)
    8056
    """
    return pages * page_size_kb


def mib_to_pages(mib: float, page_size_kb: int = PAGE_KB) -> int:
    """Return MiB as pages.

    >>> mib_to_pages(896)
    229376
    """
    return round(mib * 2**10 / page_size_kb)


def pages_to_mib(pages: float, page_size_kb: int = PAGE_KB) -> float:
    """Return pages as MiB.

    >>> pages_to_mib(229376)
    896.0
    """
    return pages * page_size_kb / 2**10


def gib_to_pages(gib: float, page_size_kb: int = PAGE_KB) -> int:
    """Return GiB as pages.

    >>> gib_to_pages(32)
    8388608
    """
    return round(gib * 2**20 / page_size_kb)


def pages_to_gib(pages: float, page_size_kb: int = PAGE_KB) -> float:
    """Return pages as GiB.

    >>> pages_to_gib(8388608)
    32.0
    """
    return pages * page_size_kb / 2**20


def human_kb(kb: float, *, decimals: int = 0) -> str:
    """Return kilobytes as a person would write them: ``30.1 GiB``, ``549 MiB``, ``8 kB``.

    ``decimals`` are those of MiB, where a size stands beside the kernel's own figure.

    >>> human_kb(561924), human_kb(1048556), human_kb(59000, decimals=1)
    ('549 MiB', '1.0 GiB', '57.6 MiB')
    """
    if abs(kb) >= 2**20 - 2**9:
        return f"{kb / 2**20:.1f} GiB"
    if abs(kb) >= 2**10 * 10:
        return f"{kb / 2**10:.{decimals}f} MiB"
    return f"{kb:,.0f} kB"


def human_mib(kb: float) -> str:
    """Return kilobytes as :func:`human_kb` does, but sizes from 1 to 10 MiB in MiB: ``7.7 MiB``.

    >>> human_mib(7928), human_mib(561924), human_mib(412)
    ('7.7 MiB', '549 MiB', '412 kB')
    """
    return f"{kb / 2**10:.1f} MiB" if 2**10 <= abs(kb) < 2**10 * 10 else human_kb(kb)
