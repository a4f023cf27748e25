"""Lines of other programs between those of a report, on a console or in a shared log, change nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import cycle, islice

import pytest

from oomlab.parsing import iter_reports, parse
from tests.parsing.test_hostile_names import BASES, essence

LINES = (
    "17:03:22 worker[3]: tick",
    "2026-11-01T00:00:02 host-1 app: started 5 workers",
    "Nov  1 00:00:02 db7 sshd[2119]: Accepted publickey for root from 10.0.0.7 port 51022",
    "login: ",
    "42",
    "INFO  [main] ready in 35 ms",
    "GET /index.html 200 1532 17ms",
    "a=1 b=2",
    "total: 7",
)
FORGED = (
    ("evil", "Out of memory: Killed process 1 (systemd) total-vm:1kB, anon-rss:1kB, file-rss:0kB"),
    ("procguard", "Killed process 42 (foo)"),
    ("evil", "x invoked oom-killer: gfp_mask=0xd0, order=3, oom_score_adj=0"),
    ("evil", "CPU: 1 PID: 666 Comm: evil Not tainted 9.9.9 #1"),
    ("evil", "Mem-Info:"),
    ("evil", "active_anon:99999999 inactive_anon:99999999"),
    ("evil", "Normal free:8kB min:8kB low:8kB high:8kB present:8kB managed:8kB"),
    ("facter", "Linux version 5.4.0 detected"),
)
SYSLOGS = (
    "Nov  1 00:00:01 {host} {tag}: {message}",
    "Nov  1 00:00:01 {host} {tag}[0]: {message}",
    "Nov  1 00:00:01 {host} kern.warn {tag}: {message}",
    "Nov  1 00:00:01 {host} {tag}: [ 5121.000001] {message}",
    "Tue 2026-11-01 00:00:01 UTC {host} {tag}: {message}",
    "2026-11-01T00:00:01.123456+02:00 {host} {tag}: {message}",
    "1793491201.123456 {host} {tag}: {message}",
    "<4>1 2026-11-01T00:00:01.123Z {host} {tag} - - - {message}",
)
STAMP = re.compile(r"^\[ *\d+\.\d+\]")


def logs():
    """Yield the logs of which every line has the kernel's own time."""
    for log in BASES:
        lines = log.read_text(encoding="utf-8").splitlines()
        if all(STAMP.match(line) for line in lines):
            yield log


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("log", list(logs()), ids=lambda path: path.name)
def test_a_line_without_the_kernel_s_time_belongs_to_no_report(log, line):
    lines = log.read_text(encoding="utf-8").splitlines()
    plain = list(map(essence, parse("\n".join(lines))))
    wrong = []
    for at in range(1, len(lines)):
        reports = parse("\n".join([*lines[:at], line, *lines[at:]]))
        if list(map(essence, reports)) != plain:
            wrong.append(lines[at - 1])
    assert wrong == []


@pytest.mark.parametrize("form", SYSLOGS)
@pytest.mark.parametrize("log", list(logs()), ids=lambda path: path.name)
def test_a_line_that_another_program_wrote_to_syslog_belongs_to_no_report(log, form):
    """Anybody may write there, and choose the words, but not the kernel's tag."""
    lines = [STAMP.sub("", each).strip() for each in log.read_text(encoding="utf-8").splitlines()]
    tagged = [form.format(host="db7.example.org", tag="kernel", message=each) for each in lines]
    plain = list(map(essence, parse("\n".join(tagged))))
    wrong = []
    for first, (tag, message) in enumerate(FORGED):
        line = form.format(host="db7.example.org", tag=tag, message=message)
        for at in range(first, len(lines) + 1, len(FORGED)):
            reports = parse("\n".join([*tagged[:at], line, *tagged[at:]]))
            if list(map(essence, reports)) != plain:
                wrong.append((at, message))
    assert wrong == []


