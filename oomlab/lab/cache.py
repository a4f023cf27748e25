"""The folder that keeps what was fetched and made, and how things come into it whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WORK = "work-"


def cache_folder() -> Path:
    """Return the folder that keeps what was fetched: ``OOMLAB_CACHE``, or one below the user's cache."""
    chosen = os.environ.get("OOMLAB_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "oomlab"


@contextmanager
def work_folder() -> Iterator[Path]:
    """Make a folder in the cache to work in, and remove it, with those that killed processes left behind."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    for left in cache_folder().glob(f"{_WORK}*"):
        if not _is_running(left.name.removeprefix(_WORK)):
            shutil.rmtree(left, ignore_errors=True)
    work = cache_folder() / f"{_WORK}{os.getpid()}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def keep(ready: Path, name: str) -> Path:
    """Move a finished folder into the cache in one step, so that nobody ever meets half of one."""
    home = cache_folder() / name
    if home.exists():
        home.rename(ready.parent / "before")
    return ready.rename(home)


def _is_running(pid: str) -> bool:
    """Whether a process of this number is there, whoever's it is."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True
