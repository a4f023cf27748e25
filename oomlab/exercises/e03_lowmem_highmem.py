"""Exercises of notebook 03: the 896 MB line and what lies on either side."""

from __future__ import annotations

from dataclasses import replace

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.machine import INCIDENT, Machine
from oomlab.zone_model import zones

KERNEL_MIB = 1024
"""Addresses of the kernel's own part under the 3G/1G split, in MiB."""


def _mem_map_mib(gib: float, struct_page: int) -> float:
    """Return the size of the mem_map, in MiB, of a machine whose page frames end at ``gib`` GiB."""
    return gib * 2**18 * struct_page / 2**20


def _highmem_pages(machine: Machine) -> int:
    return sum(zone.spanned for zone in zones(machine) if zone.name == "HighMem")


EXERCISES = (
    Exercise(
        id="03.1",
        question="The kernel is booted with vmalloc={vmalloc}M. How many MiB of lowmem are left?",
        given={"vmalloc": 192},
        draw=lambda rng: {"vmalloc": 32 * rng.choice([3, 5, 6, 7, 9, 10, 12, 14])},
        kind=Number(lambda vmalloc: KERNEL_MIB - vmalloc, unit="MiB", tolerance=5),
        wrong=(
            Wrong(
                lambda vmalloc: KERNEL_MIB - 128 - vmalloc,
                "You took the 128 MiB away as well. `vmalloc=` replaces them.",
            ),
            Wrong(
                lambda vmalloc: KERNEL_MIB - 128 + vmalloc,
                "More addresses for vmalloc leave fewer for lowmem.",
            ),
        ),
        hints=(
            "The kernel's gigabyte is shared by lowmem and vmalloc. What one takes, the other loses.",
            "Take the new value, instead of 128, from 1024.",
            "`1024 - {vmalloc}`",
        ),
        solution="1,024 − {vmalloc} = {answer} MiB, by the round numbers. On this kernel it is 4 MiB less.",
    ),
    Exercise(
        id="03.2",
        question="A kernel has {frames:#x} page frames, and a struct page takes 32 bytes. How many "
        "MiB of lowmem does its mem_map take?",
        given={"frames": 0x840000},
        draw=lambda rng: {"frames": 0x40000 * rng.randrange(2, 65)},
        kind=Number(lambda frames: frames * 32 / 2**20, unit="MiB", tolerance=0.5),
        wrong=(
            Wrong(
                lambda frames: (frames - 0x40000) * 32 / 2**20,
                "The hole counts as well: its page frames have records too.",
            ),
            Wrong(
                lambda frames: frames / 2**20,
                "That is the number of frames, in units of 2**20. Each needs 32 bytes.",
            ),
            Wrong(
                lambda frames: frames / 2**8,
                "That is all of the memory. How much is it per page of 4,096 bytes?",
            ),
        ),
        hints=(
            "How many page frames are there, and how large is one record?",
            "Multiply {frames:#x} by 32 bytes, and divide by 2**20 for MiB.",
            "`{frames:#x} * 32 / 2**20`",
        ),
        solution="{frames:,} frames × 32 bytes = {answer:.0f} MiB, all of it in lowmem. With 0x840000 "
        "frames that is more than a quarter of the 892 MiB there are.",
    ),
    Exercise(
        id="03.3",
        question="{gib} GiB of RAM, a hole of 1 GiB, {size} bytes for a struct page. How many MiB is "
        "the mem_map?",
        given={"gib": 16, "size": 40},
        draw=lambda rng: {"gib": rng.choice([4, 8, 12, 24, 48]), "size": rng.choice([32, 40])},
        kind=Number(lambda gib, size: _mem_map_mib(gib + 1, size), unit="MiB", tolerance=0.5),
        wrong=(
            Wrong(
                lambda gib, size: _mem_map_mib(gib, size),
                "You forgot the hole. Its page frames have records too.",
            ),
        ),
        hints=(
            "The hole pushes the RAM behind it up. How far do the page frames reach?",
            "Frames of {gib} + 1 GiB, times {size} bytes.",
            "`({gib} + 1) * 2**18 * {size} / 2**20`",
        ),
        solution="({gib} + 1) × 262,144 frames × {size} bytes = {answer:g} MiB.",
    ),
    Exercise(
        id="03.4",
        question="Which of these could have gone into HighMem?",
        kind=Choice(
            options={
                "heap": "a page of clamd's heap",
                "page table": "a page of clamd's page tables",
                "inode": "the inode of the file that is copied",
                "stack": "the kernel stack of a new process",
            },
            answer="heap",
        ),
        wrong=(
            Wrong(
                "page table",
                "With CONFIG_HIGHPTE it could. The mask 0x84d0 shows that this kernel did not use it.",
            ),
            Wrong("inode", "An inode is a slab object, and the kernel follows plain pointers to it."),
            Wrong("stack", "The kernel runs on it, so it must have an address in the kernel at all times."),
        ),
        hints=(
            "Which of the four does the kernel itself hardly ever touch?",
            "Memory that only a process uses needs an address in that process, not in the kernel.",
            "It is the one that belongs to the program.",
        ),
        solution="The {answer}: it is used through the process's own page tables. All others are the "
        "kernel's own.",
    ),
    Exercise(
        id="03.5",
        question="How many pages of HighMem does a 64-bit kernel have on the same hardware?",
        kind=Number(lambda: _highmem_pages(replace(INCIDENT, arch="x86_64")), unit="pages"),
        wrong=(
            Wrong(
                lambda: _highmem_pages(INCIDENT),
                "That is the 32-bit machine. Did you replace `arch`?",
                test=lambda value: value > 8_000_000,
            ),
        ),
        hints=(
            "Does a 64-bit kernel have to save addresses?",
            "Print the names of all zones of that machine.",
            "Is there a zone called HighMem among them?",
        ),
        solution="{answer:g}. A 64-bit kernel maps all RAM at once. It has no lowmem because it has "
        "no highmem.",
    ),
    Exercise(
        id="03.6",
        question="What did the choice of 32 bits cost, and what would have done better?",
        kind=Essay(
            rubric=(
                "all of the kernel's own objects had to fit in less than 900 MiB, however much RAM there was",
                "more than a quarter of that went to the mem_map of the highmem",
                "the limit that the owner wanted, 4 GB for a process, can be set on a 64-bit kernel "
                "(ulimit -v, a control group)",
                "32-bit programs run on a 64-bit kernel as they are",
            )
        ),
        hints=(
            "Who is held down by 32 bits: the processes, the kernel or both?",
            "How does one limit a process without limiting the kernel?",
            "ulimit, or a control group, on a 64-bit kernel.",
        ),
        solution=(
            "It held down the kernel, not only the processes: less than 900 MiB for all its records about 32 "
            "GB. To limit processes there are ulimit and control groups, on a 64-bit kernel."
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="03.a",
        question="The machine has 32 GB of RAM. How much of it can a 32-bit kernel use for its own objects?",
        kind=Choice(
            {
                "all": "all of it",
                "half": "half of it",
                "4": "about 4 GB, as much as a pointer can name",
                "1": "less than 1 GB",
            },
            "1",
        ),
        says="The kernel's share is DMA and Normal: 0.86 of 31.7 GiB. Less than three percent.",
    ),
    Prediction(
        id="03.b",
        question="A machine gets more and more RAM, from 1 GiB to 64. What happens to the lowmem that is "
        "left for the kernel's objects?",
        kind=Choice({"grows": "it grows", "stays": "it stays as it is", "shrinks": "it shrinks"}, "shrinks"),
        says="Every gigabyte more lies in HighMem, and yet it takes something away below.",
    ),
)