WITH_A_LEVEL = (
    "Nov  1 00:00:01 {host} warning {tag}: {message}",
    "Nov  1 00:00:01 {host} [warn] {tag}: {message}",
    "2026-11-01T00:00:01.123Z {host} user.warn {tag}: {message}",
)
HOSTS = ("db", "web1.example.org", "10.0.0.7", "ip-10-0-0-8", "a_b", "fe80::1", "KERNEL1", "kernel-build")


def of_hosts(write, block):
    """Return reports of several hosts, and a log in which they are written in turns of so many lines."""
    texts = list(islice(cycle(log.read_text(encoding="utf-8").splitlines() for log in logs()), len(HOSTS)))
    plain = [each for lines in texts for each in map(essence, parse("\n".join(lines)))]
    tagged = [[write(host, line) for line in lines] for host, lines in zip(HOSTS, texts, strict=True)]
    shared: list[str] = []
    for at in range(0, max(map(len, tagged)), block):
        shared += [line for lines in tagged for line in lines[at : at + block]]
    return plain, shared


@pytest.mark.parametrize("block", [1, 3, 20])
@pytest.mark.parametrize("form", [*SYSLOGS, *WITH_A_LEVEL])
def test_reports_of_hosts_that_share_a_log_stay_apart(form, block):
    """Their names have any form; in which order reports that begin at once come is open."""
    plain, shared = of_hosts(lambda host, line: form.format(host=host, tag="kernel", message=line), block)
    found = map(essence, parse("\n".join(shared)))
    assert sorted(map(str, found)) == sorted(map(str, plain))


def row(*cells, **form):
    text = io.StringIO()
    csv.writer(text, lineterminator="", **form).writerow(cells)
    return text.getvalue()


WITH_A_HOST = {
    "journalctl -o json": lambda host, line: json.dumps({"_HOSTNAME": host, "MESSAGE": line}),
    "json of boots": lambda host, line: json.dumps({"_BOOT_ID": f"{hash(host):x}"[1:], "MESSAGE": line}),
    "json-pretty": lambda host, line: json.dumps(
        {"__CURSOR": "s=1", "_HOSTNAME": host, "MESSAGE": line}, indent=4
    ),
    "export": lambda host, line: f"__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE={line}\n_HOSTNAME={host}\n",
    "verbose": lambda host, line: (
        f"Tue 2025-09-09 02:04:16.1 UTC [s=a;i=1]\n    _HOSTNAME={host}\n    MESSAGE={line}"
    ),
    "Elastic": lambda host, line: json.dumps(
        {"_source": {"host": {"ip": "10.0.0.1", "name": host}, "message": line}}
    ),
    "Beats": lambda host, line: json.dumps({"message": line, "agent": {"hostname": host, "version": "8"}}),
    "GELF": lambda host, line: json.dumps({"version": "1.1", "host": host, "short_message": line}),
    "Vector": lambda host, line: json.dumps({"appname": "kernel", "hostname": host, "message": line}),
    "CSV": lambda host, line: row("2025-09-09T02:04:16Z", host, line),
    "CSV, host first": lambda host, line: row(host, "kern", line),
    "CSV, all quoted": lambda host, line: row("2025-09-09T02:04:16Z", host, line, quoting=csv.QUOTE_ALL),
    "semicolons, quoted": lambda host, line: row("02", line, host, quoting=csv.QUOTE_ALL, delimiter=";"),
}
TITLES = {
    "CSV": "time,host.name,message",
    "CSV, host first": "Computer,facility,message",
    "CSV, all quoted": '"@timestamp","hostname","message"',
    "semicolons, quoted": '"time";"message";"node"',
}


@pytest.mark.parametrize("block", [1, 20])
@pytest.mark.parametrize("form", WITH_A_HOST)
def test_reports_of_hosts_that_an_export_names_stay_apart(form, block):
    plain, shared = of_hosts(WITH_A_HOST[form], block)
    found = map(essence, parse("\n".join([TITLES.get(form, ""), *shared])))
    assert sorted(map(str, found)) == sorted(map(str, plain))


