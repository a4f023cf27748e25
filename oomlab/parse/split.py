"""Fifth step: find where each report begins and ends.

A report grows through stages: who asked, the call trace, the state of memory, the tasks,
the kill. A header opens one. So do lines that only a report has, when the header is lost:
the report is then *headless*. A new one begins where a line falls back to a stage that
the open one has left behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import NamedTuple

from oomlab.parse.kinds import Kind
from oomlab.parse.mend import Lines

GAP = 200
"""So many lines of other matters end a report."""

NEAR = 3
"""Lines of a report that lost its header belong to it when no more than this lies between."""

_PID = re.compile(r"process (\d+)")

_STAGES: dict[int, tuple[Kind, ...]] = {
    0: ("header", "failure", "show"),
    1: ("cpuset", "identity", "trace", "context"),
    2: ("memcg_task", "memcg_usage", "memcg_stats", "memcg_stat"),
    3: ("meminfo", "pcp_zone", "pcp", "free_pages", "totals"),
    4: ("node", "zone", "reserve"),
    5: ("blocks", "huge", "pages", "swap"),
    6: ("slab_title", "slab", "alloc_title", "alloc"),
    7: ("task_title", "task_header", "task"),
    8: ("constraint", "chosen", "killed", "memcg_group", "panic"),
    9: ("reaped",),
}
_STAGE = {kind: stage for stage, kinds in _STAGES.items() for kind in kinds}

_LATEST: dict[Kind, int] = {
    "cpuset": 1,
    "identity": 1,
    "trace": 1,
    "context": 1,
    "memcg_stat": 2,
    "totals": 4,
    "pcp_zone": 3,
    "pcp": 3,
}
"""The last stage at which a line of this kind can still belong to the open report."""

_OPENERS = frozenset(
    (
        "meminfo",
        "node",
        "zone",
        "reserve",
        "blocks",
        "memcg_task",
        "memcg_stats",
        "task_header",
        "constraint",
        "chosen",
        "killed",
        "panic",
    )
)
"""Only a report has such lines, so they open one when the header is lost."""

_NEEDS: dict[Kind, Kind] = {"memcg_stat": "memcg_stats", "slab": "slab_title", "alloc": "alloc_title"}
"""Lines that mean something only under their title."""


_KEPT_WITH: dict[Kind, Kind] = {"reserve": "zone", "pcp": "pcp_zone"}
"""Lines that have no name of their own stay with the line that has it."""

_RUNS = frozenset(("trace", "context", "task", "slab", "alloc", "memcg_stat", "pcp", "other"))
"""Lines that come many in a row, and whose first tells where all of them belong."""


class Line(NamedTuple):
    """One whole line of the kernel's: where it begins, and its text."""

    number: int
    text: str


Run = tuple[Kind, list[Line]]

_new_line = partial(tuple.__new__, Line)


@dataclass(slots=True)
class Sketch:
    """A report that is being collected: its lines by kind, and how far it has come.

    ``boot`` is the line with which its kernel started, where the log has it.
    """

    first: int
    last: int
    lines: dict[Kind, list[Line]] = field(default_factory=dict)
    stage: int = -1
    others: list[Line] = field(default_factory=list)
    boot: Line | None = None

    def add(self, kind: Kind, run: list[Line]) -> None:
        """Keep lines of one kind."""
        self.lines.setdefault(_KEPT_WITH.get(kind, kind), []).extend(run)

    def of(self, *kinds: Kind) -> list[Line]:
        """Give the lines of these kinds, kind by kind."""
        if len(kinds) == 1:
            return self.lines.get(kinds[0], [])
        return [line for kind in kinds for line in self.lines.get(kind, ())]


def split(lines: Lines) -> list[Sketch]:
    """Sort lines into reports, in the order in which they begin.

    Where the log says who printed a line (``[T123]``), each printer's lines are read
    apart, for two CPUs may print at once.
    """
    rows = list(map(_new_line, zip(lines.numbers, lines.texts, strict=True)))
    parts = [(lines.kinds, rows)] if lines.callers is None else _by_caller(lines, rows)
    sketches = [sketch for kinds, part in parts for sketch in _collect(kinds, part)]
    if len(sketches) < 2:
        return sketches
    return sorted(_without_echoes(sketches), key=lambda sketch: sketch.first)


def _without_echoes(sketches: list[Sketch]) -> Iterator[Sketch]:
    """Leave out what only repeats lines of another report, as people do who write about one."""
    texts = [frozenset(line.text for run in sketch.lines.values() for line in run) for sketch in sketches]
    for sketch, own in zip(sketches, texts, strict=True):
        has_header = not {"header", "failure", "show"}.isdisjoint(sketch.lines)
        if has_header or not any(own < other for other in texts):
            yield sketch


def _by_caller(lines: Lines, rows: list[Line]) -> Iterable[tuple[list[Kind], list[Line]]]:
    """Group lines by who printed them; a continuation goes where the line before it went."""
    parts: dict[str | None, tuple[list[Kind], list[Line]]] = {}
    caller: str | None = None
    bare = lines.bare or [False] * len(rows)
    for kind, row, name, is_bare in zip(lines.kinds, rows, lines.callers or (), bare, strict=True):
        caller = caller if is_bare else name
        kinds, part = parts.setdefault(caller, ([], []))
        kinds.append(kind)
        part.append(row)
    return parts.values()


def _collect(kinds: list[Kind], rows: list[Line]) -> Iterator[Sketch]:
    collector = _Collector()
    for kind, run in _runs(kinds, rows):
        done = collector.feed(kind, run)
        if done is not None:
            yield done
    if collector.open is not None:
        yield collector.open


