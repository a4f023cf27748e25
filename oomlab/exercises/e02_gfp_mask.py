"""Exercises of notebook 02: the gfp mask and the order."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.kinds import Choice, Names, Number
from oomlab.gfp import decode_gfp, encode_gfp
from oomlab.units import PAGE_KB

KERNEL = "3.2.59"
_EXTRAS = ("__GFP_COLD", "__GFP_NOWARN", "__GFP_REPEAT", "__GFP_NORETRY", "__GFP_COMP", "__GFP_ZERO")


def _mask(rng: Random) -> dict[str, Any]:
    """Draw a mask of Linux 3.2: a composite, and one or two wishes."""
    base = rng.choice(["GFP_KERNEL", "GFP_NOFS", "GFP_NOIO", "GFP_ATOMIC", "GFP_HIGHUSER"])
    names = [base, *rng.sample(_EXTRAS, rng.randrange(1, 3))]
    return {"mask": encode_gfp(names, kernel=KERNEL)}


def _names(mask: int) -> tuple[str, ...]:
    return decode_gfp(mask, kernel=KERNEL).names


EXERCISES = (
    Exercise(
        id="02.1",
        question="On Linux 3.2, 0xd2 is GFP_KERNEL and one more flag. Which?",
        kind=Names(lambda: [decode_gfp(0x2, kernel=KERNEL).names[0]]),
        wrong=(
            Wrong(
                ["GFP_HIGHUSER"],
                "That is the name of a whole mask on this kernel. Here one flag is asked for.",
            ),
            Wrong(["__GFP_DMA"], "That would be bit 1. The last digit is 2."),
        ),
        hints=(
            "Take 0xd0 away. What is left?",
            "A single bit is left, with the value 2. The lowest four bits choose the zone.",
            "The flag that says that high memory is welcome.",
        ),
        solution="0xd2 − 0xd0 = 0x2, which is {answer}.",
    ),
    Exercise(
        id="02.2",
        question="With CONFIG_HIGHPTE, what would the mask of this request have been?",
        kind=Number(lambda: encode_gfp([*_names(0x84D0), "__GFP_HIGHMEM"], kernel=KERNEL)),
        wrong=(
            Wrong(
                0x84D0, "That is the mask as it was. With CONFIG_HIGHPTE a page table may lie in high memory."
            ),
            Wrong(0x84D1, "Bit 1 is __GFP_DMA: the first 16 MB and nowhere else."),
        ),
        hints=(
            "Which flag says that high memory will do?",
            "Set the bit with the value 2 in 0x84d0.",
            "0x84d0 | 0x2",
        ),
        solution=(
            "0x84d0 | 0x2 = 0x84d2. The report shows 0x84d0, so this kernel was built without "
            "CONFIG_HIGHPTE, and its "
            "page tables had to lie in lowmem."
        ),
    ),
    Exercise(
        id="02.3",
        question="On Linux 3.2, which names does the mask {mask:#x} have? Use GFP_… for a group "
        "where there is one.",
        given={"mask": 0x1C0 | 0x10},
        draw=_mask,
        kind=Names(lambda mask: _names(mask)),
        wrong=(
            Wrong(
                lambda mask: decode_gfp(mask, kernel="6.1").names,
                "Those are the names in Linux 6.1. The bits have moved since 3.2.",
            ),
        ),
        hints=(
            "Write the number in binary, or digit by digit.",
            "Look for the group first (0xd0 GFP_KERNEL, 0x50 GFP_NOFS, 0x10 GFP_NOIO, 0x20 GFP_ATOMIC, "
            "0x200d2 GFP_HIGHUSER), then name the bits that are left.",
            "Toggle the bits in the explorer above until it shows {mask:#x}.",
        ),
        solution="{mask:#x} is {answer}.",
    ),
    Exercise(
        id="02.4",
        question="Can a request with GFP_NOFS call the OOM killer?",
        kind=Choice(options={"yes": "it may sleep, after all", "no": "it may not"}, answer="no"),
        wrong=(
            Wrong(
                "yes",
                "It may sleep and write, but it must not enter the file system. Read above who may call it.",
            ),
        ),
        hints=(
            "What does GFP_NOFS lack that GFP_KERNEL has?",
            "The OOM killer is called only by requests that have __GFP_FS.",
            "GFP_NOFS is 0x50: WAIT and IO. FS is not in it.",
        ),
        solution=(
            "The answer is {answer}. Without __GFP_FS the kernel cannot know whether the file system "
            "could still free something, so it does not kill. The request fails or tries again."
        ),
    ),
    Exercise(
        id="02.5",
        question="What is the order of a request for {kb} kB?",
        given={"kb": 64},
        draw=lambda rng: {"kb": PAGE_KB << rng.randrange(1, 11)},
        kind=Number(lambda kb: (kb // PAGE_KB).bit_length() - 1),
        wrong=(
            Wrong(lambda kb: kb // PAGE_KB, "That is the number of pages. The order is the exponent of 2."),
            Wrong(lambda kb: kb.bit_length() - 1, "That is the exponent for kB. Divide by the page first."),
        ),
        hints=(
            "How many pages is it?",
            "Two to which power gives that number of pages?",
            "{kb} kB are {kb} // 4 pages. Halve that until 1 is left, and count.",
        ),
        solution="{kb} kB are 2**{answer} pages of 4 kB: order {answer}.",
    ),
    Exercise(
        id="02.6",
        question="Linux 6.1 prints gfp_mask=0x140cca. Which is the best zone it may use, if there "
        "is no movable zone?",
        kind=Choice(
            options={"DMA": "", "Normal": "", "HighMem": ""},
            answer=lambda: (
                "HighMem" if decode_gfp(0x140CCA, kernel="6.1").zone in ("Movable", "HighMem") else "Normal"
            ),
        ),
        wrong=(
            Wrong("DMA", "That would take bit 0. The digit is a: bits 1 and 3."),
            Wrong("Normal", "Normal is what remains when no zone bit is set. Here two are."),
        ),
        hints=(
            "Only the last digit matters here.",
            "0xa is 8 + 2. The 2 is __GFP_HIGHMEM; the 8 is __GFP_MOVABLE.",
            "The two together ask for the movable zone first, then for the one that the 2 names.",
        ),
        solution="{answer}. It is the page of a process, which may lie anywhere: a request that "
        "HighMem could serve.",
    ),
)
