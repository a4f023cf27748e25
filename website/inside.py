"""Keep the site inside: no file of it names a server of packages, not even as an unused default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ELSEWHERE = re.compile(r"https?://[\w.-]*(?:\bcdn|jsdelivr|unpkg|esm\.sh|npmjs|pypi|pythonhosted)[\w.-]*")
"""The beginning of an address that a page could load code from."""

_TEXT = {".css", ".html", ".js", ".json", ".mjs", ".ipynb", ".svg", ".txt"}


def keep_inside(site: Path) -> None:
    """Turn each such address into one of the site's own, where nothing is."""
    for path in texts(site):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        kept, count = ELSEWHERE.subn(".", text)
        if count:
            path.write_text(kept, encoding="utf-8", errors="surrogateescape")


def texts(site: Path) -> Iterator[Path]:
    """Yield the files of the site that are text."""
    return (path for path in site.rglob("*") if path.suffix in _TEXT and path.is_file())
