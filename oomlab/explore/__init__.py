"""Explorers: turn a control, and see at once what the kernel would make of it."""

from __future__ import annotations

from oomlab.lazy import lazy_names

_MODULES = {
    "FailureLab": "failure_lab",
    "GfpBits": "gfp_bits",
    "LiveKernel": "live_kernel",
    "Predict": "widgets.predict",
    "Suspects": "widgets.choice",
    "WatermarkCalculator": "watermarks",
    "ZoneMap": "zone_map",
    "choose": "widgets.choice",
}

__all__ = [
    "FailureLab",
    "GfpBits",
    "LiveKernel",
    "Predict",
    "Suspects",
    "WatermarkCalculator",
    "ZoneMap",
    "choose",
]

__getattr__ = lazy_names(__name__, {name: f"{__name__}.{module}" for name, module in _MODULES.items()})
