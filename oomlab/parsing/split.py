"""Split what seemed one report, and is two.

The order of stages joins whatever is left of two reports where the end of one and the beginning of the
other are lost. Times part them, and so does a control group other than the one that a report shows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import groupby, pairwise

from oomlab.parsing.grammar import STAGE, Draft, Stage, opens
from oomlab.parsing.kills import AT_ONCE, were_apart
from oomlab.parsing.lines import Line, LineKind, LogLines

_MAX_LAG_SECONDS = 300
"""The longest delay of a busy logger between two lines of a report; the kernel itself waits far less."""

_GROUP_SECONDS = 1
_GROUP_SECONDS_BY_WALL = 5
"""The longest time between two kills of a group that is killed whole, in one loop of the kernel."""

_SHOWN = re.compile(r"Memory cgroup stats for (.+?):(?: |$)")
_CHOSEN = re.compile(r",oom_memcg=(.+?),task_memcg=")
"""Which control group a report shows, and in which one it chooses a process."""


def split(draft: Draft, lines: LogLines) -> Iterator[Draft]:
    """Yield the reports that a draft holds: one, but for a damaged log or a group killed whole."""
    for at_once in _of_one_time(draft, lines):
        for of_group in _of_one_group(at_once):
            yield from _without_later_kills(of_group, lines)


def _of_one_time(draft: Draft, lines: LogLines) -> Iterator[Draft]:
    """Yield the parts of what seemed one report that were each written at once.

    Where the end of one report and the beginning of another are lost, the stages alone join what is left. The
    oom_reaper takes its time, and is judged elsewhere.
    """
    end = max([run[-1].number for run in draft.lines.values()])
    if not were_apart(draft.first, end, lines, AT_ONCE, _MAX_LAG_SECONDS):
        yield draft
        return
    own = sorted(line for kind, run in draft.lines.items() if kind != "reaped" for line in run)
    starts = [
        line.number
        for before, line in pairwise(own)
        if were_apart(before.number, line.number, lines, AT_ONCE, _MAX_LAG_SECONDS)
    ]
    yield from filter(_is_opened, _parts(draft, starts))


def _is_opened(draft: Draft) -> bool:
    """Whether lines have one among them that only a report has."""
    return any(
        STAGE[kind] == Stage.REQUEST or opens(kind, line.text)
        for kind, run in draft.lines.items()
        for line in run
    )


def _of_one_group(draft: Draft) -> list[Draft]:
    """Return a report, or two where the choice was made in another control group than the one shown above.

    Source: mm/oom_kill.c, dump_oom_summary; mm/memcontrol.c, mem_cgroup_print_oom_meminfo (since 5.0).
    """
    title, choice = draft.of("memcg_stats")[:1], draft.of("constraint")[:1]
    shown = title and _SHOWN.match(title[0].text)
    if not choice or not shown:
        return [draft]
    chosen = _CHOSEN.search(choice[0].text)
    is_inside = chosen and f"{shown[1]}/".startswith(f"{chosen[1]}/")  # up to 5.2 those inside are shown too
    is_other = not is_inside if chosen else ",global_oom," in choice[0].text
    return _parts(draft, [choice[0].number] if is_other else [])


def _without_later_kills(draft: Draft, lines: LogLines) -> Iterator[Draft]:
    """Yield a report whose group was killed whole, then each kill that came after it, and each other group.

    All of a group is killed at once, and nothing in the words of a later kill tells it from these.
    """
    kills = draft.of("killed")
    if "memcg_group" not in draft.lines or len(kills) < 2:
        yield draft
        return
    later = {line.number for before, line in pairwise(kills) if _is_long_after(before, line, lines)}
    yield from _parts(draft, sorted(later.union(_other_groups(draft, lines))))


def _is_long_after(before: Line, line: Line, lines: LogLines) -> bool:
    """Whether a kill came long after another, or in other words: a group met its limit, or the machine."""
    if before.text.partition("illed process")[0] != line.text.partition("illed process")[0]:
        return True
    return were_apart(before.number, line.number, lines, _GROUP_SECONDS, _GROUP_SECONDS_BY_WALL)


def _other_groups(draft: Draft, lines: LogLines) -> Iterator[int]:
    """Yield where the kill of each further group begins: with a victim, just above the line that names it.

    Source: mm/oom_kill.c, oom_kill_process (since 4.19).
    """
    kills = sorted(draft.of("killed"))
    for before, group in pairwise(draft.of("memcg_group")):
        if group.text != before.text or were_apart(before.number, group.number, lines, _GROUP_SECONDS):
            last = bisect_left(kills, group) - 1
            yield kills[last].number if last >= 0 and kills[last] > before else group.number


def _parts(draft: Draft, starts: list[int]) -> list[Draft]:
    """Return a report cut before each of these numbers."""
    if not starts:
        return [draft]
    ends = [*starts, draft.last + 1]
    parts = [Draft(first, first, release=draft.release) for first in (draft.first, *starts)]
    for kind, run in draft.lines.items():
        for place, own in groupby(run, lambda line: bisect_right(ends, line.number)):
            if place < len(parts):
                _give(parts[place], kind, list(own))
    for line in draft.others:
        place = bisect_right(ends, line.number)
        if place < len(parts):
            parts[place].others.append(line)
    return parts


def _give(part: Draft, kind: LineKind, run: list[Line]) -> None:
    """Give lines of one kind to a part of a report."""
    part.add(kind, run)
    part.stage = max(part.stage, STAGE[kind])
    part.last = max(part.last, run[-1].number)
