"""A genuine kernel in Chromium: the page that the command writes, begun late, and its end or its rescue."""

from __future__ import annotations

import os
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from oomlab import diagnose, parse
from oomlab.explore.live_page import write_page
from oomlab.lab.states import prepare_states
from tests.live.test_browser_page import Quiet, press, says

pytestmark = pytest.mark.browser

if not os.environ.get("OOMLAB_LIVE"):
    pytest.skip("set OOMLAB_LIVE=1 to run a kernel in a browser", allow_module_level=True)

PATIENCE = 1_200_000
"""Milliseconds in which an emulated kernel may die on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("live")
    write_page(prepare_states(), place)
    return place


@pytest.fixture
def live(folder, page):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        server.shutdown()


def test_a_start_downloads_less_than_30_mb(folder):
    shared = [
        folder / name for name in ("index.html", "worker.js", "v86.wasm", "bios.bin", "vgabios-stdvga.bin")
    ]
    for name in ("shell.gz", "late.gz"):
        assert sum(path.stat().st_size for path in [*shared, folder / name]) < 30e6


def test_a_kernel_in_the_browser_dies_of_the_incident_as_the_model_foresees(live, tmp_path):
    hosts = set()
    live.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    press(live, "Seconds before the end")
    expect(live.locator(".headline")).to_contain_text("out of memory", timeout=PATIENCE)
    with live.expect_download() as kept:
        live.get_by_role("link", name="console.log").click()
    [report, *_] = parse(kept.value.path().read_text())
    assert diagnose(report).cause == "lowmem_exhaustion"
    machine = live.locator(".report dl")
    error = float(machine.inner_text().rpartition("page cache, ")[2].split()[0])
    assert error < 10
    assert hosts == {"127.0.0.1", None}


def test_a_kernel_in_the_browser_is_rescued_by_its_button_and_recycles_its_cache(live):
    press(live, "Seconds before the end")
    says(live, "The model expects")
    press(live, "Switch the fix back on")
    live.wait_for_function(RECYCLED, timeout=PATIENCE)
    assert live.locator(".oom-live").get_attribute("data-phase") == "running"


RECYCLED = """() => {
    const words = document.querySelector('.headline').textContent;
    const cache = Number(words.match(/(\\d+)\\sMiB of page cache/)?.[1] ?? 0);
    window.most = Math.max(window.most ?? 0, cache);
    return cache > 0 && cache <= window.most - 4;
}"""
"""Without the fix the page cache of a dying guest only grows."""
