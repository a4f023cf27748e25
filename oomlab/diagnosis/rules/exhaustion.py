"""Zones that were short though the machine was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oomlab.alloc_flags import highatomic_free
from oomlab.diagnosis.case import Case, hidden_free, is_roomy, size_of, weight, zones_open
from oomlab.diagnosis.finding import Claim, rule, threshold
from oomlab.mmzone import is_highmem
from oomlab.report import ZoneStat
from oomlab.units import human_kb
from oomlab.verdict import Verdict, has_unlisted_highmem, verdicts, zones_built_in
from oomlab.words import percent, zone_name, zone_names

_MIGRATE_TYPES = 6


@rule("cma")
def cma(case: Case) -> Claim | None:
    """The zones have free memory, but it is CMA's, which only movable pages may use."""
    zones = _opened_by(case, "cma")
    held = sum(zone.counters.get("free_cma", 0) for zone in zones)
    if not held:
        return None
    left = sum(zone.free or 0 for zone in zones) - held
    text = (
        f"{zone_names(zones, case.report)} had {case.free_in(zones)} free, but {case.human(held)} of it is "
        f"CMA's. What cannot be moved, such as kernel memory, was left with {case.human(left)}: too little."
    )
    return Claim(text, "high", _lines(zones), needs_mask=True)


@rule("cma")
def cma_ungrouped(case: Case) -> Claim | None:
    """Only CMA's pages would have served a movable request, and this kernel counts none as movable.

    Source: mm/page_alloc.c, ``build_all_zonelists``: with less than one page block for each migrate
    type pages are not grouped by mobility; then ``gfp_migratetype`` calls every request unmovable.
    """
    block = _page_block_kb(case)
    whole = (case.used.size or 0) * case.report.page_size_kb
    if not case.is_kill or case.order or not case.mask.movable or not 0 < whole < _MIGRATE_TYPES * block:
        return None
    unmoved = replace(case.mask, flags=case.mask.flags - {"__GFP_MOVABLE"})
    if not case.open_now or zones_open(replace(case, mask=unmoved)):
        return None
    zones = case.open_now
    held = sum(zone.counters.get("free_cma", 0) for zone in zones)
    text = (
        f"{zone_names(zones, case.report)} had {case.free_in(zones)} free, but {case.human(held)} "
        f"of it is CMA's, for movable pages only. {human_kb(whole)} is too little to group pages by mobility "
        f"in blocks of {human_kb(block)}, so no request counts as movable here, and CMA serves none."
    )
    return Claim(text, "medium", [*_lines(zones), case.report.trigger.line])


def _page_block_kb(case: Case) -> int:
    """Return the kB of a page block: what one table of page table entries, of 8 bytes each, maps."""
    page_kb = case.report.page_size_kb
    return page_kb * page_kb * 1024 // 8


@rule("highatomic")
def highatomic(case: Case) -> Claim | None:
    """The zones have free memory, but it is kept for urgent requests."""
    zones = _opened_by(case, "highatomic")
    if not zones:
        return None
    held = sum(highatomic_free(zone, case.version) for zone in zones)
    text = (
        f"{zone_names(zones, case.report)} had {case.free_in(zones)} free, but {case.human(held)} of it is "
        "kept for urgent requests (highatomic). Without that reserve this request would have passed."
    )
    blocks = [zone.blocks_line for zone in zones if any("H" in each.types for each in zone.free_blocks or ())]
    return Claim(text, "high", [*_lines(zones), *blocks], needs_mask=True)


def _opened_by(case: Case, lift: str) -> tuple[ZoneStat, ...]:
    """Return the zones that only pages of one kind kept shut."""
    return zones_open(case, lift=lift) if case.is_shut else ()


@rule("min_free_kbytes")
def min_free_kbytes(case: Case) -> Claim | None:
    """The zones have much free memory, but their watermarks keep it from ordinary requests."""
    zones = [each.zone for each in case.asked]
    kept, size = kept_by_min(zones), size_of(zones)
    if not case.is_shut or not size or any(zone.is_impossible for zone in zones):
        return None
    free = sum(zone.free or 0 for zone in zones)
    if kept < threshold("kept") * size or free < threshold("kept_free") * kept:
        return None
    text = (
        f"{zone_names(zones, case.report)} had {case.human(free)} free, {percent(free / size)} of what they "
        f"have, but their watermarks (min) keep {case.human(kept)} for emergencies: "
        "vm.min_free_kbytes is far too high."
    )
    return Claim(text, "high", [case.report.trigger.line, *_lines(zones)], needs_mask=True)


def kept_by_min(zones: Iterable[ZoneStat]) -> int:
    """Return the pages that zones keep below their watermark ``min``, without what a boost adds for a while.

    Source: mm/page_alloc.c, ``__setup_per_zone_wmarks``; ``watermark_boost`` (since 5.0) counts in ``min``.
    """
    return sum(max(0, (zone.watermark_min or 0) - (zone.watermark_boost or 0)) for zone in zones)