def _runs(kinds: list[Kind], rows: list[Line]) -> Iterator[Run]:
    start = 0
    for kind, group in groupby(kinds):
        end = start + len(list(group))
        if kind in _RUNS:
            yield kind, rows[start:end]
        else:
            yield from ((kind, rows[index : index + 1]) for index in range(start, end))
        start = end


class _Collector:
    """Holds the open report while lines come by."""

    def __init__(self) -> None:
        self.open: Sketch | None = None
        self.pending: list[Run] = []
        self.others = 0
        self.boot: Line | None = None

    def feed(self, kind: Kind, run: list[Line]) -> Sketch | None:
        """Take lines of one kind; give the report that they end, if they end one."""
        stage = _STAGE.get(kind, -1)
        if stage < 0:
            return self._pass(kind, run)
        done, sketch = None, self.open
        if sketch is not None and (self.others > GAP or _starts_anew(sketch, kind, stage, run[0].text)):
            done, sketch = self._close(), None
        if sketch is None:
            sketch = self._begin(kind, run, stage)
        if sketch is not None and _belongs(sketch, kind, run[0].text):
            sketch.add(kind, run)
            sketch.last, sketch.stage, self.others = run[-1].number, max(stage, sketch.stage), 0
        elif sketch is not None:
            self.others += len(run)
        return done

    def _close(self) -> Sketch | None:
        done = self.open
        self.open, self.pending, self.others = None, [], 0
        return done

    def _pass(self, kind: Kind, run: list[Line]) -> Sketch | None:
        """Take lines that no report has: the rest of a wrapped one, or somebody else's."""
        if kind == "boot":
            self.boot = run[-1]
            return self._close()
        if kind == "continued" and not self.others:
            if self.open is not None:
                self.open.last = run[-1].number
            return None
        foreign = [line for line in run if line.text]
        self.others += len(foreign)
        if self.open is not None and self.others <= GAP:
            self.open.others.extend(foreign)
        return None

    def _begin(self, kind: Kind, run: list[Line], stage: int) -> Sketch | None:
        """Open a report, or keep the lines in case the next one opens it."""
        if self.others > NEAR:
            self.pending.clear()
        self.others = 0
        if stage == 0:
            self.open = Sketch(run[0].number, run[0].number)
        elif kind in _OPENERS and (kind != "killed" or _is_by_kernel(run[0].text)):
            self.open = _headless(self.pending, run[0].number, stage)
        else:
            self.pending.append((kind, run))
            del self.pending[:-GAP]
        if self.open is not None:
            self.open.boot = self.boot
        return self.open


def _is_by_kernel(text: str) -> bool:
    """Tell the kernel's own kill from a line of some daemon's that says the same."""
    return "ut of " in text or "-rss:" in text or "vsz:" in text


def _headless(pending: list[Run], number: int, stage: int) -> Sketch:
    """Open a report without a header, with the lines just before that can be its own."""
    sketch = Sketch(number, number)
    for kind, run in pending:
        if _STAGE.get(kind, -1) <= stage:
            sketch.first = min(sketch.first, run[0].number)
            sketch.add(kind, run)
    return sketch


def _belongs(sketch: Sketch, kind: Kind, text: str) -> bool:
    """Tell whether a line of this kind can still be part of this report."""
    if kind == "killed" and _is_somebody_elses(sketch, text):
        return False
    title = _NEEDS.get(kind)
    return sketch.stage <= _LATEST.get(kind, 9) and (title is None or title in sketch.lines)


def _is_somebody_elses(sketch: Sketch, text: str) -> bool:
    """Tell whether a process was killed by a daemon, after the kernel has said all that it had to say."""
    return not (_is_by_kernel(text) or "chosen" in sketch.lines or "killed" not in sketch.lines)


def _starts_anew(sketch: Sketch, kind: Kind, stage: int, text: str) -> bool:
    """Tell whether a line can only belong to another report than the open one."""
    if stage == 0:
        return not (sketch.stage == 0 and sketch.of(kind)[-1:] == [Line(sketch.last, text)])
    if stage >= 8:
        return _kills_anew(sketch, kind, text)
    if kind == "meminfo":
        return sketch.stage >= 4
    if kind == "zone" and sketch.stage >= 5:
        return _head(text) in {_head(line.text) for line in sketch.of("zone")}
    return kind in _OPENERS and sketch.stage >= 8


def _head(text: str) -> str:
    return text.partition(" free")[0]


def _kills_anew(sketch: Sketch, kind: Kind, text: str) -> bool:
    """Tell whether a kill is one more of this report or the next: a busy kernel leaves headers out."""
    if kind in ("constraint", "chosen"):
        earlier = sketch.of("chosen", "killed") + sketch.of(kind)
        return bool(earlier) and all(line.text != text for line in earlier)
    if "failure" in sketch.lines and 4 <= sketch.stage < 8:
        return True
    if kind != "killed" or "memcg_group" in sketch.lines or "ut of " not in text:
        return False
    if "chosen" in sketch.lines and "total-vm" not in text:
        return False  # up to 2.6.33 the children of the chosen one went first
    earlier = sketch.of("killed")
    if not earlier or any(_process(line.text) == _process(text) for line in earlier):
        return False
    return "total-vm" in text or _name(earlier[-1].text) != _name(text)


def _process(text: str) -> str:
    match = _PID.search(text)
    return match[1] if match else text


def _name(text: str) -> str:
    return text[text.find("(") :]
