"""Segment a log into reports: find where each begins and ends.

A report grows through stages: who asked, the call trace, the state of memory, the tasks,
the kill. A header opens one. So do lines that only a report has, when the header is lost:
the report is then *headless*. A new one begins where a line falls back to a stage that
the open one has left behind. Once all are found, those that are one are merged, and
duplicates dropped.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby, pairwise

from oomlab.parsing.grammar import (
    LATEST,
    OPENERS,
    OPENING_WORDS,
    REPEATED,
    STAGE,
    TITLES,
    Draft,
    Stage,
    zone_head,
)
from oomlab.parsing.lines import Line, LineKind, LogLines
from oomlab.parsing.release import find_releases, names_its_kernel
from oomlab.report import uptime_in

GAP = 200
"""This many lines of other matters end a report."""

_NEAR = 3
"""Lines of a report that lost its header belong to it when no more than this lies between."""

_NEAR_KILLS = 10
"""A kill that a logger printed twice stands no further from itself than this."""

_NEAR_REPORTS = 10
"""A duplicate stands within this many reports of its original."""

_WORDS = 6
"""This many words identify a line: a quotation may break off after them, or be wrapped elsewhere."""

_KILLS: frozenset[LineKind] = frozenset(("killed", "reaped"))
"""A report of these alone is what grep found; up to 5.0 each kill had a report of its own."""

_PID = re.compile(r"process (\d+)")
_WHO = re.compile(r"process \d+(?: \([^)]{0,64}\))?|total-vm:\d+")
"""What tells one kill from another: all the words before it are the same in each."""

_GROUP_SECONDS = 10
"""The processes of a group that is killed whole die within this time."""

_CLOCK = re.compile(r"(?<!\d)(\d\d):(\d\d):(\d\d)(?!\d)", re.A)
_UNITS = (3600, 60, 1)

_FAILED_ON_2_4 = "order allocation failed"
_NAMELESS = "VM: killing process "
_KILLED_ON_2_4 = (_NAMELESS, "Out of Memory: ")

_new_line = partial(tuple.__new__, Line)
"""Makes a line in two thirds of the time that ``Line(…)`` takes: 2 % of the reading of a report."""

_NO_REQUEST = "gfp_mask=0x0"

Run = tuple[LineKind, list[Line]]
"""Lines of one kind that follow one another."""


def segment(lines: LogLines) -> list[Draft]:
    """Sort lines into reports, in the order in which they begin.

    Where the log shows who printed a line (``[T123]``, or one of several hosts), the lines of each
    are sorted apart, for two may print at once.
    """
    rows = list(map(_new_line, zip(lines.numbers, lines.texts, strict=True)))
    is_one = lines.callers is None and lines.hosts is None
    parts = [(lines.kinds, rows)] if is_one else _by_caller(lines, rows)
    drafts = [draft for kinds, part in parts for draft in _collect(kinds, part)]
    drafts = [part for draft in drafts for part in _without_later_kills(draft, lines)]
    if len(drafts) > 1:
        drafts = _merge_and_deduplicate(sorted(drafts, key=lambda draft: draft.first), lines)
    if not all([names_its_kernel(draft) for draft in drafts]):
        find_releases(drafts, lines)
    return drafts


def _by_caller(lines: LogLines, rows: list[Line]) -> Iterable[tuple[list[LineKind], list[Line]]]:
    """Group lines by who printed them; a line that does not show it goes where the line before it went."""
    parts: dict[tuple[str | None, str | None], tuple[list[LineKind], list[Line]]] = {}
    callers = lines.callers or [None] * len(rows)
    hosts = lines.hosts or [None] * len(rows)
    host: str | None = None
    last: dict[str | None, str | None] = {}
    for kind, row, place, name in zip(lines.kinds, rows, hosts, callers, strict=True):
        host = place or host
        last[host] = caller = name or last.get(host)
        kinds, part = parts.setdefault((host, caller), ([], []))
        kinds.append(kind)
        part.append(row)
    return parts.values()


def _collect(kinds: Iterable[LineKind], rows: list[Line]) -> Iterator[Draft]:
    collector = _Collector()
    for kind, run in _runs(kinds, rows):
        done = collector.feed(kind, run)
        if done is not None:
            yield done
    if collector.open is not None:
        yield collector.open


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
    """Holds the open report while lines come by.

    ``pending`` are runs that the next report may claim, should it have lost its header;
    ``others`` counts the lines of other matters since the last line of the open report,
    ``between`` those since the last pending run.
    """

    def __init__(self) -> None:
        self.open: Draft | None = None
        self.pending: list[Run] = []
        self.others = 0
        self.between = 0

    def feed(self, kind: LineKind, run: list[Line]) -> Draft | None:
        """Take lines of one kind; return the report that they end, if they end one."""
        stage = STAGE.get(kind)
        if stage is None:
            return self._pass(kind, run)
        done, draft = None, self.open
        if draft is not None and (self.others > GAP or _starts_anew(draft, kind, stage, run[0].text)):
            done, draft = self._close(), None
        if draft is None:
            draft = self._begin(kind, run, stage)
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
        return done

    def _keep(self, kind: LineKind, run: list[Line]) -> None:
        """Keep lines that can be the next report's, should it follow close by and have lost its header."""
        if self.between > _NEAR:
            self.pending.clear()
        self.between = 0
        self.pending.append((kind, run))
        del self.pending[:-GAP]

    def _close(self) -> Draft | None:
        done = self.open
        self.open, self.others = None, 0
        return done

    def _pass(self, kind: LineKind, run: list[Line]) -> Draft | None:
        """Take lines that bring no report further: continuations, a boot, and other matters."""
        if kind == "boot":
            self.pending = []
            return self._close()
        if kind == "continuation" and not self.others:
            if self.open is not None:
                self.open.last = run[-1].number
            return None
        others = [line for line in run if line.text]
        self.others += len(others)
        self.between += len(others)
        if self.open is not None and self.others <= GAP:
            self.open.others.extend(others)
        return None

    def _begin(self, kind: LineKind, run: list[Line], stage: Stage) -> Draft | None:
        """Open a report, or keep the lines in case the next one opens it."""
        if self.between > _NEAR:
            self.pending.clear()
        self.others = 0
        if stage == Stage.REQUEST:
            self.open = self._with_header(run[0])
        elif _opens(kind, run[0].text):
            self.open = _headless(self.pending, run[0].number, stage)
        else:
            self._keep(kind, run)
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


