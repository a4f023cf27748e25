"""Several reports of one log: when each was written, and what they have in common."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.timelines import timeline, timeline_as_dict
from oomlab.parsing import parse
from oomlab.report import Notice, Source

CAPTURES = Path(__file__).parents[2] / "data" / "captures"


def recorded(name):
    return parse((CAPTURES / f"{name}.log").read_text(errors="replace"))


def test_a_fill_of_lowmem_has_one_cause_however_many_die():
    line = timeline(recorded("oom-rsync-fix-off-1024M-swap"))
    assert line.same_cause
    assert [event.victims != () for event in line.events] == [True, True, False]
    assert [event.seconds for event in line.events] == sorted(event.seconds for event in line.events)


def test_a_timeline_is_plain_data():
    data = timeline_as_dict(timeline(recorded("oom-rsync-fix-off-1024M-swap")))
    assert json.loads(json.dumps(data)) == data


def test_earlier_kills_of_the_same_log_are_counted():
    reports = recorded("oom-rsync-fix-off-1024M-swap")
    findings = diagnose(reports[-1], others=reports).findings
    serial = next(finding for finding in findings if finding.rule == "serial_kills")
    assert "2" in serial.claim
    assert "Killed process" in serial.evidence[0].text


@pytest.mark.parametrize(
    ("prefix", "time"),
    [
        ("Sep 23 02:04:16 db kernel: ", "Sep 23 02:04:16"),
        ("2025-09-23T02:04:16.123456+02:00 db kernel: ", "2025-09-23T02:04:16"),
        ("[Di Sep 23 02:04:16 2025] ", "Sep 23 02:04:16"),
        ("23. Sept. 02:04:16 db kernel: ", "23. Sept. 02:04:16"),
        ("> Jan  5 10:00:00 db kernel: [   12.345678] ", "Jan 5 10:00:00"),
        ("[   12.345678] ", None),
        ("", None),
    ],
)
def test_the_time_is_given_as_the_log_writes_it(prefix, time):
    lines = ("sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0", "Mem-Info:")
    (report,) = parse("\n".join(prefix + each for each in lines))
    assert report.time == time
    assert report.uptime_s == (12.345678 if "[ " in prefix else None)


def test_a_kill_just_before_is_counted_in_a_log_that_runs_backwards_too():
    text = (CAPTURES / "oom-rsync-fix-off-1024M-swap.log").read_text(errors="replace").rstrip("\n")
    first, second, *_ = parse("\n".join(text.split("\n")[::-1]))
    assert first.first_line > second.first_line
    assert "serial_kills" in [finding.rule for finding in diagnose(second, others=[first]).findings]
    assert "serial_kills" not in [finding.rule for finding in diagnose(first, others=[second]).findings]


def test_a_kill_of_long_ago_does_not_count_for_this_one():
    first, second, *_ = recorded("oom-rsync-fix-off-1024M-swap")
    late = replace(second, source=Source(second.first_line, _an_hour_later(second)))
    rules = [finding.rule for finding in diagnose(late, others=[first]).findings]
    assert "serial_kills" not in rules
    assert "serial_kills" in [finding.rule for finding in diagnose(second, others=[first]).findings]


def _an_hour_later(report):
    uptime = re.compile(r"\[ *(\d+)\.")
    return tuple(uptime.sub(lambda m: f"[{int(m[1]) + 3600}.", line.text) for line in report.source)


def test_other_killers_stand_between_the_reports_by_their_lines():
    reports = recorded("oom-rsync-fix-off-1024M-swap")
    between = reports[1].first_line - 1
    notices = (
        Notice(
            kind="earlyoom", line=between, killed="<b>tabs</b>", pid=7, words="earlyoom ended <b>tabs</b>"
        ),
        Notice(kind="unit_oom", line=10**6, killed="web.service", words="systemd reports an OOM kill"),
    )
    line = timeline(reports, notices)
    kinds = [event.kind for event in line.events]
    assert (len(kinds), kinds[1], kinds[-1]) == (len(reports) + 2, "earlyoom", "unit_oom")
    assert line.same_cause
    assert "Not the kernel: earlyoom 1 and systemd 1." in line.summary
    page = line._repr_html_()
    assert "<b>tabs</b>" not in page
    assert "&lt;b&gt;tabs&lt;/b&gt;" in page
    shown = timeline_as_dict(line)["events"][1]
    assert (shown["kind"], shown["cause"]) == ("earlyoom", None)
    assert shown["victims"] == [{"pid": 7, "comm": "<b>tabs</b>"}]


def test_a_record_of_kmsg_has_its_time_since_boot():
    (report,) = parse("6,227,6115623887,-;Out of memory: Killed process 5 (a) total-vm:9kB, anon-rss:5kB")
    assert report.uptime_s == 6115.623887


# --- several boots in one text, as people show them -------------------------------------------

ONE_BOOT = """\
{stamp}hoard invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
{stamp}CPU: 1 PID: 40 Comm: hoard Not tainted {kernel}
{stamp}memory: usage 8192kB, limit 8192kB, failcnt 9
{stamp}Memory cgroup out of memory: Killed process 40 (hoard) total-vm:9000kB, anon-rss:8000kB
"""


def boots(*headers):
    text = "\n".join(ONE_BOOT.format(stamp=stamp, kernel=kernel) for stamp, kernel in headers)
    return parse(text)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        (("", "6.8.0-rc6+ #24"), ("", "6.8.0-rc6+ #24"), True),
        (("", "6.8.0-rc6+ #24"), ("", "6.8.0-rc6+ #26"), False),
        (("", "4.18.0+ #19"), ("", "5.2.0 #1"), False),
        (("[   71.000000] ", "6.8.0 #2"), ("[   75.000000] ", "6.8.0 #2"), True),
        (("[   71.000000] ", "6.8.0 #2"), ("[   75.000000] ", "6.8.0 #3"), False),
    ],
)
def test_a_kill_under_another_kernel_was_none_before_this_one(first, second, is_one):
    reports = boots(first, second)
    assert len(reports) == 2
    rules = [each.rule for each in diagnose(reports[1], others=reports[:1]).findings]
    assert ("serial_kills" in rules) == is_one
    summary = timeline(reports).summary
    assert (" within " in summary) == (is_one and bool(first[0]))


def test_a_span_is_told_only_where_every_report_has_its_time():
    stamped = ("[   71.000000] ", "6.8.0 #2"), ("[   75.000000] ", "6.8.0 #2")
    (bare,) = boots(("", "6.8.0 #2"))
    assert "killed within 4.0 s" in timeline(boots(*stamped)).summary
    assert " within " not in timeline([*boots(*stamped), bare]).summary


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("Nov  1 00:00:01 box kernel: [  100.500000] ", "Nov  1 00:01:40 box kernel: [  200.500000] ", True),
        ("Nov  1 00:00:01 box kernel: [  100.500000] ", "Nov  9 07:00:02 box kernel: [  200.500000] ", False),
        ("Nov  1 00:00:01 a kernel: [ 1000.500000] ", "Nov  1 00:00:02 b kernel: [90000.500000] ", False),
        ("2026-11-01T00:00:01+00:00 box [  100.5] ", "2026-11-09T00:00:01+00:00 box [  200.5] ", False),
        (
            "2026-10-25T02:59:59 box [  100.5] ",
            "2026-10-25T02:00:09 box [  110.5] ",
            True,
        ),  # summer time ends
        ("Dec 31 23:59:01 box kernel: [  100.5] ", "Jan  1 00:00:41 box kernel: [  200.5] ", True),
        ("23. Sept. 02:04:16 box kernel: [  100.5] ", "30. Sept. 02:04:16 box kernel: [  200.5] ", False),
        ("30. Sept. 02:04:16 box kernel: [  100.5] ", "1. Okt. 02:04:16 box kernel: [  200.5] ", True),
        ("02:04:16 box kernel: [  100.5] ", "02:14:16 box kernel: [  200.5] ", False),
    ],
)
def test_where_the_clocks_disagree_the_uptimes_are_of_two_boots_or_hosts(first, second, is_one):
    reports = boots((first, "6.8.0 #2"), (second, "6.8.0 #2"))
    assert [report.uptime_s is not None for report in reports] == [True, True]
    assert (" within " in timeline(reports).summary) == is_one
    rules = [each.rule for each in diagnose(reports[1], others=reports[:1]).findings]
    assert ("serial_kills" in rules) == is_one
