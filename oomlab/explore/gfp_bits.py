"""The bit explorer: set the bits of a gfp mask, and read what was asked for in any kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from oomlab.explore.controls import Bits, Choice
from oomlab.explore.explorer import Explorer, Panel, Values, View
from oomlab.explore.gfp_bits_picture import draw_mask
from oomlab.explore.gfp_readings import LADDERS, abilities, readings
from oomlab.explore.machines import KERNELS
from oomlab.gfp import GfpMask, Layout, candidates, decode_gfp, zones_allowed
from oomlab.kernel import KernelVersion
from oomlab.words import listed

PRESETS = ("GFP_KERNEL", "GFP_ATOMIC", "GFP_NOFS", "GFP_USER", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE")


class GfpBits(Explorer):
    """Toggle the bits of a gfp mask, pick a kernel, and see what the request may do and where.

    The same number means something else in another kernel: the list below shows what.
    ``values`` gives the mask and the kernel that are now set.
    """

    def __init__(self, mask: int = 0x84D0, kernel: str = "3.2.59") -> None:
        kernels = tuple(sorted({*KERNELS, kernel}, key=KernelVersion.of))

        def panel(*, mask: int, kernel: str) -> Panel:
            return gfp_panel(mask=mask, kernel=kernel, kernels=kernels)

        start: Values = {"mask": mask, "kernel": kernel}
        super().__init__("What a gfp mask asks for", panel=panel, view=gfp_view, start=start, layout="above")


def gfp_panel(*, mask: int, kernel: str, kernels: Sequence[str] = KERNELS) -> Panel:
    """Declare the bits, each with its name in this kernel, and the kernels to choose from."""
    layout = _layout(decode_gfp(mask, kernel=kernel))
    presets = {name: {"mask": layout.values[name]} for name in PRESETS if name in layout.values}
    return Panel(
        controls=(
            Choice(name="kernel", label="Kernel", value=kernel, options={each: each for each in kernels}),
            Bits(name="mask", label="gfp_mask", value=mask, names=_bit_names(layout, mask)),
        ),
        presets=presets,
    )


def _layout(mask: GfpMask) -> Layout:
    """Find the layout that a mask was read with."""
    choice = candidates(mask.kernel) if mask.kernel else ()
    return next(each for each in choice if each.config == frozenset(mask.config))


def _bit_names(layout: Layout, mask: int) -> tuple[str, ...]:
    names = {bit: name for name, bit in layout.bits.items()}
    width = max(mask.bit_length(), max(names).bit_length())
    return tuple(names.get(1 << bit, "") for bit in range(width))


# --- what it means ----------------------------------------------------------------------------------


def gfp_view(*, mask: int, kernel: str) -> View:
    """Read a mask for one kernel: a sentence, a picture, and the same number in every other kernel."""
    read = decode_gfp(mask, kernel=kernel)
    spans = readings(mask)
    rows = [(f"since {each.since}", each.mask.text) for each in spans]
    facts = [(ability, "yes" if able else "no") for ability, able in abilities(read)]
    here = (f"in {kernel}", read.text)
    return View(
        sentence=" ".join(_sentences(read, kernel)),
        draw=partial(draw_mask, read, spans),
        table=(("question", "answer"), here, ("highest zone", read.zone or "none"), *facts, *rows),
        code=f"from oomlab.gfp import decode_gfp\n\ndecode_gfp({mask:#x}, kernel={kernel!r})",
    )


def _sentences(mask: GfpMask, kernel: str) -> Iterator[str]:
    yield f"In Linux {kernel}, {mask.value:#x} is {mask.text}."
    if mask.zone is None:
        yield "Its zone bits contradict each other."
    else:
        yield f"{_where(mask)} {_what(mask)}"
    if mask.unknown:
        yield f"{mask.unknown:#x} has no name in this kernel."
    if mask.alternatives:
        others = " or ".join("|".join(names) for names in mask.alternatives)
        yield f"Built with other options, the kernel would read {others}."


def _where(mask: GfpMask) -> str:
    zones = zones_allowed(mask, LADDERS["32-bit"])
    closed = [zone for zone in LADDERS["32-bit"] if zone not in zones]
    never = f", never from {listed(closed, 'or')}" if closed else ""
    return f"On a 32-bit machine the page may come from {listed(zones, 'or')}{never}."


def _what(mask: GfpMask) -> str:
    if not mask.may_sleep:
        return "The caller cannot wait, so nothing is reclaimed for it."
    limits = (("write to disk", mask.may_io), ("call into file systems", mask.may_fs))
    barred = [act for act, allowed in limits if not allowed]
    if barred:
        return f"The caller can wait, but reclaim may not {listed(barred, 'or')} for it."
    return "The caller can wait while reclaim writes to disk and calls into file systems."
