"""Read who was killed, from all the lines about it.

Kernels before 5.1 print whom they chose, and whom they killed, which may be a child of the
first. Later ones print only the kill, after a line that begins with ``oom-kill:``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from oomlab.parsing.classify import EXITING
from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line
from oomlab.parsing.sections.choice import read_choice
from oomlab.parsing.sections.header import read_process
from oomlab.report import Problem, Task, Victim

_KILL = re.compile(
    r"ill(?:ed)? process (\d{1,10})(?:, UID (\d{1,10}),)?"
    r"(?:\s{1,4}\((?:(.{0,64}?)\)(?=,?\s{1,4}(?:total-vm|vsz|vm|anon-rss|score|UID|sharing|or)\b)|(.{0,64})\)))?",
    re.A,
)
_NAMELESS_KILL = re.compile(r"VM: killing process (.{1,15}?)(?:\((\d{1,10})\))?\s*$", re.A)
"""The kill of a page fault that got no page (2.4 and 2.6): the pid is printed late, or never."""

_REAPED = re.compile(r"reaped process (\d{1,10}) \((.{0,64}?)\), now ", re.A)
_UNABLE = re.compile(r"unable to reap pid:(\d{1,10}) \((.{0,64}?)\)", re.A)
_SCORE = re.compile(r"score (\d{1,10})", re.A)
_SIZE = re.compile(r"(total-vm|anon-rss|file-rss|shmem-rss|pgtables):(\d{1,19})kB", re.A)
_OTHER = re.compile(r"(UID|oom_score_adj):(-?\d{1,10})", re.A)
_CUT = re.compile(r"(?:rocess |,pid=)(\d{1,10})$", re.A)
_PAGE_SIZES_KB = (4, 8, 16, 32, 64)
_MAX_GROWTH = 1 / 64
"""The largest growth of a process between the table and its kill; two page sizes differ by half."""

_SIZES = {
    "total-vm": "total_vm_kb",
    "anon-rss": "anon_rss_kb",
    "file-rss": "file_rss_kb",
    "shmem-rss": "shmem_rss_kb",
    "pgtables": "pgtables_kb",
    "UID": "uid",
    "oom_score_adj": "oom_score_adj",
}


def read_victims(draft: Draft, tasks: tuple[Task, ...], problems: list[Problem]) -> tuple[Victim, ...]:
    """Return each process that was killed, once; one that was already exiting was not."""
    chosen = _by_pid(draft.of("chosen"))
    killed = _by_pid(draft.of("killed"))
    announced = _announced(draft)
    exiting = _exiting(draft, chosen)
    listed = {task.pid for task in tasks}
    whole = {announced.pid} if announced and announced.uid is not None else set()
    known = {pid for pid in (*listed, *whole, read_process(draft)[0]) if pid is not None}
    cuts = list(_cut_pids(draft.of("chosen", "killed") or draft.of("constraint"), known))
    starts = _by_start({pid for pid in whole if pid is not None} or known) if cuts else {}
    renumbered: dict[int, int] = {}
    for line, cut in cuts:
        longer = starts.get(str(cut))
        told = f"only process {longer} begins so" if longer else "which may be longer"
        problems.append(Problem(line, f"The kill is cut at the number of the process, {cut}, {told}"))
        if longer:
            renumbered[cut] = longer
    killed, chosen = (_renumbered(each, renumbered) for each in (killed, chosen))
    victims = (
        {pid: _with_choice(victim, chosen, listed) for pid, victim in killed.items()} if chosen else killed
    )
    if killed and announced and not chosen and announced.pid not in exiting:
        problems.extend(_other_than_announced(killed, announced))
    if not victims:
        victims = chosen or ({announced.pid or 0: announced} if announced else {})
        victims = {pid: victim for pid, victim in victims.items() if pid not in exiting}
        what = "chosen" if victims else "reaped"
        victims = victims or _reaped(draft)
        for victim in victims.values():
            problems.append(
                Problem(victim.line, f"Process {victim.pid} was {what}; no line says that it was killed")
            )
    rows = _rows(tasks)
    named = (_with_name(victim, announced, rows) for victim in victims.values())
    found = tuple(_with_group(victim, announced) for victim in named)
    return _with_reaping(found, draft) if "reaped" in draft.lines else found


def _cut_pids(lines: list[Line], known: set[int]) -> Iterator[tuple[int, int]]:
    """Yield each line that ends at the number of a process which no other line has, and that number."""
    for line in lines:
        cut = _CUT.search(line.text)
        if cut is not None and int(cut[1]) not in known:
            yield line.number, int(cut[1])


def _by_start(pids: Iterable[int]) -> dict[str, int | None]:
    """Return the one number that begins so, by every beginning; ``None`` where several do."""
    found: dict[str, int | None] = {}
    for text in map(str, pids):
        for end in range(1, len(text) + 1):
            found[text[:end]] = None if text[:end] in found else int(text)
    return found


def _renumbered(victims: dict[int, Victim], pids: Mapping[int, int]) -> dict[int, Victim]:
    """Return victims with the whole number of each whose own was cut; ``pids`` has it by that."""
    if pids.keys().isdisjoint(victims):
        return victims
    return {
        pids.get(key, key): replace(victim, pid=pids[key]) if key in pids else victim
        for key, victim in victims.items()
    }


def read_exiting(draft: Draft, tasks: tuple[Task, ...]) -> tuple[Victim, ...]:
    """Return each process that was chosen and not killed, since it was already exiting, once."""
    if "exiting" not in draft.lines:
        return ()
    announced, rows = _announced(draft), _rows(tasks)
    found = _exiting(draft, _by_pid(draft.of("chosen"))).values()
    return tuple(_with_group(_with_name(each, announced, rows), announced) for each in found)


def _rows(tasks: tuple[Task, ...]) -> Mapping[int, Task]:
    """Return the first row of each process."""
    return {task.pid: task for task in reversed(tasks)}


def _exiting(draft: Draft, chosen: dict[int, Victim]) -> dict[int, Victim]:
    """Read who was already exiting; up to 2.6.32 the line does not say: the last that was chosen."""
    found: dict[int, Victim] = {}
    each_chosen = list(chosen.values())
    lines = [each.line or 0 for each in each_chosen]
    for line in draft.of("exiting"):
        match = EXITING.match(line.text)
        if match is not None and match["pid"]:
            one = Victim(pid=int(match["pid"]), comm=match["comm"], reason=match["reason"], line=line.number)
        else:
            above = bisect_right(lines, line.number)
            one = (
                replace(each_chosen[above - 1], line=line.number)
                if above
                else Victim(pid=None, line=line.number)
            )
        found.setdefault(one.pid or 0, one)
    return found


def page_size_kb(victims: tuple[Victim, ...], tasks: tuple[Task, ...]) -> int | None:
    """Return the size of a page by what each victim has in pages in the table and in kB where it is killed.

    The two lines are printed within milliseconds, so the numbers are the same, or nearly.
    ``None`` where no victim shows both, or two show different sizes.
    """
    rows = {task.pid: task for task in tasks}
    pairs = [(victim, rows[victim.pid]) for victim in victims if victim.pid in rows]
    sizes = {size for victim, row in pairs for size in _PAGE_SIZES_KB if _fits(victim, row, size)}
    return sizes.pop() if len(sizes) == 1 else None


def _fits(victim: Victim, row: Task, size: int) -> bool:
    """Whether one of the two amounts is exact with pages of this size, or both are close."""
    held = (victim.anon_rss_kb, victim.file_rss_kb, victim.shmem_rss_kb)
    amounts = ((victim.total_vm_kb, row.total_vm), (sum(kb or 0 for kb in held), row.rss))
    wrong = [abs(kb - pages * size) / (pages * size) for kb, pages in amounts if kb and pages and pages > 0]
    return 0 in wrong or (len(wrong) == len(amounts) and max(wrong) < _MAX_GROWTH)


def _by_pid(lines: list[Line]) -> dict[int, Victim]:
    victims: dict[int, Victim] = {}
    for line in lines:
        victim = _read_kill(line)
        if victim is not None:
            victims.setdefault(-line.number if victim.pid is None else victim.pid, victim)
    return victims


def _read_kill(line: Line) -> Victim | None:
    match = _KILL.search(line.text)
    if match is None:
        return _read_nameless_kill(line)
    reason = line.text[: match.start() - 1].strip().rstrip(":").strip()
    score = _SCORE.search(line.text, match.end())
    values: dict[str, Any] = {
        _SIZES[name]: int(value) for name, value in _SIZE.findall(line.text) + _OTHER.findall(line.text)
    }
    if match[2]:
        values["uid"] = int(match[2])
    return Victim(
        pid=int(match[1]),
        comm=match[3] if match[3] is not None else match[4],
        score=int(score[1]) if score else None,
        reason=reason or None,
        line=line.number,
        **values,
    )


def _read_nameless_kill(line: Line) -> Victim | None:
    match = _NAMELESS_KILL.search(line.text)
    if match is None:
        return None
    return Victim(pid=int(match[2]) if match[2] else None, comm=match[1], reason="VM", line=line.number)


def _announced(draft: Draft) -> Victim | None:
    """Read the process from the ``oom-kill:`` line."""
    for number, text in draft.of("constraint"):
        choice = read_choice(text)
        if choice.pid is not None:
            return Victim(
                pid=choice.pid, comm=choice.comm, uid=choice.uid, memcg=choice.task_path, line=number
            )
    return None


def _other_than_announced(killed: dict[int, Victim], announced: Victim) -> Iterator[Problem]:
    """Yield that another was killed than the one announced; a thread of it has its name, and another pid.

    Source: mm/oom_kill.c, ``__oom_kill_process``: where the main thread is gone, it kills by another.
    """
    if announced.pid not in killed and all(
        each.comm not in (announced.comm, None) for each in killed.values()
    ):
        first = next(iter(killed.values()))
        reason = (
            f"Line {announced.line} says that process {announced.pid} is to be killed, and this one that "
            f"process {first.pid} was: a line between them is lost, or one of them is damaged"
        )
        yield Problem(first.line, reason)


def _reaped(draft: Draft) -> dict[int, Victim]:
    """Read whose memory was taken back; what is left of it then is no size of the victim's."""
    matches = ((line, _REAPED.search(line.text) or _UNABLE.search(line.text)) for line in draft.of("reaped"))
    found = [(line, match) for line, match in matches if match]
    return {
        int(match[1]): Victim(pid=int(match[1]), comm=match[2], line=line.number) for line, match in found
    }


