"""What a judgement is made of: findings, each with the lines that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from oomlab.report import SourceLine

Confidence = Literal["high", "medium", "low"]

Cause = Literal[
    "lowmem_exhaustion",
    "dma_exhaustion",
    "cma",
    "global_anon",
    "swap_unused",
    "swapoff",
    "slab_unreclaimable",
    "shmem",
    "unaccounted",
    "page_tables",
    "kernel_stacks",
    "unevictable",
    "hugetlb",
    "fragmentation",
    "highatomic",
    "memcg_limit",
    "cpuset_or_mempolicy",
    "numa_node_bound",
    "sysrq_manual",
    "vm_fault_oom_spurious",
    "bpf_oom",
    "too_little_ram",
    "writeback",
    "not_oom",
    "undetermined",
]

CAUSES: tuple[str, ...] = get_args(Cause)
"""Everything that :func:`oomlab.diagnosis.diagnose` can name as the cause."""

LOWMEM_CAUSES: tuple[Cause, ...] = ("lowmem_exhaustion", "cma")
"""Causes under which lowmem ran out, whatever was left above it."""

_LADDER: tuple[Confidence, ...] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a report shows: a claim in plain words, and the lines that prove it.

    ``rule`` names the rule that found it, ``source`` the kernel code it rests on. The claim
    holds no text from the log; the ``evidence`` does, as it was given.
    """

    rule: str
    claim: str
    confidence: Confidence
    evidence: tuple[SourceLine, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why memory ran out, how sure that is, what proves it, and what would change it.

    ``findings`` begin with the one that decided the cause. ``contributing`` names what made
    it worse or came along. ``remedies`` are in the order in which to try them.
    """

    cause: Cause
    contributing: tuple[str, ...]
    confidence: Confidence
    summary: str
    findings: tuple[Finding, ...]
    remedies: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[SourceLine, ...]:
        """Every quoted line once, those of the deciding finding first."""
        return tuple(dict.fromkeys(line for each in self.findings for line in each.evidence))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of the kill, beside the summary."""
        return tuple(each.claim for each in self.findings if each.claim not in self.summary)


def as_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """Give a diagnosis as plain data for JSON; ``text`` is as the log has it, so escape it to show it."""
    return {
        "cause": diagnosis.cause,
        "contributing": list(diagnosis.contributing),
        "confidence": diagnosis.confidence,
        "summary": diagnosis.summary,
        "evidence": [{"line": each.number, "text": each.text} for each in diagnosis.evidence],
        "remedies": list(diagnosis.remedies),
        "findings": [
            {
                "rule": each.rule,
                "claim": each.claim,
                "confidence": each.confidence,
                "lines": [line.number for line in each.evidence],
                "source": each.source,
            }
            for each in diagnosis.findings
        ],
    }


def weaker(confidence: Confidence, steps: int = 1) -> Confidence:
    """Lower a confidence, at most to ``"low"``.

    >>> weaker("high"), weaker("low")
    ('medium', 'low')
    """
    return _LADDER[max(0, _LADDER.index(confidence) - steps)]
