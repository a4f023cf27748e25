"""Build the site, or some of its parts: ``python -m website.build [--to DIR] [PART …]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from website import course, home, kernel, labs, lite, python_part, read_page
from website.frame import HERE, write_shared
from website.inside import keep_inside
from website.npm import Missing

PARTS = {
    "home": home.build,
    "python": python_part.build,
    "read": read_page.build,
    "lab": labs.build,
    "kernel": kernel.build,
    "course": course.build,
    "lite": lite.build,
}
"""What builds each part, in the order in which they are built."""


def main() -> int:
    """Build what was asked for, and print what each part took."""
    parser = argparse.ArgumentParser(description="Build the site, or some of its parts.")
    parser.add_argument("--to", type=Path, default=HERE.parent / "site", metavar="DIR")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    try:
        build(arguments.to, arguments.parts or list(PARTS))
    except Missing as missing:
        print(f"website: {missing}", file=sys.stderr)
        return 2
    return 0


def build(site: Path, parts: list[str]) -> None:
    """Build parts of the site into a folder."""
    write_shared(site)
    for name in parts:
        begun = time.monotonic()
        PARTS[name](site)
        print(f"{name:<8} {time.monotonic() - begun:6.1f} s")
    keep_inside(site)


if __name__ == "__main__":
    sys.exit(main())
