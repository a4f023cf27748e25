"""A redacted log tells nobody whose it is, and reads to the same report and diagnosis."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from oomlab.cli import main
from oomlab.diagnosis import diagnose
from oomlab.diagnosis.services import service_of
from oomlab.parsing import parse, read_pieces
from oomlab.parsing.lines import LineKind
from oomlab.render.redacted import _WITH_NAMES, Redactor
from oomlab.report import Report
from tests.support.contradictions import logs

UID = "1f2e3d4c-aaaa-bbbb-cccc-0123456789ab"
BOX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
PRIVATE = f"""\
Nov  2 13:07:24 db7.example.org kernel: [ 100.000001] acme-billing invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=900
Nov  2 13:07:24 db7.example.org kernel: [ 100.000002] CPU: 1 PID: 77 Comm: acme-billing Not tainted 6.1.90 #1
Nov  2 13:07:24 db7.example.org kernel: [ 100.000003] Hardware name: Acme Rocket 9/X1, BIOS 7 01/01/2024
Nov  2 13:07:24 db7.example.org kernel: [ 100.000004] memory: usage 512000kB, limit 512000kB, failcnt 99
Nov  2 13:07:24 db7.example.org kernel: [ 100.000005] Memory cgroup stats for /kubepods/burstable/pod{UID}/{BOX}:
Nov  2 13:07:24 db7.example.org kernel: [ 100.000006] anon 500000000
Nov  2 13:07:24 db7.example.org sshd[5]: Accepted publickey for alice from 192.0.2.7
Nov  2 13:07:24 db7.example.org kernel: [ 100.000007] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
Nov  2 13:07:24 db7.example.org kernel: [ 100.000008] [     77]  1234    77   200000   120000   400000        0           900 acme-billing
Nov  2 13:07:24 db7.example.org kernel: [ 100.000009] [     78]  1234    78     2000      100    40000        0           900 bash
Nov  2 13:07:24 db7.example.org kernel: [ 100.000010] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={BOX},mems_allowed=0,oom_memcg=/kubepods/burstable/pod{UID}/{BOX},task_memcg=/kubepods/burstable/pod{UID}/{BOX},task=acme-billing,pid=77,uid=1234
Nov  2 13:07:24 db7.example.org kernel: [ 100.000011] Memory cgroup out of memory: Killed process 77 (acme-billing) total-vm:800000kB, anon-rss:480000kB, file-rss:0kB, shmem-rss:0kB, UID:1234 pgtables:390kB oom_score_adj:900
"""  # noqa: E501
SECRETS = ("db7", "example", "acme", "Acme", "Rocket", "alice", "192.0.2.7", UID, BOX, "1234")


def redacted(reports: list[Report]) -> str:
    redactor, done, lines = Redactor(), None, []
    for report in reports:
        lines += redactor.lines(report, done)
        done = report
    return "\n".join(lines)


def facts(report: Report) -> dict[str, object]:
    """What a report and its diagnosis say, but for names."""
    diagnosis = diagnose(report)
    memcg = report.memcg
    return {
        "what": (report.kind, report.scope, report.constraint, report.panic, report.trace),
        "cause": (diagnosis.cause, diagnosis.contributing, diagnosis.confidence, len(diagnosis.remedies)),
        "asked": report.trigger._replace(comm=None, line=None)
        if hasattr(report.trigger, "_replace")
        else (report.trigger.pid, report.trigger.gfp_mask, report.trigger.gfp_names, report.trigger.order),
        "kernel": report.kernel and report.kernel.text,
        "zones": [(z.node, z.name, z.free, z.watermark_min, z.managed, z.free_blocks) for z in report.zones],
        "totals": dict(report.totals),
        "swap": report.swap and (report.swap.total, report.swap.free),
        "victims": [(v.pid, v.anon_rss_kb, v.oom_score_adj, v.score, v.reaped) for v in report.victims],
        "tasks": [each._replace(comm="", uid=None, line=None) for each in report.tasks],
        "holders": [(each.count, each.held) for each in diagnosis.holders],
        "group": memcg and (memcg.usage_kb, memcg.limit_kb, dict(memcg.stats)),
    }


@pytest.mark.parametrize("path", logs(), ids=lambda path: path.stem)
def test_a_redacted_log_reads_to_the_same_reports_and_diagnoses(path):
    before = list(read_pieces([path.read_bytes()]))
    after = list(read_pieces([redacted(before).encode()]))
    assert [facts(each) for each in after] == [facts(each) for each in before]


def test_nothing_private_is_left():
    text = redacted(parse(PRIVATE))
    assert [secret for secret in SECRETS if secret in text] == []
    assert "bash" in text


def test_what_a_relay_wrote_in_brackets_behind_a_kill_is_left_out_with_the_name():
    """However long it is: a name may hold brackets, so all up to the last one is taken for it."""
    seen = "seen by relay01.corp.example port 514 for carol " * 9
    kill = f"Killed process 1234 (alicesvc) total-vm:5500648kB, anon-rss:4kB (host=db1.corp.example, {seen})"
    (report,) = parse(f"sh invoked oom-killer: gfp_mask=0x201da, order=0\nOut of memory: {kill}")
    shown = "".join(Redactor().lines(report))
    assert "Killed process 1234 (name1)" in shown
    assert not any(word in shown for word in ("alice", "relay", "carol", "corp"))


def test_one_name_is_replaced_by_one_other_everywhere():
    (report,) = parse(redacted(parse(PRIVATE)))
    names = {
        report.trigger.comm,
        report.tasks[0].comm,
        report.victims[0].comm,
        diagnose(report).holders[0].name,
    }
    assert names == {"name1"}
    assert {task.uid for task in report.tasks} == {report.victims[0].uid}
    assert report.memcg.oom_path == report.victims[0].memcg


def test_what_a_group_belongs_to_can_still_be_told():
    before, after = (
        service_of(parse(text)[0].memcg.oom_path) for text in (PRIVATE, redacted(parse(PRIVATE)))
    )
    assert (
        (after.manager, after.qos_class) == (before.manager, before.qos_class) == ("kubernetes", "Burstable")
    )
    assert after.pod_uid not in (None, before.pod_uid)
    assert after.container_id not in (None, before.container_id)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/system.slice/acme.service", "/system.slice/group1.service"),
        ("/user.slice/user-1234.slice/user@1234.service", "/user.slice/user-1001.slice/user@1001.service"),
        ("/user.slice/user-0.slice", "/user.slice/user-0.slice"),
        (f"/docker/{BOX}", f"/docker/{1:064x}"),
        (f"/system.slice/docker-{BOX}.scope", f"/system.slice/docker-{1:064x}.scope"),
        ("/slurm/uid_0/job_99/step_0", "/slurm/uid_0/job_1/step_2"),
        ("/acme/acme", "/group1/group1"),
    ],
)
def test_the_known_parts_of_a_path_stay(path, shown):
    assert Redactor().path(path) == shown


def test_names_of_other_machines_get_other_names():
    lines = PRIVATE.splitlines(keepends=True)
    other = (
        "".join(lines).replace("db7", "db8").replace("[ 100.", "[ 900.").replace("acme-billing", "acme-other")
    )
    text = redacted(parse(PRIVATE + other))
    assert set(re.findall(r"\bname\d+", text)) == {"name1", "name2"}


def test_the_command_writes_the_log_and_nothing_else(tmp_path, capsys):
    log = tmp_path / "private.log"
    log.write_text(PRIVATE)
    assert main(["explain", "--redact", str(log)]) == 0
    out, err = capsys.readouterr()
    assert (out.rstrip("\n"), err) == (redacted(parse(PRIVATE)), "")
    log.write_text(out)
    assert main(["explain", str(log)]) == 0
    assert "name1 (pid 77)" in capsys.readouterr().out


def test_a_user_s_number_may_have_any_number_of_digits():
    text = "Out of memory: Killed process 1 (x) total-vm:1kB, anon-rss:1kB, UID:" + "9" * 5000
    (line,) = Redactor().lines(parse(text)[0])
    assert "999" not in line


HOSTILE = {
    "a user's number beside the CPU's": ("CPU: 1 PID: 77", "CPU: 1 UID: 4343 PID: 77"),
    "a bracket in a name": ("acme-billing", "a b)zeta(x) y"),
    "the words behind a name, in a name": ("acme-billing", "a) score 1 zeta"),
    "numbers in a name": ("acme-billing", "7 8 zeta"),
    "keys in a name": ("acme-billing", "a,pid=1 zeta"),
    "a taint in a name": ("acme-billing", "Tainted: zeta"),
    "a name of a worker": ("acme-billing", "kworker/zeta"),
    "a name like a worker's": ("acme-billing", "kworker/0:1-zeta"),
    "a name like that of a worker's queue": ("acme-billing", "kworker/0:1-eventszeta"),
    "a name like a service's": ("acme-billing", "systemd-zeta"),
    "a name that begins as a known program's": ("acme-billing", "python-zeta"),
    "an escaped name": ("acme-billing", "\\xe6\\x97\\xa5\\xe6\\x97\\xa5 zeta zeta"),
    "blanks in a path": ("/kubepods/burstable", "/my zeta/burst able zeta"),
    "keys in a path": ("/kubepods/burstable", "/a,uid=zeta,task=zeta/b,mems_allowed=zeta"),
    "colons in a path": ("/kubepods/burstable", "/a: zeta: cache: zeta/b:"),
    "a user's number in a path": ("/kubepods/burstable", "/slurm/uid_4343"),
    "a host in a path": ("/kubepods/burstable", "/slurm_zeta/kubepods-zeta"),
    "a name behind an id": (f"/{BOX}", f"/docker-{BOX}.zeta"),
    "a name before an id": (f"/pod{UID}", f"/kubepodszeta-pod{UID}"),
    "a set of CPUs": (f"cpuset={BOX}", "cpuset=a zeta,b"),
    "who built the kernel": ("6.1.90 #1", "6.1.90 #1-zeta SMP zeta@build Debian zeta"),
    "where the kernel was built": ("anon 500000000", "Linux version 6.1.90 (zeta@build) (gcc) #1 SMP"),
}
"""What is put in place of what; neither ``zeta`` nor user 4343 may be seen."""


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_private_is_left_of_names_that_look_like_something_else(case):
    old, new = HOSTILE[case]
    assert old in PRIVATE
    text = redacted(parse(PRIVATE.replace(old, new).replace("UID:1234", "UID:4343")))
    assert [word for word in ("zeta", "4343", UID, BOX) if word in text] == []
    assert len(text.splitlines()) > 8


@pytest.mark.parametrize(
    "line",
    [
        "Task in {} killed as a result of limit of {}",
        "Tasks in {} are going to be killed due to memory.oom.group set",
        "Memory cgroup stats for {}: cache:0KB rss:100KB",
        "Memory cgroup stats for {}",
        "sh cpuset={} mems_allowed=0",
    ],
)
def test_a_path_may_hold_blanks_in_every_line(line):
    text = PRIVATE.replace(f"Memory cgroup stats for /kubepods/burstable/pod{UID}/{BOX}:", line)
    assert text != PRIVATE
    shown = redacted(parse(text.replace("{}", f"/my zeta/pod{UID}: zeta/{BOX}")))
    assert [word for word in ("zeta", UID, BOX) if word in shown] == []
    assert line.partition("{}")[0] in shown


@pytest.mark.parametrize("name", ["zeta job", "zeta", "a zeta,mems_allowed=zeta", "/a zeta/b"])
def test_a_set_of_cpus_that_a_failure_names_is_replaced_whatever_its_name(name):
    header = "sh: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL), nodemask=(null)"
    shown = redacted(
        parse(f"{header},cpuset={name},mems_allowed=0-1\nMem-Info:\nactive_anon:1 inactive_anon:2\n")
    )
    assert "zeta" not in shown
    assert shown.splitlines()[0].endswith(",mems_allowed=0-1")


@pytest.mark.parametrize(
    "name",
    ["kworker/u8:3", "kworker/0:1H", "kworker/0:1H-events", "kworker/u9:0+events_unbound", "CPU 0/KVM"],
)
def test_names_that_the_kernel_and_known_programs_have_stay(name):
    assert Redactor().comm(name) == name


def test_a_program_of_which_something_is_known_is_still_known_by_its_new_name():
    redactor = Redactor()
    assert redactor.comm("python-zeta") == redactor.comm("python-zeta") == "python-1"
    assert redactor.comm("python3.11") == "python3.11"


NAMES_NOBODY = set(
    [
        "show",
        "manual_oom",
        "slab_failure",
        "trace",
        "memcg_task",
        "memcg_usage",
        "memcg_stats",
        "memcg_stat",
        "memcg_group",
        "meminfo",
        "pcp_zone",
        "pcp",
        "free_pages",
        "totals",
        "node",
        "zone",
        "reserve",
        "blocks",
        "huge",
        "pages",
        "swap",
        "slab_title",
        "slab",
        "alloc_title",
        "alloc",
        "protection",
        "task_title",
        "task_header",
        "panic",
        "continuation",
    ]
)
"""Kinds of lines without the name of a process; groups, users and caches are replaced in every line."""


def test_every_kind_of_line_either_names_processes_or_does_not():
    """A new kind must be looked at: what it names would otherwise be shown."""
    kinds = [_WITH_NAMES, {"task", "boot", "other"}, NAMES_NOBODY]
    assert set().union(*kinds) == set(get_args(LineKind))
    assert sum(map(len, kinds)) == len(get_args(LineKind))
