"""Take the bytes of a log through every stage: read, judge, show, fit, run and draw it.

Whatever must not happen raises. What is worked out once is shared: a report is judged once for all that
show it, and a machine is run once however many cases have it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from oomlab.badness import explains, rank
from oomlab.diagnosis.judged import Judged, judge
from oomlab.diagnosis.timelines import TimelineBuilder
from oomlab.errors import MachineError
from oomlab.fitting import Fit, fit
from oomlab.machine import Machine
from oomlab.parsing.reader import read_normalized
from oomlab.parsing.stream import count_lines, normalize
from oomlab.render import annotated, html, json_document, line, markdown, text, timeline_html
from oomlab.render.redacted import Redactor
from oomlab.render.run import run_text
from oomlab.render.safe import plain
from oomlab.report import Report
from oomlab.simulation import Trajectory, Workload, critical_ram, simulate, to_json

DRAWN = 200
"""Of so many cases one is drawn: the pictures of a report take as long as all the rest of a hundred cases."""


class Found(NamedTuple):
    """How many reports a case has, how many machines were fitted to them, and how long drawing took."""

    reports: int
    fits: int = 0
    drawing: float | None = None


def read(data: bytes) -> list[Report]:
    """Read one log, and return its reports, of which each must lie within it."""
    pieces = list(normalize([data]))
    reports: list[Report] = list(read_normalized(pieces))
    last = count_lines(b"".join(pieces)) + 1
    for report in reports:
        assert 1 <= report.first_line <= report.last_line <= last, (report.first_line, report.last_line, last)
        assert len(report.source) == report.last_line - report.first_line + 1
    return reports


def explain(reports: Sequence[Report], turn: int | None = None) -> None:
    """Judge reports and show them: nothing may fail, and nothing may act on a terminal.

    Each is shown in a line, in JSON, and in every other form, or in one of them, which ``turn`` picks.
    """
    judged = list(judge(("a log", report) for report in reports))
    timeline = TimelineBuilder(whole=True)
    for number, each in enumerate(judged, 1):
        assert each.failure is None, each.failure
        shown = line(each.report, each.diagnosis, number)
        for form in FORMS if turn is None else (FORMS[(turn + number) % len(FORMS)],):
            shown += form(each)
        assert shown.replace("\n", "").isprintable()
        timeline.add(each)
    "".join(json_document(judged))
    timeline_html(timeline.build())


def _redacted(each: Judged) -> str:
    return "".join(map(plain, Redactor().lines(each.report)))


FORMS: tuple[Callable[[Judged], str], ...] = (
    lambda each: text(each.report, each.diagnosis),
    lambda each: markdown(each.report, each.diagnosis).replace(
        "\u2060", ""
    ),  # which keeps a name from acting
    lambda each: html(each.report, each.diagnosis),
    lambda each: annotated(each.report),
    _redacted,
)
"""The forms in which a report is shown whole."""


def model(reports: Sequence[Report]) -> list[Fit]:
    """Fit a machine to each report, divide its lowmem, run it, and work out who should have been killed."""
    fits = []
    for report in reports:
        fits.append(fitted := fit(report))
        fitted.budget()
        explains(report)
        rank(report)
        if fitted.machine is not None and fitted.workload is not None:
            simulated(fitted.machine, fitted.workload)
    return fits


@lru_cache(4096)
def simulated(machine: Machine, workload: Workload) -> Trajectory | None:
    """Run a machine, and tell of it; ``None`` where it could not be."""
    try:
        run = simulate(machine, workload)
        critical = critical_ram(machine, workload)
    except MachineError:
        return None
    run_text(run, critical)
    to_json(run, critical)
    return run


def draw(fits: Sequence[Fit]) -> None:
    """Draw each report and the run of its machine."""
    import matplotlib as mpl  # slow to load, and only for this

    mpl.use("Agg")
    from oomlab import plot

    for each in fits:
        for picture in (plot.zones, plot.buddy, plot.totals):
            picture(each.report).png()
        run = each.machine and each.workload and simulated(each.machine, each.workload)
        if run:
            plot.trajectory(run).png()
        if parts := each.budget():
            plot.budget(parts).png()


def _read(data: bytes, number: int) -> Found:
    return Found(len(read(data)))


def _explain(data: bytes, number: int) -> Found:
    reports = read(data)
    explain(reports)
    return Found(len(reports))


def _all(data: bytes, number: int) -> Found:
    reports = read(data)
    explain(reports, turn=number)
    fits = model(reports)
    fitted = sum(each.machine is not None for each in fits)
    if not fits or number % DRAWN:
        return Found(len(reports), fitted)
    before = time.process_time()
    draw(fits[:1])
    return Found(len(reports), fitted, time.process_time() - before)


STAGES: dict[str, Callable[[bytes, int], Found]] = {"read": _read, "explain": _explain, "all": _all}
"""How far each goes with the bytes of a case and its number."""


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeoutError` when a block takes so many seconds of the processor's time."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no end after {seconds:.0f} s")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
