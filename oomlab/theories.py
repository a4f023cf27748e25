"""The theories about the incident: a poll to begin with, and the board that decides it.

The text of each theory is in ``tables/theories.toml``. What decides it is worked
out here, from the report and from the model, and never typed in.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from oomlab.kernel import load_table
from oomlab.machine import INCIDENT, Machine
from oomlab.progress_file import keep, read
from oomlab.render.safe import NO_MATH
from oomlab.report import Report
from oomlab.simulation import INCIDENT_WORKLOAD, Workload, simulate
from oomlab.units import gib_to_pages, human_kb, pages_to_gib


@dataclass(frozen=True, slots=True, kw_only=True)
class Theory:
    """One explanation of the incident: its claim, what it predicts, and the verdict."""

    key: str
    title: str
    says: str
    predicts: str
    verdict: str


def theories() -> tuple[Theory, ...]:
    """Return the theories in the order in which the course tests them.

    >>> [theory.key for theory in theories() if theory.verdict == "right"]
    ['lowmem']
    """
    return tuple(Theory(**row) for row in load_table("theories")["theory"])


# --- the poll ---------------------------------------------------------------------------------


def keep_suspect(key: str) -> str:
    """Keep a learner's choice, and return the name of the file that holds it.

    Raises :class:`ValueError` for an unknown key, and :class:`~oomlab.progress_file.NotKept` where nothing
    can be kept.
    """
    if key not in {theory.key for theory in theories()}:
        raise ValueError(f"{key!r} is none of the suspects: {', '.join(t.key for t in theories())}")
    return keep("suspect", key)


def kept_suspect() -> Theory | None:
    """Return the choice that was kept, or ``None`` where there is none that can be read."""
    key = read().get("suspect")
    return next((theory for theory in theories() if theory.key == key), None)


# --- the evidence -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the report shows about a theory, and what the model does when its remedy is tried."""

    report: str
    model: str


def weigh(theory: Theory, report: Report) -> Evidence:
    """Return what decides a theory, from a report of the incident and from the model."""
    return _WEIGH[theory.key](report)


def _rsync(report: Report) -> Evidence:
    largest = max(task.total_vm or 0 for task in report.tasks if task.comm == "rsync")
    mapped = f"{largest:,} pages, {_kb(report, largest)}"
    return Evidence(
        report=f"the larger rsync has a total_vm of {mapped}; {_swap(report)}",
        model=_trial("mem=16G", replace(INCIDENT, mem_limit=gib_to_pages(16))),
    )


def _scanner(report: Report) -> Evidence:
    clamd = next(task for task in report.tasks if task.comm == "clamd")
    normal = report.zone("Normal")
    anon = normal.counters["active_anon"] + normal.counters["inactive_anon"]
    return Evidence(
        report=f"clamd holds {_kb(report, clamd.rss or 0)}; Normal holds {anon} anonymous pages",
        model=_trial(
            "without clamd's pages", INCIDENT, replace(INCIDENT_WORKLOAD, anon=127_895 - (clamd.rss or 0))
        ),
    )


def _hoarding(report: Report) -> Evidence:
    normal = report.zone("Normal")
    seen = normal.counters["active_file"] + normal.counters["inactive_file"]
    cached = report.totals["active_file"] + report.totals["inactive_file"]
    scanned = normal.counters["pages_scanned"]
    return Evidence(
        report=f"it scanned {scanned:,} pages, in a zone with {seen} of the {cached:,} cached pages",
        model=_trial("with the fix of 2012", replace(INCIDENT, buffer_head_fix=True)),
    )


def _more_swap(report: Report) -> Evidence:
    return Evidence(
        report=_swap(report), model=_trial("64 GiB of swap", replace(INCIDENT, swap=gib_to_pages(64)))
    )


def _lowmem(report: Report) -> Evidence:
    normal, high = report.zone("Normal"), report.zone("HighMem")
    slab = normal.counters["slab_reclaimable"] + normal.counters["slab_unreclaimable"]
    above = (normal.free or 0) - (normal.watermark_min or 0)
    return Evidence(
        report=(
            f"Normal is {above} pages above its min, HighMem has {_kb(report, high.free or 0)} free; "
            f"slab is {100 * slab / (normal.present or 1):.0f} % of Normal"
        ),
        model=_trial("64-bit", replace(INCIDENT, arch="x86_64")),
    )


_WEIGH: dict[str, Callable[[Report], Evidence]] = {
    "rsync": _rsync,
    "scanner": _scanner,
    "hoarding": _hoarding,
    "swap": _more_swap,
    "lowmem": _lowmem,
}


def _kb(report: Report, pages: int) -> str:
    return human_kb(pages * report.page_size_kb)


def _swap(report: Report) -> str:
    assert report.swap is not None
    used = (report.swap.total or 0) - (report.swap.free or 0)
    return f"{used} of {report.swap.total:,} pages of swap are in use"


def _trial(change: str, machine: Machine, workload: Workload | None = None) -> str:
    run = simulate(machine, workload or INCIDENT_WORKLOAD)
    cache = f"{pages_to_gib(run.end.page_cache):.1f} GiB of page cache"
    return f"{change}: {'dies at' if run.outcome == 'oom' else 'survives with'} {cache}"


# --- the board --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Board:
    """Theories with their predictions, evidence and verdicts, as text and as a table."""

    rows: tuple[tuple[Theory, Evidence], ...]

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{theory.title}: {theory.verdict}\n  predicts: {theory.predicts}\n"
            f"  report:   {evidence.report}\n  model:    {evidence.model}"
            for theory, evidence in self.rows
        )

    def _repr_html_(self) -> str:
        """Return the board as an HTML table, every text escaped."""
        head = "".join(f'<th scope="col">{h}</th>' for h in _HEADS)
        body = "".join(_row(theory, evidence) for theory, evidence in self.rows)
        table = f"{_STYLE}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f'<table class="oom-board {NO_MATH}">{table}</table>'


_HEADS = ("Theory", "If it were so …", "The report shows", "The model shows", "Verdict")
_STYLE = (
    "<style>.oom-board td, .oom-board th { text-align: left !important; vertical-align: top; "
    "padding: 0.5em 0.8em !important; max-width: 22em; white-space: normal; } "
    ".oom-board td:last-child { white-space: nowrap; }</style>"
)


_MARKS = {"right": "✓", "half right": "½", "refuted": "✗"}


def _row(theory: Theory, evidence: Evidence) -> str:
    mark = _MARKS[theory.verdict]
    cells = (theory.predicts, evidence.report, evidence.model, f"{mark} {theory.verdict}")
    return (
        f'<tr><th scope="row">{html.escape(theory.title)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _missing(report: Report) -> Iterator[str]:
    """Name what the evidence is read from and a report lacks."""
    processes = {task.comm for task in report.tasks}
    yield from (f"process {comm}" for comm in ("rsync", "clamd") if comm not in processes)
    normal = next((zone for zone in report.zones if zone.name == "Normal"), None)
    if normal is None or "pages_scanned" not in normal.counters:
        yield "zone Normal with its counters"
    if all(zone.name != "HighMem" for zone in report.zones):
        yield "zone HighMem"
    if report.swap is None:
        yield "line about swap"


def board(report: Report, *chosen: Theory) -> Board:
    """Weigh the chosen theories, or all of them, against the incident's report and the model.

    Raises :class:`ValueError` for a report of another machine, which the theories are not about.
    """
    if missing := [*_missing(report)]:
        raise ValueError(
            f"the theories are about the incident, and this report has no {', no '.join(missing)}"
        )
    return Board(rows=tuple((theory, weigh(theory, report)) for theory in chosen or theories()))
