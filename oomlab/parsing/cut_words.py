"""Join lines that were cut inside the words by which their kind is known.

Their kind is known only after joining: ``Out of mem``, and below it ``ory: Killed process 1``.
"""

from __future__ import annotations

import re

from oomlab.parsing.classify import SLAB, kind_of
from oomlab.parsing.lines import LineKind

_WORDS = (
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

_MIN_SHOWN = 3
"""The fewest characters of them that show a cut."""

_CUTS = {
    (words[:at].rstrip(), words[at:].strip()): " " if " " in words[at - 1 : at + 1] else ""
    for words in _WORDS
    for at in range(_MIN_SHOWN, len(words))
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

_OF_GROUPS = ("Tasks in", "Task in")
_GROUP = re.compile(r"Tasks? in /\S{0,4096} (?:are going to be killed|killed as a result)")
_FAILURE = re.compile(r".{0,80}?\balloc\w* fail\w*:.{0,120}\b(?:mode:|gfp)")
"""Lines whose kind shows only behind a path, a size or another number."""

_MAX_PATH_LINES = 4
"""The most lines into which a path is wrapped."""


def join_cut_words(kinds: list[LineKind], texts: list[str], unprefixed: list[bool] | None) -> dict[int, int]:
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
    flags = unprefixed[index + 1 : index + 1 + _MAX_PATH_LINES] if unprefixed is not None else ()
    return flags.index(False) if False in flags else _MAX_PATH_LINES


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
