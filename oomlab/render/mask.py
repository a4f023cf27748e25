"""A gfp mask as text for a terminal, and as data."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from oomlab.errors import require
from oomlab.gfp import GfpMask
from oomlab.render.safe import plain
from oomlab.render.sentences.request import fallback_in_words, mask_flags, mask_in_names, mask_in_words

_WIDTH = 96


def mask_text(mask: GfpMask) -> str:
    """Return a mask explained to a person: the names, each bit, the zones, what it allows."""
    require(mask, GfpMask, "mask_text takes what decode_gfp gives")
    lines = [mask_in_names(mask).removeprefix("gfp_mask ").removesuffix("."), ""]
    lines += [f"{_hex(each.bit):>12}  {each.name:<24} {each.meaning}".rstrip() for each in mask_flags(mask)]
    if mask.unknown:
        lines.append(f"{mask.unknown:#12x}  {'no name':<24} in this kernel, as far as the table goes")
    sentences = [mask_in_words(mask), fallback_in_words(mask), *_doubts(mask)]
    lines += ["", *(part for each in sentences for part in wrap(plain(each), _WIDTH, subsequent_indent="  "))]
    return "\n".join(lines) + "\n"


def _doubts(mask: GfpMask) -> list[str]:
    others = [] if mask.basis == "assumed" else mask.alternatives
    return [f"Could also be {' | '.join(each)}." for each in others] + [
        f"Note: {each}." for each in mask.problems
    ]


def _hex(bit: int | None) -> str:
    return "" if bit is None else f"{bit:#x}"


def mask_as_dict(mask: GfpMask) -> dict[str, Any]:
    """Return a mask as plain data: what ``oomlab gfp --json`` prints (schema 1)."""
    require(mask, GfpMask, "mask_as_dict takes what decode_gfp gives")
    return {
        "schema": 1,
        "gfp_mask": hex(mask.value),
        "kernel": mask.kernel.text if mask.kernel else None,
        "names": list(mask.names),
        "flags": [each.name for each in mask_flags(mask)],
        "zone": mask.zone,
        "unknown": hex(mask.unknown),
        "may_sleep": mask.may_sleep,
        "may_io": mask.may_io,
        "may_fs": mask.may_fs,
        "basis": mask.basis,
        "alternatives": [list(each) for each in mask.alternatives],
        "problems": list(mask.problems),
    }
