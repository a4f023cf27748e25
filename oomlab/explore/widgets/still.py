"""The picture that a saved notebook keeps beside a live widget."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from oomlab.render.safe import image


def still(draw: Callable[[], Any], sentence: str, *, width: int) -> dict[str, str]:
    """Return a picture as a part of a MIME bundle, for where no kernel runs; ``sentence`` is what it shows.

    ``draw`` returns one of :mod:`oomlab.plot`, or of a widget: whatever gives itself as
    ``png()``. Without matplotlib, as in a small install in the browser, there is none: the widget draws by
    itself.
    """
    if find_spec("matplotlib") is None:
        return {}
    return {"text/html": image(draw().png(), sentence, width=width)}
