"""How much work something is, in terms that a busy machine does not change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType


def calls(action: Callable[[], object]) -> int:
    """Count the Python functions that an action calls, the second time that it is done."""
    counted = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    action()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return counted


def slowdown(small: Callable[[], object], large: Callable[[], object], enough: float) -> float:
    """Return how many times as much of the processor's time ``large`` takes as ``small``.

    Both are timed in turn, and the shortest time of each counts, for other processes disturb some
    runs and shorten none. At most nine rounds are run: the first ratio below ``enough`` is returned.
    """
    shortest = [float("inf"), float("inf")]
    for _ in range(9):
        shortest = [
            min(best, _seconds(action)) for best, action in zip(shortest, (small, large), strict=True)
        ]
        if shortest[1] < enough * shortest[0]:
            break
    return shortest[1] / shortest[0]


def _seconds(action: Callable[[], object]) -> float:
    before = time.process_time()
    action()
    return time.process_time() - before
