"""The page of a live kernel under a hand, with an emulator that replays a recorded guest."""

from __future__ import annotations

import gzip
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from oomlab import diagnose, parse
from oomlab.explore.live_page import write_page
from tests.support.live_states import FIX, write_states

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *what):
        pass


@pytest.fixture
def folder(tmp_path):
    """The page's folder."""
    write_page(write_states(tmp_path / "states"), tmp_path / "page")
    return tmp_path / "page"


@pytest.fixture
def opened(folder, page):
    """The page, served from loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        server.shutdown()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def says(page, words):
    expect(page.locator(".headline")).to_contain_text(words)


def test_the_start_says_what_it_costs_before_anything_is_downloaded(opened):
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    start = opened.locator(".start")
    for words in ("Downloads 1 MB", "640 MiB of RAM", "up to 900 MB", "nothing is sent anywhere"):
        expect(start).to_contain_text(words)
    assert asked == []


def test_the_incident_runs_to_its_report_and_nothing_leaves_loopback(opened, shoot):
    hosts = set()
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    press(opened, "Run the incident")
    says(
        opened,
        "The kernel has killed dd: out of memory with 306 MiB of page cache, and 271 MiB of HighMem free",
    )
    verdict = opened.locator(".report dl")
    expect(verdict).to_contain_text("Normal has 348 kB free, below its min of 352 kB")
    expect(verdict).to_contain_text("expected the end at 302 MiB of page cache")
    expect(opened.locator(".report pre")).to_contain_text("Out of memory: Killed process 132 (dd)")
    expect(opened.get_by_role("img")).to_contain_text("OOM killer")
    assert hosts == {"127.0.0.1", None}  # the script of a worker has no host
    shoot(opened, "live-over", full_page=True)


def test_the_console_that_is_kept_is_a_log_that_oomlab_reads(opened, tmp_path):
    press(opened, "Run the incident")
    with opened.expect_download() as kept:
        opened.get_by_role("link", name="console.log").click()
    [report] = parse(kept.value.path().read_text())
    assert diagnose(report).cause == "lowmem_exhaustion"


def test_the_rescue_writes_the_kernels_own_limit_and_the_machine_lives(opened, shoot):
    press(opened, "Seconds before the end")
    expect(opened.get_by_role("img")).to_contain_text("HighMem")
    press(opened, "Switch the fix back on")
    says(opened, "The fix is on again")
    expect(opened.get_by_role("img")).to_contain_text("fix on")
    expect(opened.get_by_role("button", name="Switch the fix off")).to_be_enabled()
    assert opened.locator(".report").is_hidden()
    shoot(opened, "live-rescued", full_page=True)


def test_a_shell_line_is_run_and_its_answer_is_text(opened):
    press(opened, "Just its shell")
    says(opened, "waits at its shell")
    line = opened.get_by_label("A line for its shell")
    line.fill("echo <img src=x onerror=alert(1)>")
    line.press("Enter")
    expect(opened.locator(".talk")).to_contain_text("<img src=x onerror=alert(1)>\n")
    assert opened.locator(".talk img").count() == 0


def test_a_machine_can_be_paused_and_goes_on(opened):
    press(opened, "Run the incident")
    press(opened, "Pause")
    expect(opened.get_by_role("button", name="Go on")).to_be_visible()
    expect(opened.get_by_role("button", name="Drop caches")).to_be_disabled()
    press(opened, "Go on")
    says(opened, "The kernel has killed dd")


def test_starting_over_ends_the_guest_and_frees_its_memory(opened):
    press(opened, "Just its shell")
    says(opened, "waits at its shell")
    assert len(opened.workers) == 1
    with opened.workers[0].expect_event("close"):
        press(opened, "Start over")
    expect(opened.get_by_role("button", name="Run the incident")).to_be_visible()


def test_a_tab_that_is_closed_ends_its_guest(opened):
    press(opened, "Run the incident")
    says(opened, "The model expects")
    with opened.workers[0].expect_event("close"):
        opened.close()


def test_an_emulator_that_fails_says_so_and_the_recording_is_offered(opened):
    press(opened, "Just its shell")
    line = opened.get_by_label("A line for its shell")
    line.fill("crash")
    line.press("Enter")
    says(opened, "The emulator cannot go on: Uncaught Error: Unimplemented: #GP handler")
    press(opened, "Play the recording")
    says(opened, "A recording. The kernel has killed dd")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("shell.gz", b"\x1f\x8b damaged", "the saved state is damaged"),
        ("shell.gz", gzip.compress(b"cut short" * 1000, mtime=0)[:40], "the saved state is damaged"),
        ("shell.gz", gzip.compress(b"\xff", mtime=0), "could not allocate memory"),
        ("v86.wasm", None, "v86.wasm could not be fetched: the server says 404"),
        ("worker.js", b"this is no script", "SyntaxError"),
    ],
)
def test_what_is_damaged_missing_or_too_large_is_named(folder, opened, name, content, words):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    press(opened, "Run the incident")
    says(opened, words)
    expect(opened.get_by_role("button", name="Play the recording")).to_be_visible()


def test_opened_as_a_file_it_says_why_nothing_can_run_and_plays_the_recording(folder, page):
    page.goto(f"file://{folder}/index.html")
    expect(page.get_by_role("alert")).to_contain_text("opened as a file")
    expect(page.get_by_role("button", name="Run the incident")).to_be_disabled()
    press(page, "Play the recording")
    says(page, "A recording. The kernel has killed dd")


@pytest.mark.parametrize("width", [390, 720, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_spills_over_the_edge_of_the_page(opened, width, scheme, shoot):
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": width, "height": 900})
    shoot(opened, f"live-start-{width}-{scheme}", full_page=True)
    press(opened, "Play the recording")
    says(opened, "A recording. The kernel has killed dd")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    shoot(opened, f"live-over-{width}-{scheme}", full_page=True)


def test_the_page_holds_no_server_s_name_but_its_own(folder):
    html = (folder / "index.html").read_text()
    assert "connect-src 'self'" in html
    assert all(f'"{name}":{value}' in html.replace('": ', '":') for name, value in FIX.items())
