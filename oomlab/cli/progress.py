"""A bar for logs that take long, on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_DELAY_S = 2.0
"""Seconds before the bar appears."""


@contextmanager
def progress(log: str) -> Iterator[Callable[[int], object] | None]:
    """Yield a function that takes how many bytes were just read, or ``None`` where no bar can be shown.

    The bar is tqdm's, on standard error. It is shown only on a terminal, only where tqdm is
    installed, and only after a while.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    size = None if log == "-" or not os.path.isfile(log) else os.path.getsize(log)
    with tqdm(total=size, unit="B", unit_scale=True, unit_divisor=1024, delay=_DELAY_S, leave=False) as bar:
        yield bar.update
