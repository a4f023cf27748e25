"""Exercises of notebook 04: marks, reserves and the verdict."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.evidence import zone
from oomlab.exercises.kinds import Choice, Number
from oomlab.units import PAGE_KB


def _present(name: str) -> int:
    return zone(name).present or 0


def _share(name: str, min_free_kbytes: int = 8192) -> int:
    """Give the part of min_free_kbytes that a lowmem zone keeps, in pages."""
    lowmem = _present("DMA") + _present("Normal")
    return min_free_kbytes // PAGE_KB * _present(name) // lowmem


def _case(rng: Random) -> dict[str, Any]:
    """Draw a zone that is close to its edge, often exactly on it."""
    mark, reserve = rng.randrange(50, 4000), rng.choice([0, rng.randrange(200, 3000)])
    return {"free": mark + reserve + 2 + rng.randrange(-2, 3), "mark": mark, "reserve": reserve}


def _passes(free: int, mark: int, reserve: int) -> str:
    return "yes" if free - 2 > mark + reserve else "no"


EXERCISES = (
    Exercise(
        id="04.1",
        question="min_free_kbytes is {sysctl}. Compute min of zone DMA, in pages.",
        given={"sysctl": 8192},
        draw=lambda rng: {"sysctl": 1024 * rng.randrange(2, 60)},
        kind=Number(lambda sysctl: _share("DMA", sysctl), unit="pages", tolerance=0.9),
        wrong=(
            Wrong(
                lambda sysctl: sysctl * _present("DMA") // (_present("DMA") + _present("Normal")),
                "That is in kB, since min_free_kbytes is. A page has 4.",
            ),
            Wrong(lambda sysctl: _share("Normal", sysctl), "That is the share of Normal."),
        ),
        hints=(
            "Each lowmem zone keeps its share, by size. How large is DMA beside Normal?",
            "Take min_free_kbytes in pages, times 3,952, divided by 3,952 + 222,502. Drop the fraction.",
            "{sysctl} // 4 * 3952 // (3952 + 222502)",
        ),
        solution="{sysctl} // 4 × 3,952 // 226,454 = {answer:g} pages. The kernel drops fractions.",
    ),
    Exercise(
        id="04.2",
        question="Compute low of zone Normal, in pages.",
        kind=Number(lambda: _share("Normal") + _share("Normal") // 4, unit="pages"),
        wrong=(
            Wrong(
                lambda: _share("Normal") + _share("Normal") // 2,
                "That is high: half above min. low is a quarter above.",
            ),
            Wrong(lambda: _share("Normal") // 4, "That is the distance from min. Add min."),
            Wrong(lambda: _share("Normal") * 2, "On very old kernels low was twice min. Not on this one."),
        ),
        hints=(
            "low lies a quarter of min above min.",
            "2,012 plus a quarter of it, without fractions.",
            "2012 + 2012 // 4",
        ),
        solution="2,012 + 503 = {answer:,} pages, or 10,060 kB: what the report prints.",
    ),
    Exercise(
        id="04.3",
        question="With a ratio of {ratio} for DMA, how many pages does DMA keep from Normal requests?",
        given={"ratio": 64},
        draw=lambda rng: {"ratio": 8 * rng.randrange(2, 60)},
        kind=Number(lambda ratio: _present("Normal") // ratio, unit="pages", tolerance=0.9),
        wrong=(
            Wrong(
                lambda ratio: _present("DMA") // ratio,
                "That is DMA's own size. Take the zones above it, up to the one that was wanted.",
            ),
            Wrong(
                lambda ratio: _present("Normal") * ratio // 256,
                "A smaller ratio divides by less. The reserve grows.",
            ),
        ),
        hints=(
            "Which zones lie above DMA, up to the zone that was wanted, that one included?",
            "Divide the pages present in Normal by the ratio.",
            "222502 // {ratio}",
        ),
        solution="222,502 // {ratio} = {answer:,} pages.",
    ),
    Exercise(
        id="04.4",
        question=(
            "A zone has {free} free pages, min is {mark}, and its reserve against this request is "
            "{reserve}. "
            "Does an order-0 request pass? Answer 'yes' or 'no'."
        ),
        given={"free": 2014, "mark": 2012, "reserve": 0},
        draw=_case,
        kind=Choice(
            options={"yes": "it gets its page", "no": "it does not"},
            answer=lambda free, mark, reserve: _passes(free, mark, reserve),
        ),
        wrong=(
            Wrong(
                lambda free, mark, reserve: "no" if _passes(free, mark, reserve) == "yes" else "yes",
                "Take 2 from the free pages, add min and the reserve, and compare. Equal is not more.",
            ),
        ),
        hints=(
            "How many free pages does this kernel count?",
            "Compare free − 2 with min + reserve. It passes only if the left side is larger.",
            "{free} − 2 against {mark} + {reserve}",
        ),
        solution="{free} − 2 against {mark} + {reserve}: {answer}.",
    ),
    Exercise(
        id="04.5",
        question="With min_free_kbytes = {sysctl}, how many pages is min of Normal?",
        given={"sysctl": 65536},
        draw=lambda rng: {"sysctl": 4096 * rng.randrange(3, 30)},
        kind=Number(lambda sysctl: _share("Normal", sysctl), unit="pages", tolerance=0.9),
        wrong=(
            Wrong(
                lambda sysctl: sysctl // PAGE_KB,
                "That is for both lowmem zones together. What is Normal's share?",
            ),
            Wrong(
                lambda sysctl: _share("Normal", sysctl) * PAGE_KB, "That is in kB. It is asked for in pages."
            ),
        ),
        hints=(
            "It is the same rule as before, with another number.",
            "{sysctl} in pages, times 222,502, divided by 226,454.",
            "{sysctl} // 4 * 222502 // 226454",
        ),
        solution="{sysctl} // 4 × 222,502 // 226,454 = {answer:,} pages, which no ordinary request gets.",
    ),
    Exercise(
        id="04.6",
        question="Which rule decided the distance from min to low: 'quarter' or 'scale factor'?",
        kind=Choice(
            options={
                "quarter": "a quarter of min",
                "scale factor": "managed × watermark_scale_factor / 10,000",
            },
            answer="quarter",
        ),
        wrong=(
            Wrong(
                "scale factor",
                "Work both out: managed × 10 // 10,000 is about 215 pages. A quarter of min is more.",
            ),
        ),
        hints=(
            "The larger of the two distances counts.",
            "Work out min // 4 and managed * 10 // 10000 for Normal, and compare.",
            "low − min in the table is which of the two?",
        ),
        solution="The {answer}. The scale factor takes over in zones that are large beside their "
        "min, such as HighMem.",
    ),
)