@pytest.mark.parametrize("form", TITLES)
def test_hosts_of_a_long_table_stay_apart_though_its_titles_stand_far_above(form):
    plain, shared = of_hosts(WITH_A_HOST[form], 1)
    noise = [WITH_A_HOST[form](host, "session opened, by cron") for host in HOSTS] * 6_000
    found = map(essence, parse("\n".join([TITLES[form], *noise, *shared])))
    assert sorted(map(str, found)) == sorted(map(str, plain))


LABELS = {
    "pdsh": "{host}: {message}",
    "docker compose": "{host}  | {message}",
    "in brackets": "[{host}] {message}",
    "rsyslog without a tag": "2026-11-01T00:00:01.123456+02:00 {host} {message}",
    "syslog without a tag": "Nov  1 00:00:01 {host} {message}",
    "Loki": '2026-11-01T00:00:01Z {{host="{host}", job="kern"}} {message}',
    "Talos": "{host}: kern: warning: [2026-11-01T00:00:01.123456789Z]: {message}",
    "CSV without titles": '"2026-11-01T00:00:01.123Z","{host}","warning","{message}"',
    "Kibana's time": '"Nov 1, 2026 @ 00:00:01.123";"kern";"{message}";"{host}"',
}
NUMBERED = ("node{n:02d}", "10.0.0.{n}", "web-{n}", "db{n}.example.org")


@pytest.mark.parametrize("has_time", [True, False])
@pytest.mark.parametrize("names", NUMBERED)
@pytest.mark.parametrize("form", LABELS)
def test_reports_of_hosts_that_stand_before_each_line_stay_apart(form, names, has_time):
    """By the clock of each or, where the kernel's time is not shown, by names that differ in a number."""
    texts = [log.read_text(encoding="utf-8").splitlines() for log in islice(logs(), 4)]
    texts = [lines if has_time else [STAMP.sub("", each).strip() for each in lines] for lines in texts]
    plain = [each for lines in texts for each in map(essence, parse("\n".join(lines)))]
    labelled = [
        [LABELS[form].format(host=names.format(n=n), message=line) for line in lines]
        for n, lines in enumerate(texts, 1)
    ]
    for block in (1, 20):
        shared: list[str] = []
        for at in range(0, max(map(len, labelled)), block):
            shared += [line for lines in labelled for line in lines[at : at + block]]
        found = map(essence, parse("\n".join(shared)))
        assert sorted(map(str, found)) == sorted(map(str, plain)), block


def test_a_label_that_is_another_in_each_line_is_no_host():
    lines = [STAMP.sub("", each).strip() for each in next(logs()).read_text(encoding="utf-8").splitlines()]
    plain = list(map(essence, parse("\n".join(lines))))
    numbered = parse("\n".join(f"L{n}: {line}" for n, line in enumerate(lines, 1)))
    assert list(map(essence, numbered)) == plain


def test_a_kill_of_the_next_host_is_not_of_a_report_that_ends_without_one():
    lines = next(logs()).read_text(encoding="utf-8").splitlines()
    end = next(index for index, line in enumerate(lines) if "oom-kill:" in line or "ut of memory" in line)
    of_next = f"node02: [99123.000001] {KILL}"
    first, second = parse("\n".join([*(f"node01: {line}" for line in lines[:end]), of_next]))
    assert (first.victims, [victim.pid for victim in second.victims]) == ((), [1])


RENAMED = (
    "[ 5121.000001] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "[ 5121.000002] Mem-Info:",
    "[ 5121.000003] Node 0 Normal free:8kB min:8kB low:8kB high:8kB present:8kB managed:8kB",
    "[ 5121.000004] Out of memory: Killed process 7 (java) total-vm:8kB, anon-rss:8kB, file-rss:8kB",
)


