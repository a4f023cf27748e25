"""The frame of every page: one style, light and dark, without scripts."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from oomlab.render.safe import NO_MATH, markup


class Html(str):
    """HTML that a notebook shows as a page when it is the value of a cell."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Html: {len(self):,} characters>"

    def _repr_html_(self) -> str:
        return str(self)


def frame(body: str, *, label: str) -> Html:
    """Return HTML in a labelled section that carries its own style."""
    head = f'<section class="oomlab {NO_MATH}" aria-label="{markup(label)}">\n<style>{_style()}</style>'
    return Html(f"{head}\n{body}\n</section>")


def prose(text: str) -> str:
    """Return a text escaped for HTML, with code where it stands between backquotes.

    >>> prose("at most `hi` pages")
    'at most <code>hi</code> pages'
    """
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", markup(text))


@cache
def _style() -> str:
    return resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
