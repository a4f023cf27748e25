"""Whatever a log holds, no more is held of it than one window, and work grows with its size."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pkgutil import walk_packages

import pytest

import oomlab
from oomlab import render
from oomlab.diagnosis.judged import judge
from oomlab.fitting import fit
from oomlab.parsing import (
    NoticeSearch,
    exports,
    find_notices,
    hosts,
    notices,
    parse,
    read_pieces,
    reader,
    scan,
    stream,
)
from oomlab.parsing.classify import classify
from oomlab.parsing.lines import LogLines
from oomlab.parsing.scan import LogScanner
from oomlab.parsing.sections.header import read_trace
from oomlab.parsing.stream import count_lines
from oomlab.render.redacted import Redactor
from oomlab.report import Report, ZoneStat, uptime_in
from oomlab.words import zone_names
from tests.support.command import REPO
from tests.support.work import calls, slowdown

HEADER = "rsync invoked oom-killer: gfp_mask=0x84d0, order=0, oom_score_adj=0\n"
KILL = "Killed process {n} (proc3) total-vm:80000kB, anon-rss:4000kB, file-rss:0kB, shmem-rss:0kB\n"
ZONE = "free:8056kB min:8048kB low:10060kB high:12072kB present:900000kB managed:890000kB\n"
MEMORY = f"Mem-Info:\nactive_anon:1 inactive_anon:1\nNode 0 Normal {ZONE}lowmem_reserve[]: 0 0 0\n"

GROWING: dict[str, tuple[str, str]] = {
    "CPUs of zones": (
        f"{HEADER}Mem-Info:\n",
        "Node {n} Normal per-cpu:\nCPU {n}: hi: 186, btch: 31 usd: 0\n",
    ),
    "lost zones": (f"{HEADER}Mem-Info:\nNode 0 DMA {ZONE}", "Node 0 B{n}: 1*4kB (U) 2*8kB = 20kB\n"),
    "lists of one lost zone": (f"{HEADER}Mem-Info:\n", "Normal: 1*4kB (U) 2*8kB = 20kB\n"),
    "zones": (f"{HEADER}Mem-Info:\n", "Node {n} Normal " + ZONE),
    "lists of nodes": (f"{HEADER}Mem-Info:\n", "Node {n} Normal: 1*4kB (U) 2*8kB = 20kB\n"),
    "reserves": ("", "lowmem_reserve[]: 0 0 0\n"),
    "chosen": (HEADER, "Out of memory: Kill process 3 (proc3) score 1 or sacrifice child\n"),
    "constraints": (HEADER, "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=a,pid=1,uid=0\n"),
    "tasks": (HEADER, "[{n:5d}]  1000 {n:5d}    20000     1000     10        0             0 proc{n}\n"),
    "kills": ("", "Out of memory: " + KILL),
    "failures": ("", "sh: page allocation failure: order:0, mode:0x20\n" + MEMORY),
    "dumps": ("", "SysRq : Show Memory\n" + MEMORY),
    "folded kills": ("", "Out of memory: " + KILL.strip() + "#012"),
}
"""What a list in a report begins with, and what is repeated, ``{n}`` being a number."""


def log(name: str, count: int) -> str:
    head, unit = GROWING[name]
    return head + "".join(unit.format(n=n) for n in range(count))


@pytest.mark.parametrize("name", GROWING)
def test_work_grows_with_the_length_of_every_list(name):
    """Twice the list is about twice the calls, to read it, to judge it and to show it."""

    def work(text: str) -> Callable[[], object]:
        return lambda: shown(parse(text))

    assert calls(work(log(name, 200))) < 3 * calls(work(log(name, 100)))


def shown(reports: Iterable[Report]) -> list[object]:
    """What the command prints of reports, and what it prints of them for others to see."""
    redactor, judged = Redactor(), list(judge(("", report) for report in reports))
    lines = [line for each in judged for line in redactor.lines(each.report)]
    return [*lines, *(render.text(each.report, each.diagnosis) for each in judged)]


AT = "[    1.000000] "


def kills_below_which_kernels_are_named(count: int) -> str:
    kills = "".join(f"Out of memory: {KILL.format(n=n)}" for n in range(count))
    return kills + "CPU: 0 PID: 1 Comm: sh Not tainted 5.10.0 #1\n" * count


def tables_with_a_line_of_somebody_else(count: int) -> str:
    header = f"{AT}[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
    row = f"{AT}[    7]  1000     7    20000     1000     10        0             0 proc7\n"
    return f"{AT}{HEADER}{header}noise\n{row}" * count


def reports_that_open_alike(count: int) -> str:
    return "".join(f"{AT}{HEADER}{AT}Node 0 DMA free:{free}kB min:1kB\n" for free in range(count))


@pytest.mark.parametrize(
    "text",
    [
        kills_below_which_kernels_are_named,
        tables_with_a_line_of_somebody_else,
        reports_that_open_alike,
    ],
    ids=lambda f: f.__name__,
)
def test_work_grows_with_the_number_of_small_reports(text):
    def work(count: int) -> Callable[[], object]:
        whole = text(count)
        return lambda: parse(whole)

    assert calls(work(1600)) < 5 * calls(work(400))


def test_work_grows_with_the_number_of_zones_that_are_named():
    def work(count: int) -> Callable[[], object]:
        zones = tuple(ZoneStat(name="Normal", node=0) for _ in range(count))
        report = Report(kind="oom", first_line=1, last_line=1, zones=zones)
        return lambda: zone_names(zones, report)

    assert calls(work(400)) < 3 * calls(work(200))


def test_work_grows_with_the_number_of_names_that_are_replaced():
    def work(count: int) -> Callable[[], object]:
        def replaced() -> None:
            redactor = Redactor()
            for n in range(count):
                assert redactor.host(f"a{n}") == f"host{n + 1}"

        return replaced

    assert calls(work(400)) < 3 * calls(work(200))


NOTICES = {
    "units": "a{n}.service: A process of this unit has been killed by the OOM killer.\n"
    "a{n}.service: Failed with result 'oom-kill'.\n",
    "exits": "x exited with code 137\n",
    "OOMKilled": "reason: OOMKilled\nexit code: 137\n",
    "apps": "lowmemorykiller: Killing 'com.app{n}' ({n}), adj 900\n",
}


@pytest.mark.parametrize("name", NOTICES)
def test_work_grows_with_the_number_of_notices(name):
    def work(count: int) -> Callable[[], object]:
        text = "".join(NOTICES[name].format(n=n) for n in range(count))
        return lambda: find_notices(text)

    assert calls(work(800)) < 3 * calls(work(400))


def test_no_line_is_counted_more_than_a_few_times(monkeypatch):
    """Where each line may be a message, the lines before it are not counted anew for it."""
    seen: list[int] = []

    def counted(data: bytes) -> int:
        seen.append(len(data))
        return count_lines(data)

    monkeypatch.setattr(notices, "count_lines", counted)
    log = b"OOM\n" * 50_000
    for _ in NoticeSearch().through([log]):
        pass
    assert sum(seen) < 50 * len(log)


@pytest.mark.parametrize("words", ["Killed process ", "Out of memory: ", "\ufffd"])
def test_a_window_that_grows_is_not_read_many_times(words, monkeypatch):
    read, sizes = reader._read, []
    monkeypatch.setattr(reader, "_read", lambda text, *rest: sizes.append(len(text)) or read(text, *rest))
    data = f"{HEADER}{MEMORY}{words * (reader.LONG // len(words.encode()))}\n{KILL.format(n=7)}"
    list(read_pieces([data.encode()]))
    assert sum(sizes) < 1.8 * len(data)


class Weighed:
    """A pattern that notes how many bytes it is given to search."""

    def __init__(self, pattern: re.Pattern[bytes], sizes: list[int]) -> None:
        self.pattern, self.sizes = pattern, sizes

    def search(self, data: bytes, start: int = 0, stop: int | None = None) -> re.Match[bytes] | None:
        self.sizes.append((len(data) if stop is None else stop) - start)
        return self.pattern.search(data, start, len(data) if stop is None else stop)

    def finditer(self, data: bytes, start: int = 0, stop: int | None = None) -> Iterator[re.Match[bytes]]:
        self.sizes.append((len(data) if stop is None else stop) - start)
        return self.pattern.finditer(data, start, len(data) if stop is None else stop)


@pytest.mark.parametrize("before", ["#012", "<br>", '","', "}, {", " [    7.948231] tail ", "\\n", "x ", "x"])
def test_a_log_on_one_line_is_not_searched_anew_before_each_report(before, monkeypatch):
    """For what a line of the kernel may begin with: thousands of reports may lie in one piece."""
    sizes: list[int] = []
    for name in ("_FOLDS", "_RECORDS", "_STAMP"):
        monkeypatch.setattr(stream, name, Weighed(getattr(stream, name), sizes))
    log = f"{before}invoked oom-killer".encode() * 20_000
    for _ in stream.normalize([log]):
        pass
    assert 0 < sum(sizes) < 10 * len(log)


@pytest.mark.parametrize("sign", ["", ".c:", "}"])
def test_a_long_word_in_a_call_trace_costs_little_more_than_many_short_ones(sign):
    """Names are looked for where a word begins, and not from each of its letters on."""
    words, word = [(1, "word " * 40_000 + sign)], [(1, "9" * 200_000 + sign)]
    assert slowdown(lambda: read_trace(words), lambda: read_trace(word), 1) < 8


def test_very_many_notices_end_the_search_for_them(monkeypatch):
    monkeypatch.setattr(notices, "_MAX_NOTICES", 5000)
    search, line = NoticeSearch(), NOTICES["apps"].encode()
    for _ in search.through(line.replace(b"{n}", b"%d" % n) * 100 for n in range(2000)):
        pass
    assert search.is_cut
    assert 5000 < len(search.found) < 15_000
    assert search.limit < search.size


@pytest.mark.parametrize("head", ["Node 0 Normal:", "lowmem_reserve[]:"])
def test_time_grows_with_the_fragments_of_a_list(head):
    """Lines that could all go on with one list are appended to it no further than a list is long."""

    def text(count: int) -> str:
        piece = "1*4kB (U)\n" if head.endswith("l:") else "0 5\n"
        return f"{HEADER}Mem-Info:\nNode 0 Normal {ZONE}{head}\n{piece * count}"

    small, large = text(2000), text(16_000)
    assert slowdown(lambda: parse(small), lambda: parse(large), 8) < 20


@pytest.mark.parametrize("joint", ["#012", '","'])
def test_memory_grows_with_the_number_of_reports_in_one_line(joint):
    def peak(count: int) -> int:
        text = joint.join("Out of memory: " + KILL.strip().format(n=n) for n in range(count))
        tracemalloc.start()
        reports = parse(f'["{text}"]' if joint == '","' else text)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(reports) == count
        return most

    assert peak(1600) < 3 * peak(800)


@pytest.mark.parametrize("name", ["tasks", "kills"])
def test_memory_is_bounded_by_one_window(name, monkeypatch):
    """Twice as long a log of reports without end takes no more memory; windows are made small here."""
    monkeypatch.setattr(reader, "LONG", 64 << 10)
    monkeypatch.setattr(scan, "_ENOUGH_BYTES", 32 << 10)
    monkeypatch.setattr(scan, "MAX_WINDOW", 64 << 10)
    text = log(name, 100).encode()

    def peak(size: int) -> int:
        tracemalloc.start()
        for _ in read_pieces(text for _ in range(size // len(text))):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(400 << 10) < 1.5 * peak(200 << 10)


def test_a_report_longer_than_any_window_says_that_it_is_cut(monkeypatch):
    for module in (reader, scan):
        monkeypatch.setattr(module, "MAX_WINDOW", 2 << 20)
    text = log("tasks", 40_000)
    assert len(text) > 2 << 20
    first, *_ = parse(text + KILL.format(n=7))
    assert len(first.tasks) > 20_000
    assert "not read as part of it" in first.problems[-1].reason


@pytest.mark.parametrize("joint", ["\n", "#012", "<br>", " "], ids=repr)
def test_a_report_of_more_lines_than_any_window_says_that_it_is_cut(joint, monkeypatch):
    """However they are joined in the log: what counts is the lines that the kernel wrote."""
    monkeypatch.setattr(reader, "_MAX_LINES", 10_000)
    rows = joint.join(f"Node 0 B{n}: 1*4kB = 4kB" for n in range(60_000))
    first, *_ = parse(f"{HEADER.strip()}{joint}Mem-Info:{joint}{rows}{joint}{KILL.format(n=7)}")
    assert "not read as part of it" in first.problems[-1].reason
    assert 1000 < len(first.zones) < 30_000


LONG_LISTS = {
    "zones that are lost": (f"{HEADER}Mem-Info:\n", "Node 0 B{n}: 1*4kB = 4kB\n"),
    "short tasks": (HEADER, "[{n}] 0 1 2 3 4 0 a\n"),
    "tasks": GROWING["tasks"],
    "folded tasks": (HEADER.strip() + "#012", "[{n}] 0 1 2 3 4 0 a#012"),
    "folded letters": (HEADER.strip() + "#012", "x#012"),
}
MOST = """
import sys
from oomlab.__main__ import main
sys.argv = ["oomlab", "explain", "long.log"]
try:
    main()
