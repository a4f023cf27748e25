"""A log with its newest line first is read like any other, and its numbers stay its own."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from oomlab.diagnosis import diagnose
from oomlab.diagnosis.timelines import timeline
from oomlab.parsing import find_notices, parse, parse_bytes
from oomlab.parsing.direction import is_newest_first
from tests.parsing.test_every_form import as_printed
from tests.support.forms import FORMS

HERE = Path(__file__).parents[1]
LOGS = sorted([*HERE.parent.glob("data/**/oom-*.log"), *HERE.glob("samples/*.log")])
WHOLE = (
    *("oom-global-anon-noswap", "oom-memcg", "oom-rsync-fix-off-1536M", "oom-report", "2.6.32-el6"),
    *("2.6.14-two-boots", "2.6.5-protections"),
    *("oom-dma-floppy", "oom-order8-saved-cmdlines", "2.6.18-el5", "2.6.24-hot-cold", "5.4-vmalloc-failure"),
)
"""Logs whose reports hold their header and what follows it."""


def text_of(path: Path) -> str:
    return path.read_text(errors="replace").rstrip("\n")


def reversed_lines(text: str) -> str:
    return "\n".join(text.split("\n")[::-1])


def numbers_in(part: Any) -> Iterator[int]:
    """Yield the line of every part of a report, whatever it is called and wherever it is."""
    if isinstance(part, tuple) and not hasattr(part, "_fields"):
        for each in part:
            yield from numbers_in(each)
    elif hasattr(part, "_fields") or is_dataclass(part):
        for name in getattr(part, "_fields", None) or [each.name for each in fields(part)]:
            value = getattr(part, name)
            if name.endswith("line") and value is not None and name not in ("first_line", "last_line"):
                yield value
            elif name != "source":
                yield from numbers_in(value)


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_no_log_of_ours_is_newest_first(path):
    assert not is_newest_first(text_of(path))


@pytest.mark.oracle
def test_no_real_log_is_taken_to_be_newest_first(outside):
    assert [path.name for path in outside if is_newest_first(text_of(path))] == []


@pytest.mark.parametrize("name", WHOLE)
def test_a_log_turned_round_gives_the_same_reports_with_its_own_numbers(name):
    (path,) = [path for path in LOGS if path.stem == name]
    text = text_of(path)
    total = text.count("\n") + 1
    usual, turned = parse(text), parse(reversed_lines(text))
    assert len(turned) == len(usual)
    for one, other in zip(usual, turned, strict=True):
        assert (other.first_line, other.last_line) == (total + 1 - one.last_line, total + 1 - one.first_line)
        assert other.trigger == replace(one.trigger, line=total + 1 - one.trigger.line)
        assert other.quote(other.trigger.line).text == one.quote(one.trigger.line).text
        for zone, twin in zip(one.zones, other.zones, strict=True):
            assert twin.free == zone.free
            assert (twin.line and other.quote(twin.line).text) == (zone.line and one.quote(zone.line).text)
        assert [task._replace(line=total + 1 - task.line) for task in other.tasks] == list(one.tasks)
        assert [victim.pid for victim in other.victims] == [victim.pid for victim in one.victims]
        assert {total + 1 - line: kind for line, kind in other.kinds.items()} == one.kinds
        assert len(other.problems) == len(one.problems)
        assert [total + 1 - line for line in numbers_in(other)] == list(numbers_in(one))
        assert diagnose(other).summary == diagnose(one).summary


def test_bytes_with_their_newest_line_first_are_read_too():
    (path,) = [path for path in LOGS if path.stem == "oom-memcg"]
    (report,) = parse_bytes(reversed_lines(text_of(path)).encode())
    assert report.victims[0].line < report.trigger.line


def counted(text: str) -> list[object]:
    """Who was killed, and how many reports, tasks and zones there are."""
    reports = parse(text)
    kills = sorted(str(victim.pid) for report in reports for victim in report.victims)
    return [kills, len(reports), *(sum(len(getattr(each, part)) for each in reports) for part in PARTS)]


PARTS = ("tasks", "zones")


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_no_log_turned_round_loses_or_doubles_a_report(path):
    assert counted(reversed_lines(text_of(path))) == counted(text_of(path))


@pytest.mark.oracle
def test_no_real_log_turned_round_loses_or_doubles_a_report(outside):
    for path in outside:
        assert counted(reversed_lines(text_of(path))) == counted(text_of(path)), path.name


KILL = "Out of memory: Killed process {} (sh) total-vm:8kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB"


def kills(*times: str) -> str:
    return "\n".join(f"{time} {KILL.format(number)}" for number, time in enumerate(times))


@pytest.mark.parametrize(
    ("times", "falls"),
    [
        (("Oct  2 09:12:35 db kernel:", "Oct  2 09:12:34 db kernel:", "Oct  2 09:12:33 db kernel:"), True),
        (("Oct  2 09:12:33 db kernel:", "Oct  2 09:12:34 db kernel:", "Oct  2 09:12:35 db kernel:"), False),
        (("Oct  2 09:12:35 db kernel:", "Oct  2 09:12:34 db kernel:", "Oct  2 09:12:38 db kernel:"), None),
        (("Oct  2 23:59:59 db kernel:", "Oct  3 00:00:01 db kernel:", "Oct  4 00:00:00 db kernel:"), None),
        (("[  907.100000]", "[  907.000000]", "[  906.900000]"), True),
        (("[  907.000000]", "[  807.000000]", "[  707.000000]", "[    7.000000]"), None),
    ],
)
def test_where_only_kills_are_left_their_times_tell(times, falls):
    """But not where a machine started anew, as its uptime falls then too, nor over midnight."""
    assert is_newest_first(kills(*times)) is falls


def test_the_timeline_of_a_log_with_its_newest_line_first_goes_forward_in_time():
    """In a short log, whose reports come in the order of time, and in a long one, as they stand."""
    (path,) = [path for path in LOGS if path.stem == "oom-memcg"]
    first = text_of(path)
    later = re.sub(r"(?m)^\[ {0,4}(?=\d)", "[ 9", first)
    noise = "\n".join(f"[99999.{number:06d}] usb 1-1: new device" for number in range(40_000))
    for between in ("", noise):
        log = reversed_lines(f"{first}\n{between}\n{later}")
        assert (len(log) > 1 << 20) == bool(between)
        usual = timeline(parse(f"{first}\n{between}\n{later}"))
        line = timeline(parse(log), find_notices(log))
        assert [event.seconds for event in line.events] == [event.seconds for event in usual.events]
        assert line.summary == usual.summary


def test_notices_of_other_programs_stand_between_the_reports_of_such_a_log():
    (path,) = [path for path in LOGS if path.stem == "oom-memcg"]
    text = (
        f"{text_of(path)}\nsystemd[1]: a.service: A process of this unit has been killed by the OOM killer."
    )
    line = timeline(parse(reversed_lines(text)), find_notices(reversed_lines(text)))
    assert [type(event).__name__ for event in line.events] == ["Event", "Notice"]


TURNED = {
    "a JSON list": lambda text: json.dumps(json.loads(text)[::-1]),
    "one JSON string": lambda text: json.dumps(
        {"dmesg": reversed_lines(json.loads(text)["dmesg"].strip("\n"))}
    ),
}
"""Documents whose lines bear the kernel's own time, which turns round with them."""