def _opens(kind: LineKind, text: str) -> bool:
    """Whether only a report has such a line: it opens one whose header is lost."""
    words = OPENING_WORDS.get(kind)
    if words is not None:
        return words in text
    return kind in OPENERS and (kind != "killed" or _is_by_kernel(text))


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
    return draft.stage <= LATEST[kind] and (title is None or title in draft.lines)


def _starts_anew(draft: Draft, kind: LineKind, stage: Stage, text: str) -> bool:
    """Whether a line can only belong to another report than the open one."""
    if kind == "header":
        return True  # one that a logger only printed twice is a continuation by now
    if kind in ("failure", "show"):
        return not (draft.stage == stage and draft.of(kind)[-1:] == [Line(draft.last, text)])
    if stage >= Stage.KILL:
        return _kills_anew(draft, kind, text)
    if kind == "meminfo":
        return draft.stage >= Stage.ZONES
    if kind == "zone" and draft.stage >= Stage.KILL and "memcg_usage" in draft.lines:
        return True  # a group's report shows no zones (mm/oom_kill.c, dump_header)
    if kind == "zone" and draft.stage >= Stage.STOCK:
        return zone_head(text) in draft.zone_heads
    return draft.stage >= Stage.KILL and _opens(kind, text)


def _kills_anew(draft: Draft, kind: LineKind, text: str) -> bool:
    """Whether a kill is of the next report: a busy kernel leaves headers out, a log may keep errors only."""
    if draft.stage < Stage.KILL and not {"failure", "show"}.isdisjoint(draft.lines):
        return not _is_killed_for_it(draft, text)
    if kind == "panic":
        # The kernel panics for want of a victim; in 2.6 the page fault behind a group's kill panicked too.
        return not {"chosen", "killed"}.isdisjoint(draft.lines) and "from page fault" not in text
    if kind in ("constraint", "chosen"):
        earlier = [line for each in ("chosen", "killed", kind) for line in draft.of(each)[-_NEAR_KILLS:]]
        return bool(earlier) and all(line.text != text for line in earlier)
    if text.startswith(_NAMELESS):
        return draft.stage >= Stage.KILL and not _is_named(draft, text)
    return kind == "killed" and "memcg_group" not in draft.lines and _is_another(draft, text)


