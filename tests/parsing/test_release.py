"""A report that does not name its kernel gets it from another line of the same boot, and from no other."""

from __future__ import annotations

import pytest

from tests.support.texts import reports

REPORT = """\
        [  300.264929] job invoked oom-killer: gfp_mask=0x6202c2(GFP_HIGHUSER|__GFP_NOWARN), order=0
        [  300.300000] Out of memory: Killed process 7 (worker) total-vm:100kB, anon-rss:50kB, file-rss:0kB
"""


def first_kernel(text: str) -> tuple[str, int | None] | None:
    report = reports(text)[0]
    return (report.kernel.text, report.kernel_line) if report.kernel else None


def test_a_warning_above_names_the_kernel():
    found = first_kernel(f"""
        [  201.007844] CPU: 1 PID: 7 Comm: kworker/u4:0 Not tainted 5.10.0-9-amd64 #1
{REPORT}""")
    assert found == ("5.10.0-9-amd64", 1)


def test_the_next_report_names_the_kernel():
    found = first_kernel(f"""
{REPORT}
        [  400.500001] runner invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        [  400.500002] CPU: 0 PID: 16 Comm: runner Not tainted 5.15.90 #1
        """)
    assert found == ("5.15.90", 5)


def test_a_report_that_names_its_kernel_needs_no_other_line():
    found = first_kernel("""
        [    0.000000] Linux version 5.10.0-28-amd64 (gcc-10) #1 SMP
        [  300.264929] job invoked oom-killer: gfp_mask=0x6202c2(GFP_HIGHUSER|__GFP_NOWARN), order=0
        [  300.264930] CPU: 0 PID: 16 Comm: job Not tainted 5.10.0-28-amd64 #1
        """)
    assert found == ("5.10.0-28-amd64", None)


@pytest.mark.parametrize(
    "other",
    [
        "[  900.007844] CPU: 1 PID: 7 Comm: sh Not tainted 5.10.0-9-amd64 #1",  # uptime falls: a boot between
        "[  1.0] Pid: 7, comm: a Not tainted 5.1.1 #1\n        [  2.0] Pid: 7, comm: a Not tainted 5.1.2 #1",
    ],
)
def test_a_line_of_another_boot_names_another_kernel(other):
    assert (
        first_kernel(f"""
        {other}
{REPORT}""")
        is None
    )


def test_a_line_of_another_machine_names_another_kernel():
    found = first_kernel("""
        Mar  3 04:05:01 east kernel: CPU: 1 PID: 7 Comm: sh Not tainted 5.10.0-9-amd64 #1
        Mar  3 04:05:06 west kernel: job invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0
        Mar  3 04:05:06 west kernel: Out of memory: Killed process 7 (worker) total-vm:100kB, anon-rss:50kB
        """)
    assert found is None


def test_a_start_after_the_report_is_of_the_next_boot():
    found = first_kernel(f"""
{REPORT}
        [    0.000000] Linux version 5.10.0-28-amd64 (gcc-10) #1 SMP
        """)
    assert found is None


@pytest.mark.parametrize("start", ["-- Reboot --", "-- Boot 0123456789abcdef0123456789abcdef --"])
def test_a_line_that_the_journal_puts_between_two_boots_parts_them(start):
    assert first_kernel(f"""
        [  100.264929] sh invoked oom-killer: gfp_mask=0x6202c2(GFP_HIGHUSER|__GFP_NOWARN), order=0
        [  100.264930] CPU: 0 PID: 16 Comm: sh Not tainted 5.10.0-28-amd64 #1
        {start}
{REPORT}""") == ("5.10.0-28-amd64", None)
    second = reports(f"""
        [  100.264930] CPU: 0 PID: 16 Comm: sh Not tainted 5.10.0-28-amd64 #1
        {start}
{REPORT}""")[0]
    assert second.kernel is None
    assert second.boot_line == 2


NAMED = "{} box kernel: CPU: 1 PID: 7 Comm: sh Not tainted 5.10.0-9-amd64 #1"
KILL = "{} box kernel: Out of memory: Killed process 7 (worker) total-vm:100kB, anon-rss:50kB, file-rss:0kB"


@pytest.mark.parametrize(
    ("named", "killed", "is_known"),
    [
        ("Nov 27 06:31:40", "Nov 27 09:00:00", True),
        ("Nov 27 06:31:40", "Jan 26 06:53:20", False),
        ("2026-11-27T06:31:40+01:00", "2026-12-05T06:31:40+01:00", False),
        ("[  100.5]", "[90000.5]", True),  # 25 hours by the uptime, which a start would have set back
    ],
)
def test_a_kernel_is_known_for_a_day_where_only_dates_are(named, killed, is_known):
    found = first_kernel(f"{NAMED.format(named)}\n{KILL.format(killed)}")
    assert found == (("5.10.0-9-amd64", 1) if is_known else None)


def test_clocks_that_disagree_show_another_boot():
    """The uptime rises by chance; the date shows that a start lies between."""
    found = first_kernel(
        f"{NAMED.format('Nov 20 06:31:40').replace('kernel: ', 'kernel: [  100.5] ')}\n"
        f"{KILL.format('Nov 27 06:31:40').replace('kernel: ', 'kernel: [  900.5] ')}"
    )
    assert found is None
