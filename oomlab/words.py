"""Small words that every text needs: lists, counts, shares and the names of zones."""

from __future__ import annotations

from collections.abc import Iterable

from oomlab.mmzone import ZONE_ORDER
from oomlab.report import Report, ZoneStat


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words joined as English does.

    >>> listed(["DMA", "Normal", "HighMem"])
    'DMA, Normal and HighMem'
    """
    *others, end = [*words] or [""]
    return f"{', '.join(others)} {last} {end}" if others else end


def several(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: ``1 page``, ``2,014 pages``.

    >>> several(2014, "page")
    '2,014 pages'
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Return a share, from 0 to 1, as a percentage.

    >>> percent(0.593), percent(0.0004)
    ('59 %', 'under 1 %')
    """
    return "under 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def duration(seconds: float) -> str:
    """Return within how long something happened, as a person would say it; at least a tenth of a second.

    >>> [duration(seconds) for seconds in (0.01, 4, 320, 11520, 187200)]
    ['0.1 s', '4.0 s', '5 min 20 s', '3 h 12 min', '2 days 4 h']
    """
    if seconds < 100:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} days {hours % 24} h"


def zone_name(zone: ZoneStat, report: Report) -> str:
    """Return the name of a zone, with its node where the machine of the report has more than one.

    A zone on any node but 0 shows that it has, and node 0, which comes first, has no more than one of each.
    """
    if zone.node is None or not any(each.node for each in report.zones[: len(ZONE_ORDER) + 1]):
        return zone.name
    return f"{zone.name} of node {zone.node}"


def zone_names(zones: Iterable[ZoneStat], report: Report) -> str:
    """Return the names of zones as a list in words, each once."""
    return listed(dict.fromkeys(zone_name(zone, report) for zone in zones))
