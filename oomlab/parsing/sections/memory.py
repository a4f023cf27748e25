"""Read the state of memory: totals, swap, nodes, huge pages, free blocks and zones.

Every such line is pairs of a name and a number. They are read as pairs, whatever the
names are, so a counter that the next kernel adds is kept. What is printed in kB becomes
pages; the list of free blocks shows how big a page is.

A zone stands in three places: the line of its counters, the reserve below it, and its list of
free blocks further down. The name of the zone joins them. Where the line of counters is lost the
other two are still there, and :mod:`oomlab.parsing.reconstruct` can do a good deal with them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line
from oomlab.report import FreeBlocks, HugePages, NodeStat, Problem, Swap, ZoneStat

_PAIR = re.compile(r"([A-Za-z_][\w()-]{0,40}+):\s{0,12}+(-?\d{1,19}+)([kK]B)?(?![\w(])", re.A)
_ZONE_HEAD = re.compile(r"(?:Node (\d{1,6}),? )?(?:Zone:)?([A-Z]\w{0,20})(?: free(?:pages)?:|:)", re.A)
"""Zones have names in capitals: what begins like a counter is the damaged line of a node."""

_BLOCK = re.compile(r"(?<!\d)(\d{1,21}+)\d*+\*(\d{1,9}+(?: \d{1,9}+)?)kB(?:\s{0,4}+\(([A-Z]{1,8})\))?", re.A)
_SUM = re.compile(r"=\s{0,4}(\d{1,15})kB", re.A)
_HUGE = re.compile(r"hugepages_(\w{1,10})=(\d{1,15})", re.A)
_NO_COLON = re.compile(r"(?<=\binactive_anon)(?=\d)", re.A)
_NODE = re.compile(r"Node (\d{1,6})", re.A)
_SWAP_SIZE = re.compile(r"(Free|Total) swap\s{0,4}[=:]\s{0,12}(-?\d{1,18})\s?kB", re.A)
_SWAP_PAGES = re.compile(r"nr_(free)_swap_pages: {0,4}(\d{1,18})", re.A)

_SIZES = re.compile(r"(\d{1,18})kB", re.A)
_PAGE_SIZES = frozenset(("4", "8", "16", "32", "64", "256"))
_PLAIN = frozenset(("pages_scanned", "node_pages_scanned", "scanned"))
_PAGE_WORDS = re.compile(r"(?:[A-Za-z/_-]{1,40}+(?: |$)?){0,8}")
"""Letters only: what follows them is not the kernel's."""

_SMALL_WORDS = frozenset(("pages", "page", "of", "in", "total"))
_PAGE_COUNTS = ("ram", "highmem/movableonly", "highmem", "reserved", "cma_reserved", "hwpoisoned", "shared")
_PAGE_NAMES = {
    "highmem/movableonly": "highmem",
    "swap_cached": "swap_cache",
    "slabcache": "slab",  # these two are Red Hat's, 2.4.21
    "kernel_stacks": "kernel_stack",
}

_RESERVES = ("lowmem_reserve", "protections")
_NAMED_AT_MOST = 4
"""Counters that a line lacks and that are named for it."""

_WATERMARKS = ("free", "watermark_min", "watermark_low", "watermark_high")
_NUMBERS = re.compile(r"-?\d{1,18}", re.A)

_FIELDS = (
    ("free", "free"),
    ("freepages", "free"),
    ("boost", "watermark_boost"),
    ("min", "watermark_min"),
    ("low", "watermark_low"),
    ("high", "watermark_high"),
    ("spanned", "spanned"),
    ("present", "present"),
    ("managed", "managed"),
)

_Row = tuple[int, list[tuple[str, str, str]]]
"""The number of a line, and its pairs: name, value, unit."""

_ROWS = (
    ("active_anon", "inactive_anon", "isolated_anon"),
    ("active_file", "inactive_file", "isolated_file"),
    ("unevictable", "dirty", "writeback"),
    ("slab_reclaimable", "slab_unreclaimable"),
    ("mapped", "shmem", "pagetables"),
    ("free", "free_pcp", "free_cma"),
    ("free", "slab_reclaimable", "slab_unreclaimable"),
)
"""The beginnings of the rows of counters. Source: mm/show_mem.c, ``show_free_areas``; 2.6.32 and later."""

_MIN_ROWS = 4
"""Fewer rows than this are a quotation, which people shorten."""

_BELOW_ZERO = (range(1 << 31, 1 << 32), range(1 << 63, 1 << 64))
"""These counts of free blocks are negative numbers, printed without their sign, by 32 or 64 bits."""