except SystemExit:
    pass
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")), file=sys.stderr)
"""
"""Explains a log, and says how much memory that took, by the kernel's own count."""


@pytest.mark.parametrize("name", LONG_LISTS)
def test_no_log_takes_more_than_256_megabytes(name, tmp_path):
    head, unit = LONG_LISTS[name]
    count = (9 << 20) // len(unit.format(n=200_000))
    text = head + "".join(unit.format(n=n) for n in range(count))
    (tmp_path / "long.log").write_text(text + "Out of memory: " + KILL.format(n=7))
    done = subprocess.run(
        [sys.executable, "-c", MOST],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPO)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "proc3" in done.stdout
    assert int(done.stderr.split()[1]) < 256 << 10


NAMES = {
    "kernels": f"Linux version 6.1.{{n}} (a@b) #1\n{HEADER}",
    "vendors' kernels": f"CPU: 0 PID: 1 Comm: sh Not tainted 4.18.{{n}}-1.el{{n}}.x86_64 #1\n{HEADER}",
    "programs": HEADER.replace("rsync", "rsync{n}")
    + "[    7]  1000     7    200000     150000     10        0             0 task{n}\n"
    + "Out of memory: Killed process 7 (task{n}) total-vm:800000kB, anon-rss:600000kB, file-rss:0kB\n",
    "slab caches": f"{HEADER}{MEMORY}Unreclaimable slab info:\nName Used Total\nc{{n}} 800000KB 800000KB\n",
    "groups": "rsync invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a{n},task_memcg=/a{n},task=a,pid=1,uid=0\n"
    "Memory cgroup out of memory: " + KILL,
}
"""Reports in which a name differs each time: none is remembered for long."""


