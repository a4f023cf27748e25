"""Segment a log into reports: find where each begins and ends.

A report grows through stages: who asked, the call trace, the state of memory, the tasks,
the kill. A header opens one. So do lines that only a report has, when the header is lost:
the report is then *headless*. A new one begins where a line falls back to a stage that
the open one has left behind. Once all are found, those that are two are split
(:mod:`oomlab.parsing.split`), those that are one are merged, and duplicates dropped
(:mod:`oomlab.parsing.duplicates`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from oomlab.parsing.duplicates import merge_and_deduplicate, without_second_copies
from oomlab.parsing.grammar import (
    GAP,
    LATEST,
    REPEATED,
    STAGE,
    TITLES,
    Draft,
    Stage,
    opens,
    zone_head,
)
from oomlab.parsing.kills import (
    NAMELESS,
    REAPED_WITHIN,
    is_by_kernel,
    is_same_kill,
    pid_in,
    were_apart,
)
from oomlab.parsing.lines import Line, LineKind, LogLines
from oomlab.parsing.release import find_boots, find_releases, names_its_kernel
from oomlab.parsing.split import split

_NEAR = 3
"""Lines of a report that lost its header belong to it when no more than this lies between."""

_MAX_AT_ONCE = 16
"""The most reports of one host in which its lines stand, on average: no kernel prints so many at once
(mm/page_alloc.c, ``warn_alloc``: ten in five seconds; mm/oom_kill.c, ``oom_lock``: one after the other)."""

_NEAR_KILLS = 10
"""A kill that a logger printed twice stands no further from itself than this."""

_KILLS: frozenset[LineKind] = frozenset(("killed", "reaped"))
"""A report of these alone is what grep found; up to 5.0 each kill had a report of its own."""

_FAILED_ON_2_4 = "order allocation failed"
_KILLED_ON_2_4 = (NAMELESS, "Out of Memory: ")

_new_line = partial(tuple.__new__, Line)
"""Makes a line in two thirds of the time that ``Line(…)`` takes: 2 % of the reading of a report."""

_NO_REQUEST = "gfp_mask=0x0"

_Part = tuple[Sequence[LineKind], list[Line]]
"""The lines that one caller printed, with their kinds."""

Run = tuple[LineKind, list[Line]]
"""Lines of one kind that follow one another."""


def segment(lines: LogLines) -> list[Draft]:
    """Sort lines into reports, in the order in which they begin.

    Where the log shows who printed a line (``[T123]``, or one of several hosts), the lines of each
    are sorted apart, for two may print at once.
    """
    lines = without_second_copies(lines)
    rows = list(map(_new_line, zip(lines.numbers, lines.texts, strict=True)))
    drafts = [
        draft for parts in _by_caller(lines, rows) for draft in _of_one_host(_collected(parts, lines), lines)
    ]
    drafts.sort(key=lambda draft: draft.first)
    if "boot" in lines.kinds:
        find_boots(drafts, lines)
    if not all([names_its_kernel(draft) for draft in drafts]):
        find_releases(drafts, lines)
    return drafts


def _of_one_host(drafts: list[Draft], lines: LogLines) -> list[Draft]:
    """Split, merge and deduplicate the reports of one host."""
    drafts = [part for draft in drafts for part in split(draft, lines)]
    if len(drafts) < 2:
        return drafts
    return merge_and_deduplicate(sorted(drafts, key=lambda draft: draft.first), lines)


def _by_caller(lines: LogLines, rows: list[Line]) -> Iterable[list[_Part]]:
    """Return the lines of each host, by who printed them; one that does not show it goes with the last."""
    if lines.callers is None and lines.hosts is None:
        return [[(lines.kinds, rows)]]
    by_host: dict[str | None, dict[str | None, tuple[list[LineKind], list[Line]]]] = {}
    callers = lines.callers or [None] * len(rows)
    hosts = lines.hosts or [None] * len(rows)
    host: str | None = None
    last: dict[str | None, str | None] = {}
    for kind, row, place, name in zip(lines.kinds, rows, hosts, callers, strict=True):
        host = place or host
        last[host] = caller = name or last.get(host)
        kinds, part = by_host.setdefault(host, {}).setdefault(caller, ([], []))
        kinds.append(kind)
        part.append(row)
    return [list(parts.values()) for parts in by_host.values()]


def _collected(parts: list[_Part], lines: LogLines) -> list[Draft]:
    """Return the reports in the lines of one host.

    Where more overlap than any kernel prints at once, the log is none of a kernel's: then lines that stand
    far apart among those of the host are of two, so that the work stays proportional to the log.
    """
    drafts = [draft for kinds, rows in parts for draft in _collect(kinds, rows, lines)]
    if len(parts) <= _MAX_AT_ONCE:
        return drafts
    numbers = sorted(row.number for _, rows in parts for row in rows)
    spans = (bisect_right(numbers, draft.last) - bisect_left(numbers, draft.first) for draft in drafts)
    if sum(spans) <= _MAX_AT_ONCE * len(numbers):
        return drafts
    return [draft for kinds, rows in parts for draft in _collect(kinds, rows, lines, numbers)]


def _collect(
    kinds: Iterable[LineKind], rows: list[Line], lines: LogLines, numbers: Sequence[int] | None = None
) -> list[Draft]:
    collector = _Collector(lines, numbers)
    for kind, run in _runs(kinds, rows):
        collector.feed(kind, run)
    return collector.drafts


def _runs(kinds: Iterable[LineKind], rows: list[Line]) -> Iterator[Run]:
    start = 0
    for kind, group in groupby(kinds):
        end = start + len(list(group))
        if kind in REPEATED:
            yield kind, rows[start:end]
        else:
            yield from ((kind, rows[index : index + 1]) for index in range(start, end))
        start = end


class _Collector:
    """Collects ``drafts`` while lines come by.

    ``open`` is the report to which they are added. ``interrupted`` is the report of a kill inside which
    a request failed, in an interrupt say: it goes on below. ``pending`` are runs that the next report may
    claim, should it have lost its header; ``others`` counts the lines of other matters since the last line
    of the open report, ``between`` those since the last pending run. ``numbers`` are all lines of the host,
    by whomever, if no two of a report may have many of them between.
    """

    def __init__(self, lines: LogLines, numbers: Sequence[int] | None) -> None:
        self._lines, self._numbers = lines, numbers
        self.drafts: list[Draft] = []
        self.open: Draft | None = None
        self.interrupted: Draft | None = None
        self.pending: list[Run] = []
        self.others = 0
        self.between = 0

    def feed(self, kind: LineKind, run: list[Line]) -> None:
        """Take lines of one kind."""
        stage = STAGE.get(kind)
        if stage is None:
            self._pass(kind, run)
            return
        if self.open is not None and kind == "reaped" and not _is_of(self.open, run[0], self._lines):
            self._set_aside(kind, run, stage)
            return
        if self.open is not None and self._is_over(self.open, kind, stage, run[0]):
            self._end(self.open, kind, stage, run[0])
        draft = self.open or self._begin(kind, run, stage)
        if draft is not None and _belongs(draft, kind, run[0].text):
            draft.add(kind, run)
            if stage > draft.stage:
                draft.stage = stage
            draft.last, self.others = run[-1].number, 0
            self.pending, self.between = [], 0
        elif draft is not None:
            self.others += len(run)
            if stage <= Stage.ORIGIN:  # of a report that may follow
                self._keep(kind, run)

    def _set_aside(self, kind: LineKind, run: list[Line], stage: Stage) -> None:
        """Keep lines as a report of their own, while the open one goes on."""
        draft = Draft(run[0].number, run[-1].number, stage=stage)
        draft.add(kind, run)
        self.drafts.append(draft)

    def _is_over(self, draft: Draft, kind: LineKind, stage: Stage, row: Line) -> bool:
        """Whether a line is not of the open report, but of another, or of the one that was interrupted."""
        if self._numbers is not None and self._lines_between(draft.last, row.number) > GAP:
            return True
        if self.others > GAP:
            return not _completes(draft, kind, row, self._lines)
        if self.interrupted is not None and _returns(draft, kind, stage):
            return True
        return _starts_anew(draft, kind, stage, row, self._lines)

    def _lines_between(self, first: int, last: int) -> int:
        numbers = self._numbers or ()
        return bisect_left(numbers, last) - bisect_right(numbers, first)

    def _end(self, draft: Draft, kind: LineKind, stage: Stage, row: Line) -> None:
        """End the open report, or interrupt it, or go on with the one that was interrupted."""
        waiting, is_near = self.interrupted, self.others <= GAP
        self.open, self.others = None, 0
        if kind in ("failure", "show"):
            if waiting is None and is_near and _may_be_interrupted(draft, row, self._lines):
                self.interrupted = draft
            return
        self.interrupted = None
        if waiting is not None and is_near and _goes_on(waiting, kind, stage, row, self._lines):
            self.open = waiting

    def _keep(self, kind: LineKind, run: list[Line]) -> None:
        """Keep lines that can be the next report's, should it follow close by and have lost its header."""
        if self.between > _NEAR:
            self.pending.clear()
        self.between = 0
        self.pending.append((kind, run))
        del self.pending[:-GAP]

    def _pass(self, kind: LineKind, run: list[Line]) -> None:
        """Take lines that bring no report further: continuations, a boot, and other matters."""
        if kind == "boot":
            self.open, self.interrupted, self.pending, self.others = None, None, [], 0
            return
        if kind == "continuation" and not self.others:
            if self.open is not None:
                self.open.last = run[-1].number
            return
        others = [line for line in run if line.text]
        self.others += len(others)
        self.between += len(others)
        if self.open is not None and self.others <= GAP:
            self.open.others.extend(others)

    def _begin(self, kind: LineKind, run: list[Line], stage: Stage) -> Draft | None:
        """Open a report, or keep the lines in case the next one opens it."""
        if self.between > _NEAR:
            self.pending.clear()
        self.others = 0
        if stage == Stage.REQUEST:
            self.open = self._with_header(run[0])
        elif opens(kind, run[0].text):
            self.open = _headless(self.pending, run[0].number, stage)
        else:
            self._keep(kind, run)
            return None
        self.drafts.append(self.open)
        return self.open

    def _with_header(self, header: Line) -> Draft:
        """Open a report with its header; what announces it stands just before."""
        draft = Draft(header.number, header.number)
        if self.pending and self.between <= _NEAR and _announces(self.pending[-1][0], header.text):
            kind, run = self.pending[-1]
            draft.first = run[0].number
            draft.add(kind, run)
        return draft


