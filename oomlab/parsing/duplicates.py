"""Merge the reports that are one, and drop those that only repeat another.

Logs are stored twice and set one behind the other; people quote a report when they write about it;
the oom_reaper tells of a kill while the next report is printed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from oomlab.clock import are_apart, uptime_between, wall_between
from oomlab.parsing.grammar import GAP, STAGE, Draft, Stage
from oomlab.parsing.kills import AT_ONCE, NAMELESS, REAPED_WITHIN, pid_in, raw_line, timed_line, were_apart
from oomlab.parsing.lines import Line, LineKind, LogLines
from oomlab.report import UPTIME, Report, time_in, uptime_in

_MAX_REPORTS_BETWEEN = 10
"""The most reports between a quotation and its original."""

_MAX_COPIES = 10
"""The most reports that open alike among which a copy is looked for."""

_WORDS_COMPARED = 6
"""Words by which a line is recognized: a quotation may break off after them, or be wrapped elsewhere."""

_WHO = re.compile(r"process \d+(?: \([^)]{0,64}\))?|(?:total-vm|anon-rss):\d+")
"""The part of a kill line that differs between kills."""

_MAX_LINES_BETWEEN = 64
"""The most lines between the two copies of a line that two loggers store in turns."""

_SAME_WALL_SECONDS = 1
_SAME_UPTIME_SECONDS = 0.01
"""The largest difference in time of two copies of a line, by the wall and by the uptime."""

_TELLING: frozenset[LineKind] = frozenset(("header", "failure", "show", "meminfo", "chosen", "killed"))
"""Where no two lines of these kinds are the same, nothing is stored twice."""

_OPENING: tuple[LineKind, ...] = ("header", "failure", "show", "constraint", "chosen", "killed", "reaped")
"""Lines by one of which a report is looked for among the others."""

_Stamped = tuple[float, str]


def merge_and_deduplicate(drafts: list[Draft], lines: LogLines) -> list[Draft]:
    """Merge what is one report, and drop what only repeats lines of another."""
    drafts = list(_without_copies(drafts, lines))
    drafts = list(_without_copies_by_another_clock(drafts, lines))
    drafts = list(_with_reaping(drafts, lines))
    if all(map(_is_whole, drafts)):
        return drafts
    return list(_without_quotations(list(_with_memory_after_kill(drafts)), lines))


def _is_whole(draft: Draft) -> bool:
    """Whether a report has its header and more than the few lines that people quote of one."""
    return _has_header(draft) and draft.stage >= Stage.TOTALS


def _has_header(draft: Draft) -> bool:
    return not {"header", "failure", "show"}.isdisjoint(draft.lines)


def without_second_copies(lines: LogLines) -> LogLines:
    """Keep the fuller copy of each line that two loggers stored in turns.

    The two bear different clocks: the uptime, or the date, or both. A line that a report has twice by right
    is no copy, since all lines of one logger bear the same.
    """
    telling = [text for kind, text in zip(lines.kinds, lines.texts, strict=True) if kind in _TELLING]
    if len(set(telling)) == len(telling):
        return lines
    copies = list(_copies(lines))
    firsts, seconds = sorted(first for first, _ in copies), [second for _, second in copies]
    kinds = list(lines.kinds)
    for first, second in copies:
        if _any_in(firsts, second, second + _MAX_LINES_BETWEEN) or _any_in(
            seconds, first - _MAX_LINES_BETWEEN, first
        ):
            is_richer = sum(_Times.of(lines.raw[second]).clocks) > sum(_Times.of(lines.raw[first]).clocks)
            kinds[first if is_richer else second] = "continuation"
    return lines._replace(kinds=kinds)


def _copies(lines: LogLines) -> Iterator[tuple[int, int]]:
    """Yield the places of two lines of one text, not far apart, that two loggers stored."""
    last: dict[str, int] = {}
    for index, (kind, text) in enumerate(zip(lines.kinds, lines.texts, strict=True)):
        if kind not in STAGE:
            continue
        before = last.get(text, -_MAX_LINES_BETWEEN)
        first, second = lines.raw[before] if before >= 0 else "", lines.raw[index]
        if index - before < _MAX_LINES_BETWEEN and len(first) != len(second) and _are_copies(first, second):
            yield before, index
        else:
            last[text] = index


def _any_in(places: list[int], start: int, stop: int) -> bool:
    """Whether any of some places in order is between two."""
    return bisect_left(places, start) < bisect_left(places, stop)


class _Times(NamedTuple):
    """The times that a line bears."""

    uptime: float | None
    wall: str | None

    @classmethod
    def of(cls, raw: str) -> _Times:
        return cls(uptime_in(raw), time_in(raw))

    @property
    def clocks(self) -> tuple[bool, bool]:
        """Which clocks there are."""
        return self.uptime is not None, self.wall is not None

    def differ(self, other: _Times, seconds: float) -> bool:
        """Whether a clock that both bear shows two times."""
        uptime = uptime_between(self.uptime, other.uptime)
        if uptime is not None:
            return abs(uptime) > _SAME_UPTIME_SECONDS
        wall = wall_between(self.wall, other.wall)
        return wall is not None and abs(wall) > seconds


def _are_copies(first: str, second: str) -> bool:
    """Whether two lines of one text bear different clocks, and the same time by one that both bear."""
    one, other = _Times.of(first), _Times.of(second)
    has_one_clock = any(mine and others for mine, others in zip(one.clocks, other.clocks, strict=True))
    return one.clocks != other.clocks and has_one_clock and not one.differ(other, _SAME_WALL_SECONDS)


def _without_copies_by_another_clock(drafts: list[Draft], lines: LogLines) -> Iterator[Draft]:
    """Drop what was stored again with another clock, or with none: ``dmesg`` behind the log of a daemon.

    Another report has all its lines, down to the sizes, and nothing shows that the two were apart.
    """
    openings = [[line.text for line in draft.of(*_OPENING)] for draft in drafts]
    places: dict[str, list[int]] = defaultdict(list)
    for index, texts in enumerate(openings):
        for text in texts:
            places[text].append(index)
    texts_of = cache(lambda index: _texts(drafts[index]))
    for index, draft in enumerate(drafts):
        others = min((places[text] for text in openings[index]), key=len, default=[])[:_MAX_COPIES]
        larger = [other for other in others if other != index and texts_of(index) <= texts_of(other)]
        if not any(_is_copy(index, other, drafts, lines) for other in larger):
            yield draft


def _texts(draft: Draft) -> frozenset[str]:
    return frozenset(line.text for run in draft.lines.values() for line in run)


def _is_copy(index: int, other: int, drafts: list[Draft], lines: LogLines) -> bool:
    """Whether a report is the copy of another that has all its lines: of two that are equal, one is.

    A report without a time is no copy. With one kind of time both must name the same victim: requests may
    fail alike at once.
    """
    draft, original = drafts[index], drafts[other]
    if not _tells_sizes(draft):
        return False
    line = draft.of(*_OPENING)[0]
    same = next((each for each in original.of(*_OPENING) if each.text == line.text), line)
    mine, others = (_Times.of(timed_line(each.number, lines)) for each in (line, same))
    is_of_one_kind = mine.clocks == others.clocks
    if is_of_one_kind and not (any(mine.clocks) and draft.pids):
        return False
    if mine.differ(others, _SAME_WALL_SECONDS if is_of_one_kind else AT_ONCE):
        return False
    is_shorter = len(_texts(draft)) < len(_texts(original))
    return is_shorter or (sum(others.clocks), index) > (sum(mine.clocks), other)


def _tells_sizes(draft: Draft) -> bool:
    """Whether a report has numbers that no other has: those of memory, or of its victim."""
    return _is_whole(draft) or any("-rss:" in line.text for line in draft.of("killed"))


def _without_copies(drafts: list[Draft], lines: LogLines) -> Iterator[Draft]:
    """Drop what was stored a second time: another report has all its lines, with the kernel's own times."""
    copies = _Copies(drafts, lines)
    return (draft for index, draft in enumerate(drafts) if not copies.has_better(index))


