"""No damage breaks the reading, and its time grows with the size of the log, not with its square."""

from __future__ import annotations

import contextlib
import os
import re
from random import Random

import pytest

from oomlab.errors import ReportError
from oomlab.parsing import parse
from tests.support import fuzz, stages
from tests.support.work import slowdown

COUNT = 1000

UNITS = {
    "letters": "a",
    "blanks": " ",
    "digits": "9",
    "brackets": "[",
    "closing brackets": "]",
    "quotes": "> ",
    "angles": "<",
    "tags": "<br>",
    "entities": "&gt;",
    "escapes": "\\n",
    "colours": "\x1b[",
    "backslashes": "\\",
    "braces": "{",
    "strings": '"MESSAGE" : "',
    "pairs": "free:8kB ",
    "pairs without a unit": "free:8 ",
    "names without a value": "free: ",
    "names": "free:",
    "counters": "active_anon:1 ",
    "blocks": "1*4kB ",
    "block types": "(UM) ",
    "reserves": "0 1 ",
    "functions": "f+0x1/0x2 ",
    "arm functions": "(f) from ",
    "uptimes": "[ 1.000001] ",
    "stamps": "Sep 23 02:04:16 db kernel: ",
    "callers": "[T1]",
    "tasks": "[ 1] 0 1 2 3 ",
    "kills": "Killed process 1 (x) ",
    "heads": "x invoked oom-killer: ",
    "masks": "gfp_mask=0x1 ",
    "places": "nodemask=0,",
    "constraints": "task=x,pid=",
    "task groups": "task_memcg=/x,",
    "statistics": "anon:1KB ",
    "sizes": "1KB ",
    "pages": "1 pages ",
    "failures": "x: page allocation failure: ",
    "groups": "Tasks in / ",
    "failures without a mask": "allocation failure: ",
    "sizes alone": "a 1KB\n",
    "two kills": "Kill process 1 (a) Kill process 1 (a) ",
    "words of a kill": "Out of memory: ",
    "non-ASCII digits": "٣",
    "hard blanks": "\u00a0",
    "escaped quotes": '\\"',
    "strings that end": '"\\',
    "strings of Python": "b'",
    "pairs of elements": "</a><a>",
}
FRAMES = {
    "alone": "{}",
    "in a header": "x invoked oom-killer: gfp_mask=0xd0, order=0 {}\nMem-Info:\nDMA free:8kB min:8kB\n",
    "before a header": "{} invoked oom-killer: gfp_mask=0xd0, order=0\nMem-Info:\nDMA free:8kB min:8kB\n",
    "in a zone": "Mem-Info:\nNormal free:8kB min:8kB {}\nlowmem_reserve[]: 0 0\n",
    "in a prefixed zone": "[  1.000001] Mem-Info:\n[  1.000002] Normal free:8kB min:8kB {}\n[  1.000003] x\n",
    "in a kill": "Out of memory: Killed process 1 ({}) total-vm:8kB\n",
    "in a group": "Memory cgroup stats for /{}: cache:0KB\nMemory cgroup out of memory: Killed process 1 (x)",
    "before an anchor": "{}Mem-Info:\n{}lowmem_reserve[]: 0 0\nNormal free:8kB min:8kB\n",
}


def read(text: str) -> None:
    with contextlib.suppress(ReportError):
        parse(text)


def grows_with_the_size(small: str, large: str) -> bool:
    """Whether four times the text takes less than eight times as long: the square would be sixteen."""
    return slowdown(lambda: read(small), lambda: read(large), 4) < 8


@pytest.mark.parametrize("part", range(3))
def test_damaged_logs_raise_nothing_but_report_error(part):
    """Neither when they are read nor, for one in four, when they are judged and shown."""
    logs = fuzz.seeds()
    assert len(logs) > 20
    for number in range(part * COUNT, (part + 1) * COUNT):
        reports = stages.read(fuzz.case(number, logs))
        if number % 4 == 0:
            stages.explain(reports)


@pytest.mark.parametrize("log", fuzz.seeds(), ids=lambda data: data[:30].decode(errors="replace"))
def test_numbers_of_any_length_break_no_stage(log):
    """Python refuses to read a number of more than 4,300 digits."""
    random = Random(7)

    def lengthen(number: re.Match[bytes]) -> bytes:
        return b"9" * 5000 if random.random() < 0.05 else number[0]

    stages.STAGES["all"](re.sub(rb"\d+", lengthen, log[:8000]), 1)


@pytest.mark.parametrize(
    "line",
    [
        '{"MESSAGE":[BIG]}',
        '{"MESSAGE":[79, BIG]}',
        "BIG <4>1 x",
        "Panic#BIG Part1",
        "user@BIG.service: Killed",
    ],
)
def test_numbers_of_any_length_around_a_kill_break_no_stage(line):
    kill = "Out of memory: Killed process 1 (x) total-vm:1kB, anon-rss:1kB, UID:BIG\n"
    text = f"{line}\n{kill}".replace("BIG", "9" * 5000)
    assert stages.STAGES["all"](text.encode(), 1).reports == 1