@pytest.mark.parametrize("name", NAMES)
def test_memory_does_not_grow_with_the_number_of_names(name):
    def explain(numbers: range) -> None:
        for n in numbers:
            shown(parse(NAMES[name].replace("{n}", str(n))))

    explain(range(100))
    tracemalloc.start()
    explain(range(100, 300))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2 << 20


def test_a_cache_without_a_bound_takes_nothing_from_a_log():
    """What these few take are words of the tables of facts, and there are not many."""
    names = (each.name for each in walk_packages(oomlab.__path__, "oomlab."))
    modules = [importlib.import_module(name) for name in names if ".exercises" not in name]
    functions = {each for module in modules for each in vars(module).values() if hasattr(each, "cache_info")}
    unbounded = {each for each in functions if each.cache_info().maxsize is None}
    taking = {each.__name__ for each in unbounded if inspect.signature(each).parameters}
    tables = {"load_table", "threshold", "causes_of", "_rows", "_layouts_since", "_parts_of", "source"}
    assert taking == tables


@pytest.mark.parametrize("line", ["\n", "x\n", "\r\n", " \t\n", "\0\n"], ids=repr)
def test_very_many_short_lines_between_reports_are_not_read(line, monkeypatch):
    """A log of less than a megabyte may have hundreds of thousands of lines, which the kernel never wrote."""
    report = f"{HEADER}{MEMORY}Out of memory: {KILL.format(n=7)}"
    text = f"{report}{line * 200_000}{report}"
    assert len(text) < reader.LONG
    read: list[int] = []

    def counted(lines: LogLines) -> LogLines:
        read.append(len(lines.texts))
        return classify(lines)

    monkeypatch.setattr(reader, "classify", counted)
    first, second = parse(text)
    assert first.first_line == 1
    assert second.first_line == 1 + text[: text.rindex(HEADER)].count("\n")
    assert [len(each.zones) for each in (first, second)] == [1, 1]
    assert 0 < sum(read) < 20_000


