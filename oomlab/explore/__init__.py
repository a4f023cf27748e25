"""Explorers: turn a control, and see at once what the kernel would make of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "FailureLab": "failure_lab",
    "GfpBits": "gfp_bits",
    "Suspects": "choose",
    "WatermarkCalculator": "watermark_calculator",
    "ZoneMap": "zone_map",
}

__all__ = ["FailureLab", "GfpBits", "Suspects", "WatermarkCalculator", "ZoneMap"]


def __getattr__(name: str) -> Any:
    """Load an explorer when somebody asks for it, so that what draws no widget needs no widget library."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
