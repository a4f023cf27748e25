"""In which order the kernel prints the lines of a report, and what each kind of line may do."""

from __future__ import annotations

from oomlab.parsing.kinds import Kind

_STAGES: dict[int, tuple[Kind, ...]] = {
    0: ("header", "failure", "show"),
    1: ("cpuset", "identity", "trace", "context", "by_hand"),
    2: ("memcg_task", "memcg_usage", "memcg_stats", "memcg_stat"),
    3: ("meminfo", "pcp_zone", "pcp", "free_pages", "totals"),
    4: ("node", "zone", "reserve"),
    5: ("blocks", "huge", "pages", "swap"),
    6: ("slab_title", "slab", "alloc_title", "alloc"),
    7: ("task_title", "task_header", "task"),
    8: ("constraint", "chosen", "killed", "memcg_group", "panic"),
    9: ("reaped",),
}
STAGE = {kind: stage for stage, kinds in _STAGES.items() for kind in kinds}

LATEST: dict[Kind, int] = {
    "by_hand": -1,  # it stands before a report that has no header, or else tells nothing new
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

OPENERS = frozenset(
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
        "panic",
    )
)
"""Only a report has such lines, so they open one when the header is lost."""

OPENING_WORDS: dict[Kind, str] = {
    "zone": "min:",  # people compare what is free with what is managed in the words of the kernel
    "totals": "active_anon:",
    "memcg_usage": "memory: usage ",
    "slab_title": "nreclaimable slab info:",
    "alloc": " func:",
}
"""Of these kinds only the lines with these words do."""

NEEDS: dict[Kind, Kind] = {"memcg_stat": "memcg_stats", "slab": "slab_title", "alloc": "alloc_title"}
"""Lines that mean something only under their title."""


RUNS = frozenset(
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
        "other",
    )
)
"""Lines that come many in a row, and whose first tells where all of them belong."""
