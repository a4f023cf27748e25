"""Tell the kernel from the form of its text, when no line names it.

Reports have changed with nearly every version. Each row of ``tables/report_forms.toml``
says since when, or until when, kernels print certain words; together they bound the
version. The release that a report names says more, and so does a vendor's backport, which
can make a form older or younger than its kernel.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from oomlab.kernel import KernelVersion, load_table
from oomlab.report import Report


class Form(NamedTuple):
    """The kernels that print a report like this: ``since`` included, ``until`` not.

    Each bound has the line that sets it. ``None`` is no bound.
    """

    since: KernelVersion | None
    until: KernelVersion | None
    since_line: int | None = None
    until_line: int | None = None


class _Row(NamedTuple):
    mark: re.Pattern[str]
    since: KernelVersion | None
    until: KernelVersion | None


def kernel_by_form(report: Report) -> Form:
    """Bound the version of the kernel by the words that it prints.

    Where the bounds contradict each other, a vendor has carried changes backwards: the
    upper one is the better, for words are carried backwards, not forwards.

    >>> from oomlab.parsing import parse
    >>> form = kernel_by_form(parse("oom-killer: gfp_mask=0xd2\\nMem-info:\\nprotections[]: 0 0")[0])
    >>> str(form.until), form.until_line
    ('2.6.11', 3)
    """
    found = [(row, line.number) for line in report.source for row in _rows() if row.mark.search(line.text)]
    sinces = [(row.since, line) for row, line in found if row.since]
    untils = [(row.until, line) for row, line in found if row.until]
    until = min(untils, default=(None, None), key=lambda bound: bound[0])
    if until[0] is not None:
        sinces = [bound for bound in sinces if bound[0] < until[0]]
    since = max(sinces, default=(None, None), key=lambda bound: (bound[0], -bound[1]))
    return Form(since[0], until[0], since[1], until[1])


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            re.compile(row["mark"]),
            KernelVersion.of(row["since"]) if "since" in row else None,
            KernelVersion.of(row["until"]) if "until" in row else None,
        )
        for row in load_table("report_forms")["forms"]
    )
