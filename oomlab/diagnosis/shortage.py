"""Zones that were short though the machine was not: the core test, asked in four ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oomlab.diagnosis.core import Case, hidden_free, roomy, weight, zones_open
from oomlab.diagnosis.model import Finding
from oomlab.diagnosis.saying import found, free_in, limit, names_of, size
from oomlab.mmzone import is_highmem
from oomlab.report import ZoneStat
from oomlab.units import human_kb
from oomlab.verdict import Verdict, has_unlisted_highmem, kept_for_urgent
from oomlab.words import percent, zone_name

_MIGRATE_TYPES = 6


def cma(case: Case) -> Finding | None:
    """The zones have free memory, but it is CMA's, which only movable pages may use."""
    zones = _opened_by(case, "cma")
    held = sum(zone.counters.get("free_cma", 0) for zone in zones)
    if not held:
        return None
    free = sum(zone.free or 0 for zone in zones)
    claim = (
        f"{names_of(case, zones)} had {size(case, free)} free, but {size(case, held)} of it is CMA's. "
        f"What cannot be moved, such as kernel memory, was left with {size(case, free - held)}: too little."
    )
    return found(case, "cma", claim, "high", *_lines(case, zones), needs_mask=True)


def cma_ungrouped(case: Case) -> Finding | None:
    """Only CMA's pages would have served a movable request, and this kernel counts none as movable.

    Source: mm/page_alloc.c, ``build_all_zonelists``: with less than one page block for each migrate
    type pages are not grouped by mobility; then ``gfp_migratetype`` calls every request unmovable.
    """
    block = _page_block_kb(case)
    whole = (case.held.size or 0) * case.report.page_size_kb
    if not case.killing or case.order or not case.mask.movable or not 0 < whole < _MIGRATE_TYPES * block:
        return None
    unmoved = replace(case.mask, flags=case.mask.flags - {"__GFP_MOVABLE"})
    if not case.open_now or zones_open(replace(case, mask=unmoved)):
        return None
    held = sum(zone.counters.get("free_cma", 0) for zone in case.open_now)
    claim = (
        f"{names_of(case, case.open_now)} had {free_in(case, case.open_now)} free, but {size(case, held)} "
        f"of it is CMA's, for movable pages only. {human_kb(whole)} is too little to group pages by mobility "
        f"in blocks of {human_kb(block)}, so no request counts as movable here, and CMA serves none."
    )
    return found(case, "cma", claim, "medium", *_lines(case, case.open_now), case.report.trigger.line)


def _page_block_kb(case: Case) -> int:
    """Give the size of a page block: what one table of page table entries, of 8 bytes each, maps."""
    page_kb = case.report.page_size_kb
    return page_kb * page_kb * 1024 // 8


def highatomic(case: Case) -> Finding | None:
    """The zones have free memory, but it is kept for urgent requests."""
    zones = _opened_by(case, "highatomic")
    if not zones:
        return None
    held = sum(map(kept_for_urgent, zones))
    claim = (
        f"{names_of(case, zones)} had {free_in(case, zones)} free, but {size(case, held)} of it is kept for "
        "urgent requests (highatomic). Without that reserve this request would have passed."
    )
    blocks = [zone.blocks_line for zone in zones if any("H" in each.types for each in zone.free_blocks or ())]
    return found(case, "highatomic", claim, "high", *_lines(case, zones), *blocks, needs_mask=True)


def _opened_by(case: Case, lift: str) -> tuple[ZoneStat, ...]:
    """Give the zones that only pages of one kind kept shut."""
    if not case.asked or case.open_now:
        return ()
    return zones_open(case, lift=lift)


