"""What other programs than the kernel's OOM killer write of kills for memory.

The next message that is not found goes into ``MESSAGES``.
"""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from oomlab.kernel import load_table
from oomlab.parsing import NoticeSearch, find_notices
from oomlab.report import NoticeKind

ID = "0123456789ab" + "c" * 52
GROUP = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-web.scope"
PRESSURE = f"due to memory pressure for {GROUP} being 57.97% > 50.00% for > 20s with reclaim activity"

MESSAGES = [
    (f"systemd-oomd[949]: Killed {GROUP} {PRESSURE}", "systemd_oomd", GROUP, "57.97 % > 50.00 % over 20 s"),
    (f"systemd-oomd[949]: Marked {GROUP} for killing {PRESSURE}", "systemd_oomd", GROUP, "over 20 s"),
    (
        f"systemd-oomd[9]: Killed {GROUP} due to memory used (8589934592) / total (9663676416) and swap used "
        "(1932735283) / total (2147483648) being more than 90.00%",
        "systemd_oomd",
        GROUP,
        "8.0 GiB of 9.0 GiB of memory, 1.8 GiB of 2.0 GiB of swap",
    ),
    (
        f"oomd[9]: Killed {GROUP} due to swap used (1932735283) / total (2147483648) being more than 90.00%",
        "systemd_oomd",
        GROUP,
        "1.8 GiB of 2.0 GiB of swap",
    ),
    (
        "systemd[1]: job.service: systemd-oomd killed 134 process(es) in this unit.",
        "systemd_oomd",
        "job.service",
        "134 processes",
    ),
    (
        'earlyoom[5]: sending SIGTERM to process 42 uid 1000 "tabs": oom_score 900, oom_score_adj 300, '
        'VmRSS 2800 MiB, cmdline "tabs --all"',
        "earlyoom",
        "tabs",
        "it held 2800 MiB",
    ),
    (
        "oomd kill: 61.25 40.10 9.00 workload.slice/hog.service 5368709120 ruleset:[memory pressure] "
        "detectorgroup:[high] killer:kill_by_pg_scan v2",
        "oomd",
        "workload.slice/hog.service",
        "it held 5.0 GiB, under a memory pressure of 61.25 %, by its ruleset memory pressure.",
    ),
    (
        'earlyoom: sending SIGKILL to process 42 "a "b"": badness 9, VmRSS 8 MiB',
        "earlyoom",
        'a "b"',
        "SIGKILL",
    ),
    (
        "mem avail:   700 of 7000 MiB (10 %), swap free:    0 of    0 MiB ( 0 %)\n"
        'killing process 42 "tabs" with signal 15: badness 610, VmRSS 2800 MiB',
        "earlyoom",
        "tabs",
        "score 610, it held 2800 MiB; 10 % of memory and 0 % of swap were left",
    ),
    (
        "Killing process 'tabs' with signal 9, pid: 42, badness: 610, VmRSS: 2800 MiB",
        "earlyoom",
        "tabs",
        'set out to kill "tabs" 42 with signal 9',
    ),
    (
        "Killing process: tabs, pid: 42, badness: 610, VmRSS: 2800 MiB",
        "earlyoom",
        "tabs",
        '"tabs" 42 (line 1)',
    ),
    (
        "nohang[7]:   PID:       77, name: hoard, state: R, EUID: 1000\n"
        "nohang[7]: Implementing a corrective action:\n"
        "nohang[7]:   Sending SIGTERM to the victim",
        "nohang",
        "hoard",
        "nohang sent SIGTERM to hoard (pid 77)",
    ),
    (
        "[  9.1] lowmemorykiller: Killing 'com.sample' (261), adj 1000,\n"
        "   to free 20784kB on behalf of 'kswapd0' (442) because\n"
        "   cache 32112kB is below limit 32384kB for oom_score_adj 1000\n",
        "lowmemorykiller",
        "com.sample",
        "cache 32112 kB under its limit 32384 kB",
    ),
    (
        "lowmemorykiller: Killing 'com.sample' (261) (tgid 261), adj 900,",
        "lowmemorykiller",
        "com.sample",
        "adj 900. That is how",
    ),
    (
        "lowmemorykiller: send sigkill to 261 (com.sample), adj 15, size 4000",
        "lowmemorykiller",
        "com.sample",
        "(261), adj 15",
    ),
    (
        "I lowmemorykiller: Kill 'com.sample' (261), uid 10045, oom_score_adj 900 to free 51200kB rss, "
        "90kB swap; reason: low watermark is breached and swap is low (9kB < 18kB)",
        "lmkd",
        "com.sample",
        "51200 kB: low watermark is breached and swap is low (9kB < 18kB)",
    ),
    ("lmkd: Kill 'com.sample' (261), uid 1, oom_adj 900 to free 5kB", "lmkd", "com.sample", "to free 5 kB."),
    (
        'eviction_manager.go:349] "Eviction manager: must evict pod(s) to reclaim" resourceName="memory"\n'
        'eviction_manager.go:600] "Eviction manager: pod is evicted successfully" pod="default/web-1"',
        "kubelet_eviction",
        "default/web-1",
        "evicted a pod, default/web-1, to reclaim memory",
    ),
    (
        "eviction manager: must evict pod(s) to reclaim memory\n"
        "eviction manager: pod web-1_default(11aa) is evicted successfully",
        "kubelet_eviction",
        "web-1_default(11aa)",
        "to reclaim memory",
    ),
    (
        "3m  Warning  Evicted  pod/web-1  The node was low on resource: memory. Threshold quantity: 750Mi, "
        "available: 225800Ki. Container nginx was using 4395616Ki, request is 0, has larger consumption",
        "kubelet_eviction",
        "web-1",
        "225800Ki was left of the 750Mi to keep, container nginx used 4395616Ki",
    ),
    (
        'eviction_manager.go:380] "Eviction manager: attempting to reclaim" resourceName="memory"\n'
        'eviction_manager.go:391] "Eviction manager: must evict pod(s) to reclaim" resourceName="memory"\n'
        'eviction_manager.go:409] "Eviction manager: pods ranked for eviction" pods=["default/web-1"]',
        "kubelet_eviction",
        None,
        "found its node short of memory and had to evict a pod",
    ),
    (
        "3m  Warning  EvictionThresholdMet  node/n1  Attempting to reclaim memory",
        "kubelet_eviction",
        None,
        "short of memory and was about to evict a pod",
    ),
    (
        '"Eviction manager: pods evicted, waiting for pod to be cleaned up" pods=["default/web-1"]',
        "kubelet_eviction",
        "default/web-1",
        "evicted a pod, default/web-1",
    ),
    (
        "eviction manager: pods web-1_default(11aa) evicted, waiting for pod to be cleaned up",
        "kubelet_eviction",
        "web-1_default(11aa)",
        "evicted a pod",
    ),
    (
        '"Eviction manager: must evict pod(s) to reclaim" resourceName="memory"\n'
        '"Eviction manager: unable to evict any pods from the node"',
        "kubelet_eviction",
        None,
        "found no pod that it might evict to reclaim memory",
    ),
    (
        "Warning  SystemOOM  kubelet  System OOM encountered, victim process: nginx, pid: 9295",
        "kubelet_system_oom",
        "nginx",
        "killed nginx (pid 9295) on its node",
    ),
    (
        f'containerd[27]: level=info msg="TaskOOM event container_id:\\"{ID}\\""',
        "container_oom",
        ID,
        "containerd reports",
    ),
    (f"TaskOOM event &TaskOOM{{ContainerID:{ID},}}", "container_oom", ID, "containerd reports"),
    (f'k8s.io /tasks/oom {{"container_id":"{ID}"}}', "container_oom", ID, "containerd reports"),
    (
        'dockerd[9]: level=debug msg="event published" ns=moby topic=/tasks/oom type=TaskOOM',
        "container_oom",
        None,
        "in a container, which is not named here",
    ),
    (
        'containerd[27]: level=debug msg="event forwarded" ns=k8s.io topic=/tasks/oom type=TaskOOM\n'
        f'containerd[27]: level=info msg="TaskOOM event container_id:\\"{ID}\\""',
        "container_oom",
        ID,
        "containerd reports",
    ),
    (
        f"2026-11-02T10:00:00Z container oom {ID} (image=web, name=web1)",
        "container_oom",
        ID,
        "Docker reports",
    ),
    ("conmon 0123456789abcdef0123 <ninfo>: OOM received", "container_oom", "0123456789abcdef0123", "conmon"),
    ("web-7d9  0/1   OOMKilled   3 (20s ago)  5m", "container_oom", "web-7d9", "OOMKilled of web-7d9"),
    ("      Reason:       OOMKilled\n      Exit Code:    137", "container_oom", None, "of a container"),
    ('"exitCode": 137,\n"finishedAt": "x",\n"reason": "OOMKilled"', "container_oom", None, "OOMKilled"),
    ('"OOMKilled": true,\n"Pid": 0,\n"ExitCode": 137', "container_oom", None, "OOMKilled of a container"),
    (
        "systemd[1]: web.service: A process of this unit has been killed by the OOM killer.\n"
        "systemd[1]: web.service: Failed with result 'oom-kill'.",
        "unit_oom",
        "web.service",
        "systemd reports an OOM kill in web.service",
    ),
    ("Command failed: exit code 137", "exit_137", None, "A program ended with 137"),
    ("web exited with code 137", "exit_137", "web", "SIGKILL"),
    ("Process exited with code 137", "exit_137", None, "SIGKILL"),
    ('kube_last_terminated_reason{pod="a",reason="OOMKilled",uid="b"} 1', "container_oom", None, "OOMKilled"),
    (
        "systemd[1]: web.service: Main process exited, code=exited, status=137/n/a",
        "exit_137",
        "web.service",
        "137",
    ),
    (f"container die {ID} (exitCode=137, image=web)", "exit_137", ID, "0123456789ab ended"),
]


