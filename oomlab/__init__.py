"""oomlab: read any OOM report, and model the machine that wrote it."""

__version__ = "0.1.0"
