"""What is read in a log of 50 kB is read in one of any size: every form, alone, in noise, two at once.

``OOMLAB_FULL=1`` writes the noise of the long logs in each form as well, which takes minutes.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from oomlab.cli import main
from oomlab.errors import ReportError
from oomlab.parsing import parse, parse_bytes, read_pieces
from oomlab.parsing.reader import LONG
from oomlab.report import Report
from tests.parsing.test_prefixes import BASES, plain
from tests.support.forms import FORMS, SYSLOG, UPTIME
from tests.support.fuzz import seeds

HERE = Path(__file__).parents[1]
GLOBAL, KILL = BASES["6.1 global"], BASES["6.1 memcg"]
WORDS = (
    "usb 1-1: new high-speed USB device number {} using xhci_hcd",
    "systemd[1]: Started Session {} of user root.",
    "EXT4-fs (sda{}): mounted filesystem with ordered data mode",
)
NOISE = [WORDS[n % 3].format(n) for n in range(40)]
LONG_NOISE = b"".join(
    b"Jun 14 03:%02d:%02d db2 systemd[1]: Started Session %d of user root.\n" % (n // 60 % 60, n % 60, n)
    for n in range(2 * LONG // 65)
)
"""More than two megabytes of another logger's lines."""

WHOLE = {
    "journald's lists of bytes",
    "RFC 5424 with lengths",
    "filled by a mailer",
    "filled by a mailer, quoted",
}
"""Forms that show only where the whole log has them."""

OF_THESE = (*sorted(WHOLE - {"filled by a mailer"}), "CR alone", "Loki", "a JSON list", "one JSON string")
TWICE = "Ansible's JSON"
"""It holds everything twice, which shows only where both stand near each other."""

AT_LENGTH = [form for form in FORMS if form != TWICE] if os.environ.get("OOMLAB_FULL") else OF_THESE
"""Forms in which a whole long log is written."""

