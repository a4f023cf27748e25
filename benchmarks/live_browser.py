"""How long the live kernel takes to die in a real browser, from a click to its OOM report.

    python -m benchmarks.live_browser             # two rounds; needs chromium, and npm for the emulator
    python -m benchmarks.live_browser --rounds 1

Each round opens the page that ``oomlab lab page`` writes in a browser of its own, served from loopback, and
presses one button: once from the saved shell, once seconds before the end. *Loaded* is when the guest runs,
*OOM* when the report is on the page. *CPU* is what the page's process computed until then: it says what the
wait would be where nothing else runs, however busy the machine is. *Memory* is the most that process held.

Promised on an idle machine with two cores: 30 s from the shell, 10 s from the late state, a download of
30 MB, 1 GB of memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

from oomlab.explore.live_page import write_page
from oomlab.lab.states import prepare_states
from tests.support.browser import find_chromium, launch

STARTS = (
    ("from the shell", "Run the incident", "shell.gz"),
    ("seconds before the end", "Seconds before the end", "late.gz"),
)
FILES = ("index.html", "worker.js", "v86.wasm", "bios.bin", "vgabios-stdvga.bin")
PATIENCE = 1_200_000

# Notes when the button was pressed, and when the machine came to which phase.
WATCH = """() => {
  const machine = document.querySelector('.oom-live');
  const at = window.benchTimes = {};
  addEventListener('click', (event) => { at.click = event.timeStamp; }, { capture: true, once: true });
  const note = () => { at[machine.dataset.phase] ??= performance.now(); };
  new MutationObserver(note).observe(machine, { attributeFilter: ['data-phase'] });
}"""


class Taken(NamedTuple):
    """What one start took: seconds from the click, CPU seconds and MiB of the page's process."""

    loaded: float
    oom: float
    cpu: float
    memory: float
    headline: str


class Quiet(SimpleHTTPRequestHandler):
    """A server that keeps no log."""

    def log_message(self, *what: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def measure(address: str, button: str) -> Taken:
    """Press a button of the page in a browser of its own, and wait for the report."""
    chromium = find_chromium()
    assert chromium is not None, "there is no Chromium here"
    with sync_playwright() as playwright, launch(playwright, chromium) as browser:
        page = browser.new_page()
        page.goto(address)
        page.evaluate(WATCH)
        page.get_by_role("button", name=button, exact=True).click()
        ended = ", ".join(f'.oom-live[data-phase="{phase}"]' for phase in ("over", "failed"))
        page.wait_for_selector(ended, timeout=PATIENCE)
        at = page.evaluate("window.benchTimes")
        headline = page.locator(".oom-live .headline").inner_text()
        cpu, memory = max(map(process_costs, renderers()))
    assert "over" in at, headline
    loaded, over = ((at[phase] - at["click"]) / 1000 for phase in ("running", "over"))
    return Taken(loaded, over, cpu, memory, headline)


def renderers() -> list[Path]:
    """Return the processes of this one's browser that run pages, as folders of ``/proc``."""
    found, parents = [], {os.getpid()}
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            told = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if parent in parents:
            parents.add(int(process.name))
            if b"--type=renderer" in told:
                found.append(process)
    return found


def process_costs(process: Path) -> tuple[float, float]:
    """Return the CPU seconds of a process, and the most memory that it held, in MiB."""
    user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    peak = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024


def main() -> None:
    """Measure each start, and say what was downloaded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="oomlab-") as name, served(Path(name)) as address:
        write_page(prepare_states(print), Path(name))
        for what, button, state in STARTS:
            size = sum((Path(name) / file).stat().st_size for file in (*FILES, state))
            print(f"{what}: a download of {size / 1e6:.1f} MB")
            for _ in range(rounds):
                load = os.getloadavg()[0]
                taken = measure(address, button)
                print(
                    f"  loaded {taken.loaded:5.1f} s   OOM {taken.oom:5.1f} s   CPU {taken.cpu:5.1f} s   "
                    f"memory {taken.memory:4.0f} MiB   (load {load:.1f} to {os.getloadavg()[0]:.1f})"
                )
                print(f"  {taken.headline}", flush=True)


if __name__ == "__main__":
    main()
