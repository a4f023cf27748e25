"""The site in a browser: served on loopback, and watched for requests that leave it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

REPO = Path(__file__).parents[2]
PACKAGES = REPO / "website" / "node_modules"
AXE = PACKAGES / "axe-core" / "axe.min.js"
PYODIDE = PACKAGES / "pyodide" / "pyodide.mjs"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *message: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback while the block runs; give its address, with a slash at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def keep_inside(context: BrowserContext, address: str) -> list[str]:
    """Refuse every request that leaves the site; return the list in which they are noted."""
    left: list[str] = []

    def judge(route: Any) -> None:
        url = route.request.url
        if url.startswith((address, "blob:", "data:")):
            route.continue_()
        else:
            left.append(url)
            route.abort()

    context.route("**/*", judge)
    return left


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page, one line for each element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for rule in found
        for node in rule["nodes"]
    ]
