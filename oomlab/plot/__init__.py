"""Pictures of reports, masks and machines, with matplotlib.

Each function draws into ``ax``, or on a page of its own which a notebook shows by itself.
"""

from oomlab.plot.compare import model_vs_measurement, predictions, safe_map
from oomlab.plot.mask import gfp_bits
from oomlab.plot.report import buddy, zones
from oomlab.plot.run import budget, trajectory

__all__ = [
    "buddy",
    "budget",
    "gfp_bits",
    "model_vs_measurement",
    "predictions",
    "safe_map",
    "trajectory",
    "zones",
]
