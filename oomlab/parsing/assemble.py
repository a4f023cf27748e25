"""Last step: make a :class:`Report` of the lines that belong together, and say what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from oomlab.kernel import KernelRelease
from oomlab.parsing import header, memory
from oomlab.parsing.memcg import read_memcg
from oomlab.parsing.missing import find_missing
from oomlab.parsing.reconstruct import reconstruct
from oomlab.parsing.sketch import Sketch
from oomlab.parsing.tasks import read_tasks
from oomlab.parsing.victims import read_victims
from oomlab.parsing.zones import read_zones
from oomlab.report import MEMCG_OOM_FRAMES, Allocation, Memcg, Problem, Report, Scope, Source

_GROUP = re.compile(r"emory cgroup|emory in UB ")
"""How a kill names a group; ``UB`` is OpenVZ's, the beancounter of a container."""

_CONSTRAINT = re.compile(r"constraint=(\w{1,40})", re.A)
_SLAB = re.compile(r"(\S.{0,60}?)\s{1,40}(\d{1,15})KB\s{1,40}(\d{1,15})KB", re.A)
_ALLOCATION = re.compile(r"([\d.]{1,15})\s{0,4}([KMGT]?)i?B\s{1,20}(\d{1,15})\s{1,20}(\S.{0,200})", re.A)
_KB = {"": 1 / 1024, "K": 1, "M": 2**10, "G": 2**20, "T": 2**30}
_BIG_PAGES = (
    ("ppc64", 64),
    ("+64k", 64),
    (".el8.aarch64", 64),
    (".el7.aarch64", 64),
    ("sparc64", 8),
    ("ia64", 16),
)
_SCOPES: dict[str, Scope] = {
    "CONSTRAINT_MEMCG": "memcg",
    "CONSTRAINT_CPUSET": "cpuset",
    "CONSTRAINT_MEMORY_POLICY": "mempolicy",
}


def assemble(sketch: Sketch, source: Source, bare: frozenset[int] | None = None) -> Report:
    """Read every part of one report.

    ``source`` are its lines as they were given, ``bare`` the numbers of those that the logger did not write.
    """
    problems: list[Problem] = []
    report = _read(sketch, source, problems)
    problems.extend(find_missing(report, sketch, bare))
    if not problems:
        return report
    return replace(report, problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _read(sketch: Sketch, source: Source, problems: list[Problem]) -> Report:
    kernel = header.read_kernel(sketch)
    page_kb = _page_size(sketch, kernel, problems)
    blocks = memory.read_blocks(sketch, page_kb, problems)
    zones, orphans = read_zones(sketch, page_kb, blocks, problems)
    totals, totals_lines = memory.read_totals(sketch, page_kb)
    tasks = read_tasks(sketch, problems)
    places = header.read_places(sketch)
    memcg = read_memcg(sketch)
    constraint = _constraint(sketch)
    trace = header.read_trace(sketch.of("trace"))
    titles = sketch.of("slab_title")
    return Report(
        kind=header.read_kind(sketch, trace),
        first_line=sketch.first,
        last_line=sketch.last,
        kernel=kernel,
        page_size_kb=page_kb,
        trigger=header.read_trigger(sketch),
        scope=_SCOPES.get(constraint or "", "memcg" if _is_memcg(sketch, memcg, trace) else "global"),
        constraint=constraint,
        nodemask=places.get("nodemask"),
        mems_allowed=places.get("mems_allowed"),
        memcg=memcg,
        totals=totals,
        totals_lines=totals_lines,
        nodes=memory.read_nodes(sketch, page_kb, problems),
        zones=reconstruct(zones, blocks, orphans, page_kb, kernel, problems),
        swap=memory.read_swap(sketch, page_kb, totals),
        tasks=tasks,
        victims=read_victims(sketch, tasks, problems),
        trace=trace,
        hugepages=memory.read_hugepages(sketch),
        slabs=_slabs(sketch),
        slabs_line=titles[0].number if titles else None,
        allocations=tuple(_allocations(sketch)),
        panic=_panic(sketch),
        source=source,
    )


def _page_size(sketch: Sketch, kernel: KernelRelease | None, problems: list[Problem]) -> int:
    """Read the page size off the report; where nothing shows it, go by the release."""
    shown = memory.page_size_kb(sketch)
    if shown is not None:
        return shown
    text = kernel.text if kernel else ""
    size = next((size for mark, size in _BIG_PAGES if mark in text), 4)
    if size != 4:
        problems.append(Problem(None, f"No line shows the page size: {size} kB is what {text} usually has"))
    return size


def _constraint(sketch: Sketch) -> str | None:
    found = (_CONSTRAINT.search(line.text) for line in sketch.of("constraint"))
    return next((match[1] for match in found if match), None)


def _is_memcg(sketch: Sketch, memcg: Memcg | None, trace: tuple[str, ...]) -> bool:
    """Where no line names the constraint, a group's own lines, the call trace or the kill's words tell."""
    if memcg is not None or not MEMCG_OOM_FRAMES.isdisjoint(trace):
        return True
    return any(_GROUP.search(line.text) for line in sketch.of("chosen", "killed"))


def _panic(sketch: Sketch) -> str | None:
    """Give the words of the panic; since 4.20 a line that nothing can be killed may stand before them."""
    texts = [line.text for line in sketch.of("panic")]
    return next((text for text in texts if "panic" in text), texts[0] if texts else None)


def _slabs(sketch: Sketch) -> dict[str, tuple[int, int]]:
    found = (_SLAB.match(line.text) for line in sketch.of("slab"))
    return {match[1]: (int(match[2]), int(match[3])) for match in found if match}


def _allocations(sketch: Sketch) -> Iterator[Allocation]:
    for line in sketch.of("alloc"):
        match = _ALLOCATION.match(line.text)
        if match is not None and match[1].count(".") < 2 and match[1] != ".":
            size_kb = int(float(match[1]) * _KB[match[2]])
            yield Allocation(size_kb, int(match[3]), match[4].strip(), line.number)