def _announces(kind: LineKind, header: str) -> bool:
    """Whether a line of this kind says what the report below it is about.

    SysRq announces its kill; a page fault that fails inside has no request, so what failed is above it.
    """
    return kind == "manual_oom" or (kind == "slab_failure" and _NO_REQUEST in header)


def _headless(pending: list[Run], number: int, stage: Stage) -> Draft:
    """Open a report without a header, with the lines just before that can be its own."""
    draft = Draft(number, number)
    for kind, run in pending:
        if STAGE[kind] <= stage and kind != "slab_failure":  # which ends the failure above it
            draft.first = min(draft.first, run[0].number)
            draft.add(kind, run)
    return draft


def _belongs(draft: Draft, kind: LineKind, text: str) -> bool:
    """Whether a line of this kind can still be part of this report."""
    if kind == "killed" and _is_by_daemon(draft, text):
        return False
    if kind == "zone" and draft.stage >= Stage.KILL and zone_head(text) in draft.zone_names:
        return False  # without its node, as people quote a zone when they write about it
    if kind == "identity" and "panic" in draft.lines:
        return kind not in draft.lines  # the panic repeats it
    title = TITLES.get(kind)
    is_titled = title is None or title in draft.lines or opens(kind, text)
    return draft.stage <= LATEST[kind] and is_titled


