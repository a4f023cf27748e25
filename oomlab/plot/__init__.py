"""Pictures of reports, masks and machines, with matplotlib.

Each function draws into ``ax``, or on a page of its own which a notebook shows by itself.
"""

from oomlab.plot.compare import model_vs_measurement, predictions, safe_map
from oomlab.plot.mask import gfp_bits
from oomlab.plot.price import bytes_per_cached_page, mem_map_price
from oomlab.plot.report import buddy, zones
from oomlab.plot.run import budget, trajectory
from oomlab.plot.totals import totals

__all__ = [
    "buddy",
    "budget",
    "bytes_per_cached_page",
    "gfp_bits",
    "mem_map_price",
    "model_vs_measurement",
    "predictions",
    "safe_map",
    "totals",
    "trajectory",
    "zones",
]