class _Copies:
    """Finds reports that hold the same lines, each line with the kernel's own time."""

    def __init__(self, drafts: list[Draft], lines: LogLines) -> None:
        self._drafts, self._lines = drafts, lines
        self._openings = [_stamped(draft.of(*_OPENING), lines) for draft in drafts]
        self._places: dict[_Stamped, list[int]] = defaultdict(list)
        for index, own in enumerate(self._openings):
            for each in own:
                self._places[each].append(index)
        self._stamped: dict[int, frozenset[_Stamped]] = {}

    def has_better(self, index: int) -> bool:
        """Whether another report has all that one has; of two equal ones the first, or the dated."""
        places = min((self._places[each] for each in self._openings[index]), key=len, default=[])
        others = places[:_MAX_COPIES]
        return any(other != index and self._is_better(other, index) for other in others)

    def _is_better(self, other: int, index: int) -> bool:
        own, others = self._all_stamped(index), self._all_stamped(other)
        if own != others:
            return bool(own) and own < others
        return bool(own) and (self._is_dated(other), index) > (self._is_dated(index), other)

    def _all_stamped(self, index: int) -> frozenset[_Stamped]:
        if index not in self._stamped:
            own = [line for run in self._drafts[index].lines.values() for line in run]
            self._stamped[index] = _stamped(own, self._lines)
        return self._stamped[index]

    def _is_dated(self, index: int) -> bool:
        return time_in(raw_line(self._drafts[index].first, self._lines)) is not None


def _stamped(own: Sequence[Line], lines: LogLines) -> frozenset[_Stamped]:
    """Return lines with the kernel's time of each; nothing where one has none."""
    found = []
    for number, text in own:
        uptime = uptime_in(timed_line(number, lines))
        if uptime is None:
            return frozenset()
        found.append((uptime, text))
    return frozenset(found)