@pytest.mark.parametrize(("log", "kind", "killed", "said"), MESSAGES, ids=[each[0][:40] for each in MESSAGES])
def test_a_message_is_found_and_named_for_what_it_is(log, kind, killed, said):
    (notice,) = find_notices(log)
    assert (notice.kind, notice.killed) == (kind, killed)
    assert said in notice.sentence


def test_every_row_of_the_table_has_its_message_here():
    """Which rows find something is seen by their words, the names in them left out."""
    found = [find_notices(log)[0] for log, *_ in MESSAGES]
    beginnings = {re.split(r"[{\[]", row["words"])[0] for row in load_table("killers")["message"]}
    assert all(any(each.words.startswith(begin) for each in found) for begin in beginnings)
    assert {row["name"] for row in load_table("killers")["kind"]} == set(get_args(NoticeKind))
    assert {row["kind"] for row in load_table("killers")["message"]} == set(get_args(NoticeKind))


SENT = 'earlyoom[9]: sending SIGTERM to process 42 uid 0 "tabs": badness 9, VmRSS 8 MiB'


@pytest.mark.parametrize(
    "log",
    [
        "earlyoom[5]: sending 0 (no-op signal) to process 42 uid 1000",
        "Killed process 50 (runner) total-vm:900000kB, anon-rss:5kB",
        '"OOMKilled": false',
        "eviction manager: must evict pod(s) to reclaim ephemeral-storage",
        '"Eviction manager: attempting to reclaim" resourceName="ephemeral-storage"',
        "killing process 42 by hand, with signal 15",
        "The node was low on resource: ephemeral-storage.",
        "oomd kill: 61.25 40.10 9.00 a.slice 5 ruleset:[x] detectorgroup:[y] killer:(dry)kill_by_swap v2",
        "exit code 1370",
        "upstream took status=137ms",
        "exit status 137.5 ms",
        '192.0.2.1 - - [27/Nov/2026:06:32:01] "GET /x?status=137 HTTP/1.1" 200 12',
        '192.0.2.1 - - [27/Nov/2026:06:32:01] "GET /x?a=1&exit_code=137 HTTP/1.1" 200 12',
        'kube_last_terminated_reason{pod="a",reason="OOMKilled",uid="b"} 0',
        '  expr: kube_last_terminated_reason{reason="OOMKilled"} == 1',
        '{"expr": "increase(kube_last_terminated_reason{reason=\\"OOMKilled\\"}[5m])"}',
        "If the pod ended with exit code 137, look whether its last state has Reason: OOMKilled.",
        f"{SENT}\nearlyoom[9]: dryrun, not actually sending any signal",
        f"{SENT}\nearlyoom[9]: kill failed: Operation not permitted",
        '"Eviction manager: must evict pod(s) to reclaim" resourceName="ephemeral-storage"\n'
        '"Eviction manager: pod is evicted successfully" pod="prod/logger-1"',
        "exit status 0, pid 137",
        "java.lang.OutOfMemoryError: Java heap space",
        "systemd[1]: Started systemd-oomd.service - Userspace Out-Of-Memory (OOM) Killer.",
        "Killing 'com.sample' politely",
    ],
)
def test_what_tells_of_no_kill_for_memory_is_no_notice(log):
    assert find_notices(log) == []