def test_a_chunk_is_not_split_into_lines_for_each_needle():
    """Blanks that are no plain ones are longer, so where a needle stood is looked up by its line."""

    def search(count: int) -> None:
        list(LogScanner([])._hits_in("\u00a0lowmem_reserve[]: 0 0\n".encode() * count, 0))

    assert slowdown(lambda: search(300), lambda: search(2400), 8) < 24


TASKS = "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
WHOLE_GROUP = "Tasks in /x are going to be killed due to memory.oom.group set\n"
HOSTILE: dict[str, tuple[int, Callable[[int], str]]] = {
    "failures of vmalloc": (1000, lambda n: "vmalloc: allocation failure: page allocation failure\n" * n),
    "words of a release": (
        120,
        lambda n: f"CPU: 0 PID: {'ainted' * n}{'1.1' * 3 * n}\nfoo 1.1\n" * 4,
    ),
    "columns of the header of tasks": (1000, lambda n: f"[ pid ]{' a' * n}\n" + "[1] 1\n1 1\n" * n),
    "kills that are cut": (
        1000,
        lambda n: (
            f"{HEADER}{TASKS}"
            + "".join(f"[{pid}] 1 1 1 1 1 1 0 a\n" for pid in range(n))
            + WHOLE_GROUP
            + "".join(f"Out of memory: Killed process 9{pid:07d}\n" for pid in range(n))
        ),
    ),
    "nodes": (
        2000,
        lambda n: HEADER + "".join(f"Node {node} Normal {ZONE}lowmem_reserve[]: 0 0\n" for node in range(n)),
    ),
    "times": (
        1000,
        lambda n: (
            f"[0.000000] Mem-Info:\n[0.000000] {TASKS}"
            + "".join(f"[{100 * pid}.000000] [1] 1 1 1 1 1 1 0 a\n" for pid in range(n))
        ),
    ),
    "reports at once": (
        100,
        lambda n: (
            "".join(f"[    1.000000][T{caller}] {HEADER}" for caller in range(n))
            + "[    1.000000][T0] usb 1-1: new device\n" * n
            + "".join(
                f"[    1.000000][T{caller}] Out of memory: {KILL.format(n=caller)}" for caller in range(n)
            )
        ),
    ),
    "texts that the line has otherwise": (
        2000,
        lambda n: f"{HEADER.strip()}#012" + "#012".join(f"[{pid}] 1 1 1 1 1 <b>a" for pid in range(n)) + "\n",
    ),
    "digits of a mask": (
        400,
        lambda n: "".join(f"s{name} invoked oom-killer: gfp_mask=0x{'a' * 10 * n}\n" for name in range(9)),
    ),
    "kills in one line": (100, lambda n: f"Out of memory: Kill{'ed process 1 (' * n}\n" * 8),
    "names in one line": (
        100,
        lambda n: f"{HEADER}CPU: 0 PID: 1 {'Comm: a Tainted: ' * n}{'x' * 16 * n}\n" * 9,
    ),
}
"""How many of it are few, and what took time as the square of its length, or of that of its lines."""


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_of_a_hostile_log(name):
    """Four times as much takes about four times as long: to read it, to show it, to fit a machine to it."""
    count, text = HOSTILE[name]

    def work(log: str) -> list[object]:
        reports = parse_any(log)
        return [*shown(reports), *map(fit, reports)]

    small, large = text(count), text(4 * count)
    work(small)  # what is loaded once is no part of it
    assert slowdown(lambda: work(small), lambda: work(large), 4) < 8


