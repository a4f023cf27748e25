"""Exercises of notebook 06: the race, the knobs and the edge."""

from __future__ import annotations

from dataclasses import replace

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.simulation import Workload, critical_ram, simulate
from oomlab.units import gib_to_pages, pages_to_gib
from oomlab.zone_model import Machine

MACHINE = Machine()


def _cache_gib(machine: Machine) -> float:
    """Give the page cache at the end of a copy, in GiB."""
    return pages_to_gib(simulate(machine, Workload()).end.page_cache)


def _edge(block_size: int) -> int:
    """Give the least RAM, in pages, at which the copy fails."""
    edge = critical_ram(MACHINE, replace(Workload(), block_size=block_size))
    assert edge is not None
    return edge


EXERCISES = (
    Exercise(
        id="06.1",
        question="What was the machine short of?",
        kind=Choice(options={"ram": "", "swap": "", "lowmem": "", "highmem": ""}, answer="lowmem"),
        wrong=(
            Wrong("ram", "It had 32 GB, and half a gigabyte of it free."),
            Wrong("swap", "Swap was never touched."),
            Wrong(
                "highmem", "On the contrary: had HighMem been 477 MiB smaller, the machine would have lived."
            ),
        ),
        hints=(
            "Which of the two clocks ran out?",
            "Which zone had reached its min?",
            "Normal and DMA together have a name.",
        ),
        solution="Of {answer}: seven to eight MiB of it.",
    ),
    Exercise(
        id="06.2",
        question="With 64 GB of swap, how many GiB of page cache does it have when it dies?",
        kind=Number(lambda: _cache_gib(replace(MACHINE, swap=gib_to_pages(64))), unit="GiB", tolerance=0.1),
        wrong=(
            Wrong(50, "It does not survive. Run it and look at the outcome."),
            Wrong(64, "That is the swap. How much page cache is there at the end?"),
        ),
        hints=(
            "What of lowmem could go to swap?",
            "`replace(Machine(), swap=gib_to_pages(64))`, then simulate.",
            "pages_to_gib(simulate(replace(Machine(), swap=gib_to_pages(64)), Workload()).end.page_cache)",
        ),
        solution="{answer:.2f} GiB, as before. Nothing in lowmem can be swapped.",
    ),
    Exercise(
        id="06.3",
        question="With 64 GiB of RAM, how many GiB of page cache does it have when it dies?",
        kind=Number(lambda: _cache_gib(replace(MACHINE, ram=gib_to_pages(64))), unit="GiB", tolerance=0.1),
        wrong=(
            Wrong(lambda: _cache_gib(MACHINE), "That is with 32 GiB."),
            Wrong(
                lambda: 2 * _cache_gib(MACHINE), "More RAM brings more highmem. What does it do to lowmem?"
            ),
        ),
        hints=(
            "The mem_map grows too. Where does it lie?",
            "`replace(Machine(), ram=gib_to_pages(64))`, then simulate.",
            "pages_to_gib(simulate(replace(Machine(), ram=gib_to_pages(64)), Workload()).end.page_cache)",
        ),
        solution="{answer:.2f} GiB. Twice the RAM, half the way.",
    ),
    Exercise(
        id="06.4",
        question="With blocks of 1 kB, is the critical RAM higher or lower?",
        kind=Choice(
            options={"higher": "a larger machine survives", "lower": "even a smaller one dies"},
            answer=lambda: "lower" if _edge(block_size=1024) < _edge(block_size=4096) else "higher",
        ),
        wrong=(Wrong("higher", "Four buffer_heads for a page instead of one: lowmem runs out sooner."),),
        hints=(
            "How much lowmem does a cached page cost with small blocks?",
            "If each cached page costs more, less cache fits before lowmem is gone.",
            "critical_ram(Machine(), Workload(block_size=1024))",
        ),
        solution="It is {answer}. A machine of 16 GiB dies with blocks of 1 kB, and lives with "
        "blocks of 4 kB.",
    ),
    Exercise(
        id="06.5",
        question="Which of these makes it worse?",
        kind=Choice(
            options={
                "mem=16G": "",
                "min_free_kbytes=65536": "",
                "fix": "",
                "64-bit": "",
                "vmsplit 2G": "",
                "vmalloc=64M": "",
            },
            answer="min_free_kbytes=65536",
        ),
        wrong=tuple(
            Wrong(remedy, "With this one it survives. Try it in the lab.")
            for remedy in ("mem=16G", "fix", "64-bit", "vmsplit 2G", "vmalloc=64M")
        ),
        hints=(
            "Which of them takes lowmem away?",
            "Notebook 04: what happens to the mark?",
            "A larger min counts as empty earlier.",
        ),
        solution="{answer}: it dies at about 26.8 GiB instead of 30.1. The reserve is taken from lowmem.",
    ),
    Exercise(
        id="06.6",
        question="What does the model say of mem=16G?",
        kind=Choice(
            options={"survives": "", "oom": ""},
            answer=lambda: simulate(replace(MACHINE, mem_limit=gib_to_pages(16)), Workload()).outcome,
        ),
        wrong=(Wrong("oom", "Run it. A smaller mem_map, and a HighMem that is full much sooner."),),
        hints=(
            "Both clocks change. Which one more?",
            "`mem_limit` is the field for `mem=`, in pages.",
            "simulate(replace(Machine(), mem_limit=gib_to_pages(16)), Workload()).outcome",
        ),
        solution="It {answer}. HighMem is full, and kswapd at work, long before lowmem is short.",
    ),
    Exercise(
        id="06.7",
        question="How could the machine survive the same copy after the reboot?",
        kind=Essay(
            rubric=(
                "it was a race, and the margin was seven to eight MiB of lowmem;",
                "after twenty days other kernel objects (inodes, directory entries …) very likely hold "
                "more lowmem than after a few hours;",
                "then HighMem can reach its low mark first, and kswapd drops cache with its buffer_heads;",
                "this is an inference: nobody recorded the slabs of the second copy;",
                "not because of swap, and not because rsync ran as another user.",
            )
        ),
        hints=(
            "What differs between a machine that is up for 20 days and one that is up for 8 hours?",
            "How large need that difference be?",
            "Other slabs, 7 to 8 MiB.",
        ),
        solution=(
            "Seven or eight MiB had been missing. Soon after a boot the kernel's other slabs are very "
            "likely smaller by that much. Then HighMem wins the race to its low mark, and kswapd "
            "recycles the cache from there on. Nobody measured it, so say that it is an inference."
        ),
    ),
)