CHARSETS: dict[str, Callable[[str], bytes]] = {
    "UTF-16 with its mark": lambda text: text.encode("utf-16"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-le"),
    "UTF-16, big end first": lambda text: text.encode("utf-16-be"),
    "UTF-32 without its mark": lambda text: text.encode("utf-32-le"),
    "colours around what grep found": lambda text: text.replace(
        "oom-killer", "\x1b[01;31m\x1b[Koom-killer\x1b[m\x1b[K"
    ).encode(),
    "colours within words": lambda text: text.replace("oom", "\x1b[01;31m\x1b[Koom\x1b[m\x1b[K").encode(),
    "tabs": lambda text: text.replace(" ", "\t").encode(),
    "hard blanks": lambda text: text.replace(" ", "\u00a0").encode(),
    "line ends as #012": lambda text: text.replace("\n", "#012").encode(),
    "line ends as NEL": lambda text: text.replace("\n", "\u0085").encode(),
    "line ends as paragraph separators": lambda text: text.replace("\n", "\u2029").encode(),
    "line ends as vertical tabs": lambda text: text.replace("\n", "\v").encode(),
    "a list as Python writes it": lambda text: repr(text.split("\n")).encode(),
    "line ends lost": lambda text: text.replace("\n", " ").encode(),
}


def counted(reports: list[Report]) -> list[tuple[object, ...]]:
    """What must agree between two ways of reading the same log."""
    return [
        (
            report.kind,
            report.trigger.comm,
            [victim.pid for victim in report.victims],
            [task.pid for task in report.tasks],
            dict(report.totals),
            [(zone.name, zone.free, zone.free_blocks) for zone in report.zones],
        )
        for report in reports
    ]


def read(text: str | bytes) -> list[tuple[object, ...]]:
    try:
        return counted(parse(text) if isinstance(text, str) else parse_bytes(text))
    except ReportError:
        return []


@pytest.fixture(scope="module")
def lines() -> tuple[list[str], list[str]]:
    return plain(GLOBAL), plain(KILL)


@pytest.fixture(scope="module")
def wanted(lines) -> list[tuple[object, ...]]:
    return counted([parse("\n".join(each))[0] for each in lines])


@pytest.mark.parametrize("form", FORMS)
def test_two_reports_among_other_lines_read_as_alone(form, lines, wanted):
    first, second = lines
    assert read(FORMS[form]([*NOISE, *first, *NOISE, *second, *NOISE])) == wanted


@pytest.mark.parametrize("form", sorted(FORMS.keys() - WHOLE))
def test_two_reports_in_a_long_log_read_as_alone(form, lines, wanted):
    first, second = (f"\n{FORMS[form](each)}\n".encode() for each in lines)
    assert counted(list(read_pieces([LONG_NOISE, first, LONG_NOISE, second, LONG_NOISE]))) == wanted


@pytest.mark.parametrize("form", AT_LENGTH)
def test_a_long_log_that_is_all_in_one_form_reads_as_a_short_one(form, lines, wanted):
    first, second = lines
    long = NOISE * (LONG // len("\n".join(NOISE)))
    text = FORMS[form]([*long, *first, *NOISE, *second, *NOISE])
    assert len(text) > LONG
    assert read(text) == wanted


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("times", [1, 700])
def test_characters_make_no_difference(charset, times, lines, wanted):
    first, second = lines
    for form in (SYSLOG, UPTIME):
        text = form([*NOISE * times, *first, *NOISE, *second, *NOISE])
        assert read(CHARSETS[charset](text)) == wanted


@pytest.mark.parametrize("log", seeds(), ids=lambda data: data[:30].decode(errors="replace"))
def test_every_log_reads_the_same_in_a_long_one(log):
    few = b"\n".join(LONG_NOISE.split(b"\n")[:300]) + b"\n"
    log = log.rstrip(b"\n") + b"\n"
    assert counted(list(read_pieces([LONG_NOISE, log, LONG_NOISE]))) == read(few + log + few)


def test_a_long_log_with_its_newest_line_first_reads_as_the_other_way_round(lines, wanted):
    first, second = lines
    ordered = SYSLOG([*NOISE * 700, *first, *NOISE * 400, *second, *NOISE * 700]).split("\n")
    reports = parse("\n".join(reversed(ordered)))
    assert counted(reports) == wanted[::-1]
    for report in reports:
        assert ordered[::-1][report.first_line - 1 : report.last_line] == list(report.source.lines)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["sshd: page allocation failure: order:4, mode:0xc0d0"], "allocation_failure"),
        (["Memory cgroup out of memory: Killed process 7 (x) total-vm:8kB, anon-rss:4kB"], "oom"),
        (["Out of memory: Kill process 7 (x) score 900 or sacrifice child"], "oom"),
        (["VM: killing process httpd"], "oom"),
        (["Kernel panic - not syncing: System is deadlocked on memory"], "oom"),
        (["Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled"], "oom"),
    ],
)
def test_one_line_of_a_kind_is_found_far_from_any_header(lines, kind):
    header = b"Jun 14 03:00:00 db2 kernel: sh invoked oom-killer: gfp_mask=0xd0, order=0\n"
    data = header + LONG_NOISE + SYSLOG(lines).encode() + b"\n" + LONG_NOISE
    assert [report.kind for report in parse_bytes(data)] == ["oom", kind]


GROUP = (
    "worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=900",
    "memory: usage 102400kB, limit 102400kB, failcnt 50",
    "Memory cgroup stats for /pods/a:",
    "Memory cgroup out of memory: Killed process 20 (sh) total-vm:9000kB, anon-rss:8000kB, file-rss:0kB",
    "Tasks in /pods/a are going to be killed due to memory.oom.group set",
    *(
        f"Memory cgroup out of memory: Killed process {n} (sh) total-vm:9kB, anon-rss:{n}kB"
        for n in range(21, 25)
    ),
)


@pytest.mark.parametrize("count", [0, 4, 10, 150])
@pytest.mark.parametrize(
    ("stamp", "is_newest_first"),
    [("[ 2000.{n:06d}]", False), ("[ 2000.{n:06d}]", True), ("Jun 14 03:00:00 db2 kernel:", False)],
)
def test_other_lines_may_stand_between_the_kills_of_a_group(count, stamp, is_newest_first):
    noise = [f"audit: type=1326 audit({n}.1:{n}): auid=1000 uid=1000 {'x' * 150}" for n in range(count)]
    lines = [line for each in GROUP for line in (each, *noise)]
    text = "\n".join(f"{stamp.format(n=n)} {line}" for n, line in enumerate(lines))
    found = []
    for around in (b"", LONG_NOISE):
        data = around + text.encode() + b"\n" + around
        if is_newest_first:
            data = b"\n".join(data.split(b"\n")[::-1])
        found.append([[each.pid for each in report.victims] for report in parse_bytes(data)])
    assert found == [[[20, 21, 22, 23, 24]]] * 2


