"""Exercises of notebook 08: a real kernel, foreseen, killed, and rescued."""

from __future__ import annotations

from random import Random

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.mmzone import PAGE_SIZE

_BUFFER_HEADS = 64
"""buffer_heads in a page of slab, on this kernel."""
_NODES = 13
"""radix_tree_nodes in a page of slab."""
_SLOTS = 64
"""Pages that a radix_tree_node keeps."""


def _bytes_for_a_page(block: int, buffer_heads: int = _BUFFER_HEADS) -> float:
    """Return the lowmem that the records of one cached page take, in bytes."""
    return PAGE_SIZE // block * PAGE_SIZE / buffer_heads + PAGE_SIZE / _NODES / _SLOTS


def _room(normal: int, low_min: int, files: int, dma: int, kept: int) -> int:
    return normal - low_min + files + dma - kept


def _cache_mib(**pages: int) -> float:
    return _room(**pages) * PAGE_SIZE / _bytes_for_a_page(1024) / 256


def _guest(rng: Random) -> dict[str, int]:
    return {
        "normal": rng.randrange(2_000, 9_000),
        "low_min": rng.randrange(80, 300),
        "files": rng.randrange(0, 2_000),
        "dma": rng.randrange(3_000, 3_840),
        "kept": rng.randrange(60, 120),
    }


