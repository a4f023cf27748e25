"""Python for the pages that compute: Pyodide, the library as an archive, and a memory with both loaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import traitlets

import oomlab
from oomlab import corpus
from website.frame import HERE
from website.npm import package, run_node

_PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
_LEFT_OUT = {"oomlab": ("lab", "exercises", "plot"), "traitlets": ("tests",)}
"""Folders of each package that no page asks for."""
_BRIDGES = ("read/reader.py", "lab/explorers.py", "lab/anywidget.py")
"""What pages ask the library through."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build(site: Path) -> None:
    """Build ``python/``."""
    target = site / "python"
    (target / "pyodide").mkdir(parents=True, exist_ok=True)
    for name in _PYODIDE:
        shutil.copyfile(package("pyodide") / name, target / "pyodide" / name)
    shutil.copy(HERE / "python" / "python.js", target)
    write_library(target / "oomlab.zip")
    example = corpus.path("incident/oom-report.log")
    run_node(
        HERE / "python" / "snapshot.mjs",
        package("pyodide"),
        target / "oomlab.zip",
        example,
        target / "python.snapshot.gz",
    )


def write_library(target: Path) -> None:
    """Write what the pages need of the library as an archive, the same bytes every time."""
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in _members():
            archive.writestr(ZipInfo(name, _EPOCH), path.read_bytes(), ZIP_DEFLATED)


def _members() -> Iterator[tuple[str, Path]]:
    for module in (oomlab, traitlets):
        folder = Path(module.__path__[0])
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            is_asked_for = (
                name.parts[0] not in _LEFT_OUT[module.__name__] and path.parent.name != "__pycache__"
            )
            if path.is_file() and is_asked_for:
                yield f"{module.__name__}/{name.as_posix()}", path
    for name in _BRIDGES:
        yield Path(name).name, HERE / name
