"""Read the table of tasks, whose columns have changed a dozen times: its own header names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat

from oomlab.mmzone import PAGE_SIZE
from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line
from oomlab.report import Problem, Task

_FIRST = ("pid", "uid", "tgid", "total_vm", "rss")
_USUAL = {
    7: (*_FIRST, "cpu", "oom_adj", "name"),
    8: (*_FIRST, "nr_ptes", "swapents", "oom_score_adj", "name"),
    9: (*_FIRST, "nr_ptes", "nr_pmds", "swapents", "oom_score_adj", "name"),
    11: (*_FIRST, "rss_anon", "rss_file", "rss_shmem", "pgtables_bytes", "swapents", "oom_score_adj", "name"),
}
"""The columns of most kernels that print so many numbers in a row."""

_LEADING = re.compile(r"\[\s*\d+\](?:\s+-?\d{1,19}(?!\S))*", re.A)
_MAX_DIGITS = 20
"""Characters of the longest number that a kernel prints: 64 bits without a sign, or 63 with one."""

_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_TOO_LONG = b"0" * (_MAX_DIGITS + 1)
"""How a longer number looks where every digit is a zero."""

_NUMBERS = frozenset(Task._fields) - {"comm", "line"}
_new_task = partial(tuple.__new__, Task)
"""Makes 100 tasks in 14 µs instead of the 46 µs that ``Task(…)`` takes: 5 % of the reading of a report."""


def read_tasks(draft: Draft, problems: list[Problem]) -> tuple[Task, ...]:
    """Read the rows of the task table; a damaged row is a problem, and left out."""
    rows = draft.of("task")
    columns = _columns(draft.of("task_header"), problems) or _guess(rows)
    try:
        tasks = list(_tasks(_words_by_column(rows, len(columns)), columns, rows)) if rows else []
    except ValueError:
        tasks = list(_read_each(rows, columns, problems))
    return tuple(tasks) if len({task.pid for task in tasks}) == len(tasks) else tuple(_once(tasks, problems))


def _once(tasks: list[Task], problems: list[Problem]) -> Iterator[Task]:
    """Yield each task once, though a logger printed it twice."""
    seen: set[int] = set()
    for task in tasks:
        if task.pid not in seen:
            yield task
        else:
            problems.append(Problem(task.line, f"Process {task.pid} stands in the task table twice"))
        seen.add(task.pid)


def _columns(headers: list[Line], problems: list[Problem]) -> tuple[str, ...]:
    """Return the columns that the header names; none where it was cut before that of the names."""
    columns = tuple(headers[0].text.replace("[", " ").replace("]", " ").split()) if headers else ()
    if columns and "name" not in columns:
        problems.append(
            Problem(headers[0].number, "The header of the task table is cut: its columns are guessed")
        )
        return ()
    return columns


def _guess(rows: list[Line]) -> tuple[str, ...]:
    """Return the columns by how many numbers stand before the names, where the header is lost.

    Source: mm/oom_kill.c, ``dump_tasks``.
    """
    starts = [match[0] for row in rows if (match := _LEADING.match(row.text))]
    numbers = [start.replace("[", " ").replace("]", " ").split() for start in starts]
    width = Counter(map(len, numbers)).most_common(1)[0][0] if numbers else 0
    columns = _USUAL.get(width, _USUAL[7])
    tables = [int(each[5]) for each in numbers if len(each) == 8]
    if width == 8 and all(size and size % PAGE_SIZE == 0 for size in tables):
        return tuple("pgtables_bytes" if name == "nr_ptes" else name for name in columns)
    return columns


def _words_by_column(rows: list[Line], width: int) -> list[list[str]]:
    """Split the whole table into words at once, which works while no name has a blank or a bracket."""
    table = " ".join([row.text for row in rows])
    if table.count("[") != len(rows) or table.count("]") != len(rows):
        raise ValueError("a bracket in a name")
    if _TOO_LONG in table.encode("utf-8", "replace").translate(_AS_ZEROS):  # 4 µs: no look at each number
        raise ValueError("a number of more than 64 bits")
    words = table.replace("[", " ").replace("]", " ").split()
    if len(words) != width * len(rows):
        raise ValueError("a blank in a name, or a damaged row")
    return [words[column::width] for column in range(width)]


def _tasks(words: list[list[str]], columns: tuple[str, ...], rows: list[Line]) -> Iterator[Task]:
    """Turn columns of words into tasks; raises :class:`ValueError` where a number is none."""
    by_name = dict(zip(columns, words, strict=True))
    values: dict[str, Iterable[object]] = {
        name: map(int, by_name[name]) for name in columns if name in _NUMBERS
    }
    values["comm"] = by_name.get("name", [""] * len(rows))
    values["line"] = [row.number for row in rows]
    return map(_new_task, zip(*[values.get(name, repeat(None)) for name in Task._fields], strict=False))


def _read_each(rows: list[Line], columns: tuple[str, ...], problems: list[Problem]) -> Iterator[Task]:
    """Read row by row: the name is all that is left after the numbers."""
    for row in rows:
        words = row.text[1:].replace("]", " ", 1).split(None, len(columns) - 1)
        try:
            _check_digits(words, columns)
            yield from _tasks([[word.strip()] for word in words], columns, [row])
        except ValueError:
            problems.append(Problem(row.number, "This row of the task table is cut or damaged"))


def _check_digits(words: list[str], columns: tuple[str, ...]) -> None:
    for name, word in zip(columns, words, strict=False):
        if name in _NUMBERS and len(word) > _MAX_DIGITS:
            raise ValueError("a number of more than 64 bits")
