"""Why memory ran out: a report in, a judgement with its evidence out.

The rules are tried in the order of :data:`ORDER`; the first that finds something names the
cause. The order goes from what is certain to what must be weighed:

1. *what set it off* (:mod:`~oomlab.diagnosis.occasion`): nothing was killed, a hand, a program;
2. *bounds* (:mod:`~oomlab.diagnosis.bounds`): a limit that held for some processes only;
3. *shortage* (:mod:`~oomlab.diagnosis.shortage`, :mod:`~oomlab.diagnosis.pieces`): some zones were
   short, or all free memory in pieces too small, but the machine was not;
4. *holders* (:mod:`~oomlab.diagnosis.holders`): the machine was full, and by whom;
5. *hints* (:mod:`~oomlab.diagnosis.hints`): the log lost the state of memory, and what is left says a little.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from oomlab.diagnosis import bounds, hints, holders, occasion, pieces, shortage
from oomlab.diagnosis.core import Case, open_case
from oomlab.diagnosis.details import details
from oomlab.diagnosis.kill import serial, victim
from oomlab.diagnosis.model import CAUSES, Cause, Diagnosis, Finding, as_dict
from oomlab.diagnosis.remedies import remedies
from oomlab.diagnosis.saying import Rule
from oomlab.diagnosis.undecided import undecided
from oomlab.report import Report

__all__ = ["CAUSES", "ORDER", "Diagnosis", "Finding", "as_dict", "diagnose"]

_WHY_SHORT: tuple[Rule, ...] = (
    pieces.fragmentation,
    shortage.cma,
    shortage.highatomic,
    shortage.dma_exhaustion,
    shortage.lowmem_exhaustion,
    bounds.numa_node_bound,
)

ORDER: tuple[Rule, ...] = (
    occasion.not_oom,
    occasion.sysrq_manual,
    occasion.bpf_oom,
    bounds.memcg_limit,
    occasion.vm_fault_oom_spurious,
    occasion.swapoff,
    bounds.cpuset_or_mempolicy,
    *_WHY_SHORT,
    pieces.fragmentation_by_lists,
    occasion.too_little_ram,
    holders.hugetlb,
    holders.kernel_stacks,
    holders.page_tables,
    holders.unevictable,
    holders.slab_unreclaimable,
    holders.shmem,
    holders.unaccounted,
    holders.writeback,
    holders.swap_unused,
    holders.global_anon,
    pieces.fragmentation_beside_cache,
    pieces.fragmentation_at_the_edge,
    shortage.cma_ungrouped,
    hints.heavy_victim,
    hints.full_swap,
    hints.too_early,
)
"""The rules in the order in which they are tried."""


def diagnose(report: Report, *, others: Iterable[Report] = ()) -> Diagnosis:
    """Say why memory ran out, how sure that is, which lines prove it, and what would change it.

    Where the evidence is missing the cause is ``"undetermined"``, and the summary names the
    line that would decide. Nothing in the result but its quoted evidence comes from the log.
    ``others`` are the other reports of the same log: whether earlier kills helped is told too.
    """
    case = open_case(report)
    decisive = _first(ORDER, case) or undecided(case)
    beside = [*_why_it_failed(case, decisive), *details(case, decisive.rule)]
    notes = [note for note in (victim(case, decisive.rule), serial(case, others)) if note is not None]
    contributing = tuple(dict.fromkeys(each.rule for each in beside))
    return Diagnosis(
        cause=cast(Cause, decisive.rule),
        contributing=contributing,
        confidence=decisive.confidence,
        summary=" ".join([decisive.claim, *(each.claim for each in beside)]),
        findings=(decisive, *beside, *notes),
        remedies=remedies(case, decisive.rule, contributing),
    )


def _why_it_failed(case: Case, decisive: Finding) -> list[Finding]:
    """Say why a request failed that was no OOM."""
    if decisive.rule != "not_oom" or case.report.kind == "show_mem":
        return []
    why = _first(_WHY_SHORT, case)
    return [why] if why else []


def _first(rules: tuple[Rule, ...], case: Case) -> Finding | None:
    return next((finding for finding in (rule(case) for rule in rules) if finding is not None), None)
