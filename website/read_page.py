"""The page *Read my log*: a page, its worker, and logs to try."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

from oomlab import corpus
from website.frame import HERE, page, write

EXAMPLES = {
    "incident/oom-report.log": "the incident of 2015",
    "captures/oom-memcg.log": "a container at its limit",
    "captures/oom-global-swap-exhausted.log": "swap used up",
    "captures/oom-lowmem-ringbuffer.log": "lowmem used up",
    "captures/oom-order8-saved-cmdlines.log": "256 pages in a row",
}
"""Logs of the corpus that the page offers, and what each of them shows."""

_SCRIPTS = ("page.js", "engine.js", "share.js", "worker.js", "machine.js")


def build(site: Path) -> None:
    """Build ``read/``."""
    read = site / "read"
    read.mkdir(parents=True, exist_ok=True)
    for name in _SCRIPTS:
        shutil.copy(HERE / "read" / name, read)
    for name in EXAMPLES:
        shutil.copy(corpus.path(name), read)
    write(read / "index.html", _page())
    write(read / "machine.html", _machine())


def _page() -> str:
    examples = " ".join(
        f'<a class="example" href="{Path(name).name}" data-name="{Path(name).name}">{escape(title)}</a>'
        for name, title in EXAMPLES.items()
    )
    body = (HERE / "read" / "page.html").read_text(encoding="utf-8")
    return page(
        body.replace("$examples", examples),
        title="Read my log · oomlab",
        description="Paste a Linux OOM report and read why it was written. The log stays in your browser.",
        here="read/",
    )


def _machine() -> str:
    body = (HERE / "read" / "machine.html").read_text(encoding="utf-8")
    text = page(
        body,
        title="The machine behind a report · oomlab",
        description="The failure lab, begun with the machine that wrote a report.",
        here="read/",
    )
    return text.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
