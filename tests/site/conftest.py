"""The site that tests open: its own pages, built for them, and the whole where ``make site`` has built it.

``OOMLAB_SITE=1`` says that the whole has been built: then nothing is skipped for want of a piece.
"""

from __future__ import annotations

import os

import pytest

from tests.support.site import AXE, REPO, keep_inside, served


def missing(reason: str) -> None:
    """Skip for want of a piece; where it must be there, fail."""
    if os.environ.get("OOMLAB_SITE") == "1":
        pytest.fail(f"{reason}, and OOMLAB_SITE=1", pytrace=False)
    pytest.skip(f"{reason}: make site")


@pytest.fixture(scope="session")
def small_site(tmp_path_factory):
    """The address of the home page, *Read my log* and the labs."""
    from website.build import build
    from website.npm import Missing

    folder = tmp_path_factory.mktemp("site")
    try:
        build(folder, ["home", "python", "read", "lab"])
    except Missing as piece:
        missing(str(piece))
    with served(folder) as address:
        yield address


@pytest.fixture(scope="session")
def whole_site():
    """The folder that ``make site`` has built; one that lies there from before is not taken unasked."""
    if os.environ.get("OOMLAB_SITE") != "1":
        pytest.skip("the whole site is tested with OOMLAB_SITE=1, after make site")
    folder = REPO / "site"
    if not (folder / "lite" / "index.html").is_file():
        missing("the whole site is not built")
    return folder


@pytest.fixture(scope="session")
def axe():
    """The checker of accessibility."""
    if not AXE.is_file():
        missing("the npm package axe-core is not here")


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
