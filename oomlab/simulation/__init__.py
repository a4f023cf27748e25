"""Fill a machine with page cache, and see which zone runs dry first.

``simulate(machine, workload)`` returns a :class:`Trajectory`: what each zone held, what
happened, and how it ended. Its parts differ in how far they may be trusted:

**Exact.** Zone sizes, watermarks and ``lowmem_reserve`` (:mod:`oomlab.zone_model`); the order in
which a request tries zones and watermarks; the size of buffer_heads and radix tree nodes and how
many fit a page; the moment of each event, which is solved for and not stepped up to.

**Calibrated.** One number: ``other_slab`` of ``INCIDENT_WORKLOAD``, 901 pages, so that the incident's run
stops where its report did, at 30.10 GiB. With it at 0 the model ends at 30.31.

**Simplified.** Reclaim takes no time: kswapd brings a zone to ``high`` at once and then
keeps pace, so the saw-tooth between low and high is drawn as a level at high. A zone's page
cache goes before its anonymous memory is swapped, oldest first, whatever swappiness is.
Writeback keeps up: dirty throttling slows a writer down and is left out, so every cached page
is clean when reclaim wants it. Page tables and other slab are not reclaimed. Per-cpu lists,
fragmentation, watermark boosts and NUMA are left out. A page of cache that lies in lowmem has
its metadata in the same zone. What a file system reads for itself pins nothing beyond this.

**Checked** against the incident's report (Normal ends with 2,014 pages free and DMA with 906,
as printed), against kernel bugzilla 42578, and against the page cache at which real kernels
ran out (within 2.2 %; :mod:`oomlab.recorded`). There the fix was switched off on
kernels of 5.10 and 6.1. With the fix at work the model survives where they survived, but keeps
10 to 55 % more cache: a real kswapd takes larger bites.
"""

from oomlab.simulation.budget import Part, lowmem_budget
from oomlab.simulation.closed import ClosedForm, closed_form, critical_ram
from oomlab.simulation.model import boot, simulate
from oomlab.simulation.sample import (
    Comparison,
    Measured,
    page_cache,
    read_samples,
    run_from_samples,
    state_from_sample,
)
from oomlab.simulation.trajectory import Event, State, Trajectory, to_json
from oomlab.simulation.workload import INCIDENT_WORKLOAD, Pinned, Workload, buffer_head_limit, pinned_by_page

__all__ = [
    "INCIDENT_WORKLOAD",
    "ClosedForm",
    "Comparison",
    "Event",
    "Measured",
    "Part",
    "Pinned",
    "State",
    "Trajectory",
    "Workload",
    "boot",
    "buffer_head_limit",
    "closed_form",
    "critical_ram",
    "lowmem_budget",
    "page_cache",
    "pinned_by_page",
    "read_samples",
    "run_from_samples",
    "simulate",
    "state_from_sample",
    "to_json",
]
