"""Why memory ran out: a report in, a judgement with its evidence out.

The rules are tried in the order of :data:`ORDER`; the first that finds something names the
cause. The order goes from what is certain to what must be weighed:

1. *trigger* (:mod:`~oomlab.diagnosis.rules.trigger`): nothing was killed, or SysRq or a program asked for it;
2. *constraint* (:mod:`~oomlab.diagnosis.rules.constraint`): a limit that held for some processes only;
3. *exhaustion* and *fragmentation* (:mod:`~oomlab.diagnosis.rules.exhaustion`,
   :mod:`~oomlab.diagnosis.rules.fragmentation`): some zones were short, or all free memory in blocks
   too small, but the machine was not;
4. *consumers* (:mod:`~oomlab.diagnosis.rules.consumers`): the machine was full, and by whom;
5. *weak* evidence (:mod:`~oomlab.diagnosis.rules.weak`): the log lost the state of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import cast

from oomlab.diagnosis.case import Case, open_case
from oomlab.diagnosis.contributing import contributions
from oomlab.diagnosis.finding import CAUSES, Cause, Diagnosis, Finding, Rule, as_dict
from oomlab.diagnosis.named import findings_by_name
from oomlab.diagnosis.notes import notes
from oomlab.diagnosis.remedies import remedies_for
from oomlab.diagnosis.rules import constraint, consumers, exhaustion, fragmentation, trigger, weak
from oomlab.errors import require
from oomlab.report import Report

__all__ = ["CAUSES", "ORDER", "Diagnosis", "Finding", "as_dict", "diagnose"]

_WHY_SHORT: tuple[Rule, ...] = (
    exhaustion.min_free_kbytes,
    fragmentation.fragmentation,
    exhaustion.cma,
    exhaustion.highatomic,
    exhaustion.dma_exhaustion,
    exhaustion.dma_empty,
    exhaustion.lowmem_exhaustion,
    constraint.numa_node_bound,
)

ORDER: tuple[Rule, ...] = (
    trigger.not_oom,
    trigger.sysrq_manual,
    trigger.bpf_oom,
    trigger.mglru_min_ttl,
    constraint.memcg_limit,
    trigger.vm_fault_oom_spurious,
    trigger.swapoff,
    constraint.cpuset_or_mempolicy,
    *_WHY_SHORT,
    fragmentation.fragmentation_by_lists,
    trigger.too_little_ram,
    consumers.unaccounted_mostly,
    consumers.hugetlb,
    consumers.kernel_stacks,
    consumers.page_tables,
    consumers.unevictable,
    consumers.zram,
    consumers.balloon,
    consumers.gpu,
    consumers.kernel_misc,
    consumers.slab_unreclaimable,
    consumers.shmem,
    consumers.unaccounted,
    consumers.memory_min,
    consumers.writeback,
    consumers.swap_unused,
    consumers.global_anon,
    fragmentation.fragmentation_beside_cache,
    fragmentation.fragmentation_at_the_edge,
    exhaustion.cma_ungrouped,
    weak.heavy_victim,
    weak.full_swap,
    weak.too_early,
    weak.undetermined,
)
"""The rules in the order in which they are tried; the last always finds something."""


def diagnose(report: Report, *, others: Iterable[Report] = ()) -> Diagnosis:
    """Return why memory ran out, how sure that is, which lines prove it, and what would change it.

    Where the evidence is missing the cause is ``"undetermined"``, and the summary names the
    line that would decide. Nothing in the result but its quoted evidence comes from the log.
    ``others`` are the other reports of the same log, which show whether earlier kills helped.
    """
    require(report, Report, "diagnose takes one report, as parse gives them in a list")
    case = open_case(report, others)
    decisive = next(_found(ORDER, case))
    case = replace(case, cause=decisive.rule)
    beside = [*_why_it_failed(case), *contributions(case)]
    along = tuple(dict.fromkeys(each.rule for each in beside))
    by_name = findings_by_name(case)
    return Diagnosis(
        cause=cast(Cause, decisive.rule),
        contributing=along,
        confidence=decisive.confidence,
        summary=" ".join([decisive.claim, *(each.claim for each in (*beside, *by_name))]),
        findings=(decisive, *beside, *by_name, *notes(case)),
        remedies=remedies_for(case, along),
        holders=case.holders,
    )


def _why_it_failed(case: Case) -> list[Finding]:
    """Find why a request failed that was no OOM."""
    if case.cause != "not_oom" or case.report.kind == "show_mem":
        return []
    return list(islice(_found(_WHY_SHORT, case), 1))


def _found(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    return (finding for finding in (rule(case) for rule in rules) if finding is not None)
