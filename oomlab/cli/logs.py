"""The logs that a command was given: their reports, in order, and what other programs wrote of kills."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oomlab.cli.complaint import complain, shown
from oomlab.cli.progress import progress

if TYPE_CHECKING:
    from oomlab.report import Notice, Report


def each_once(names: Sequence[str]) -> list[str]:
    """Return each log once: one that is named twice has no more kills for it."""
    by_place: dict[str, str] = {}
    for name in names:
        by_place.setdefault(name if name == "-" else os.path.realpath(name), name)
    return list(by_place.values())


def place(name: str) -> str:
    """Return how messages call a log."""
    return "standard input" if name == "-" else shown(name)


class Logs:
    """The reports of several logs, in order, each with the name of its log.

    A log that cannot be read, or not to its end, is named on standard error, and the next one is read.
    ``taken`` gives what other programs wrote in these logs. Where logs come from and who hears of problems
    is for a subclass to change: the site's page gives files that its visitor picked.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.readable: list[str] = []
        self.is_broken = False
        self.has_kernel_lines = False
        self.refusals: list[str] = []
        self.has_notices = False
        self.are_empty = True
        self.are_long = False
        self._notices: deque[tuple[int, str, Notice]] = deque()
        self._reports = 0

    @property
    def are_several(self) -> bool:
        """Whether there is more than one log."""
        return len(self.names) > 1

    def __iter__(self) -> Iterator[tuple[str, Report]]:
        for name in self.names:
            try:
                yield from self._read(name)
                self.readable.append(name)
            except OSError as error:
                self.is_broken = True
                self.complain(error)

    def taken(self, reports: int | None = None) -> Iterator[tuple[str, Notice]]:
        """Yield, once, the notices before report number ``reports``; all that are left if it is ``None``."""
        while self._notices and (reports is None or self._notices[0][0] < reports):
            _, log, notice = self._notices.popleft()
            yield log, notice

    def complain(self, problem: Exception | str) -> None:
        """Tell of a log that cannot be read, or not to its end."""
        complain(problem)

    @contextmanager
    def opened(self, name: str) -> Iterator[Iterator[bytes]]:
        """Give the bytes of a log piece by piece."""
        from oomlab.source import pieces

        with progress(name) as on_read:
            yield pieces(name, on_read, on_damage=self.complain)

    def _read(self, name: str) -> Iterator[tuple[str, Report]]:
        """Yield the reports of one log, each as soon as it is whole, however long the log is."""
        from oomlab.parsing import NoticeSearch
        from oomlab.parsing.reader import is_long, read_normalized
        from oomlab.parsing.stream import normalize

        search = NoticeSearch()
        with self.opened(name) as pieces:
            for report in read_normalized(search.through(normalize(pieces))):
                self._keep(name, search.before(report.first_line))
                self._reports += 1
                yield shown(name), report
        self._keep(name, search.rest())
        self.has_kernel_lines |= search.has_kernel_lines
        if search.refusal is not None:
            line, said = search.refusal
            self.refusals.append(f"line {line} of {place(name)} tells of {said}")
        self.are_empty &= search.size == 0
        self.are_long |= is_long(search.size, search.lines)
        if search.is_cut:
            beyond = f"beyond {search.limit >> 20} MB only reports of the kernel are looked for"
            self.complain(f"{place(name)}: {beyond}")

    def _keep(self, name: str, notices: Iterable[Notice]) -> None:
        kept = [(self._reports, shown(name), each) for each in notices]
        self.has_notices |= bool(kept)
        self._notices.extend(kept)
