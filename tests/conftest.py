"""What tests share: other people's reports, a browser, and a JupyterLab to open in it.

``OOMLAB_SHOTS=folder`` keeps the screenshots that browser tests take.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from tests.support import corpus
from tests.support.browser import find_chromium, launch

REPO = Path(__file__).parents[1]

# The machine may be busy with other work: how long an example takes is no claim of any test.
settings.register_profile("oomlab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("oomlab")


def unavailable(reason: str) -> None:
    """Skip for want of a tool; on a build machine, which should have it, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true: a build machine must have it", pytrace=False)
    pytest.skip(reason)


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


def pytest_runtest_setup(item) -> None:
    """Skip tests that need other people's reports, in one place, so that they are one line of the summary."""
    if item.get_closest_marker("oracle") and corpus.outside() is None:
        pytest.skip(NO_CORPUS)


@pytest.fixture(scope="session")
def shots(tmp_path_factory) -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("OOMLAB_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    if path := find_chromium():
        return path
    unavailable("no chromium on the PATH")
    raise AssertionError


@pytest.fixture(scope="session")
def browser(chromium):
    """A headless chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = launch(playwright, chromium)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """A fresh page; what it throws and nobody catches fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    opened, thrown = context.new_page(), []
    opened.on("pageerror", lambda error: thrown.append(str(error)))
    yield opened
    context.close()
    assert not thrown


class Lab(NamedTuple):
    """A running JupyterLab on a copy of the notebooks."""

    url: str
    token: str
    root: Path

    def link(self, notebook: str) -> str:
        """Give the address that opens a notebook, in a workspace of its own."""
        workspace = re.sub(r"\W", "-", notebook)
        return f"{self.url}lab/workspaces/{workspace}/tree/{notebook}?token={self.token}"


QUIET = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
"""Lab's settings for tests: ask nothing, and keep every cell in the page."""


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    """A JupyterLab of this checkout, ended after the last test."""
    home, root = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("lab")
    shutil.copytree(
        REPO / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
    )
    for name, options in QUIET.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(options))
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(_lab_command(root), env=_lab_environment(home), stdout=log, stderr=log)
        try:
            yield _when_ready(server, home, root)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def _lab_command(root: Path) -> list[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root", "--expose-app-in-browser"]
    return [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={root}"]


def _lab_environment(home: Path) -> dict[str, str]:
    """Keep Jupyter out of the home of whoever runs the tests."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}


def _when_ready(server: subprocess.Popen[bytes], home: Path, root: Path) -> Lab:
    """Wait for the file in which the server says where it listens, then for an answer."""
    told = home / "runtime" / f"jpserver-{server.pid}.json"
    for _ in range(600):
        assert server.poll() is None, (home / "log").read_text()
        if told.exists() and (facts := _facts(told)):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", facts["port"])) == 0:
                    return Lab(f"http://127.0.0.1:{facts['port']}/", facts["token"], root)
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{(home / 'log').read_text()}")


def _facts(told: Path) -> dict[str, object]:
    try:
        return json.loads(told.read_text())
    except ValueError:  # half written
        return {}
