"""When a report was written, as far as its log tells."""

from __future__ import annotations

import re

from oomlab.report import Report

_UPTIME = re.compile(r"\[\s{0,12}(\d{1,12}\.\d{1,9})\]", re.A)
_CLOCK = re.compile(
    r"(?:\b\d{4}-\d\d-\d\d[T ]"  # ISO
    r"|\b[^\W\d]{2,9}\.?\s{1,2}\d{1,2}\s"  # syslog, in any language
    r"|\b\d{1,2}\.?\s[^\W\d]{2,9}\.?\s)?(?<!\d)\d\d:\d\d:\d\d(?!\d)"
)
"""A time of day, with its date where that stands before it."""


def uptime(report: Report) -> float | None:
    """Read the uptime from the line of the request, in seconds; ``None`` where the log has none."""
    match = _UPTIME.search(_first_words(report))
    return float(match[1]) if match else None


def clock(report: Report) -> str | None:
    """Read the date and time of the request, as the log writes them; ``None`` where it does not.

    No attempt is made to understand the date: its language and its year may be anything.
    """
    match = _CLOCK.search(_first_words(report)[:120])
    return " ".join(match[0].split()) if match else None


def _first_words(report: Report) -> str:
    line = report.quote(report.trigger.line or report.first_line)
    return line.text[:400] if line else ""
