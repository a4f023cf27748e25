"""What a log lists by name: the commands that hold the most memory and swap, the largest slab caches."""

from __future__ import annotations

import re
from collections.abc import Callable

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.finding import Claim, Finding, causes_of, rule, threshold
from oomlab.diagnosis.holders import Holder
from oomlab.diagnosis.rules.consumers import has_secondary_tables
from oomlab.report import Memcg
from oomlab.units import human_kb
from oomlab.words import listed, percent

_MAX_BEYOND = 1.05
"""The table and the counters are read one after the other."""


def findings_by_name(case: Case) -> list[Finding]:
    """Return the findings about who holds what, by name."""
    return [each for each in (look(case) for look in _NAMED) if each is not None]


def holder_share(case: Case, holder: Holder) -> float | None:
    """Return the part of the memory that ran out which a command holds; ``None`` where it is unknown.

    In a control group it is a part of what the group uses, swap included if the limit includes it.
    """
    held, whole = holder.held, case.used.size or 0
    if case.report.scope == "memcg":
        group = case.report.memcg or Memcg()
        whole = (group.usage_kb or group.limit_kb or 0) // case.report.page_size_kb
        if group.met_with_swap:
            held += holder.swap or 0
            whole = (group.swap_usage_kb or 0) // case.report.page_size_kb
    return min(1.0, held / whole) if whole else None


def main_holder(case: Case) -> Holder | None:
    """Return the command that holds the most, if that is a noticeable part of what ran out."""
    if not case.holders or (case.cause not in causes_of("held") and not fills_all_but_a_reserve(case)):
        return None
    share = holder_share(case, case.holders[0])
    return None if share is None or share < threshold("holder") else case.holders[0]


def fills_all_but_a_reserve(case: Case) -> bool:
    """Whether processes hold nearly all but what is kept for others, which decides only how soon it ends."""
    share = case.used.share("anon", "shmem")
    return case.cause in ("cma", "highatomic") and share >= threshold("nearly_all")


@rule("holder")
def _holder(case: Case) -> Claim | None:
    """The command whose processes hold the most of the memory that ran out."""
    holder = main_holder(case)
    if holder is None:
        return None
    return Claim(f"{_amount(case, holder)}{_protection(case, holder)}.", "high", [holder.first.line])


def _amount(case: Case, holder: Holder) -> str:
    share, group = holder_share(case, holder) or 0.0, case.report.memcg
    whole = "what the group uses" if case.report.scope == "memcg" else "the memory"
    part = f" ({'all' if share >= 1 else percent(share)} of {whole})"
    swap = ""
    if holder.swap and holder.swap >= threshold("holder") * holder.held:
        swap = f" and {case.human(holder.swap)} of swap"
    size = f"{'at least ' if holder.is_bound else ''}{case.human(holder.held)}"
    if _is_beyond_counters(case, holder):
        return (
            f"{_upper(holder.words)} {_hold(holder)} {size} by the task table, more than the counters show "
            "of all processes: one of these numbers is damaged"
        )
    size += f"{swap}{part}" if group and group.met_with_swap else f"{part}{swap}"
    if share < threshold("anon"):
        return f"Of the processes listed, {holder.words} {_hold(holder)} the most: {size}"
    return f"{_upper(holder.words)} {_hold(holder)} {size}"


def _is_beyond_counters(case: Case, holder: Holder) -> bool:
    """Whether one process holds more than all do by the counters of the machine; several may share.

    What is locked is on no list but that of the unevictable.
    """
    if case.report.scope == "memcg" or "anon" not in case.used or holder.count > 1:
        return False
    return holder.held > _MAX_BEYOND * case.used.pages("anon", "shmem", "file", "unevictable")


def _hold(holder: Holder) -> str:
    return "holds" if holder.count == 1 else "hold"


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:] if words.startswith("the ") else words


def _protection(case: Case, holder: Holder) -> str:
    """Return why the kernel passed the holder over, where its ``oom_score_adj`` shows it."""
    adj = holder.first.oom_score_adj
    if adj is None or adj >= 0 or holder.first.pid in {victim.pid for victim in case.report.victims}:
        return ""
    its = "its" if holder.count == 1 else "their"
    return f"; {its} oom_score_adj of {adj} protects {'it' if holder.count == 1 else 'them'}"


@rule("swap_holder")
def _swap_holder(case: Case) -> Claim | None:
    """The command that holds the most swap, where it is another than the one that holds the most memory."""
    swap, first = case.report.swap, main_holder(case)
    if swap is None or not swap.total or first is None:
        return None
    holder = max(case.holders, key=lambda each: each.swap or 0)
    pages = holder.swap or 0
    if holder is first or pages < threshold("swap_holder") * swap.total:
        return None
    text = f"The most swap is held by {holder.words}: {case.human(pages)} of {case.human(swap.total)}."
    return Claim(text, "high", [holder.first.line])


@rule("page_table_holder")
def _page_table_holder(case: Case) -> Claim | None:
    """The command whose processes have the most page tables, where those filled the memory."""
    if case.cause != "page_tables" or has_secondary_tables(case):
        return None
    holder = max(case.holders, key=lambda each: each.page_tables or 0, default=None)
    if holder is None or not holder.page_tables:
        return None
    have = "has" if holder.count == 1 else "have"
    text = f"{_upper(holder.words)} {have} {case.human(holder.page_tables)} of page tables, the most of all."
    return Claim(text, "high", [holder.first.line])


_CACHE = re.compile(r"[\w.:,+()-]{1,60}")


def largest_caches(case: Case) -> list[tuple[str, int]]:
    """Return the largest slab caches of the log and their sizes in kB, if they are worth naming."""
    size_kb = (case.used.size or 0) * case.report.page_size_kb
    caches = [(name, total) for name, (_, total) in case.report.slabs.items() if _CACHE.fullmatch(name)]
    caches.sort(key=lambda each: -each[1])
    if case.report.scope == "memcg" or not caches or caches[0][1] < threshold("slab_cache") * size_kb:
        return []
    return [each for each in caches[:3] if 10 * each[1] >= caches[0][1]]


@rule("slab_cache")
def _slab_cache(case: Case) -> Claim | None:
    """The slab cache that holds the most, where the kernel lists them.

    Source: mm/slab_common.c, ``dump_unreclaimable_slab`` (4.15 and later).
    """
    caches = largest_caches(case)
    if not caches:
        return None
    (name, size_kb), *others = caches
    text = (
        f"{name} holds {human_kb(size_kb, decimals=1)} ({size_kb:,} KB), "
        "the most of what 'Unreclaimable slab info' lists"
    )
    if others:
        text += f"; then {listed(f'{each} ({human_kb(kb)})' for each, kb in others)}"
    lines = case.report.source
    line = next((each.number for each in lines if name in each.text and _after(case, each.number)), None)
    return Claim(f"{text}.", "high", [line])


def _after(case: Case, number: int) -> bool:
    return number > (case.report.slabs_line or 0)


_NAMED: tuple[Callable[[Case], Finding | None], ...] = (
    _holder,
    _swap_holder,
    _page_table_holder,
    _slab_cache,
)