PARTS = {
    "whom the kernel chose": "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
    "global_oom,task_memcg=/user.slice,task=tab,pid=3001,uid=1000",
    "what a group used": "memory: usage 512000kB, limit 512000kB, failcnt 99",
    "why a group ran out": "Task in /a killed as a result of limit of /b\n"
    "memory: usage 512000kB, limit 512000kB, failcnt 99\nmemory+swap: usage 0kB, limit 0kB, failcnt 0",
    "a zone": "Normal free:8056kB min:8048kB low:10060kB high:12072kB active_anon:4kB inactive_anon:8kB "
    "active_file:100kB inactive_file:200kB present:900000kB",
    "a zone with a boost": "Node 0 DMA32 free:8056kB boost:0kB min:8048kB low:10060kB high:12072kB "
    "reserved_highatomic:0KB active_anon:4kB inactive_anon:8kB active_file:100kB managed:890000kB",
}
"""What is left of a report where the lines around it were lost."""


@pytest.mark.parametrize("place", ["before", "behind", "amid"])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_report_is_read_in_a_log_of_any_size(part, place):
    small = PARTS[part].encode() + b"\n"
    before = b"" if place == "before" else LONG_NOISE
    behind = b"" if place == "behind" else LONG_NOISE
    (alone,), (found,) = parse_bytes(small), parse_bytes(before + small + behind)
    assert [getattr(found, name) for name in ("kind", "scope", "constraint")] == [
        getattr(alone, name) for name in ("kind", "scope", "constraint")
    ]
    assert [len(getattr(found, name)) for name in ("zones", "victims")] == [
        len(getattr(alone, name)) for name in ("zones", "victims")
    ]
    assert [line.text for line in found.source] == small.decode().splitlines()


@pytest.mark.parametrize("noise", [LONG_NOISE, b"\n" * 100_000], ids=["bytes", "lines"])
def test_the_command_says_what_it_did_not_look_for_in_a_long_log(noise, tmp_path, capsys):
    log = tmp_path / "rows.log"
    row = b"[  100.000001] [   77]  1234    77   200000   120000   400000        0           900 sh\n"
    log.write_bytes(noise + row)
    assert main(["explain", str(log)]) == 1
    assert "rows of its table of tasks" in " ".join(capsys.readouterr().err.split())


ONE_LINE: dict[str, tuple[str, str, str]] = {
    "a JSON list of records": ('[{"MESSAGE":"', '"},{"MESSAGE":"', '"}]'),
    "records with fields before": (
        '[{"_PID":"0","MESSAGE":"',
        '"},{"_HOST":"db","_PID":"0","MESSAGE":"',
        '"}]',
    ),
    "a JSON list of strings": ('["', '","', '"]'),
    "one JSON string": ('{"log":"', "\\n", '"}'),
    "breaks of HTML": ("", "<br>", ""),
    "elements of HTML": ("<ul><li>", "</li><li>", "</li></ul>"),
    "octal escapes": ("", "#012", ""),
    "blanks": ("", " ", ""),
}
"""What stands before, between and behind the lines of a log on one line."""


@pytest.mark.parametrize("alike", [False, True], ids=["each its own", "alike but for the time"])
@pytest.mark.parametrize("form", ONE_LINE)
def test_no_report_is_torn_or_lost_where_a_long_log_is_on_one_line(form, alike):
    """Whatever the window is that it is read in; only the time tells reports apart that are all alike."""
    one = [line for line in GLOBAL.read_text().splitlines() if line]
    pid = next(re.findall(r"illed process (\d+)", line)[0] for line in one if "illed process" in line)
    count = 2 * LONG // len("\n".join(one)) + 2
    changing = r"(?<=^\[)[ \d]+(?=\.)" if alike else rf"\b{pid}\b"
    logs = ([re.sub(changing, str(5000 + n), line) for line in one] for n in range(count))
    begin, joint, end = ONE_LINE[form]
    text = begin + joint.join(line for log in logs for line in log) + end
    reports = list(read_pieces([text.encode()]))
    (alone,) = parse("\n".join(one))
    assert len(reports) == count
    whole = (len(alone.zones), len(alone.tasks), len(alone.victims), alone.trigger.comm)
    shapes = {(len(r.zones), len(r.tasks), len(r.victims), r.trigger.comm) for r in reports}
    assert shapes == {whole}
    assert alike or [r.victims[0].pid for r in reports] == [5000 + n for n in range(count)]


