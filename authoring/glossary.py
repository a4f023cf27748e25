"""Links from a notebook's text to the glossary: the first use of each word that another notebook explains."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent / "source" / "99_glossary.py"
NOTEBOOK = "99_glossary.ipynb"
COMMON = frozenset(("page", "order", "zone", "swap", "buffers", "fallback", "boost", "guaranteed"))
"""Words of every sentence: a link at each would be in the way."""

_ENTRY = re.compile(r"^# ### ([^\n]+)\n(.*?)\*\(([\d, ]+)\)\*", re.MULTILINE | re.DOTALL)
_NOT_PROSE = re.compile(r"`[^`]*`|\[[^\]]*\]\([^)]*\)|<[^>]*>|^(?:#|\||    ).*$", re.MULTILINE)
"""Code, links, tags, headings and tables keep their words as they are."""


@cache
def entries() -> dict[str, frozenset[str]]:
    """Return the words of the glossary, each with the numbers of the notebooks that explain it."""
    found = _ENTRY.findall(SOURCE.read_text())
    return {word: frozenset(numbers.split(", ")) for word, _, numbers in found}


def wanted(number: str) -> set[str]:
    """Return the words that a notebook links: those that others explain."""
    return {word for word, where in entries().items() if number not in where and word not in COMMON}


def link(text: str, words: set[str]) -> str:
    """Return Markdown with a link at the first use of each word; ``words`` loses those that were used.

    >>> link("No `slab` is a Slab. Nor are slabs.", {"slab"})
    'No `slab` is a [Slab](99_glossary.ipynb#slab). Nor are slabs.'
    """
    for word in sorted(words, key=len, reverse=True):
        first = _first_use(word, text)
        if first is not None:
            there = f"[{first[0]}]({NOTEBOOK}#{word.replace(' ', '-')})"
            text = text[: first.start()] + there + text[first.end() :]
            words.discard(word)
    return text


def _first_use(word: str, text: str) -> re.Match[str] | None:
    taken = [match.span() for match in _NOT_PROSE.finditer(text)]
    uses = re.finditer(rf"\b{re.escape(word)}(?:s|es)?\b", text, re.IGNORECASE)
    return next((use for use in uses if all(use.end() <= a or b <= use.start() for a, b in taken)), None)
