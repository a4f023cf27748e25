"""Put the halves of wrapped lines together again.

A continuation is found by sense: pairs go on after pairs, numbers after numbers, columns
after columns. A blank goes between the halves, unless the cut fell inside a word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from oomlab.mmzone import ZONE_ORDER
from oomlab.parsing.kinds import Kind, kind_of

LONGEST_WHOLE = 10_000
"""No line of the kernel is longer than this; two paths of control groups may stand in one."""

NEAR = 100
"""So many characters before a cut are looked at."""

_CANDIDATES = frozenset(("other", "blocks", "totals"))
COLUMNS = frozenset(
    (
        "pid",
        "uid",
        "tgid",
        "total_vm",
        "rss",
        "rss_anon",
        "rss_file",
        "rss_shmem",
        "cpu",
        "oom_adj",
        "nr_ptes",
        "nr_pmds",
        "nr_puds",
        "pgtables_bytes",
        "swapents",
        "oom_score_adj",
        "name",
    )
)
"""Every column that a task table has had."""

_PAIR_LIKE = re.compile(r"\S*(?::|[kK]B,?$|\?$)|(?:yes|no)$")
_HEADER = re.compile(r"[\w|,():]{0,200}(?:=|GFP_|\)|:\d)")
_WHOLE_HEADER = re.compile(r".*adj=-?\d+$")
_RELEASE = re.compile(r".{0,60}(?:\d\.\d|#\d|ainted)")
_WHOLE_IDENTITY = re.compile(r".*ainted.*\d\.\d.*#\d")
_BLOCKS = re.compile(r"\S{0,12}[kB]B?(?:\s|$)|=|\(?[A-Z]{1,7}\)|\d{1,9}\*")
_WHOLE_PAIR = re.compile(r"(?:[kK]B|\?|\byes|\bno|:\d+)$")
_NUMBERS = re.compile(r"-?\d[\d\s-]*$")
_KILL = re.compile(r",|\(|score|or |sacrifice|[\w-]{0,14}:\d|[\w-]{0,12}k?B|adj")
_SIZE = re.compile(r"=?\s*-?\d+\s?kB")
_LIMIT = re.compile(r"(?:as a |result |of |limit |usage |failcnt |\d+kB,?|/)")
_REST_OF_PATH = re.compile(r"\S{8,4000}$")
_PLACE = re.compile(r"\S+$")
_HEADS = (
    " invoked",
    "ut of",
    "ut of memory:",
    "ut of Memory:",
    ": page",
    " allocation",
    "Kill",
    "Killed",
    ": OOM",
)
_RESTS = re.compile(
    r"oom-killer:|memory:|Memory:|[Kk]ill(?:ed)? process|process \d|allocation fail|failure[:.]"
)
_KILL_WORD = re.compile(r"(?:total-vm|anon-rss|file-rss|shmem-rss|UID|pgtables|oom_score_adj)[:=]\d")
_ZONES = "|".join(ZONE_ORDER)

_WHOLE_END: dict[Kind, re.Pattern[str]] = {
    "zone": re.compile(rf"kB$|KB$|\?$|\byes$|\bno$|pages_scanned:\d+$|(?:^|:)(?:{_ZONES})$"),
    "node": re.compile(r"kB$|KB$|\?$|\byes$|\bno$|pages_scanned:\d+$|^\d+$"),
    "memcg_stats": re.compile(r"KB$|:$|for$"),
    "memcg_task": re.compile(r"^(?:[a-z]+|/)$"),
    "totals": re.compile(r":\d+$"),
    "blocks": re.compile(r"kB$|\)$|=$|:$"),
    "header": re.compile(r"[,:]$"),
    "failure": re.compile(r"[,:.]$|failure"),
    "constraint": re.compile(r"(?!)"),
}
"""How the last word of a first half ends when it is whole; kinds that are not here end with any word."""


def rejoin(kinds: list[Kind], texts: list[str], lines: list[str], bare: list[bool] | None) -> None:
    """Append each continuation to the line it continues, and mark it ``"continued"``."""
    owners = _join_heads(kinds, texts, bare)
    tables = [index for index, kind in enumerate(kinds) if kind == "task_header"]
    for index in [index for index, kind in enumerate(kinds) if kind in _CANDIDATES]:
        if not texts[index] or (bare is not None and not bare[index]):
            continue
        before = index - 1
        while before >= 0 and not texts[before]:
            before -= 1
        owner = owners.get(before, before)
        if owner < 0 or not _continues(kinds, texts, owner, index, tables):
            continue
        inside = _cut_inside(kinds[owner], texts[owner], texts[index])
        blank = "" if inside and not _has_blank(lines[before], lines[index]) else " "
        texts[owner] += blank + texts[index]
        kinds[index], owners[index] = "continued", owner


def _join_heads(kinds: list[Kind], texts: list[str], bare: list[bool] | None) -> dict[int, int]:
    """Put together lines that were cut inside the very words by which their kind is known.

    Gives, for each line that became part of another, which that is.
    """
    owners = {}
    for index in [index for index, kind in enumerate(kinds[:-1]) if kind == "other"]:
        if not texts[index].endswith(_HEADS) or (bare is not None and not bare[index + 1]):
            continue
        whole = f"{texts[index]} {texts[index + 1]}"
        if _RESTS.match(texts[index + 1]) and kind_of(whole) != "other":
            texts[index], kinds[index], kinds[index + 1] = whole, kind_of(whole), "continued"
            owners[index + 1] = index
    return owners


def _continues(kinds: list[Kind], texts: list[str], owner: int, index: int, tables: list[int]) -> bool:
    """Tell whether one line makes sense as the rest of another; a row goes on to the last column."""
    kind, first, second = kinds[owner], texts[owner], texts[index]
    if len(first) > LONGEST_WHOLE or not (
        kinds[index] == "other" or _is_half(kind, kinds[index], first, second)
    ):
        return False
    if kind == "task":
        table = bisect_left(tables, owner)
        return table > 0 and _row_goes_on(first, second, _count(texts[tables[table - 1]]))
    goes_on = _GOES_ON.get(kind)
    return goes_on is not None and goes_on(first, second)


def _count(row: str) -> int:
    return len(row.replace("[", " ").replace("]", " ").split())


def _is_half(kind: Kind, other: Kind, first: str, second: str) -> bool:
    """Some second halves look like lines of their own."""
    if other == "blocks":
        return kind == "blocks" and " = " not in first
    if other != "totals":
        return False
    if kind == "totals":
        return not first[-1].isdigit()
    return kind in ("killed", "pcp", "zone", "node")


def _row_goes_on(first: str, second: str, columns: int) -> bool:
    missing = columns - _count(first)
    if missing == 1:
        return len(second) < 16
    return missing > 1 and bool(_NUMBERS.match(second.rpartition(" ")[0] or second))


def _pairs_go_on(first: str, second: str) -> bool:
    words = second.split()
    if len(words) == 1 and len(second) < 12 and not _WHOLE_PAIR.search(first[-NEAR:]):
        return True
    return 2 * sum(map(bool, map(_PAIR_LIKE.match, words))) >= len(words)


def _totals_go_on(first: str, second: str) -> bool:
    return "kB" not in second and _pairs_go_on(first, second)


def _header_goes_on(first: str, second: str) -> bool:
    return not _WHOLE_HEADER.match(first) and bool(_HEADER.match(second))


def _identity_goes_on(first: str, second: str) -> bool:
    return len(second) < 100 and not _WHOLE_IDENTITY.match(first) and bool(_RELEASE.match(second))


def _columns_go_on(first: str, second: str) -> bool:
    words = second.split()
    return not first.endswith("name") and len(words) < 12 and any(word in COLUMNS for word in words)


def _group_goes_on(first: str, second: str) -> bool:
    """Terminals cut paths too, wherever the last column falls."""
    return bool(_LIMIT.match(second) or (" limit of /" in first and _REST_OF_PATH.match(second)))


def _matches(pattern: re.Pattern[str]) -> Callable[[str, str], bool]:
    return lambda first, second: bool(pattern.match(second))


_GOES_ON: dict[Kind, Callable[[str, str], bool]] = {
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
    "chosen": _matches(_KILL),
    "pcp": _matches(re.compile(r"(?:used|usd|btch|batch|hi|high|low|Cold):?|\d")),
    "killed": _matches(_KILL),
    "memcg_task": _group_goes_on,
    "memcg_usage": _matches(_LIMIT),
}


def _has_blank(line: str, following: str) -> bool:
    """Tell whether a blank was left at the cut: the line ends in one, or the next is set in deeper."""
    return line[-1:] == " " or _indent(following) > _indent(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cut_inside(kind: Kind, first: str, second: str) -> bool:
    """Tell whether the cut fell inside a word."""
    end, start = first[-NEAR:].rsplit(None, 1)[-1], second.split(None, 1)[0]
    if kind in ("killed", "chosen"):
        return not _KILL_WORD.match(start) and bool(_KILL_WORD.match(end + start))
    if kind == "task_header":
        return start not in COLUMNS and end + start in COLUMNS
    if kind == "totals" and start[0].isdigit():
        return True
    whole = _WHOLE_END.get(kind)
    return whole is not None and not whole.search(end)
