"""Stands in for anywidget on the site's pages: a widget whose traits a worker passes to the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from traitlets import HasTraits


class AnyWidget(HasTraits):
    """A widget without a notebook around it."""

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        """Group changes; here nothing is sent before it is asked for."""
        yield

    def _repr_mimebundle_(self, **kwargs: Any) -> None:
        return None
