"""*Read my log*, in a browser: the library itself reads there, and nothing leaves the page."""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from oomlab import corpus
from oomlab.compression import decompressor
from tests.conftest import unavailable
from tests.support.site import PYODIDE, violations

pytestmark = pytest.mark.browser

if not PYODIDE.is_file():
    unavailable("no pyodide: make site fetches it")

REPO = Path(__file__).parents[2]
INCIDENT = corpus.path("incident/oom-report.log")
SEVERAL = REPO / "tests" / "samples" / "2.4.18-kills.log"
HOSTILE = "<img src=x onerror=alert(1)>"


def give(page, *paths: Path) -> None:
    page.locator("#file").set_input_files([str(path) for path in paths])


def shown(page):
    """Wait for a report; return the page of it."""
    page.locator("#result:not([hidden])").wait_for()
    return page.locator("#page")


def paste(page, text: str) -> None:
    """Paste into the field, as a hand would."""
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const field = document.getElementById("log");
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          if (field.dispatchEvent(event)) field.value += text;
        }""",
        text,
    )


def downloaded(page) -> dict:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    return json.loads(Path(download.value.path()).read_text())


@pytest.fixture
def logs(tmp_path) -> list[Path]:
    """Every log of the corpus and of the samples, some of them packed, one as the journal's JSON."""
    given = [INCIDENT, *corpus_logs(), *sorted((REPO / "tests" / "samples").glob("*.log"))]
    found = [Path(shutil.copy(path, tmp_path)) for path in given]
    whole = INCIDENT.read_bytes()
    packed = {"packed.gz": gzip.compress(whole), "packed.xz": lzma.compress(whole)}
    if decompressor("zstd") is not None:
        packed["packed.zst"] = zstd(whole)
    packed["journal.json"] = journal(whole)
    packed["utf-16.log"] = whole.decode("utf-8", "replace").encode("utf-16")
    packed["cut.gz"] = packed["packed.gz"][:-400]
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
    return [*found, *(tmp_path / name for name in packed)]


def corpus_logs() -> list[Path]:
    return [corpus.path(f"captures/{name}") for name in corpus.captures() if name.endswith(".log")]


def journal(log: bytes) -> bytes:
    lines = log.decode("utf-8", "replace").splitlines()
    return "\n".join(json.dumps({"_TRANSPORT": "kernel", "MESSAGE": line}) for line in lines).encode()


def zstd(data: bytes) -> bytes:
    try:
        from compression.zstd import compress
    except ImportError:
        from backports.zstd import compress
    return compress(data)


def test_the_json_is_that_of_the_command_line_for_every_log(visit, logs):
    command = [sys.executable, "-m", "oomlab", "explain", "--json", *(path.name for path in logs)]
    said = subprocess.run(command, cwd=logs[0].parent, capture_output=True, text=True, check=True).stdout
    page = visit("read/")
    give(page, *logs)
    shown(page)
    assert downloaded(page) == json.loads(said)
    expect(page.locator("#problems")).to_contain_text("cut.gz is damaged")


def test_an_example_is_explained_with_its_evidence_zones_and_lines(visit):
    page = visit("read/")
    page.get_by_role("link", name="the incident of 2015").click()
    report = shown(page)
    expect(report.get_by_role("heading", level=3)).to_have_text(
        "Out of memory: the kernel killed clamd (pid 21832)."
    )
    assert report.locator(".vessel").count() == 3
    report.get_by_text("The lines that prove it").click()
    report.locator(".proof a").first.click()
    expect(report.locator("pre span:target")).to_contain_text("clamd invoked oom-killer")
    page.get_by_text("explained part by part").click()
    assert page.locator("#annotated .part").count() > 10
    assert page.title().startswith("Out of memory")


