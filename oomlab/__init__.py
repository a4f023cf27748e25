"""oomlab: read any OOM report, and model the machine that wrote it.

The names here are the ones that notebooks use; everything else is imported from its module.
``from oomlab import corpus`` works too, and costs something only then.
"""

from oomlab.errors import ReportError
from oomlab.gfp import decode_gfp, encode_gfp
from oomlab.machine import Machine
from oomlab.parse import parse
from oomlab.report import Report
from oomlab.simulate import Workload, simulate
from oomlab.zones import zones

__all__ = [
    "Machine",
    "Report",
    "ReportError",
    "Workload",
    "decode_gfp",
    "encode_gfp",
    "parse",
    "simulate",
    "zones",
]
__version__ = "0.1.0"
