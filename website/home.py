"""The home page: what this is, the picture, the doors. It needs no script."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import NamedTuple

from oomlab import corpus, fit, parse, zones
from oomlab.palette import css_background
from oomlab.units import human_kb
from website.frame import HERE, page, write

_PAGE_KB = 4
_TEXT_FROM = 0.12
"""A part of a bar from this share on has its words in it; a smaller one has them below."""


class Part(NamedTuple):
    """A part of a bar: what it is, and how many pages it has."""

    key: str
    name: str
    pages: float


def build(site: Path) -> None:
    """Build the home page."""
    template = Template((HERE / "static" / "home.html").read_text(encoding="utf-8"))
    text = page(
        template.substitute(picture=picture()),
        title="oomlab: read OOM reports, and understand them",
        description="Read any Linux OOM report, model the machine that wrote it, and learn why it died.",
    )
    write(site / "index.html", text)


def picture() -> str:
    """Return the machine of the incident in its last moment, by the numbers of its own report."""
    report = parse(corpus.incident())[0]
    fitted = fit(report)
    assert fitted.machine is not None
    made = {zone.name: zone for zone in zones(fitted.machine)}
    sizes = {
        name: zone.present + zone.memmap for name, zone in made.items()
    }  # 3.2 counts no record as present
    free = {zone.name: zone.free or 0 for zone in report.zones}
    whole = [
        Part("danger", "DMA and Normal", sizes["DMA"] + sizes["Normal"]),
        Part("cache", "page cache", sizes["HighMem"] - free["HighMem"]),
        Part("free", "free", free["HighMem"]),
    ]
    parts = [*fitted.budget(), Part("mem_map", "mem_map", made["Normal"].memmap)]
    share = sizes["Normal"] / sum(part.pages for part in whole)
    return Template((HERE / "static" / "picture.html").read_text(encoding="utf-8")).substitute(
        ram=_bar(whole, labelled=False),
        normal=_bar(normal := _normal(parts), labelled=True),
        key=_key(normal),
        size=_size(sizes["Normal"]),
        percent=f"{100 * share:.1f}",
        free=_size(free["HighMem"]),
    )


def _normal(budget: Iterable[Part]) -> list[Part]:
    """Join the parts of ZONE_NORMAL to those that a reader is told about."""
    joined = {
        "kernel": Part("kernel", "kernel and boot", 0),
        "mem_map": Part("mem_map", "mem_map: a record of 32 bytes for each page of RAM", 0),
        "buffer_head": Part("buffer_head", "records of the pages that cache the file", 0),
        "slab": Part("slab", "other kernel objects", 0),
        "watermark_min": Part("watermark_min", "free, but kept back (min)", 0),
    }
    homes = {"radix_tree_node": "buffer_head", "cache": "slab", "free": "watermark_min"}
    for part in budget:
        key = homes.get(part.key, part.key)
        joined[key] = joined[key]._replace(pages=joined[key].pages + part.pages)
    return list(joined.values())


def _bar(parts: list[Part], *, labelled: bool) -> str:
    whole = sum(part.pages for part in parts)
    cells = []
    for part in parts:
        words = _size(part.pages) if labelled and part.pages / whole > _TEXT_FROM else ""
        style = f"flex-grow: {part.pages:.0f}; background: {css_background(part.key)}"
        cells.append(f'<i style="{style}">{f"<b>{words}</b>" if words else ""}</i>')
    return "".join(cells)


def _key(parts: list[Part]) -> str:
    return "".join(
        f'<li><i style="background: {css_background(part.key)}"></i>{part.name}: {_size(part.pages)}</li>'
        for part in parts
    )


def _size(pages: float) -> str:
    return human_kb(round(pages) * _PAGE_KB)
