"""oomlab: read any OOM report, and model the machine that wrote it.

Here are the names to begin with. Everything else is imported from its module, so that
reading a log does not pay for the model: ``from oomlab.simulate import simulate``.
"""

from oomlab.errors import ReportError
from oomlab.gfp import decode_gfp, encode_gfp
from oomlab.machine import Machine
from oomlab.parse import parse
from oomlab.report import Report
from oomlab.zones import zones

__all__ = [
    "Machine",
    "Report",
    "ReportError",
    "decode_gfp",
    "encode_gfp",
    "parse",
    "zones",
]
__version__ = "0.1.0"
