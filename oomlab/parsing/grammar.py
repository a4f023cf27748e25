"""The order in which the kernel prints the lines of a report, and the draft that collects them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from oomlab.parsing.kills import is_by_kernel, pid_in
from oomlab.parsing.lines import Line, LineKind

GAP = 200
"""Lines of other programs that end a report."""


class Stage(IntEnum):
    """How far a report has come: the kernel prints its parts in this order."""

    BEFORE = -1
    REQUEST = 0
    ORIGIN = 1
    CGROUP = 2
    TOTALS = 3
    ZONES = 4
    STOCK = 5
    SLAB = 6
    TASKS = 7
    KILL = 8
    REAPED = 9


_STAGES: dict[Stage, tuple[LineKind, ...]] = {
    Stage.REQUEST: ("header", "failure", "show"),
    Stage.ORIGIN: ("cpuset", "identity", "trace", "context", "manual_oom", "slab_failure"),
    Stage.CGROUP: ("memcg_task", "memcg_usage", "memcg_stats", "memcg_stat"),
    Stage.TOTALS: ("meminfo", "pcp_zone", "pcp", "free_pages", "totals"),
    Stage.ZONES: ("node", "zone", "reserve"),
    Stage.STOCK: ("blocks", "huge", "pages", "swap"),
    Stage.SLAB: ("slab_title", "slab", "alloc_title", "alloc", "protection"),
    Stage.TASKS: ("task_title", "task_header", "task"),
    Stage.KILL: ("constraint", "chosen", "killed", "exiting", "memcg_group", "panic"),
    Stage.REAPED: ("reaped",),
}
STAGE: dict[LineKind, Stage] = {kind: stage for stage, kinds in _STAGES.items() for kind in kinds}
"""The stage to which a line of this kind brings a report; kinds that no report has are not in it."""

LATEST: dict[LineKind, Stage] = dict.fromkeys(STAGE, Stage.REAPED) | {
    "manual_oom": Stage.BEFORE,  # it stands before a report
    "slab_failure": Stage.BEFORE,
    "cpuset": Stage.ORIGIN,
    "identity": Stage.ORIGIN,
    "trace": Stage.ORIGIN,
    "context": Stage.ORIGIN,
    "memcg_stat": Stage.CGROUP,
    "totals": Stage.ZONES,
    "pcp_zone": Stage.TOTALS,
    "pcp": Stage.TOTALS,
}
"""The last stage of the open report at which a line of this kind can still belong to it."""

_OPENERS: frozenset[LineKind] = frozenset(
    (
        "meminfo",
        "node",
        "reserve",
        "blocks",
        "memcg_task",
        "memcg_stats",
        "task_header",
        "constraint",
        "chosen",
        "killed",
        "reaped",
        "panic",
    )
)
"""Only a report has such lines, so they open one when the header is lost."""

_OPENING_WORDS: dict[LineKind, str] = {
    "zone": "min:",  # people compare what is free with what is managed in the words of the kernel
    "totals": "active_anon:",
    "memcg_usage": "memory: usage ",
    "slab_title": "nreclaimable slab info:",
    "alloc": " func:",
}
"""Of these kinds only the lines with these words open a report."""

TITLES: dict[LineKind, LineKind] = {"memcg_stat": "memcg_stats", "slab": "slab_title", "alloc": "alloc_title"}
"""Lines that mean something only under their title, if their words alone do not open a report."""

REPEATED: frozenset[LineKind] = frozenset(
    (
        "trace",
        "context",
        "totals",
        "blocks",
        "pages",
        "swap",
        "task",
        "slab",
        "alloc",
        "memcg_stat",
        "pcp",
        "slab_failure",
        "other",
    )
)
"""Lines that come many in a row; all lines of such a run belong where its first line belongs."""

_KEPT_WITH: dict[LineKind, LineKind] = {"reserve": "zone", "pcp": "pcp_zone"}
"""Lines that have no name of their own stay with the line that has it."""

_NAMES_VICTIM: frozenset[LineKind] = frozenset(("constraint", "chosen", "killed"))


def zone_head(text: str) -> str:
    """Return what names a zone at the beginning of its line: ``Node 0 DMA32``."""
    return text.partition(" free")[0]


def opens(kind: LineKind, text: str) -> bool:
    """Whether only a report has such a line, so that it opens one whose header is lost."""
    words = _OPENING_WORDS.get(kind)
    if words is not None:
        return words in text
    return kind in _OPENERS and (kind != "killed" or is_by_kernel(text))


@dataclass(slots=True)
class Draft:
    """A report that is being collected: its lines by kind, and how far it has come.

    ``zone_heads`` are the zones it has, with their nodes, ``zone_names`` the same without. ``pids`` are the
    processes that it chose or killed. ``others`` are lines between its own that no report has. ``release``
    is a line outside the report that names its kernel, where the report itself does not: the start of that
    kernel, or another line of the same boot. ``boot_line`` is where a kernel started last above the report.
    """

    first: int
    last: int
    lines: dict[LineKind, list[Line]] = field(default_factory=dict)
    zone_heads: set[str] = field(default_factory=set)
    zone_names: set[str] = field(default_factory=set)
    pids: set[str] = field(default_factory=set)
    stage: Stage = Stage.BEFORE
    others: list[Line] = field(default_factory=list)
    release: Line | None = None
    boot_line: int | None = None

    @property
    def awaits_kill(self) -> bool:
        """Whether it says who is to be killed, and not yet that it was."""
        return bool(self.pids) and {"killed", "exiting", "panic"}.isdisjoint(self.lines)

    def add(self, kind: LineKind, run: list[Line]) -> None:
        """Keep lines of one kind."""
        self.lines.setdefault(_KEPT_WITH.get(kind, kind), []).extend(run)
        if kind == "zone":
            heads = [zone_head(text) for _, text in run]
            self.zone_heads.update(heads)
            self.zone_names.update([each.rpartition(" ")[2] for each in heads])
        elif kind in _NAMES_VICTIM:
            self.pids.update([pid for _, text in run if (pid := pid_in(text)) is not None])

    def of(self, *kinds: LineKind) -> list[Line]:
        """Return the lines of these kinds, kind by kind."""
        if len(kinds) == 1:
            return self.lines.get(kinds[0], [])
        return [line for kind in kinds for line in self.lines.get(kind, ())]
