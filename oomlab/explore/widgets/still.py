"""The picture that a saved notebook keeps beside a live widget."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from importlib.util import find_spec


def still(png: Callable[[], bytes]) -> dict[str, str]:
    """Return a picture as a part of a MIME bundle, for where no kernel runs.

    Without matplotlib, as in a small install in the browser, there is none: the widget draws by itself.
    """
    if find_spec("matplotlib") is None:
        return {}
    return {"image/png": b64encode(png()).decode("ascii")}
