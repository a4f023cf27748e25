"""Exercises of notebook 06: the race, the knobs, the edge, and the second copy."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.evidence import top
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.machine import INCIDENT, Machine
from oomlab.rules import rules_for
from oomlab.simulation import INCIDENT_WORKLOAD, critical_ram, simulate
from oomlab.units import PAGE_KB, gib_to_pages, kb, pages_to_gib
from oomlab.zone_model import zones

_NORMAL = next(zone for zone in zones(INCIDENT) if zone.name == "Normal")
_MEM_MAP_KB = kb(sum(zone.memmap for zone in zones(INCIDENT) if zone.name != "Normal"))
_ROOM_KB = kb(_NORMAL.present) - _MEM_MAP_KB
_MIN_KB = kb(_NORMAL.watermark_min)
"""What ZONE_NORMAL has, less the mem_map in it, and what no ordinary request gets: 626,676 and 8,048 kB."""


@cache
def _cache_gib(machine: Machine) -> float:
    """Return the page cache at the end of a copy, in GiB."""
    return pages_to_gib(simulate(machine, INCIDENT_WORKLOAD).end.page_cache)


def _with_ram(gib: float) -> float:
    return _cache_gib(replace(INCIDENT, ram=gib_to_pages(gib)))


@cache
def _edge(block_size: int) -> int:
    """Return the smallest RAM, in pages, with which the copy fails."""
    edge = critical_ram(INCIDENT, replace(INCIDENT_WORKLOAD, block_size=block_size))
    assert edge is not None
    return edge


@cache
def _limited(gib: float, block: int) -> str:
    machine = replace(INCIDENT, mem_limit=gib_to_pages(gib))
    return simulate(machine, replace(INCIDENT_WORKLOAD, block_size=block)).outcome


def _limit(rng: Random) -> dict[str, int]:
    """Draw a ``mem=`` and a block size, of which about half are deadly."""
    return {"gib": rng.choice([8, 12, 16, 20, 24, 28]), "block": rng.choice([512, 1024, 2048])}


def _records_kb(cached_kb: float) -> float:
    """Return the lowmem of the records of so much cache, if each page carries them all; see exercise 05.1."""
    rules = rules_for(INCIDENT)
    return cached_kb / rules.buffer_head.per_page + cached_kb / rules.radix_tree_node.per_page / 64


def _left_kb(cached: int, buffers: int) -> float:
    return _ROOM_KB - _records_kb(cached) - buffers - _MIN_KB


def _top(rng: Random) -> dict[str, int]:
    return {"cached": 4 * rng.randrange(4_000_000, 7_800_000), "buffers": 4 * rng.randrange(500, 20_000)}


EXERCISES = (
    Exercise(
        id="06.1",
        question="What was the machine short of?",
        kind=Choice(options={"ram": "", "swap": "", "lowmem": "", "highmem": ""}, answer="lowmem"),
        wrong=(
            Wrong("ram", "It had 32 GB, and half a gigabyte of it free."),
            Wrong("swap", "Swap was never touched."),
            Wrong(
                "highmem", "On the contrary: had HighMem been 480 MiB smaller, the machine would have lived."
            ),
        ),
        hints=(
            "Which of the two clocks ran out?",
            "Which zone had reached its min?",
            "Normal and DMA together have a name.",
        ),
        solution="Of {answer}: seven to eight MiB of it, in this run.",
    ),
    Exercise(
        id="06.2",
        question="With 64 GB of swap, how many GiB of page cache does it have when it dies?",
        kind=Number(lambda: _cache_gib(replace(INCIDENT, swap=gib_to_pages(64))), unit="GiB", tolerance=0.1),
        wrong=(
            Wrong(50, "It does not survive. Run it and look at the outcome."),
            Wrong(64, "That is the swap. How much page cache is there at the end?"),
        ),
        hints=(
            "What of lowmem could go to swap?",
            "`replace(INCIDENT, swap=gib_to_pages(64))`, then simulate.",
            "`pages_to_gib(simulate(replace(INCIDENT, swap=gib_to_pages(64))).end.page_cache)`",
        ),
        solution="{answer:.2f} GiB, as before. Nothing in lowmem can be swapped.",
    ),
    Exercise(
        id="06.3",
        question="With {gib} GiB of RAM, how many GiB of page cache does it have when it dies?",
        given={"gib": 64},
        draw=lambda rng: {"gib": rng.randrange(34, 63)},
        kind=Number(_with_ram, unit="GiB", tolerance=0.1),
        wrong=(
            Wrong(lambda gib: _cache_gib(INCIDENT), "That is with 32 GiB."),
            Wrong(
                lambda gib: _cache_gib(INCIDENT) * gib / 32,
                "More RAM brings more highmem. What does it do to lowmem?",
            ),
        ),
        hints=(
            "The mem_map grows too. Where does it lie?",
            "`replace(INCIDENT, ram=gib_to_pages({gib}))`, then simulate.",
            "`pages_to_gib(simulate(replace(INCIDENT, ram=gib_to_pages({gib}))).end.page_cache)`",
        ),
        solution="{answer:.2f} GiB, less than the 30.10 GiB with half the RAM. Every additional GiB "
        "takes 8 MiB of lowmem for its mem_map, and moves the other finish line a GiB away. On this "
        "kernel more memory makes a worse machine.",
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
            "`critical_ram(INCIDENT, replace(INCIDENT_WORKLOAD, block_size=1024))`",
        ),
        solution="It is {answer}. A machine of 16 GiB dies with blocks of 1 kB, and lives with blocks "
        "of 4 kB.",
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
            "Notebook 04: what happens to the watermark?",
            "A larger min counts as empty earlier.",
        ),
        solution="{answer}: it dies at about 26.8 GiB instead of 30.1. The reserve is taken from lowmem.",
    ),
    Exercise(
        id="06.6",
        question="What does the model say of mem={gib}G, with file system blocks of {block} bytes?",
        given={"gib": 16, "block": 4096},
        draw=_limit,
        kind=Choice(options={"survives": "", "oom": ""}, answer=_limited),
        wrong=(
            Wrong(
                lambda gib, block: "oom" if _limited(gib, block) == "survives" else "survives",
                "Run it. Both clocks change: the mem_map gets smaller, and HighMem is full sooner.",
            ),
        ),
        hints=(
            "Both clocks change. Which one more?",
            "`mem_limit` is the field for `mem=`, in pages.",
            "`simulate(replace(INCIDENT, mem_limit=gib_to_pages({gib})), "
            "replace(INCIDENT_WORKLOAD, block_size={block})).outcome`",
        ),
        solution="The answer is {answer}. The smaller HighMem is full sooner, and the records of what "
        "it can hold either fit into lowmem or do not.",
    ),
    Exercise(
        id="06.7",
        question="`top` shows {cached}k cached and {buffers}k buffers. Suppose that every cached page "
        "carries its records of 66.06 bytes, as at the crash. How many kB of Normal are left for "
        "everything else?",
        given={"cached": top()["cached"], "buffers": top()["buffers"]},
        draw=_top,
        kind=Number(_left_kb, unit="kB", tolerance=60),
        wrong=(
            Wrong(
                lambda cached, buffers: _left_kb(cached, 0),
                "The buffers lie in Normal as well. Take them away too.",
            ),
            Wrong(
                lambda cached, buffers: _left_kb(cached, buffers) + _MIN_KB,
                "Below `min` no ordinary request gets a page. Take these 8,048 kB away too.",
            ),
            Wrong(
                lambda cached, buffers: _left_kb(cached, buffers) + _MEM_MAP_KB,
                "The mem_map is paid first: begin with 626,676 kB.",
            ),
            Wrong(
                lambda cached, buffers: _ROOM_KB - PAGE_KB * _records_kb(cached) - buffers - _MIN_KB,
                "`top` counts kB. Divide by 4 for pages before you multiply by the bytes of a page's "
                "records.",
            ),
        ),
        hints=(
            "Begin with what Normal has when the mem_map is paid: 626,676 kB.",
            "Take away the records (pages × 66.06 bytes / 1,024), the buffers and the 8,048 kB below min.",
            "`626676 - {cached} / 4 * (4096 / 67 + 4096 / 13 / 64) / 1024 - {buffers} - 8048`",
        ),
        solution="About {answer:,.0f} kB. At the crash everything else took 104,976 kB: the kernel "
        "itself, stacks, page tables, slab that cannot be reclaimed.",
    ),
    Exercise(
        id="06.8",
        question="How could the machine survive the second copy? Say what is known, what is inferred, "
        "and what nobody knows.",
        kind=Essay(
            rubric=(
                "known: seven to eight MiB of lowmem were missing in the first run (a result of the model)",
                "known: in the second run lowmem held 108,124 kB of buffers besides the records, "
                "which does not fit if every cached page carries them; so a slightly smaller slab "
                "cannot be the reason",
                "inferred: a good part of the cached pages carried no buffer_heads; at most 78 "
                "percent did with SLAB, 85 with SLUB",
                "a hypothesis: those pages were read, not written, as --append-verify does with what "
                "is already there",
                "unknown: whether part of the file was there; the second copy ran as another user",
            )
        ),
        hints=(
            "Which number of `top` does not fit the story of the first run?",
            "Which pages of a file have no buffer_heads?",
            "Keep apart: a sum, a conclusion from it, a hypothesis, and what was never recorded.",
        ),
        solution=(
            "`top` shows 108,124 kB of buffers, which can only lie in lowmem. With the records of all "
            "cached pages next to them, 106 kB would be left for what took 104,976 kB before. So many "
            "of these pages cannot have carried buffer_heads. Pages that are read carry none, and "
            "rsync's --append-verify reads what is there. Whether anything was there nobody recorded, "
            "so this stays a hypothesis."
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="06.a",
        question="HighMem is nearly full of cache. What does the kernel do, and what happens to the "
        "buffer_heads?",
        kind=Choice(
            {
                "kill": "it calls the OOM killer; the buffer_heads stay",
                "drop": "it drops the oldest cache, and the buffer_heads go with it",
                "keep": "it drops the oldest cache; the buffer_heads stay",
                "swap": "it moves cache to swap; the buffer_heads stay",
            },
            "drop",
        ),
        says="With each page that goes, its buffer_head goes, and lowmem is freed.",
    ),
)
