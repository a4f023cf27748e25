"""Exercises of notebook 02: the gfp mask and the order."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.kinds import Choice, Names, Number
from oomlab.gfp import decode_gfp, encode_gfp
from oomlab.units import PAGE_KB

KERNEL = "3.2.59"
_EXTRAS = ("__GFP_COLD", "__GFP_NOWARN", "__GFP_REPEAT", "__GFP_NORETRY", "__GFP_COMP", "__GFP_ZERO")

_KERNEL = decode_gfp(0xD0, kernel=KERNEL)


def _mask(rng: Random) -> dict[str, Any]:
    """Draw a mask of Linux 3.2: a group, and one or two flags."""
    base = rng.choice(["GFP_KERNEL", "GFP_NOFS", "GFP_NOIO", "GFP_ATOMIC", "GFP_HIGHUSER"])
    names = [base, *rng.sample(_EXTRAS, rng.randrange(1, 3))]
    return {"mask": encode_gfp(names, kernel=KERNEL)}


def _kernel_mask(rng: Random) -> dict[str, Any]:
    """Draw GFP_KERNEL with one more flag."""
    return {"mask": encode_gfp(["GFP_KERNEL", rng.choice([*_EXTRAS, "__GFP_HIGHMEM"])], kernel=KERNEL)}


def _extra_flag(mask: int) -> list[str]:
    """Return the flags that GFP_KERNEL does not account for."""
    return sorted(set(decode_gfp(mask, kernel=KERNEL).flags) - set(_KERNEL.flags))


def _waiter(rng: Random) -> dict[str, Any]:
    return {"name": rng.choice(["GFP_KERNEL", "GFP_ATOMIC", "GFP_NOIO", "GFP_HIGHUSER"])}


def _may_kill(name: str) -> str:
    """Whether a request with this mask may call the OOM killer, as ``"yes"`` or ``"no"``."""
    gfp = decode_gfp(encode_gfp([name], kernel=KERNEL), kernel=KERNEL)
    return "yes" if gfp.may_sleep and gfp.may_fs else "no"


def _modern_mask(rng: Random) -> dict[str, Any]:
    """Draw a mask of Linux 6.1 and the zone modifier in its last digit."""
    return {"mask": 0x140CC0 | rng.choice([0x0, 0x1, 0x2, 0xA])}


def _best_zone(mask: int) -> str:
    """Return the best zone for a mask of Linux 6.1 on a 32-bit machine without a movable zone."""
    zone = decode_gfp(mask, kernel="6.1").zone or ""
    return "HighMem" if zone == "Movable" else zone


def _names(mask: int) -> tuple[str, ...]:
    return decode_gfp(mask, kernel=KERNEL).names


EXERCISES = (
    Exercise(
        id="02.1",
        question="On Linux 3.2, {mask:#x} is GFP_KERNEL and one more flag. Which?",
        given={"mask": 0xD2},
        draw=_kernel_mask,
        kind=Names(_extra_flag),
        wrong=(
            Wrong(
                ["GFP_HIGHUSER"],
                "That is the name of a whole mask on this kernel. Here one flag is asked for.",
            ),
            Wrong(["__GFP_DMA"], "That would be the bit with the value 1."),
        ),
        hints=(
            "GFP_KERNEL is 0xd0. Take it away. What is left?",
            "A single bit is left. The notebook has a table of them, and the explorer names each.",
            '`decode_gfp({mask:#x} - 0xd0, kernel="3.2.59").names`',
        ),
        solution="{mask:#x} − 0xd0 leaves one bit: {answer}.",
    ),
    Exercise(
        id="02.2",
        question="A request has the mask {mask:#x} on Linux 3.2. What would the mask be if high "
        "memory would do?",
        given={"mask": 0x84D0},
        draw=lambda rng: {"mask": 0xD0 | rng.choice([0x100, 0x200, 0x400, 0x1000, 0x8000, 0x8200])},
        kind=Number(lambda mask: encode_gfp([*_names(mask), "__GFP_HIGHMEM"], kernel=KERNEL)),
        wrong=(
            Wrong(lambda mask: mask, "That is the mask as it was: only Normal and DMA will do."),
            Wrong(lambda mask: mask | 1, "The bit 1 is __GFP_DMA: the first 16 MiB and nowhere else."),
        ),
        hints=(
            "Which flag says that high memory will do?",
            "Set the bit with the value 2 in {mask:#x}.",
            "`{mask:#x} | 0x2`",
        ),
        solution="{mask:#x} | 0x2 = {answer:#x}. For a page-table page CONFIG_HIGHPTE makes the "
        "difference. The report shows 0x84d0, so this kernel was built without it (or it was switched "
        "off at boot, `userpte=nohigh`), and its page tables had to lie in lowmem.",
    ),
    Exercise(
        id="02.3",
        question="On Linux 3.2, which names does the mask {mask:#x} have? Use GFP_… for a group where "
        "there is one.",
        given={"mask": 0x1C0 | 0x10},
        draw=_mask,
        kind=Names(_names),
        wrong=(
            Wrong(
                lambda mask: decode_gfp(mask, kernel=KERNEL).flags,
                "All the bits are right. Some of them together have a name: use it.",
            ),
            Wrong(
                lambda mask: decode_gfp(mask, kernel="6.1").names,
                "Those are the names in Linux 6.1. The bits have moved since 3.2.",
            ),
        ),
        hints=(
            "Write the number in binary, or digit by digit.",
            "Look for the group first (0xd0 GFP_KERNEL, 0x50 GFP_NOFS, 0x10 GFP_NOIO, 0x20 "
            "GFP_ATOMIC, 0x200d2 GFP_HIGHUSER), then name the bits that are left.",
            "Toggle the bits in the explorer above until it shows {mask:#x}.",
        ),
        solution="{mask:#x} is {answer}.",
    ),
    Exercise(
        id="02.4",
        question="On Linux 3.2, can a request with {name} call the OOM killer?",
        given={"name": "GFP_NOFS"},
        draw=_waiter,
        kind=Choice(options={"yes": "it may", "no": "it may not"}, answer=_may_kill),
        wrong=(
            Wrong(
                lambda name: "no" if _may_kill(name) == "yes" else "yes",
                "Two things are needed: to sleep, and to enter the file system. Which of them does "
                "{name} have?",
            ),
        ),
        hints=(
            "What does {name} have in common with GFP_KERNEL, and what not?",
            "The OOM killer is called only by requests that have both __GFP_WAIT and __GFP_FS.",
            '`decode_gfp(encode_gfp(["{name}"], kernel="3.2.59"), kernel="3.2.59").flags`',
        ),
        solution="The answer is {answer}. A request that lacks __GFP_WAIT or __GFP_FS cannot know "
        "whether waiting or the file system would still have freed something, so the kernel does not "
        "kill for it: the request fails or tries again.",
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
        question="Linux 6.1 prints gfp_mask={mask:#x}. Which is the best zone it may use, on a 32-bit "
        "machine without a movable zone?",
        given={"mask": 0x140CCA},
        draw=_modern_mask,
        kind=Choice(options={"DMA": "", "Normal": "", "HighMem": "", "Movable": ""}, answer=_best_zone),
        wrong=(
            Wrong("DMA", "That takes the bit 1. Look at the last digit: which of its bits are set?"),
            Wrong("Normal", "Normal is what remains when no zone bit is set. Look at the last digit."),
            Wrong("HighMem", "That takes the bit 2. Look at the last digit: is it set?"),
            Wrong(
                "Movable", "This machine has no such zone. Which zone does the bit 2 name, or its absence?"
            ),
        ),
        hints=(
            "Only the last digit matters here.",
            "1 is __GFP_DMA, 2 is __GFP_HIGHMEM, 0 means Normal. 0xa is 8 + 2, and 8 is __GFP_MOVABLE.",
            "__GFP_MOVABLE prefers a movable zone. Without one the rest of the digit decides.",
        ),
        solution="{answer}. The last digit is all that counts, and it is the same on every kernel of "
        "the course.",
    ),
)

PREDICTIONS = (
    Prediction(
        id="02.a",
        question="The request came from a page fault of a virus scanner. What was it allowed to do?",
        kind=Choice(
            {
                "all": "everything: wait, write dirty pages to disk, use any memory in the machine",
                "not any": "wait and write, but not use any memory in the machine",
                "not wait": "use any memory in the machine, but neither wait nor write",
                "nothing": "nothing of this: a page fault must be served at once",
            },
            "not any",
        ),
        says="A very patient request, and yet not every zone would do.",
    ),
    Prediction(
        id="02.b",
        question="Is 0x84d0 still a GFP_KERNEL request on Linux 4.4, and on 6.1?",
        kind=Choice(
            {"both": "on both", "4.4": "on 4.4 only", "6.1": "on 6.1 only", "neither": "on neither"},
            "neither",
        ),
        says="The same number, three kernels, three requests.",
    ),
)