def test_a_case_is_made_from_its_number_alone():
    logs = fuzz.seeds()
    assert fuzz.case(1999, logs) == fuzz.case(1999, logs)
    assert len(fuzz.case(1999, logs)) > 1 << 20


def test_all_stages_take_damaged_logs():
    """Up to a fitted machine that is run; one of the cases is drawn."""
    logs = fuzz.seeds()
    for number in range(60):
        stages.STAGES["all"](fuzz.case(number, logs), number)


def test_a_run_says_how_far_it_is_and_goes_on_from_there(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fuzz.main(["30", "--first", "5", "--keep", "kept.json"]) == 0
    assert fuzz.main(["40", "--keep", "kept.json"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("30 cases,")
    assert first.endswith("go on with --first 35")
    assert second.startswith("40 cases,")
    assert second.endswith("go on with --first 45")


def test_a_case_that_fails_is_kept_and_the_run_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail_at_7(data: bytes, number: int) -> stages.Found:
        assert number != 7, "the stage fails"
        return stages.Found(1)

    monkeypatch.setitem(stages.STAGES, "read", fail_at_7)
    assert fuzz.main(["10", "--seed", "3"]) == 1
    said = capsys.readouterr()
    assert "10 cases, 9 reports" in said.out
    assert "1 failed [7]" in said.out
    assert "the stage fails" in said.err
    assert (tmp_path / "fuzz-3-7.log").read_bytes() == fuzz.case(7, fuzz.seeds(), 3)


def test_logs_are_named_after_the_options(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.log").write_text("Out of memory: Killed process 7 (sh) total-vm:8kB, anon-rss:8kB\n" * 9)
    assert fuzz.main(["5", "--stages", "explain", "--seed", "1", "a.log"]) == 0
    assert capsys.readouterr().out.startswith("5 cases,")


@pytest.mark.parametrize("frame", FRAMES if os.environ.get("OOMLAB_FULL") else list(FRAMES)[1::2])
@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_size(unit, frame):
    for end in ("", "\n"):
        text = UNITS[unit] + end
        small, large = (FRAMES[frame].replace("{}", text * (size // len(text))) for size in (4_000, 16_000))
        assert grows_with_the_size(small, large)


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_a_long_line(unit):
    small, large = (
        FRAMES["in a header"].replace("{}", UNITS[unit] * (size // len(UNITS[unit])))
        for size in (96 << 10, 384 << 10)
    )
    assert grows_with_the_size(small, large)
    assert parse(large)[0].trigger.gfp_mask == 0xD0


@pytest.mark.parametrize(
    "line",
    [
        "Out of memory: Killed process {} (x).",
        "Out of memory: Killed process {} (x) total-vm:8kB, anon-rss:8kB",
        "Out of memory: Kill process {} (x) score 1 or sacrifice child",
        "x{} invoked oom-killer: gfp_mask=0xd0, order=0",
        "[{}] 0 {} 1 1 0 0 x",
        "DMA{} free:8kB min:8kB low:8kB high:8kB",
        "oom-kill:constraint=CONSTRAINT_NONE,task=x,pid={},uid=0",
    ],
)
def test_time_grows_with_the_number_of_different_lines(line):
    """Thousands of reports, kills, tasks or zones in one text, no two the same."""
    small, large = (
        "Mem-Info:\n" + "\n".join(line.replace("{}", str(number)) for number in range(size // len(line)))
        for size in (60_000, 240_000)
    )
    assert grows_with_the_size(small, large)
    assert parse(large)


def test_time_grows_with_the_number_of_zones_behind_the_free_blocks():
    """Each is asked whether it begins another report: by one look, not by one for every zone before it."""
    head = "x invoked oom-killer: gfp_mask=0xd0, order=0\nMem-Info:\nDMA free:8kB min:8kB\nDMA: 1*4kB = 4kB\n"
    small, large = (
        head + "\n".join(f"Node {number} DMA free:8kB min:8kB" for number in range(zones))
        for zones in (5_000, 20_000)
    )
    assert grows_with_the_size(small, large)


def test_time_grows_with_the_escaped_quotes_in_a_key():
    head = "x invoked oom-killer: gfp_mask=0xd0, order=0\n"
    small, large = (f'{head}"{escaped}":\n' for escaped in ('\\"' * 2000, '\\"' * 8000))
    assert grows_with_the_size(small, large)


def test_growth_with_the_square_is_noticed():
    short, long = range(200), range(800)
    assert slowdown(lambda: squared(short), lambda: squared(long), 4) > 8


def squared(numbers: range) -> list[int]:
    return [a * b for a in numbers for b in numbers]
