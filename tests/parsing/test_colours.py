"""Colours go, in whatever form their codes came; what only looks like one stays."""

from __future__ import annotations

import pytest

from oomlab.parsing import parse
from oomlab.parsing.colours import without_colours

KILL = "Out of memory: Killed process {} ({}) total-vm:8kB, anon-rss:8kB, file-rss:0kB"


@pytest.mark.parametrize(
    "esc", ["\x1b", "", "^[", "ESC", "<ESC>", "#033", r"\x1b", r"\e", r"\033", r"\u001b", "\u241b"]
)
@pytest.mark.parametrize("code", ["32m", "01;31m", "0;1;39m", "38;5;185m"])
def test_codes_go_however_esc_is_written(esc, code):
    lines = [
        f"[{at:5}.000001] {text}"
        for at, text in enumerate(["Call Trace:", " ? a+0x1/0x2 [mlx5_core]", "Mem-Info:"])
    ]
    text = "\n".join(lines)
    assert without_colours("\n".join(f"{esc}[{code}{line}{esc}[0m" for line in lines)) == text
    assert without_colours(text) == text


@pytest.mark.parametrize("name", ["[32m", "a[0m", "[31mweb[0m", "^[[1mx^[[0m", r"\x1b[0m"])
def test_a_name_like_a_code_stays(name):
    (report,) = parse(f"[ 5121.000001] {KILL.format(7, name)}")
    assert report.victims[0].comm == name


@pytest.mark.parametrize(
    "line",
    ["[1m30s] up", "[0m12s] up", "[32m] a", "[<ffff>] ? a+0x1/0x2 [m]", "[ 5121.000001] a", "[0m", "[m"],
)
def test_what_begins_with_brackets_is_no_code(line):
    text = "\n".join([line, *["Mem-Info:"] * 20])
    assert without_colours(text) == text


def test_a_coloured_part_of_a_long_log_shows_itself():
    plain = [f"[{at:5}.000001] eth0: link is up" for at in range(400)]
    coloured = [f"[32m[{500 + at:5}.000001] [0m{KILL.format(at, 'sh')}" for at in range(20)]
    assert len(parse("\n".join([*plain, *coloured, *plain]))) == 20
