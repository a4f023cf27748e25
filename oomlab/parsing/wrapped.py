"""Decide whether a line continues the one above, by what lines of each kind consist of.

Pairs follow pairs, numbers follow numbers. ``_GOES_ON`` has what may follow for each kind of line; rows of a
table of tasks go on to its last column.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from oomlab.mmzone import ZONE_NAMES
from oomlab.parsing.lines import LineKind
from oomlab.report import Task

_FOREIGN = re.compile(
    r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d |\((?:XEN|d\d{1,5})\) "
)
"""How a line of another logger begins: with a time; a hypervisor names itself, or its guest."""

_MAX_JOINED = 10_000
"""The most characters that are joined into one line: two paths of control groups may stand in one."""

_MAX_TABLE_HEADER = 400
"""The most characters of the header of a table of tasks: none has had a third of them."""

_CHARACTERS_BEFORE_CUT = 100
"""Characters before a cut that are looked at."""

_COLUMNS = frozenset(Task._fields) - {"comm", "line"} | {"name"}
"""Every column that a task table has had."""

_PAIR_LIKE = re.compile(r"\S*(?::|[kK]B,?$|\?$)|(?:yes|no)$")
_WHOLE_PAIR = re.compile(r"(?:[kK]B|\?|\byes|\bno|:\d+)$")
_OPEN_PAIR = re.compile(r"[a-z_)]:\d*$", re.A)
_OF_PAIRS = frozenset(("zone", "node", "totals", "memcg_stats"))
"""Lines of pairs: the name of each begins with a letter, so a digit goes on with the number before it."""

_HEADER = re.compile(r"(?:: )?[\w|,():]{0,200}(?:=|GFP_|\)|:\d)")
_WHOLE_HEADER = re.compile(r".*adj=-?\d+$")
_RELEASE = re.compile(r".{0,60}(?:\d\.\d|#\d|ainted)")
_BEGUN_RELEASE = re.compile(r"\d{1,3}\.[\w.+~-]{0,80}$", re.A)
_IDENTITY = (re.compile("ainted"), re.compile(r"\d\.\d"), re.compile(r"#\d"))
"""What the line that names the kernel holds when it is whole, in this order."""

_IN_BRACKETS = re.compile(r"(?:[a-z_]{1,20}: {0,9})?\d{1,18}[, ]|\)")
_BLOCKS = re.compile(r"\S{0,12}[kB]B?(?:\s|$)|=|\(?[A-Z]{0,7}\)|\d{1,9}\*")
_ROW_NUMBERS = re.compile(r"\[\s{0,20}\d{1,10}\](?:\s{1,40}-?\d{1,20}(?!\S))*", re.A)
_NUMBERS = re.compile(r"-?\d[\d\s-]*$")
_KILL = re.compile(
    r",|\(|score|or |sacrifice|[\w-]{0,14}:\d|[\w-]{0,12}k?B|adj"
    r"|\d{1,10}(?: or |,| \(|$| (?:pgtables|oom_score_adj|score)\b)"
)
_KILL_WORD = re.compile(r"(?:total-vm|anon-rss|file-rss|shmem-rss|UID|pgtables|oom_score_adj)[:=]\d")
_PID_AT_END = re.compile(r"rocess \d{1,9}$", re.A)
_REST_OF_PID = re.compile(r"\d{1,9},? \(", re.A)
_OPEN_NAME = re.compile(r".*process \d{1,10},? \([^)]{0,14}$", re.A)
_REST_OF_NAME = re.compile(r"[^()]{0,14}\)")
_REST_OF_COMM = re.compile(r"[\w:/.+-]{1,14}$", re.A)
_COMM = 15
"""No name of a process is longer. Source: include/linux/sched.h, TASK_COMM_LEN."""

_SIZE = re.compile(r"=?\s*-?\d+\s?kB|kB$")
_LIMIT = re.compile(r"(?:as a |result |of |limit |usage |failcnt |\d{0,16}k?B(?:,|$)|\d+kB|/)")
_REST_OF_PATH = re.compile(r"\S{8,4000}$")
_PLACE = re.compile(r"\S+$")
_WORDS: dict[LineKind, frozenset[str]] = {
    "chosen": frozenset(("score", "or", "sacrifice", "child")),
    "memcg_usage": frozenset(("usage", "limit", "failcnt")),
}
"""Words of a line of which a cut may leave a half on either side."""

_WHOLE_END: dict[LineKind, re.Pattern[str]] = {
    "zone": re.compile(rf"kB$|KB$|\?$|\byes$|\bno$|pages_scanned:\d+$|(?:^|:)(?:{ZONE_NAMES})$"),
    "node": re.compile(r"kB$|KB$|\?$|\byes$|\bno$|pages_scanned:\d+$|^\d+$"),
    "memcg_stats": re.compile(r"KB$|:$|for$"),
    "memcg_task": re.compile(r"^(?:[a-z]+|/)$"),
    "totals": re.compile(r":\d+$"),
    "blocks": re.compile(r"kB$|\)$|=$|:$"),
    "header": re.compile(r"[,:]$"),
    "failure": re.compile(r"[,:.]$|failure"),
    "constraint": re.compile(r"(?!)"),
    "swap": re.compile(r"(?:[=:]|^[A-Za-z]+)$"),
    "memcg_usage": re.compile(r"(?:kB,?|^usage|^limit|^failcnt|:)$"),
}
"""How the last word of a line ends when it is whole; kinds that are not here end with any word."""


def continues(kinds: list[LineKind], texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether one line makes sense as the rest of another; ``tables`` are the headers of tables of tasks."""
    kind, first, second = kinds[owner], texts[owner], texts[index]
    if not goes_on(kind) or is_of_another(first, second):
        return False
    if kinds[index] != "other" and not _is_half(kind, kinds[index], first, second):
        return False
    if kind == "task":
        columns = _columns_at(texts, owner, tables)
        return columns > 0 and (
            _row_goes_on(first, second, columns) or _ends_name(texts, owner, index, tables)
        )
    return _GOES_ON[kind](first, second) or _halves_a_word(kind, first, second)


