"""Saved states to test the page and the widget with, where an emulator that replays a recording stands in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from oomlab import lab
from oomlab.lab.node import machine
from oomlab.lab.runs import samples_text
from oomlab.lab.states import SCENARIO
from oomlab.lab.work import beginning
from tests.live.test_fix import SYMBOLS, _code

EMULATOR = Path(__file__).with_name("stand_in_v86.js")
FIX = {"limit_at": 0x1EE6A44, "over_at": 0x1EE6A40, "limit": 53312}


def stand_in() -> str:
    """Return the text of an emulator that replays the recording of the scenario."""
    run = lab.run(SCENARIO, engine="recorded")
    told = {
        "samples": samples_text(run),
        "boot": run.console[: _cut(run)],
        "report": run.console[_cut(run) :],
        "zoneinfo": run.zoneinfo,
        "symbols": SYMBOLS,
        "code": list(_code()),
        **FIX,
    }
    return f"const RECORDING = {json.dumps(told)};\n{EMULATOR.read_text()}"


def _cut(run: lab.Run) -> int:
    """Return where on the console the report begins."""
    return run.console.rindex("\n", 0, run.console.index("invoked oom-killer")) + 1


def write_states(folder: Path, *, state: bytes = b"a saved machine") -> Path:
    """Write a folder such as :func:`oomlab.lab.states.prepare_states` makes, and return it."""
    run = lab.run(SCENARIO, engine="recorded")
    header, *rows = samples_text(run).splitlines(keepends=True)
    cut = _cut(run)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("shell.gz", "late.gz"):
        (folder / name).write_bytes(gzip.compress(state))
    for name in ("v86.wasm", "bios.bin", "vgabios-stdvga.bin", "LICENSE"):
        (folder / name).write_bytes(b"stand-in")
    (folder / "libv86.js").write_text(stand_in())
    size = (folder / "shell.gz").stat().st_size

    def saved(file: str, count: int) -> dict[str, object]:
        samples = "".join([header, *rows[:count]])
        return {"file": file, "bytes": size, "sha256": "", "console": run.console[:cut], "samples": samples}

    manifest = {
        "kernel": run.kernel,
        "origin": {"package": "a stand-in", "linux-image.deb": "0" * 64},
        "machine": machine(SCENARIO),
        "fix": FIX,
        "beginning": beginning(SCENARIO),
        "swapon": "swapon /dev/sdb",
        "zoneinfo": run.zoneinfo,
        "states": {"shell": saved("shell.gz", 1), "late": saved("late.gz", len(rows) // 2)},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