@pytest.mark.parametrize(
    "form", ["Loki", "a JSON list", "CloudWatch's JSON", "dmesg --json", "one JSON string"]
)
@pytest.mark.parametrize("name", ["oom-memcg", "oom-global-anon-noswap", "2.6.18-el5"])
def test_a_document_with_its_newest_message_first_reads_as_the_other_way_round(form, name):
    """Loki and most services answer so; the whole document may be one line."""
    (path,) = [path for path in LOGS if path.stem == name]
    lines = as_printed(text_of(path))
    document = FORMS[form](lines)
    turned = TURNED[form](document) if form in TURNED else FORMS[form](lines[::-1])
    assert counted(turned) == counted(document)


@pytest.mark.parametrize("time", ["[ {seconds}.{n:06d}]", "Oct  2 09:{minutes:02}:{n:02} db kernel:"])
def test_a_log_whose_times_rise_is_not_newest_first_however_its_words_stand(time):
    """Of four reports little is left: the end of the first, two pieces, and the head of the last."""
    words = (
        KILL.format(7),
        "lowmem_reserve[]: 0 0",
        "Mem-Info:",
        "sh invoked oom-killer: gfp_mask=0xd0, order=0",
    )
    lines = [
        f"{time.format(seconds=1000 + 100 * n, minutes=10 + 2 * n, n=n)} {text}"
        for n, text in enumerate(words)
    ]
    assert is_newest_first("\n".join(words)) is True
    assert not is_newest_first("\n".join(lines))
    assert [report.first_line for report in parse("\n".join(lines))] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "times",
    [
        ("12:59:59 PM", "12:59:59 PM", "01:00:00 PM"),
        ("11:59:59 AM", "11:59:59 AM", "12:00:01 PM"),
        ("11:59:59 PM", "11:59:59 PM", "12:00:01 AM"),
        ("2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+02:00", "2026-10-25T02:00:00+01:00"),
        ("Oct 25 02:59:59", "Oct 25 02:59:59", "Oct 25 02:00:00"),
        ("Oct 25 23:59:58", "Oct 25 23:59:59", "Oct 26 00:00:00"),
        ("23:59:59", "23:59:59", "00:00:00"),
        ("Jan  1 00:00:10 [   10.1]", "Jan  1 00:00:10 [   10.2]", "Nov 27 06:32:01 [   10.3]"),
    ],
)
def test_a_clock_that_is_set_or_begins_anew_turns_no_log_round(times):
    """Each victim is reaped behind the change, which is no step of the log."""
    reaped = "oom_reaper: reaped process {} (sh), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"
    lines = [f"{times[0]} {KILL.format(5)}", f"{times[1]} {KILL.format(6)}"]
    lines += [f"{times[2]} {reaped.format(5)}", f"{times[2]} {reaped.format(6)}"]
    text = "\n".join(lines)
    assert not is_newest_first(text)
    assert [[each.pid for each in report.victims] for report in parse(text)] == [[5], [6]]
    assert all(each.reaped for report in parse(text) for each in report.victims)