def test_what_systemd_tells_once_more_adds_only_the_number():
    (notice,) = find_notices(
        f"systemd-oomd[9]: Killed {GROUP} {PRESSURE}\n"
        "systemd[1]: app-web.scope: systemd-oomd killed 104 process(es) in this unit.\n"
        "systemd[1]: app-web.scope: Failed with result 'oom-kill'.\n"
    )
    assert (notice.line, notice.count) == (1, 104)


IN_UNIT = "systemd[1]: web.service: A process of this unit has been killed by the OOM killer."
IN_BOX = f"container oom {ID} (image=web, name=web1)"
ON_NODE = "1 oom_watcher_linux.go:79] System OOM encountered, victim process: java"


@pytest.mark.parametrize(
    "lines",
    [
        [f"Nov {day} 06:32:01 db1 {IN_UNIT}" for day in (20, 21, 22)],
        [f"Nov 20 06:32:0{host} db{host} {IN_UNIT}" for host in (1, 2)],
        [f"2026-11-{day}T06:32:01.123Z {IN_BOX}" for day in (20, 21)],
        [f"I1120 06:32:01.1 {ON_NODE}, pid: {pid}" for pid in (4020, 4021)],
        [f"I112{day} 06:32:01.1 {ON_NODE}" for day in (0, 1)],
        [f"{name} exited with code 137" for name in ("web-1", "db-1", "cache")],
    ],
)
def test_what_differs_in_time_host_or_process_is_of_two_kills(lines):
    assert [notice.line for notice in find_notices("\n".join(lines))] == [*range(1, len(lines) + 1)]


