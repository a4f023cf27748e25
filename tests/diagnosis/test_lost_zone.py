"""A zone whose line is lost is of unknown size and contents: it counts neither as full nor as nothing."""

from __future__ import annotations

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.usage import memory_use
from tests.support.texts import only

LOG = """
Sep 20 16:12:36 shed kernel: [2000.000001] lowmem_reserve[]: 0 2900 3900 3900
Sep 20 16:12:36 shed kernel: [2000.000002] Node 0 Normal free:16400kB min:16480kB low:20600kB high:24700kB \
active_anon:469000kB inactive_anon:469000kB active_file:0kB inactive_file:80kB unevictable:1100kB \
present:1048576kB managed:990000kB mlocked:1100kB slab_reclaimable:5400kB slab_unreclaimable:8700kB
Sep 20 16:12:36 shed kernel: [2000.000003] lowmem_reserve[]: 0 0 0 0
Sep 20 16:12:36 shed kernel: [2000.000004] Node 0 DMA32: {dma32}
Sep 20 16:12:36 shed kernel: [2000.000005] Node 0 Normal: 4100*4kB (UE) 0*8kB = 16400kB
"""


def test_memory_in_a_lost_zone_is_not_the_memory_of_the_others():
    report = only(LOG.format(dma32="90000*4kB (UEM) 60000*8kB (UE) = 840000kB"))
    assert memory_use(report).size is None
    judged = diagnose(report)
    assert judged.cause == "undetermined"
    assert "The line of zone DMA32 is lost, and its list of free blocks shows 820 MiB free" in judged.summary
    assert "95 %" not in judged.summary


def test_a_lost_zone_that_was_nearly_empty_leaves_the_cause_as_it_was():
    judged = diagnose(only(LOG.format(dma32="900*4kB (UEM) 60*8kB (UE) = 4080kB")))
    assert judged.cause == "global_anon"
