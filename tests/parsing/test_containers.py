"""Reports inside JSON, HTML, Markdown and mail, and lines that these have joined.

The next log whose characters or line ends some other format has changed goes here; a format
that changes every line of a report goes to :mod:`tests.support.forms`.
"""

from __future__ import annotations

import json

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from oomlab.render.redacted import Redactor
from tests.support.texts import only, reports

ZONE = "Node 0 Normal free:26920kB min:18240kB low:22800kB high:27360kB present:1310720kB managed:1243116kB"


def test_raw_mail_is_known_though_its_first_sign_of_equality_ends_a_line():
    report = only(f"""
        {ZONE} inactive_anon:0kB =
        mapped:12kB
        Node 0 Normal: 218*4kB (UM) 301*8kB (UM) 0*16kB =3D 3280kB
        Free swap  =3D 734508kB
        """)
    assert report.swap
    assert report.swap.free == 734508 // 4
    assert report.zones[0].counters["mapped"] == 3


def test_names_set_in_bold_are_names():
    (report,) = reports("""
        kernel: [99.1] hog invoked oom-killer: gfp_mask=0x201da, order=0, oomkilladj=0
        kernel: [99.2] Out of memory: kill process 3910 (**browser**) score 158591 or a child
        kernel: [99.3] Killed process 3910 (**browser**)
        """)
    assert [victim.comm for victim in report.victims] == ["browser"]


def test_a_header_inside_another_cpus_line_is_found_by_its_level():
    found = reports("""
        cc1 invoked oom-killer: gfp_mask=0x280d2, order=0, oomkilladj=0
         [<c0147386>] out_of_memory+0x70/0xf6
         [<c01484c4>] <4>make invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0
         [<c0147386>] out_of_memory+0x70/0xf6
        """)
    assert [report.trigger.comm for report in found] == ["cc1", "make"]
    assert found[1].trigger.line == 3


def test_kills_that_lost_their_line_ends_are_all_read():
    (report,) = reports(
        "Killed process 16765 (applet)Out of memory: kill process 10853 (qemu) score 6872 or a child"
        "Killed process 10853 (qemu)"
    )
    assert [victim.comm for victim in report.victims] == ["applet", "qemu"]


def test_lines_joined_as_code_are_lines():
    (report,) = reports(
        "SysRq : Manual OOM execution `` ``events/0 invoked oom-killer: gfp_mask=0xd0, order=0, oomkilladj=0"
        " `` ``[<``c04584e9``>] out_of_memory+0x72/0x1a5 `` ``[<``c053a2eb``>] moom_callback+0x13/0x15"
        " `` ``Mem-info: ``…… (snip) ……`` ``Out of memory: Killed process 4860 (xfs)."
    )
    assert (report.trigger.comm, report.victims[0].comm) == ("events/0", "xfs")
    assert report.trace == ("out_of_memory", "moom_callback")
    assert diagnose(report).cause == "sysrq_manual"


@pytest.mark.parametrize("rows", [300, 900, 3000])
@pytest.mark.parametrize("head", ['{"message":"', '{"time":"2024-01-01T00:00:00Z","level":"warn","log":"'])
def test_a_table_of_any_length_is_read_from_one_string(rows, head):
    """A string of more than 64 KiB comes in parts, of which the first is no JSON and the last neither."""
    table = "".join(
        f"[{pid:7d}]  1000 {pid:5d}    20000     1000    65536        0             0 proc{pid}\\n"
        for pid in range(1, rows + 1)
    )
    columns = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
    (report,) = parse(
        head + f"sh invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\\n{columns}\\n{table}"
        'Out of memory: Killed process 7 (proc7) total-vm:80kB, anon-rss:4kB\\n","stream":"stdout"}\n'
    )
    assert report.trigger.comm == "sh"
    assert [task.pid for task in report.tasks] == list(range(1, rows + 1))
    assert [victim.pid for victim in report.victims] == [7]


KILL = "Out of memory: Killed process 7 (sh) total-vm:8kB, anon-rss:8kB, file-rss:0kB"


def test_rules_between_lines_of_a_message_make_no_yaml_of_it():
    report = only(f"""
        Hello, the full log:
        ---
        log: attached
        Mem-Info:
        {KILL}
        ---
        Regards
        """)
    assert [victim.pid for victim in report.victims] == [7]
    assert "Mem-Info:" in [line.text for line in report.source]


