"""The failure lab as one file that works offline: no kernel, no network, nothing to install."""

from __future__ import annotations

from html import escape
from string import Template

from oomlab.explore.bundle import bundle, stylesheet
from oomlab.explore.offline import offline_page
from oomlab.explore.rules import facts
from oomlab.explore.story import tell
from oomlab.machine import INCIDENT, Machine
from oomlab.simulation import INCIDENT_WORKLOAD, Workload

_CONTENT = Template(
    """<h1>The failure lab</h1>
<p class="lead">The incident: a 32-bit server with 32 GiB of RAM copies a file of 50 GiB, and dies with half a
GiB free. Change the machine, and see whether it lives.</p>
<div id="lab"><p>$sentence</p><noscript><p>The lab itself needs JavaScript.</p></noscript></div>
<footer>
<p>A model, not the machine. Zone sizes, marks and reserves are exact; one number, 901 pages of slab, is
fitted to the incident’s own report; reclaim is drawn as instantaneous, and writing to disk as fast enough.
Made with oomlab.</p>
</footer>"""
)
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def lab_page(machine: Machine | None = None, workload: Workload | None = None) -> str:
    """Write the page: a whole HTML document that asks no server for anything.

    The lab begins with ``machine`` and ``workload``, the incident's by default; what a reader
    changes stands in the page's address.
    """
    start = (machine or INCIDENT, workload or INCIDENT_WORKLOAD)
    return offline_page(
        "The failure lab",
        _CONTENT.substitute(sentence=escape(str(tell(*start)))),
        start=("lab_ui_page", "lab"),
        facts=facts(*start),
        styles=stylesheet("lab/lab"),
        script=bundle("lab/ui/page"),
        policy=_POLICY,
    )
