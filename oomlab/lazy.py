"""Names that load their module when somebody asks for them, so that an import pays for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``: each name of ``homes`` is loaded from the module given beside it.

    >>> find = lazy_names("oomlab", {"kb": "oomlab.units"})
    >>> find("kb")(2)
    8

    Source: PEP 562.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find
