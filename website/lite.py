"""JupyterLite: the notebooks run in the browser, by Python and packages that the site serves itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from oomlab import corpus
from website.frame import HERE
from website.lite_files.plot import key
from website.npm import package

_KERNEL = ("micropip", "packaging", "ipython", "jedi", "traitlets", "decorator", "typing-extensions", "six")
"""What the kernel asks of Pyodide's own list of packages, beside what these need."""
_WIDGETS = {
    "comm": ["traitlets"],
    "ipywidgets": ["comm", "ipython", "traitlets"],
    "psygnal": ["typing-extensions"],
    "anywidget": ["ipywidgets", "psygnal", "typing-extensions"],
}
"""What the explorers need, each with what it needs itself; the versions are those of this environment."""
_WHEELS = "static/wheels"
_SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"

Lock = dict[str, Any]


def build(site: Path) -> None:
    """Build ``lite/``, which runs on the Pyodide of ``python/``."""
    target = site / "lite"
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        _build_lite(Path(folder), target)
    wheels = target / _WHEELS
    wheels.mkdir(parents=True)
    _write_lock(wheels)
    _drop(target)


def _build_lite(work: Path, target: Path) -> None:
    """Let JupyterLite lay itself out, with the notebooks in it."""
    files = work / "files"
    files.mkdir()
    for path in corpus.notebooks():
        shutil.copy(path, files)
    (work / "jupyter-lite.json").write_text(json.dumps(_config()))
    command = [sys.executable, "-m", "jupyter", "lite", "build", "--contents", "files"]
    settings = ["--output-dir", str(target), "--no-unused-shared-packages", "--no-sourcemaps"]
    done = subprocess.run([*command, *settings], cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"jupyter lite build failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _config() -> dict[str, Any]:
    """Return where the kernel finds Python and its packages: on this site, and nowhere else."""
    kernel = {
        "pyodideUrl": "../../python/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "lockFileURL": f"{_WHEELS}/pyodide-lock.json",
            "packages": ["oomlab", "anywidget"],
        },
    }
    data = {
        "appName": "The course",
        "exposeAppInBrowser": True,  # so that a test can ask what every cell came to
        "litePluginSettings": {_SETTINGS: kernel},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def _write_lock(wheels: Path) -> None:
    """Write the list of packages, and fetch those that are on it."""
    lock = json.loads((package("pyodide") / "pyodide-lock.json").read_text())
    offered = lock["packages"]
    chosen = {name: offered[name] for name in _with_needs(_KERNEL, offered)}
    _fetch(wheels, [f"{each['name']}=={each['version']}" for each in chosen.values()])
    _fetch(wheels, [f"{name}=={version(name)}" for name in _WIDGETS])
    _write_library(wheels)
    chosen |= {name: _entry(name, needs) for name, needs in _WIDGETS.items()}
    chosen["oomlab"] = _entry("oomlab", [])
    for name, entry in chosen.items():
        wheel = _wheel(wheels, name)
        entry |= {"file_name": wheel.name, "version": wheel.name.split("-")[1], "sha256": _hash(wheel)}
    lock["packages"] = chosen
    (wheels / "pyodide-lock.json").write_text(json.dumps(lock))


def _with_needs(names: Iterable[str], offered: Lock) -> list[str]:
    """Return packages and all that they need, by the names of the list."""
    found: dict[str, None] = {}
    open_names = list(names)
    while open_names:
        name = open_names.pop().lower().replace("_", "-")
        if name not in found and name in offered:
            found[name] = None
            open_names += offered[name]["depends"]
    return sorted(found)


def _entry(name: str, needs: list[str]) -> Lock:
    return {
        "name": name,
        "install_dir": "site",
        "package_type": "package",
        "imports": [name],
        "depends": needs,
        "unvendored_tests": False,
    }


def _fetch(wheels: Path, requirements: list[str]) -> None:
    """Fetch wheels of pure Python with pip."""
    pure = ["--no-deps", "--only-binary=:all:", "--python-version=3.14", "--abi=none", "--platform=any"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *pure, "--dest", str(wheels), *requirements], check=True)


def _write_library(wheels: Path) -> None:
    """Build the library's wheel, with saved pictures in the place of what draws with matplotlib."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        subprocess.run([*command, "--wheel-dir", folder, str(HERE.parent)], check=True)
        (built,) = Path(folder).glob("*.whl")
        with ZipFile(built) as given, ZipFile(wheels / built.name, "w", ZIP_DEFLATED) as taken:
            for name in given.namelist():
                if not name.startswith("oomlab/plot/"):
                    taken.writestr(name, given.read(name))
            taken.write(HERE / "lite_files" / "plot.py", "oomlab/plot/__init__.py")
            taken.writestr("oomlab/plot/saved.json", json.dumps(_saved_pictures()))


def _saved_pictures() -> dict[str, str]:
    """Return the pictures that the notebooks were saved with, as HTML with their words, by their cells."""
    cells = (
        cell
        for path in corpus.notebooks()
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if "plot." in "".join(cell["source"])
    )
    return {
        key("".join(cell["source"])): page
        for cell in cells
        for output in cell.get("outputs", [])
        if (page := "".join(output.get("data", {}).get("text/html", ""))).startswith("<img ")
    }


def _wheel(wheels: Path, name: str) -> Path:
    """Return the wheel of a package, whose file may write its name otherwise."""
    wanted = name.replace("-", "_")
    return next(each for each in wheels.glob("*.whl") if each.name.split("-")[0].lower() == wanted)


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _drop(target: Path) -> None:
    """Delete what a browser never asks for: maps of sources, and what the layout was made with."""
    for pattern in ("**/*.map", "rspack.config*.js", "package.json"):
        for path in target.glob(pattern):
            path.unlink()
