"""Exercises of notebook 07: the theories, each against its line."""

from __future__ import annotations

from random import Random

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.evidence import cached_pages, incident, zone
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.report import Task
from oomlab.theories import theories
from oomlab.units import PAGE_KB, gib_to_pages


def _tasks(comm: str) -> list[Task]:
    return [task for task in incident().tasks if task.comm == comm]


def _total_pages() -> int:
    """Return what the score is measured against, in pages: RAM less what is reserved, and swap."""
    totals, swap = incident().totals, incident().swap
    assert swap is not None
    return totals["ram"] - totals["reserved"] + (swap.total or 0)


def _two_sizes(rng: Random) -> dict[str, int]:
    return {"first": rng.randrange(300, 1000), "second": rng.randrange(300, 1000)}


def _cache_kb(rng: Random) -> dict[str, int]:
    return {"active": PAGE_KB * rng.randrange(20, 900), "inactive": PAGE_KB * rng.randrange(20, 900)}


_RSYNCS = _tasks("rsync")
_CLAMD = _tasks("clamd")[0]
_COUNTERS = zone("Normal").counters


EXERCISES = (
    Exercise(
        id="07.1",
        question="The task table shows two rsync processes with a total_vm of {first} and {second} "
        "pages. Give the larger one in kB.",
        given={"first": _RSYNCS[0].total_vm or 0, "second": _RSYNCS[1].total_vm or 0},
        draw=_two_sizes,
        kind=Number(lambda first, second: max(first, second) * PAGE_KB, unit="kB", converts=False),
        wrong=(
            Wrong(lambda first, second: max(first, second), "That is in pages. It is asked for in kB."),
            Wrong(
                lambda first, second: max(task.rss or 0 for task in _RSYNCS) * PAGE_KB,
                "That is rss. A mapping shows in total_vm.",
            ),
            Wrong(lambda first, second: min(first, second) * PAGE_KB, "That is the smaller one."),
        ),
        hints=(
            "The task table counts pages.",
            "The larger number of pages, times the kB of a page.",
            "`max({first}, {second}) * 4`",
        ),
        solution="{answer:,} kB. A mapping would count here, and a 32-bit process could map 3 GiB at most.",
    ),
    Exercise(
        id="07.2",
        question="A process holds {rss:,} resident pages; RAM and swap together are {total:,} pages. "
        "Compute its score by the rule of Linux 3.2.",
        given={"rss": _CLAMD.rss or 0, "total": _total_pages()},
        draw=lambda rng: {"rss": rng.randrange(20_000, 900_000), "total": rng.randrange(10**6, 10**7)},
        kind=Number(lambda rss, total: rss * 1000 // total),
        wrong=(
            Wrong(lambda rss, total: rss * 1000, "Divide by the pages of RAM and swap."),
            Wrong(lambda rss, total: rss * 1000 / total, "Nearly: the kernel drops the fraction."),
            Wrong(lambda rss, total: rss / total, "That is the share. A score counts thousandths."),
            Wrong(
                lambda rss, total: (_CLAMD.total_vm or 0) * 1000 / total,
                "Resident pages: `rss`, not `total_vm`.",
            ),
        ),
        hints=(
            "A thousandth of all memory is one point.",
            "rss × 1000, divided by RAM and swap, without the fraction.",
            "`{rss} * 1000 // {total}`",
        ),
        solution="{rss:,} × 1000 // {total:,} = {answer:g}. (For clamd the kernel printed 4. Its page "
        "tables would add to the pages, but not a point.)",
    ),
    Exercise(
        id="07.3",
        question="A zone line reads active_file:{active}kB inactive_file:{inactive}kB. How many pages "
        "of page cache does the zone hold?",
        given={
            "active": _COUNTERS["active_file"] * PAGE_KB,
            "inactive": _COUNTERS["inactive_file"] * PAGE_KB,
        },
        draw=_cache_kb,
        kind=Number(lambda active, inactive: (active + inactive) // PAGE_KB, unit="pages"),
        wrong=(
            Wrong(
                lambda active, inactive: active + inactive, "Zone lines are in kB. It is asked for in pages."
            ),
            Wrong(
                lambda active, inactive: cached_pages(),
                "That is the whole machine. Reclaim for this request saw Normal and DMA alone.",
            ),
        ),
        hints=(
            "Two counters of the zone have `file` in their names.",
            "Add active_file and inactive_file, and divide by the kB of a page.",
            "`({active} + {inactive}) // 4`",
        ),
        solution="{answer:g} pages. In Normal, of nearly eight million on the machine, these were all "
        "that reclaim could see.",
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
            "`{gib} * 2**30 / 4096 / 2**20`",
        ),
        solution="{gib} GiB are {gib} × 262,144 pages, so {answer:g} MiB.",
    ),
    Exercise(
        id="07.5",
        question="Which boot parameter saves this server, in the model, and leaves it all of its RAM?",
        kind=Choice(
            options={
                "mem=16G": "15 of 32 GiB of RAM in use",
                "mem=28G": "27 of 32 GiB of RAM in use",
                "vmalloc=64M": "fewer addresses for vmalloc",
                "vmalloc=192M": "more addresses for vmalloc",
                "swapaccount=0": "no swap accounting for control groups",
            },
            answer="vmalloc=64M",
        ),
        wrong=(
            Wrong(
                "mem=16G",
                "It saves the machine, for more than half of its RAM. One of the five costs no RAM.",
            ),
            Wrong("mem=28G", "It saves the machine, for 5 GiB of RAM. One of the five costs no RAM."),
            Wrong("vmalloc=192M", "That takes 64 MiB from lowmem: it dies at 25.8 GiB."),
            Wrong(
                "swapaccount=0",
                "Where swap is accounted for, the kernel keeps two bytes of lowmem for each page of "
                "swap: not 1 MiB here. Seven to eight are missing.",
            ),
        ),
        hints=(
            "What one part of the kernel's addresses takes, the other loses.",
            "Notebook 03: lowmem is 1,024 MiB less what vmalloc keeps.",
            "Try both values of vmalloc= in the lab.",
        ),
        solution="{answer}: 64 MiB more lowmem, 49 MiB more than are needed. It has a price too: all "
        "drivers and modules must then fit into 64 MiB of addresses, or a device does not start "
        "(compare VmallocUsed in /proc/meminfo first). mem=28G costs 5 GiB of RAM and risks nothing "
        "else.",
    ),
    Exercise(
        id="07.6",
        question="Write to the owner.",
        kind=Essay(
            rubric=(
                "what: low memory ran out, not memory; the records of the cached file filled it",
                "how you know: two lines of the report, with numbers (Normal at its min, HighMem with "
                "549 MiB free, slab 501 MiB)",
                "tonight: mem=28G or vmalloc=64M at the next boot, or dropping the cache during the copy",
                "this year: a 64-bit kernel",
                "what not to do: more swap, more RAM, a larger min_free_kbytes",
            )
        ),
        hints=(
            "Say it so that a tired administrator can act on it.",
            "One sentence each: what, how you know, tonight, this year.",
            "End with what not to buy.",
        ),
        solution=(
            "Low memory ran out, not memory: each cached page of the file kept a record in the 890 MB "
            "that your kernel reaches directly. Normal stands at its limit while HighMem has 549 MiB "
            "free. Boot with mem=28G tonight, install a 64-bit kernel this year, and buy neither swap "
            "nor RAM."
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="07.a",
        question="How many of the five theories will be refuted?",
        kind=Number(lambda: sum(theory.verdict == "refuted" for theory in theories()), unit="theories"),
        says="One is right, and one is half right.",
    ),
)
