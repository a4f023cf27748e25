"""Exercises of notebook 01: finding one's way in a report."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.evidence import incident
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.units import PAGE_KB, kb, pages_to_gib

_TOTALS = incident().totals
_VICTIM = incident().victims[0]


def _buddy_list(rng: Random) -> dict[str, Any]:
    """Draw a short buddy list: blocks of each size, and the line as the kernel prints it."""
    counts = [rng.randrange(30) for _ in range(5)]
    line = " ".join(f"{count}*{kb(1 << order)}kB" for order, count in enumerate(counts))
    return {"counts": counts, "line": line}


def _machine(rng: Random) -> dict[str, int]:
    """Draw ``pages RAM`` and ``pages HighMem`` of a 32-bit machine of 2 to 48 GiB."""
    ram = rng.randrange(2, 49) * 2**18 - rng.randrange(100)
    return {"ram": ram, "highmem": ram - 228_334}


def _kill_line(rng: Random) -> dict[str, int]:
    anon, file = (PAGE_KB * rng.randrange(400, 90_000) for _ in range(2))
    return {"total_vm": anon + file + PAGE_KB * rng.randrange(1000, 40_000), "anon": anon, "file": file}


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
            Wrong(
                lambda order: 2 ^ (order * PAGE_KB),
                "In Python a power is written `2**{order}`; the sign ^ is XOR, something else.",
            ),
        ),
        hints=(
            "Blocks come in sizes of 1, 2, 4, 8, 16 … pages.",
            "Work out 2 to the power of the order, and multiply by the kB of a page.",
            "`2**{order} * 4`",
        ),
        solution="2**{order} pages × 4 kB = {answer} kB.",
    ),
    Exercise(
        id="01.2",
        question="A report has active_file:{active} and inactive_file:{inactive} among its totals. "
        "How many GiB of page cache is that?",
        given={"active": _TOTALS["active_file"], "inactive": _TOTALS["inactive_file"]},
        draw=lambda rng: {"active": rng.randrange(50_000, 900_000), "inactive": rng.randrange(10**6, 10**7)},
        kind=Number(lambda active, inactive: pages_to_gib(active + inactive), unit="GiB", tolerance=0.06),
        wrong=(
            Wrong(
                lambda active, inactive: pages_to_gib(inactive),
                "That is the inactive list alone. Add the active one.",
            ),
            Wrong(
                lambda active, inactive: (active + inactive) / 2**20,
                "The totals count pages. Turn them into kB before you divide.",
            ),
        ),
        hints=(
            "Two of the totals have `file` in their names.",
            "Add active_file and inactive_file, times 4 for kB, divided by 2**20 for GiB.",
            "`({active} + {inactive}) * 4 / 2**20`",
        ),
        solution="{active:,} + {inactive:,} pages of 4 kB are {answer:.2f} GiB.",
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
        question="A report ends with {ram} pages RAM and {highmem} pages HighMem. What share of the "
        "RAM, in percent, lies in HighMem?",
        given={"ram": _TOTALS["ram"], "highmem": _TOTALS["highmem"]},
        draw=_machine,
        kind=Number(lambda ram, highmem: 100 * highmem / ram, unit="%", tolerance=0.5),
        wrong=(
            Wrong(
                lambda ram, highmem: highmem / ram,
                "That is the share as a fraction. It is asked for in percent.",
                test=lambda value: 0.5 < value < 1,
            ),
            Wrong(
                lambda ram, highmem: 100 - 100 * highmem / ram,
                "That is the share of the rest, which is lowmem.",
            ),
        ),
        hints=(
            "Two lines of the report give a number and the word `pages`, then RAM or HighMem.",
            "Divide `pages HighMem` by `pages RAM`, times 100.",
            "`100 * {highmem} / {ram}`",
        ),
        solution="{highmem:,} of {ram:,} pages: {answer:.1f} percent. The rest is lowmem.",
    ),
    Exercise(
        id="01.5",
        question="A kill line reads total-vm:{total_vm}kB, anon-rss:{anon}kB, file-rss:{file}kB. How "
        "many kB did the process hold in RAM?",
        given={
            "total_vm": _VICTIM.total_vm_kb,
            "anon": _VICTIM.anon_rss_kb,
            "file": _VICTIM.file_rss_kb,
        },
        draw=_kill_line,
        kind=Number(lambda total_vm, anon, file: anon + file, unit="kB", converts=False),
        wrong=(
            Wrong(
                lambda total_vm, anon, file: total_vm,
                "That is `total-vm`: address space that it has asked for. Not all of it was ever touched.",
            ),
            Wrong(
                lambda total_vm, anon, file: anon,
                "That is the anonymous part alone. It also held pages of files, such as its program.",
            ),
            Wrong(
                lambda total_vm, anon, file: (anon + file) // PAGE_KB,
                "That is what the task table contains, in pages. It is asked for in kB.",
            ),
        ),
        hints=(
            "The line has three sizes. One of them is not memory in RAM.",
            "Add `anon-rss` and `file-rss`.",
            "`{anon} + {file}`",
        ),
        solution="{anon:,} + {file:,} = {answer:,} kB. A task table counts the same in pages, as `rss`.",
    ),
    Exercise(
        id="01.6",
        question="In the report of Linux 5.10, which zone stands below its min watermark?",
        kind=Choice(
            options={"DMA": "the first 16 MB", "Normal": "the rest of lowmem", "HighMem": "all above"},
            answer="Normal",
        ),
        wrong=(
            Wrong(
                "DMA",
                "It has 412 kB, and its min is 280 kB: above. (The rest is reserved, as 04 will show.)",
            ),
            Wrong("HighMem", "378,388 kB are free there, and its min is 512 kB."),
        ),
        hints=(
            "Compare `free:` with `min:` on each of the three zone lines.",
            "One of them has 8 kB less than its min.",
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
                "the process in the first line only asked; it was the next in the queue",
                "the victim is chosen for its size, not for its guilt",
                "a number: clamd held 146 MiB of 32 GiB, or one page was asked for",
                "killing it did not help: the OOM killer had to go on",
            )
        ),
        hints=(
            "What does the kernel know about a process when it prints its name in the first line?",
            "Compare what clamd held with what the machine has.",
            "Asking, being chosen, being guilty: three different things.",
        ),
        solution=(
            "clamd asked for one page when there was none to spare in the zones that would do. It was "
            "chosen for its size, 146 MiB of 32 GiB. Neither makes it guilty."
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="01.a",
        question="A request for memory could not be served, and a process was killed. How much was asked?",
        kind=Choice(
            {
                "page": "a page of 4 kB",
                "mb": "a megabyte",
                "gb": "a gigabyte",
                "file": "50 GB, the whole file",
            },
            "page",
        ),
        says="The request that brought a 32 GB server down was for {answer}.",
    ),
)
