"""What the site takes from npm: Node, and the packages of ``package.json``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from website.frame import HERE


class Missing(Exception):
    """Something that the site is built from is not there; the message says what to do."""


@cache
def node() -> Path:
    """Return the path of Node: the environment's own, from the extra ``site``, or the system's."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("node", path=places)
    if found is None:
        raise Missing("Node is not here: make site installs it, or install nodejs with apt")
    return Path(found)


def run_node(program: Path, *arguments: Path) -> None:
    """Run a script in Node; raise :class:`Missing` with its last words where it fails."""
    done = subprocess.run([node(), program, *arguments], capture_output=True, text=True)
    if done.returncode:
        words = "\n".join(line[:200] for line in done.stderr.splitlines()[-30:])
        raise Missing(f"{program.name} failed:\n{words}")


def package(name: str) -> Path:
    """Return the folder of a package that npm has installed."""
    folder = HERE / "node_modules" / name
    if not folder.is_dir():
        raise Missing(f"the npm package {name} is not here: make site installs it")
    return folder
