"""Exercises of notebook 05: the budget of ZONE_NORMAL."""

from __future__ import annotations

from random import Random

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.evidence import cached_pages, incident
from oomlab.exercises.kinds import Choice, Number
from oomlab.machine import INCIDENT
from oomlab.mmzone import PAGE_SIZE, is_highmem
from oomlab.rules import rules_for
from oomlab.simulation import buffer_head_limit
from oomlab.units import PAGE_KB
from oomlab.zone_model import zones

_HEADS = rules_for(INCIDENT).buffer_head.per_page
_NODES = rules_for(INCIDENT).radix_tree_node.per_page
_PACKINGS = {"heads": _HEADS, "nodes": _NODES}
_COST = PAGE_SIZE / _HEADS + PAGE_SIZE / _NODES / 64
_REPORTED_KB = incident().totals["slab_reclaimable"] * PAGE_KB


def _bytes(heads: float, nodes: float, blocks: int = 1) -> float:
    """Return the bytes of lowmem for one cached page, the upper levels of the tree aside."""
    return blocks * PAGE_SIZE / heads + PAGE_SIZE / nodes / 64


def _packing(rng: Random) -> dict[str, int]:
    """Draw how many records of each kind another kernel puts into a page of slab."""
    return {"heads": rng.randrange(36, 90), "nodes": rng.randrange(6, 16)}


def _slab_kb(pages: int) -> float:
    return pages * _COST / 1024


def _limit() -> int:
    lowmem = sum(zone.present for zone in zones(INCIDENT) if not is_highmem(zone.name))
    return int(buffer_head_limit(INCIDENT, lowmem))


