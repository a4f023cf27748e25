"""Read the table of tasks.

The columns have changed a dozen times, so the table's own header says what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat

from oomlab.parse.split import Line, Sketch
from oomlab.report import Problem, Task

_PLAIN_COLUMNS = ("pid", "uid", "tgid", "total_vm", "rss", "cpu", "oom_adj", "name")
_new_task = partial(tuple.__new__, Task)


def read_tasks(sketch: Sketch, problems: list[Problem]) -> tuple[Task, ...]:
    """Read the rows of the task table; a damaged row is a problem, and left out."""
    rows = sketch.of("task")
    columns = _columns(sketch.of("task_header"))
    if not rows:
        return ()
    try:
        return tuple(_read_at_once(rows, columns))
    except ValueError:
        return tuple(_read_each(rows, columns, problems))


def _columns(headers: list[Line]) -> tuple[str, ...]:
    if not headers:
        return _PLAIN_COLUMNS
    return tuple(headers[0].text.replace("[", " ").replace("]", " ").split())


def _read_at_once(rows: list[Line], columns: tuple[str, ...]) -> Iterator[Task]:
    """Read the table column by column; a row that does not fit makes all of it fail."""
    split = [row.text[1:].replace("]", " ", 1).split(None, len(columns) - 1) for row in rows]
    by_name: dict[str, Iterable[object]] = dict(zip(columns, zip(*split, strict=True), strict=True))
    names = [str(name).strip() for name in by_name.pop("name")] if "name" in by_name else [""] * len(rows)
    numbers = {column: map(int, values) for column, values in by_name.items()}
    numbers |= {"line": [row.number for row in rows], "comm": names}
    return map(_new_task, zip(*(numbers.get(each, repeat(None)) for each in Task._fields)))


def _read_each(rows: list[Line], columns: tuple[str, ...], problems: list[Problem]) -> Iterator[Task]:
    for row in rows:
        try:
            yield from _read_at_once([row], columns)
        except ValueError:
            problems.append(Problem(row.number, "This row of the task table is cut or damaged"))
