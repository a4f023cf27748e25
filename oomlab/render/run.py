"""A run of the model as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from oomlab.machine import Machine
from oomlab.rules import has_buffer_head_fix
from oomlab.simulation import Event, Trajectory, lowmem_budget
from oomlab.simulation.words import event_in_words, phrase
from oomlab.units import human_kb, kb

_WIDTH, _LABEL = 96, 10


def run_text(run: Trajectory, critical_ram: int | None) -> str:
    """Return the outcome of a run as text, on one screen. ``critical_ram`` is in pages."""
    blocks = [
        ("Machine", [_machine(run.machine)]),
        ("Work", [_work(run)]),
        ("Outcome", list(_outcome(run, critical_ram))),
        ("Events", [_event(event) for event in run.events]),
        ("Normal", list(_budget(run))),
    ]
    body = ["\n".join(_block(title, lines)) for title, lines in blocks if lines]
    return "\n\n".join([_headline(run), *body]) + "\n"


def _headline(run: Trajectory) -> str:
    """Return in a few words whether the machine lived."""
    after = _size(run.end.written)
    copied = "" if run.outcome == "oom" else f": {after} copied"
    return f"{phrase('headline', run.outcome, written=after)}{copied}."


def _machine(machine: Machine) -> str:
    build = f"{machine.arch}{' PAE' * machine.pae if machine.arch == 'i386' else ''}"
    fix = "with" if has_buffer_head_fix(machine) else "without"
    return (
        f"Linux {machine.kernel} {build}, {_size(machine.ram)} of RAM, {_size(machine.swap)} of swap, "
        f"{fix} the fix of 2012"
    )


def _work(run: Trajectory) -> str:
    size = run.workload.block_size
    blocks = "without buffer_heads" if size is None else f"in blocks of {size} bytes"
    return f"a file of {_size(run.workload.file)}, {blocks}"


def _outcome(run: Trajectory, critical_ram: int | None) -> Iterator[str]:
    yield f"Page cache at the end: {_size(run.end.page_cache)}; swap in use: {_size(run.end.swap_used)}."
    if run.margin_pages is not None:
        margin = _size(abs(run.margin_pages))
        yield (f"Another {margin} of lowmem would have saved it." if run.margin_pages < 0
               else f"At its tightest it had {margin} of lowmem to spare.")  # fmt: skip
    if critical_ram is not None:
        yield f"Such a machine dies from {kb(critical_ram) / 2**20:.2f} GiB of RAM on."


def _event(event: Event) -> str:
    return f"{kb(round(event.written)) / 2**20:>6.2f} GiB  {event_in_words(event)}"


def _budget(run: Trajectory) -> Iterator[str]:
    """Yield what holds ZONE_NORMAL at the end."""
    for part in lowmem_budget(run):
        yield f"{kb(round(part.pages)):>10,} kB  {part.name}"


def _block(title: str, lines: list[str]) -> Iterator[str]:
    parts = [part for line in lines for part in wrap(line, _WIDTH - _LABEL, drop_whitespace=False)]
    for number, part in enumerate(parts):
        yield f"{title if number == 0 else '':<{_LABEL}}{part}"


def _size(pages: float) -> str:
    return human_kb(kb(round(pages)))
