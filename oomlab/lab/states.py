"""Saved states of a guest, so that a page or a notebook begins without a boot.

A guest is booted once, in Node, and saved twice: at its shell, and with lowmem nearly gone. Pages of
zeros cost nothing in a state, and so neither does page cache that was filled with zeros.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oomlab.errors import LabUnavailable
from oomlab.lab.cache import cache_folder, keep, work_folder
from oomlab.lab.fix import Fix, find_fix
from oomlab.lab.initramfs import build_initramfs
from oomlab.lab.node import NodeGuest, browser_parts, machine, machine_files, node_guest
from oomlab.lab.npm import Emulator
from oomlab.lab.packages import Guest, sha256
from oomlab.lab.prediction import predict
from oomlab.lab.runs import Run, told_outcome
from oomlab.lab.scenarios import find_scenario
from oomlab.lab.work import HOLD, beginning, copy, preparations
from oomlab.simulation import page_cache, read_samples
from oomlab.units import pages_to_mib

SCENARIO = find_scenario("incident-small")
"""What a page or a widget plays: its fix can be switched by hand, and swap can be added."""

BEAT = 1.0
"""Seconds between two samples: each takes the emulator some 0.1 s."""

_LATE_SHARE = 0.96
"""The share of the page cache at OOM, as predicted, at which the late state is saved."""

_PIECE_MIB = 64
"""MiB that are copied at a time on the way to the late state."""

_HISTORY = 30
_PATIENCE = 3600.0

Progress = Callable[[str], None]


def saved_states() -> Path | None:
    """Return the folder of the newest states in the cache, with all that a page needs, or ``None``."""
    found = sorted(cache_folder().glob("states-*/manifest.json"), key=lambda path: path.stat().st_mtime)
    return found[-1].parent if found else None


def prepare_states(say: Progress = lambda words: None) -> Path:
    """Return the folder of the states of this kernel and this emulator, made now where the cache has none.

    ``say`` is told what is being done. Raises :class:`LabUnavailable` where a part is missing.
    """
    say("Fetching the kernel and the emulator")
    guest, emulator = browser_parts()
    name = f"states-{guest.release}-{_key(guest, emulator)}"
    if (cache_folder() / name / "manifest.json").exists():
        return cache_folder() / name
    with work_folder() as work:
        ready = work / "states"
        ready.mkdir()
        _save_all(guest, emulator, ready, say)
        return keep(ready, name)


def _key(guest: Guest, emulator: Emulator) -> str:
    """Return a hash of all that a state depends on."""
    work = [*preparations(SCENARIO, *NodeGuest.disks), HOLD, *beginning(SCENARIO)]
    parts = {
        **guest.origin,
        **emulator.origin,
        "machine": machine(SCENARIO),
        "work": work,
        "late": _LATE_SHARE,
    }
    told = json.dumps(parts, sort_keys=True).encode()
    return hashlib.sha256(told + build_initramfs(guest)).hexdigest()[:12]


def _save_all(guest: Guest, emulator: Emulator, ready: Path, say: Progress) -> None:
    say("Booting a guest in Node: a minute or so, longer on a busy machine")
    with node_guest(SCENARIO, guest, emulator) as live:
        swap = live.disks[1]
        for line in [*preparations(SCENARIO, *live.disks), f"mkswap {swap} >/dev/null"]:
            live.command(line)
        fix = _find_fix(live)
        zoneinfo = live.command("cat /proc/zoneinfo")
        live.command(f"sh /sampler.sh {BEAT:g} &")
        _wait(live, lambda samples: True)
        manifest = {
            "kernel": guest.release,
            "origin": {**guest.origin, **emulator.origin},
            "machine": machine(SCENARIO),
            "fix": fix._asdict(),
            "beginning": beginning(SCENARIO),
            "swapon": f"swapon {swap}",
            "zoneinfo": zoneinfo,
        }
        shell = _saved(live, ready / "shell.gz", say)
        foreseen = predict(as_run(manifest, shell["console"], shell["samples"])).modelled.end.page_cache
        _fill(live, fix, until=_LATE_SHARE * foreseen, say=say)
        late = _saved(live, ready / "late.gz", say)
    for path in (
        *machine_files(guest, emulator).values(),
        emulator.file("libv86.js"),
        emulator.file("LICENSE"),
    ):
        shutil.copy(path, ready)
    manifest["states"] = {"shell": shell, "late": late}
    (ready / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _find_fix(live: NodeGuest) -> Fix:
    symbols = live.command("grep recalc_bh_state /proc/kallsyms")
    with live.memory() as memory:
        return find_fix(memory, symbols)


def _fill(live: NodeGuest, fix: Fix, *, until: float, say: Progress) -> None:
    """Copy without the fix until there are so many pages of cache; leave the copy going.

    Each piece is of a size that was chosen, so that a busy host cannot copy too much.
    """
    say("Filling its page cache: half a minute, longer on a busy machine")
    live.ask("run")
    with live.memory() as memory:
        fix.switch_off(memory)
    live.command(HOLD)
    written = 0
    while (missing := int(pages_to_mib(until) - _cached_mib(live))) > 0:
        piece = min(missing, _PIECE_MIB)
        live.command(f"{copy(at=written, size=piece)} 2>/dev/null; sync", _PATIENCE)
        written += piece
        say(f"{written} of {written - piece + missing} MiB")
    for line in beginning(SCENARIO, at=written):
        live.command(line)


def _cached_mib(live: NodeGuest) -> float:
    """Return how much page cache the next sample tells of, in MiB."""
    known = len(read_samples(live.samples()))
    _wait(live, lambda samples: len(samples) > known + 1)
    return pages_to_mib(page_cache(read_samples(live.samples())[-1]))


def _wait(live: NodeGuest, is_enough: Callable[[list[dict[str, float]]], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not (samples := read_samples(live.samples())) or not is_enough(samples):
        time.sleep(0.2)
        if not live.is_running or time.monotonic() > end:
            raise LabUnavailable("the guest did not come as far as the state that was to be saved: try again")


def _saved(live: NodeGuest, path: Path, say: Progress) -> dict[str, Any]:
    """Save the guest and leave it stopped; return what a page shows before the state is loaded."""
    state = live.save_state()
    say(f"Saving {path.name}")
    path.write_bytes(gzip.compress(state.read_bytes(), 9, mtime=0))
    header, *rows = live.samples().splitlines()
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "console": live.console(),
        "samples": "\n".join([header, *_history(rows)]) + "\n",
    }


def _history(rows: list[str]) -> list[str]:
    """Return some of the samples, spread evenly, and the last."""
    return [*rows[: -1 : -(-len(rows) // _HISTORY)], rows[-1]]


def as_run(
    manifest: Mapping[str, Any], console: str, samples: str, notes: Sequence[tuple[float, str]] = ()
) -> Run:
    """Return what a guest that began from a saved state has told so far, as any other engine's run."""
    return Run(
        scenario=SCENARIO,
        engine=NodeGuest.engine,
        kernel=manifest["kernel"],
        outcome=told_outcome(console) or "survived",
        samples=tuple(read_samples(samples)),
        console=console,
        zoneinfo=manifest["zoneinfo"],
        notes=tuple(notes),
    )
