"""Which kernel wrote a report: the one that its log names, else one that prints such words.

Reports have changed with nearly every version. Each row of ``tables/report_forms.toml`` holds words of
a report with the first kernel that prints them, or the first that no longer does; together they bound
the version. Vendors carry changes backwards, so that a report's words may be younger than its release;
what a log names is still taken as it is, for the rest of that kernel is as old as its release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from oomlab.gfp import GfpMask, decode_gfp
from oomlab.kernel import KernelRelease, KernelVersion, load_table
from oomlab.report import Report, SourceLine

_USUAL = KernelVersion((6, 1))
"""Taken where neither a name nor words speak against it: a long-term kernel with the rules of today."""
_MANAGED_SINCE = KernelVersion((3, 8))


class Kernel(NamedTuple):
    """The kernel of a report, and how it is known.

    ``basis`` is ``"version"`` where the log names the release, ``"words"`` where the report's own words
    bound the version, and ``"assumed"`` where nothing shows it.
    """

    version: KernelRelease | KernelVersion
    basis: Literal["version", "words", "assumed"]


class Bounds(NamedTuple):
    """The kernels that print a report like this: ``since`` included, ``until`` not.

    Each bound has the line that sets it. ``None`` is no bound.
    """

    since: KernelVersion | None
    until: KernelVersion | None
    since_line: int | None = None
    until_line: int | None = None


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    since: KernelVersion | None
    until: KernelVersion | None


def kernel_of(report: Report) -> Kernel:
    """Return the kernel of a report: as named, else the usual one moved into the bounds of its words.

    >>> from oomlab.parsing import parse
    >>> version, basis = kernel_of(parse("oom-killer: gfp_mask=0xd2\\nMem-info:\\nprotections[]: 0 0")[0])
    >>> version < KernelVersion.of("2.6.11"), basis
    (True, 'words')
    """
    if report.kernel is not None:
        return Kernel(report.kernel, "version")
    since, until = _with_sizes(report, kernel_bounds(report))
    if until is not None and until <= _USUAL:
        return Kernel(_last_before(until), "words")
    if since is not None:
        return Kernel(max(since, _USUAL), "words")
    return Kernel(_USUAL, "assumed")


def kernel_bounds(report: Report) -> Bounds:
    """Bound the version of a kernel by the words that its report prints, whatever release it names.

    Where the bounds contradict each other, a vendor has carried changes backwards: the upper one is the
    better, for words are carried backwards, not forwards.
    """
    return _bounds(report.source)


def mask_of(report: Report) -> GfpMask | None:
    """Return the mask of a request, read for the kernel of its report; ``None`` where the log has none.

    Where no line names the kernel, the form of the report bounds the versions whose masks are tried.
    """
    trigger = report.trigger
    if trigger.gfp_mask is None and not trigger.gfp_names:
        return None
    is_dated = report.kernel is None and not trigger.gfp_names
    since, until = _with_sizes(report, kernel_bounds(report)) if is_dated else (None, None)
    return decode_gfp(
        trigger.gfp_mask or 0, kernel=report.kernel, names=trigger.gfp_names, since=since, until=until
    )


@lru_cache(maxsize=32)  # every stage asks for it, and each may take many reports before the next does
def _bounds(source: Sequence[SourceLine]) -> Bounds:
    text = "\n".join([line.text for line in source])
    matches = ((row, row.pattern.search(text)) for row in _rows())
    found = [(row, source[text.count("\n", 0, match.start())].number) for row, match in matches if match]
    sinces = [(row.since, line) for row, line in found if row.since]
    untils = [(row.until, line) for row, line in found if row.until]
    until = min(untils, default=(None, None), key=lambda bound: bound[0])
    if until[0] is not None:
        sinces = [bound for bound in sinces if bound[0] < until[0]]
    since = max(sinces, default=(None, None), key=lambda bound: (bound[0], -bound[1]))
    return Bounds(since[0], until[0], since[1], until[1])


def _with_sizes(report: Report, bounds: Bounds) -> tuple[KernelVersion | None, KernelVersion | None]:
    """Add what no word shows: a zone that prints ``present`` without ``managed`` is of before 3.8."""
    since, until, *_ = bounds
    is_old = bool(report.zones) and all(z.managed is None and z.present is not None for z in report.zones)
    if is_old and (until is None or until > _MANAGED_SINCE):
        return None, _MANAGED_SINCE
    return since, until


def _last_before(version: KernelVersion) -> KernelVersion:
    """Return a version later than every release before this one: 3.6.999 for 3.7."""
    *series, number = version.parts
    return (
        _last_before(KernelVersion(tuple(series)))
        if number == 0
        else KernelVersion((*series, number - 1, 999))
    )


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            re.compile(row["pattern"], re.MULTILINE),
            KernelVersion.of(row["since"]) if "since" in row else None,
            KernelVersion.of(row["until"]) if "until" in row else None,
        )
        for row in load_table("report_forms")["forms"]
    )
