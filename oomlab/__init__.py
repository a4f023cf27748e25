"""oomlab: read any OOM report, and model the machine that wrote it.

Here is all that a notebook or a program needs to begin with, by what it is for.

**Read a log**

- :func:`parse` a text, :func:`iter_reports` from lines as they come, :func:`read_pieces` from bytes
- :class:`Report` is what they give; :class:`ReportError` says that there was none

**Judge a report**

- :func:`diagnose` gives a :class:`Diagnosis`: the cause, with the lines that prove it
- :func:`timeline` judges the reports of one log together, beside other killers (:func:`find_notices`)

**Model a machine**

- :class:`Machine` is what somebody chose, :func:`zones` what the kernel makes of it
- :class:`Workload` and :func:`simulate` fill it until it dies or lives
- :func:`fit` goes from a report back to its machine; :data:`INCIDENT` and :data:`INCIDENT_WORKLOAD` are
  the course's own

**Follow the course**

- :func:`progress` shows what you have done, from the file beside the notebooks

**Decode a mask**

- :func:`decode_gfp`, :func:`encode_gfp`, :class:`KernelVersion`

Everything is loaded when it is first asked for: reading a log does not pay for the model.
"""

from typing import TYPE_CHECKING

from oomlab.lazy import lazy_names

if TYPE_CHECKING:
    from oomlab.diagnosis import Diagnosis, diagnose
    from oomlab.diagnosis.timelines import timeline
    from oomlab.errors import ReportError
    from oomlab.fitting import fit
    from oomlab.gfp import decode_gfp, encode_gfp
    from oomlab.kernel import KernelVersion
    from oomlab.learning import progress
    from oomlab.machine import INCIDENT, Machine
    from oomlab.parsing import find_notices, iter_reports, parse, read_pieces
    from oomlab.report import Report
    from oomlab.simulation import INCIDENT_WORKLOAD, Workload, simulate
    from oomlab.zone_model import zones

__all__ = [
    "INCIDENT",
    "INCIDENT_WORKLOAD",
    "Diagnosis",
    "KernelVersion",
    "Machine",
    "Report",
    "ReportError",
    "Workload",
    "decode_gfp",
    "diagnose",
    "encode_gfp",
    "find_notices",
    "fit",
    "iter_reports",
    "parse",
    "progress",
    "read_pieces",
    "simulate",
    "timeline",
    "zones",
]
__version__ = "0.1.0"

__getattr__ = lazy_names(
    __name__,
    {
        "INCIDENT": "oomlab.machine",
        "INCIDENT_WORKLOAD": "oomlab.simulation",
        "Diagnosis": "oomlab.diagnosis",
        "KernelVersion": "oomlab.kernel",
        "Machine": "oomlab.machine",
        "Report": "oomlab.report",
        "ReportError": "oomlab.errors",
        "Workload": "oomlab.simulation",
        "decode_gfp": "oomlab.gfp",
        "diagnose": "oomlab.diagnosis",
        "encode_gfp": "oomlab.gfp",
        "find_notices": "oomlab.parsing",
        "fit": "oomlab.fitting",
        "iter_reports": "oomlab.parsing",
        "parse": "oomlab.parsing",
        "progress": "oomlab.learning",
        "read_pieces": "oomlab.parsing",
        "simulate": "oomlab.simulation",
        "timeline": "oomlab.diagnosis.timelines",
        "zones": "oomlab.zone_model",
    },
)


def __dir__() -> list[str]:
    """Return the names above, for completion."""
    return sorted([*__all__, "__version__"])
