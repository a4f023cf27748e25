"""The bit explorer: set the bits of a gfp mask, and read what was asked for in any kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from oomlab.explore.machines import KERNELS
from oomlab.explore.widgets.controls import Bits, Choice
from oomlab.explore.widgets.explorer import Explorer, Panel, Values, View
from oomlab.explore.widgets.picture import Box, Label, Line, Mark, Picture, mono_width
from oomlab.gfp import GfpMask, Layout, candidates, decode_gfp, epochs, zones_allowed
from oomlab.kernel import KernelVersion
from oomlab.render.sentences.request import mask_flags
from oomlab.words import listed

PRESETS = ("GFP_KERNEL", "GFP_ATOMIC", "GFP_NOFS", "GFP_USER", "GFP_HIGHUSER", "GFP_HIGHUSER_MOVABLE")
LADDERS = {"32-bit": ("HighMem", "Normal", "DMA"), "64-bit": ("Normal", "DMA32", "DMA")}
"""The zones of two kinds of machine, from the highest to the lowest."""
ROW = 20
"""Pixels from one line of text to the next."""
LETTER = 7.2
"""Pixels that a letter takes at most, on the average of a line."""


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


# --- the same number in every kernel --------------------------------------------------------------


class Reading(NamedTuple):
    """What a mask means from one version on, until the next reading begins."""

    since: KernelVersion
    mask: GfpMask


def readings(mask: int) -> list[Reading]:
    """Read a mask in every mainline kernel, and join the versions that agree.

    >>> [str(each.since) for each in readings(0xd0)]
    ['2.6.0', '4.4']
    """
    every = ((start, decode_gfp(mask, kernel=start)) for start in epochs())
    runs = (list(run) for _, run in groupby(every, key=lambda each: (each[1].flags, each[1].unknown)))
    return [Reading(*run[0]) for run in runs]


def abilities(mask: GfpMask) -> tuple[tuple[str, bool], ...]:
    """Return what the request may do, and what it may not, in words."""
    return (
        ("wait for reclaim", mask.may_sleep),
        ("write to disk (I/O)", mask.may_io),
        ("call into file systems", mask.may_fs),
        ("wake kswapd", mask.wakes_kswapd),
        ("dip below min", mask.high_priority),
    )


# --- as a picture ---------------------------------------------------------------------------------


def draw_mask(mask: GfpMask, spans: Sequence[Reading], width: int) -> Picture:
    """Draw where a request may be served and what it may do, its bits in words, and the other readings."""
    wide = width >= 640
    ladders = _draw_ladders(mask, 0.52 * width if wide else width)
    able = _draw_abilities(mask, *((0.58 * width, 0) if wide else (0, 118)))
    words, bottom = _draw_words(mask, 150 if wide else 268, width, wide)
    others, height = _draw_readings(mask, spans, bottom + 16, width)
    return Picture(width=width, height=height, marks=(*ladders, *able, *words, *others))


def _heading(x: float, y: float, text: str) -> Label:
    return Label(x, y, text, size=12, tone="muted")


def _draw_ladders(mask: GfpMask, width: float) -> Iterator[Mark]:
    order = ", first choice first" if width > 340 else ""
    yield _heading(0, 14, f"Where the page may come from{order}")
    step = (width - 56) / 3
    for row, (machine, zones) in enumerate(LADDERS.items()):
        y, open_to = 26 + 40 * row, zones_allowed(mask, zones)
        yield Label(0, y + 20, machine)
        for place, zone in enumerate(zones):
            yield from _draw_zone(56 + place * step, y, step - 18, zone, zone in open_to)


def _draw_zone(x: float, y: float, width: float, zone: str, is_open: bool) -> Iterator[Mark]:
    yield Box(x, y, width, 30, faint=not is_open)
    yield Label(x + width / 2, y + 20, zone, "middle", bold=is_open, tone="ink" if is_open else "muted")
    if not is_open:
        yield Line(x + 8, y + 15.5, x + width - 8, y + 15.5)


def _draw_abilities(mask: GfpMask, x: float, y: float) -> Iterator[Mark]:
    yield _heading(x, y + 14, "What the request may do")
    for row, (ability, able) in enumerate(abilities(mask)):
        line = y + 38 + ROW * row
        yield Label(x, line, "✓" if able else "✗", bold=able, tone="ink" if able else "muted")
        yield Label(x + 20, line, ability, bold=able, tone="ink" if able else "muted")


def _draw_words(mask: GfpMask, top: float, width: int, wide: bool) -> tuple[list[Mark], float]:
    """Draw what each bit asks for; return the marks and the height at which they end."""
    marks: list[Mark] = [_heading(0, top + 14, "What each bit asks for")]
    line = top + 16
    for flag in mask_flags(mask):
        line += ROW
        marks.append(Label(0, line, flag.name, size=12, mono=True))
        left = 180 if wide else 12
        line += 0 if wide else 17
        for n, words in enumerate(wrap(flag.meaning, int((width - left) / LETTER))):
            line += 17 if n else 0
            marks.append(Label(left, line, words, tone="ink" if wide else "muted"))
    return marks, line + 12


def _draw_readings(mask: GfpMask, spans: Sequence[Reading], top: float, width: int) -> tuple[list[Mark], int]:
    """Draw one reading below the other; return the marks and the height at which they end."""
    marks: list[Mark] = [_heading(0, top + 14, f"The same number, {mask.value:#x}, in every kernel")]
    line = top + 14
    for each in spans:
        here = _is_here(mask, each, spans)
        marks.append(
            Label(0, line + ROW + 4, f"since {each.since}", bold=here, tone="ink" if here else "muted")
        )
        left, line = (100, line + 4) if width >= 400 else (12, line + ROW + 4)
        for text in wrap_names(each.mask.text, width - left):
            line += ROW
            marks.append(Label(left, line, text, size=12, bold=here, mono=True))
    return marks, round(line + 12)


def _is_here(mask: GfpMask, reading: Reading, spans: Sequence[Reading]) -> bool:
    """Whether this is how the chosen kernel reads the mask; a vendor's kernel may read it otherwise."""
    version = mask.kernel.version if mask.kernel else spans[-1].since
    begun = [each for each in spans if each.since <= version]
    same = (reading.mask.flags, reading.mask.unknown) == (mask.flags, mask.unknown)
    return begun[-1:] == [reading] and same


def wrap_names(text: str, width: float, size: int = 12) -> list[str]:
    """Break printed names at their bars so that each line fits a width in pixels.

    >>> wrap_names("GFP_KERNEL|__GFP_ZERO", 100)
    ['GFP_KERNEL|', '__GFP_ZERO']
    """
    lines = [""]
    for name in text.replace("|", "|\0").split("\0"):
        if lines[-1] and mono_width(lines[-1] + name, size) > width:
            lines.append("")
        lines[-1] += name
    return lines
