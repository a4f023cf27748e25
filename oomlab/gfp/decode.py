"""A gfp mask to names and back, and on what each reading rests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from oomlab.errors import UnknownKernel, require
from oomlab.gfp import layouts
from oomlab.gfp.layouts import Layout
from oomlab.kernel import KernelRelease, KernelVersion, load_table
from oomlab.mmzone import REQUEST_ZONES

Basis = Literal["printed names", "version", "form", "assumed"]

ZONE_FALLBACK = REQUEST_ZONES[::-1]
"""The zones in the order in which a request falls from one to the next lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GfpMask:
    """A gfp mask read for one kernel, and what the reading rests on.

    ``names`` are what the kernel prints (or would, from 4.6): composites first.
    ``flags`` is every single bit by name. ``unknown`` holds the bits for which this
    kernel has no name. ``config`` lists the build options that the reading assumes.
    ``alternatives`` are other sets of names that the mask could stand for.
    """

    value: int
    names: tuple[str, ...]
    flags: frozenset[str]
    unknown: int
    wakes_kswapd: bool
    basis: Basis
    kernel: KernelRelease | None = None
    config: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.value:#x} ({self.text})"

    @property
    def text(self) -> str:
        """The names joined by ``|`` as the kernel prints them, and any bits without a name as a number.

        >>> decode_gfp(0x10084d0, kernel="3.2.59").text
        'GFP_KERNEL|__GFP_REPEAT|__GFP_ZERO|0x1000000'
        """
        rest = (hex(self.unknown),) if self.unknown else ()
        return "|".join(self.names + rest) or "no flags"

    @property
    def zone(self) -> str | None:
        """The highest zone that may serve the request; ``None`` when the bits contradict each other.

        Source: include/linux/gfp.h, ``gfp_zone`` and ``GFP_ZONE_TABLE``, 2.6.31 to 6.19.
        """
        asked = self.flags & {"__GFP_DMA", "__GFP_DMA32", "__GFP_HIGHMEM"}
        if len(asked) > 1:
            return None
        if "__GFP_HIGHMEM" in asked:
            return "Movable" if self.movable else "HighMem"
        return {"__GFP_DMA": "DMA", "__GFP_DMA32": "DMA32"}.get(next(iter(asked), ""), "Normal")

    @property
    def may_sleep(self) -> bool:
        """The caller can wait while memory is reclaimed for it (direct reclaim)."""
        return bool(self.flags & {"__GFP_WAIT", "__GFP_DIRECT_RECLAIM"})

    @property
    def may_io(self) -> bool:
        """Reclaim may write to disk."""
        return "__GFP_IO" in self.flags

    @property
    def may_fs(self) -> bool:
        """Reclaim may call into file systems."""
        return "__GFP_FS" in self.flags

    @property
    def high_priority(self) -> bool:
        """The request may dip below the min watermark."""
        return "__GFP_HIGH" in self.flags

    @property
    def atomic(self) -> bool:
        """High priority, and unable to wait."""
        return self.high_priority and not self.may_sleep

    @property
    def movable(self) -> bool:
        """The page can be moved later, so it may come from CMA."""
        return "__GFP_MOVABLE" in self.flags


def decode_gfp(
    mask: int,
    *,
    kernel: str | KernelVersion | KernelRelease | None = None,
    names: Sequence[str] | None = None,
    since: KernelVersion | None = None,
    until: KernelVersion | None = None,
) -> GfpMask:
    """Return what a gfp mask asks for.

    ``names`` are the names that the report prints beside the number (4.6 and later):
    they are believed, and the table only checks them. Without them the kernel's
    version decides; without that, the mask is read as every version would read it, the
    reading with the fewest names is taken, and ``problems`` contains a note of it. ``since``
    (included) and ``until`` (not included) bound those versions, where the form of a report does.

    Raises :class:`UnknownKernel` when ``kernel`` is no version, :class:`ValueError` for a
    negative mask.
    Source: include/linux/gfp.h; include/trace/events/mmflags.h, ``show_gfp_flags``, 4.6 to 6.19.

    >>> decode_gfp(0x84d0, kernel="3.2.59").names
    ('GFP_KERNEL', '__GFP_REPEAT', '__GFP_ZERO')
    >>> decode_gfp(0x84d0, kernel="3.2.59").zone
    'Normal'
    """
    require(mask, int, "decode_gfp takes a number, such as 0x84d0")
    if mask < 0:
        raise ValueError(f"a gfp mask is never negative: {mask}")
    release = _release(kernel)
    if names:
        return _believe(mask, names, release)
    return _assume(mask, since, until) if release is None else _by_version(mask, release)