class Blocks(NamedTuple):
    """One list of free blocks: of which zone, how many of each order, and how much in all."""

    node: int | None
    name: str | None
    blocks: tuple[FreeBlocks, ...]
    free_kb: int
    line: int
    has_sum: bool = True


class Reserve(NamedTuple):
    """A ``lowmem_reserve[]`` line whose zone is lost, and the zone before it."""

    values: tuple[int, ...]
    line: int
    after: str | None


def read_totals(
    draft: Draft, page_kb: int, problems: list[Problem]
) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Read the counters under ``Mem-Info:`` and the ``N pages RAM`` lines: values and lines by name."""
    rows = [
        (number, _PAIR.findall(text if "inactive_anon:" in text else _with_colon(text)))
        for number, text in draft.of("totals")
    ]
    found = [
        (name.lower(), int(value) // page_kb if unit else int(value), number)
        for number, pairs in _whole_rows(rows, problems)
        for name, value, unit in pairs
    ]
    for number, text in draft.of("pages"):
        count, _, words = text.partition(" ")
        found.append((_page_name(words), int(count), number))
    for number, text in draft.of("free_pages"):
        found.extend(("free", int(size) // page_kb, number) for size in _SIZES.findall(text)[:1])
    totals: dict[str, int] = {}
    lines: dict[str, int] = {}
    for name, value, number in found:
        if name not in totals:  # the first line of a counter counts
            totals[name], lines[name] = value, number
    return totals, lines


def _whole_rows(rows: list[_Row], problems: list[Problem]) -> list[_Row]:
    """Return rows of counters without what a cut may have shortened: the last one of a row that is not whole.

    What a row lacks may stand in one of the next, as where a mailer wrapped it.
    """
    if len(rows) < _MIN_ROWS:
        return rows
    whole: list[_Row] = []
    below: set[str] = set()
    for number, pairs in reversed(rows):
        names = tuple(name.lower() for name, _, _ in pairs)
        lost = {
            row[len(names)] for row in _ROWS if names and len(names) < len(row) and row[: len(names)] == names
        }
        if lost and not lost & below:
            name, value, _ = pairs[-1]
            problems.append(Problem(number, f"{name}:{value} may have lost digits: its line is cut"))
            pairs = pairs[:-1]
        below.update(names)
        whole.append((number, pairs))
    return whole[::-1]


def _with_colon(text: str) -> str:
    """Add the colon that kernels around 2.6.28 forgot: ``inactive_anon18042``."""
    return _NO_COLON.sub(":", text) if "inactive_anon" in text else text


@lru_cache(256)
def _page_name(words: str) -> str:
    """Turn ``pages in swap cache`` into ``swap_cache``.

    >>> _page_name("pages HighMem/MovableOnly"), _page_name("reserved pages")
    ('highmem', 'reserved')
    """
    found = _PAGE_WORDS.match(words)
    words = found[0].lower().replace("-", "_") if found else ""
    name = "_".join(word for word in words.split() if word not in _SMALL_WORDS)
    name = next((known for known in _PAGE_COUNTS if name.startswith(known + "_")), name)  # joined to the next
    return _PAGE_NAMES.get(name, name)


def read_swap(draft: Draft, page_kb: int, totals: Mapping[str, int]) -> Swap | None:
    """Read the size of the swap space and what is free of it."""
    sizes: dict[str, int] = {}
    first = None
    for number, text in draft.of("swap"):
        for word, value in _SWAP_SIZE.findall(text):
            sizes.setdefault(word, int(value) // page_kb)
            first = first or number
        for word, value in _SWAP_PAGES.findall(text):
            sizes.setdefault(word.title(), int(value))
            first = first or number
    if first is None:
        return None
    return Swap(total=sizes.get("Total"), free=sizes.get("Free"), cached=totals.get("swap_cache"), line=first)


def _read_pairs(line: Line, page_kb: int, problems: list[Problem]) -> dict[str, int]:
    """Read the pairs of a line whose sizes are in kB; a size that lost its unit is damaged and left out."""
    pairs = _PAIR.findall(line.text)
    if " freepages:" in line.text and not any(unit for _, _, unit in pairs):
        return {name: int(value) for name, value, _ in pairs}  # Red Hat's 2.4.21 counts zones in pages
    values = {name: int(value) // page_kb for name, value, unit in pairs if unit}
    if len(values) < len(pairs):
        for name, value in [(name, value) for name, value, unit in pairs if not unit]:
            if name in _PLAIN:
                values[name] = int(value)
            else:
                reason = f"{name}:{value} has lost its unit: the line is cut or damaged"
                problems.append(Problem(line.number, reason))
    return values


def _read_flags(text: str) -> dict[str, str]:
    """Return what is answered by yes or no.

    >>> _read_flags("pages_scanned:0 all_unreclaimable? yes")
    {'all_unreclaimable?': 'yes'}
    """
    question, found, answer = text.partition("? ")
    return {question.rpartition(" ")[2] + "?": answer.partition(" ")[0]} if found else {}


def read_nodes(draft: Draft, page_kb: int, problems: list[Problem]) -> tuple[NodeStat, ...]:
    """Read the line of each NUMA node (4.8 and later); of one that is listed twice the first counts."""
    nodes: dict[int, NodeStat] = {}
    for line in draft.of("node"):
        match = _NODE.match(line.text)
        values = _read_pairs(line, page_kb, problems)
        if match is not None and values:
            number, flags = int(match[1]), _read_flags(line.text)
            first = nodes.get(number)
            stat = NodeStat(node=number, counters=values, flags=flags, line=line.number)
            nodes[number] = stat if first is None else replace(first, counters=values | dict(first.counters))
    return tuple(nodes.values())


def read_hugepages(draft: Draft) -> tuple[HugePages, ...]:
    """Read the pools of huge pages."""
    pools = []
    for number, text in draft.of("huge"):
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


def read_blocks(draft: Draft, page_kb: int, problems: list[Problem]) -> list[Blocks]:
    """Read the lists of free blocks and check each against its own sum."""
    found = []
    for number, text in draft.of("blocks"):
        head = _ZONE_HEAD.match(text)
        printed = _SUM.search(text)
        blocks = [(_order(size, page_kb), int(count), types) for count, size, types in _BLOCK.findall(text)]
        most = max([count for _, count, _ in blocks], default=0)
        if most >= _BELOW_ZERO[0].start:
            problems.append(Problem(number, _count_problem(most)))
            continue
        free_kb = sum([count << order for order, count, _ in blocks]) * page_kb
        printed_kb = int(printed[1]) if printed else None
        node, name = (head[1], head[2]) if head else (None, None)
        found.append(
            Blocks(
                int(node) if node else None,
                name,
                tuple(map(FreeBlocks._make, blocks)),
                free_kb,
                number,
                printed_kb is not None,
            )
        )
        if blocks and free_kb != printed_kb:
            problems.append(Problem(number, _sum_problem(free_kb, printed_kb)))
    return found


@lru_cache(256)
def _order(size: str, page_kb: int) -> int:
    """Return the order of a block by its size as printed; a stray blank in it is not counted."""
    return max(int(size.replace(" ", "")) // page_kb, 1).bit_length() - 1


def _count_problem(count: int) -> str:
    if any(count in numbers for numbers in _BELOW_ZERO):
        return "The kernel had lost count of free blocks: some are below zero"
    return f"The list of free blocks is damaged: no machine has {count} blocks"


def _sum_problem(free_kb: int, printed_kb: int | None) -> str:
    if printed_kb is None:
        return "The list of free blocks is cut: its sum is missing"
    return f"The list of free blocks is damaged: its blocks make {free_kb} kB, the sum says {printed_kb} kB"


def page_size_kb(draft: Draft) -> int | None:
    """Return the size of a page, by the smallest block or by one counter printed in both units.

    Of several lists of blocks most decide, and among as many the smaller: one may have lost its beginning.
    """
    firsts = [match[2] for _, text in draft.of("blocks") if (match := _BLOCK.search(text))]
    sizes = Counter(sorted(int(size) for size in firsts if size in _PAGE_SIZES))
    return sizes.most_common(1)[0][0] if sizes else _size_by_counters(draft)


def _size_by_counters(draft: Draft) -> int | None:
    """Compare the node's kB with the pages of the whole, where one node is all there is."""
    nodes = draft.of("node")
    if len(nodes) != 1:
        return None
    in_kb = {name: int(value) for name, value, unit in _PAIR.findall(nodes[0].text) if unit}
    for _, text in draft.of("totals"):
        for name, value, _ in _PAIR.findall(text):
            size, rest = divmod(in_kb.get(name, 0), max(int(value), 1))
            if size > 1 and not rest and str(size) in _PAGE_SIZES:
                return size
    return None


