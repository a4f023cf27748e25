"""Compare the times of lines of a log: by the kernel's clock, and by the one on the wall."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from oomlab.report import time_in, uptime_in

_STAMP = re.compile(
    r"(?:(?P<iso>\d{4}-\d\d-\d\d)[T ]"
    r"|(?P<month>[^\W\d]+)\.? (?P<day>\d{1,2}) "
    r"|(?P<day_first>\d{1,2})\.? (?P<month_last>[^\W\d]+)\.? )?"
    r"(?P<hours>\d\d):(?P<minutes>\d\d):(?P<seconds>\d\d)"
    r"(?: (?P<half>[AP])M)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_SECONDS = 86_400
_HALF_A_YEAR_DAYS = 183
_LEAP_YEAR = 2000

_MAX_DELAY_SECONDS = 10
"""The usual longest delay between the kernel's print and a logger's stamp."""

_MAX_DRIFT = 0.001
"""The largest error of the kernel's own clock, which nothing corrects, as a part of the time."""

_CLOCK_CHANGE_SECONDS = 3_600
"""The change of a clock on the wall, twice a year."""


_MAX_DISORDER_SECONDS = 5
"""The most by which lines of two CPUs stand in the wrong order; a new boot sets the uptime back further."""

_SAME_BOOT_SECONDS = 1
"""The distance of two uptimes that are of one boot, whatever the clock on the wall says."""


class _Moment(NamedTuple):
    """A time on the wall; two can be compared if ``form`` is the same."""

    form: str
    days: int
    seconds: int


def seconds_between(first: str, second: str) -> float | None:
    """Return how long after one line another was written: by the uptime or, without one, by the wall.

    ``None`` where the two have no time of the same kind.
    """
    uptimes = uptime_between(uptime_in(first), uptime_in(second))
    return wall_between(time_in(first), time_in(second)) if uptimes is None else uptimes


def are_apart(first: str, second: str, seconds: float, by_wall: float | None = None) -> bool:
    """Whether a line was written more than ``seconds`` after one that stands above it, or in another boot.

    The uptime only grows within a boot, and no one sets it: where both lines have it, a step of the clock on
    the wall says nothing of lines that stand close. ``by_wall`` are the seconds for that clock, if a logger
    may stamp a line late.
    """
    uptime = uptime_between(uptime_in(first), uptime_in(second))
    if uptime is not None:
        if not -_MAX_DISORDER_SECONDS <= uptime <= seconds:
            return True
        if abs(uptime) <= _SAME_BOOT_SECONDS:
            return False
    wall = wall_between(time_in(first), time_in(second))
    if wall is None:
        return False
    return min(abs(wall), abs(wall + _CLOCK_CHANGE_SECONDS)) > (seconds if by_wall is None else by_wall)


def clocks_disagree(uptime: float | None, wall: float | None) -> bool:
    """Whether two clocks show different times between two reports: they are of two boots, or two hosts."""
    if uptime is None or wall is None:
        return False
    difference = abs(wall - uptime)
    return min(difference, abs(difference - _CLOCK_CHANGE_SECONDS)) > _MAX_DELAY_SECONDS + _MAX_DRIFT * abs(
        wall
    )


def uptime_between(first: float | None, second: float | None) -> float | None:
    """Return the seconds from one uptime to another, if both are known."""
    return None if first is None or second is None else second - first


def wall_between(first: str | None, second: str | None) -> float | None:
    """Return the seconds from one date and time to another, as :func:`oomlab.report.time_in` gives them.

    ``None`` where they cannot be compared. Where the year is not shown, the two lie within half a year, and
    within half a day where no date is.
    """
    begin, end = (None if each is None else _moment(each) for each in (first, second))
    if begin is None or end is None or begin.form != end.form:
        return None
    if not begin.form:
        return (end.seconds - begin.seconds + _DAY_SECONDS // 2) % _DAY_SECONDS - _DAY_SECONDS // 2
    days = end.days - begin.days
    if begin.form == "month" and abs(days) > _HALF_A_YEAR_DAYS:
        days += 366 if days < 0 else -366
    return days * _DAY_SECONDS + end.seconds - begin.seconds


@lru_cache(maxsize=64)
def _moment(time: str) -> _Moment | None:
    match = _STAMP.match(time)
    if match is None:
        return None
    hours, minutes, seconds = (int(match[name]) for name in ("hours", "minutes", "seconds"))
    if match["half"]:
        hours = hours % 12 + (12 if match["half"] == "P" else 0)
    month, day = match["month"] or match["month_last"], match["day"] or match["day_first"]
    try:
        form, days = _day(match["iso"], month, day)
    except ValueError:  # the 31st of a month that has 30
        return None
    return _Moment(form, days, hours * 3600 + minutes * 60 + seconds)


def _day(iso: str | None, month: str | None, day: str | None) -> tuple[str, int]:
    """Return the form of a date, and its number among days of this form; a month in words may be unknown."""
    if iso is not None:
        return "iso", date.fromisoformat(iso).toordinal()
    if month is None or day is None:
        return "", 0
    name = month[:3].lower()
    if name in _MONTHS:
        return "month", date(_LEAP_YEAR, _MONTHS.index(name) + 1, int(day)).toordinal()
    return month, int(day)
