"""Writing a file whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_file(name: str, content: bytes) -> None:
    """Write a file beside its place and move it there, so that a full disk leaves the old file as it was.

    A link is followed. A device or a pipe is written to as it is. Raises :class:`OSError` with the name.
    """
    target = Path(name)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(target)), content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


def _replace(target: Path, content: bytes) -> None:
    if target.exists():
        target.open("ab").close()  # raises where the file is read-only, which a move would not mind
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
