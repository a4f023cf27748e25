"""Exercises of notebook 04: watermarks, reserves and the verdict."""

from __future__ import annotations

from random import Random
from typing import Any

from oomlab import corpus
from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.evidence import zone
from oomlab.exercises.kinds import Choice, Number
from oomlab.procfs import parse_zoneinfo
from oomlab.units import PAGE_KB


def _present(name: str) -> int:
    return zone(name).present or 0


def _share(name: str, min_free_kbytes: int = 8192) -> int:
    """Return the part of min_free_kbytes that a lowmem zone keeps, in pages."""
    lowmem = _present("DMA") + _present("Normal")
    return min_free_kbytes // PAGE_KB * _present(name) // lowmem


def _case(rng: Random) -> dict[str, Any]:
    """Draw a zone that is close to its edge, often exactly on it."""
    minimum, reserve = rng.randrange(50, 4000), rng.choice([0, rng.randrange(200, 3000)])
    return {"free": minimum + reserve + 2 + rng.randrange(-2, 3), "min": minimum, "reserve": reserve}


def _passes(free: int, min: int, reserve: int) -> str:
    """Whether Linux 3.2 hands out one page, as ``"yes"`` or ``"no"``; it leaves two free pages uncounted."""
    return "yes" if free - 2 > min + reserve else "no"


def _normal_of_the_guest() -> dict[str, int]:
    """Return what decides the distance in the recorded guest of 1 GB."""
    zones = parse_zoneinfo(corpus.capture("1024/zoneinfo"))
    normal = next(zone for zone in zones if zone.name == "Normal")
    return {"managed": normal.managed or 0, "min": normal.watermark_min or 0, "scale": 10}


def _distance(rng: Random) -> dict[str, int]:
    """Draw a zone in which either rule may win."""
    managed = rng.randrange(50_000, 4_000_000)
    return {"managed": managed, "min": managed // rng.randrange(20, 900), "scale": rng.choice([10, 20, 50])}


def _rule(managed: int, min: int, scale: int) -> str:
    return "quarter" if min // 4 >= managed * scale // 10_000 else "scale factor"


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
            "`{sysctl} // 4 * 3952 // (3952 + 222502)`",
        ),
        solution="{sysctl} // 4 × 3,952 // 226,454 = {answer:g} pages. The kernel drops fractions.",
    ),
    Exercise(
        id="04.2",
        question="On Linux 3.2 a zone's min is {min} pages. Compute its low, in pages.",
        given={"min": _share("Normal")},
        draw=lambda rng: {"min": rng.randrange(200, 9000)},
        kind=Number(lambda min: min + min // 4, unit="pages"),
        wrong=(
            Wrong(lambda min: min + min // 2, "That is high: half above min. low is a quarter above."),
            Wrong(lambda min: min // 4, "That is the distance from min. Add min."),
            Wrong(lambda min: min * 2, "On very old kernels low was twice min. Not on this one."),
            Wrong(
                lambda min: min + min / 4,
                "Nearly: the kernel divides without fractions. In Python that is `//`.",
            ),
        ),
        hints=(
            "low lies a quarter of min above min.",
            "{min} plus a quarter of it, without fractions.",
            "`{min} + {min} // 4`",
        ),
        solution="{min:,} and a quarter of it are {answer:,} pages.",
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
            "`222502 // {ratio}`",
        ),
        solution="222,502 // {ratio} = {answer:,} pages.",
    ),
    Exercise(
        id="04.4",
        question=(
            "On Linux 3.2 a zone has {free} free pages, min is {min}, and its reserve against this "
            "request is {reserve}. Does an order-0 request pass?"
        ),
        given={"free": 1501, "min": 630, "reserve": 869},
        draw=_case,
        kind=Choice(
            options={"yes": "it gets its page", "no": "it does not"},
            answer=_passes,
        ),
        wrong=(
            Wrong(
                lambda free, min, reserve: "no" if _passes(free, min, reserve) == "yes" else "yes",
                "Take 2 from the free pages, add min and the reserve, and compare. Equal is not more.",
            ),
        ),
        hints=(
            "How many free pages does this kernel count?",
            "Compare free − 2 with min + reserve. It passes only if the left side is larger.",
            "`{free} - 2 > {min} + {reserve}`",
        ),
        solution="{free} − 2 against {min} + {reserve}: {answer}.",
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
            "`{sysctl} // 4 * 222502 // 226454`",
        ),
        solution="{sysctl} // 4 × 222,502 // 226,454 = {answer:,} pages, which no ordinary request gets.",
    ),
    Exercise(
        id="04.6",
        question="On Linux 6.1 a zone has {managed} managed pages and a min of {min} pages; "
        "watermark_scale_factor is {scale}. Which rule decides the distance from min to low?",
        given=_normal_of_the_guest(),
        draw=_distance,
        kind=Choice(
            options={
                "quarter": "a quarter of min",
                "scale factor": "managed × watermark_scale_factor / 10,000",
            },
            answer=_rule,
        ),
        wrong=(
            Wrong(
                lambda managed, min, scale: (
                    "quarter" if _rule(managed, min, scale) != "quarter" else "scale factor"
                ),
                "Work both out, {min} // 4 and {managed} * {scale} // 10000. The larger one counts.",
            ),
        ),
        hints=(
            "The larger of the two distances counts.",
            "Work out min // 4 and managed * scale // 10000, and compare.",
            "`{min} // 4 > {managed} * {scale} // 10000`",
        ),
        solution="The {answer}. The scale factor takes over in zones that are large beside their min, "
        "such as HighMem.",
    ),
)

PREDICTIONS = (
    Prediction(
        id="04.a",
        question="How many more pages would have had to be free for clamd to get its one?",
        kind=Number(lambda: 1, unit="pages"),
        says="In both zones the two sides are equal, and equal is not more. One page was missing.",
    ),
    Prediction(
        id="04.b",
        question="Would a larger min_free_kbytes have helped this machine?",
        kind=Choice(
            {
                "yes": "yes: more is kept free, so there is more for clamd",
                "same": "it would have made no difference",
                "worse": "no: it would have died earlier",
            },
            "worse",
        ),
        says="The more must stay free, the sooner the zone counts as empty.",
    ),
)
