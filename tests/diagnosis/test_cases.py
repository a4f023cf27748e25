"""Small logs that were once judged or told wrongly: each stands for its kind."""

from __future__ import annotations

from pathlib import Path

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.render import as_dict, text
from oomlab.report import Report
from tests.support.texts import only

LOGS = Path(__file__).parent / "cases"


def case(name: str) -> Report:
    (report,) = parse((LOGS / f"{name}.log").read_text())
    return report


def shown(name: str) -> str:
    """The text of a case, as one line."""
    return " ".join(text(case(name), width=10_000).split())


def test_what_most_of_the_memory_is_in_comes_before_the_largest_counter():
    diagnosis = diagnose(case("two-thirds-unaccounted"))
    assert (diagnosis.cause, diagnosis.contributing) == ("unaccounted", ("slab",))
    assert "page_owner" in diagnosis.remedies[0]
    assert "slabtop" not in diagnosis.remedies[0]


def test_the_largest_counter_decides_where_no_more_than_half_is_in_none():
    log = (LOGS / "two-thirds-unaccounted.log").read_text()
    report = only(log.replace("inactive_anon:100", "inactive_anon:800000"))
    assert diagnose(report).cause != "unaccounted"


def test_page_cache_that_only_the_zones_show_is_in_all_there_is():
    assert "page cache 7.3 GiB" in shown("memory-without-counters")


def test_counters_that_are_lost_are_one_problem():
    problems = [each.reason for each in case("memory-without-counters").problems]
    assert sum("counters are not whole" in each for each in problems) == 1


def test_vmalloc_that_fails_beside_much_free_memory_does_not_fail_for_want_of_it():
    told = shown("vmalloc-with-room")
    assert "asked vmalloc for 20,480 bytes and got 8,192 of them" in told
    assert "Memory was not short: 1.2 GiB lay free, and 11.0 GiB of page cache could be dropped." in told


def test_vmalloc_that_asks_for_more_than_is_free_may_fail_for_want_of_it():
    log = (LOGS / "vmalloc-with-room.log").read_text()
    assert "Memory was not short" not in text(only(log.replace("of 20480 bytes", "of 17045651456 bytes")))


def test_vmalloc_that_asks_for_more_than_there_is_is_refused_at_once():
    told = shown("vmalloc-beyond")
    assert "It asked for more than the 3.8 GiB of the machine, which is refused at once." in told
    assert "No setting helps: see who passed such a size." in told
    assert "VmallocTotal" not in told


def test_a_page_fault_that_a_limit_on_kernel_memory_failed_names_the_group():
    report = case("kmem-limit-behind-page-fault")
    diagnosis = diagnose(report)
    assert (report.first_line, diagnosis.cause) == (1, "vm_fault_oom_spurious")
    assert 'the control group "builds"' in diagnosis.remedies[0]
    assert "asked for one page" not in text(report)
    assert report.quote(2) in diagnosis.evidence


def test_a_cache_without_a_group_blames_no_group():
    log = (LOGS / "kmem-limit-behind-page-fault.log").read_text()
    diagnosis = diagnose(only(log.replace("ext4_inode_cache(77:builds)", "ext4_inode_cache")))
    assert not any("builds" in each for each in (diagnosis.summary, *diagnosis.remedies))
    assert any("See whether a control group has a limit" in each for each in diagnosis.remedies)


def test_a_request_that_asked_for_pages_is_not_announced_by_a_slab_failure():
    log = (LOGS / "kmem-limit-behind-page-fault.log").read_text()
    assert only(log.replace("gfp_mask=0x0()", "gfp_mask=0xcc0(GFP_KERNEL)")).first_line == 4


def test_losses_of_one_kind_are_one_line():
    told = shown("impossible-marks")
    assert "line 10: Zone DMA32 has sizes that no machine has" in told
    assert "(the like at line 12)" in told
    assert told.count("no machine has") == 1


def test_marks_that_no_machine_has_make_no_zone_full():
    told = shown("impossible-marks")
    assert "2.7 GiB is free, but the watermarks of DMA32 and Normal are impossible" in told
    assert "were full" not in told
    assert "short by" not in told


def test_a_fragment_is_not_said_to_be_an_oom():
    report = case("fragment")
    assert (report.kind, as_dict(report)["kind"]) == ("fragment", "fragment")
    assert text(report).startswith("A fragment of a report")


def test_a_table_of_tasks_is_left_of_an_oom_only():
    log = (LOGS / "fragment.log").read_text()
    table = "[29360.1] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
    assert (
        only(
            log + table + "[29360.2] [    100]     0   100     2000      300    40960        0   0 sh\n"
        ).kind
        == "oom"
    )
