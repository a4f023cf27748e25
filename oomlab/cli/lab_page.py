"""``oomlab lab-page``: the failure lab as one file that works offline."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_EPILOG = """\
examples:
  oomlab lab-page lab.html       write the page, then open it in any browser
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "lab-page",
        help="write the failure lab as one page that works offline",
        description="Write the failure lab as one self-contained page: no kernel, no network.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="the page to write, such as lab.html, or - for standard output")
    parser.set_defaults(run=run)


_KIND = b"<title>The failure lab</title>"
"""What a page that this command wrote has in its head: no other file is replaced."""


def run(arguments: argparse.Namespace) -> int:
    """Write the page."""
    from oomlab.cli.complaint import shown
    from oomlab.explore.lab_page import lab_page
    from oomlab.files import write_file
    from oomlab.render.safe import plain

    page = lab_page().encode()
    if arguments.file == "-":
        sys.stdout.buffer.write(page)
        return 0
    write_file(arguments.file, page, kind=_KIND)
    print(f"Wrote {plain(shown(arguments.file))}: open it in a browser.")
    return 0
