"""The vocabulary of zones and nodes, and what every report offers by it."""

import pytest

from oomlab.errors import ReportError
from oomlab.mmzone import MAX_NUMNODES, VM_SPLITS, VM_SPLITS_WITHOUT_PAE, is_highmem, parse_nodelist
from oomlab.report import Report, ZoneStat


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("0", {0}),
        ("0-1,3", {0, 1, 3}),
        ("2-2", {2}),
        ("0,128-129", {0, 128, 129}),
        ("1023", {1023}),
        (None, set()),
        ("", set()),
        ("(null)", set()),
        ("all", set()),
        ("3-1", set()),  # a span that runs backwards is empty
        ("1024", set()),  # no kernel has so many
        ("12345", set()),  # not node 1234 and node 5
    ],
)
def test_a_node_list_is_read_as_the_kernel_prints_it(text, nodes):
    assert parse_nodelist(text) == nodes


@pytest.mark.parametrize("text", ["0-999999999", "0-1023," * 100_000, "9" * 100_000])
def test_a_hostile_node_list_names_no_more_nodes_than_a_kernel_can_have(text):
    assert len(parse_nodelist(text)) in (0, MAX_NUMNODES)


def test_the_kernel_cannot_use_the_zones_above_lowmem_for_its_own_data():
    assert [is_highmem(name) for name in ("DMA", "DMA32", "Normal")] == [False] * 3
    assert [is_highmem(name) for name in ("HighMem", "Movable", "Device")] == [True] * 3


def test_a_vm_split_has_one_label():
    splits = [*VM_SPLITS.values(), *VM_SPLITS_WITHOUT_PAE.values()]
    assert len({*VM_SPLITS, *VM_SPLITS_WITHOUT_PAE}) == len(set(splits)) == 5


@pytest.mark.parametrize(
    ("managed", "present", "size"), [(90, 100, 90), (None, 100, 100), (0, 100, 0), (None, None, None)]
)
def test_the_size_of_a_zone_is_what_the_allocator_has_or_else_what_is_present(managed, present, size):
    assert ZoneStat(name="Normal", managed=managed, present=present).size == size


REPORT = Report(
    kind="oom",
    first_line=1,
    last_line=9,
    zones=tuple(
        ZoneStat(name=name, node=node, line=line)
        for line, (name, node) in enumerate([("DMA", 0), ("Normal", 0), ("Normal", 1)], 1)
    ),
)


def test_a_zone_is_found_by_name_and_node():
    assert REPORT.zone("Normal").line == 2
    assert REPORT.zone("Normal", node=1).line == 3
    assert REPORT.find_zone("Normal", node=1) == REPORT.zone("Normal", node=1)


def test_a_zone_that_is_not_shown_is_none_or_an_error_that_names_those_there_are():
    assert REPORT.find_zone("HighMem") is None
    with pytest.raises(ReportError, match=r"no zone 'HighMem'; its zones: DMA, Normal"):
        REPORT.zone("HighMem")
    with pytest.raises(ReportError, match="on node 7"):
        REPORT.zone("Normal", node=7)
