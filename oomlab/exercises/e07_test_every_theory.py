"""Exercises of notebook 07: the theories, each against its line."""

from __future__ import annotations

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.evidence import incident, zone
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.report import Task
from oomlab.units import PAGE_KB, gib_to_pages


def _tasks(comm: str) -> list[Task]:
    return [task for task in incident().tasks if task.comm == comm]


def _rsync_pages() -> int:
    return max(task.total_vm or 0 for task in _tasks("rsync"))


def _total_pages() -> int:
    """Give what the score is measured against: RAM less what is reserved, and swap."""
    totals, swap = incident().totals, incident().swap
    assert swap is not None
    return totals["ram"] - totals["reserved"] + (swap.total or 0)


def _score() -> int:
    return (_tasks("clamd")[0].rss or 0) * 1000 // _total_pages()


def _cache_in_normal() -> int:
    counters = zone("Normal").counters
    return counters["active_file"] + counters["inactive_file"]


EXERCISES = (
    Exercise(
        id="07.1",
        question="Give the larger total_vm of the two rsync processes, in kB.",
        kind=Number(lambda: _rsync_pages() * PAGE_KB, unit="kB"),
        wrong=(
            Wrong(_rsync_pages, "That is in pages. It is asked for in kB."),
            Wrong(
                lambda: max(task.rss or 0 for task in _tasks("rsync")) * PAGE_KB,
                "That is rss. A mapping shows in total_vm.",
            ),
        ),
        hints=(
            "The task table counts pages.",
            "677 pages of 4 kB.",
            "677 * 4",
        ),
        solution="{answer:,} kB. A mapping would count here, and a 32-bit process could map 3 GiB at most.",
    ),
    Exercise(
        id="07.2",
        question="Compute clamd's score by the rule of Linux 3.2.",
        kind=Number(_score, tolerance=0.5),
        wrong=(
            Wrong(lambda: (_tasks("clamd")[0].rss or 0) * 1000, "Divide by the pages of RAM and swap."),
            Wrong(
                lambda: (_tasks("clamd")[0].total_vm or 0) * 1000 / _total_pages(),
                "Resident pages: `rss`, not `total_vm`.",
                test=lambda value: 4.7 < value < 5,
            ),
        ),
        hints=(
            "A thousandth of all memory is one point.",
            "rss × 1000, divided by RAM and swap, without the fraction.",
            "37403 * 1000 // (8301110 + 489973)",
        ),
        solution="37,403 × 1000 // 8,791,083 = {answer:g}, as the kernel printed. Its page tables would "
        "add to the pages, but not a point.",
    ),
    Exercise(
        id="07.3",
        question="How many pages of page cache did zone Normal hold?",
        kind=Number(_cache_in_normal, unit="pages"),
        wrong=(
            Wrong(lambda: _cache_in_normal() * PAGE_KB, "Zone lines are in kB. It is asked for in pages."),
            Wrong(
                lambda: incident().totals["active_file"] + incident().totals["inactive_file"],
                "That is the whole machine. Reclaim for this request saw Normal and DMA alone.",
            ),
        ),
        hints=(
            "Two counters of the zone have `file` in their names.",
            "active_file and inactive_file of Normal.",
            "(248 + 388) // 4",
        ),
        solution="{answer:g} pages, of nearly eight million. This was all that reclaim could see.",
    ),
    Exercise(
        id="07.4",
        question="How many MiB does the map of {gib} GiB of swap take, at one byte for a page?",
        given={"gib": 64},
        draw=lambda rng: {"gib": 4 * rng.randrange(1, 64)},
        kind=Number(lambda gib: gib_to_pages(gib) / 2**20, unit="MiB", tolerance=0.01),
        wrong=(
            Wrong(
                lambda gib: gib_to_pages(gib),
                "That is the number of pages, and so of bytes. Divide by 2**20.",
            ),
        ),
        hints=(
            "How many pages does the swap have?",
            "One byte for each page; divide by 2**20 for MiB.",
            "{gib} * 2**30 / 4096 / 2**20",
        ),
        solution="{gib} GiB are {gib} × 262,144 pages, so {answer:g} MiB.",
    ),
    Exercise(
        id="07.5",
        question="Which boot parameter would you choose?",
        kind=Choice(
            options={
                "mem=16G": "use half of the RAM",
                "vmalloc=192M": "more addresses for vmalloc",
                "swapaccount=0": "no swap accounting",
            },
            answer="mem=16G",
        ),
        wrong=(
            Wrong("vmalloc=192M", "That takes 64 MiB from lowmem: it dies at 25.8 GiB."),
            Wrong("swapaccount=0", "Swap plays no part in this."),
        ),
        hints=(
            "Which one leaves more lowmem, or lets HighMem fill up sooner?",
            "Try each in the lab.",
            "It costs RAM, and it works.",
        ),
        solution="{answer}. It gives up RAM to save the machine; mem=28G gives up less, and works "
        "as well in the model.",
    ),
    Exercise(
        id="07.6",
        question="Write to the owner.",
        kind=Essay(
            rubric=(
                "what: low memory ran out, not memory; the records of the cached file filled it;",
                "how you know: two lines of the report, with numbers (Normal at its mark, HighMem "
                "with 549 MB free, slab 501 MB);",
                "tonight: mem=16G or mem=28G, or dropping the cache during the copy;",
                "this year: a 64-bit kernel;",
                "what not to do: more swap, more RAM, a larger min_free_kbytes.",
            )
        ),
        hints=(
            "Say it so that a tired administrator can act on it.",
            "One sentence each: what, how you know, tonight, this year.",
            "End with what not to buy.",
        ),
        solution=(
            "Low memory ran out, not memory: each cached page of the file kept a record in the 890 "
            "MB that your kernel reaches directly. Normal stands at its limit while HighMem has 549 "
            "MB free. Boot with mem=28G tonight, install a 64-bit kernel this year, and buy neither "
            "swap nor RAM."
        ),
    ),
)
