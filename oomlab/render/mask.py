"""A gfp mask as text and as data."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, NamedTuple

from oomlab.errors import UnknownKernel
from oomlab.gfp import GfpMask, encode_gfp, zones_allowed
from oomlab.kernel import load_table
from oomlab.mmzone import ZONE_ORDER
from oomlab.render import account
from oomlab.render.safe import plain
from oomlab.words import listed

WIDTH = 96


class Flag(NamedTuple):
    """One flag of a mask: its bit where the kernel is known, what it is about, and what it asks for."""

    name: str
    bit: int | None
    group: str
    meaning: str


def flags(mask: GfpMask) -> list[Flag]:
    """Give the single flags of a mask with plain words, the lowest bit first.

    Flags that stand for several others are left out, for the others are there.
    """
    groups = load_table("gfp_words")
    found = [
        Flag(name, _bit(name, mask), group, words[name])
        for group, words in groups.items()
        for name in mask.flags & set(words)
    ]
    found += [
        Flag(name, _bit(name, mask), "result", "") for name in mask.flags - {each.name for each in found}
    ]
    return sorted(found, key=lambda each: (each.bit is None, each.bit or 0, each.name))


def mask_text(mask: GfpMask) -> str:
    """Explain a mask to a person: the names, each bit, the zones, what it allows."""
    lines = [account.mask_in_names(mask).removeprefix("gfp_mask ").removesuffix("."), ""]
    lines += [f"{_hex(each.bit):>12}  {each.name:<24} {each.meaning}".rstrip() for each in flags(mask)]
    if mask.unknown:
        lines.append(f"{mask.unknown:#12x}  {'no name':<24} in this kernel, as far as the table goes")
    words = [account.mask_in_words(mask), zones_in_words(mask), *_doubts(mask)]
    lines += ["", *(part for each in words for part in wrap(plain(each), WIDTH, subsequent_indent="  "))]
    return "\n".join(lines) + "\n"


def _doubts(mask: GfpMask) -> list[str]:
    others = [] if mask.basis == "assumed" else mask.alternatives
    return [f"Could also be {' | '.join(each)}." for each in others] + [
        f"Note: {each}." for each in mask.problems
    ]


def zones_in_words(mask: GfpMask) -> str:
    """Say where the page may lie, and what it falls back to."""
    if mask.zone is None:
        return "It names no zone: its zone bits contradict each other."
    first, *rest = zones_allowed(mask, ZONE_ORDER)
    if not rest:
        return f"The page must come from zone {first}."
    others = listed(rest, "or")
    return f"The page comes from zone {first}, or failing that from {others}, where they exist."


def mask_as_dict(mask: GfpMask) -> dict[str, Any]:
    """Give a mask as plain data: what ``oomlab gfp --json`` prints (schema 1)."""
    return {
        "schema": 1,
        "gfp_mask": hex(mask.value),
        "kernel": mask.kernel.text if mask.kernel else None,
        "names": list(mask.names),
        "flags": [each.name for each in flags(mask)],
        "zone": mask.zone,
        "unknown": hex(mask.unknown),
        "may_sleep": mask.may_sleep,
        "may_io": mask.may_io,
        "may_fs": mask.may_fs,
        "basis": mask.basis,
        "alternatives": [list(each) for each in mask.alternatives],
        "problems": list(mask.problems),
    }


def _bit(name: str, mask: GfpMask) -> int | None:
    if mask.kernel is None:
        return None
    try:
        return encode_gfp([name], kernel=mask.kernel, config=mask.config)
    except UnknownKernel:
        return None


def _hex(bit: int | None) -> str:
    return "" if bit is None else f"{bit:#x}"
