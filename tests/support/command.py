"""The command as a user runs it: a line of shell in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]
_SETUP = f'oomlab() {{ "{sys.executable}" -m oomlab "$@"; }}\n'


def shell(line: str, folder: Path, setup: str = "") -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``oomlab`` is the command; ``setup`` defines further stand-ins."""
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    return subprocess.run(
        ["sh", "-c", _SETUP + setup + line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