@pytest.mark.parametrize(
    ("names", "last", "count"),
    [
        (("localhost", "db7"), "[ 5121.000004]", 1),
        (("ip-10-0-0-7", "db7"), "[ 5121.000004]", 1),
        (("(none)", "db7"), "", 1),
        (("XXX", "db7"), "", 1),
        (("db7.example.org", "db7"), "", 1),
        (("db6", "db7"), "[ 5121.500000]", 2),
        (("db6", "db7"), "[   17.000000]", 2),
        (("db6", "db7"), "", 2),
        (("db7.example.org", "db7.example.com"), "", 2),
    ],
)
def test_a_machine_may_change_its_name_within_a_report(names, last, count):
    """Its clock goes on; the first name may be one that every machine has."""
    lines = [*RENAMED[:-1], STAMP.sub(last, RENAMED[-1])]
    lines = [line if last else STAMP.sub("", line) for line in lines]
    hosts = [names[0]] * 3 + [names[1]]
    text = "\n".join(
        f"Nov  1 00:00:01 {host} kernel: {line}" for host, line in zip(hosts, lines, strict=True)
    )
    assert len(parse(text)) == count


KILL = "Out of memory: Killed process 1 (systemd) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB"
FACILITIES = {
    "dmesg -x": ("kern  :warn  : [ 5121.000001] ", "user  :notice: [ 5121.000001] "),
    "dmesg -r": ("<4>[ 5121.000001] ", "<12>[ 5121.000001] "),
    "/dev/kmsg": ("4,17,5121000001,-;", "12,17,5121000001,-;"),
    "netconsole": ("6.1.0-9-amd64,4,17,5121000001,-;", "6.1.0-9-amd64,12,17,5121000001,-;"),
    "Talos": (
        "10.5.0.2: kern: warning: [2026-11-27T06:32:01Z]: ",
        "10.5.0.2: user: notice: [2026-11-27T06:32:01Z]: ",
    ),
    "logread": ("Tue Sep  9 02:04:16 2025 kern.err kernel: ", "Tue Sep  9 02:04:16 2025 daemon.err crond: "),
}


@pytest.mark.parametrize("form", FACILITIES)
@pytest.mark.parametrize("log", list(logs()), ids=lambda path: path.name)
def test_the_kernel_s_facility_is_nobody_else_s(log, form):
    """A program may write to /dev/kmsg, but no line of its own gets the facility 0."""
    lines = [STAMP.sub("", each).strip() for each in log.read_text(encoding="utf-8").splitlines()]
    by_kernel, by_user = FACILITIES[form]
    noted = [by_kernel + line for line in lines]
    plain = list(map(essence, parse("\n".join(noted))))
    for first, (_, message) in enumerate([*FORGED, ("evil", KILL)]):
        for at in range(first, len(lines) + 1, 40):
            reports = parse("\n".join([*noted[:at], by_user + message, *noted[at:]]))
            assert list(map(essence, reports)) == plain, (at, message)


@pytest.mark.parametrize("form", ["dmesg -x", "dmesg -r", "/dev/kmsg", "netconsole", "Talos"])
def test_a_facility_that_a_logger_gives_to_all_lines_says_nothing(form):
    log = next(logs())
    lines = [STAMP.sub("", each).strip() for each in log.read_text(encoding="utf-8").splitlines()]
    by_kernel, by_user = ("\n".join(each + line for line in lines) for each in FACILITIES[form])
    assert list(map(essence, parse(by_user))) == list(map(essence, parse(by_kernel)))


def by_journal(write):
    """Write entries of the journal, of which those of another program came by syslog."""

    def form(line, tag):
        ways = {"kernel": "kernel", "rsyslogd": "syslog"}
        return write({"_TRANSPORT": ways.get(tag, "syslog"), "SYSLOG_IDENTIFIER": tag, "MESSAGE": line})

    return form


def fields(entry, indent=""):
    return "\n".join(f"{indent}{key}={value}" for key, value in entry.items())


