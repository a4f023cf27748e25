"""Stands in for ``oomlab.plot`` where matplotlib cannot be had: it shows the pictures of the saved notebooks.

A picture is found by the text of the cell that asks for it; a cell that was changed has none.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

WHY = "Drawn when the course was built: matplotlib cannot be had here, so nothing can be drawn anew."
NONE = (
    "This picture needs matplotlib, which cannot be had here. The cell’s own text is changed, so that "
    "no saved picture belongs to it. On a machine of your own, make lab draws it."
)


class Picture:
    """What a function of ``oomlab.plot`` gives back: a picture, or why there is none."""

    def _repr_html_(self) -> str:
        saved = _saved().get(key(_cell()))
        if saved is None:
            return f"<p>{escape(NONE)}</p>"
        return f"{saved}<p><small>{escape(WHY)}</small></p>"


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return lambda *arguments, **options: Picture()


def key(source: str) -> str:
    """Return the name of a cell's picture."""
    return sha256(source.strip().encode()).hexdigest()[:16]


def _cell() -> str:
    from IPython import get_ipython

    return str(get_ipython().history_manager.input_hist_raw[-1])


@cache
def _saved() -> dict[str, str]:
    return dict(json.loads(Path(__file__).with_name("saved.json").read_text()))