@pytest.mark.parametrize("size", [0, 3 << 20])
@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_a_report_that_powershell_appended_in_utf_16_is_read(size, shift):
    log = (Path(__file__).parents[2] / "data/captures/oom-memcg.log").read_text()
    noise = "Nov 20 10:00:00 web sshd[99]: session opened\n" * (size // 45) + "x" * shift + "\n"
    (report,) = parse_bytes(noise.encode() + log.replace("\n", "\r\n").encode("utf-16-le"))
    (plain,) = parse(log)
    assert [each._replace(line=0) for each in report.tasks] == [each._replace(line=0) for each in plain.tasks]
    assert report.victims[0].pid == plain.victims[0].pid


@pytest.mark.parametrize("size", [0, 800, 3 << 20])
@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
def test_what_is_appended_in_another_character_set_costs_no_report(charset, size):
    """In whichever order they stand, and however little of the one there is."""
    noise = "Nov 20 10:00:00 web sshd[99]: session opened\n" * (size // 45)
    kill = "Out of memory: Killed process {} (java) total-vm:900kB, anon-rss:90kB, file-rss:0kB\n"
    wide, plain = (f"{noise}{kill.format(pid)}" for pid in (11, 12))
    logs = [wide.encode(charset) + plain.encode()]
    if charset != "utf-16-be":  # no program appends that
        logs.append(plain.encode() + wide.encode(charset))
    for log in (*logs, *(log * 3 for log in logs)):
        reports = parse_bytes(log)
        assert {victim.pid for report in reports for victim in report.victims} == {11, 12}


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "line", ["═" * 40, "◄═══════════════════…►", "‾" * 30, "上中文日志" * 9, "╌" * 33], ids=repr
)
def test_text_that_looks_like_single_bytes_is_none(line, end, charset):
    """Both bytes of a box may be printable ASCII, and one byte of a Chinese letter a line end."""
    kill = "Out of memory: Killed process 11 (java) total-vm:900kB, anon-rss:90kB, file-rss:0kB"
    text = end.join([kill.replace("11", "10"), line, line, "", kill, line, kill.replace("11", "12"), ""])
    for log in (text, (f"session opened{end}" * 9 + f"{line}{end}") * 900 + text):
        reports = parse_bytes(log.encode(charset))
        assert {victim.pid for report in reports for victim in report.victims} == {10, 11, 12}


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("odd", ["…", "é", "", "ok\n\nno"])
@pytest.mark.parametrize("size", [1, 3000])
def test_what_is_appended_may_be_of_any_length_and_hold_other_letters(size, odd, charset):
    kill = "Out of memory: Killed process {} (java) total-vm:900kB, anon-rss:90kB, file-rss:0kB\n"
    middle = f"session opened for user root {odd}\n" * size + kill.format(12)
    for middle_charset in ("utf-8", "latin-1") if odd != "…" else ("utf-8",):
        first, last = (f"a b c\n{kill.format(pid)}\nlast of these\n".encode(charset) for pid in (11, 13))
        log = first + middle.encode(middle_charset) + last.removeprefix(codecs.BOM_UTF16_LE)
        reports = parse_bytes(log)
        assert {victim.pid for report in reports for victim in report.victims} == {11, 12, 13}


@pytest.mark.parametrize("size", [0, 2 << 20])
@pytest.mark.parametrize("joint", ["\\n", " "])
def test_every_kill_that_stands_in_one_line_is_told_in_a_log_of_any_size(size, joint):
    kill = "[ {at}.000000] Out of memory: Killed process {pid} (java) total-vm:9kB, anon-rss:{pid}kB"
    kills = joint.join(kill.format(at=1000 * pid, pid=pid) for pid in (11, 12, 13))
    noise = "Nov 20 10:00:00 web sshd[99]: session opened\n" * (size // 45)
    reports = parse(f'{noise}{{"user": "ann", "text": "{kills}"}}\n{noise}')
    assert [victim.pid for report in reports for victim in report.victims] == [11, 12, 13]
