"""The picture that a saved notebook keeps beside a live widget."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from oomlab.render.safe import image


def still(png: Callable[[], bytes], sentence: str, *, width: int) -> dict[str, str]:
    """Return a picture as a part of a MIME bundle, for where no kernel runs; ``sentence`` is what it shows.

    Without matplotlib, as in a small install in the browser, there is none: the widget draws by itself.
    """
    if find_spec("matplotlib") is None:
        return {}
    return {"text/html": image(png(), sentence, width=width)}
