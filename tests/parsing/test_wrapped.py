"""A log that a terminal cut at its last column is the log that it was, at any width.

What was cut is joined again by the column itself, where enough lines were cut there to show it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from oomlab.parsing import parse
from oomlab.report import Report
from tests.support.texts import only

LOG = """\
java invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0
CPU: 2 PID: 123456 Comm: java Not tainted 5.15.0-91-generic #101-Ubuntu
Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.15.0-1 04/01/2014
Call Trace:
 <TASK>
 dump_header+0x53/0x228
 oom_kill_process.cold+0xb/0x10
 __alloc_pages_slowpath.constprop.0+0x97a/0xa40
 </TASK>
Mem-Info:
active_anon:1234 inactive_anon:2000000 isolated_anon:0
 active_file:110 inactive_file:220 isolated_file:0
 unevictable:0 dirty:0 writeback:0
 slab_reclaimable:5000 slab_unreclaimable:9000
 mapped:300 shmem:1300 pagetables:5600 bounce:0
 free:21000 free_pcp:0 free_cma:0
Node 0 DMA free:14336kB min:128kB low:160kB high:192kB present:15992kB managed:15360kB mlocked:0kB
lowmem_reserve[]: 0 2911 7889 7889 7889
Node 0 Normal free:38664kB min:42584kB low:53228kB high:63872kB present:5242880kB managed:5097472kB
lowmem_reserve[]: 0 0 0 0 0
2097018 pages RAM
52894 pages reserved
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[    501]     0   501    10000     1200    94208        0         -1000 sshd
[ 123456]  1000 123456  2500000  1995000  16000000  123456             0 java
[   1234]     0  1234   120000     5123   300000        0          -900 systemd-journal
[ 998877] 65534 998877  900000   123456  1230000        0           500 prometheus
oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,\
task_memcg=/user.slice/user-1000.slice/session-3.scope,task=java,pid=123456,uid=1000
Out of memory: Killed process 123456 (java) total-vm:10000000kB, anon-rss:7980000kB, file-rss:0kB, \
shmem-rss:0kB, UID:1000 pgtables:15625kB oom_score_adj:0
"""


OLD = """\
php invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0
Mem-info:
Active:1210 inactive:1208 dirty:10 writeback:0 unstable:0 free:3239 slab:3790 mapped-file:1012 pagetables:2400
Node 0 DMA free:9016kB min:20kB low:24kB high:28kB active:0kB inactive:0kB present:8640kB pages_scanned:1530 \
all_unreclaimable? yes
Node 0 DMA: 2*4kB 6*8kB 4*16kB 2*32kB 2*64kB 2*128kB 1*256kB 0*512kB 0*1024kB 0*2048kB 2*4096kB = 9016kB
Node 0 Normal: 1*4kB 0*8kB 0*16kB 1*32kB 1*64kB 0*128kB 1*256kB 1*512kB 1*1024kB 1*2048kB 0*4096kB = 3940kB
Out of memory: Killed process 4242 (php).
""".replace("\\\n", "")
GROUP = """\
php invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
Task in /web/pool killed as a result of limit of /web
memory: usage 262144kB, limit 262144kB, failcnt 3120
Memory cgroup stats for /web: cache:312KB rss:261820KB rss_huge:0KB mapped_file:100KB swap:37856KB \
inactive_anon:80012KB active_anon:181808KB
Memory cgroup out of memory: Kill process 4242 (php) score 981 or sacrifice child
Killed process 4242 (php) total-vm:646932kB, anon-rss:258900kB, file-rss:340kB
""".replace("\\\n", "")


def facts(report: Report) -> dict[str, object]:
    return {
        "asked": (report.trigger.comm, report.trigger.pid, report.trigger.gfp_mask, report.trigger.order),
        "kernel": report.kernel and report.kernel.text,
        "trace": report.trace,
        "totals": dict(report.totals),
        "zones": [(z.name, z.free, z.watermark_min, z.managed, z.lowmem_reserve) for z in report.zones],
        "tasks": [task._replace(line=None) for task in report.tasks],
        "victims": [(v.pid, v.comm, v.anon_rss_kb, v.pgtables_kb, v.uid, v.memcg) for v in report.victims],
        "problems": [problem.reason for problem in report.problems],
    }


def cut(lines: list[str], width: int) -> str:
    return "\n".join(line[at : at + width] for line in lines for at in range(0, len(line), width))


@pytest.mark.parametrize("prefix", ["[ 1000.{:06}] ", "Nov 27 06:46:40 web1 kernel: [ 1000.{:06}] "])
@pytest.mark.parametrize("width", [*range(72, 102), 120, 132])
def test_a_log_that_was_cut_at_a_column_is_read_as_it_was(prefix, width):
    lines = [prefix.format(at) + line for at, line in enumerate(LOG.splitlines())]
    assert facts(only(cut(lines, width))) == facts(only("\n".join(lines)))


@pytest.mark.parametrize("room", range(1, 13))
@pytest.mark.parametrize("log", [LOG, GROUP])
def test_so_is_one_of_which_each_line_has_room_for_a_few_letters_behind_its_prefix(log, room):
    """syslog, the uptime, and ``dmesg -x`` behind it: hardly a word is left whole."""
    prefix = "Nov 27 06:46:40 web1 kernel: [ 1000.{:06}] kern  :warn  : [ 1000.{:06}] "
    lines = [prefix.format(at, at) + line for at, line in enumerate(log.splitlines())]
    assert facts(only(cut(lines, len(prefix.format(0, 0)) + room))) == facts(only("\n".join(lines)))


@pytest.mark.parametrize("width", [72, 79, 80, 100, 120, 132])
def test_so_is_one_without_any_prefix(width):
    found = facts(only(cut(LOG.splitlines(), width)))
    whole = facts(only(LOG))
    names = ("asked", "kernel", "totals", "zones", "tasks", "victims")
    assert {name: found[name] for name in names} == {name: whole[name] for name in names}


def amounts(report: Report) -> dict[str, object]:
    return {
        "totals": dict(report.totals),
        "zones": [replace(zone, line=None, blocks_line=None, flags={}) for zone in report.zones],
        "stats": report.memcg and dict(report.memcg.stats),
        "victims": [victim.pid for victim in report.victims],
    }


@pytest.mark.parametrize("log", [OLD, GROUP])
@pytest.mark.parametrize("prefix", ["", "[ 1000.{:06}] "])
def test_one_pair_that_was_cut_anywhere_is_read_as_it_was(log, prefix):
    """No other line was cut at this column, so only what stands on either side of the cut shows it."""
    lines = [prefix.format(at) + line for at, line in enumerate(log.splitlines())]
    whole = amounts(only("\n".join(lines)))
    index = max(range(len(lines)), key=lambda at: len(lines[at]))
    line = lines[index]
    for at in range(len(prefix) + 60, len(line)):
        parts = [*lines[:index], line[:at], line[at:], *lines[index + 1 :]]
        assert amounts(only("\n".join(parts))) == whole, line[:at]


def test_the_number_of_a_process_is_joined_however_long_other_lines_are():
    longer = [f"[ 999.{n:06}] usb 1-1: {'a message of another driver ' * 5}" for n in range(9)]
    kill = "[ 1000.000001] Out of memory: Killed process 123456 (java) total-vm:10kB, anon-rss:9kB"
    at = kill.index("3456")
    (report,) = parse("\n".join([*longer, kill[:at], kill[at:]]))
    assert [(victim.pid, victim.comm) for victim in report.victims] == [(123456, "java")]


@pytest.mark.parametrize(
    "line",
    ["Out of memory: Killed process 12", "oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/,task=webd,pid=12"],
)
def test_a_number_that_may_be_cut_is_named(line):
    report = only(f"[ 1000.000001] {line}\n[ 1000.000002] something else")
    assert any("12, which may be longer" in problem.reason for problem in report.problems)


@pytest.mark.parametrize("cut_at", ["5.1", "5.15.0-91-gen"])
def test_a_release_that_was_cut_is_no_other_release(cut_at):
    identity = "CPU: 2 PID: 42 Comm: java Not tainted 5.15.0-91-generic #101-Ubuntu"
    at = identity.index(cut_at) + len(cut_at)
    log = "[ 1.000001] java invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0\n[ 1.000002] "
    report = only(f"{log}{identity[:at]}\n{identity[at:]}\n[ 1.000003] Mem-Info:")
    assert report.kernel is not None
    assert report.kernel.text == "5.15.0-91-generic"


@pytest.mark.parametrize("words", ["(XEN) mm.c:1814:d0 Bad type (saw 1 != exp 6)", "(httpd) restarted"])
def test_a_line_of_another_program_is_no_part_of_a_kill(words):
    log = "sh invoked oom-killer: gfp_mask=0x201d2, order=0\nMem-info:\n"
    report = only(f"{log}Out of memory: Killed process 9 (httpd).\n{words}")
    assert [victim.comm for victim in report.victims] == ["httpd"]
