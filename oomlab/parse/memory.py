"""Read the state of memory: totals, nodes, zones, free blocks, huge pages, swap.

Every such line is pairs of a name and a number. They are read as pairs, whatever the
names are, so a counter that the next kernel adds is kept. What is printed in kB becomes
pages; the list of free blocks tells how big a page is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from oomlab.parse.split import Line, Sketch
from oomlab.report import FreeBlocks, HugePages, NodeStat, Problem, Swap

_PAIR = re.compile(r"([A-Za-z_][\w()]{0,40}):\s{0,12}(-?\d{1,19})([kK]B)?(?![\w(])", re.A)
_FLAG = re.compile(r"(\w{1,30}\?) (yes|no)\b", re.A)
_ZONE_HEAD = re.compile(r"(?:Node (\d{1,6}),? )?(?:Zone:)?([A-Za-z]\w{0,20})(?: free(?:pages)?:|:)", re.A)
_BLOCK = re.compile(r"(\d{1,10})\*(\d{1,9}(?: \d{1,9})?)kB(?:\s{0,4}\(([A-Z]{1,8})\))?", re.A)
_SUM = re.compile(r"=\s{0,4}(\d{1,15})kB", re.A)
_HUGE = re.compile(r"hugepages_(\w{1,10})=(\d{1,15})", re.A)
_NODE = re.compile(r"Node (\d{1,6})", re.A)
_SWAP_SIZE = re.compile(r"(Free|Total) swap\s{0,4}[=:]\s{0,12}(-?\d{1,18})\s?kB", re.A)
_PAGES = re.compile(r"(\d{1,18}) (.{1,60})", re.A)

_SIZES = re.compile(r"(\d{1,18})kB", re.A)
_PAGE_SIZES = frozenset(("4", "8", "16", "32", "64", "256"))
_PLAIN = frozenset(("pages_scanned", "scanned"))
_SMALL_WORDS = frozenset(("pages", "page", "of", "in", "total"))
_PAGE_NAMES = {"highmem/movableonly": "highmem", "swap_cached": "swap_cache"}


class Blocks(NamedTuple):
    """One line of free blocks: whose they are, how many of each order, and the sum that was printed."""

    node: int | None
    name: str | None
    blocks: tuple[FreeBlocks, ...]
    free_kb: int
    printed_kb: int | None
    line: int


def read_totals(sketch: Sketch, page_kb: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Read the counters under ``Mem-Info:`` and the ``N pages RAM`` lines: values and lines by name."""
    totals: dict[str, int] = {}
    lines: dict[str, int] = {}
    for number, name, value in _totals(sketch, page_kb):
        if name not in totals:
            totals[name], lines[name] = value, number
    return MappingProxyType(totals), MappingProxyType(lines)


def _totals(sketch: Sketch, page_kb: int) -> Iterator[tuple[int, str, int]]:
    for number, text in sketch.of("totals"):
        for name, value, unit in _PAIR.findall(text):
            yield number, name.lower(), int(value) // page_kb if unit else int(value)
    for number, text in sketch.of("pages"):
        match = _PAGES.match(text)
        if match is not None:
            yield number, _page_name(match[2]), int(match[1])
    for number, text in sketch.of("free_pages"):
        for value in _SIZES.findall(text)[:1]:
            yield number, "free", int(value) // page_kb


def _page_name(words: str) -> str:
    """Turn ``pages in swap cache`` into ``swap_cache``.

    >>> _page_name("pages HighMem/MovableOnly"), _page_name("reserved pages")
    ('highmem', 'reserved')
    """
    name = "_".join(word for word in words.lower().replace("-", "_").split() if word not in _SMALL_WORDS)
    return _PAGE_NAMES.get(name, name)