def goes_on(kind: LineKind) -> bool:
    """Whether a line of this kind may be so long that something wraps it."""
    return kind == "task" or kind in _GOES_ON


def is_of_another(first: str, second: str) -> bool:
    """Whether a line cannot continue another: it begins as a line of its own, or that one is too long."""
    return len(first) > _MAX_JOINED or bool(_FOREIGN.match(second))


def is_cut_inside(kinds: list[LineKind], texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether the cut between a line and its rest fell inside a word."""
    kind = kinds[owner]
    if kind == "task" and _is_cut_in_row(texts, owner, index, tables):
        return True
    return _is_cut_in_word(kind, texts[owner], texts[index])


def may_be_two_numbers(kind: LineKind, first: str, second: str) -> bool:
    """Whether a line ends, and the next begins, with a digit, and each may be of a number of its own."""
    if kind in ("killed", "chosen") and _PID_AT_END.search(first) and _REST_OF_PID.match(second):
        return False  # a name follows the number of a process
    return first[-1].isdigit() and second[0].isdigit()


def _is_cut_in_word(kind: LineKind, first: str, second: str) -> bool:
    """Whether the cut fell inside a word."""
    if _halves_a_word(kind, first, second):
        return True
    end, start = first[-_CHARACTERS_BEFORE_CUT:].rsplit(None, 1)[-1], second.split(None, 1)[0]
    if kind in ("killed", "chosen"):
        is_number = end[-1].isdigit() and start[0].isdigit()
        is_name = bool(_OPEN_NAME.match(first))
        return is_number or is_name or (not _KILL_WORD.match(start) and bool(_KILL_WORD.match(end + start)))
    if kind == "identity" and _BEGUN_RELEASE.match(end):
        return not start.startswith(("#", "("))  # what follows a release
    if kind == "task_header":
        return start not in _COLUMNS and end + start in _COLUMNS
    if kind in _OF_PAIRS and start[0].isdigit() and (kind == "totals" or _OPEN_PAIR.search(end)):
        return True
    whole = _WHOLE_END.get(kind)
    return whole is not None and not whole.search(end)


def _is_cut_in_row(texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether a row of the table of tasks was cut within its name, or a number: it has one too many."""
    if _ends_name(texts, owner, index, tables):
        return True
    first, second = texts[owner], texts[index]
    if not (first[-1].isdigit() and second[0].isdigit()):
        return False
    numbers = _ROW_NUMBERS.match(f"{first} {second}")
    return numbers is not None and _count(numbers[0]) >= _columns_at(texts, owner, tables)


def _columns_at(texts: list[str], row: int, tables: list[int]) -> int:
    """Return how many columns the table has in which a row stands; 0 where its header is lost or damaged."""
    table = bisect_left(tables, row)
    header = texts[tables[table - 1]] if table else ""
    return _count(header) if len(header) <= _MAX_TABLE_HEADER else 0


def _ends_name(texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether a line is the rest of a name, cut off from a row that has all its columns."""
    first, second = texts[owner], texts[index]
    if _count(first) != _columns_at(texts, owner, tables) or not _REST_OF_COMM.match(second):
        return False
    return len(first.rpartition(" ")[2]) + len(second) <= _COMM


def _halves_a_word(kind: LineKind, first: str, second: str) -> bool:
    """Whether the end of one line and the start of the next make one word."""
    if kind not in _WORDS or not first or not second:
        return False
    end, start = first[-_CHARACTERS_BEFORE_CUT:].split(" ")[-1], second.partition(" ")[0]
    return end not in _WORDS[kind] and end + start in _WORDS[kind]


def _count(row: str) -> int:
    return len(row.replace("[", " ").replace("]", " ").split())


def _is_half(kind: LineKind, other: LineKind, first: str, second: str) -> bool:
    """Whether a line that looks like one of its own can be the rest of another."""
    if other == "blocks":
        return kind == "blocks" and " = " not in first
    if other != "totals":
        return False
    if kind == "totals":
        return not first[-1].isdigit() or second[0].isdigit()
    return kind in ("killed", "pcp", "zone", "node")


def _row_goes_on(first: str, second: str, columns: int) -> bool:
    missing = columns - _count(first)
    if missing == 1:
        return len(second) < 16
    return missing > 1 and bool(_NUMBERS.match(second.rpartition(" ")[0] or second))


def _pairs_go_on(first: str, second: str) -> bool:
    words = second.split()
    if len(words) == 1 and len(second) < 12:
        end = first[-_CHARACTERS_BEFORE_CUT:]
        if not _WHOLE_PAIR.search(end) or (second.isdigit() and _OPEN_PAIR.search(end)):
            return True
    return 2 * sum(map(bool, map(_PAIR_LIKE.match, words))) >= len(words)


def _totals_go_on(first: str, second: str) -> bool:
    if first.startswith("("):  # 2.4 sets them in brackets, with commas
        return ")" not in first and bool(_IN_BRACKETS.match(second))
    return "kB" not in second and ": " not in second and _pairs_go_on(first, second)


def _header_goes_on(first: str, second: str) -> bool:
    return not _WHOLE_HEADER.match(first) and bool(_HEADER.match(second))


def _identity_goes_on(first: str, second: str) -> bool:
    return len(second) < 100 and bool(_RELEASE.match(second)) and not _is_whole_identity(first)


def _is_whole_identity(line: str) -> bool:
    at = 0
    for words in _IDENTITY:
        found = words.search(line, at)
        if found is None:
            return False
        at = found.end()
    return True


def _columns_go_on(first: str, second: str) -> bool:
    words = second.split()
    return not first.endswith("name") and len(words) < 12 and any(word in _COLUMNS for word in words)


def _group_goes_on(first: str, second: str) -> bool:
    """Whether a group's line goes on: terminals wrap paths too, wherever the last column falls."""
    return bool(_LIMIT.match(second) or (" limit of /" in first and _REST_OF_PATH.match(second)))


def _kill_goes_on(first: str, second: str) -> bool:
    """Whether a kill goes on, which may have been cut inside the name of the process."""
    if second.startswith("(") and "(" in first.partition("rocess ")[2]:
        return False  # it has its name
    return bool(_KILL.match(second) or (_OPEN_NAME.match(first) and _REST_OF_NAME.match(second)))


def _matches(pattern: re.Pattern[str]) -> Callable[[str, str], bool]:
    return lambda first, second: bool(pattern.match(second))


_GOES_ON: dict[LineKind, Callable[[str, str], bool]] = {
    "header": _header_goes_on,
    "failure": _header_goes_on,
    "identity": _identity_goes_on,
    "zone": _pairs_go_on,
    "node": _pairs_go_on,
    "huge": _matches(re.compile(r"huge|\S*=\d")),
    "totals": _totals_go_on,
    "memcg_stats": _pairs_go_on,
    "reserve": _matches(_NUMBERS),
    "blocks": _matches(_BLOCKS),
    "swap": _matches(_SIZE),
    "task_header": _columns_go_on,
    "constraint": _matches(_PLACE),
    "chosen": _kill_goes_on,
    "pcp": _matches(re.compile(r"(?:used|usd|btch|batch|hi|high|low|Cold):?|\d")),
    "killed": _kill_goes_on,
    "memcg_task": _group_goes_on,
    "memcg_group": _matches(re.compile(r"(?:due|to|memory\.oom\.group|set)\b")),
    "memcg_usage": _matches(_LIMIT),
}