def _with_reaping(drafts: list[Draft], lines: LogLines) -> Iterator[Draft]:
    """Merge what the oom_reaper took back, which is logged apart from the kill, with the kill.

    Where no line names the process, it may be a victim of the report just above.
    """
    kills = _kills_by_pid(drafts)
    last: Draft | None = None
    for draft in drafts:
        if draft.lines.keys() != {"reaped"}:
            last = draft
            yield draft
            continue
        rest = [line for line in draft.of("reaped") if not _give_to_its_kill(line, kills, lines)]
        if rest and last is not None and _ends_above(last, rest[0], lines):
            last.add("reaped", rest)
            last.last = rest[-1].number
        elif rest:
            draft.lines["reaped"] = rest
            draft.first, draft.last = rest[0].number, max(rest[-1].number, draft.last)
            yield draft


def _kills_by_pid(drafts: list[Draft]) -> Mapping[str, list[tuple[int, Draft]]]:
    kills: dict[str, list[tuple[int, Draft]]] = defaultdict(list)
    for draft in drafts:
        for number, text in draft.of("constraint", "chosen", "killed"):
            pid = pid_in(text)
            if pid is not None:
                kills[pid].append((number, draft))
    for own in kills.values():
        own.sort(key=itemgetter(0))
    return kills


def _give_to_its_kill(line: Line, kills: Mapping[str, list[tuple[int, Draft]]], lines: LogLines) -> bool:
    """Give a line of the oom_reaper to the last report above that killed its process, if one did."""
    own = kills.get(pid_in(line.text) or "", [])
    above = bisect_right(own, line.number, key=itemgetter(0))  # a document on one line has one number
    if not above:
        return False
    number, draft = own[above - 1]
    if were_apart(number, line.number, lines, REAPED_WITHIN):
        return False
    draft.add("reaped", [line])
    if line.number == draft.last + 1:
        draft.last = line.number
    return True


def _ends_above(draft: Draft, line: Line, lines: LogLines) -> bool:
    """Whether the report of a kill ends shortly above a line of the oom_reaper."""
    return (
        {"failure", "show"}.isdisjoint(draft.lines)
        and 0 < line.number - draft.last <= GAP
        and not were_apart(draft.last, line.number, lines)
    )


def _without_quotations(drafts: list[Draft], lines: LogLines) -> Iterator[Draft]:
    """Drop what only repeats lines of a report nearby: people quote reports when they write about them."""
    prints = [_fingerprint(draft) for draft in drafts]
    for index, (draft, own) in enumerate(zip(drafts, prints, strict=True)):
        near = range(max(0, index - _MAX_REPORTS_BETWEEN), min(index + _MAX_REPORTS_BETWEEN + 1, len(drafts)))
        if not any(own < prints[other] and _may_quote(draft, drafts[other], lines) for other in near):
            yield draft


def _may_quote(draft: Draft, other: Draft, lines: LogLines) -> bool:
    """Whether a report may be a quotation of another: a header then has the time stamp of the original."""
    if not _has_header(draft):
        return not all(were_apart(draft.first, number, lines) for number in (other.first, other.last))
    if _is_whole(draft) or not _has_header(other):
        return False
    header, original = (each.of("header", "failure", "show")[0] for each in (draft, other))
    raw, original_raw = raw_line(header.number, lines), raw_line(original.number, lines)
    if "header" not in draft.lines and raw != header.text:
        return False  # many requests of the same text may fail within a second
    return raw.endswith(original_raw) or original_raw.endswith(raw)


def _fingerprint(draft: Draft) -> frozenset[str]:
    """Return what identifies each line: its first words, or whom it kills."""
    return frozenset(
        part for kind, run in draft.lines.items() for line in run for part in _first_words(kind, line)
    )


def _first_words(kind: LineKind, line: Line) -> list[str]:
    if kind in ("killed", "chosen", "reaped") and (found := _WHO.findall(line.text)):
        return found
    if line.text.startswith(NAMELESS):
        return [f"{line.text} {line.number}"]  # several of one name may be killed in a row
    return [" ".join(line.text.split(None, _WORDS_COMPARED)[:_WORDS_COMPARED])]


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


class Told:
    """The reports of earlier windows of a long log: a later window may hold them again."""

    def __init__(self) -> None:
        self._reports: set[int] = set()
        self._kills: dict[int | None, str] = {}

    def is_new(self, report: Report) -> bool:
        """Whether no earlier report was the same, by the kernel's own times, and none told of these kills."""
        own = [line.text for line in report.source if line.number in report.kinds]
        if {*report.kinds.values()} == {"reaped"}:
            return not all(self._has_killed(each.pid, own[0]) for each in report.victims)
        for each in report.victims:
            quoted = report.quote(each.line or 0)
            self._kills[each.pid] = quoted.text if quoted else ""
        stamps = [UPTIME.search(text) for text in own]
        texts = tuple(match.string[match.start() :] for match in stamps if match)
        if len(texts) < len(own):
            return True
        count = len(self._reports)
        pids = tuple(each.pid for each in report.victims)  # several reports may stand in one line
        self._reports.add(hash((texts, report.stamp, pids)))
        return len(self._reports) > count

    def _has_killed(self, pid: int | None, line: str) -> bool:
        kill = self._kills.get(pid)
        return kill is not None and not are_apart(kill, line, REAPED_WITHIN)
