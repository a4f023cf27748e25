"""``oomlab gfp``: a mask to names, or names to a mask."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from oomlab.errors import OomlabError

if TYPE_CHECKING:
    from oomlab.gfp import GfpMask

_HEX = re.compile(r"(0x)?[0-9a-f]+", re.IGNORECASE)
"""A mask as logs print it, with or without ``0x``."""

_EPILOG = """\
The same number means different things in different kernels: give the version.

examples:
  oomlab gfp 0x84d0 --kernel 3.2
  oomlab gfp 'GFP_KERNEL|__GFP_ZERO' --kernel 6.1
  oomlab gfp 0x1100cca --kernel 5.15 --json
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "gfp",
        help="decode a gfp mask",
        description="Decode a gfp mask for a kernel version, or make one from names.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mask", help="a number such as 0x84d0, or names joined by |")
    parser.add_argument("--kernel", metavar="VERSION", help="a release, such as 3.2.59 or 4.18.0-147.el8")
    parser.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what a mask means."""
    from oomlab.cli.complaint import complain
    from oomlab.render.mask import mask_as_dict, mask_text
    from oomlab.render.safe import dumps

    mask = read_mask(arguments.mask, arguments.kernel)
    digits = arguments.mask.strip()
    if digits.isdecimal() and int(digits, 16) != int(digits):
        complain(f"{digits} is read as 0x{digits}, as logs print masks; the decimal is {int(digits):#x}")
    if arguments.json:
        print(dumps(mask_as_dict(mask)))
    else:
        sys.stdout.write(mask_text(mask))
    return 0


def read_mask(text: str, kernel: str | None) -> GfpMask:
    """Read a number, or names joined by ``|``, for a kernel version.

    Raises :class:`OomlabError` where there is no mask in the text.
    """
    from oomlab.gfp import decode_gfp, encode_gfp

    names = [name.strip() for name in text.split("|")]
    if not all(names):
        raise OomlabError(f"{text!r} is no mask: write a number such as 0x84d0, or names joined by |")
    numbers = [int(name, 16) for name in names if _HEX.fullmatch(name)]
    if any(number >= 2**64 for number in numbers):
        raise OomlabError(f"{text!r} is longer than a mask, which has 64 bits at most")
    if len(names) == len(numbers) == 1:
        return decode_gfp(numbers[0], kernel=kernel)
    if kernel is None:
        raise OomlabError(f"{text!r} is not a number; to turn names into one, give the --kernel version")
    return decode_gfp(encode_gfp(names, kernel=kernel), kernel=kernel)
