"""What an allocation asked for: gfp masks to names and back, for every kernel since 2.4.

The bits of ``gfp_t`` have moved a dozen times, so a mask means nothing without its
kernel. ``oomlab/tables/gfp.toml`` holds each bit as a row with the versions it is
true for. ``layouts`` puts the rows of one kernel together, ``decode`` reads and writes
masks with them and records on what the answer rests.
"""

from oomlab.gfp.decode import Basis, GfpMask, decode_gfp, encode_gfp, zones_allowed
from oomlab.gfp.layouts import Layout, candidates, epochs

__all__ = [
    "Basis",
    "GfpMask",
    "Layout",
    "candidates",
    "decode_gfp",
    "encode_gfp",
    "epochs",
    "zones_allowed",
]