def read_zones(
    draft: Draft, page_kb: int, blocks: list[Blocks], problems: list[Problem]
) -> tuple[list[ZoneStat], list[Reserve]]:
    """Read every zone that has a line, and the reserves that lost theirs."""
    found: dict[tuple[int | None, str], dict[str, Any]] = {}
    orphans: list[Reserve] = []
    last: dict[str, Any] | None = None
    for line in draft.of("zone"):
        if not line.text.startswith(_RESERVES):
            last = _add_zone(found, _zone(line, page_kb, problems), problems) or last
            continue
        values = tuple(map(int, _NUMBERS.findall(line.text.partition(":")[2])))
        if last and line.text.startswith("protections"):
            values = _without_low(values, last)
        if last and "lowmem_reserve" not in last:
            last.update(lowmem_reserve=values, reserve_line=line.number)
        elif not last or last["line"] == next(reversed(found.values()))["line"]:
            orphans.append(Reserve(values, line.number, last["name"] if last else None))
    zones = list(found.values())
    _add_blocks(zones, blocks, page_kb)
    _compare(zones, problems)
    _drop_cut_reserves(zones, problems)
    return [ZoneStat(**zone) for zone in zones], orphans


def _drop_cut_reserves(zones: list[dict[str, Any]], problems: list[Problem]) -> None:
    """Drop a reserve that lost its end: a kernel prints one value for each zone that it was built with."""
    length = max((len(zone.get("lowmem_reserve", ())) for zone in zones), default=0)
    for zone in zones:
        values = zone.get("lowmem_reserve")
        if values is not None and len(values) < length:
            reason = f"The lowmem_reserve[] line of zone {zone['name']} is cut"
            problems.append(Problem(zone["reserve_line"], reason))
            zone["lowmem_reserve"] = None


