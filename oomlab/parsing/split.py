"""Fifth step: find where each report begins and ends.

A report grows through stages: who asked, the call trace, the state of memory, the tasks,
the kill. A header opens one. So do lines that only a report has, when the header is lost:
the report is then *headless*. A new one begins where a line falls back to a stage that
the open one has left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from oomlab.parsing.kills import is_by_kernel, is_somebody_elses, kills_anew
from oomlab.parsing.kinds import Kind
from oomlab.parsing.mend import Lines
from oomlab.parsing.order import LATEST, NEEDS, OPENERS, OPENING_WORDS, RUNS, STAGE
from oomlab.parsing.settle import settle
from oomlab.parsing.sketch import Line, Run, Sketch, head, new_line

GAP = 200
"""So many lines of other matters end a report."""

NEAR = 3
"""Lines of a report that lost its header belong to it when no more than this lies between."""


def split(lines: Lines) -> list[Sketch]:
    """Sort lines into reports, in the order in which they begin.

    Where the log says who printed a line (``[T123]``), each printer's lines are read
    apart, for two CPUs may print at once.
    """
    rows = list(map(new_line, zip(lines.numbers, lines.texts, strict=True)))
    parts = [(lines.kinds, rows)] if lines.callers is None else _by_caller(lines, rows)
    sketches = [sketch for kinds, part in parts for sketch in _collect(kinds, part)]
    if len(sketches) < 2:
        return sketches
    return settle(sorted(sketches, key=lambda sketch: sketch.first))


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
        if kind in RUNS:
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
        self.between = 0
        self.boot: Line | None = None

    def feed(self, kind: Kind, run: list[Line]) -> Sketch | None:
        """Take lines of one kind; give the report that they end, if they end one."""
        stage = STAGE.get(kind, -1)
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
            self.pending, self.between = [], 0
        elif sketch is not None:
            self.others += len(run)
            if stage <= 1:  # who asked, and along which path: of a report that may follow
                self._keep(kind, run)
        return done

    def _keep(self, kind: Kind, run: list[Line]) -> None:
        """Keep lines that can be the next report's, should it follow close by and have lost its header."""
        if self.between > NEAR:
            self.pending.clear()
        self.between = 0
        self.pending.append((kind, run))
        del self.pending[:-GAP]

    def _close(self) -> Sketch | None:
        done = self.open
        self.open, self.others = None, 0
        return done

    def _pass(self, kind: Kind, run: list[Line]) -> Sketch | None:
        """Take lines that no report has: the rest of a wrapped one, or somebody else's."""
        if kind == "boot":
            self.boot, self.pending = run[-1], []
            return self._close()
        if kind == "continued" and not self.others:
            if self.open is not None:
                self.open.last = run[-1].number
            return None
        foreign = [line for line in run if line.text]
        self.others += len(foreign)
        self.between += len(foreign)
        if self.open is not None and self.others <= GAP:
            self.open.others.extend(foreign)
        return None

    def _begin(self, kind: Kind, run: list[Line], stage: int) -> Sketch | None:
        """Open a report, or keep the lines in case the next one opens it."""
        if self.between > NEAR:
            self.pending.clear()
        self.others = 0
        if stage == 0:
            self.open = Sketch(run[0].number, run[0].number)
        elif _opens(kind, run[0].text):
            self.open = _headless(self.pending, run[0].number, stage)
        else:
            self._keep(kind, run)
        if self.open is not None:
            self.open.boot = self.boot
        return self.open


def _opens(kind: Kind, text: str) -> bool:
    """Tell whether only a report has such a line: it opens one whose header is lost."""
    words = OPENING_WORDS.get(kind)
    if words is not None:
        return words in text
    return kind in OPENERS and (kind != "killed" or is_by_kernel(text))


def _headless(pending: list[Run], number: int, stage: int) -> Sketch:
    """Open a report without a header, with the lines just before that can be its own."""
    sketch = Sketch(number, number)
    for kind, run in pending:
        if STAGE.get(kind, -1) <= stage:
            sketch.first = min(sketch.first, run[0].number)
            sketch.add(kind, run)
    return sketch


def _belongs(sketch: Sketch, kind: Kind, text: str) -> bool:
    """Tell whether a line of this kind can still be part of this report."""
    if kind == "killed" and is_somebody_elses(sketch, text):
        return False
    if kind == "zone" and sketch.stage >= 8 and _names_again(sketch, text):
        return False
    if kind == "identity" and "panic" in sketch.lines:
        return kind not in sketch.lines  # who had asked: the panic says it once more
    title = NEEDS.get(kind)
    return sketch.stage <= LATEST.get(kind, 9) and (title is None or title in sketch.lines)


def _starts_anew(sketch: Sketch, kind: Kind, stage: int, text: str) -> bool:
    """Tell whether a line can only belong to another report than the open one."""
    if kind == "header":
        return True  # one that a logger only printed twice is none
    if stage == 0:
        return not (sketch.stage == 0 and sketch.of(kind)[-1:] == [Line(sketch.last, text)])
    if stage >= 8:
        return kills_anew(sketch, kind, text)
    if kind == "meminfo":
        return sketch.stage >= 4
    if kind == "zone" and sketch.stage >= 8 and "memcg_usage" in sketch.lines:
        return True  # a group's report shows no zones (mm/oom_kill.c, dump_header)
    if kind == "zone" and sketch.stage >= 5:
        return head(text) in sketch.heads
    return sketch.stage >= 8 and _opens(kind, text)


def _names_again(sketch: Sketch, text: str) -> bool:
    """Tell whether a zone is one of the report's without its node, as people quote it who write about one."""
    return head(text) in sketch.names
