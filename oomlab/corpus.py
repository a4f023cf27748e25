"""Find and load what comes with the course: the incident's files and the recorded machines.

The files lie in ``data/`` of a checkout and in ``oomlab/data/`` of an installed copy;
``SOURCES.md`` there says where each comes from. Names are relative, with ``/``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from oomlab.errors import OomlabError

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE / "data", _PACKAGE.parent / "data")


def path(name: str) -> Path:
    """Return the path of a file of ``data/`` by its name, such as ``incident/top.txt``.

    Raises :class:`OomlabError` with the closest names when there is no such file.

    >>> path("incident/oom-report.log").name
    'oom-report.log'
    """
    if name not in _names():
        raise OomlabError(f"no file {name!r} in oomlab's data; {_suggestion(name)}")
    return _root() / name


def read(name: str) -> str:
    """Return a file of ``data/`` as text; bytes that are not UTF-8 become U+FFFD.

    >>> read("incident/sysctl-vm.txt").splitlines()[0]
    'vm.overcommit_memory = 0'
    """
    return path(name).read_bytes().decode("utf-8", errors="replace")


def notebooks() -> list[Path]:
    """Return the learners' notebooks in order, those of a checkout or of an installed copy.

    >>> notebooks()[0].name
    '00_start.ipynb'
    """
    folders = (place.with_name("notebooks") for place in _PLACES)
    return sorted(path for folder in folders for path in folder.glob("[0-9][0-9]_*.ipynb"))


def incident() -> str:
    """Return the report that the course is about, damaged as it was found."""
    return read("incident/oom-report.log")


def captures() -> list[str]:
    """Return the recordings of real kernels, by the names that :func:`capture` takes.

    >>> "1024/zoneinfo" in captures()
    True
    """
    return sorted(name.removeprefix("captures/") for name in _names() if name.startswith("captures/"))


def capture(name: str) -> str:
    """Return one recording, such as ``1024/zoneinfo`` or ``oom-memcg.log``.

    >>> capture("1024/zoneinfo").splitlines()[0]
    'Node 0, zone      DMA'
    """
    return read(f"captures/{name}")


@cache
def _root() -> Path:
    for place in _PLACES:
        if (place / "incident").is_dir():
            return place
    raise OomlabError("oomlab's data is missing: install oomlab again, or run it from its checkout")


@cache
def _names() -> frozenset[str]:
    files = (file for file in _root().rglob("*") if file.is_file())
    return frozenset(file.relative_to(_root()).as_posix() for file in files)


def _suggestion(name: str) -> str:
    from difflib import get_close_matches  # slow to import, and only for a mistake

    close = get_close_matches(name, _names(), n=3, cutoff=0.5)
    return f"is it {' or '.join(close)}?" if close else "corpus.captures() lists the recordings"
