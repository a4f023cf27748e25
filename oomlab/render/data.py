"""A report as plain data: what ``oomlab explain --json`` prints (schema 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from oomlab.diagnosis import Diagnosis, diagnose
from oomlab.diagnosis import as_dict as diagnosis_as_dict
from oomlab.diagnosis.holders import holder_as_dict
from oomlab.diagnosis.judged import Judged
from oomlab.diagnosis.services import Service, service_of
from oomlab.diagnosis.timelines import TimelineBuilder, notice_as_dict, timeline_as_dict
from oomlab.errors import require
from oomlab.gfp import GfpMask
from oomlab.render.safe import dumps
from oomlab.render.sentences.holders import victim_service
from oomlab.render.sentences.request import decode_trigger
from oomlab.report import Memcg, Notice, Protection, Report, Victim, ZoneStat

_SCHEMA = 1
_MAX_HOLDERS = 20
"""The most commands listed, those that hold most first."""


def as_dict(report: Report, diagnosis: Diagnosis | None = None) -> dict[str, Any]:
    """Return a report as dicts, lists, strings and numbers only, ready for JSON.

    Sizes of zones are in kB, ``lowmem_reserve`` in pages as printed, masks are hex
    strings, and ``None`` stands for what the log does not contain.
    """
    require(report, Report, "as_dict takes one report, as parse gives them in a list")
    diagnosis = diagnosis or diagnose(report)
    return {
        "kind": report.kind,
        "first_line": report.first_line,
        "last_line": report.last_line,
        "time": report.time,
        "uptime_s": report.uptime_s,
        "kernel": report.kernel.text if report.kernel else None,
        "kernel_line": report.kernel_line,
        "page_size_kb": report.page_size_kb,
        "trigger": _trigger(report),
        "gfp": _gfp(decode_trigger(report)),
        "scope": report.scope,
        "memcg": _memcg(report.memcg),
        "protection": _protection(report.protection),
        "zones": [_zone(zone, report.page_size_kb) for zone in report.zones],
        "victims": [_victim(report, each) for each in report.victims],
        "exiting": [{"pid": each.pid, "comm": each.comm} for each in report.exiting],
        "tasks": len(report.tasks),
        "holders": [holder_as_dict(each, report.page_size_kb) for each in diagnosis.holders[:_MAX_HOLDERS]],
        "problems": [{"line": each.line, "reason": each.reason} for each in report.problems],
        "diagnosis": diagnosis_as_dict(diagnosis),
    }


Taken = Callable[[int | None], Iterable[tuple[str, Notice]]]
"""Gives, each once, the notices that stand before so many reports are over, with the names of their logs."""


def _none_taken(reports: int | None) -> Iterable[tuple[str, Notice]]:
    return ()


def json_document(reports: Iterable[Judged], taken: Taken = _none_taken) -> Iterator[str]:
    """Yield the JSON document part by part, so that a log of any size fits in memory.

    The timeline of each log follows at the end, under ``"timelines"``, with the notices that ``taken`` gives.
    The text is pure ASCII without control characters, whatever the log holds.
    """
    timelines: dict[str, TimelineBuilder] = {}
    yield f'{{"schema": {_SCHEMA}, "reports": ['
    for number, judged in enumerate(_judged(reports)):
        _add_notices(timelines, taken(number + 1))
        timelines.setdefault(judged.log, TimelineBuilder()).add(judged)
        yield (",\n" if number else "\n") + judged.show(_entry)
    _add_notices(timelines, taken(None))
    together = [{"log": log} | timeline_as_dict(each.build()) for log, each in timelines.items()]
    yield f'\n], "timelines": {dumps(together)}}}\n'


def _add_notices(timelines: dict[str, TimelineBuilder], notices: Iterable[tuple[str, Notice]]) -> None:
    for log, notice in notices:
        timelines.setdefault(log, TimelineBuilder()).add_notice(notice)


def _judged(reports: Iterable[Judged]) -> Iterator[Judged]:
    advice = "give reports as oomlab.diagnosis.judged.judge yields them"
    require(reports, Iterable, advice)
    for judged in reports:
        require(judged, Judged, advice)
        yield judged


def json_lines(reports: Iterable[Judged], taken: Taken = _none_taken) -> Iterator[str]:
    """Yield a line of JSON for each report and each notice, as soon as it is found, in the order of the logs.

    A line has the ``schema`` and the ``log`` beside what the document has for it.
    """
    for number, judged in enumerate(_judged(reports), 1):
        yield from map(_notice_line, taken(number))
        yield judged.show(_line)
    yield from map(_notice_line, taken(None))


def _line(judged: Judged) -> str:
    report = as_dict(judged.report, judged.diagnosis)
    return dumps({"schema": _SCHEMA, "log": judged.log} | report) + "\n"


def _notice_line(found: tuple[str, Notice]) -> str:
    return dumps({"schema": _SCHEMA, "log": found[0]} | notice_as_dict(found[1])) + "\n"


def _entry(judged: Judged) -> str:
    return dumps({"log": judged.log} | as_dict(judged.report, judged.diagnosis))


def _trigger(report: Report) -> dict[str, Any]:
    trigger = report.trigger
    return {
        "comm": trigger.comm,
        "pid": trigger.pid,
        "gfp_mask": None if trigger.gfp_mask is None else hex(trigger.gfp_mask),
        "order": trigger.order,
        "vmalloc_bytes": trigger.vmalloc_bytes,
        "vmalloc_got": trigger.vmalloc_got,
        "oom_score_adj": trigger.oom_score_adj,
    }


def _gfp(mask: GfpMask | None) -> dict[str, Any] | None:
    if mask is None:
        return None
    return {
        "names": list(mask.names),
        "zone": mask.zone,
        "unknown": hex(mask.unknown),
        "basis": mask.basis,
        "alternatives": [list(each) for each in mask.alternatives],
    }


def _victim(report: Report, victim: Victim) -> dict[str, Any]:
    return {
        "pid": victim.pid,
        "comm": victim.comm,
        "oom_score_adj": victim.oom_score_adj,
        "memcg": victim.memcg,
        "reaped": victim.reaped,
        "service": _service(victim_service(report, victim)),
    }


def _service(service: Service | None) -> dict[str, Any] | None:
    return None if service is None else asdict(service)


def _memcg(memcg: Memcg | None) -> dict[str, Any] | None:
    if memcg is None:
        return None
    return {
        "path": memcg.path,
        "oom_path": memcg.oom_path,
        "task_path": memcg.task_path,
        "usage_kb": memcg.usage_kb,
        "limit_kb": memcg.limit_kb,
        "failcnt": memcg.failcnt,
        "service": _service(service_of(memcg.oom_path or memcg.path)),
    }


def _protection(protection: Protection | None) -> dict[str, Any] | None:
    return None if protection is None else {"min_kb": protection.min_kb, "low_kb": protection.low_kb}


def _zone(zone: ZoneStat, page_kb: int) -> dict[str, Any]:
    def kb(pages: int | None) -> int | None:
        return None if pages is None else pages * page_kb

    return {
        "node": zone.node,
        "name": zone.name,
        "free_kb": kb(zone.free),
        "min_kb": kb(zone.watermark_min),
        "low_kb": kb(zone.watermark_low),
        "high_kb": kb(zone.watermark_high),
        "present_kb": kb(zone.present),
        "managed_kb": kb(zone.managed),
        "lowmem_reserve": None if zone.lowmem_reserve is None else list(zone.lowmem_reserve),
        "reconstructed": zone.reconstructed,
    }
