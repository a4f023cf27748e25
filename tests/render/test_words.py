"""Words that every text shares: a zone has one name in the diagnosis, the table and the picture."""

from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.render import html, text
from oomlab.report import Report, ZoneStat
from oomlab.words import zone_name, zone_names

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ((None, None), ["Normal", "Normal"]),
        ((0, 0), ["Normal", "Normal"]),
        ((0, 1), ["Normal of node 0", "Normal of node 1"]),
        ((1, 1), ["Normal of node 1", "Normal of node 1"]),
    ],
)
def test_zones_carry_their_node_once_there_is_more_than_one(nodes, names):
    zones = tuple(ZoneStat(name="Normal", node=node) for node in nodes)
    report = Report(kind="oom", first_line=1, last_line=1, zones=zones)
    assert [zone_name(zone, report) for zone in zones] == names
    assert zone_names(zones, report) == " and ".join(dict.fromkeys(names))


def test_node_0_is_named_in_the_text_the_page_and_the_picture():
    pytest.importorskip("matplotlib").use("agg")
    from oomlab.plot import zones as picture

    (report,) = parse((SAMPLES / "2.6.9-x86_64-numa.log").read_text(errors="replace"))
    labels = {each.get_text() for each in picture(report).texts}
    for name in ("DMA of node 0", "Normal of node 1"):
        assert name in text(report)
        assert name in html(report)
        assert name in labels
    assert diagnose(report).summary in " ".join(text(report).split())
