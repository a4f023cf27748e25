"""The machine as it is now: recorded trees of /proc, the machine of the test itself, and the command."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from oomlab import corpus
from oomlab.cli import main
from oomlab.errors import ReportError
from oomlab.now import Orders, groups, look, read_machine
from oomlab.procfs import parse_pagetypeinfo, parse_zoneinfo
from oomlab.render.now import now_as_dict, now_line, now_text

UNLIMITED = 9223372036854771712
NEEDED_LESS = ("meminfo", "buddyinfo", "sys/kernel/osrelease")


@pytest.fixture
def tree(tmp_path):
    """A recorded guest of 512 MB with 32 bits, and processes and groups such as the kernel shows them."""
    for name in ("zoneinfo", "meminfo", "buddyinfo"):
        write(tmp_path, f"proc/{name}", corpus.capture(f"512/{name}"))
    write(tmp_path, "proc/sys/kernel/osrelease", "6.1.0-28-686-pae\n")
    process(tmp_path, 1, "init", rss=900, group="/")
    process(tmp_path, 40, "kthreadd", rss=0, size=0, group="/")
    process(tmp_path, 700, "hoard", rss=60_000, group="/box.slice")
    process(tmp_path, 701, "guarded", rss=90_000, adj=-1000, group="/box.slice")
    process(tmp_path, 702, "tab", rss=9_000, swap_kb=4_000, adj=600, group="/")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def without(root: Path, name: str, words: str) -> None:
    """Take the lines of a file out that hold some words."""
    path = root / name
    path.write_text("".join(line for line in path.read_text().splitlines(True) if not re.search(words, line)))


def process(root, pid, name, *, rss, size=100_000, swap_kb=0, adj=0, group="/", score=0, uid=0, size_kb=None):
    folder = f"proc/{pid}"
    write(root, f"{folder}/comm", f"{name}\n")
    write(root, f"{folder}/statm", f"{size} {rss} 0 0 0 0 0\n")
    write(
        root,
        f"{folder}/status",
        f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nVmPTE:\t  40 kB\nVmSwap:\t  {swap_kb} kB\n"
        + ("" if size_kb is None else f"VmSize:\t  {size_kb} kB\n"),
    )
    write(root, f"{folder}/oom_score_adj", f"{adj}\n")
    write(root, f"{folder}/oom_score", f"{score}\n")
    write(root, f"{folder}/cgroup", f"0::{group}\n")


def group(root, path, *, usage, limit, file=0, kills=0):
    folder = f"sys/fs/cgroup{path}"
    write(root, "sys/fs/cgroup/cgroup.controllers", "memory\n")
    write(root, f"{folder}/memory.max", f"{limit}\n")
    write(root, f"{folder}/memory.current", f"{usage}\n")
    write(root, f"{folder}/memory.stat", f"anon 5\ninactive_file {file}\nactive_file 0\n")
    write(root, f"{folder}/memory.events", f"low 0\noom 1\noom_kill {kills}\n")


# --- zones and orders -------------------------------------------------------------------------


def test_the_kernel_fails_before_processes_where_there_is_highmem(tree):
    """The recorded marks themselves: free less min and reserve, zone by zone."""
    outlook = look(read_machine(tree))
    zones = {zone.name: zone for zone in parse_zoneinfo(corpus.capture("512/zoneinfo"))}
    kernel = next(room for room in outlook.rooms if room.request == "kernel")
    asked = [each.zone.name for each in kernel.zones if each.allowed]
    assert asked == ["DMA", "Normal"]
    spare = [zones[name].free - zones[name].watermark_min - zones[name].lowmem_reserve[1] for name in asked]
    assert kernel.spare == sum(max(0, each) for each in spare)
    assert outlook.first.request == "kernel"


def test_blocks_that_are_kept_for_others_are_none_to_give(tree):
    open_now = look(read_machine(tree)).orders.refused
    rows = parse_zoneinfo(corpus.capture("512/zoneinfo"))
    kept = "\n".join(f"Node    0, zone {zone.name:>8}, type   HighAtomic " + " 100000" * 11 for zone in rows)
    write(tree, "proc/pagetypeinfo", f"Page block order: 9\n\n{kept}\n")
    machine = read_machine(tree)
    assert open_now != 0
    assert look(machine).orders.refused == 0
    assert not any("pagetypeinfo" in each for each in machine.hidden)


@pytest.mark.parametrize("largest", [8, 10, 13])
def test_no_order_is_missed_that_the_kernel_does_not_have(tree, largest):
    """With pages of 64 kB it is 13 on arm64, and 8 on some kernels of powerpc."""
    rows = "".join(f"Node 0, zone {name:>8} {'9 ' * (largest + 1)}\n" for name in ("DMA", "Normal"))
    write(tree, "proc/buddyinfo", rows)
    outlook = look(read_machine(tree))
    assert outlook.orders == Orders(largest, served=largest)
    assert f"Blocks of every size up to order {largest} are free" in now_text(outlook)
    write(tree, "proc/buddyinfo", rows.replace("9 \n", "0 \n"))
    outlook = look(read_machine(tree))
    assert outlook.orders == Orders(largest, largest - 1, largest, "blocks")
    assert now_as_dict(outlook)["orders"]["refused"] == largest


def test_free_blocks_that_cannot_be_seen_are_not_called_missing(tree):
    (tree / "proc/buddyinfo").unlink()
    outlook = look(read_machine(tree))
    assert outlook.orders == Orders()
    assert "order" not in now_text(outlook).partition("Chosen")[0].lower()
    assert any("buddyinfo" in each for each in outlook.machine.hidden)


def test_an_empty_zone_has_no_blocks_and_hides_none(tree):
    """A 64-bit machine of 3 GiB has no page in its zone Normal: nor has the kernel a row for it."""
    zoneinfo = corpus.capture("512/zoneinfo")
    write(tree, "proc/zoneinfo", zoneinfo + "Node 0, zone    DMA32\n  pages free     0\n        present  0\n")
    write(tree, "proc/buddyinfo", "Node 0, zone DMA 0 0 0\nNode 0, zone Normal 900 0 0\n")
    assert look(read_machine(tree)).orders == Orders(2, 0, 1, "blocks")


@pytest.mark.parametrize("megabytes", [512, 1024, 2048, 4096, 8192, 16384, 20480])
def test_the_page_size_of_a_recorded_machine_is_that_of_its_kernel(tmp_path, megabytes):
    for name in ("zoneinfo", "meminfo"):
        write(tmp_path, f"proc/{name}", corpus.capture(f"{megabytes}/{name}"))
    assert read_machine(tmp_path).page_size_kb == 4
    memory = corpus.capture(f"{megabytes}/meminfo")
    write(tmp_path, "proc/meminfo", re.sub(r"\d+(?= kB)", lambda size: str(16 * int(size[0])), memory))
    assert read_machine(tmp_path).page_size_kb == 64


ASSUMED = "The size of a page is not shown: 4 kB are assumed."


@pytest.mark.parametrize("page_kb", [4, 8, 16, 64])
def test_the_page_size_is_what_the_size_of_processes_shows(tree, page_kb):
    """A container may have a MemTotal of its own, and memory may come and go."""
    write(tree, "proc/meminfo", "MemTotal:  131072 kB\n")
    process(tree, 800, "whole", rss=5, size=1000, size_kb=1000 * page_kb)
    process(tree, 801, "grown", rss=5, size=1000, size_kb=1003 * page_kb)
    machine = read_machine(tree)
    assert machine.page_size_kb == page_kb
    assert ASSUMED not in machine.hidden


@pytest.mark.parametrize(
    "total", ["MemTotal: 1 kB", "MemTotal: 131072 kB", "MemTotal: 99999999999 kB", "MemFree: 5 kB", ""]
)
def test_a_page_size_that_nothing_shows_is_said_to_be_assumed(tree, total):
    write(tree, "proc/meminfo", f"{total}\n")
    machine = read_machine(tree)
    assert machine.page_size_kb == 4
    assert ASSUMED in machine.hidden


def test_zones_that_are_damaged_do_not_end_it(tree):
    zoneinfo = (tree / "proc/zoneinfo").read_text()
    write(tree, "proc/zoneinfo", re.sub(r"(managed|present) +\d+", r"\1 -5", zoneinfo))
    machine = read_machine(tree)
    assert machine.page_size_kb == 4
    assert now_text(look(machine))


def test_this_machine_has_one_page_size_however_it_is_reached():
    if not Path("/proc/self/root/proc/zoneinfo").exists():
        pytest.skip("there is no /proc/zoneinfo here")
    assert read_machine("/proc/self/root").page_size_kb == read_machine().page_size_kb


@pytest.mark.parametrize("lost", ["pages free", "min "])
def test_a_mark_that_is_not_shown_is_not_zero(tree, lost):
    without(tree, "proc/zoneinfo", rf"\b{lost}")
    outlook = look(read_machine(tree))
    kernel = next(room for room in outlook.rooms if room.request == "kernel")
    assert (kernel.spare, kernel.pages, outlook.first) == (None, None, None)
    assert now_as_dict(outlook)["requests"][1]["spare_pages"] is None
    text = now_text(outlook)
    assert text.startswith("What would fail first is not shown.\n")
    assert " 0 pages" not in text
    assert f"does not show '{lost.strip()}' of DMA and Normal" in " ".join(text.split())


def test_what_some_zones_do_not_show_makes_it_a_lower_bound(tree):
    whole = look(read_machine(tree)).first
    without(tree, "proc/zoneinfo", "protection")
    outlook = look(read_machine(tree))
    assert [zone.name for zone in outlook.first.uncounted] == ["DMA"]
    assert 0 < outlook.first.spare < whole.spare
    assert "at least" in now_text(outlook).splitlines()[0]
    assert "DMA not counted" in " ".join(now_text(outlook).split())


def test_zones_without_their_size_are_judged_by_what_else_they_show(tree):
    whole = look(read_machine(tree)).first
    without(tree, "proc/zoneinfo", "present|managed|spanned")
    outlook = look(read_machine(tree))
    assert outlook.first.spare == whole.spare
    assert outlook.orders.served == outlook.orders.largest == 10
    assert "does not show 'present' of DMA, Normal" in " ".join(outlook.machine.hidden)


def test_what_only_zones_show_that_are_lost_is_not_told(tree):
    zoneinfo = corpus.capture("4096/zoneinfo")
    write(tree, "proc/zoneinfo", zoneinfo[zoneinfo.index("Node 0, zone  HighMem") :])
    outlook = look(read_machine(tree))
    assert outlook.first is None
    assert outlook.orders.served is outlook.orders.refused is None
    assert "zones that are not shown" in now_text(outlook)


def test_blocks_of_a_zone_that_are_not_shown_may_be_there(tree):
    """DMA must keep what it has for itself; Normal, which might give, is not in the list."""
    without(tree, "proc/buddyinfo", "Normal")
    zoneinfo = (tree / "proc/zoneinfo").read_text()
    write(tree, "proc/zoneinfo", zoneinfo.replace(" 473", " 9473"))
    outlook = look(read_machine(tree))
    assert outlook.orders == Orders(10, served=0)
    assert "Single pages are free for the kernel; whether larger" in " ".join(now_text(outlook).split())
    assert "/proc/buddyinfo does not show Normal" in " ".join(outlook.machine.hidden)


def test_want_of_pages_is_not_told_as_want_of_blocks(tree):
    """Below its mark a zone gives nothing, however large its free blocks are: the kernel reclaims first."""
    write(tree, "proc/buddyinfo", "".join(f"Node 0, zone {name} 9 9 9 9\n" for name in ("DMA", "Normal")))
    zoneinfo = (tree / "proc/zoneinfo").read_text()
    write(tree, "proc/zoneinfo", re.sub(r"pages free +\d+", "pages free 400", zoneinfo))
    orders = look(read_machine(tree)).orders
    assert orders == Orders(3, None, 0, "pages")
    write(
        tree,
        "proc/zoneinfo",
        re.sub(r"pages free +\d{5,}", "pages free 690", zoneinfo).replace(" 3840", " 400"),
    )
    outlook = look(read_machine(tree))
    assert outlook.orders == Orders(3, 2, 3, "pages")  # 685 are its min: there are 5 to spare, and 8 asked
    assert "above its watermarks (order 3)" in " ".join(now_text(outlook).split())


def test_blocks_that_may_all_be_of_cma_are_not_called_free(tree):
    """Without /proc/pagetypeinfo, which is root's, it is not shown whose the large blocks are."""
    zoneinfo = (tree / "proc/zoneinfo").read_text()
    free = 5000
    write(tree, "proc/zoneinfo", re.sub(r"nr_free_cma +\d+", f"nr_free_cma {free}", zoneinfo))
    rows = "Node 0, zone DMA 0 0 0 0\nNode 0, zone Normal 100000 9 4 {large}\n"
    write(tree, "proc/buddyinfo", rows.format(large=free // 8))
    orders = look(read_machine(tree)).orders
    assert orders == Orders(3, served=2)
    write(tree, "proc/buddyinfo", rows.format(large=free // 8 + 1))
    assert look(read_machine(tree)).orders == Orders(3, served=3)


def test_page_cache_that_may_lie_in_cma_is_not_the_kernel_s(tree):
    zoneinfo = (tree / "proc/zoneinfo").read_text()
    zoneinfo = re.sub(r"nr_zone_inactive_file +\d+", "nr_zone_inactive_file 6000", zoneinfo)
    zoneinfo = re.sub(r"\bcma +\d+", "cma 5000", re.sub(r"nr_free_cma +\d+", "nr_free_cma 1000", zoneinfo))
    write(tree, "proc/zoneinfo", zoneinfo)
    rooms = {room.request: room for room in look(read_machine(tree)).rooms}
    assert rooms["process"].cache - rooms["kernel"].cache == 2 * 4000


def test_free_pages_that_are_kept_for_urgent_requests_are_none_to_spare(tree):
    before = look(read_machine(tree)).first.spare
    kept = "Node    0, zone   Normal, type   HighAtomic" + " 0" * 10 + " 3"
    write(tree, "proc/pagetypeinfo", f"Page block order: 9\n\n{kept}\n")
    assert look(read_machine(tree)).first.spare == before - 3 * 1024


def test_page_cache_that_an_old_kernel_does_not_split_is_not_zero(tree):
    """Up to 2.6.27 a zone counts all its cache in one, what lies in tmpfs included."""
    without(tree, "proc/zoneinfo", "active_file")
    outlook = look(read_machine(tree))
    assert outlook.first.cache is None
    assert now_as_dict(outlook)["requests"][0]["cache_kb"] is None
    assert "page cache not shown" in " ".join(now_text(outlook).split())
    assert "cache" not in now_line(outlook)


def test_types_of_free_blocks_are_read_with_their_zones():
    text = (
        "Free pages count per migrate type at order       0      1\n"
        "Node    1, zone    DMA32, type  Movable   7  >100000 \n"
    )
    assert parse_pagetypeinfo(text) == {(1, "DMA32", "Movable"): (7, 100000)}


# --- processes --------------------------------------------------------------------------------


def test_who_would_be_chosen_is_ranked_by_the_kernel_s_rule(tree):
    ranking = look(read_machine(tree)).ranking
    assert [each.task.comm for each in ranking] == ["tab", "hoard"]
    tab = ranking[0]
    assert (tab.pages, tab.task.oom_score_adj) == (9_000 + 1_000 + 10, 600)


@pytest.mark.parametrize(
    ("release", "chosen"),
    [
        ("2.6.32-5-686", "large"),  # the size of its addresses counts
        ("3.10.0", "user"),  # root is let off 3 %
        ("4.4.0-210-generic", "user"),
        ("4.14.336", "user"),
        ("4.17.0", "root"),
        ("6.1.0-28-686-pae", "root"),
        (None, "root"),
    ],
)
def test_the_rule_is_that_of_the_kernel_which_runs(tree, release, chosen):
    """Not one that its task table would not show: /proc has page tables on every kernel."""
    for path in tree.glob("proc/*/oom_score_adj"):
        path.unlink()
    for pid in (700, 701, 702):
        shutil.rmtree(tree / f"proc/{pid}")
    is_old = release is not None and release.startswith("2.6")
    for pid, name, rss, size, uid in (
        (800, "root", 60_500, 70_000, 0),
        (801, "user", 60_000, 70_000, 1000),
        (802, "large", 50_000, 990_000, 1000),
        (803, "guarded", 90_000, 995_000, 1000),
    ):
        adj = (-17 if is_old else -1000) if name == "guarded" else 0
        process(tree, pid, name, rss=rss, size=size, uid=uid, adj=adj)
        if is_old:
            (tree / f"proc/{pid}/oom_score_adj").rename(tree / f"proc/{pid}/oom_adj")
    (tree / "proc/sys/kernel/osrelease").unlink()
    if release:
        write(tree, "proc/sys/kernel/osrelease", f"{release}\n")
    assert look(read_machine(tree)).ranking[0].task.comm == chosen


def test_on_this_machine_the_kernel_scores_the_chosen_one_highest():
    if not sys.platform.startswith("linux") or not Path("/proc/zoneinfo").exists():
        pytest.skip("there is no /proc/zoneinfo here")
    machine = read_machine()
    outlook = look(machine)
    seen = {each.task.pid: machine.scores.get(each.task.pid, 0) for each in outlook.ranking}
    assert seen[outlook.ranking[0].task.pid] >= max(seen.values()) - 15  # they grow meanwhile
    assert outlook.first.pages > 0
    assert now_text(outlook).isprintable() or "\n" in now_text(outlook)


# --- control groups ---------------------------------------------------------------------------


def test_the_fullest_group_comes_first_with_who_would_be_chosen_in_it(tree):
    group(tree, "/roomy.slice", usage=1 << 20, limit=1 << 30)
    group(tree, "/box.slice", usage=900 << 20, limit=901 << 20, file=64 << 10, kills=3)
    outlook = look(read_machine(tree))
    first, second = outlook.groups
    assert (first.group.path, first.group.left_kb, first.group.file_kb, first.group.oom_kills) == (
        "/box.slice",
        1024,
        64,
        3,
    )
    assert (first.chosen.task.comm, second.chosen) == ("hoard", None)
    assert outlook.first_group is first
    assert "The first to run out would be the control group /box.slice: 1,024 kB are left" in now_text(
        outlook
    )


def test_in_a_group_scores_are_a_part_of_its_own_limit(tree):
    """One step of oom_score_adj is a thousandth of the limit, not of the machine."""
    process(tree, 800, "renderer", rss=2_000, adj=300, group="/user.slice/app")
    process(tree, 801, "bigjob", rss=20_000, group="/user.slice/app")
    group(tree, "/user.slice", usage=90 << 20, limit=100 << 20)
    outlook = look(read_machine(tree))
    ranking = [each.task.comm for each in outlook.ranking]
    assert ranking.index("renderer") < ranking.index("bigjob")
    (room,) = outlook.groups
    assert room.chosen.task.comm == "bigjob"  # 20,010 against 2,010 and 300 times 25
    write(tree, "sys/fs/cgroup/user.slice/memory.max", f"{2**30}\n")  # 300 times 262
    (room,) = look(read_machine(tree)).groups
    assert room.chosen.task.comm == "renderer"


def test_a_choice_that_swap_decides_is_not_told(tree):
    """How much of the swap counts depends on the swappiness of the group."""
    write(tree, "proc/meminfo", "MemTotal: 502940 kB\nSwapTotal: 8000000 kB\nSwapFree: 8000000 kB\n")
    process(tree, 800, "renderer", rss=2_000, adj=300, group="/user.slice")
    process(tree, 801, "bigjob", rss=20_000, group="/user.slice")
    group(tree, "/user.slice", usage=90 << 20, limit=100 << 20)
    write(tree, "sys/fs/cgroup/user.slice/memory.swap.max", "max\n")
    (room,) = look(read_machine(tree)).groups
    assert room.chosen is None
    write(tree, "sys/fs/cgroup/user.slice/memory.swap.max", "0\n")
    (room,) = look(read_machine(tree)).groups
    assert room.chosen.task.comm == "bigjob"


def test_what_happens_at_a_limit_is_what_the_group_is_set_to(tree):
    group(tree, "/box.slice", usage=900 << 20, limit=901 << 20)
    write(tree, "sys/fs/cgroup/box.slice/memory.oom.group", "1\n")
    text = " ".join(now_text(look(read_machine(tree))).split())
    assert "hoard (pid 700) would be chosen, and all others in it with it." in text
    shutil.rmtree(tree / "sys")
    old = "sys/fs/cgroup/memory/box.slice"
    write(tree, f"{old}/memory.limit_in_bytes", f"{1 << 20}\n")
    write(tree, f"{old}/memory.usage_in_bytes", f"{1 << 19}\n")
    write(tree, f"{old}/memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n")
    outlook = look(read_machine(tree))
    assert outlook.groups[0].chosen is None
    assert "at its limit nobody is killed" in " ".join(now_text(outlook).split())


@pytest.mark.parametrize("lost", ["memory.max", "memory.current"])
def test_a_group_whose_numbers_cannot_be_read_is_counted(tree, lost):
    group(tree, "/box.slice", usage=900 << 20, limit=901 << 20)
    write(tree, f"sys/fs/cgroup/box.slice/{lost}", "")
    machine = read_machine(tree)
    assert machine.groups == ()
    assert "The limit or the usage of 1 control group cannot be read." in machine.hidden


def test_groups_beyond_the_most_that_are_looked_at_are_named(tree, monkeypatch):
    monkeypatch.setattr(groups, "_MAX_GROUPS", 3)
    for name in "abcd":
        group(tree, f"/{name}.slice", usage=1, limit=2)
    machine = read_machine(tree)
    assert [each.path for each in machine.groups] == ["/a.slice", "/b.slice"]
    assert "Control groups beyond the first 3 were not looked at." in machine.hidden


def test_a_hierarchy_without_the_memory_controller_shows_no_limits(tree):
    write(tree, "sys/fs/cgroup/cgroup.controllers", "cpu io\n")
    assert any(each.startswith("No memory controller") for each in read_machine(tree).hidden)
    for name in ("limit", "usage"):
        write(tree, f"dev/memcg/apps/memory.{name}_in_bytes", f"{1 << 20}\n")  # where Android has it
    machine = read_machine(tree)
    assert [each.path for each in machine.groups] == ["/apps"]
    assert not any(each.startswith("No memory controller") for each in machine.hidden)


def test_a_group_whose_page_cache_is_not_shown_is_not_called_the_first(tree):
    group(tree, "/box.slice", usage=100 << 20, limit=100 << 20, file=90 << 20)
    (tree / "sys/fs/cgroup/box.slice/memory.stat").unlink()
    outlook = look(read_machine(tree))
    assert outlook.first_group is None
    assert "page cache not shown" in now_text(outlook)


def test_a_group_without_a_limit_cannot_run_out(tree):
    group(tree, "/free.slice", usage=1 << 30, limit="max")
    assert look(read_machine(tree)).groups == ()


def test_a_group_of_v1_without_a_limit_has_the_largest_that_there_is(tree):
    for name, limit in (("64 bits", UNLIMITED), ("32 bits", (2**31 - 1) * 4096)):
        folder = f"sys/fs/cgroup/memory/{name}"
        write(tree, f"{folder}/memory.limit_in_bytes", f"{limit}\n")
        write(tree, f"{folder}/memory.usage_in_bytes", "104857600\n")
    assert look(read_machine(tree)).groups == ()


def test_groups_of_v1_are_read_too(tree):
    old = "sys/fs/cgroup/memory/docker/0123"
    write(tree, f"{old}/memory.limit_in_bytes", f"{1 << 20}\n")
    write(tree, f"{old}/memory.usage_in_bytes", f"{1 << 19}\n")
    write(tree, f"{old}/memory.stat", "total_inactive_file 4096\ntotal_active_file 4096\n")
    write(tree, f"{old}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    write(tree, "sys/fs/cgroup/memory/memory.limit_in_bytes", f"{UNLIMITED}\n")
    write(tree, "sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n")
    write(tree, "proc/700/cgroup", "4:memory:/docker/0123\n0::/\n")
    (room,) = look(read_machine(tree)).groups
    assert (room.group.path, room.group.left_kb, room.group.file_kb, room.group.oom_kills) == (
        "/docker/0123",
        512,
        8,
        2,
    )
    assert room.chosen.task.comm == "hoard"


# --- what cannot be seen ----------------------------------------------------------------------


def test_what_cannot_be_seen_is_named(tree):
    hidden = " ".join(read_machine(tree).hidden)
    assert "/proc/pagetypeinfo is not there or closed" in hidden
    assert "/proc/pressure/memory is not there" in hidden
    assert "hidepid" not in hidden
    shutil.rmtree(tree / "proc/40")
    assert "hidepid" in " ".join(read_machine(tree).hidden)


def test_each_file_that_is_missing_empty_or_damaged_is_named(tree):
    group(tree, "/box.slice", usage=1, limit=2)
    assert {each.split()[0] for each in read_machine(tree).hidden} == {
        "/proc/pagetypeinfo",
        "/proc/pressure/memory",
    }
    shutil.rmtree(tree / "sys")
    for state in ("missing", "empty", "damaged"):
        for name in NEEDED_LESS:
            path = tree / "proc" / name
            path.unlink() if state == "missing" else path.write_text("\0\0" if state == "damaged" else "")
        hidden = " ".join(read_machine(tree).hidden)
        assert all(f"/proc/{name} is" in hidden for name in NEEDED_LESS)
        assert "No memory controller is to be seen (/sys/fs/cgroup)" in hidden
        assert ("is damaged (line 1" in hidden) == (state == "damaged")
        for name in NEEDED_LESS:
            write(tree, f"proc/{name}", "")


@pytest.mark.parametrize("pids", [[1], []])
def test_where_no_thread_of_the_kernel_is_seen_others_may_be_hidden(tree, pids):
    """By hidepid=2 and in a container alike; in a container there is a process 1 all the same."""
    for path in tree.glob("proc/[0-9]*"):
        if int(path.name) not in pids:
            shutil.rmtree(path)
    said = "Some processes may be hidden" if pids else "No process is to be seen"
    assert any(each.startswith(said) for each in read_machine(tree).hidden)


def test_a_file_that_is_not_needed_ends_nothing(tree):
    write(tree, "proc/slabinfo", "")
    write(tree, "proc/sys/vm/min_free_kbytes", "many\n")
    assert look(read_machine(tree)).first.request == "kernel"


def test_pressure_is_read_where_the_kernel_shows_it(tree):
    write(
        tree,
        "proc/pressure/memory",
        "some avg10=12.50 avg60=3.00 avg300=1.00 total=9\nfull avg10=4.25 avg60=1.00 avg300=0.00 total=5\n",
    )
    outlook = look(read_machine(tree))
    assert (outlook.machine.pressure.some, outlook.machine.pressure.full) == (12.5, 4.25)
    assert "12.50 %" in now_text(outlook)


def test_without_zoneinfo_there_is_one_clear_error(tmp_path):
    (tmp_path / "proc").mkdir()
    with pytest.raises(ReportError, match="zoneinfo"):
        read_machine(tmp_path)


@pytest.mark.parametrize("state", ["closed", "empty", "damaged"])
def test_a_zoneinfo_that_cannot_be_read_is_named(tree, state, capsys):
    path = tree / "proc/zoneinfo"
    path.unlink()
    path.mkdir() if state == "closed" else path.write_text(
        "" if state == "empty" else "Node 0, zone DMA\n\0\n"
    )
    assert main(["now", "--root", str(tree)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "zoneinfo" in said


def test_pressure_that_is_damaged_is_not_told(tree):
    write(tree, "proc/pressure/memory", "some avg10=1.2.3 avg60=0.00 avg300=0.00 total=0\n")
    machine = read_machine(tree)
    assert machine.pressure is None
    assert "/proc/pressure/memory is damaged." in machine.hidden
    write(tree, "proc/pressure/memory", "some avg10=1.25 avg60=0.00 avg300=0.00 total=0\n")
    outlook = look(read_machine(tree))
    assert now_as_dict(outlook)["pressure"] == {"some_avg10": 1.25, "full_avg10": None}
    assert "all of it" not in now_text(outlook)


def test_what_is_no_ordinary_file_is_not_waited_for(tree):
    (tree / "proc/meminfo").unlink()
    os.mkfifo(tree / "proc/meminfo")
    assert any(each.startswith("/proc/meminfo is not there") for each in read_machine(tree).hidden)


def test_a_group_cannot_name_another_as_that_of_its_processes(tree):
    write(tree, "proc/700/cgroup", "0::/user.slice/x\v9:memory:/box.slice\n")
    assert read_machine(tree).members[700] == "/user.slice/x\v9:memory:/box.slice"


def test_who_has_ended_is_no_thread_of_the_kernel(tree):
    for path in tree.glob("proc/[0-9]*"):
        if int(path.name) not in (1, 40):
            shutil.rmtree(path)
    assert not any(each.startswith("Some processes") for each in read_machine(tree).hidden)
    write(tree, "proc/40/status", "Name:\tsleep\nState:\tZ (zombie)\nPid:\t40\n")
    assert any(each.startswith("Some processes") for each in read_machine(tree).hidden)


def test_what_a_process_does_not_show_is_not_zero(tree):
    (tree / "proc/700/status").unlink()
    write(tree, "proc/702/oom_score_adj", "99999\n")
    (tree / "proc/702/oom_score").unlink()
    outlook = look(read_machine(tree))
    hoard = next(each for each in outlook.ranking if each.task.comm == "hoard")
    assert (hoard.task.swapents, hoard.exact) == (None, False)
    assert "hoard (pid 700): at least" in " ".join(now_text(outlook).split())
    assert "The oom_score_adj of 1 process is not shown: another may be chosen." in outlook.machine.hidden


def test_a_score_of_the_kernel_s_that_contradicts_is_told(tree):
    write(tree, "proc/702/oom_score", "600\n")
    write(tree, "proc/700/oom_score", "700\n")
    outlook = look(read_machine(tree))
    assert outlook.first_by_score.task.comm == "hoard"
    assert "by the kernel's own oom_score hoard (pid 700) comes first" in " ".join(now_text(outlook).split())
    write(tree, "proc/702/oom_score", "695\n")
    assert look(read_machine(tree)).first_by_score is None


def test_in_a_container_a_score_is_a_part_of_all_memory(tree):
    """lxcfs shows the memory of the container in place of the machine's; the zones are the machine's."""
    before = [each.score for each in look(read_machine(tree)).ranking]
    write(tree, "proc/meminfo", "MemTotal: 131072 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")
    assert [each.score for each in look(read_machine(tree)).ranking] == before


def test_a_machine_that_would_panic_or_kill_whoever_asks_chooses_nobody(tree):
    assert now_as_dict(look(read_machine(tree)))["panics"] is None
    write(tree, "proc/sys/vm/oom_kill_allocating_task", "1\n")
    assert "whoever asks for the page" in now_text(look(read_machine(tree)))
    write(tree, "proc/sys/vm/panic_on_oom", "2\n")
    outlook = look(read_machine(tree))
    assert now_as_dict(outlook)["panics"] is True
    assert "nobody: the machine panics instead" in now_text(outlook)


def test_a_hostile_name_stays_text(tree):
    process(tree, 800, "\x1b[2J\u202e", rss=100_000)
    outlook = look(read_machine(tree))
    assert now_text(outlook).replace("\n", "").isprintable()
    assert now_line(outlook).isprintable()


# --- the command ------------------------------------------------------------------------------


def test_the_command_writes_text_json_and_lines(tree, capsys):
    assert main(["now", "--root", str(tree)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("The first to fail would be a page for the kernel: ")
    assert "tab (pid 702)" in text
    assert f"Linux 6.1.0-28-686-pae, as {tree} shows it" in text
    assert main(["now", "--root", str(tree), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(json.dumps(now_as_dict(look(read_machine(tree)))))
    assert (document["schema"], document["first"], document["chosen"][0]["comm"]) == (1, "kernel", "tab")
    assert main(["now", "--root", str(tree), "--watch", "0", "--count", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["now", "--root", str(tree), "--watch", "0", "--count", "2", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["first"] for line in lines] == ["kernel", "kernel"]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:", line["time"]) for line in lines)


def test_a_folder_that_is_no_recorded_tree_is_one_line(tmp_path, capsys):
    assert main(["now", "--root", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "x y z", "-1 2", "1000 5x0", "9" * 5000 + " 1", "\0 \0"])
def test_a_process_whose_numbers_are_damaged_is_left_out(tree, text):
    (pid, *_) = [path for path in (tree / "proc").iterdir() if path.name.isdigit()]
    (pid / "statm").write_text(text)
    assert int(pid.name) not in [task.pid for task in read_machine(tree).tasks]


def test_numbers_of_a_group_that_are_damaged_are_left_out(tree):
    for stat in (tree / "sys").rglob("memory.stat"):
        stat.write_text(f"active_file {'9' * 5000}\ninactive_file \u00b2\n")
    assert now_text(look(read_machine(tree)), width=80, bold=False)


def test_a_count_without_a_watch_is_refused(tree, capsys):
    assert main(["now", "--root", str(tree), "--count", "3"]) == 2
    assert "--watch" in capsys.readouterr().err
