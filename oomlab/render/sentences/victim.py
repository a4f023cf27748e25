"""Who was killed, and why that one."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.badness import Explanation, Scored, explains
from oomlab.diagnosis import Diagnosis
from oomlab.diagnosis.usage import memory_use
from oomlab.render.safe import plain
from oomlab.render.sentences.holders import service_in_words
from oomlab.report import Report, Task, Victim
from oomlab.units import human_kb
from oomlab.words import listed

_OTHERS_NAMED = 5
_LITTLE, _MUCH = 0.1, 0.25
"""The parts of what ran out that decide whether it is chance that the victim asked."""


def process_name(process: Task | Victim) -> str:
    """Return the name of a process, with its number where the log has it: ``clamd (pid 21832)``."""
    name = plain(process.comm or "a process")
    return name if process.pid is None else f"{name} (pid {process.pid})"


def killed_in_words(victims: Sequence[Victim]) -> str:
    """Return the first that was killed, and how many more."""
    if not victims:
        return ""
    more = f" and {len(victims) - 1} more" if len(victims) > 1 else ""
    return f"{process_name(victims[0])}{more}"


def kill_in_words(report: Report, diagnosis: Diagnosis) -> list[str]:
    """Return who was killed, how that process compares with the others in the list, and whether it helped."""
    if not report.victims:
        return _spared_in_words(report, "Nobody")
    victim, *others = report.victims
    score = f", score {victim.score}" if victim.score is not None else ""
    weight = _weight_in_words(report, victim)
    lines = [
        f"{process_name(victim)}{score}. {weight}".strip(),
        service_in_words(report, victim),
        _asker_in_words(report, victim, diagnosis),
    ]
    if others:
        names = [process_name(each) for each in others[:_OTHERS_NAMED]]
        names += [f"{len(others) - _OTHERS_NAMED} more"] * (len(others) > _OTHERS_NAMED)
        lines.append(f"After it: {listed(names)}.")
    return [*filter(None, [*lines, *_spared_in_words(report, "Nobody else")]), *diagnosis.notes]


def _spared_in_words(report: Report, nobody: str) -> list[str]:
    """Return who was chosen and not killed, since it was already exiting."""
    if not report.exiting:
        return []
    was = "was" if len(report.exiting) == 1 else "were"
    chosen = killed_in_words(report.exiting)
    return [f"{nobody}: the kernel chose {chosen}, which {was} already exiting, and skipped the kill."]


def _weight_in_words(report: Report, victim: Victim) -> str:
    """Return what the victim weighed by its kernel's rule, and whether that made it the first."""
    explained = explains(report)
    if victim.child_of:
        return _child_in_words(report, victim, explained)
    own = next((each for each in explained.ranking if each.task.pid == victim.pid), None)
    if own is None or own.pages is None:
        held = sum(kb or 0 for kb in (victim.anon_rss_kb, victim.file_rss_kb, victim.shmem_rss_kb))
        return _sentences(f"It held {human_kb(held)} in RAM" if held else "", *explained.reasons[:1])
    weighed = f"It weighed {human_kb(own.pages * report.page_size_kb)}{_adj_in_words(own)}"
    if explained.agrees:
        return _sentences(f"{weighed}, {_first_of(len(explained.ranking))}")
    return _sentences(weighed, *explained.reasons[:1])


def _child_in_words(report: Report, victim: Victim, explained: Explanation) -> str:
    """Return which parent the victim died for, and whether that one was the heaviest."""
    why = "Up to 5.0 a child with memory of its own died first"
    parent = next((each for each in explained.ranking if each.task.pid == victim.child_of), None)
    if parent is None or parent.pages is None:
        return _sentences(f"The kernel chose its parent, pid {victim.child_of}", why)
    chosen = f"The kernel chose its parent, {parent.task.comm} (pid {victim.child_of})"
    weighed = f"which weighed {human_kb(parent.pages * report.page_size_kb)}{_adj_in_words(parent)}"
    first = f", {_first_of(len(explained.ranking))}" if explained.agrees else ""
    return _sentences(f"{chosen}, {weighed}{first}", why)


def _first_of(count: int) -> str:
    return "the only process listed" if count == 1 else f"the most of the {count} processes listed"


def _sentences(*clauses: str) -> str:
    return " ".join(f"{plain(each[:1].upper() + each[1:])}." for each in clauses if each)


def _adj_in_words(own: Scored) -> str:
    """Return the adjustment that somebody set for the process, when there is one."""
    adj = own.task.oom_score_adj
    return f", with oom_score_adj {adj}" if adj else ""


def _asker_in_words(report: Report, victim: Victim, diagnosis: Diagnosis) -> str:
    """Return what became of the process that asked, where the log shows it."""
    if report.trigger.pid is None or "allocating_task" in (victim.reason or ""):
        return ""
    if diagnosis.cause == "sysrq_manual":
        return ""
    if report.trigger.pid == victim.pid and victim.comm == "swapoff":
        return "It was also the one that asked."
    if report.trigger.pid == victim.pid:
        return f"It was also the one that asked{_chance(report, victim)}."
    if report.trigger.pid in {each.pid for each in report.victims}:
        return f"The process that asked, {plain(report.trigger.comm or 'unnamed')}, was killed too."
    if report.trigger.comm == victim.comm and report.trigger.pid not in {task.pid for task in report.tasks}:
        return "The one that asked may have been a thread of it."
    return f"The process that asked, {plain(report.trigger.comm or 'unnamed')}, was left alone."


def _chance(report: Report, victim: Victim) -> str:
    """Return whether it is chance that the victim asked: not if it held much of what ran out."""
    held = next((each.rss for each in report.tasks if each.pid == victim.pid), None)
    whole = memory_use(report).size
    if report.scope == "memcg":
        whole = (report.memcg.usage_kb or 0) // report.page_size_kb if report.memcg else None
    if held is None or not whole or "allocating_task" in (victim.reason or ""):
        return ""
    if held >= _MUCH * whole:
        return ", as the largest often is"
    if held >= _LITTLE * whole or report.scope == "memcg":
        return ""
    return ", which is chance: the kernel looks for size, not for blame"
