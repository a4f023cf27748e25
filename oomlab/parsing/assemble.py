"""Assemble a :class:`Report` from the lines that belong together, and list what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from oomlab.kernel import KernelRelease
from oomlab.parsing.checks import find_missing
from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import LineKind, LogKinds, LogLines
from oomlab.parsing.reconstruct import reconstruct
from oomlab.parsing.sections import header, memory
from oomlab.parsing.sections.memcg import read_group, read_memcg, read_protection
from oomlab.parsing.sections.tasks import read_tasks
from oomlab.parsing.sections.victims import page_size_kb, read_exiting, read_victims
from oomlab.report import MEMCG_OOM_FRAMES, Allocation, Memcg, Problem, Report, Scope, Source
from oomlab.units import UNITS

_GROUP = re.compile(r"emory cgroup|emory in UB ")
"""How a kill names a group; ``UB`` is OpenVZ's, the beancounter of a container."""

_CONSTRAINT = re.compile(r"constraint=(\w{1,40})", re.A)
_SLAB = re.compile(r"(\S.{0,60}?)\s{1,40}(\d{1,15})KB\s{1,40}(\d{1,15})KB", re.A)
_ALLOCATION = re.compile(r"([\d.]{1,15})\s{0,4}([KMGT]?)i?B\s{1,20}(\d{1,15})\s{1,20}(\S.{0,200})", re.A)
_BIG_PAGES = (
    ("ppc64", 64),
    (".el8.aarch64", 64),
    (".el7.aarch64", 64),
    ("rpi-2712", 16),
    ("sparc64", 8),
    ("ia64", 16),
)
"""By a part of a kernel's name, the pages in kB that it is built for where the name does not say so."""

_NAMED_PAGES = re.compile(r"[-+.](16|64)kb?(?![a-z\d])", re.A)
"""How the name does: ``+64k`` at Red Hat and Fedora, ``-64k`` at Ubuntu and Debian, ``-64kb`` at SUSE."""

_SCOPES: dict[str, Scope] = {
    "CONSTRAINT_MEMCG": "memcg",
    "CONSTRAINT_CPUSET": "cpuset",
    "CONSTRAINT_MEMORY_POLICY": "mempolicy",
}
"""What bound a kill, by the kernel's own names. Source: include/linux/oom.h, ``enum oom_constraint``."""


def assemble(draft: Draft, lines: LogLines, kinds: LogKinds, source: Source, stamp: str = "") -> Report:
    """Read every section of one report.

    ``lines`` and ``kinds`` are those of the whole log, ``source`` the report's own lines as they were given,
    ``stamp`` the line of the request with its time, where that does not stand in its line as it was given.
    """
    problems: list[Problem] = []
    report = _read(draft, source, kinds.between(draft.first, draft.last), problems)
    problems.extend(find_missing(report, draft, lines))
    report = replace(report, stamp=stamp) if stamp else report
    if not problems:
        return report
    return replace(report, problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _read(draft: Draft, source: Source, kinds: Mapping[int, LineKind], problems: list[Problem]) -> Report:
    kernel = header.read_kernel(draft)
    tasks = read_tasks(draft, problems)
    victims = read_victims(draft, tasks, problems)
    page_kb = memory.page_size_kb(draft) or page_size_kb(victims, tasks) or _usual_page_size(kernel, problems)
    blocks = memory.read_blocks(draft, page_kb, problems)
    zones, orphans = memory.read_zones(draft, page_kb, blocks, problems)
    totals, totals_lines = memory.read_totals(draft, page_kb, problems)
    places = header.read_places(draft)
    memcg = read_memcg(draft)
    constraint = _constraint(draft, problems)
    trace = header.read_trace(draft.of("trace"))
    titles = draft.of("slab_title")
    return Report(
        kind=header.read_kind(draft, trace),
        first_line=draft.first,
        last_line=draft.last,
        kernel=kernel,
        kernel_line=draft.release.number if draft.release and kernel else None,
        boot_line=draft.boot_line,
        page_size_kb=page_kb,
        trigger=header.read_trigger(draft),
        scope=_SCOPES.get(constraint or "", "memcg" if _is_memcg(draft, memcg, trace) else "global"),
        constraint=constraint,
        nodemask=places.get("nodemask"),
        mems_allowed=places.get("mems_allowed"),
        memcg=memcg,
        oom_group=read_group(draft),
        protection=read_protection(draft),
        totals=totals,
        totals_lines=totals_lines,
        nodes=memory.read_nodes(draft, page_kb, problems),
        zones=reconstruct(zones, blocks, orphans, page_kb, kernel, problems),
        swap=memory.read_swap(draft, page_kb, totals),
        tasks=tasks,
        victims=victims,
        exiting=read_exiting(draft, tasks),
        trace=trace,
        hugepages=memory.read_hugepages(draft),
        slabs=_slabs(draft),
        slabs_line=titles[0].number if titles else None,
        allocations=tuple(_allocations(draft)),
        panic=_panic(draft),
        source=source,
        kinds=kinds,
    )


def _usual_page_size(kernel: KernelRelease | None, problems: list[Problem]) -> int:
    """Return the page size in kB that a release usually has."""
    text = kernel.text if kernel else ""
    named = _NAMED_PAGES.search(text)
    size = int(named[1]) if named else next((size for part, size in _BIG_PAGES if part in text), 4)
    if size != 4:
        problems.append(Problem(None, f"No line shows the page size: {size} kB is what {text} usually has"))
    return size


def _constraint(draft: Draft, problems: list[Problem]) -> str | None:
    """Return what bound the kill, by the kernel's own name; a name that was cut is none."""
    for number, text in draft.of("constraint"):
        match = _CONSTRAINT.search(text)
        if match is not None and match.end() < len(text.rstrip()):
            return match[1]
        problems.append(Problem(number, "The line oom-kill: is cut: it does not show what bound the kill"))
    return None


def _is_memcg(draft: Draft, memcg: Memcg | None, trace: tuple[str, ...]) -> bool:
    """Whether a group met its limit, where no line names the constraint: by other lines or the trace."""
    if memcg is not None or not MEMCG_OOM_FRAMES.isdisjoint(trace):
        return True
    return any(_GROUP.search(line.text) for line in draft.of("chosen", "killed", "exiting"))


def _panic(draft: Draft) -> str | None:
    """Return the words of the panic; since 4.20 a line that nothing can be killed may stand before them."""
    texts = [line.text for line in draft.of("panic")]
    return next((text for text in texts if "panic" in text), texts[0] if texts else None)


def _slabs(draft: Draft) -> dict[str, tuple[int, int]]:
    found = (_SLAB.match(line.text) for line in draft.of("slab"))
    return {match[1]: (int(match[2]), int(match[3])) for match in found if match}


def _allocations(draft: Draft) -> Iterator[Allocation]:
    for line in draft.of("alloc"):
        match = _ALLOCATION.match(line.text)
        if match is not None and match[1].count(".") < 2 and match[1] != ".":
            size_kb = int(float(match[1]) * UNITS[match[2].lower()] / 1024)
            yield Allocation(size_kb, int(match[3]), match[4].strip(), line.number)