def test_what_one_kill_leaves_within_two_minutes_is_told_once():
    late = "systemd[1]: web.service: Failed with result 'oom-kill'."
    assert len(find_notices(f"Nov 20 06:32:01 db1 {IN_UNIT}\nNov 20 06:33:31 db1 {late}")) == 1


def test_a_signal_that_was_sent_counts_though_the_process_outlived_it():
    assert len(find_notices(f"{SENT}\nearlyoom[9]: kill failed: Timer expired")) == 1


def test_an_escalation_is_a_second_kill():
    said = 'earlyoom: sending {} to process 42 uid 0 "tabs": badness 9, VmRSS 8 MiB'
    assert len(find_notices(f"{said.format('SIGTERM')}\n{said.format('SIGKILL')}")) == 2


def test_a_message_is_found_in_a_journal_s_export():
    message = f"systemd-oomd[9]: Killed {GROUP} {PRESSURE}"
    (notice,) = find_notices(json.dumps({"MESSAGE": message, "_COMM": "systemd-oomd"}))
    assert notice.killed == GROUP


@pytest.mark.parametrize("size", [1, 7, 4096, 65536, 300_000])
def test_pieces_of_any_size_have_the_same_notices(size):
    """Among 2 MB of other lines, on both sides of where the search begins anew."""
    message = f"systemd-oomd[9]: Killed {GROUP}"
    noise = "Nov  2 10:00:00 host app[137]: all is well\n" * (40 if size == 1 else 5000)
    log = (noise + f"{message} {PRESSURE}\n") * (2 if size == 1 else 9)
    data = log.encode()
    search = NoticeSearch()
    assert b"".join(search.through(data[at : at + size] for at in range(0, len(data), size))) == data
    lines = log.split("\n")
    assert [each.line for each in search.found] == [n for n, line in enumerate(lines, 1) if message in line]
    assert not search.is_cut


def test_a_search_ends_at_its_limit_and_says_so(monkeypatch):
    monkeypatch.setattr(NoticeSearch, "limit", 100_000)
    search = NoticeSearch()
    line = f"systemd-oomd[9]: Killed {GROUP} {PRESSURE}\n".encode()
    pieces = [line, b"noise\n" * 10_000, b"noise\n" * 10_000, line]
    assert list(search.through(pieces)) == pieces
    assert ([each.line for each in search.found], search.is_cut) == ([1], True)


def test_names_are_as_the_log_has_them_and_no_longer_than_a_name():
    (notice,) = find_notices(
        'earlyoom: sending SIGTERM to process 1 uid 0 "\x1b[31mx": badness 9, VmRSS 8 MiB'
    )
    assert notice.killed in ("x", "\x1b[31mx")
    assert find_notices(f'sending SIGTERM to process 1 uid 0 "{"x" * 500}": badness 9, VmRSS 8 MiB') == []


@pytest.mark.parametrize("transport", ["journal", "syslog", "stdout"])
def test_a_notice_is_found_in_the_journal_s_json_whoever_wrote_it(transport):
    used = "memory used (9) / total (10) and swap used (9) / total (10)"
    message = f"Killed /a.service due to {used} being more than 90%"
    entry = {"MESSAGE": message, "_TRANSPORT": transport, "SYSLOG_IDENTIFIER": "systemd-oomd", "_PID": "7"}
    assert [notice.killed for notice in find_notices(json.dumps(entry))] == ["/a.service"]


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_a_refusal_without_a_report_is_found_wherever_the_pieces_of_a_log_end(size):
    """The first of them is kept, with its line."""
    lines = ["usb 1-1: new device"] * 400
    lines[300:302] = [
        "SLUB: Unable to allocate memory on node -1, gfp=0xa20",
        "percpu: allocation failed, size=8",
    ]
    log = "\n".join(lines).encode()
    search = NoticeSearch()
    for _ in search.through(log[at : at + size] for at in range(0, len(log), size)):
        pass
    assert search.refusal == (301, "a slab cache that got no page")
