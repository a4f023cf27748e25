"""Read the reports of a text that stands indented in a test."""

from __future__ import annotations

from textwrap import dedent

from oomlab.parsing import parse
from oomlab.report import Report


def reports(text: str) -> list[Report]:
    """Return the reports of an indented text."""
    return parse(dedent(text).strip("\n"))


def only(text: str) -> Report:
    """Return the one report of an indented text."""
    (report,) = reports(text)
    return report