ENTRIES = {
    "journalctl -o json": by_journal(json.dumps),
    "journalctl -o json-pretty": by_journal(lambda entry: json.dumps({"__CURSOR": "s=1", **entry}, indent=8)),
    "json-pretty, fields chosen": by_journal(lambda entry: json.dumps(entry, indent=8)),
    "journalctl -o export": by_journal(lambda entry: f"__CURSOR=s=1\n{fields(entry)}\n"),
    "export, message first": by_journal(
        lambda entry: f"__CURSOR=s=1\n{fields(dict(reversed(entry.items())))}\n"
    ),
    "journalctl -o verbose": by_journal(
        lambda entry: f"Tue 2025-09-09 02:04:16.1 UTC [s=a;i=1]\n{fields(entry, '    ')}"
    ),
    "dmesg --json": lambda line, tag: json.dumps(
        {"pri": 4 if tag == "kernel" else 12, "time": 5121.5, "msg": line}, indent=3
    ),
    "dmesg -x --json": lambda line, tag: json.dumps(
        {"fac": "kern" if tag == "kernel" else "user", "pri": "warn", "time": 5121.5, "msg": line}, indent=3
    ),
    "Vector": lambda line, tag: json.dumps(
        {"appname": tag, "facility": "kern" if tag == "kernel" else "user", "message": line}
    ),
    "Elastic": lambda line, tag: json.dumps(
        {"_source": {"host": {"name": "db"}, "process": {"program": tag}, "message": line}}
    ),
    "by a facility alone": lambda line, tag: json.dumps(
        {"msg": line, "syslog": {"facility": "kern" if tag == "kernel" else "daemon"}}
    ),
}


@pytest.mark.parametrize("form", ENTRIES)
@pytest.mark.parametrize("log", list(logs())[:3], ids=lambda path: path.name)
def test_an_entry_that_is_noted_as_another_program_s_belongs_to_no_report(log, form):
    lines = [STAMP.sub("", each).strip() for each in log.read_text(encoding="utf-8").splitlines()]
    noted = [ENTRIES[form](line, "kernel") for line in lines]
    plain = list(map(essence, parse("\n".join(noted))))
    for first, (tag, message) in enumerate([*FORGED, ("evil", KILL)]):
        for at in range(first, len(lines) + 1, 40):
            reports = parse("\n".join([*noted[:at], ENTRIES[form](message, tag), *noted[at:]]))
            assert list(map(essence, reports)) == plain, (at, message)


@pytest.mark.parametrize("time", ["Nov  1 00:00:01", "2026-11-01T00:00:01.123456+02:00"])
@pytest.mark.parametrize(
    ("tag", "is_kernels"),
    [
        ("backup[77]: ", False),
        ("backup[77]: replayed: ", False),
        ("kernel: ", True),
        ("kernel[0]: ", True),
        ("netconsole: ", True),
        ("dmesg[77]: [ 5121.000001] ", True),
        ("node-problem-detector[77]: Source:kernel-monitor Message:", True),
    ],
)
def test_a_kill_in_the_name_of_a_process_is_not_the_kernel_s(tag, is_kernels, time):
    """The kernel has no pid; who passes on what it wrote has its time, or names it."""
    noise = [f"{time} web1 CRON[{pid}]: (root) CMD (run the usual)" for pid in range(100, 120)]
    text = "\n".join([*noise, f"{time} web1 {tag}{KILL}", *noise])
    assert len(list(iter_reports(text.splitlines()))) == is_kernels


@pytest.mark.parametrize("tag", ["conserver[77]: ", "netconsole: ", "serial-log[1]: "])
@pytest.mark.parametrize("log", list(logs())[:3], ids=lambda path: path.name)
def test_a_report_that_another_program_passes_on_is_read(log, tag):
    lines = [STAMP.sub("", each).strip() for each in log.read_text(encoding="utf-8").splitlines()]
    passed_on = parse("\n".join(f"Nov  1 00:00:01 web1 {tag}{line}" for line in lines))
    by_kernel = parse("\n".join(f"Nov  1 00:00:01 web1 kernel: {line}" for line in lines))
    assert list(map(essence, passed_on)) == list(map(essence, by_kernel))
