"""A live kernel as a folder that any static web server can serve: nothing to install, nobody to ask."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from oomlab.explore.bundle import bundle, stylesheet
from oomlab.explore.offline import offline_page
from oomlab.lab import Run
from oomlab.lab import run as lab_run
from oomlab.lab.prediction import guest_machine, predict
from oomlab.lab.runs import samples_text
from oomlab.lab.states import SCENARIO, as_run
from oomlab.procfs import parse_zoneinfo
from oomlab.rules import rules_for
from oomlab.simulation.sample import zones_from_stats
from oomlab.zone_model import Zone

_CONTENT = Template(
    """<h1>A real kernel dies with nearly half of its memory free</h1>
<p class="lead">A 32-bit Linux runs in this page. It copies a file until the records of its cached pages have
filled lowmem, and then kills a process while HighMem lies free. You can watch, and you can rescue it.</p>
<div id="live"><noscript><p>The machine needs JavaScript.</p></noscript></div>
<footer>
<p>Linux $kernel as Debian ships it (GPL-2.0), in the emulator v86 (BSD-2-Clause) with SeaBIOS (LGPL-3.0).
Packages: $packages. Made with oomlab.</p>
</footer>"""
)
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; worker-src blob:"
)

FILES = ("v86.wasm", "bios.bin", "vgabios-stdvga.bin")


def write_page(states: Path, folder: Path) -> int:
    """Write the page and all its files into a folder; return how many bytes these are.

    ``states`` is what :func:`oomlab.lab.states.prepare_states` returned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(states)
    facts = live_facts(states)
    for name in (*FILES, *(state["file"] for state in manifest["states"].values())):
        shutil.copyfile(states / name, folder / name)
    (folder / "worker.js").write_text(worker_script(states), encoding="utf-8")
    shutil.copyfile(states / "LICENSE", folder / "LICENSE.v86")
    packages = [name for name in manifest["origin"] if name.endswith((".deb", ".tgz"))]
    content = _CONTENT.substitute(kernel=escape(manifest["kernel"]), packages=escape(", ".join(packages)))
    page = offline_page(
        "A live kernel",
        content,
        start=("live_page", "live"),
        facts=facts,
        styles=stylesheet("live/live"),
        script=bundle("live/page"),
        policy=_POLICY,
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    return sum(path.stat().st_size for path in folder.iterdir())


def read_manifest(states: Path) -> dict[str, Any]:
    """Return what was written beside the saved states."""
    manifest: dict[str, Any] = json.loads((states / "manifest.json").read_text())
    return manifest


def worker_script(states: Path) -> str:
    """Return the text that runs a guest in a worker: the emulator, and the modules that drive it."""
    return f"{(states / 'libv86.js').read_text(encoding='utf-8')}\n{bundle('live/worker')}"


def live_facts(states: Path | None) -> dict[str, Any]:
    """Return what the page knows before anything runs: how to start, the zones, what the model expects.

    Without saved states only the recording can be played, and the page says why.
    """
    recorded = lab_run(SCENARIO, engine="recorded")
    start, begun = _start(states) if states else (_NO_START, recorded)
    zones = [zone for zone in parse_zoneinfo(begun.zoneinfo) if zone.size]
    return {
        **start,
        "kernel": begun.kernel,
        "zones": [{"name": zone.name, "managed": zone.size} for zone in zones],
        "kept": kept(zones_from_stats(zones)),
        "per_page": {"radix_tree_node": rules_for(guest_machine(begun)).radix_tree_node.per_page},
        "model": _model(begun),
        "recording": {"console": recorded.console, "samples": samples_text(recorded)},
    }


_NO_START: Mapping[str, Any] = {
    "states": {},
    "machine": {"memory": SCENARIO.memory},
    "emulator": "v86",
    "shared": 0,
    "refusal": "There is no saved machine on this computer: oomlab lab setup --engine browser makes one. "
    "Until then the recording can be played.",
}


def _start(states: Path) -> tuple[Mapping[str, Any], Run]:
    """Return how a machine is started from saved states, and what it had told by then."""
    manifest = read_manifest(states)
    names = ("machine", "fix", "beginning", "swapon", "states")
    shell = manifest["states"]["shell"]
    start = {
        **{name: manifest[name] for name in names},
        "emulator": manifest["origin"]["package"],
        "shared": sum((states / name).stat().st_size for name in (*FILES, "libv86.js")),
        "refusal": "",
    }
    return start, as_run(manifest, shell["console"], shell["samples"])


def kept(zones: Sequence[Zone]) -> int:
    """Return the pages of lowmem below which the kernel's own requests fail: min, and what DMA keeps back."""
    low = [zone for zone in zones if zone.name in ("DMA", "Normal")]
    normal = [zone.name for zone in low].index("Normal")
    return sum(zone.watermark_min + zone.lowmem_reserve[normal] for zone in low)


def _model(begun: Run) -> Mapping[str, Any]:
    """Return where the model ends, and its course: page cache, and free pages of DMA, Normal and HighMem."""
    run = predict(begun).modelled
    free = (run.series("free", zone) for zone in ("DMA", "Normal", "HighMem"))
    return {
        "page_cache": run.end.page_cache,
        "course": [list(row) for row in zip(run.page_cache, *free, strict=True)],
    }
