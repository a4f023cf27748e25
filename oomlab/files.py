"""Writing a file whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_HEAD_BYTES = 1024
"""The beginning of a file, which shows its kind."""


def write_file(name: str, content: bytes, *, kind: bytes = b"") -> None:
    """Write a file beside its place and move it there, so that a full disk leaves the old file as it was.

    A file is replaced only if its beginning holds ``kind``, or if it is empty. A link is followed. A device
    or a pipe is written to as it is. Raises :class:`OSError` with the name.
    """
    target = Path(name)
    try:
        if target.is_file() and not _is_of_kind(target, kind):
            raise FileExistsError(errno.EEXIST, "another file of this name is there, and is kept")
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(target)), content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


def _is_of_kind(target: Path, kind: bytes) -> bool:
    if not kind or not target.stat().st_size:
        return True
    with target.open("rb") as file:
        return kind in file.read(_HEAD_BYTES)


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