def encode_gfp(
    names: str | Iterable[str],
    *,
    kernel: str | KernelVersion | KernelRelease,
    config: Iterable[str] | None = None,
) -> int:
    """Return the mask that a kernel has for these names, a text as the kernel prints it or one by one.

    ``config`` lists the build options that are on, as ``GfpMask.config`` does; without
    it, the likeliest build that has all the names is taken. A version beyond the
    table is read as the nearest one that the table contains.

    Raises :class:`UnknownKernel` when the kernel has no flag of that name.

    >>> hex(encode_gfp("GFP_KERNEL|__GFP_ZERO", kernel="3.2.59"))
    '0x80d0'
    >>> hex(encode_gfp(["GFP_KERNEL", "__GFP_ZERO"], kernel="3.2.59"))
    '0x80d0'
    """
    require(names, str | Iterable, 'encode_gfp takes names of flags, such as "GFP_KERNEL|__GFP_ZERO"')
    names = tuple(names.split("|") if isinstance(names, str) else names)
    for name in names:
        require(name, str, 'encode_gfp takes names of flags, such as "GFP_KERNEL|__GFP_ZERO"')
        if not name.strip():
            raise UnknownKernel('a name is empty: give flags such as "GFP_KERNEL|__GFP_ZERO"')
    release = KernelRelease.of(str(kernel))
    built = None if config is None else frozenset(config)
    choice = [each for each in layouts.candidates(release) if built is None or each.config == built]
    masks = (each.write(names) for each in choice)
    mask = next((each for each in masks if each is not None), None)
    if mask is None:
        missing = [name for name in names if all(each.write([name]) is None for each in choice)]
        raise UnknownKernel(f"{release} has no {', '.join(missing or names)} in its gfp flags")
    return mask


