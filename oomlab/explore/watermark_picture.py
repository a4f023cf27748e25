"""How marks and reserves are drawn: a table to the page, the sum of one request, and the sum as lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oomlab.explore.picture import Box, Label, Mark, Picture, Rule
from oomlab.explore.request_sum import RequestSum
from oomlab.words import several
from oomlab.zone_model import Zone

ROW = 22
"""Pixels from one row of the table to the next."""


def draw_watermarks(judged: RequestSum, derived: Sequence[Zone], field: str, width: int) -> Picture:
    """Draw every populated zone's marks and reserves in pages, and the request that is judged.

    ``field`` names the pages that marks are shares of: ``"present"`` or ``"managed"``.
    """
    table, bottom = _draw_table(judged, derived, field, width)
    marks = (*table, *_draw_sum(judged, bottom + 34), *_draw_gauge(judged, bottom + 122, width))
    return Picture(width=width, height=bottom + 220, marks=marks)


def _draw_table(
    judged: RequestSum, derived: Sequence[Zone], field: str, width: int
) -> tuple[list[Mark], int]:
    """Draw zones as columns; what the sum takes from the table is bold. Give the height it ends at."""
    names = [zone.name for zone in derived]
    columns = [zone for zone in derived if zone.present]
    left = 150 if width >= 520 else 118
    step = (width - left) / len(columns)
    rows = [
        (field, "", [getattr(zone, field) for zone in columns]),
        ("min", "watermark_min", [zone.watermark_min for zone in columns]),
        ("low", "watermark_low", [zone.watermark_low for zone in columns]),
        ("high", "watermark_high", [zone.watermark_high for zone in columns]),
        *(
            (
                f"kept from {upper.name}",
                "",
                [zone.lowmem_reserve[names.index(upper.name)] for zone in columns],
            )
            for upper in columns[1:]
        ),
    ]
    used = {"min", f"kept from {judged.request}"}
    marks: list[Mark] = [Label(0, 14, "pages", size=12, tone="muted")]
    for n, zone in enumerate(columns):
        marks.append(Label(left + (n + 1) * step, 14, zone.name, "end", bold=zone is judged.zone))
    marks.append(Rule(0, 21, width, 21))
    for row, (label, key, numbers) in enumerate(rows):
        y = 38 + ROW * row
        marks.append(Label(0, y, label, bold=label in used))
        if key:
            marks.append(Rule(left - 54, y - 4, left - 24, y - 4, key))
        for n, number in enumerate(numbers):
            bold = label in used and columns[n] is judged.zone
            marks.append(Label(left + (n + 1) * step, y, f"{number:,}", "end", bold=bold))
    return marks, 38 + ROW * (len(rows) - 1)


def _draw_sum(judged: RequestSum, top: float) -> Iterator[Mark]:
    """Write the kernel's test in words, with its numbers, and worked out."""
    mark, spare = judged.zone.watermark_min, judged.spare
    aside = f"{judged.free:,} − {judged.set_aside:,}"
    rest = f"{mark:,} + {judged.reserve:,}"
    yield Label(0, top, f"free − {judged.set_aside} > min + lowmem_reserve", mono=True, tone="muted")
    yield Label(0, top + 24, f"{aside} > {rest}", size=15, mono=True)
    compared = f"{judged.left:,} {'>' if judged.passes else '≯'} {judged.needed:,}"
    yield Label(0, top + 50, compared, size=15, bold=True, mono=True)
    verdict = (
        f"passes, {several(spare, 'page')} to spare"
        if judged.passes
        else f"refused, {several(judged.lacking, 'page')} short"
    )
    yield Label(0, top + 74, verdict, bold=True, tone="safe" if judged.passes else "danger")


def _draw_gauge(judged: RequestSum, top: float, width: int) -> Iterator[Mark]:
    """Draw what counts as free against the reserve and the three marks above it, to one scale."""
    zone, base = judged.zone, judged.reserve
    above = " + reserve" if base else ""
    marks = (("min", zone.watermark_min), ("low", zone.watermark_low), ("high", zone.watermark_high))
    texts = [f"{name}{above} {base + mark:,}" for name, mark in marks]
    room = max(len(text) for text in texts) * 7 + 8
    scale = width / max(1, (base + zone.watermark_high) * width / (width - room), judged.left)
    yield Box(0, top + 44, width, 28)
    yield Box(0, top + 44, max(0, judged.left) * scale, 28, "free", f"{judged.left:,} pages count")
    if base:
        yield Box(0, top + 44, base * scale, 10, "reserve", f"lowmem_reserve: {base:,} pages")
    for row, ((name, mark), text) in enumerate(zip(marks, texts, strict=True)):
        x, y = (base + mark) * scale, top + 14 * row
        yield Rule(x, y, x, top + 72, f"watermark_{name}")
        yield Label(x + 5, y + 10, text, size=12)
    caption = f"free pages of {zone.name} that count" + ("; hatched: reserve" if base else "")
    yield Label(0, top + 90, caption, size=12, tone="muted")
