"""What is shown of a report must not contradict itself: headline, sentences, table, evidence and advice.

``python -m benchmarks.contradictions 10000`` checks as many damaged logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from oomlab.diagnosis.finding import Diagnosis, threshold
from oomlab.diagnosis.judged import judge
from oomlab.diagnosis.usage import memory_use
from oomlab.errors import ReportError
from oomlab.parsing import parse_bytes
from oomlab.render import text
from oomlab.report import Report
from tests.support import corpus

REPO = Path(__file__).parents[2]
FOLDERS = ("data/incident", "data/reports", "data/captures", "tests/samples", "tests/diagnosis/cases")

_TITLE = re.compile(r"^(Asked|Why|Zones|Group|Memory|Held by|Killed|Try|Missing)\s", re.M)
_SHORT = ("no zone could serve", "and lacked", "were full", "was short")
_NOT_SHORT = {"sysrq_manual", "vm_fault_oom_spurious", "bpf_oom", "not_oom"}
_SHARE = re.compile(r"\b(\d+) % of (?:the memory|lowmem|what is listed|what the group uses|it)\b")
_BUFFERS = {
    "zram": "compressed swap",
    "balloon": "the balloon",
    "gpu": "the GPU",
    "kernel_misc": "other reclaimable kernel memory",
}
_APART = ("global_anon", "anon", "shmem", "slab_unreclaimable", "slab", "page_tables", "kernel_stacks")
_APART += ("secondary_tables",)
_APART += ("unevictable", "hugetlb", "file", "unaccounted", "zram", "balloon", "kernel_misc", "gpu")
"""Findings about parts of memory that do not overlap."""


class Shown:
    """A report as it is shown: its parts by title, each as one line, and the headline under ``""``."""

    def __init__(self, report: Report, diagnosis: Diagnosis) -> None:
        self.report, self.diagnosis = report, diagnosis
        whole = text(report, diagnosis, width=100_000)
        starts = [(match[1], match.start()) for match in _TITLE.finditer(whole)]
        ends = [*(start for _, start in starts), len(whole)]
        self.parts = {"": whole[: ends[0]]}
        self.parts |= {title: whole[start:end] for (title, start), end in zip(starts, ends[1:], strict=True)}
        self.rules = {finding.rule: finding.claim for finding in diagnosis.findings}
        self.advice = " ".join(diagnosis.remedies)

    def __getitem__(self, title: str) -> str:
        return self.parts.get(title, "")


def zones(shown: Shown) -> Iterator[str]:
    """A zone that decided has nothing to spare, and none decided where a group did."""
    if any(words in shown["Why"] for words in _SHORT) and " to spare" in shown["Zones"]:
        yield "zones are said to be short, and the table has pages to spare"
    if shown.report.scope == "memcg" and shown["Zones"]:
        yield "a group met its limit, and zones are shown"


def headline(shown: Shown) -> Iterator[str]:
    """The headline agrees with the cause and with who was killed."""
    head, cause, victims = shown[""], shown.diagnosis.cause, shown.report.victims
    if cause in _NOT_SHORT and head.startswith("Out of memory"):
        yield f"the headline is 'Out of memory', the cause {cause}"
    if "Nothing was killed" in head and (victims or shown["Killed"]):
        yield "nothing was killed, and somebody was"
    if ("the kernel killed" in head) != bool(victims) and cause not in _NOT_SHORT:
        yield "headline and victims differ"
    if "nothing was killed" in shown["Why"] and victims:
        yield "the cause is that of a request that failed, and somebody was killed"
    if re.search("Nothing was left|instead of killing", shown["Why"]) and victims:
        yield "nothing could be killed, and somebody was"


def swap(shown: Shown) -> Iterator[str]:
    """Swap is absent, full or free, and the advice fits."""
    said = f"{shown['Why']} {shown['Memory']}"
    none, full = "There is no swap" in said, "of swap are in use" in said
    free = "of swap was still free" in said or "of swap stood free" in said
    if none + full + free > 1:
        yield "swap is absent, full and free at once"
    if none and ("does not show swap" in shown["Missing"] or "Swap:" in shown["Memory"]):
        yield "there is no swap, and it is shown or missing"
    if "Add swap" in shown.advice and not none:
        yield "swap is to be added where there is some"
    if shown.report.scope == "memcg" and ("Add swap" in shown.advice or "Add RAM" in shown.advice):
        yield "the machine is to get more where a group met its limit"


def shares(shown: Shown) -> Iterator[str]:
    """No part is more than the whole, nor are all of them together."""
    parts = [int(number) for number in _SHARE.findall(shown["Why"])]
    if any(number > 100 for number in parts):
        yield "a part is more than the whole"
    if shown.report.scope == "memcg":
        return
    found = [_SHARE.search(shown.rules[name]) for name in _APART if name in shown.rules]
    total = sum(int(match[1]) for match in found if match)
    if total > 125:  # up to a fifth may be counted twice
        yield f"parts that do not overlap make {total} %"
    anon = next((shown.rules[name] for name in ("global_anon", "anon") if name in shown.rules), None)
    holder = shown.rules.get("holder")
    if anon and holder and (one := _SHARE.search(anon)) and (other := _SHARE.search(holder)):
        mapped = 100 * memory_use(shown.report).share("file", "shmem")
        if int(other[1]) > int(one[1]) + mapped + 10:
            yield f"one command holds {other[1]} %, all processes {one[1]} %"


def largest(shown: Shown) -> Iterator[str]:
    """What is listed as all there is does not leave out the largest holder."""
    used = memory_use(shown.report)
    names = ("file", "lru", "slab", "page_tables", "kernel_stacks", "unevictable", "hugetlb", *_BUFFERS)
    names += ("secondary_tables",)
    sizes = {name: used.pages(name) for name in names}
    sizes["anon"] = used.pages("anon", "shmem")
    unaccounted = used.unaccounted or 0
    if unaccounted >= threshold("unaccounted") * (used.size or 1):
        sizes["unaccounted"] = unaccounted
    labels = {"anon": "process memory", "file": "page cache", "page_tables": "page tables"}
    labels |= {"hugetlb": "the pool of huge pages", "unaccounted": "what is in no counter"}
    labels |= {"lru": "process memory and page cache", "kernel_stacks": "kernel stacks"}
    if not used.pages("anon"):
        labels["anon"] = "memory"  # the counters of processes may be lost, and those of shared memory shown
    labels |= _BUFFERS | {"secondary_tables": "page tables of guests or devices"}
    name = max(sizes, key=lambda each: sizes[each])
    if (
        20 * sizes[name] >= sum(sizes.values()) + used.pages("free") > 0
        and "In all:" in shown["Memory"]
        and labels.get(name, name) not in shown["Memory"]
    ):
        yield f"{name} is the largest, and not in all there is"


def asker(shown: Shown) -> Iterator[str]:
    """Who asked was killed or left alone, by chance or not, and not both."""
    trigger, victims = shown.report.trigger, {each.pid for each in shown.report.victims}
    if "was left alone" in shown["Killed"] and trigger.pid in victims:
        yield "the one that asked was killed and left alone"
    if "which is chance" in shown["Killed"] and "as the largest" in shown["Killed"]:
        yield "it is chance and it is not"
    if "one of the" in shown["Killed"] and "it is not what filled it" in shown["Killed"]:
        yield "the victim's command filled memory and did not"
    if "does not show" in shown["Missing"] and "the task list" in shown["Missing"] and shown["Held by"]:
        yield "the task list is missing, and is shown"


def evidence(shown: Shown) -> Iterator[str]:
    """Every quoted line is of the report, or of one before it."""
    report = shown.report
    for finding in shown.diagnosis.findings:
        for line in finding.evidence:
            if finding.rule != "serial_kills" and report.quote(line.number) != line:
                yield f"line {line.number} is quoted, and not of the report"
    if report.source and not shown.diagnosis.evidence:
        yield "nothing is quoted"


def advice(shown: Shown) -> Iterator[str]:
    """There is advice, it is filled in, and it neither repeats nor undoes itself."""
    remedies = shown.diagnosis.remedies
    if not remedies:
        yield "nothing to try"
    if len(set(remedies)) < len(remedies) or re.search(r"[{}]|\bNone\b", shown.advice):
        yield "advice that is repeated, or not filled in"
    if "do not raise vm.min_free_kbytes" in shown.advice and re.search(
        r"(?<!not )[Rr]aise vm\.min_free", shown.advice
    ):
        yield "vm.min_free_kbytes is to be raised and not to be raised"
    if "the log has no task table that shows it" in shown.advice and "holder" in shown.rules:
        yield "the holder is named, and said to be unknown"
    if re.search(r"only .{1,12} is cache", shown.advice) and "file" in shown.rules:
        yield "much is cache, and little is"
    if shown.diagnosis.cause == "undetermined" and shown.diagnosis.confidence != "low":
        yield "undetermined, and sure of it"


CHECKS: tuple[Callable[[Shown], Iterator[str]], ...] = (
    zones,
    headline,
    swap,
    shares,
    largest,
    asker,
    evidence,
    advice,
)


def contradictions(report: Report, diagnosis: Diagnosis) -> list[str]:
    """Return what contradicts itself in what is shown of a report."""
    shown = Shown(report, diagnosis)
    return [found for check in CHECKS for found in check(shown)]


def in_log(data: bytes) -> Iterator[str]:
    """Yield the contradictions in what is shown of a log, each with the line where its report begins."""
    try:
        reports = parse_bytes(data)
    except ReportError:
        return
    for judged in judge(("", report) for report in reports):
        for found in contradictions(judged.report, judged.diagnosis):
            yield f"line {judged.report.first_line}: {found}"


def logs(folders: Sequence[str] = FOLDERS) -> list[Path]:
    """Return the logs of the repository, and those of OOMLAB_CORPUS."""
    found = [path for folder in folders for path in sorted((REPO / folder).rglob("*.log"))]
    outside = corpus.outside()
    return found + (sorted(outside.rglob("*.log")) if outside else [])