@rule("dma_exhaustion")
def dma_exhaustion(case: Case) -> Claim | None:
    """The request had to lie low in memory, and only there was none left."""
    asked = [each.zone for each in case.asked]
    if not case.mask_known or not asked or not all(zone.name.startswith("DMA") for zone in asked):
        return None
    if case.mask.zone not in ("DMA", "DMA32") or case.open_now or not _has_normal(case):
        return None
    room = _room(case, case.barred)
    if room is None:
        return None
    names = zone_names(asked, case.report)
    text = f"The request had to come from {names}. {_standings(case)} {room}"
    return Claim(text, "high", [case.report.trigger.line, *_lines([*asked, *case.barred])])


@rule("dma_exhaustion")
def dma_empty(case: Case) -> Claim | None:
    """The request had to lie low in memory, and this kernel has no page there at all."""
    zones = empty_zones(case)
    if not zones:
        return None
    names = zone_names(zones, case.report)
    text = f"The request had to come from {names}, which has no page in this kernel: it cannot be served."
    return Claim(text, "high", [case.report.trigger.line, *(zone.line for zone in zones)])


def empty_zones(case: Case) -> list[ZoneStat]:
    """Return the zones that the request might use, if the log shows them all and none of them has a page."""
    zones = [each.zone for each in verdicts(case.report, case.mask) if each.allowed]
    shown = case.mask_known and bool(zones) and any(zone.size for zone in case.report.zones)
    return zones if shown and all(zone.size == 0 and not zone.free for zone in zones) else []


def _has_normal(case: Case) -> bool:
    """Whether the kernel has memory of its own above the zones that were asked."""
    totals = case.report.totals
    lowmem = totals.get("ram", 0) - totals.get("highmem", 0)
    shown = any(not is_highmem(zone.name) for zone in case.barred)
    normal = zones_built_in(case.report).index("Normal")
    kept = any(any((each.zone.lowmem_reserve or ())[normal : normal + 1]) for each in case.asked)
    return shown or kept or lowmem > threshold("normal_beside_dma") * sum(map(weight, case.asked))


@rule("lowmem_exhaustion")
def lowmem_exhaustion(case: Case) -> Claim | None:
    """The request needed lowmem, and there was none, while HighMem had room for others."""
    if not case.is_shut:
        return None
    above = [zone for zone in case.barred if is_highmem(zone.name)]
    highmem = above or case.report.totals.get("highmem") or has_unlisted_highmem(case.report)
    room = _room(case, above) if highmem else None
    reason = room or _no_help(case, above)
    if reason is None:
        return None
    zones = [each.zone for each in case.asked]
    names = zone_names(zones, case.report)
    what = "The request" if not case.order else f"The request for {case.pages} pages in a row"
    lead = f"{what} needed lowmem, so only {names} could serve it."
    if not case.mask_known:
        lead = f"If the request was for the kernel itself, only {names} could serve it."
    lines = [case.report.trigger.line, *_lines([*zones, *above])]
    text = f"{lead} {_standings(case)} {reason}"
    return Claim(text, "high" if room else "medium", lines, needs_mask=True)


def _room(case: Case, above: Sequence[ZoneStat]) -> str | None:
    """Return, in words, what was free in zones that the request might not use; ``None`` if little."""
    roomy = [zone for zone in above if is_roomy(zone)]
    if roomy:
        names = zone_names(roomy, case.report)
        return f"{names} had {case.free_in(roomy)} free, which the request may not use."
    hidden = hidden_free(case.report)
    if hidden and not above:
        return f"{case.human(hidden)} lay free in higher zones, not listed and closed to the request."
    return None


def _no_help(case: Case, above: Sequence[ZoneStat]) -> str | None:
    """Return, in words, why zones with little free could not help: what fills lowmem fits nowhere else."""
    if not above:
        return None
    name, own = zone_names(above, case.report), case.lowmem.share("slab", "kernel_stacks", "page_tables")
    if own >= threshold("lowmem_own"):
        return f"{percent(own)} of lowmem held the kernel's own records, which {name} cannot take."
    cached = sum(
        zone.counters.get("inactive_file", 0) + zone.counters.get("active_file", 0) for zone in above
    )
    size = size_of(above)
    if cached and size and cached >= threshold("cache_above") * size:
        return f"{name} held {case.human(cached)} of page cache to give back, but not to this request."
    return None


# --- in words ---------------------------------------------------------------------------------


def _standings(case: Case) -> str:
    """Return, in words, how each zone stood that the request might use."""
    return " ".join(f"{_standing(case, each)}." for each in case.asked)


def _standing(case: Case, verdict: Verdict) -> str:
    zone = verdict.zone
    text = f"{zone_name(zone, case.report)} had {case.human(zone.free or 0)} free"
    if verdict.short:
        return f"{text} and lacked {verdict.short:,} page{'s' if verdict.short > 1 else ''}"
    if verdict.reserve is None and (zone.free or 0) > (zone.watermark_high or 0):
        return f"{text}; how much of it was kept from such a request, the log does not show"
    return f"{text}, less than its high watermark and reserve"


def _lines(zones: Sequence[ZoneStat]) -> list[int | None]:
    return [line for zone in zones for line in (zone.line or zone.blocks_line, zone.reserve_line)]