def test_the_clock_of_a_message_is_read_once_however_many_columns_stand_beside_it(monkeypatch):
    read: list[str] = []

    def counted(text: str) -> float | None:
        read.append(text)
        return uptime_in(text)

    for module in (exports, hosts):
        monkeypatch.setattr(module, "uptime_in", counted, raising=False)
    rows = [
        f'{name * 200}"[    1.000000] {words}"\n' for name in ("ab,", "cd,") for words in MEMORY.splitlines()
    ]
    assert parse("".join(rows))
    assert 0 < len(read) <= 2 * len(rows)


def test_no_more_is_held_of_a_log_that_is_all_reports_than_of_another():
    """With a report in every piece what lies before the last one is given up all the same."""
    one = f"{HEADER}{MEMORY}Out of memory: {KILL}"
    log = LogScanner(
        "".join(one.format(n=n) for n in range(at, at + 200)).encode() for at in range(0, 20_000, 200)
    )
    held, done = 0, 0
    while (hit := log.find(done)) is not None:
        begin, _, data = log.cut(log.window_start(hit), log.window_end(hit.start, hit.start + 1))
        done = begin + len(data)
        held = max(held, sum(len(chunk.data) for chunk in log._chunks))
    assert log.end > 5 << 20
    assert held < 2 << 20


def test_a_reference_to_a_character_that_there_cannot_be_is_text():
    """Python converts no more than 4,300 digits: a document may have more."""
    digits = "1" * 5000
    (report,) = parse(f"{HEADER.strip()}<br>Mem-Info:<br>&#{digits}; &#62; &gt;<br>{KILL.format(n=7)}")
    assert report.victims[0].pid == 7


def parse_any(text: str) -> list[Report]:
    return list(read_pieces([text.encode()]))


def test_a_false_needle_costs_one_look():
    """What other programs write about killed processes is looked at, but no line around it is read."""
    line = "Jan  5 10:00:00 db watchdog[1]: Killed process 17 for being too large, says process 4\n"
    noise = "Jan  5 10:00:00 db systemd[1]: Started Session 17 of user root.\n"
    data = (noise * 200 + line) * 150
    assert len(data) > 1 << 20

    def work(text: str) -> int:
        return calls(lambda: list(read_pieces([text.encode()])))

    assert work(data) < 2 * work(data.replace("Killed process", "Killed prozess"))
