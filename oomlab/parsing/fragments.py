"""Join the fragments of a line that a kernel printed in several calls, and a logger one by one.

From 4.9 to 4.19 a kernel takes each further call for a line of its own, with its own time stamp,
whenever anything else prints in between. Source: kernel/printk/printk.c, ``cont_add``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from oomlab.mmzone import ZONE_NAMES
from oomlab.parsing.lines import LineKind

_NODE = re.compile(r"Node \d{1,6}$", re.A)
_OF_NODE = re.compile(rf"(?:{ZONE_NAMES})(?: free|:)|(?:hugepages|active)_")
_LIST = re.compile(rf"(?:Node \d{{1,6}} )?(?:{ZONE_NAMES}):(?:\s.*)?$", re.A)
_OF_LIST = re.compile(r"(?:(?:\d{1,10}\*\d{1,9}kB|\([A-Z]{1,8}\)|= \d{1,15}kB)(?:\s|$))+$", re.A)
_RESERVE = re.compile(r"(?:lowmem_reserve|protections)\[\]:")
_OF_RESERVE = re.compile(r"-?\d{1,12}(?: -?\d{1,12})*$", re.A)
_CPUSET = re.compile(r".{1,15} cpuset=\S*$")
_OF_CPUSET = re.compile(r"/\S*$|mems_allowed=")

_GO_ON = ((_NODE, _OF_NODE), (_LIST, _OF_LIST), (_RESERVE, _OF_RESERVE), (_CPUSET, _OF_CPUSET))
"""How a line begins, and how its further fragments do."""

_BEGIN = ("Node ", "lowmem_reserve[]:", "protections[]:")

_MAX_LIST_LENGTH = 2000
"""The most characters of a zone's list, whatever follows it."""


def join_fragments(kinds: list[LineKind], texts: list[str], kind_of: Callable[[str], LineKind]) -> None:
    """Append each fragment to the line that it belongs to; it stays in its place as a continuation."""
    owner = None
    for index, text in enumerate(texts):
        if owner is not None and _goes_on(texts[owner], text):
            texts[owner] += text if texts[owner][-1] == "=" else f" {text}"
            kinds[owner], kinds[index] = kind_of(texts[owner]), "continuation"
        elif text:
            owner = (
                index if text.startswith(_BEGIN) or text.endswith(" cpuset=") or _LIST.match(text) else None
            )


def _goes_on(first: str, second: str) -> bool:
    if len(first) > _MAX_LIST_LENGTH or " = " in first:
        return False
    return any(rest.match(second) for begin, rest in _GO_ON if begin.match(first))