def _is_of(draft: Draft, row: Line, lines: LogLines) -> bool:
    """Whether a line of the oom_reaper is about a victim of this report; others may die just before."""
    is_named = pid_in(row.text) in draft.pids or draft.lines.keys() == {"reaped"}
    return is_named and not were_apart(draft.last, row.number, lines, REAPED_WITHIN)


def _completes(draft: Draft, kind: LineKind, row: Line, lines: LogLines) -> bool:
    """Whether a line is the kill that a report has announced, however much stands in between."""
    if kind != "killed" or kind in draft.lines or were_apart(draft.last, row.number, lines):
        return False
    is_child = "chosen" in draft.lines and row.text.startswith("Killed process ")  # up to 5.0
    return is_child or pid_in(row.text) in draft.pids


def _may_be_interrupted(draft: Draft, row: Line, lines: LogLines) -> bool:
    """Whether a report waits for its kill while a request fails: in an interrupt, or on another CPU."""
    return (
        "header" in draft.lines
        and {"killed", "panic"}.isdisjoint(draft.lines)
        and not were_apart(draft.last, row.number, lines)
    )


def _returns(draft: Draft, kind: LineKind, stage: Stage) -> bool:
    """Whether a line below a failed request is of the report that it interrupted.

    A failed request has no tasks and no kill, and ends with the number of pages.
    """
    if {"failure", "show"}.isdisjoint(draft.lines) or kind in ("failure", "show"):
        return False
    if stage >= Stage.TASKS or stage == Stage.CGROUP or kind == "slab_title":
        return True
    return "pages" in draft.lines and kind not in ("pages", "alloc_title", "alloc", "slab_failure")


