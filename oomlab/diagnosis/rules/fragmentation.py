"""Enough was free, or could have been freed, but not in one block: fragmentation.

Reclaim frees pages where they happen to lie; only compaction moves others aside to make
room for several in a row. So a request for one page waits as long as cache can be dropped
or processes swapped out, and one for several in a row may end in a kill all the same.

Source: mm/page_alloc.c, ``should_reclaim_retry`` and ``should_compact_retry`` (since 4.7).
"""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis.case import Case, weight
from oomlab.diagnosis.finding import Claim, Confidence, rule, threshold
from oomlab.report import ZoneStat
from oomlab.verdict import Verdict, usable_blocks, verdicts
from oomlab.words import percent, zone_names

_DROPPABLE = ("active_file", "inactive_file", "slab_reclaimable")
"""What can be dropped a page at a time: page cache, and the slab that remembers names and files."""

_SWAPPABLE = ("active_anon", "inactive_anon")


@rule("fragmentation")
def fragmentation(case: Case) -> Claim | None:
    """Enough was free, but not in one block of the size that was asked for."""
    strict = case.is_kill and not _swap_has_room(case)
    return _scattered(case, [each for each in case.asked if _has_enough(case, each, strict)])


@rule("fragmentation")
def fragmentation_at_the_edge(case: Case) -> Claim | None:
    """Enough was free, but only just: what filled the rest matters more, if it stands out."""
    return _scattered(case, [each for each in case.asked if _has_enough(case, each, False)])


@rule("fragmentation")
def fragmentation_beside_cache(case: Case) -> Claim | None:
    """Little was free, but much page cache could have been dropped, had single pages been enough."""
    zones = [each.zone for each in case.asked]
    cache = sum(zone.counters.get(name, 0) for zone in zones for name in _DROPPABLE)
    whole = sum(map(weight, case.asked))
    if not case.order or case.open_now or not cache or not whole or cache < threshold("cache_beside") * whole:
        return None
    slab = any(zone.counters.get("slab_reclaimable") for zone in zones)
    what = "page cache and reclaimable slab" if slab else "page cache"
    text = (
        f"{_request(case)} {case.human(cache)} of {what}, {percent(cache / whole)} of what might have "
        f"served it, could be dropped page by page; that made no block of the size that was asked for."
    )
    return Claim(text, "medium", [case.report.trigger.line, *_lines(zones)], needs_mask=True)


@rule("fragmentation")
def fragmentation_by_lists(case: Case) -> Claim | None:
    """The watermarks are lost, but the lists of free blocks show much that is free, in small blocks only."""
    if not case.order or case.judged:
        return None
    allowed = (each.zone for each in verdicts(case.report, case.mask) if each.allowed)
    shown = [zone for zone in allowed if _shows_blocks(case, zone)]
    zones = [zone for zone in shown if zone.name != "DMA"] or shown  # DMA is kept for who needs it
    free = sum(zone.free or 0 for zone in zones if case.is_reachable(zone))
    if free < threshold("scattered") * case.pages or any(_has_block(case, zone) for zone in zones):
        return None
    text = (
        f"{_request(case)} {zone_names(zones, case.report)} had {case.free_in(zones)} free, in smaller "
        "blocks only. The log lost the watermarks of the zones, so how much of that was kept back is unknown."
    )
    lines = [case.report.trigger.line, *(zone.blocks_line for zone in zones)]
    return Claim(text, "medium", lines, needs_mask=True)


def _scattered(case: Case, enough: list[Verdict]) -> Claim | None:
    part = sum(map(weight, enough)) / max(1, sum(map(weight, case.asked)))
    if not case.order or part < threshold("fragmented_part"):
        return None
    zones = [each.zone for each in enough]
    blocks, confidence = _blocks(case, zones)
    if blocks is None:
        return None
    text = (
        f"{_request(case)} {zone_names(zones, case.report)} had {case.free_in(zones)} free, "
        f"more than the watermarks ask for, but {blocks}."
    )
    return Claim(text, confidence, [case.report.trigger.line, *_lines(zones)])


def _blocks(case: Case, zones: Sequence[ZoneStat]) -> tuple[str | None, Confidence]:
    """Return, in words, in which blocks memory was free, and how sure it is that they were too small."""
    if not all(_shows_blocks(case, zone) for zone in zones):
        return "the log does not show in which blocks", "medium"
    if not case.open_now:
        has_some = any(_has_block(case, zone) for zone in zones)  # until 4.3 one is not enough
        return ("too little of it" if has_some else "no block") + " of that size that it might use", "high"
    blocks = [each for zone in zones for each in zone.free_blocks or ()]
    large = sum(each.blocks << each.order for each in blocks if each.order >= case.order)
    if large <= threshold("large_blocks") * sum(zone.free or 0 for zone in zones):
        return "nearly all in smaller blocks; the few large ones may have come free since", "low"
    return None, "low"


def _shows_blocks(case: Case, zone: ZoneStat) -> bool:
    """Whether the list of free blocks reaches the size of the request; a log may end inside it."""
    return len(usable_blocks(zone, case.flags) or ()) > case.order


def _has_block(case: Case, zone: ZoneStat) -> bool:
    """Whether a zone has a free block large enough that the request may use."""
    return any((usable_blocks(zone, case.flags) or [])[case.order :])


def _has_enough(case: Case, verdict: Verdict, at_high: bool) -> bool:
    """Whether a zone has the pages, if not the blocks: above ``min``, or above ``high``."""
    zone, spare = verdict.zone, verdict.spare
    if spare is None and zone.free is not None and verdict.watermark is not None and case.is_own_zone(zone):
        spare = zone.free - verdict.watermark  # the log lost the reserve; against its own zone it is none
    more = (zone.watermark_high or 0) - (zone.watermark_min or 0) if at_high else 0
    return spare is not None and spare > more


def _swap_has_room(case: Case) -> bool:
    """Whether single pages could still have been freed by moving processes to swap.

    Lowmem that the kernel's own records fill has none to move.
    """
    swap, zones = case.report.swap, [each.zone for each in case.asked]
    if not swap or not swap.total or (swap.free or 0) < threshold("swap_has_room") * swap.total:
        return False
    shown = [zone for zone in zones if any(name in zone.counters for name in _SWAPPABLE)]
    movable = sum(zone.counters.get(name, 0) for zone in shown for name in _SWAPPABLE)
    return not shown or movable >= threshold("swappable") * sum(map(weight, case.asked))


def _request(case: Case) -> str:
    return f"The request was for {case.pages} pages in a row ({case.human(case.pages)}, order {case.order})."


def _lines(zones: Sequence[ZoneStat]) -> list[int | None]:
    return [line for zone in zones for line in (zone.line, zone.blocks_line)]
