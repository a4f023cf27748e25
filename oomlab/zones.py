"""From a machine to its zones, by the kernel's own integer arithmetic.

You choose a :class:`Machine`; the kernel derives the :class:`Zone`. Nothing that
a kernel computes is ever typed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oomlab.kernel import KernelVersion

Arch = Literal["i386", "x86_64"]
Allocator = Literal["slab", "slub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What somebody chose: hardware, kernel build, boot parameters and sysctls. Sizes in pages of 4 kB.

    The defaults are the incident's machine. ``ram`` is RAM, wherever it lies;
    ``hole`` is the gap below 4 GiB that pushes RAM above it. ``boot_lowmem`` is
    what the kernel image, hash tables, per-cpu areas and drivers took before the
    first process (``mem_map`` not counted: it is derived).
    """

    kernel: KernelVersion = KernelVersion((3, 2, 59))
    arch: Arch = "i386"
    pae: bool = True
    ram: int = 32 * 2**18
    mem_limit: int | None = None
    page_offset: int = 0xC0000000
    vmalloc_mib: int = 128
    highpte: bool = False
    allocator: Allocator = "slab"
    buffer_head_fix: bool | None = None
    min_free_kbytes: int | None = None
    watermark_scale_factor: int = 10
    lowmem_reserve_ratio: tuple[int, ...] | None = None
    transparent_hugepages: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What the kernel makes of it: one zone, its size and its marks, in pages.

    ``lowmem_reserve[j]`` is kept from requests whose own zone is number ``j``.
    """

    name: str
    spanned: int
    present: int
    managed: int | None
    watermark_min: int
    watermark_low: int
    watermark_high: int
    lowmem_reserve: tuple[int, ...]
