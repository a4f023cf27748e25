"""The site that tests open: its own pages, built for them, and the whole where ``make site`` has built it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.site import REPO, keep_inside, served


@pytest.fixture(scope="session")
def small_site(tmp_path_factory):
    """The address of the home page, *Read my log* and the labs."""
    from website.build import build

    folder = tmp_path_factory.mktemp("site")
    build(folder, ["home", "python", "read", "lab"])
    with served(folder) as address:
        yield address


@pytest.fixture(scope="session")
def whole_site() -> Path:
    """The folder that ``make site`` has built."""
    folder = REPO / "site"
    assert (folder / "lite" / "index.html").is_file(), "OOMLAB_SITE=1, and the site is not built: make site"
    return folder


@pytest.fixture
def visit(browser, small_site):
    """Open a page of the small site in a context of its own: ``visit("read/", color_scheme="dark")``."""
    contexts, thrown = [], []

    def opened(path: str, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}} | options)
        left = keep_inside(context, small_site)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        contexts.append((context, left))
        page.goto(f"{small_site}{path}")
        return page

    yield opened
    for context, left in contexts:
        context.close()
        assert left == []
    assert thrown == []
