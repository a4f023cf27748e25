"""Exercises of notebook 05: the budget of ZONE_NORMAL."""

from __future__ import annotations

from dataclasses import replace

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.evidence import cached_pages, incident
from oomlab.exercises.kinds import Choice, Number
from oomlab.mmzone import PAGE_SIZE, is_highmem
from oomlab.rules import rules_for
from oomlab.simulation import Workload, buffer_head_limit, pinned_by_page
from oomlab.zone_model import Machine, zones

MACHINE = Machine()
BUFFER_HEAD = PAGE_SIZE / rules_for(MACHINE).buffer_head.per_page
RADIX_NODE = PAGE_SIZE / rules_for(MACHINE).radix_tree_node.per_page
"""Lowmem for one object of each kind, in bytes, its share of the page's waste included."""


def _bytes_per_page(block: int = 4096) -> float:
    """Give the bytes of lowmem that one cached page pins."""
    return pinned_by_page(MACHINE, replace(Workload(), block_size=block)).total * PAGE_SIZE


def _limit() -> float:
    lowmem = sum(zone.present for zone in zones(MACHINE) if not is_highmem(zone.name))
    return buffer_head_limit(MACHINE, lowmem)


EXERCISES = (
    Exercise(
        id="05.1",
        question="How many bytes of lowmem does one page of page cache cost, with blocks of 4 kB?",
        kind=Number(_bytes_per_page, unit="B", tolerance=0.5),
        wrong=(
            Wrong(
                lambda: 56 + 296 / 64,
                "Those are the bare objects. A page of slab holds 67 or 13 of them; the rest of it is lost.",
                test=lambda value: 60 < value < 61.0,
            ),
            Wrong(lambda: BUFFER_HEAD + RADIX_NODE, "A tree node serves 64 pages. Each pays a 64th of it."),
            Wrong(
                lambda: BUFFER_HEAD,
                "That is the buffer_head. The tree node has a share too.",
                test=lambda value: 61 <= value < 62,
            ),
        ),
        hints=(
            "Each cached page pays for one buffer_head, and for a part of a tree node.",
            "A page of slab divided by the objects in it is what one object really costs. A tree "
            "node is shared by 64 pages.",
            "4096 / 67 + 4096 / 13 / 64",
        ),
        solution="4096 / 67 = 61.1 bytes for the buffer_head, 4096 / 13 / 64 = 4.9 for the node: "
        "about {answer:.0f}.",
    ),
    Exercise(
        id="05.2",
        question="How many kB of slab do 7,890,987 cached pages predict?",
        kind=Number(lambda: cached_pages() * _bytes_per_page() / 1024, unit="kB", tolerance=4000),
        wrong=(
            Wrong(lambda: cached_pages() * _bytes_per_page(), "Those are bytes. Divide by 1,024."),
            Wrong(
                lambda: cached_pages() * BUFFER_HEAD / 1024,
                "The buffer_heads alone. Add the share of the tree.",
                test=lambda value: 465_000 < value < 475_000,
            ),
        ),
        hints=(
            "The cost of one page, times the pages.",
            "Multiply, then divide by 1,024 to get kB.",
            "7_890_987 * (4096 / 67 + 4096 / 13 / 64) / 1024",
        ),
        solution="About {answer:,.0f} kB. The report says 513,248 kB: two kinds of objects explain "
        "99 percent.",
    ),
    Exercise(
        id="05.3",
        question="Which single item took most of ZONE_NORMAL?",
        kind=Choice(
            options={
                "mem_map": "the records of all pages",
                "buffer_heads": "the records of the cached blocks",
                "kernel": "the kernel image, its tables and drivers",
                "page tables": "the page tables of all processes",
            },
            answer="buffer_heads",
        ),
        wrong=(
            Wrong("mem_map", "It is the second, with 257 MiB. One item is larger."),
            Wrong("kernel", "About 81 MiB, which is what remains when all else is counted."),
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
        kind=Number(_bytes_per_page, unit="B", tolerance=1.0),
        wrong=(
            Wrong(
                lambda block: _bytes_per_page() * 4096 / block,
                "The tree node is there once for the page, however small the blocks are.",
            ),
            Wrong(lambda block: _bytes_per_page(), "That is the cost with one block in a page."),
        ),
        hints=(
            "How many blocks are in a page, and so how many buffer_heads?",
            "4096 // {block} buffer_heads, and the same share of the tree node as before.",
            "4096 // {block} * 4096 / 67 + 4096 / 13 / 64",
        ),
        solution="4096 / {block} buffer_heads and a 64th of a node: {answer:.0f} bytes.",
    ),
    Exercise(
        id="05.5",
        question="What would have freed lowmem at that moment?",
        kind=Choice(
            options={
                "swap": "more swap",
                "drop": "dropping clean page cache by hand",
                "kill": "killing the largest process",
                "min": "raising min_free_kbytes",
            },
            answer="drop",
        ),
        wrong=(
            Wrong("swap", "Swap takes anonymous pages. Lowmem held none, and slab cannot be swapped."),
            Wrong("kill", "It was tried, again and again. What processes held was in HighMem."),
            Wrong("min", "That moves the mark up. The zone would count as empty even earlier."),
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
        question="The limit was 1,653,085 buffer_heads. By what factor was it exceeded?",
        kind=Number(lambda: cached_pages() / _limit(), tolerance=0.06),
        wrong=(
            Wrong(
                lambda: _limit() / cached_pages(),
                "It is the other way round: how many times does the limit fit in?",
            ),
            Wrong(
                lambda: incident().totals["slab_reclaimable"] / _limit(),
                "Pages of slab are not buffer_heads. There is one for each cached page.",
            ),
        ),
        hints=(
            "One buffer_head for each cached page.",
            "Divide the cached pages by the limit.",
            "7890987 / 1653085",
        ),
        solution="{answer:.1f} times. The kernel knew, but without the fix the knowledge did not lead it "
        "into HighMem.",
    ),
)
