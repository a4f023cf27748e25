"""The frame every piece of HTML stands in: one style, light and dark, without scripts."""

from __future__ import annotations

from functools import cache
from importlib import resources

from oomlab.render.safe import markup


def frame(body: str, *, label: str) -> str:
    """Wrap HTML in a labelled section that carries its own style."""
    head = f'<section class="oomlab" aria-label="{markup(label)}">\n<style>{_style()}</style>'
    return f"{head}\n{body}\n</section>"


@cache
def _style() -> str:
    return resources.files("oomlab.render").joinpath("style.css").read_text(encoding="utf-8")