EXERCISES = (
    Exercise(
        id="08.1",
        question="With blocks of {block} bytes, how many bytes of lowmem do a cached page's records take?",
        given={"block": 1024},
        draw=lambda rng: {"block": rng.choice([512, 2048, 4096])},
        kind=Number(_bytes_for_a_page, unit="B", tolerance=1),
        wrong=(
            Wrong(
                lambda block: PAGE_SIZE // block * 64, "Those are the buffer_heads. The page is indexed, too."
            ),
            Wrong(
                lambda block: PAGE_SIZE // block * 64 + PAGE_SIZE / _NODES,
                "That counts a whole radix_tree_node for each page. How many pages share one?",
            ),
            Wrong(
                PAGE_SIZE / _BUFFER_HEADS, "That is one buffer_head. A page of cache has one for each block."
            ),
            Wrong(
                lambda block: _bytes_for_a_page(block, buffer_heads=67),
                "67 was the packing of the incident's kernel. Its buffer_head had 56 bytes, this one has 64.",
            ),
            Wrong(
                lambda block: _bytes_for_a_page(PAGE_SIZE),
                "That is for one buffer_head a page. How many blocks of {block} bytes does a page hold?",
            ),
        ),
        hints=(
            "Each block has a buffer_head. Each page has one slot of a node.",
            "A page holds `4096 // {block}` blocks; 64 buffer_heads fill a page of slab, and 13 nodes do.",
            "`4096 // {block} * 4096 / 64 + 4096 / 13 / 64`",
        ),
        solution="{answer:.1f} bytes. On the guest of 16 GiB, 261.8 were measured with blocks of 1 KiB.",
    ),
    Exercise(
        id="08.2",
        question="Normal has {normal} pages free, its min is {low_min}, and {files} pages of files lie in "
        "lowmem. DMA has {dma} pages free and keeps {kept}. With 261 bytes for each cached page: how much "
        "page cache is there at OOM?",
        given={"normal": 3944, "low_min": 146, "files": 1560, "dma": 3840, "kept": 100},
        draw=_guest,
        kind=Number(_cache_mib, unit="MiB", tolerance=6),
        wrong=(
            Wrong(
                lambda **pages: _room(**pages) / 256,
                "That is the room in lowmem. How much cache do its records answer for?",
            ),
            Wrong(_room, "Those are pages of lowmem. How much cache do they hold the records of?"),
            Wrong(
                lambda **pages: _room(**pages) * PAGE_SIZE / 66 / 256,
                "66 bytes was for blocks of 4 kB. Here a cached page takes 261, by the last exercise.",
            ),
            Wrong(
                241_143 / 256,
                "That is what lies free in HighMem. The records go to lowmem: how long does that last?",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"files": 0, "dma": 0, "kept": 0}),
                "When Normal is at its end, the kernel goes on in DMA. And files in lowmem can go.",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"files": 0}),
                "The {files} pages of files lie in lowmem, too. Reclaim drops them, and their room is free.",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"dma": 0, "kept": 0}),
                "When Normal is at its end, a request for Normal goes down: there is DMA.",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"low_min": 0}),
                "Normal cannot be used to the last page: its min stays.",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"low_min": 0, "kept": 0}),
                "Neither zone can be used to the last page. What does each of them keep?",
            ),
            Wrong(
                lambda **pages: _cache_mib(**pages | {"kept": 0}),
                "DMA cannot be used to the last page: it keeps {kept}.",
            ),
        ),
        hints=(
            "How much of lowmem can the kernel still get, and what does one cached page take of it?",
            "`{normal} - {low_min} + {files} + {dma} - {kept}` pages are to be had. One cached page takes "
            "`261 / 4096` of a page.",
            "`({normal} - {low_min} + {files} + {dma} - {kept}) * 4096 / 261 / 256`",
        ),
        solution="About {answer:.0f} MiB.",
    ),
    Exercise(
        id="08.3",
        question="In the last sample HighMem has {pages} free pages. How many MiB is that?",
        given={"pages": 98_215},
        draw=lambda rng: {"pages": rng.randrange(20_000, 300_000)},
        kind=Number(lambda pages: pages / 256, unit="MiB", tolerance=1),
        wrong=(
            Wrong(lambda pages: pages, "Those are pages of 4 kB."),
            Wrong(lambda pages: pages / 1024, "That would be right if a page had 1 kB. It has 4."),
            Wrong(lambda pages: pages / 1000, "A page has 4 kB, and a MiB 1,024 of them."),
        ),
        hints=(
            "The column is called `hfree`, and counts pages.",
            "256 pages are 1 MiB.",
            "`{pages} / 256`",
        ),
        solution="{answer:.0f} MiB, and none of it could serve the request.",
    ),
    Exercise(
        id="08.4",
        question="How many kB of swap were in use when the guest with swap ran out of memory?",
        kind=Number(lambda: 0, unit="kB"),
        wrong=(
            Wrong(
                524_284,
                "That is how much there is. How much of it is free?",
                lambda value: value in (131_071, 512, 512 * 1024),
            ),
        ),
        hints=(
            "The report has two lines about swap.",
            "`Total swap` and `Free swap`: both are 131,071 pages.",
            "`131_071 - 131_071`",
        ),
        solution="None. The kernel's records cannot be swapped. What can be swapped lay in HighMem: the two "
        "zones that were short have active_anon:0kB and inactive_anon:0kB.",
    ),
    Exercise(
        id="08.5",
        question="Two numbers are written into a dying machine, and it lives. Where does memory come from?",
        kind=Choice(
            options={
                "highmem": "from HighMem: reclaim may now drop cache there, and its records go with it",
                "swap": "from swap: process memory is written out of lowmem",
                "killed": "from a process that is killed after all",
                "limit": "from a limit that is lower now: the kernel makes fewer records",
            },
            answer="highmem",
        ),
        wrong=(
            Wrong("swap", "This guest has no swap, and its processes are tiny."),
            Wrong("killed", "Look at `rescued.reports`. There is none: nothing was killed."),
            Wrong("limit", "The limit forbids no records. It says from how many on they count as too many."),
        ),
        hints=(
            "Compare the rows before the fix came back with those some seconds after it: what falls?",
            "Page cache stops growing at once. Within six seconds a third of it is gone, and of the "
            "buffer_heads, too.",
            "Which zone has more free pages then? It holds nearly all of the page cache.",
        ),
        solution="From HighMem. A kernel request may not take a page there, but since 2012 reclaim may "
        "look there for buffer_heads, and these lie in lowmem.",
    ),
    Exercise(
        id="08.6",
        question="Write the diagnosis of the report that your own machine made, or of the recorded one.",
        kind=Essay(
            rubric=(
                "who asked, for how much, and which zones would do",
                "what these zones had free, against their min and their reserve",
                "how much was free elsewhere, and why the request could not have it",
                "what filled lowmem, with a number",
                "what was emulated: the kernel has the fix, and a number in its memory switched it off",
            )
        ),
        hints=(
            "Begin with the first line of the report.",
            "Then the zone that was asked, then what filled it.",
            "End with what this experiment cannot show.",
        ),
        solution="Of the recorded guest of 640 MiB: init asked for 2 pages with "
        "GFP_KERNEL_ACCOUNT|__GFP_ZERO, which must come from lowmem. Normal stood at 348 kB, 4 kB below "
        "its min, while 271 MiB of HighMem lay free. 20 MiB of buffer_heads and nodes for 306 MiB of "
        "cached pages filled it. The kernel is 6.1 with the fix of 2012 switched off by hand, not a kernel "
        "of 2012.",
    ),
)