def _is_another(draft: Draft, text: str) -> bool:
    """Whether a line of a kill is of another process than the kills that a report has."""
    if "ut of " not in text and not (draft.lines.keys() <= _KILLS and "-rss:" in text):
        return False
    if "chosen" in draft.lines and "total-vm" not in text:
        return False  # up to 2.6.33 the children of the chosen one went first
    earlier = draft.of("killed")[-_NEAR_KILLS:]
    if not earlier or any(_pid(line.text) == _pid(text) for line in earlier):
        return False
    return "total-vm" in text or _name(earlier[-1].text) != _name(text)


def _is_killed_for_it(draft: Draft, text: str) -> bool:
    """Whether a kill follows from a failed request: on 2.4 a page fault that gets no page kills.

    Later a request that may kill never fails, and one that fails never kills.
    """
    failures = draft.of("failure")
    return text.startswith(_KILLED_ON_2_4) and bool(failures) and _FAILED_ON_2_4 in failures[0].text


def _without_later_kills(draft: Draft, lines: LogLines) -> Iterator[Draft]:
    """Yield a report whose group was killed whole, then each kill that came long after it.

    All of a group is killed at once, and nothing in the words of a later kill tells it from these.
    """
    kills = draft.of("killed")
    if "memcg_group" not in draft.lines or len(kills) < 2:
        yield draft
        return
    later = [line for before, line in pairwise(kills) if _is_long_after(before, line, lines)]
    if not later:
        yield draft
        return
    yield _part(draft, draft.first, later[0].number)
    for line, end in zip(later, [*(each.number for each in later[1:]), draft.last + 1], strict=True):
        yield _part(draft, line.number, end)


def _is_long_after(before: Line, line: Line, lines: LogLines) -> bool:
    """Whether a kill came long after another, or in other words: a group met its limit, or the machine."""
    if before.text.partition("illed process")[0] != line.text.partition("illed process")[0]:
        return True
    earlier, later = (_seconds(_raw(each.number, lines)) for each in (before, line))
    return earlier is not None and later is not None and later - earlier > _GROUP_SECONDS


def _seconds(raw: str) -> float | None:
    """Return the time of a line in seconds: the uptime or, where there is none, the time of day."""
    uptime = uptime_in(raw)
    if uptime is not None:
        return uptime
    clock = _CLOCK.search(raw)
    return (
        None
        if clock is None
        else sum(int(part) * unit for part, unit in zip(clock.groups(), _UNITS, strict=True))
    )


def _part(draft: Draft, first: int, end: int) -> Draft:
    """Return the lines of a report from number ``first`` to before ``end`` as a report of their own."""
    part = Draft(
        first,
        first,
        release=draft.release,
        others=[each for each in draft.others if first <= each.number < end],
    )
    for kind, run in draft.lines.items():
        own = [line for line in run if first <= line.number < end]
        if own:
            part.add(kind, own)
            part.stage = max(part.stage, STAGE[kind])
            part.last = max(part.last, own[-1].number)
    return part


def _is_named(draft: Draft, text: str) -> bool:
    """Whether a kill without a pid is the one that stands with its pid just above."""
    name = text.removeprefix(_NAMELESS).strip(" .")
    return any(f"({name})" in line.text for line in draft.of("killed")[-1:])


def _pid(text: str) -> str:
    match = _PID.search(text)
    return match[1] if match else text


