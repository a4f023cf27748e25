"""A JupyterLab for tests and measurements, with nothing of the user's in it, and how a page drives it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import nbformat

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Lab(NamedTuple):
    """A running JupyterLab."""

    port: int
    token: str
    root: Path
    """The folder that it serves."""

    def link(self, place: str = "lab") -> str:
        """Return the address of a place in it, such as ``lab`` or ``notebooks/0.ipynb``."""
        return f"http://127.0.0.1:{self.port}/{place}?token={self.token}"


SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
"""Ask nothing, and keep every cell in the page."""


PATIENCE = 60
"""Seconds that a server has to end its kernels; on a busy machine it was seen to need more."""


@contextmanager
def jupyterlab(root: Path, home: Path) -> Iterator[Lab]:
    """Run a JupyterLab on a folder, with its settings and its log in another, until the block ends."""
    for name, options in (_shipped() | SETTINGS).items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(options))
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(_command(root), env=_environment(home), stdout=log, stderr=log)
        try:
            yield _when_ready(server, home, root)
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:  # its kernels watch it, and end with it
                server.kill()
                server.wait()


def _shipped() -> dict[str, Any]:
    """Return the settings that an installed oomlab brings, by the files that hold a user's."""
    path = Path(__file__).parents[2] / "share/jupyter/lab/settings/overrides.d/oomlab.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {plugin.replace(":", "/"): options for plugin, options in found.items()}


def _command(root: Path) -> list[str]:
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={free_port()}", "--allow-root"]
    exposed = [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
    return [sys.executable, "-m", "jupyterlab", *options, *exposed, f"--ServerApp.root_dir={root}"]


def _environment(home: Path) -> dict[str, str]:
    """Keep Jupyter out of the home of whoever runs it."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _when_ready(server: subprocess.Popen[bytes], home: Path, root: Path) -> Lab:
    """Wait for the file in which the server writes where it listens, then for an answer."""
    written = home / "runtime" / f"jpserver-{server.pid}.json"
    while server.poll() is None:
        if (facts := _facts(written)) and listens(facts["port"]):
            return Lab(facts["port"], facts["token"], root)
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(home / 'log').read_text()}")


def _facts(written: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(written.read_text())
    except (FileNotFoundError, ValueError):  # not there yet, or half written
        return {}
    return found


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """Write a notebook with a code cell for each source."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3"}  # without one JupyterLab would ask which
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


# JupyterLab's own promises are waited for: no pause is long enough on a busy machine.
READY = "() => window.jupyterapp?.started?.then(() => true)"
OPEN = """async (path) => {
  const panel = await jupyterapp.commands.execute('docmanager:open', { path });
  await panel.context.ready;
  await panel.revealed;
  await panel.sessionContext.ready;
}"""
RUN_ALL = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await jupyterapp.commands.execute('notebook:run-all-cells');
  await panel.sessionContext.session.kernel.requestKernelInfo();
}"""
CLOSE = """async () => {
  for (const panel of [...jupyterapp.shell.widgets('main')]) {
    await panel.sessionContext?.shutdown();
    panel.dispose();
  }
}"""


def open_lab(page: Page, lab: Lab) -> None:
    """Open JupyterLab in a page."""
    page.goto(lab.link("lab"))
    page.wait_for_function(READY)


def run_notebook(page: Page, path: str) -> None:
    """Open a notebook in a page that shows JupyterLab, and run it from top to bottom."""
    page.evaluate(OPEN, path)
    page.evaluate(RUN_ALL)


def open_notebook(page: Page, path: str) -> None:
    """Open a notebook in a page that shows JupyterLab, and run nothing."""
    page.evaluate(OPEN, path)


def close_notebooks(page: Page) -> None:
    """Close what is open in JupyterLab without saving it, and end the kernels."""
    page.evaluate(CLOSE)
