"""Explorers: turn a control, and see at once what the kernel would make of it."""

from __future__ import annotations

from oomlab.lazy import lazy_names

_MODULES = {
    "FailureLab": "failure_lab",
    "GfpBits": "gfp_bits",
    "Suspects": "choose",
    "WatermarkCalculator": "watermark_calculator",
    "ZoneMap": "zone_map",
}

__all__ = ["FailureLab", "GfpBits", "Suspects", "WatermarkCalculator", "ZoneMap"]

__getattr__ = lazy_names(__name__, {name: f"{__name__}.{module}" for name, module in _MODULES.items()})