def read_swap(sketch: Sketch, page_kb: int, totals: Mapping[str, int]) -> Swap | None:
    """Read the size of the swap space and what is free of it."""
    sizes: dict[str, int] = {}
    first = None
    for number, text in sketch.of("swap"):
        for word, value in _SWAP_SIZE.findall(text):
            sizes.setdefault(word, int(value) // page_kb)
            first = first or number
    if first is None:
        return None
    return Swap(total=sizes.get("Total"), free=sizes.get("Free"), cached=totals.get("swap_cache"), line=first)


def read_pairs(line: Line, page_kb: int, problems: list[Problem]) -> dict[str, int]:
    """Read the pairs of a line whose sizes are in kB; a size that lost its unit is damaged and left out."""
    values: dict[str, int] = {}
    for name, value, unit in _PAIR.findall(line.text):
        if unit:
            values[name] = int(value) // page_kb
        elif name in _PLAIN:
            values[name] = int(value)
        else:
            problems.append(
                Problem(line.number, f"{name}:{value} has lost its unit: the line is cut or damaged")
            )
    return values


def read_nodes(sketch: Sketch, page_kb: int, problems: list[Problem]) -> tuple[NodeStat, ...]:
    """Read the line of each NUMA node (4.8 and later)."""
    nodes = []
    for line in sketch.of("node"):
        match = _NODE.match(line.text)
        values = read_pairs(line, page_kb, problems)
        if match is not None and values:
            flags = dict(_FLAG.findall(line.text))
            nodes.append(NodeStat(node=int(match[1]), counters=values, flags=flags, line=line.number))
    return tuple(nodes)


def read_hugepages(sketch: Sketch) -> tuple[HugePages, ...]:
    """Read the pools of huge pages."""
    pools = []
    for number, text in sketch.of("huge"):
        values = {key: int(value) for key, value in _HUGE.findall(text)}
        node = _NODE.match(text)
        if {"total", "free", "surp", "size"} <= values.keys():
            pools.append(
                HugePages(
                    values["size"],
                    values["total"],
                    values["free"],
                    values["surp"],
                    int(node[1]) if node else None,
                    number,
                )
            )
    return tuple(pools)


def read_blocks(sketch: Sketch, page_kb: int, problems: list[Problem]) -> list[Blocks]:
    """Read the lists of free blocks and check each against its own sum."""
    found = []
    for number, text in sketch.of("blocks"):
        head = _ZONE_HEAD.match(text)
        sizes = [
            (int(size.replace(" ", "")), int(count), types) for count, size, types in _BLOCK.findall(text)
        ]
        blocks = tuple(FreeBlocks(_order(size, page_kb), count, types) for size, count, types in sizes)
        printed = _SUM.search(text)
        free_kb = sum(size * count for size, count, _ in sizes)
        found.append(
            Blocks(
                int(head[1]) if head and head[1] else None,
                head[2] if head else None,
                blocks,
                free_kb,
                int(printed[1]) if printed else None,
                number,
            )
        )
        if blocks and free_kb != found[-1].printed_kb:
            problems.append(Problem(number, _sum_problem(free_kb, found[-1].printed_kb)))
    return found


def _order(size_kb: int, page_kb: int) -> int:
    return max(size_kb // page_kb, 1).bit_length() - 1


def _sum_problem(free_kb: int, printed_kb: int | None) -> str:
    if printed_kb is None:
        return "The list of free blocks is cut: its sum is missing"
    return f"The list of free blocks is damaged: its blocks make {free_kb} kB, the sum says {printed_kb} kB"


def page_size_kb(sketch: Sketch) -> int | None:
    """Find the size of a page: the smallest block shows it, or one counter printed in both units."""
    for _, text in sketch.of("blocks"):
        match = _BLOCK.search(text)
        if match is not None and match[2] in _PAGE_SIZES:
            return int(match[2])
    return _size_by_counters(sketch)


def _size_by_counters(sketch: Sketch) -> int | None:
    """Compare the node's kB with the pages of the whole, where one node is all there is."""
    nodes = sketch.of("node")
    if len(nodes) != 1:
        return None
    in_kb = {name: int(value) for name, value, unit in _PAIR.findall(nodes[0].text) if unit}
    for _, text in sketch.of("totals"):
        for name, value, _ in _PAIR.findall(text):
            size, rest = divmod(in_kb.get(name, 0), max(int(value), 1))
            if size > 1 and not rest and str(size) in _PAGE_SIZES:
                return size
    return None
