"""The failure lab and the explorers, each a page of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from oomlab.explore.bundle import stylesheet, widget_script
from oomlab.explore.lab_page import lab_page
from website.frame import HERE, page, with_doors, write


class Page(NamedTuple):
    """An explorer: its folder, the name of its class, its title, and what one does with it."""

    folder: str
    name: str
    title: str
    lead: str


EXPLORERS = (
    Page(
        "gfp-bits",
        "GfpBits",
        "What a gfp mask asks for",
        "Set bits, pick a kernel, and read what such a request may do and where its page may come from.",
    ),
    Page(
        "zone-map",
        "ZoneMap",
        "Where RAM lies, and what it costs",
        "Draw the zones of a machine, and see how much of lowmem is spent on describing the rest.",
    ),
    Page(
        "watermarks",
        "WatermarkCalculator",
        "Will this zone serve this request?",
        "Set a zone’s free pages and watermarks, and follow the kernel’s own sum to its verdict.",
    ),
)


def build(site: Path) -> None:
    """Build ``lab/``."""
    lab = site / "lab"
    write(lab / "index.html", with_doors(lab_page(), here="lab/", below=_others()))
    write(lab / "explorer.js", widget_script("explorer"))
    write(lab / "explorer.css", stylesheet("explorer"))
    for name in ("page.js", "worker.js"):
        shutil.copy(HERE / "lab" / name, lab)
    for each in EXPLORERS:
        write(lab / each.folder / "index.html", _explorer(each))


def _others() -> str:
    """Return links to the explorers, for the foot of the failure lab."""
    links = " · ".join(f'<a href="{each.folder}/index.html">{each.title}</a>' for each in EXPLORERS)
    return f"<p>Smaller benches: {links}</p>"


def _explorer(each: Page) -> str:
    body = (
        f'<h1>{each.title}</h1>\n<p class="lead">{each.lead}</p>\n'
        f'<div id="explorer" data-explorer="{each.name}"><p>Loading Python …</p></div>\n'
        '<noscript><p class="note">The explorer needs JavaScript.</p></noscript>\n'
        '<script type="module" src="../page.js"></script>'
    )
    return page(
        body,
        title=f"{each.title} · oomlab",
        description=each.lead,
        here=f"lab/{each.folder}/",
        head='\n<link rel="stylesheet" href="../explorer.css">',
    )