def _name(text: str) -> str:
    return text[text.find("(") :]


def _is_by_daemon(draft: Draft, text: str) -> bool:
    """Whether a process was killed by a daemon such as earlyoom, after the kernel's own kill."""
    return not (_is_by_kernel(text) or "chosen" in draft.lines or "killed" not in draft.lines)


def _is_by_kernel(text: str) -> bool:
    """Whether a kill is in the kernel's words, and not only in those of a daemon."""
    return "ut of " in text or "-rss:" in text or "vsz:" in text or text.startswith(_NAMELESS)


def _merge_and_deduplicate(drafts: list[Draft], lines: LogLines) -> list[Draft]:
    """Merge what is one report, and drop what only repeats lines of another."""
    if all(map(_is_whole, drafts)):
        return drafts
    return list(_without_duplicates(list(_with_memory_after_kill(drafts)), lines))


def _is_whole(draft: Draft) -> bool:
    """Whether a report has its header and more than the few lines that people quote of one."""
    return _has_header(draft) and draft.stage >= Stage.TOTALS


def _has_header(draft: Draft) -> bool:
    return not {"header", "failure", "show"}.isdisjoint(draft.lines)


def _without_duplicates(drafts: list[Draft], lines: LogLines) -> Iterator[Draft]:
    """Drop what only repeats lines of a report nearby: people quote reports when they write about them."""
    openings = [_openings(draft) for draft in drafts]
    for index, (draft, own) in enumerate(zip(drafts, openings, strict=True)):
        near = range(max(0, index - _NEAR_REPORTS), min(index + _NEAR_REPORTS, len(drafts)))
        if not any(own < openings[other] and _may_quote(draft, drafts[other], lines) for other in near):
            yield draft


def _may_quote(draft: Draft, other: Draft, lines: LogLines) -> bool:
    """Whether a report may be a quotation of another: a header then has the time stamp of the original."""
    if not _has_header(draft):
        return True
    if _is_whole(draft) or not _has_header(other):
        return False
    header, original = (each.of("header", "failure", "show")[0] for each in (draft, other))
    raw, original_raw = _raw(header.number, lines), _raw(original.number, lines)
    if "header" not in draft.lines and raw != header.text:
        return False  # many requests of the same text may fail within a second
    return raw.endswith(original_raw) or original_raw.endswith(raw)


def _raw(number: int, lines: LogLines) -> str:
    """Return a line as the logger wrote it."""
    return lines.raw[bisect_left(lines.numbers, number)].strip()


def _openings(draft: Draft) -> frozenset[str]:
    """Return what identifies each line: its first words, or whom it kills."""
    return frozenset(
        part for kind, run in draft.lines.items() for line in run for part in _identity(kind, line)
    )


def _identity(kind: LineKind, line: Line) -> list[str]:
    if kind in ("killed", "chosen", "reaped") and (found := _WHO.findall(line.text)):
        return found
    if line.text.startswith(_NAMELESS):
        return [f"{line.text} {line.number}"]  # several of one name may be killed in a row
    return [" ".join(line.text.split(None, _WORDS)[:_WORDS])]


def _with_memory_after_kill(drafts: list[Draft]) -> Iterator[Draft]:
    """Merge each kill with the state of memory that Red Hat's 2.4 kernels print below, without a header."""
    last: Draft | None = None
    for draft in drafts:
        if last is not None and _is_kill_alone(last) and _is_memory_of_2_4(draft):
            _merge(last, draft)
            continue
        if last is not None:
            yield last
        last = draft
    if last is not None:
        yield last


def _is_kill_alone(draft: Draft) -> bool:
    return draft.lines.keys() == {"killed"}


def _is_memory_of_2_4(draft: Draft) -> bool:
    if _has_header(draft) or draft.of("killed", "chosen"):
        return False
    return any(line.text.startswith("Zone:") for line in draft.of("zone")[:1])


def _merge(draft: Draft, other: Draft) -> None:
    for kind, run in other.lines.items():
        draft.add(kind, run)
    draft.last = other.last
    draft.others.extend(other.others)
