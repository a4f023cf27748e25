"""Pictures of reports, masks and machines, with matplotlib.

Each function draws into ``ax``, or on a page of its own which a notebook shows by itself.
"""

from oomlab.plot.mask import gfp_bits
from oomlab.plot.report import buddy, zones

__all__ = ["buddy", "gfp_bits", "zones"]
