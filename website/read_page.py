"""The page *Read my log*: the library as an archive, Python with it already loaded, and the page itself."""

from __future__ import annotations

import shutil
import subprocess
from html import escape
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import oomlab
from oomlab import corpus
from website.frame import HERE, page, write
from website.npm import node, package

EXAMPLES = {
    "incident/oom-report.log": "the incident of 2015",
    "captures/oom-memcg.log": "a container at its limit",
    "captures/oom-global-swap-exhausted.log": "swap used up",
    "captures/oom-lowmem-ringbuffer.log": "lowmem used up",
    "captures/oom-order8-saved-cmdlines.log": "256 pages in a row",
}
"""Logs of the corpus that the page offers, and what each of them shows."""

_PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
_LEFT_OUT = ("cli", "lab", "exercises", "plot", "__pycache__")
_SCRIPTS = ("page.js", "engine.js", "share.js", "worker.js", "machine.js")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(site: Path) -> None:
    """Build ``read/`` and ``pyodide/``, which it runs on."""
    read = site / "read"
    write_pyodide(site / "pyodide")
    read.mkdir(parents=True, exist_ok=True)
    for name in _SCRIPTS:
        shutil.copy(HERE / "read" / name, read)
    write_library(read / "oomlab.zip")
    _write_snapshot(read)
    for name in EXAMPLES:
        shutil.copy(corpus.path(name), read)
    write(read / "index.html", _page())
    write(read / "machine.html", _machine())


def write_pyodide(target: Path) -> None:
    """Copy Python for the browser."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _PYODIDE:
        shutil.copyfile(package("pyodide") / name, target / name)


def write_library(target: Path) -> None:
    """Write what the page needs of the library as an archive, the same bytes every time."""
    package_folder = Path(oomlab.__file__).parent
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(package_folder.rglob("*")):
            name = path.relative_to(package_folder)
            if path.is_file() and name.parts[0] not in _LEFT_OUT and "__pycache__" not in name.parts:
                _add(archive, f"oomlab/{name.as_posix()}", path)
        _add(archive, "reader.py", HERE / "read" / "reader.py")


def _add(archive: ZipFile, name: str, path: Path) -> None:
    archive.writestr(ZipInfo(name, _EPOCH), path.read_bytes(), ZIP_DEFLATED)


def _write_snapshot(read: Path) -> None:
    example = corpus.path("incident/oom-report.log")
    program = [HERE / "read" / "snapshot.mjs", package("pyodide"), read / "oomlab.zip", example]
    subprocess.run([node(), *program, read / "python.snapshot.gz"], check=True)


def _page() -> str:
    examples = " ".join(
        f'<a class="example" href="{Path(name).name}" data-name="{Path(name).name}">{escape(title)}</a>'
        for name, title in EXAMPLES.items()
    )
    body = (HERE / "read" / "page.html").read_text(encoding="utf-8")
    return page(
        body.replace("$examples", examples),
        title="Read my log · oomlab",
        description="Paste a Linux OOM report and read why it was written. The log stays in your browser.",
        here="read/",
    )


def _machine() -> str:
    body = (HERE / "read" / "machine.html").read_text(encoding="utf-8")
    text = page(
        body,
        title="The machine behind a report · oomlab",
        description="The failure lab, begun with the machine that wrote a report.",
        here="read/",
    )
    return text.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
