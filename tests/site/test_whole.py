"""The whole site as ``make site`` builds it: it asks nobody else, links hold, it is accessible, it runs."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.site import keep_inside, served, violations

pytestmark = pytest.mark.browser

if os.environ.get("OOMLAB_SITE") != "1":
    pytest.skip("the whole site is tested with OOMLAB_SITE=1, after make site", allow_module_level=True)

PAGES = (
    "index.html",
    "read/index.html",
    "lab/index.html",
    "lab/gfp-bits/index.html",
    "lab/zone-map/index.html",
    "lab/watermarks/index.html",
    "kernel/index.html",
    "course/index.html",
    "course/notebooks/00_start.html",
    "course/notebooks/05_where_lowmem_went.html",
    "course/docs/index.html",
    "course/docs/reading-logs.html",
    "course/api.html",
    "course/search.html",
)


class _Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.places.add(value)


@pytest.fixture(scope="module")
def address(whole_site):
    with served(whole_site) as found:
        yield found


@pytest.fixture
def open_page(browser, address):
    """Open a page; whatever leaves the site is refused, and fails the test."""
    contexts = []

    def opened(path: str, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append((context, keep_inside(context, address)))
        page = context.new_page()
        page.goto(f"{address}{path}")
        return page

    yield opened
    left = [url for context, urls in contexts for url in urls]
    for context, _ in contexts:
        context.close()
    assert left == []


def test_no_link_within_the_site_is_dead(whole_site):
    pages = {
        path: _Page(path.read_text(encoding="utf-8"))
        for path in whole_site.rglob("*.html")
        if "lite" not in path.relative_to(whole_site).parts
    }
    dead = [
        f"{path.relative_to(whole_site)}: {link}"
        for path, page in pages.items()
        for link in page.links
        if not holds(path, link, pages)
    ]
    assert dead == []


def holds(path: Path, link: str, pages: dict[Path, _Page]) -> bool:
    """Whether what a link of the site leads to is there."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    is_place = not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].places
    return target.is_file() and is_place


def test_no_file_names_a_server_of_packages(whole_site):
    from website.inside import ELSEWHERE, texts

    naming = [path for path in texts(whole_site) if ELSEWHERE.search(path.read_text(errors="replace"))]
    assert naming == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_every_kind_of_page_fits_and_is_accessible(open_page, shoot, path, width, scheme):
    page = open_page(
        path, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    if "/gfp" in path or "/zone" in path or "/watermarks" in path:
        page.locator(".sentence").wait_for()
    shoot(page, f"{path.removesuffix('.html').replace('/', '-')}-{width}-{scheme}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_the_course_can_be_searched(open_page):
    page = open_page("course/search.html?q=lowmem_reserve")
    expect(page.locator("#search-results li").first).to_be_visible()


def test_solutions_stay_behind_a_click_and_the_keyboard_opens_them(open_page):
    page = open_page("course/notebooks/02_gfp_mask.html")
    solution = page.locator("details.sd-dropdown", has_text="Solution").first
    text = solution.locator(".sd-card-body")
    expect(text).to_be_hidden()
    solution.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(text).to_be_visible()


def notebooks() -> list[str]:
    from oomlab import corpus

    return [path.name for path in corpus.notebooks()]


RUN = 900_000
"""Milliseconds in which a notebook may run on a busy machine, with all that it loads."""

CELLS = """() => {
  const cells = window.jupyterapp.shell.currentWidget?.content?.model?.cells;
  const found = [];
  for (let number = 0; number < (cells?.length ?? 0); number++) {
    const cell = cells.get(number);
    if (cell.type !== "code") continue;
    const outputs = cell.outputs.toJSON();
    found.push({
      count: cell.executionCount,
      errors: outputs.filter((each) => each.output_type === "error").map((each) => each.evalue),
      stderr: outputs.filter((each) => each.name === "stderr").map((each) => each.text),
    });
  }
  return found;
}"""


@pytest.mark.parametrize("name", notebooks())
def test_a_notebook_runs_from_top_to_bottom_in_the_browser(open_page, name):
    page = open_page(f"lite/lab/index.html?path={name}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    expect(page.get_by_text("Python (Pyodide) | Idle")).to_be_visible(timeout=RUN)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(f"() => ({CELLS})().every((cell) => cell.count)", timeout=RUN, polling=500)
    cells = page.evaluate(CELLS)
    assert [cell["errors"] for cell in cells if cell["errors"]] == []
    assert [cell["stderr"] for cell in cells if cell["stderr"]] == []
