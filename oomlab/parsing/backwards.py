"""Logs that run backwards: ``journalctl -r`` and most web pages put the newest line first.

Such a log is turned round before it is read. The report then gets the numbers that its
lines have in the log as it was given.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from oomlab.report import Report, Source

_ORDERS = (
    ("oom-killer: ", "Mem-Info:", "lowmem_reserve[]:"),
    ("oom-killer: ", "tgid total_vm ", "Killed process "),
)
"""Words of a report, in the order in which a kernel prints them."""

_PARTS = ("nodes", "zones", "tasks", "victims", "hugepages", "allocations", "problems")
_LINES = ("line", "reserve_line", "blocks_line", "stats_line", "slabs_line")


def runs_backwards(text: str) -> bool:
    """Tell whether a log has its newest line first: its first report is the wrong way round, and its last.

    >>> runs_backwards("lowmem_reserve[]: 0 0\\nMem-Info:\\nsh invoked oom-killer: gfp_mask=0xd0")
    True
    """
    return any(_is_reversed(text, words) for words in _ORDERS)


def _is_reversed(text: str, words: tuple[str, str, str]) -> bool:
    first = text.find(words[0])
    second = text.find(words[1], 0, max(first, 0))
    if text.find(words[2], 0, max(second, 0)) < 0:
        return False
    return text.rfind(words[2]) < text.rfind(words[1]) < text.rfind(words[0])


def turn_round(text: str) -> str:
    """Put the last line first."""
    return "\n".join(reversed(text.split("\n")))


def renumber(report: Report, total: int) -> Report:
    """Give a report of a log that was turned round the numbers of the log as it was, of ``total`` lines."""
    first, last = total + 1 - report.last_line, total + 1 - report.first_line
    parts: dict[str, Any] = {
        name: tuple(_renumber(part, total) for part in getattr(report, name)) for name in _PARTS
    }
    for name in ("trigger", "swap", "memcg"):
        part = getattr(report, name)
        parts[name] = part and _renumber(part, total)
    lines = {name: total + 1 - line for name, line in report.totals_lines.items()}
    source = Source(first, tuple(line.text for line in report.source)[::-1])
    turned: Report = replace(
        _renumber(report, total),
        first_line=first,
        last_line=last,
        totals_lines=MappingProxyType(lines),
        source=source,
        **parts,
    )
    return turned


def _renumber(part: Any, total: int) -> Any:
    """Turn every number of a line in one part of a report."""
    lines = {name: getattr(part, name, None) for name in _LINES}
    turned = {name: total + 1 - line for name, line in lines.items() if line is not None}
    return part._replace(**turned) if hasattr(part, "_replace") else replace(part, **turned)