EXERCISES = (
    Exercise(
        id="05.1",
        question="A page of slab holds {heads} buffer_heads, or {nodes} tree nodes of 64 slots each. "
        "With one buffer_head for each cached page, how many bytes of lowmem does a page of page "
        "cache cost?",
        given=_PACKINGS,
        draw=_packing,
        kind=Number(_bytes, unit="B", tolerance=0.5),
        wrong=(
            Wrong(
                lambda heads, nodes: PAGE_SIZE / heads,
                "That is the buffer_head. The tree node has a share too.",
            ),
            Wrong(
                lambda heads, nodes: 56 + 296 / 64,
                "Those are the objects alone. A page of slab holds a whole number of them; the rest "
                "of it is lost, and has to be paid for too.",
            ),
            Wrong(
                lambda heads, nodes: PAGE_SIZE / heads + PAGE_SIZE / nodes,
                "A tree node serves 64 pages. Each pays a 64th of it.",
            ),
        ),
        hints=(
            "Each cached page pays for one buffer_head, and for a part of a tree node.",
            "A page of slab divided by the objects in it is what one object really costs. A tree node "
            "is shared by 64 pages.",
            "`4096 / {heads} + 4096 / {nodes} / 64`",
        ),
        solution="4096 / {heads} bytes for the buffer_head and 4096 / {nodes} / 64 for the node: "
        "about {answer:.0f} bytes for 4,096. It sounds like nothing.",
    ),
    Exercise(
        id="05.2",
        question="How many kB of slab do {pages:,} cached pages predict, with the bytes of 05.1?",
        given={"pages": cached_pages()},
        draw=lambda rng: {"pages": rng.randrange(1_000_000, 9_000_000)},
        kind=Number(_slab_kb, unit="kB", tolerance=1500),
        wrong=(
            Wrong(lambda pages: pages * _COST, "Those are bytes. Divide by 1,024."),
            Wrong(
                lambda pages: pages * PAGE_SIZE / _HEADS / 1024,
                "The buffer_heads alone. Add the share of the tree.",
            ),
            Wrong(
                lambda pages: _REPORTED_KB,
                "That is the number that the report contains. What does your own number predict?",
            ),
        ),
        hints=(
            "The cost of one page, times the pages.",
            "Multiply, then divide by 1,024 to get kB.",
            "`{pages} * (4096 / 67 + 4096 / 13 / 64) / 1024`",
        ),
        solution="About {answer:,.0f} kB. (For the 7,890,987 pages of the incident it is 99 percent "
        "of the 513,248 kB of reclaimable slab in the report.)",
    ),
    Exercise(
        id="05.3",
        question="Which single item took most of ZONE_NORMAL?",
        kind=Choice(
            options={
                "mem_map": "the records of all pages",
                "buffer_heads": "the records of the cached blocks",
                "unlisted": "the kernel image, its tables and drivers",
                "page tables": "the page tables of all processes",
            },
            answer="buffer_heads",
        ),
        wrong=(
            Wrong("mem_map", "It is the second, with 257 MiB. One item is larger."),
            Wrong("unlisted", "About 81 MiB, which is what remains when all else is counted."),
            Wrong("page tables", "3,660 kB. The request was for one of them, but they are not many."),
        ),
        hints=(
            "Look for the tallest step of the waterfall.",
            "It belongs to the slab, and it grows with the page cache.",
            "One for every cached page.",
        ),
        solution="The {answer}: about 460 MiB, more than half of the zone.",
    ),
    Exercise(
        id="05.4",
        question="How many bytes of lowmem does one cached page cost with blocks of {block} bytes?",
        given={"block": 1024},
        draw=lambda rng: {"block": rng.choice([512, 2048])},
        kind=Number(lambda block: _bytes(_HEADS, _NODES, 4096 // block), unit="B", tolerance=1.0),
        wrong=(
            Wrong(
                lambda block: _COST * 4096 / block,
                "The tree node is there once for the page, however small the blocks are.",
            ),
            Wrong(lambda block: _COST, "That is the cost with one block in a page."),
        ),
        hints=(
            "How many blocks are in a page, and so how many buffer_heads?",
            "One buffer_head for each of them, and the same share of the tree node as before.",
            "`4096 // {block} * 4096 / 67 + 4096 / 13 / 64`",
        ),
        solution="4096 / {block} buffer_heads and a 64th of a node: {answer:.0f} bytes.",
    ),
    Exercise(
        id="05.5",
        question="What would have freed lowmem at that moment?",
        kind=Choice(
            options={
                "swap": "more swap",
                "drop": "dropping clean page cache (drop_caches=1)",
                "kill": "killing the largest process",
                "min": "raising min_free_kbytes",
            },
            answer="drop",
        ),
        wrong=(
            Wrong("swap", "Swap takes anonymous pages. Lowmem held none, and slab cannot be swapped."),
            Wrong("kill", "It was tried, again and again. What processes held was in HighMem."),
            Wrong("min", "That moves the watermark up. The zone would count as empty even earlier."),
        ),
        hints=(
            "What is most of lowmem filled with, and when does that go away?",
            "A buffer_head goes when its page goes. Who can make a page of cache go?",
            "Writing 1 to /proc/sys/vm/drop_caches.",
        ),
        solution="'{answer}': it drops clean pages of the cache from all zones, and their "
        "buffer_heads go with them.",
    ),
    Exercise(
        id="05.6",
        question="A kernel's limit is {limit:,} buffer_heads, and {pages:,} cached pages have one "
        "each. By what factor is the limit exceeded?",
        given={"limit": _limit(), "pages": cached_pages()},
        draw=lambda rng: {
            "limit": rng.randrange(200_000, 1_700_000),
            "pages": rng.randrange(2_000_000, 8_000_000),
        },
        kind=Number(lambda limit, pages: pages / limit, tolerance=0.06),
        wrong=(
            Wrong(
                lambda limit, pages: limit / pages,
                "The other way round: how many times does the limit fit in?",
            ),
            Wrong(
                lambda limit, pages: incident().totals["slab_reclaimable"] / limit,
                "Pages of slab are not buffer_heads. There is one for each cached page.",
            ),
        ),
        hints=(
            "One buffer_head for each cached page.",
            "Divide the cached pages by the limit.",
            "`{pages} / {limit}`",
        ),
        solution="{answer:.1f} times. The kernel can know it, but without the fix the knowledge does "
        "not lead it into HighMem.",
    ),
)

PREDICTIONS = (
    Prediction(
        id="05.a",
        question="What takes the most of zone Normal?",
        kind=Choice(
            {"cache": "page cache", "processes": "memory of processes", "kernel": "the kernel's own objects"},
            "kernel",
        ),
        says="Not page cache: the two _file lines make 636 kB. Not processes: no anonymous page is here at "
        "all. Slab, which means the kernel's own small objects.",
    ),
)
