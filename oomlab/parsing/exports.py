"""Take the kernel's lines out of what other programs export: rows of CSV, documents of YAML.

As for :mod:`oomlab.parsing.containers`, few logs need it, so libraries are imported where they are used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from oomlab.parsing.hosts import are_hosts, one_name_each
from oomlab.report import uptime_in

_ANCHOR = re.compile(r"Mem-[Ii]nfo:|lowmem_reserve\[\]|oom-killer: gfp_mask|illed process \d|Call Trace:")
"""Words that show which column holds the kernel's lines."""

_SAMPLE_ROWS = 40
"""Rows that are looked at to find the column of the message."""

_MAX_ROWS_BEFORE = 10
"""The most rows of the sample before the first that holds such words."""

_CELLS = (',"', '",', ';"', '";')
"""What stands between cells of which one is in quotation marks; tabs are blanks by now."""

_MAX_COPIES = 3
"""The most columns that hold the same message: as it came, and what was made of it."""

_HOST = re.compile(
    r"(?i)(?:.*[._ ])?(?:host(?:[._ ]?name)?|node(?:[._ ]?name)?|instance(?:[._ ]?id)?|computer)"
)
"""What the column of hosts is called."""

_PAYLOADS = ("Payload:", "essage:", "MESSAGE:", "msg:", "log:")
_KEY = re.compile(r"(\s{0,40}(?:- )?)(?:textPayload|[Mm]essage|MESSAGE|msg|log): ?(.*)")
"""What messages are called in YAML; see :data:`oomlab.parsing.containers._KEYS`."""

_MAX_MESSAGE = 16_384
"""The most characters of a message."""

_COPY = '"stdout_lines": ['
_BLOCK = re.compile(r"[|>][+-]?")
"""How text begins in YAML that goes on in the lines below."""


def from_export(
    text: str, numbers: Sequence[int], lines: list[str]
) -> tuple[Sequence[int], list[str], Mapping[int, str]]:
    """Return what a text holds of the kernel's lines, given line by line as well; other texts as they are.

    Also return the hosts of the lines by their numbers, where a column of a table has several.
    """
    if '"stdout": "' in text and _COPY in text:
        lines = _without_copy(lines)
    if "\n---\n" in text and any(map(text.__contains__, _PAYLOADS)):
        messages = list(_messages(numbers, lines))
        texts = [message for _, message in messages]
        if _anchors(texts) >= _anchors(lines):  # or else the lines stand outside, and rules between them
            return [number for number, _ in messages], texts, {}
    if not any(map(text.__contains__, _CELLS)):
        return numbers, lines, {}
    lines, hosts = _from_csv(lines)
    names = one_name_each(set(hosts.values()))
    several = len({*names.values()}) > 1
    return numbers, lines, {numbers[index]: names[host] for index, host in hosts.items() if several}


def _anchors(lines: list[str]) -> int:
    return sum(_ANCHOR.search(line) is not None for line in lines)


def _from_csv(lines: list[str]) -> tuple[list[str], Mapping[int, str]]:
    """Return the cells that hold the kernel's lines, if some of them stand in quotation marks.

    Also return those of the column of hosts, by their places.
    """
    first = next((index for index, line in enumerate(lines) if _ANCHOR.search(line)), 0)
    sample = [line for line in lines[max(first - _MAX_ROWS_BEFORE, 0) : first + _SAMPLE_ROWS] if line]
    if any(line.startswith(("{", "[")) for line in sample):
        return lines, {}
    for delimiter in ",;":
        rows = [_cells(line, delimiter) for line in sample]
        width, found = Counter(map(len, rows)).most_common(1)[0]
        column = _column(rows, width)
        if 10 * found < 9 * len(rows) or column is None or not _has_others(rows, width, column):
            continue
        shown = [(row[column], line) for row, line in zip(rows, sample, strict=True) if len(row) == width]
        if not any(f'"{cell[:_SAMPLE_ROWS]}' in line for cell, line in shown if cell):
            continue
        table = [_cells(line, delimiter) for line in lines]
        cells = [row[column] if len(row) == width else line for row, line in zip(table, lines, strict=True)]
        return cells, _hosts({index: row for index, row in enumerate(table) if len(row) == width}, column)
    return lines, {}


def _hosts(rows: Mapping[int, list[str]], column: int) -> Mapping[int, str]:
    """Return the hosts of the rows: by the title of a column, or by the names in it.

    The titles stand far above the rows of a long table that are worth reading.
    """
    first, titles = next(iter(rows.items()), (0, []))
    titled = [place for place, title in enumerate(titles) if _HOST.fullmatch(title)]
    if titled:
        return {index: row[titled[0]] for index, row in rows.items() if index > first}
    uptimes = [uptime_in(row[column]) for row in rows.values()]
    for place in range(len(titles)):
        names = [row[place] for row in rows.values()]
        if place != column and are_hosts(names, uptimes):
            return dict(zip(rows, names, strict=True))
    return {}


def _cells(line: str, delimiter: str) -> list[str]:
    import csv

    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell of 128 KiB, or the end of a line within one
        return []


def _column(rows: list[list[str]], width: int) -> int | None:
    """Return which column holds the kernel's words; ``None`` where none does, or all: that is a list."""
    cells = (enumerate(row) for row in rows if len(row) == width)
    found = Counter(column for row in cells for column, cell in row if _ANCHOR.search(cell))
    return found.most_common(1)[0][0] if 0 < len(found) <= _MAX_COPIES else None


def _has_others(rows: list[list[str]], width: int, column: int) -> bool:
    """Whether anything stands in another column: only a comma follows each string of a list."""
    return any(cell for row in rows if len(row) == width for at, cell in enumerate(row) if at != column)


def _without_copy(lines: list[str]) -> list[str]:
    """Return what Ansible writes without ``stdout_lines``: it is ``stdout`` once more, line by line."""
    texts, is_copy = [], False
    for line in lines:
        is_copy = line.rstrip().endswith(_COPY) if not is_copy else line.strip()[:1] == '"'
        texts.append("" if is_copy else line)
    return texts


def _messages(numbers: Sequence[int], lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the messages of a stream of documents, each with the number of the line where it begins."""
    begun: tuple[int, str] | None = None
    indent, is_block = 0, False
    for number, line in zip(numbers, lines, strict=True):
        goes_on = begun is not None and (not line.strip() or _indent(line) > indent)
        if begun is not None and goes_on and is_block:
            yield number, line.strip()
        elif begun is not None and goes_on and len(begun[1]) < _MAX_MESSAGE:
            begun = begun[0], f"{begun[1]} {line.strip()}"
        else:
            if begun is not None and not is_block:
                yield begun[0], _unquoted(begun[1])
            key = _KEY.fullmatch(line)
            begun = (number, key[2]) if key else None
            indent = len(key[1]) if key else 0
            is_block = key is not None and _BLOCK.fullmatch(key[2]) is not None
    if begun is not None and not is_block:
        yield begun[0], _unquoted(begun[1])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _unquoted(value: str) -> str:
    """Return what a scalar of YAML says; a line that ends within its quotation marks goes on in the next."""
    if value.startswith("'"):
        return value.strip().strip("'").replace("''", "'")
    if value.startswith('"'):
        import json

        try:
            return str(json.loads(re.sub(r"\\ ", "", value.strip())))
        except ValueError:
            return value.strip().strip('"')
    return value
