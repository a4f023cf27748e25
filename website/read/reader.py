"""What the page *Read my log* asks the library for: read logs, then show one of the reports that were found.

It runs in the page's worker. A file comes as an object with ``name``, ``size`` and ``read(at, count)``. What
goes back is text: JSON, HTML that is escaped already, or Markdown.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from oomlab.cli.complaint import shown
from oomlab.cli.explain import nothing_found
from oomlab.cli.logs import Logs
from oomlab.diagnosis.judged import Judged, judge
from oomlab.diagnosis.timelines import TimelineBuilder
from oomlab.errors import OomlabError
from oomlab.render import annotated, html, json_document, markdown, notices_text
from oomlab.render.safe import dumps, plain
from oomlab.render.sentences.cause import cause_label, headline, when_in_words
from oomlab.render.sentences.victim import killed_in_words
from oomlab.report import Notice
from oomlab.source import pieces_of
from oomlab.units import human_kb

_AT_ONCE = 1 << 20
"""Bytes that are taken from the browser at a time."""


class Reader:
    """The reports of the logs that were read last, and what other programs wrote in them."""

    def __init__(self) -> None:
        self.found: list[Judged] = []
        self.notices: list[list[tuple[str, Notice]]] = []

    def read(
        self,
        files: Sequence[Any],
        on_progress: Callable[[int], object] = lambda count: None,
        on_found: Callable[[str], object] = lambda row: None,
    ) -> str:
        """Read the reports of these files; return what they come to, as JSON.

        ``on_progress`` gets the bytes that each reading took, ``on_found`` a row for each report.
        """
        self.found, self.notices = [], []
        logs = _Files(files, on_progress)
        timelines: dict[str, TimelineBuilder] = {}
        for number, judged in enumerate(judge(logs), 1):
            self.found.append(judged)
            self._keep(logs.taken(number), timelines)
            timelines.setdefault(judged.log, TimelineBuilder()).add(judged)
            on_found(dumps(_row(judged)))
        self._keep(logs.taken(), timelines)
        together = [{"log": log, "summary": each.build().summary} for log, each in timelines.items()]
        outcome = {"timelines": together, "problems": logs.problems, "others": self._others()}
        return dumps(outcome | {"nothing": "" if together or not logs.readable else nothing_found(logs)})

    def _keep(self, notices: Iterator[tuple[str, Notice]], timelines: dict[str, TimelineBuilder]) -> None:
        self.notices.append(list(notices))
        for log, notice in self.notices[-1]:
            timelines.setdefault(log, TimelineBuilder()).add_notice(notice)

    def _others(self) -> str:
        """Return what other programs wrote of kills, what that means and what to do."""
        found = [notice for notices in self.notices for _, notice in notices]
        return notices_text(found) if found else ""

    def show(self, index: int) -> str:
        """Return a report as JSON of its headline, its page, and its lines explained part by part."""
        return self.found[index].show(_pages)

    def markdown(self, index: int) -> str:
        """Return a report as Markdown."""
        return self.found[index].show(lambda each: markdown(each.report, each.diagnosis))

    def source(self, index: int) -> str:
        """Return the lines of a report as they stand in the log."""
        return "\n".join(line.text for line in self.found[index].report.source) + "\n"

    def json(self) -> str:
        """Return every report as the document that ``oomlab explain --json`` prints."""
        rest = iter(self.notices)

        def taken(reports: int | None) -> Iterator[tuple[str, Notice]]:
            return iter(next(rest))

        return "".join(json_document(self.found, taken))

    def machine(self, index: int) -> str:
        """Return the 32-bit machine behind a report as JSON: its name, and the failure lab with it.

        Where there is no such machine it is ``null``.
        """
        from oomlab.explore.lab_page import lab_page
        from oomlab.fitting import fit

        try:
            fitted = fit(self.found[index].report)
            machine = fitted.machine
            if machine is None or machine.arch != "i386":
                return "null"
            name = f"{human_kb(machine.ram * 4)} of RAM, Linux {machine.kernel}"
            return dumps({"name": name, "page": lab_page(machine, fitted.workload)})
        except OomlabError:
            return "null"


class _Files(Logs):
    """The logs that a visitor gave."""

    def __init__(self, files: Sequence[Any], on_progress: Callable[[int], object]) -> None:
        super().__init__([plain(shown(file.name)) for file in files])
        self.problems: list[str] = []
        self._on_progress, self._open = on_progress, iter(files)

    def complain(self, problem: Exception | str) -> None:
        self.problems.append(plain(str(problem)))

    @contextmanager
    def opened(self, name: str) -> Iterator[Iterator[bytes]]:
        raw = io.BufferedReader(_File(next(self._open)), _AT_ONCE)
        yield pieces_of(raw, name, self._on_progress, self.complain)


class _File(io.RawIOBase):
    """A file of the browser as Python reads files."""

    def __init__(self, file: Any) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(self._at, len(buffer)).to_bytes()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _row(judged: Judged) -> dict[str, Any]:
    report = judged.report
    return {
        "log": judged.log,
        "line": report.first_line,
        "when": when_in_words(report.time, report.uptime_s),
        "why": cause_label(report.kind, judged.diagnosis),
        "killed": killed_in_words(report.victims),
    }


def _pages(judged: Judged) -> str:
    report, diagnosis = judged.report, judged.diagnosis
    return dumps(
        {
            "title": headline(report, diagnosis),
            "page": html(report, diagnosis),
            "annotated": annotated(report),
        }
    )