@pytest.mark.parametrize(
    ("entry", "kills"),
    [
        ({"_TRANSPORT": "kernel"}, 1),
        ({"_TRANSPORT": "syslog", "SYSLOG_IDENTIFIER": "kernel"}, 1),  # rsyslog's own reading of the kernel
        ({"SYSLOG_IDENTIFIER": "kernel"}, 1),
        ({"_TRANSPORT": "syslog", "SYSLOG_IDENTIFIER": "evil", "_UID": "1000"}, 0),
        ({"_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "app"}, 0),
    ],
)
def test_the_journal_notes_who_wrote_an_entry(entry, kills):
    other = json.dumps({"MESSAGE": "Mem-Info:", "_TRANSPORT": "kernel"})
    text = f"{json.dumps(entry | {'MESSAGE': KILL})}\n{other}\n"
    assert sum(len(report.victims) for report in parse(text)) == kills


def test_yaml_has_text_in_blocks_too():
    found = reports(f"""
        ---
        msg: |
          first
          {KILL}
        ---
        jsonPayload:
          message: >-
            {KILL.replace("7", "8")}
        ---
        """)
    assert [victim.pid for report in found for victim in report.victims] == [7, 8]


@pytest.mark.parametrize("cell", ["x" * 140_000, "a\rb", '"'])
def test_cells_that_no_csv_has_are_no_error(cell):
    text = f'a,"{cell}"\nMem-Info:,"b"\n"{KILL}",1\n'
    assert [victim.pid for report in parse(text) for victim in report.victims] == [7]


KILLS = ("Killed process {} (squid).", "Killed process {} (squid) total-vm:8kB, anon-rss:8kB")


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_kills_behind_another_on_its_line_are_no_ending_of_it(kill, lines):
    """However many stand on each: what ends all lines is a mark or a time, and no words of the kernel."""
    said = [f"[{100 + n}.000001] Out of Memory: {kill.format(10 + n)}" for n in range(4 * lines)]
    text = "\n".join(" ".join(said[at : at + 4]) for at in range(0, len(said), 4))
    pids = [victim.pid for report in parse(text) for victim in report.victims]
    assert pids == list(range(10, 10 + 4 * lines))


RECORD = '{{"_source": {{"@timestamp": "{at}", "message": {message}}}}}'
KILLED = "Memory cgroup out of memory: Killed process {} (webd) total-vm:9kB, anon-rss:{}kB, file-rss:0kB"


@pytest.mark.parametrize(
    ("stamps", "times", "uptimes"),
    [
        (("[   10.000000]", "[ 5000.000000]"), [None, None], [10.0, 5000.0]),
        (
            ("Nov 20 06:32:01 h kernel:", "Nov 23 06:32:01 h kernel:"),
            ["Nov 20 06:32:01", "Nov 23 06:32:01"],
            [None, None],
        ),
    ],
)
def test_each_of_several_kills_in_one_string_has_its_own_time(stamps, times, uptimes):
    kills = "\n".join(f"{stamp} {KILLED.format(pid, pid)}" for pid, stamp in enumerate(stamps, 300))
    found = parse(json.dumps({"user": "ann", "text": kills}))
    assert [report.time for report in found] == times
    assert [report.uptime_s for report in found] == uptimes


def test_the_lines_of_one_entry_have_the_time_of_the_entry():
    kills = "\n".join(KILLED.format(pid, pid) for pid in (300, 301))
    found = parse(json.dumps({"ts": "2026-11-27T06:32:00Z", "text": kills}))
    assert [report.time for report in found] == 2 * ["2026-11-27T06:32:00"]


@pytest.mark.parametrize("rows", [1, 60])
def test_a_document_on_one_line_keeps_its_kills_apart_and_loses_no_line_when_redacted(rows):
    def lines(pid: int, at: float) -> list[str]:
        return [
            f"[ {at}00001] job{pid} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
            f"[ {at}00002] memory: usage 512000kB, limit 512000kB, failcnt 99",
            *[f"[ {at}00003] [{n:>7}]  1000 {n:>5}  3200  1600  0  0  worker" for n in range(rows)],
            f"[ {at}00004] {KILLED.format(pid, pid)}",
        ]

    late = [f"[ 2000.{n}00000] oom_reaper: reaped process {n}00 (webd), now anon-rss:0kB" for n in (3, 4)]
    each = [*lines(300, 2000.1), *lines(400, 2000.2), *late]
    entries = [RECORD.format(at="2026-11-27T06:32:00Z", message=json.dumps(line)) for line in each]
    found = parse(f'{{"hits": {{"hits": [{", ".join(entries)}]}}}}')
    assert [[(victim.pid, victim.reaped) for victim in report.victims] for report in found] == [
        [(300, True)],
        [(400, True)],
    ]
    assert [(report.time, report.uptime_s) for report in found] == [
        ("2026-11-27T06:32:00", 2000.100001),
        ("2026-11-27T06:32:00", 2000.200001),
    ]
    redactor = Redactor()
    shown = [*redactor.lines(found[0]), *redactor.lines(found[1], found[0])]
    for words in ("invoked", "Killed", "reaped"):
        assert sum(words in line for line in shown) == 2


ASKED = "webd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
FIELDS = {
    "__REALTIME_TIMESTAMP": "1795762000000137",
    "__MONOTONIC_TIMESTAMP": "1000900000",
    "_TRANSPORT": "kernel",
    "_SOURCE_MONOTONIC_TIMESTAMP": "1000000137",
}
BEFORE = FIELDS | {"__REALTIME_TIMESTAMP": "1795761000000000", "_SOURCE_MONOTONIC_TIMESTAMP": "900000000"}


def entries(message_first: bool) -> list[dict[str, str]]:
    """Two entries of a journal, of which the first is of another matter."""
    texts = ("usb 1-1: new device", ASKED)
    found = [fields | {"MESSAGE": text} for fields, text in zip((BEFORE, FIELDS), texts, strict=True)]
    return [dict(reversed(each.items())) for each in found] if message_first else found


@pytest.mark.parametrize("message_first", [False, True])
@pytest.mark.parametrize(
    "write",
    [
        lambda each: json.dumps(each) + "\n",
        lambda each: json.dumps(each, indent=8) + "\n",
        lambda each: "".join(f"{key}={value}\n" for key, value in each.items()) + "\n",
    ],
    ids=["json", "json-pretty", "export"],
)
def test_an_entry_of_a_journal_has_its_times_in_other_fields(write, message_first):
    report = only("".join(map(write, entries(message_first))))
    assert (report.time, report.uptime_s) == ("2026-11-27T06:46:40", 1000.000137)


def test_an_entry_in_full_has_its_date_above_its_fields():
    def entry(at: str, fields: dict[str, str]) -> str:
        rows = "".join(f"    {key}={value}\n" for key, value in fields.items() if not key.startswith("__"))
        return f"Fri 2026-11-27 06:{at}.123456 UTC [s=abc;i=1;b=aa;m=1;t=2;x=3]\n{rows}"

    first, second = entries(message_first=False)
    report = only(entry("30:00", first) + entry("46:40", second))
    assert (report.time, report.uptime_s) == ("2026-11-27 06:46:40", 1000.000137)


@pytest.mark.parametrize("indent", [None, 3])
def test_what_dmesg_writes_as_json_has_its_time_in_another_field(indent):
    rows = [
        {"pri": 6, "time": 900.5, "msg": "usb 1-1: new device"},
        {"pri": 4, "time": 1000.000137, "msg": ASKED},
        {"pri": 4, "time": 1000.000139, "msg": "Mem-Info:"},
    ]
    report = only(json.dumps({"dmesg": rows}, indent=indent))
    assert (report.time, report.uptime_s) == (None, 1000.000137)


def test_a_time_that_no_calendar_has_is_none():
    report = only(json.dumps(FIELDS | {"__REALTIME_TIMESTAMP": "9" * 17, "MESSAGE": ASKED}))
    assert report.uptime_s == 1000.000137


def test_dmesg_for_people_dates_a_report_by_the_minute_above():
    log = f"[Nov27 06:32] usb 1-1: new device\n[  +0.000137] {ASKED}\n[  +0.000137] Mem-Info:\n"
    other = log.replace("[  +0.000137] webd", "[Nov 7 07:40] webd")
    assert [report.time for report in (only(log), only(other))] == ["Nov27 06:32", "Nov 7 07:40"]
