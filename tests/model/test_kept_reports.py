"""What was read can be handed to another process, copied and kept: a fleet's logs are read by many."""

from __future__ import annotations

import copy
import pickle
from multiprocessing import get_context

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.timelines import timeline
from oomlab.parsing import find_notices, parse_bytes, read_pieces
from oomlab.report import Report
from tests.support.contradictions import logs

WAYS = {"pickled": lambda value: pickle.loads(pickle.dumps(value)), "copied": copy.deepcopy}
NOTICES = "lowmemorykiller: Killing 'com.app' (7), adj 900\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", logs(), ids=lambda path: path.stem)
def test_reports_and_what_is_made_of_them_are_equal_to_themselves(path, way):
    reports = list(read_pieces([path.read_bytes()]))
    notices = find_notices(NOTICES)
    assert notices
    made = (reports, [diagnose(each) for each in reports], timeline(reports, notices), notices)
    again = WAYS[way](made)
    assert again == made
    assert [each.kinds for each in again[0]] == [each.kinds for each in reports]
    assert repr(again[0]) == repr(reports)


def test_another_process_reads_a_log():
    data = [path.read_bytes() for path in logs()[:2]]
    with get_context("spawn").Pool(1) as pool:
        found = pool.map(parse_bytes, data)
    assert found == [parse_bytes(each) for each in data]


@pytest.mark.parametrize("line", ["7", None, 7.5])
def test_a_line_is_quoted_by_its_number(line):
    with pytest.raises(TypeError, match="quote takes the number of a line"):
        Report(kind="oom", first_line=1, last_line=1).quote(line)
