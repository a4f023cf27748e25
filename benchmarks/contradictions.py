"""Count what contradicts itself in what is shown of many logs.

    python -m benchmarks.contradictions [COUNT] [--first N] [--logs LOG...]

The logs of the repository are checked, or those that are named, and COUNT damaged ones, each made from its
number alone. The environment variable OOMLAB_CORPUS adds a folder. What is checked, and in the ordinary
tests too: tests/support/contradictions.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support import fuzz
from tests.support.contradictions import in_log, logs


def main(arguments: Sequence[str]) -> int:
    """Check logs, and print what contradicts itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=0, help="so many damaged logs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--logs", nargs="*", type=Path, default=None)
    chosen = parser.parse_args(arguments)
    paths = logs() if chosen.logs is None else chosen.logs
    seeds = [path.read_bytes() for path in paths]
    sources = [(str(path), data) for path, data in zip(paths, seeds, strict=True)]
    numbers = range(chosen.first, chosen.first + chosen.count)
    damaged = ((f"damaged {number}", fuzz.case(number, seeds)) for number in numbers)
    bad = 0
    for name, data in (each for some in (sources, damaged) for each in some):
        for found in in_log(data):
            bad += 1
            print(f"{name}, {found}")
    print(f"{len(sources) + chosen.count} logs, {bad} contradictions")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