def zones_allowed(mask: GfpMask, present: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the zones that may serve a request, the preferred one first.

    ``present`` are the names of the zones that the machine has. A machine without
    DMA or DMA32 serves such a request from ZONE_NORMAL. Empty when the mask names no zone.

    Source: include/linux/mmzone.h and gfp.h, ``gfp_zone``; mm/page_alloc.c, ``build_zonelists``.

    >>> zones_allowed(decode_gfp(0xd0, kernel="3.2"), ["DMA", "Normal", "HighMem"])
    ('Normal', 'DMA')
    """
    zone, present = mask.zone, frozenset(present)
    if zone is None:
        return ()
    if zone.startswith("DMA") and zone not in present:
        zone = "Normal"
    lower = ZONE_FALLBACK[ZONE_FALLBACK.index(zone) :]
    return tuple(name for name in lower if name in present)


def _release(kernel: str | KernelVersion | KernelRelease | None) -> KernelRelease | None:
    return kernel if kernel is None or isinstance(kernel, KernelRelease) else KernelRelease.of(str(kernel))


def _by_version(mask: int, release: KernelRelease) -> GfpMask:
    choice = layouts.candidates(release)
    layout = layouts.first_fit(mask, choice)
    unknown = layout.read(mask)[1]
    inside = layouts.clamp(release.version) == release.version
    outside = f"the table does not reach {release}: read as {layout.label} would"
    return _gfp_mask(
        mask,
        layout,
        basis="version" if inside else "assumed",
        kernel=release,
        alternatives=layouts.other_readings(mask, layout, choice),
        problems=(*(() if inside else (outside,)), *_explain(unknown, mask, release)),
    )


def _believe(mask: int, printed: Sequence[str], release: KernelRelease | None) -> GfpMask:
    """Trust the printed names, and look for the kernel in which they make the mask."""
    printed = tuple(dict.fromkeys(printed))
    own = layouts.candidates(release) if release else layouts.mainline()
    choice = own + (layouts.neighbours(release) if release else ())
    agreeing = next((each for each in choice if each.write(printed) == mask), None)
    layout = agreeing or own[0]
    problems = () if agreeing in own else (_disagreement(mask, printed, layout, agreeing is not None),)
    names = tuple(name for name in printed if not layouts.NUMBER.fullmatch(name))
    named = layout.write(name for name in names if name in layout.values) or 0
    known = layout.flags(named) | {name for name in names if name.startswith("__GFP_")}
    return _gfp_mask(
        mask,
        layout,
        read=(names, mask & ~named),
        flags=known,
        basis="printed names",
        kernel=release,
        problems=problems,
    )


@lru_cache(maxsize=256)  # the reports of a log ask for much the same
def _assume(mask: int, since: KernelVersion | None, until: KernelVersion | None) -> GfpMask:
    """Read a mask as every version within bounds would, and take the reading with the fewest names."""
    alike = layouts.epochs_alike(mask, since, until)
    best = min(reversed(alike), key=lambda each: (each.read(mask)[1].bit_count(), len(each.read(mask)[0])))
    end = f"before {until}" if until else load_table("gfp")["latest"]
    ends = [*(f"before {each.label}" for each in alike[1:]), end]
    fits = [
        f"{'|'.join(each.read(mask)[0]) or 'no flags'} from {each.label} to {end}"
        for each, end in zip(alike, ends, strict=True)
        if not each.read(mask)[1]
    ]
    return _gfp_mask(
        mask,
        best,
        basis="form" if until else "assumed",
        alternatives=layouts.other_readings(mask, best, alike),
        problems=(f"no kernel version is known: {mask:#x} is {'; '.join(fits) or 'no mask of any version'}",),
    )


def _gfp_mask(
    mask: int,
    layout: Layout,
    *,
    basis: Basis,
    kernel: KernelRelease | None = None,
    read: tuple[tuple[str, ...], int] | None = None,
    flags: frozenset[str] | None = None,
    alternatives: tuple[tuple[str, ...], ...] = (),
    problems: tuple[str, ...] = (),
) -> GfpMask:
    names, unknown = read or layout.read(mask)
    flags = layout.flags(mask) if flags is None else flags
    wakes = "__GFP_KSWAPD_RECLAIM" in flags
    if "__GFP_KSWAPD_RECLAIM" not in layout.bits:
        wakes = "__GFP_NO_KSWAPD" not in flags
    result = GfpMask(
        value=mask,
        names=names,
        flags=flags,
        unknown=unknown,
        wakes_kswapd=wakes,
        basis=basis,
        kernel=kernel,
        config=tuple(sorted(layout.config)),
        alternatives=alternatives,
        problems=problems,
    )
    if result.zone is None:
        clash = "the zone bits contradict each other: at most one of DMA, DMA32 and HIGHMEM may be set"
        result = replace(result, problems=(*problems, clash))
    return result


def _explain(unknown: int, mask: int, release: KernelRelease) -> Iterator[str]:
    """Yield what the bits without a name would be in a neighbouring kernel: a backport, or a vendor's own."""
    if unknown:
        yield f"{unknown:#x} has no name in {release}"
        where = next((each for each in layouts.neighbours(release) if not each.read(mask)[1]), None)
        if where:
            yield f"in {where.label} {mask:#x} is {'|'.join(where.read(mask)[0])}"


def _disagreement(mask: int, printed: Sequence[str], layout: Layout, is_neighbour: bool) -> str:
    if is_neighbour:
        return f"the printed names make {mask:#x} with the bits of {layout.label}, not of this version"
    strange = [name for name in printed if layout.write([name]) is None]
    if strange:
        return f"the table for {layout.label} has no {', '.join(strange)}"
    return f"the printed names make {layout.write(printed):#x} in {layout.label}, not {mask:#x}"