def dma_exhaustion(case: Case) -> Finding | None:
    """The request had to lie low in memory, and only there was none left."""
    asked = [each.zone for each in case.asked]
    if not case.mask_known or not asked or not all(zone.name.startswith("DMA") for zone in asked):
        return None
    if case.mask.zone == "Normal" or case.open_now or not _has_normal(case):
        return None
    room = _room(case, list(case.barred))
    if room is None:
        return None
    claim = f"The request had to come from {names_of(case, asked)}. {_standings(case)} {room}"
    line = case.report.trigger.line
    return found(case, "dma_exhaustion", claim, "high", line, *_lines(case, [*asked, *case.barred]))


def _has_normal(case: Case) -> bool:
    """Tell whether the kernel has memory of its own above the zones that were asked."""
    totals = case.report.totals
    lowmem = totals.get("ram", 0) - totals.get("highmem", 0)
    shown = any(not is_highmem(zone.name) for zone in case.barred)
    return shown or lowmem > limit("normal_beside_dma") * sum(map(weight, case.asked))


def lowmem_exhaustion(case: Case) -> Finding | None:
    """The request needed lowmem, and there was none, while HighMem had room for others."""
    if not case.asked or case.open_now:
        return None
    above = [zone for zone in case.barred if is_highmem(zone.name)]
    highmem = above or case.report.totals.get("highmem") or has_unlisted_highmem(case.report)
    room = _room(case, above) if highmem else None
    reason = room or _no_help(case, above)
    if reason is None:
        return None
    zones = [each.zone for each in case.asked]
    lead = f"The request needed lowmem, so only {names_of(case, zones)} could serve it."
    if not case.mask_known:
        lead = f"If the request was for the kernel itself, only {names_of(case, zones)} could serve it."
    lines = (case.report.trigger.line, *_lines(case, [*zones, *above]))
    claim = f"{lead} {_standings(case)} {reason}"
    return found(case, "lowmem_exhaustion", claim, "high" if room else "medium", *lines, needs_mask=True)


def _room(case: Case, above: list[ZoneStat]) -> str | None:
    """Say what lay free in zones that the request might not use; ``None`` where that was little."""
    spacious = [zone for zone in above if roomy(zone)]
    if spacious:
        return (
            f"{names_of(case, spacious)} had {free_in(case, spacious)} free, which the request may not use."
        )
    hidden = hidden_free(case.report)
    if hidden and not above:
        return f"{size(case, hidden)} lay free in higher zones, not listed and closed to the request."
    return None


def _no_help(case: Case, above: list[ZoneStat]) -> str | None:
    """Say why zones with little free could not have helped even so: what fills lowmem lies nowhere else."""
    if not above:
        return None
    name, own = names_of(case, above), case.lowmem.share("slab", "kernel_stacks", "page_tables")
    if own >= limit("lowmem_own"):
        return f"{percent(own)} of lowmem held the kernel's own records, which {name} cannot take."
    cached = sum(
        zone.counters.get("inactive_file", 0) + zone.counters.get("active_file", 0) for zone in above
    )
    if cached and cached >= limit("cache_above") * sum(zone.size or 0 for zone in above):
        return f"{name} held {size(case, cached)} of page cache to give back, but not to this request."
    return None


# --- saying it --------------------------------------------------------------------------------


def _standings(case: Case) -> str:
    """Say how each zone stood that the request might use."""
    return " ".join(f"{_standing(case, each)}." for each in case.asked)


def _standing(case: Case, verdict: Verdict) -> str:
    zone = verdict.zone
    text = f"{zone_name(zone, case.report)} had {size(case, zone.free or 0)} free"
    if verdict.short:
        return f"{text} and lacked {verdict.short:,} page{'s' if verdict.short > 1 else ''}"
    if verdict.reserve is None and (zone.free or 0) > (zone.watermark_high or 0):
        return f"{text}; how much of it was kept from such a request, the log does not show"
    return f"{text}, less than its high mark and reserve"


def _lines(case: Case, zones: Sequence[ZoneStat]) -> list[int | None]:
    return [line for zone in zones for line in (zone.line or zone.blocks_line, zone.reserve_line)]
