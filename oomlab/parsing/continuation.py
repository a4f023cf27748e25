"""Join lines that were wrapped.

Terminals wrap lines at their last column, in the middle of a word. Mailers wrap them at a blank. Three
facts restore them:

* a line with the logger's prefix continues no other;
* a continuation makes sense after the line before it: pairs after pairs, numbers after
  numbers, columns after columns;
* no blank goes between the two where the cut fell inside a word.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import pairwise

from oomlab.mmzone import ZONE_NAMES
from oomlab.parsing.classify import SLAB, kind_of
from oomlab.parsing.fragments import join_fragments
from oomlab.parsing.lines import LineKind, LogLines
from oomlab.report import Task

_BLOCK_LINES = 3
"""More lists of free blocks than this for each zone are fragments of lists."""

_INTERRUPTED = 8
"""The second half of an interrupted line is no further down than this."""

_VMALLOC = "vmalloc: allocation failure"

_LONGER = 4
"""So many longer lines show that a log was not wrapped at a width."""

_MUCH = 20
"""So many characters longer, since what stands before lines may differ in length."""

_CUTS_SEEN = 3
"""So many lines of one length, each with its rest below it, show the column at which all were cut."""

_FOREIGN = re.compile(
    r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d |\((?:XEN|d\d{1,5})\) "
)
"""How a line of another logger begins: with a time; a hypervisor names itself, or its guest."""

_MAX_JOINED = 10_000
"""No more than this is joined into one line; two paths of control groups may stand in one."""

_NEAR = 100
"""This many characters before a cut are looked at."""

_CANDIDATES = frozenset(("other", "blocks", "totals"))
_COLUMNS = frozenset(Task._fields) - {"comm", "line"} | {"name"}
"""Every column that a task table has had."""

_PAIR_LIKE = re.compile(r"\S*(?::|[kK]B,?$|\?$)|(?:yes|no)$")
_HEADER = re.compile(r"(?:: )?[\w|,():]{0,200}(?:=|GFP_|\)|:\d)")
_WHOLE_HEADER = re.compile(r".*adj=-?\d+$")
_RELEASE = re.compile(r".{0,60}(?:\d\.\d|#\d|ainted)")
_BEGUN_RELEASE = re.compile(r"\d{1,3}\.[\w.+~-]{0,80}$", re.A)
_WHOLE_IDENTITY = re.compile(r".*ainted.*\d\.\d.*#\d")
_IN_BRACKETS = re.compile(r"(?:[a-z_]{1,20}: {0,9})?\d{1,18}[, ]|\)")
_BLOCKS = re.compile(r"\S{0,12}[kB]B?(?:\s|$)|=|\(?[A-Z]{0,7}\)|\d{1,9}\*")
_WHOLE_PAIR = re.compile(r"(?:[kK]B|\?|\byes|\bno|:\d+)$")
_DIGIT = re.compile(r"\d", re.A)
_ROW_NUMBERS = re.compile(r"\[\s{0,20}\d{1,10}\](?:\s{1,40}-?\d{1,20}(?!\S))*", re.A)
_NUMBERS = re.compile(r"-?\d[\d\s-]*$")
_KILL = re.compile(
    r",|\(|score|or |sacrifice|[\w-]{0,14}:\d|[\w-]{0,12}k?B|adj"
    r"|\d{1,10}(?: or |,| \(|$| (?:pgtables|oom_score_adj|score)\b)"
)
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
_OPENINGS = (
    " invoked oom-killer:",
    "ut of memory: Kill",
    "ut of Memory: Kill",
    "Killed process ",
    "Kill process ",
    ": Killed process ",
    ": Kill process ",
    ": OOM killed process ",
    ": page allocation failure",
    " allocation failure",
)
"""Words by which the kind of a line is known."""

_LEAST = 3
"""So many characters of them show that they were cut."""

_CUTS = {
    (opening[:at].rstrip(), opening[at:].strip()): " " if " " in opening[at - 1 : at + 1] else ""
    for opening in _OPENINGS
    for at in range(_LEAST, len(opening))
}
"""How a line ends that was cut inside these words, how the next begins, and what was between them."""

_HEADS = tuple({head for head, _ in _CUTS})
_CUTS_BY_END = {
    end: tuple((head, rest, blank) for (head, rest), blank in _CUTS.items() if head.endswith(end))
    for end in {head[-2:] for head in _HEADS}
}
_DIGITS = tuple("0123456789")
"""What follows where the cut fell behind the last of these words: the number of a process."""

_ENDS = frozenset((*_CUTS_BY_END, "KB"))
"""The last two letters of a line that may have been cut before its kind showed."""


_GROUP = re.compile(r"Tasks? in /\S{0,4096} (?:are going to be killed|killed as a result)")
_OF_GROUPS = ("Tasks in", "Task in")
_FAILURE = re.compile(r".{0,80}?\balloc\w* fail\w*:.{0,120}\b(?:mode:|gfp)")
"""Lines whose kind shows only behind a path, a size or another number."""

_PARTS = 4
"""Into no more lines than this a path is wrapped."""

_KILL_WORD = re.compile(r"(?:total-vm|anon-rss|file-rss|shmem-rss|UID|pgtables|oom_score_adj)[:=]\d")

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


def join_wrapped(lines: LogLines) -> LogLines:
    """Append each continuation to the line that it continues; it stays in its place as ``"continuation"``."""
    kinds, texts = list(lines.kinds), list(lines.texts)
    if _has_fragments(kinds, texts):
        join_fragments(kinds, texts, kind_of)
    if "failure" in kinds:
        _join_interrupted(kinds, texts)
    if lines.unprefixed or not lines.prefixes:
        _join_continuations(kinds, texts, lines)
    if kinds.count("header") > 1:
        _drop_repeats(kinds, texts, lines.raw)
    return lines._replace(kinds=kinds, texts=texts)


def _has_fragments(kinds: list[LineKind], texts: list[str]) -> bool:
    if kinds.count("blocks") > _BLOCK_LINES * (1 + kinds.count("zone")):
        return True
    return "other" in kinds and "lowmem_reserve[]:" in texts


def _join_interrupted(kinds: list[LineKind], texts: list[str]) -> None:
    """Append to a failure its mask, which the kernel prints separately: another CPU may print in between."""
    for index in [index for index, kind in enumerate(kinds) if kind == "failure"]:
        if index and texts[index - 1].startswith(_VMALLOC) and ": page allocation failure" in texts[index]:
            texts[index] += f", {texts[index - 1]}"  # up to 4.8 what vmalloc says stands on a line before it
        for later in range(index + 1, min(index + _INTERRUPTED, len(texts))):
            if "mode:" not in texts[index] and texts[later].startswith(", mode:"):
                texts[index] += texts[later]
                kinds[later] = "continuation"


def _drop_repeats(kinds: list[LineKind], texts: list[str], raw: list[str]) -> None:
    """Take a header that a logger printed twice for one; two with time stamps of their own are two."""
    headers = [index for index, kind in enumerate(kinds) if kind == "header"]
    for first, second in pairwise(headers):
        if texts[first] != texts[second] or any(texts[first + 1 : second]):
            continue
        if raw[first].endswith(raw[second]) or raw[second].endswith(raw[first]):
            kinds[second] = "continuation"


def _join_continuations(kinds: list[LineKind], texts: list[str], lines: LogLines) -> None:
    """Join what continues by its sense."""
    raw, unprefixed = lines.raw, lines.unprefixed
    lengths: list[int] = []
    width = _width(kinds, lines)
    owners = _join_at(width, kinds, texts, lines) | _join_heads(kinds, texts, unprefixed)
    tables = [index for index, kind in enumerate(kinds) if kind == "task_header"]
    for index in [index for index, kind in enumerate(kinds) if kind in _CANDIDATES]:
        if not texts[index] or (unprefixed is not None and not unprefixed[index]):
            continue
        before = index - 1
        while before >= 0 and not texts[before]:
            before -= 1
        owner = owners.get(before, before)
        if owner < 0 or not _continues(kinds, texts, owner, index, tables):
            continue
        inside = _cut_inside(kinds[owner], texts[owner], texts[index])
        inside = inside or (kinds[owner] == "task" and _cut_in_row(texts, owner, index, tables))
        is_number = texts[owner][-1].isdigit() and texts[index][0].isdigit()
        is_number = is_number and not _cut_in_pid(kinds[owner], texts[owner], texts[index])
        if is_number or kinds[owner] == "task":
            lengths = lengths or sorted(map(len, raw))
            if _has_room(lengths, raw[before], texts[index]):
                continue  # a number or a name would become another
        blank = "" if inside and not _has_blank(raw[before], raw[index]) else " "
        texts[owner] += blank + texts[index]
        kinds[index], owners[index] = "continuation", owner


def _width(kinds: list[LineKind], lines: LogLines) -> int | None:
    """Return the column at which a terminal cut all lines, if most that go on below are of one length.

    Where no line has a prefix, none of the log is longer.
    """
    raw, flags = lines.raw, lines.unprefixed
    cut = [
        raw[index - 1]
        for index in range(1, len(raw))
        if (kinds[index] in _CANDIDATES if flags is None else flags[index]) and raw[index]
    ]
    longest = max(map(len, cut if flags is not None else raw), default=0)
    found = [line for line in cut if len(line) == longest]
    shapes = {_DIGIT.sub("0", line) for line in found}  # a mailer cuts lines of one form alike
    is_most = flags is None or 2 * len(found) > len(cut)
    return longest if is_most and len(shapes) >= _CUTS_SEEN else None


def _join_at(width: int | None, kinds: list[LineKind], texts: list[str], lines: LogLines) -> dict[int, int]:
    """Join what was cut at a known column: where lines have prefixes, whatever has none below such a line.

    Return, for each line that became part of another, which that is.
    """
    owners: dict[int, int] = {}
    if width is None:
        return owners
    raw = lines.raw
    most = 0 if lines.unprefixed is None else 1  # an editor may have taken the blank at the end
    for index in range(1, len(raw)):
        owner = owners.get(index - 1, index - 1)
        lost = width - len(raw[index - 1])
        if not 0 <= lost <= most or not _is_rest(kinds, texts, owner, index, lines.unprefixed):
            continue
        blank = " " if lost or raw[index - 1][-1] == " " or raw[index][:1] == " " else ""
        texts[owner] += blank + texts[index]
        kinds[index], owners[index] = "continuation", owner
    for owner in {*owners.values()}:
        kinds[owner] = kind_of(texts[owner])
    return owners


def _is_rest(
    kinds: list[LineKind], texts: list[str], owner: int, index: int, flags: list[bool] | None
) -> bool:
    """Whether a line below one that was cut at the last column is its rest."""
    if kinds[index] == "continuation" or not texts[index] or not texts[owner]:
        return False
    if len(texts[owner]) > _MAX_JOINED or _FOREIGN.match(texts[index]):
        return False
    if flags is not None:
        return flags[index]
    return kinds[index] in _CANDIDATES and (kinds[owner] in _GOES_ON or kinds[owner] == "task")


def _has_room(lengths: list[int], line: str, following: str) -> bool:
    """Whether a line had room for the first word that follows, for many of the log are much longer."""
    needed = len(line) + len(following.partition(" ")[0])
    return len(lengths) - bisect_right(lengths, needed + _MUCH) >= _LONGER


def _join_heads(kinds: list[LineKind], texts: list[str], unprefixed: list[bool] | None) -> dict[int, int]:
    """Join lines that were cut inside the very words by which their kind is known.

    Return, for each line that became part of another, which that is.
    """
    owners = {}
    for index in [index for index, kind in enumerate(kinds[:-1]) if kind == "other" and texts[index]]:
        first = texts[index]
        if kinds[index + 1] == "continuation":
            continue
        if first[-2:] not in _ENDS and not _begins_a_kind(first):
            continue
        parts = texts[index + 1 : index + 1 + _wrapped(unprefixed, index)]
        if not parts:
            continue
        whole, count = (_uncut(first, parts[0]), 1) if first.endswith(_HEADS) else (None, 0)
        if whole is None:
            whole, count = _whole_head(first, parts)
        if whole is not None and (kind := kind_of(whole)) != "other":
            texts[index], kinds[index] = whole, kind
            for part in range(index + 1, index + 1 + count):
                kinds[part], owners[part] = "continuation", index
    return owners


def _begins_a_kind(text: str) -> bool:
    """Whether a line begins as one whose kind shows only behind a path or behind further words."""
    return text.startswith(_OF_GROUPS) or ("alloc" in text and " fail" in text)


def _wrapped(unprefixed: list[bool] | None, index: int) -> int:
    """Return how many lines below one may be the rest of it."""
    flags = unprefixed[index + 1 : index + 1 + _PARTS] if unprefixed is not None else ()
    return flags.index(False) if False in flags else _PARTS


def _whole_head(first: str, parts: list[str]) -> tuple[str | None, int]:
    """Return the line whose kind shows only far behind its beginning, and how many parts it goes on for."""
    if first.endswith("KB"):
        return _fit(SLAB, first, parts[0]), 1
    words: tuple[str, ...]
    if first.startswith(_OF_GROUPS):
        pattern, words = _GROUP, ("killed",)
    elif _begins_a_kind(first):
        pattern, words = _FAILURE, ("mode:", "gfp")
    else:
        return None, 0
    for count, part in enumerate(parts, 1):
        whole = _fit(pattern, first, part) if any(map((first + part).__contains__, words)) else None
        if whole is not None:
            return whole, count
        first += f" {part}" if first in _OF_GROUPS else part
    return None, 0


def _fit(pattern: re.Pattern[str], first: str, second: str) -> str | None:
    """Return two lines as one of a kind, cut at a blank or within a word; ``None`` where neither fits."""
    return next((whole for blank in (" ", "") if pattern.match(whole := first + blank + second)), None)


def _uncut(first: str, second: str) -> str | None:
    """Return two lines as the one that they were; ``None`` where neither has a part of such words."""
    fits = (
        f"{first}{blank}{second}"
        for head, rest, blank in _CUTS_BY_END.get(first[-2:], ())
        if first.endswith(head) and second.startswith(rest or _DIGITS)
    )
    return next(fits, None)


def _continues(kinds: list[LineKind], texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether one line makes sense as the rest of another; a row goes on to the last column."""
    kind, first, second = kinds[owner], texts[owner], texts[index]
    goes_on = _GOES_ON.get(kind)
    if goes_on is None and kind != "task":
        return False
    if len(first) > _MAX_JOINED or not (
        kinds[index] == "other" or _is_half(kind, kinds[index], first, second)
    ):
        return False
    if _FOREIGN.match(second):
        return False
    if kind == "task":
        columns = _columns_at(texts, owner, tables)
        return columns > 0 and (
            _row_goes_on(first, second, columns) or _ends_name(texts, owner, index, tables)
        )
    return goes_on is not None and (goes_on(first, second) or _halves_a_word(kind, first, second))