def test_what_is_pasted_dropped_or_typed_is_read(visit):
    text = INCIDENT.read_text()
    page = visit("read/")
    paste(page, text)
    expect(shown(page)).to_contain_text("clamd (pid 21832)")
    page.reload()
    page.get_by_label("The kernel’s log").fill(text)
    page.get_by_label("The kernel’s log").press("Control+Enter")
    expect(shown(page)).to_contain_text("clamd (pid 21832)")
    page.reload()
    drop = """text => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], "dropped.log"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, text)
    expect(page.locator("#status")).to_have_text("1 report found in dropped.log.")


def test_a_long_text_that_is_pasted_does_not_fill_the_field(visit):
    page = visit("read/")
    paste(page, "usb 1-1: new device\n" * 30_000 + INCIDENT.read_text())
    expect(shown(page)).to_contain_text("clamd (pid 21832)")
    assert len(page.get_by_label("The kernel’s log").input_value()) < 3000


def test_the_reports_of_a_log_are_listed_and_each_can_be_opened_with_the_keyboard(visit):
    page = visit("read/")
    give(page, SEVERAL)
    shown(page)
    buttons = page.locator("#list button")
    assert buttons.count() > 1
    expect(page.locator("#summary")).to_contain_text(f"{buttons.count()} reports")
    expect(buttons.first).to_have_attribute("aria-current", "true")
    buttons.last.focus()
    page.keyboard.press("Enter")
    expect(buttons.last).to_have_attribute("aria-current", "true")
    last = page.locator("#list tbody tr").last.locator("td").last.inner_text()
    expect(page.locator("#page h3")).to_contain_text(last)


def test_a_hostile_log_runs_nothing_and_draws_nothing(visit, tmp_path):
    page, dialogs = visit("read/"), []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    log = tmp_path / f"{HOSTILE.replace('/', '')}.log"
    log.write_bytes(INCIDENT.read_bytes().replace(b"clamd", HOSTILE.encode()))
    give(page, log, SEVERAL)
    expect(shown(page)).to_contain_text(HOSTILE)
    assert page.locator("main img").count() == 0
    assert page.locator("#annotated").inner_text(timeout=0) is not None
    assert dialogs == []


def test_a_log_without_a_report_is_told_what_to_look_for(visit, tmp_path):
    page = visit("read/")
    paste(page, "usb 1-1: new high-speed USB device\n")
    expect(page.locator("#status")).to_contain_text("No OOM report in pasted text")
    archive = tmp_path / "logs.zip"
    archive.write_bytes(b"PK\x03\x04" + bytes(100))
    give(page, archive)
    expect(page.locator("#problems")).to_contain_text("logs.zip is a zip file: unpack it first")


def test_kills_by_other_programs_are_told_for_what_they_are(visit):
    page = visit("read/")
    paste(page, 'earlyoom[5]: sending SIGKILL to process 42 "tabs": badness 9, VmRSS 8 MiB\n')
    expect(page.locator("#status")).to_contain_text("other programs tell of kills")
    expect(page.locator("#others-text")).to_contain_text("earlyoom")


def test_a_report_becomes_an_address_only_when_that_is_asked_for(visit):
    page = visit("read/")
    give(page, INCIDENT)
    shown(page)
    assert "#" not in page.url
    page.get_by_role("button", name="Share…").click()
    expect(page.get_by_role("dialog")).to_contain_text("whoever has the address can read the report")
    address = page.locator("#offer-text").input_value()
    assert "#" not in page.url
    other = visit(address.split("/", 3)[3])
    expect(shown(other)).to_contain_text("clamd (pid 21832)")
    expect(other.locator("#status")).to_have_text("1 report found in shared report.")
    damaged = visit("read/#log=3VbRbts4")
    expect(damaged.locator("#status")).to_contain_text("The address is damaged")


def test_the_report_can_be_taken_along_as_markdown(visit):
    page = visit("read/", permissions=["clipboard-read", "clipboard-write"])
    give(page, INCIDENT)
    shown(page)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("## Out of memory: the kernel killed clamd (pid 21832).")


def test_the_machine_behind_a_32_bit_report_opens_in_the_failure_lab(visit):
    page = visit("read/")
    give(page, INCIDENT)
    shown(page)
    with page.expect_popup() as opening:
        page.get_by_role("button", name="The machine behind this report").click()
    lab = opening.value
    expect(lab.get_by_role("heading", name="The failure lab")).to_be_visible()
    expect(lab.get_by_text("30.1 GiB").first).to_be_visible()
    lab.reload()
    expect(lab.get_by_text("30.1 GiB").first).to_be_visible()


def test_a_64_bit_report_offers_no_32_bit_machine(visit):
    page = visit("read/")
    give(page, REPO / "tests" / "samples" / "6.1-panic-on-oom.log")
    shown(page)
    give(page, INCIDENT)
    page.locator("#machine:not([hidden])").wait_for()
    give(page, REPO / "tests" / "samples" / "6.1-panic-on-oom.log")
    expect(page.locator("#machine")).to_be_hidden()


def test_a_long_reading_can_be_stopped_and_leaves_the_page_as_it_was(visit, tmp_path):
    log = tmp_path / "long.log"
    log.write_bytes((b"usb 1-1: new high-speed USB device\n" * 30_000 + INCIDENT.read_bytes()) * 60)
    page = visit("read/")
    give(page, log)
    page.locator("#reports:not([hidden])").wait_for()  # reports are listed while the rest is being read
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_have_text("Stopped. Nothing of the log is kept.")
    expect(page.locator("#reports")).to_be_hidden()
    give(page, INCIDENT)
    expect(shown(page)).to_contain_text("clamd (pid 21832)")


def test_without_the_picture_of_its_memory_python_starts_from_nothing(browser, small_site):
    context = browser.new_context()
    context.route("**/python.snapshot.gz", lambda route: route.fulfill(body=gzip.compress(b"no memory")))
    page = context.new_page()
    page.goto(f"{small_site}read/")
    give(page, INCIDENT)
    expect(shown(page)).to_contain_text("clamd (pid 21832)")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["", "read/"])
def test_the_pages_fit_their_width_and_are_accessible(visit, shoot, path, width, scheme):
    page = visit(path, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    if path:
        give(page, SEVERAL, INCIDENT)
        shown(page)
        page.locator("#machine").wait_for(state="attached")
        page.get_by_text("explained part by part").click()
    shoot(page, f"site-{path.strip('/') or 'home'}-{width}-{scheme}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_on_paper_there_is_the_report_and_nothing_else(visit):
    page = visit("read/")
    give(page, INCIDENT)
    shown(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#page")).to_be_visible()
    expect(page.locator("#page .proof").first).to_be_visible()
    for hidden in (".doors-bar", ".give", ".tools", ".examples"):
        expect(page.locator(hidden)).to_be_hidden()


def test_the_home_page_and_the_way_to_the_command_line_need_no_script(visit):
    page = visit("", java_script_enabled=False)
    for door in ("Read my log", "The failure lab", "Kill a kernel", "The course"):
        expect(page.locator(".doors a", has_text=door)).to_be_visible()
    expect(page.get_by_role("img", name="A bar of all 32 GB of RAM")).to_be_visible()
    page.locator(".doors a").first.click()
    expect(page.get_by_text("Reading a log here needs JavaScript")).to_be_visible()


EXPLORERS = ("lab/gfp-bits/", "lab/zone-map/", "lab/watermarks/")


@pytest.mark.parametrize("path", EXPLORERS)
def test_an_explorer_answers_the_hand_by_the_library_itself(visit, shoot, path):
    page = visit(path)
    preset = page.locator(".presets button").nth(1)
    preset.click()
    expect(preset).to_have_attribute("aria-pressed", "true")
    before = page.locator(".sentence").inner_text()
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".sentence")).not_to_have_text(before)
    shoot(page, path.strip("/").replace("/", "-"))


@pytest.mark.parametrize("width", [360, 1280])
def test_the_failure_lab_has_the_doors_of_the_site_and_leads_to_the_explorers(visit, width):
    page = visit("lab/", viewport={"width": width, "height": 900})
    expect(page.get_by_role("navigation", name="Doors").get_by_role("link")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="What a gfp mask asks for").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What a gfp mask asks for")
