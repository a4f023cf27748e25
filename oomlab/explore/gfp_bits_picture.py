"""How a gfp mask is drawn: the zones it may come from, what it may do, and what it means elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomlab.explore.gfp_readings import LADDERS, Reading, abilities
from oomlab.explore.picture import Box, Label, Mark, Picture, Rule, mono_width
from oomlab.gfp import GfpMask, zones_allowed
from oomlab.render.sentences.request import mask_flags

ROW = 20
"""Pixels from one line of text to the next."""


def draw_mask(mask: GfpMask, spans: Sequence[Reading], width: int) -> Picture:
    """Draw where a request may be served and what it may do, its bits in words, and the other readings."""
    wide = width >= 640
    ladders = _draw_ladders(mask, 0.52 * width if wide else width)
    able = _draw_abilities(mask, *((0.58 * width, 0) if wide else (0, 118)))
    words, bottom = _draw_words(mask, 150 if wide else 268, wide)
    others, height = _draw_readings(mask, spans, bottom + 16, width)
    return Picture(width=width, height=height, marks=(*ladders, *able, *words, *others))


def _heading(x: float, y: float, text: str) -> Label:
    return Label(x, y, text, size=12, tone="muted")


def _draw_ladders(mask: GfpMask, width: float) -> Iterator[Mark]:
    yield _heading(0, 14, "Where the page may come from, first choice first")
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
        yield Rule(x + 8, y + 15.5, x + width - 8, y + 15.5)


def _draw_abilities(mask: GfpMask, x: float, y: float) -> Iterator[Mark]:
    yield _heading(x, y + 14, "What the request may do")
    for row, (ability, able) in enumerate(abilities(mask)):
        line = y + 38 + ROW * row
        yield Label(x, line, "✓" if able else "✗", bold=able, tone="ink" if able else "muted")
        yield Label(x + 20, line, ability, bold=able, tone="ink" if able else "muted")


def _draw_words(mask: GfpMask, top: float, wide: bool) -> tuple[list[Mark], float]:
    """Say what each bit asks for; give the marks and the height at which they end."""
    marks: list[Mark] = [_heading(0, top + 14, "What each bit asks for")]
    line = top + 16
    for flag in mask_flags(mask):
        line += ROW
        marks.append(Label(0, line, flag.name, size=12, mono=True))
        line += 0 if wide else 17
        marks.append(Label(180 if wide else 12, line, flag.meaning, tone="ink" if wide else "muted"))
    return marks, line + 12


def _draw_readings(mask: GfpMask, spans: Sequence[Reading], top: float, width: int) -> tuple[list[Mark], int]:
    """Draw one reading below the other; give the marks and the height at which they end."""
    marks: list[Mark] = [_heading(0, top + 14, f"The same number, {mask.value:#x}, in every kernel")]
    line = top + 14
    for each in spans:
        here = _is_here(mask, each, spans)
        marks.append(
            Label(0, line + ROW + 4, f"since {each.since}", bold=here, tone="ink" if here else "muted")
        )
        line += 4
        for text in wrap_names(each.mask.text, width - 100):
            line += ROW
            marks.append(Label(100, line, text, size=12, bold=here, mono=True))
    return marks, round(line + 12)


def _is_here(mask: GfpMask, reading: Reading, spans: Sequence[Reading]) -> bool:
    """Tell whether this is how the chosen kernel reads the mask; a vendor's kernel may read it otherwise."""
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