def _columns_at(texts: list[str], row: int, tables: list[int]) -> int:
    """Return how many columns the table has in which a row stands; 0 where its header is lost."""
    table = bisect_left(tables, row)
    return _count(texts[tables[table - 1]]) if table else 0


def _ends_name(texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether a line is the rest of a name, cut off from a row that has all its columns."""
    first, second = texts[owner], texts[index]
    if _count(first) != _columns_at(texts, owner, tables) or not _REST_OF_COMM.match(second):
        return False
    return len(first.rpartition(" ")[2]) + len(second) <= _COMM


def _cut_in_pid(kind: LineKind, first: str, second: str) -> bool:
    """Whether a kill was cut within the number of the process, for its name must follow that number."""
    return kind in ("killed", "chosen") and bool(_PID_AT_END.search(first) and _REST_OF_PID.match(second))


def _cut_in_row(texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Whether a row of the table of tasks was cut within its name, or a number: it has one too many."""
    if _ends_name(texts, owner, index, tables):
        return True
    first, second = texts[owner], texts[index]
    if not (first[-1].isdigit() and second[0].isdigit()):
        return False
    numbers = _ROW_NUMBERS.match(f"{first} {second}")
    return numbers is not None and _count(numbers[0]) >= _columns_at(texts, owner, tables)


def _halves_a_word(kind: LineKind, first: str, second: str) -> bool:
    """Whether the end of one line and the start of the next make one word."""
    if kind not in _WORDS or not first or not second:
        return False
    end, start = first[-_NEAR:].split(" ")[-1], second.partition(" ")[0]
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
    if len(words) == 1 and len(second) < 12 and not _WHOLE_PAIR.search(first[-_NEAR:]):
        return True
    return 2 * sum(map(bool, map(_PAIR_LIKE.match, words))) >= len(words)


def _totals_go_on(first: str, second: str) -> bool:
    if first.startswith("("):  # 2.4 sets them in brackets, with commas
        return ")" not in first and bool(_IN_BRACKETS.match(second))
    return "kB" not in second and ": " not in second and _pairs_go_on(first, second)


def _header_goes_on(first: str, second: str) -> bool:
    return not _WHOLE_HEADER.match(first) and bool(_HEADER.match(second))


def _identity_goes_on(first: str, second: str) -> bool:
    return len(second) < 100 and not _WHOLE_IDENTITY.match(first) and bool(_RELEASE.match(second))


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


def _has_blank(line: str, following: str) -> bool:
    """Whether a blank was left at the cut: the line ends in one, or the next is indented deeper."""
    return line[-1:] == " " or _indent(following) > _indent(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cut_inside(kind: LineKind, first: str, second: str) -> bool:
    """Whether the cut fell inside a word."""
    if _halves_a_word(kind, first, second):
        return True
    end, start = first[-_NEAR:].rsplit(None, 1)[-1], second.split(None, 1)[0]
    if kind in ("killed", "chosen"):
        is_number = end[-1].isdigit() and start[0].isdigit()
        is_name = bool(_OPEN_NAME.match(first))
        return is_number or is_name or (not _KILL_WORD.match(start) and bool(_KILL_WORD.match(end + start)))
    if kind == "identity" and _BEGUN_RELEASE.match(end):
        return not start.startswith(("#", "("))  # what follows a release
    if kind == "task_header":
        return start not in _COLUMNS and end + start in _COLUMNS
    if kind == "totals" and start[0].isdigit():
        return True
    whole = _WHOLE_END.get(kind)
    return whole is not None and not whole.search(end)
