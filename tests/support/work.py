"""How much work something is, in terms that a busy machine does not change."""

from __future__ import annotations

import gc
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
    searches = gc.isenabled()
    gc.disable()  # a search for garbage calls whoever asked for it
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
        if searches:
            gc.enable()
    return counted


def slowdown(small: Callable[[], object], large: Callable[[], object], size: int) -> float:
    """Return how many times as long ``large`` takes as ``small``, which it is ``size`` times as large as.

    The processor's time in this thread counts, without the search for garbage: that goes through all
    the objects of a long run of tests, more often for ``large``. A busy machine disturbs even this
    time: of up to nine rounds the lowest ratio is taken, and a round that is below twice the size is
    the last. A ``small`` that is short is done ``size`` times, so that both sides are disturbed alike.
    """
    ratios = []
    for _ in range(9):
        base = size * _seconds(small)
        if base < 0.1:
            base = _seconds(lambda: [small() for _ in range(size)])
        if base:
            ratios.append(size * _seconds(large) / base)
            if ratios[-1] < 2 * size:
                break
    return min(ratios)


def _seconds(action: Callable[[], object]) -> float:
    searches = gc.isenabled()
    gc.disable()
    try:
        before = time.thread_time()
        action()
        return time.thread_time() - before
    finally:
        if searches:
            gc.enable()
