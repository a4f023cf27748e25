"""What a judgement is made of: rules, what they claim, and the findings with the lines that prove them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.holders import Holder
from oomlab.kernel import load_table
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
    "zram",
    "balloon",
    "gpu",
    "kernel_misc",
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
    "mglru_min_ttl",
    "too_little_ram",
    "memory_min",
    "min_free_kbytes",
    "writeback",
    "not_oom",
    "undetermined",
]

CAUSES: tuple[str, ...] = get_args(Cause)
"""Everything that :func:`oomlab.diagnosis.diagnose` can name as the cause."""

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
    it worse or came along. ``remedies`` are in the order in which to try them. ``holders`` are the
    commands that hold memory, those that hold the most first.
    """

    cause: Cause
    contributing: tuple[str, ...]
    confidence: Confidence
    summary: str
    findings: tuple[Finding, ...]
    remedies: tuple[str, ...] = ()
    holders: tuple[Holder, ...] = ()

    @property
    def evidence(self) -> tuple[SourceLine, ...]:
        """Every quoted line once, those of the deciding finding first."""
        return tuple(dict.fromkeys(line for each in self.findings for line in each.evidence))

    @property
    def notes(self) -> tuple[str, ...]:
        """The claims about the kill, which stand beside the summary."""
        return tuple(each.claim for each in self.findings if each.claim not in self.summary)


def as_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as plain data for JSON; ``text`` is as the log has it, so escape it to show it."""
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


# --- rules ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """What a rule concludes: a sentence or more, how sure it is, and the numbers of the lines to quote.

    ``needs_mask`` lowers the confidence where the log lost the request's mask. ``quoted`` are lines of
    other reports, which come first.
    """

    text: str
    confidence: Confidence
    lines: Iterable[int | None] = ()
    needs_mask: bool = False
    quoted: tuple[SourceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A pure function of a case, under the name of what it finds."""

    name: str
    conclude: Callable[[Case], Claim | None]

    def __call__(self, case: Case) -> Finding | None:
        """Return what the rule finds in a case, with its evidence, or ``None``."""
        claim = self.conclude(case)
        return None if claim is None else as_finding(case, self.name, claim)


def rule(name: str) -> Callable[[Callable[[Case], Claim | None]], Rule]:
    """Make a rule of a function; several rules may find the same thing in different ways."""
    return lambda conclude: Rule(name, conclude)


def as_finding(case: Case, name: str, claim: Claim) -> Finding:
    """Return a claim as a finding: with its lines quoted and the source of the rule of that name.

    A claim without lines quotes the first line of the report.
    """
    numbers = dict.fromkeys(line for line in claim.lines if line) or {case.report.first_line: None}
    quoted = (case.report.quote(number) for number in numbers)
    is_weaker = claim.needs_mask and not case.mask_known
    return Finding(
        rule=name,
        claim=claim.text,
        confidence=weaker(claim.confidence) if is_weaker else claim.confidence,
        evidence=(*claim.quoted, *(line for line in quoted if line is not None)),
        source=_sources().get(name, ""),
    )


def weaker(confidence: Confidence, steps: int = 1) -> Confidence:
    """Return a confidence lowered by some steps, at most to ``"low"``.

    >>> weaker("high"), weaker("low")
    ('medium', 'low')
    """
    return _LADDER[max(0, _LADDER.index(confidence) - steps)]


@cache
def threshold(name: str) -> float:
    """Return a threshold of ``tables/diagnosis.toml``: a share from 0 to 1 unless its note has a unit."""
    return next(float(row["value"]) for row in load_table("diagnosis")["threshold"] if row["name"] == name)


@cache
def causes_of(fact: str) -> frozenset[str]:
    """Return the causes whose row in ``tables/diagnosis.toml`` has this fact, such as ``full``."""
    return frozenset(row["name"] for row in load_table("diagnosis")["rule"] if row.get(fact))


@cache
def _sources() -> dict[str, str]:
    return {row["name"]: row["source"] for row in load_table("diagnosis")["rule"]}
