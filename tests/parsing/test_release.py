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
