"""What tests share: other people's reports, a browser, and a JupyterLab to open in it.

``OOMLAB_SHOTS=folder`` keeps the screenshots that browser tests take.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import corpus
from tests.support.browser import find_chromium, launch
from tests.support.jupyter import Lab, close_notebooks, jupyterlab, open_lab

REPO = Path(__file__).parents[1]

# The machine may be busy with other work: how long an example takes is no claim of any test.
settings.register_profile("oomlab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oomlab")


def unavailable(reason: str) -> None:
    """Skip a test or a module for want of a tool; on a build machine, which should have it, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true: a build machine must have it", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return REPO


NO_CORPUS = "set OOMLAB_CORPUS to a folder of keyed reports: see CONTRIBUTING"


@pytest.fixture(
    scope="session", params=filter(None, (corpus.DATA, corpus.outside())), ids=lambda each: each.name
)
def keyed(request) -> Path:
    """A folder of real reports with an answer key: the repository's, and other people's if it is there."""
    return request.param


@pytest.fixture(scope="session")
def outside() -> list[Path]:
    """Other people's logs, for tests that are marked ``oracle``."""
    return corpus.logs(corpus.outside())


def pytest_collection_modifyitems(items) -> None:
    """Begin with the modules that take longest, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if "lab_page" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path not in slow, item.path.suffix != ".ipynb"))


def pytest_runtest_setup(item) -> None:
    """Skip tests that need other people's reports, in one place, so that they are one line of the summary."""
    if item.get_closest_marker("oracle") and corpus.outside() is None:
        pytest.skip(NO_CORPUS)


@pytest.fixture(scope="session")
def shoot():
    """Keep the picture of a page, if ``OOMLAB_SHOTS`` names a folder for it: ``shoot(page, "name")``."""
    folder = os.environ.get("OOMLAB_SHOTS")

    def keep(page, name: str, **options) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", **options)

    return keep


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    if path := find_chromium():
        return path
    unavailable("no chromium on the PATH")
    raise AssertionError


PATIENCE = 120_000
"""How many milliseconds a page may take to show what a test waits for: the machine may be busy."""


@pytest.fixture(scope="session")
def browser(chromium):
    """A headless chromium, driven by Playwright."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        running = launch(playwright, chromium)
        yield running
        running.close()


WINDOW = {"width": 1280, "height": 1600}


@pytest.fixture
def page(browser):
    """A fresh page; what it throws and nobody catches fails the test."""
    context = browser.new_context(viewport=WINDOW)
    opened, thrown = context.new_page(), []
    opened.set_default_timeout(PATIENCE)
    opened.on("pageerror", lambda error: thrown.append(str(error)))
    yield opened
    context.close()
    assert [each for each in thrown if each != TOO_LATE] == []


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    """A JupyterLab of this checkout on a copy of the notebooks, ended after the last test."""
    root = tmp_path_factory.mktemp("lab")
    skip = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(REPO / "notebooks", root / "notebooks", ignore=skip)
    with jupyterlab(root, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="session")
def lab_tab(browser, lab):
    """A page that shows JupyterLab: loading it takes longer than most tests in it."""
    context = browser.new_context(viewport=WINDOW)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    open_lab(opened, lab)
    yield opened
    context.close()


TOO_LATE = "[anywidget] Failed to initialize model."
"""What anywidget says where a busy machine takes more than 2 s over a widget; that it appears is tested."""


@pytest.fixture
def lab_page(lab_tab):
    """JupyterLab with nothing open in it; what it throws and nobody catches fails the test."""
    thrown: list[str] = []
    lab_tab.on("pageerror", note := lambda error: thrown.append(str(error)))
    yield lab_tab
    close_notebooks(lab_tab)
    lab_tab.remove_listener("pageerror", note)
    lab_tab.set_viewport_size(WINDOW)
    assert [each for each in thrown if each != TOO_LATE] == []
