"""Exercises of notebook 01: finding one's way in a report."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.evidence import cached_pages, incident
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.units import PAGE_KB, pages_to_gib


def _buddy_list(rng: Random) -> dict[str, Any]:
    """Draw a short buddy list: blocks of each size, and the line as the kernel prints it."""
    counts = [rng.randrange(30) for _ in range(5)]
    line = " ".join(f"{count}*{PAGE_KB << order}kB" for order, count in enumerate(counts))
    return {"counts": counts, "line": line}


def _clamd_kb() -> int:
    victim = incident().victims[0]
    return (victim.anon_rss_kb or 0) + (victim.file_rss_kb or 0)


EXERCISES = (
    Exercise(
        id="01.1",
        question="A report says order={order}. How many kB does that request ask for?",
        given={"order": 3},
        draw=lambda rng: {"order": rng.randrange(1, 11)},
        kind=Number(lambda order: PAGE_KB << order, unit="kB"),
        wrong=(
            Wrong(lambda order: order * PAGE_KB, "An order is not a count. It is the exponent of 2."),
            Wrong(lambda order: 1 << order, "That is the number of pages. How large is a page?"),
            Wrong(
                lambda order: (order + 1) * PAGE_KB,
                "Order 0 is one page, order 1 two, order 2 four: it doubles each time.",
            ),
        ),
        hints=(
            "Blocks come in sizes of 1, 2, 4, 8, 16 … pages.",
            "Work out 2 to the power of the order, and multiply by the kB of a page.",
            "2**{order} pages of 4 kB.",
        ),
        solution="2**{order} pages × 4 kB = {answer} kB.",
    ),
    Exercise(
        id="01.2",
        question="How many GiB of page cache does the incident's report show?",
        kind=Number(lambda: pages_to_gib(cached_pages()), unit="GiB", tolerance=0.06),
        wrong=(
            Wrong(
                lambda: pages_to_gib(incident().totals["inactive_file"]),
                "That is the inactive queue alone. Add the active one.",
            ),
            Wrong(
                lambda: cached_pages() / 2**20,
                "The totals count pages. Turn them into kB before you divide.",
            ),
        ),
        hints=(
            "Two of the totals have `file` in their names.",
            "Add active_file and inactive_file, times 4 for kB, divided by 2**20 for GiB.",
            "(106466 + 7784521) * 4 / 2**20",
        ),
        solution="106,466 + 7,784,521 pages of 4 kB are {answer:.2f} GiB, nearly all of the machine's RAM.",
    ),
    Exercise(
        id="01.3",
        question="A zone's buddy list reads\n`{line}`\nHow many kB are free in it?",
        given={"counts": [13, 14, 2, 2, 0], "line": "13*4kB 14*8kB 2*16kB 2*32kB 0*64kB"},
        draw=_buddy_list,
        kind=Number(
            lambda counts, line: sum(count * (PAGE_KB << order) for order, count in enumerate(counts)),
            unit="kB",
        ),
        wrong=(
            Wrong(
                lambda counts, line: sum(counts),
                "You have counted blocks. They differ in size: 14*8kB is 14 blocks of 8 kB.",
            ),
            Wrong(
                lambda counts, line: sum(count << order for order, count in enumerate(counts)),
                "Those are pages. It is asked for in kB.",
            ),
        ),
        hints=(
            "In each pair the first number counts blocks; the second is the size of one.",
            "Multiply within each pair, then add the products.",
            "Copy the line into a cell, put + where the spaces are, and take out every kB.",
        ),
        solution="Multiplied and added, {line} makes {answer:,} kB.",
    ),
    Exercise(
        id="01.4",
        question="What share of `pages RAM`, in percent, lies in HighMem?",
        kind=Number(
            lambda: 100 * incident().totals["highmem"] / incident().totals["ram"],
            unit="%",
            tolerance=0.5,
        ),
        wrong=(
            Wrong(
                lambda: incident().totals["highmem"] / incident().totals["ram"],
                "That is the share as a fraction. It is asked for in percent.",
            ),
            Wrong(
                lambda: 100 - 100 * incident().totals["highmem"] / incident().totals["ram"],
                "That is what is *not* HighMem.",
                test=lambda value: 2 < value < 3.5,
            ),
        ),
        hints=(
            "Two lines of the report give a number and the word `pages`, then RAM or HighMem.",
            "Divide `pages HighMem` by `pages RAM`, times 100.",
            "100 * 8422402 / 8650736",
        ),
        solution="8,422,402 of 8,650,736 pages: {answer:.1f} percent. The rest, less than three "
        "percent, is lowmem.",
    ),
    Exercise(
        id="01.5",
        question="How many kB did clamd hold in RAM, anonymous and file pages together?",
        kind=Number(_clamd_kb, unit="kB"),
        wrong=(
            Wrong(
                lambda: incident().victims[0].total_vm_kb,
                "That is `total-vm`: address space that it has asked for. Not all of it was ever touched.",
            ),
            Wrong(
                lambda: incident().victims[0].anon_rss_kb,
                "That is the anonymous part alone. It also holds pages of files, such as its program.",
            ),
            Wrong(
                lambda: _clamd_kb() // PAGE_KB,
                "That is what the task table says, in pages. It is asked for in kB.",
            ),
        ),
        hints=(
            "The last line has three sizes. One of them is not memory in RAM.",
            "Add `anon-rss` and `file-rss`.",
            "146900 + 2712",
        ),
        solution="146,900 + 2,712 = {answer:,} kB, which is 37,403 pages: the `rss` of the task table.",
    ),
    Exercise(
        id="01.6",
        question="In the report of Linux 5.10, which zone stands below its min mark?",
        kind=Choice(
            options={"DMA": "the first 16 MB", "Normal": "the rest of lowmem", "HighMem": "all above"},
            answer="Normal",
        ),
        wrong=(
            Wrong(
                "DMA",
                "It has 412 kB, and its min is 280 kB: above. (What is left is reserved, as 04 will show.)",
            ),
            Wrong("HighMem", "378,388 kB are free there, and its min is 512 kB."),
        ),
        hints=(
            "Compare `free:` with `min:` on each of the three zone lines.",
            "One of them has 8 kB less than its mark.",
            "608 kB free, 616 kB min.",
        ),
        solution="Normal: free 608 kB, min 616 kB. HighMem has 378,388 kB free. It is the incident "
        "once more.",
    ),
    Exercise(
        id="01.7",
        question="Was it clamd that used up the memory?",
        kind=Essay(
            rubric=(
                "the process in the first line only asked; it was the next in the queue;",
                "the victim is chosen for its size, not for its guilt;",
                "a number: clamd held 146 MB of 32 GB, or one page was asked for;",
                "killing it did not help: the OOM killer had to go on.",
            )
        ),
        hints=(
            "What does the kernel know about a process when it prints its name in the first line?",
            "Compare what clamd held with what the machine has.",
            "Asking, being chosen, being guilty: three different things.",
        ),
        solution=(
            "clamd asked for one page when there was none to spare in the zones that would do. It "
            "was chosen for its size, 146 MB of 32 GB. Neither makes it guilty."
        ),
    ),
)
