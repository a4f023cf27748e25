"""The small explorers on pages of their own: the widgets themselves, asked by the page's worker."""

from __future__ import annotations

import json
from typing import Any

from oomlab import explore

_SHOWN = ("_title", "_layout", "_start", "_panel", "_shown")


class Bench:
    """One explorer, by the name of its class."""

    def __init__(self, name: str) -> None:
        self._widget: Any = getattr(explore, name)()

    def ask(self, request: str) -> str:
        """Answer a question of the page, as JSON; an empty one asks for what there is."""
        if request:
            self._widget._request = json.loads(request)
        return json.dumps({name: getattr(self._widget, name) for name in _SHOWN})