def _with_reaping(victims: tuple[Victim, ...], draft: Draft) -> tuple[Victim, ...]:
    """Add whether the oom_reaper took the memory of each victim back.

    Source: mm/oom_kill.c, ``oom_reap_task``: it tries ten times within a second (4.6 and later).
    """
    text = "\n".join(line.text for line in draft.of("reaped"))
    unable = {int(pid) for pid, _ in _UNABLE.findall(text)}
    reaped = {int(pid) for pid, _ in _REAPED.findall(text)}
    return tuple(
        replace(each, reaped=True if each.pid in reaped else False if each.pid in unable else None)
        for each in victims
    )


def _with_choice(victim: Victim, chosen: dict[int, Victim], listed: set[int]) -> Victim:
    """Add what the line of the choice shows: of the process itself, of a thread of it, or of its parent.

    Before 5.1 a child with memory of its own goes before the process that was chosen. In a
    control group the choice may fall on a thread, which no table lists.
    Source: mm/oom_kill.c, ``oom_kill_process``; mm/memcontrol.c, ``mem_cgroup_out_of_memory``.
    """
    choice = chosen.get(victim.pid or 0) or next(iter(chosen.values()), None)
    if choice is None:
        return victim
    victim = replace(victim, reason=victim.reason or choice.reason)
    is_thread = victim.pid in listed and choice.pid not in listed and choice.comm in (victim.comm, None)
    if choice.pid == victim.pid or is_thread:
        return replace(victim, score=choice.score)
    return replace(victim, child_of=choice.pid)


def _with_group(victim: Victim, announced: Victim | None) -> Victim:
    """Add the control group that the line of the choice names."""
    if announced is None or announced.pid != victim.pid or announced.memcg is None:
        return victim
    return replace(victim, memcg=announced.memcg)


def _with_name(victim: Victim, announced: Victim | None, rows: Mapping[int, Task]) -> Victim:
    """Take the name from another line where the kill line was cut before it."""
    if victim.comm is not None:
        return victim
    task = None if victim.pid is None else rows.get(victim.pid)
    if task is not None:
        return replace(victim, comm=task.comm, uid=victim.uid if victim.uid is not None else task.uid)
    return replace(victim, comm=announced.comm) if announced and announced.pid == victim.pid else victim
