"""Exercises of notebook 00: how checking works."""

from __future__ import annotations

from oomlab.exercises import Exercise, Wrong
from oomlab.exercises.kinds import Number
from oomlab.units import pages

EXERCISES = (
    Exercise(
        id="00.1",
        question="The report counts in pages of 4 kB. How many pages are {kb:,} kB?",
        given={"kb": 8056},
        draw=lambda rng: {"kb": 4 * rng.randrange(500, 200_000)},
        kind=Number(pages, unit="pages", converts=False),
        wrong=(
            Wrong(
                lambda kb: kb * 4,
                "You multiplied. A page is bigger than a kilobyte, so there are fewer of them.",
            ),
        ),
        hints=(
            "Which is bigger, a page or a kilobyte? So which number is smaller?",
            "Divide the kilobytes by the kilobytes in one page.",
            "`{kb} // 4`",
        ),
        solution="{kb:,} kB / 4 kB = {answer:,} pages.",
    ),
)