def _goes_on(draft: Draft, kind: LineKind, stage: Stage, row: Line, lines: LogLines) -> bool:
    """Whether an interrupted report goes on with a line."""
    if kind == "header" or were_apart(draft.last, row.number, lines):
        return False
    if kind == "killed" and draft.pids and not _completes(draft, kind, row, lines):
        return False
    return _belongs(draft, kind, row.text) and not _starts_anew(draft, kind, stage, row, lines)


def _starts_anew(draft: Draft, kind: LineKind, stage: Stage, row: Line, lines: LogLines) -> bool:
    """Whether a line can only belong to another report than the open one."""
    text = row.text
    if kind == "header":
        return True  # one that a logger only printed twice is a continuation by now
    if kind in ("failure", "show"):
        return not (draft.stage == stage and draft.of(kind)[-1:] == [Line(draft.last, text)])
    if stage >= Stage.KILL:
        return _kills_anew(draft, kind, row, lines)
    if kind == "meminfo":
        return draft.stage >= Stage.ZONES
    if kind == "zone" and draft.stage >= Stage.KILL and "memcg_usage" in draft.lines:
        return True  # a group's report shows no zones (mm/oom_kill.c, dump_header)
    if kind == "zone" and draft.stage >= Stage.STOCK:
        return zone_head(text) in draft.zone_heads
    return draft.stage >= Stage.KILL and opens(kind, text)


def _kills_anew(draft: Draft, kind: LineKind, row: Line, lines: LogLines) -> bool:
    """Whether a kill is of the next report: a busy kernel leaves headers out, a log may keep errors only."""
    text = row.text
    if draft.stage < Stage.KILL and not {"failure", "show"}.isdisjoint(draft.lines):
        return not _is_killed_for_it(draft, text)
    if kind == "panic":
        # The kernel panics for want of a victim; in 2.6 the page fault behind a group's kill panicked too.
        return not {"chosen", "killed"}.isdisjoint(draft.lines) and "from page fault" not in text
    if kind in ("constraint", "chosen"):
        earlier = [line for each in ("chosen", "killed", kind) for line in draft.of(each)[-_NEAR_KILLS:]]
        return bool(earlier) and not any(
            line.text == text and is_same_kill(line, row, lines) for line in earlier
        )
    if text.startswith(NAMELESS):
        return draft.stage >= Stage.KILL and not _is_named(draft, text)
    return kind == "killed" and "memcg_group" not in draft.lines and _is_another(draft, row, lines)


def _is_another(draft: Draft, row: Line, lines: LogLines) -> bool:
    """Whether a line of a kill is of another kill than those that a report has."""
    text, earlier = row.text, draft.of("killed")[-_NEAR_KILLS:]
    if not earlier or not is_by_kernel(text):
        return False
    if all(were_apart(line.number, row.number, lines) for line in earlier):
        return True
    of_this = [line for line in earlier if pid_in(line.text) == pid_in(text)]
    if of_this:
        return not any(is_same_kill(line, row, lines) for line in of_this)
    if "ut of " not in text and not (draft.lines.keys() <= _KILLS and "-rss:" in text):
        return False
    if "chosen" in draft.lines and "total-vm" not in text:
        return False  # up to 2.6.33 the children of the chosen one went first
    return "total-vm" in text or _name(earlier[-1].text) != _name(text)


def _is_killed_for_it(draft: Draft, text: str) -> bool:
    """Whether a kill follows from a failed request: on 2.4 a page fault that gets no page kills.

    Later a request that may kill never fails, and one that fails never kills.
    """
    failures = draft.of("failure")
    return text.startswith(_KILLED_ON_2_4) and bool(failures) and _FAILED_ON_2_4 in failures[0].text


def _is_named(draft: Draft, text: str) -> bool:
    """Whether a kill without a pid is the one that stands with its pid just above."""
    name = text.removeprefix(NAMELESS).strip(" .")
    return any(f"({name})" in line.text for line in draft.of("killed")[-1:])


def _name(text: str) -> str:
    return text[text.find("(") :]


def _is_by_daemon(draft: Draft, text: str) -> bool:
    """Whether a process was killed by a daemon such as earlyoom, after the kernel's own kill."""
    return not (is_by_kernel(text) or "chosen" in draft.lines or "killed" not in draft.lines)
