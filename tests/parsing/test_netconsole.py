"""What netconsole sent in fragments is one message, whatever became of their order."""

from __future__ import annotations

import random

import pytest

from oomlab.parsing import parse
from oomlab.parsing.netconsole import join_packets
from tests.parsing.test_wrapped import LOG, facts
from tests.support.forms import fragmented
from tests.support.texts import only


@pytest.mark.parametrize("size", [5, 20, 60])
@pytest.mark.parametrize("lost", ["nothing", "order", "blanks", "line ends"])
def test_fragments_are_put_together_by_their_offsets(size, lost):
    packets = [fragmented(n, line, size=size).split("\n") for n, line in enumerate(LOG.splitlines())]
    if lost == "order":
        for each in packets:
            random.Random(1).shuffle(each)
    if lost == "blanks":
        packets = [[packet.rstrip() for packet in each] for each in packets]
    ends = "" if lost == "line ends" else "\n"
    log = "\n".join(ends.join(each) for each in packets)
    plain = "\n".join(fragmented(n, line, size=999) for n, line in enumerate(LOG.splitlines()))
    assert facts(only(log)) == facts(only(plain))


def test_what_stands_on_either_side_of_a_lost_fragment_is_not_joined():
    kill = "Out of memory: Killed process 4242 (java) total-vm:10000000kB, anon-rss:7980000kB, file-rss:0kB"
    first, second, third, *rest = fragmented(7, kill, size=20).split("\n")
    numbers, lines = join_packets([1, 2, 3, 4], [first, third, *rest])
    assert lines == [f"4,7,5121000007,-;{text}" for text in (kill[:20], kill[40:])]
    assert numbers == [1, 1]
    assert second not in lines
    (report,) = parse("\n".join([first, second, *rest]))
    assert report.victims[0].total_vm_kb is None


def test_two_hosts_may_send_at_once():
    texts = ["a" * 30, "b" * 30]
    one, other = (fragmented(n, text, f"host{n} ", size=20).split("\n") for n, text in enumerate(texts))
    mixed = [line for pair in zip(one, other, strict=True) for line in pair]
    assert [line[-30:] for line in join_packets(range(4), mixed)[1]] == texts