def _without_low(values: tuple[int, ...], zone: dict[str, Any]) -> tuple[int, ...]:
    """Subtract the zone's own ``low`` watermark from its protections: up to 2.6.8 they begin with it.

    What is left is what later kernels call ``lowmem_reserve``: nothing against the zone itself.

    Source: mm/page_alloc.c, ``setup_per_zone_protection``, 2.6.5 to 2.6.8.
    """
    low = zone.get("watermark_low") or 0
    return tuple(max(0, value - low) for value in values) if low in values else values


def _add_zone(
    found: dict[tuple[int | None, str], dict[str, Any]],
    zone: dict[str, Any] | None,
    problems: list[Problem],
) -> dict[str, Any] | None:
    """Keep a zone, and of one that is listed twice the fuller line; return what is known of it."""
    if zone is None:
        return None
    first = found.setdefault((zone["node"], zone["name"]), zone)
    if first is not zone:
        problems.append(Problem(zone["line"], f"The line of zone {zone['name']} stands there twice"))
        if len(zone["counters"]) > len(first["counters"]):
            first |= zone
    return first


def _zone(line: Line, page_kb: int, problems: list[Problem]) -> dict[str, Any] | None:
    """Read the line of one zone; ``None`` where it has no name."""
    head = _ZONE_HEAD.match(line.text)
    if head is None:
        return None
    counters = _read_pairs(line, page_kb, problems)
    zone: dict[str, Any] = {field: counters.pop(name) for name, field in _FIELDS if name in counters}
    zone |= {"name": head[2], "node": int(head[1]) if head[1] else None, "line": line.number}
    return zone | {"counters": counters, "flags": _read_flags(line.text)}


def _add_blocks(zones: list[dict[str, Any]], blocks: list[Blocks], page_kb: int) -> None:
    """Add the free blocks to each zone; lists without a name (2.4) come in the order of the zones.

    A list that lost its end does not show what blocks there are not, so it counts as lost.
    """
    named = {(each.node, each.name): each for each in blocks if each.name is not None}
    unnamed = iter([each for each in blocks if each.name is None])
    for zone in zones:
        own = named.get((zone["node"], zone["name"])) or next(unnamed, None)
        if own is not None:
            is_whole = own.has_sum or own.free_kb >= page_kb * zone.get("free", 0)
            zone.update(free_blocks=own.blocks if is_whole else None, blocks_line=own.line)


def _compare(zones: list[dict[str, Any]], problems: list[Problem]) -> None:
    """Report lines that were cut: zones of one kernel print the same counters as the fullest of them."""
    expected: dict[str, int] = max((zone["counters"] for zone in zones), key=len, default={})
    names = sorted({*_WATERMARKS, *expected})
    for zone in zones:
        lacking = (name for name in names if name not in zone["counters"] and name not in zone)
        missing = list(islice(lacking, _NAMED_AT_MOST + 1))
        if missing:
            shown = ", ".join(missing[:_NAMED_AT_MOST]) + (", …" if len(missing) > _NAMED_AT_MOST else "")
            reason = f"The line of zone {zone['name']} is cut: it lacks {shown}"
            problems.append(Problem(zone["line"], reason))
