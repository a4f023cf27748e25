"""What a gfp mask means in one kernel and in every other, arranged for a picture."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from oomlab.gfp import GfpMask, decode_gfp, epochs
from oomlab.kernel import KernelVersion

LADDERS = {"32-bit": ("HighMem", "Normal", "DMA"), "64-bit": ("Normal", "DMA32", "DMA")}
"""The zones of two kinds of machine, from the highest to the lowest."""


class Reading(NamedTuple):
    """What a mask means from one version on, until the next reading begins."""

    since: KernelVersion
    mask: GfpMask


def readings(mask: int) -> list[Reading]:
    """Read a mask in every mainline kernel, and join the versions that agree.

    >>> [str(each.since) for each in readings(0xd0)]
    ['2.6.11', '4.4']
    """
    every = ((start, decode_gfp(mask, kernel=start)) for start in epochs())
    runs = (list(run) for _, run in groupby(every, key=lambda each: (each[1].flags, each[1].unknown)))
    return [Reading(*run[0]) for run in runs]


def abilities(mask: GfpMask) -> tuple[tuple[str, bool], ...]:
    """Say what the request may do, and what it may not."""
    return (
        ("wait for reclaim", mask.may_sleep),
        ("write to disk (I/O)", mask.may_io),
        ("call into file systems", mask.may_fs),
        ("wake kswapd", mask.wakes_kswapd),
        ("dip below min", mask.high_priority),
    )
