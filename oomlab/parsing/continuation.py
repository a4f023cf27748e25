"""Join lines that were wrapped.

Terminals wrap lines at their last column, in the middle of a word. Mailers wrap them at a blank. Three
facts restore them:

* a line with the logger's prefix continues no other;
* a continuation makes sense after the line before it (:mod:`oomlab.parsing.wrapped`);
* no blank goes between the two where the cut fell inside a word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise

from oomlab.parsing.classify import kind_of
from oomlab.parsing.cut_words import join_cut_words
from oomlab.parsing.fragments import join_fragments
from oomlab.parsing.lines import LineKind, LogLines
from oomlab.parsing.wrapped import continues, goes_on, is_cut_inside, is_of_another, may_be_two_numbers

_MAX_BLOCK_LINES = 3
"""The most lists of free blocks for each zone: more are fragments of lists."""

_MAX_INTERRUPTION = 8
"""The most lines between the halves of an interrupted line."""

_VMALLOC = "vmalloc: allocation failure"
_LONGER_LINES = 4
"""Longer lines that show that a log was not wrapped at a width."""

_LONGER_BY = 20
"""Characters that make a line longer: what stands before lines may differ in length."""

_LINES_MEASURED = 3
"""Lines of one length, each with its rest below it, that show the column at which all were cut."""

_CANDIDATES = frozenset(("other", "blocks", "totals"))
_DIGIT = re.compile(r"\d", re.A)


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
    if kinds.count("blocks") > _MAX_BLOCK_LINES * (1 + kinds.count("zone")):
        return True
    return "other" in kinds and "lowmem_reserve[]:" in texts


def _join_interrupted(kinds: list[LineKind], texts: list[str]) -> None:
    """Append to a failure its mask, which the kernel prints separately: another CPU may print in between."""
    given = texts[:]
    for index in [index for index, kind in enumerate(kinds) if kind == "failure"]:
        if index and given[index - 1].startswith(_VMALLOC) and ": page allocation failure" in given[index]:
            texts[index] += f", {given[index - 1]}"  # up to 4.8 what vmalloc says stands on a line before it
        for later in range(index + 1, min(index + _MAX_INTERRUPTION, len(texts))):
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
    owners = _join_at(width, kinds, texts, lines) | join_cut_words(kinds, texts, unprefixed)
    tables = [index for index, kind in enumerate(kinds) if kind == "task_header"]
    for index in [index for index, kind in enumerate(kinds) if kind in _CANDIDATES]:
        if not texts[index] or (unprefixed is not None and not unprefixed[index]):
            continue
        before = index - 1
        while before >= 0 and not texts[before]:
            before -= 1
        owner = owners.get(before, before)
        if owner < 0 or not continues(kinds, texts, owner, index, tables):
            continue
        inside = is_cut_inside(kinds, texts, owner, index, tables)
        is_number = may_be_two_numbers(kinds[owner], texts[owner], texts[index])
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
    return longest if is_most and len(shapes) >= _LINES_MEASURED else None


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
    if is_of_another(texts[owner], texts[index]):
        return False
    if flags is not None:
        return flags[index]
    if kinds[index] == "blocks" and " = " in texts[owner]:
        return False  # the list above has its sum
    return kinds[index] in _CANDIDATES and goes_on(kinds[owner])


def _has_room(lengths: list[int], line: str, following: str) -> bool:
    """Whether a line had room for the first word that follows, for many of the log are much longer."""
    needed = len(line) + len(following.partition(" ")[0])
    return len(lengths) - bisect_right(lengths, needed + _LONGER_BY) >= _LONGER_LINES


def _has_blank(line: str, following: str) -> bool:
    """Whether a blank was left at the cut: the line ends in one, or the next is indented deeper."""
    return line[-1:] == " " or _indent(following) > _indent(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
