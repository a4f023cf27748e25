"""The lines of shell by which a scenario's work is prepared and set going in its guest."""

from __future__ import annotations

from oomlab.lab.scenarios import Scenario

_MORTAL = "echo 0 >/proc/self/oom_score_adj"
_BYSTANDER = f"({_MORTAL}; while :; do sleep 1; done) >/dev/null 2>&1 & renice -n -20 -p $! >/dev/null 2>&1"
"""A process that now and then asks the kernel for memory: writing alone never calls the OOM killer. It has
the higher priority, for the writer tries without an end to find memory, and would take half of the time."""
_GROW = "kb=8192; while echo $kb >/sys/kernel/tracing/buffer_size_kb; do kb=$((kb + 4096)); done"
"""Until a write fails. A single large one is refused at once, or wrongly let through by counting HighMem."""

_LET_DIRTY = "sysctl -w vm.highmem_is_dirtyable=1 >/dev/null"
"""Count HighMem where the kernel asks how many pages may be dirty. A fifth of so small a lowmem is some
hundred kB: the writer would wait for the disk at every step. On the incident's machine it is some 100 MB."""

HOLD = "exec 9<>/mnt/big"
"""Keep the file open between two writers. To gain lowmem the kernel may drop a closed file's inode, and with
it all of the file's page cache, in HighMem too. Source: fs/inode.c, inode_lru_isolate, 6.1."""


def preparations(scenario: Scenario, disk: str, swap: str) -> list[str]:
    """Return the lines to run, one after another, before the first sample."""
    lines = ["sysctl -w kernel.printk='7 4 1 7' >/dev/null"]
    if scenario.work == "copy":
        lines += [
            f"mke2fs -b {scenario.block_size} -i 1048576 {disk} >/dev/null 2>&1",
            f"mount -t ext4 {disk} /mnt",
            "sync; echo 3 >/proc/sys/vm/drop_caches",  # what mke2fs wrote lies in lowmem
            _LET_DIRTY,
        ]
    if scenario.swap:
        lines += [
            f"mkswap {swap} {scenario.swap * 1024} >/dev/null",
            f"swapon {swap}",
        ]
    return lines


def copy(*, at: int, size: int | None = None) -> str:
    """Return the line that writes to the file from ``at`` MiB on: ``size`` MiB, or until the disk is full."""
    count = "" if size is None else f" count={size}"
    return f"dd if=/dev/zero of=/mnt/big bs=1M seek={at} conv=notrunc{count}"


def beginning(scenario: Scenario, *, at: int = 0) -> list[str]:
    """Return the lines that set the work going. Each comes back at once. A copy goes on from ``at`` MiB."""
    if scenario.work == "copy":
        return [_BYSTANDER, f"({_MORTAL}; exec {copy(at=at)}) >/dev/null 2>&1 &"]
    if scenario.work == "trace_buffer":
        return [
            "mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null",
            _BYSTANDER,
            f"({_MORTAL}; {_GROW}) >/dev/null 2>&1 &",
        ]
    if scenario.work == "group":
        return [
            "mkdir -p /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null",
            "echo +memory >/sys/fs/cgroup/cgroup.subtree_control; mkdir -p /sys/fs/cgroup/course",
            "echo 64M >/sys/fs/cgroup/course/memory.max; echo 0 >/sys/fs/cgroup/course/memory.swap.max",
            f"({_MORTAL}; echo 0 >/sys/fs/cgroup/course/cgroup.procs; exec tail /dev/zero) >/dev/null 2>&1 &",
        ]
    return [f"({_MORTAL}; exec tail /dev/zero) >/dev/null 2>&1 &"]
