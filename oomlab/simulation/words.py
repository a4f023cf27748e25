"""What is said of a run: the sentences of ``tables/words.toml``, filled in."""

from __future__ import annotations

from typing import Any

from oomlab.kernel import load_table
from oomlab.simulation.trajectory import Event


def phrase(group: str, key: str, **values: object) -> str:
    """Return one sentence of the table with its values: sizes and names, as text.

    >>> phrase("headline", "oom", written="30.1 GiB")
    'The machine dies after 30.1 GiB'
    """
    found: Any = load_table("words")
    for name in [*group.split("."), key]:
        found = found[name]
    return str(found).format(**values)


def request_in_words(event: Event) -> str:
    """Return what an event was asked for, with its article: ``a page table``."""
    return phrase("request", event.request)


def event_in_words(event: Event) -> str:
    """Return what happened, without the moment."""
    return phrase("event", event.kind, zone=event.zone, request=request_in_words(event))
