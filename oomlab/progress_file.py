"""What a learner did, kept in one small file beside the notebooks, and sent nowhere.

The file, ``my-progress.json``, has three parts: ``suspect``, the choice of notebook 00;
``predictions``, the guesses by the number of the prediction; ``answers``, the verdict and the
number of tries by the number of the exercise. :mod:`oomlab.learning` shows it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oomlab.errors import OomlabError
from oomlab.files import write_file

FILE = "my-progress.json"
SETTING = "OOMLAB_PROGRESS"
"""The environment variable that names another file; if it is empty, nothing is saved."""


class NotKept(OomlabError):
    """Nothing could be kept; the message says why."""


def kept_file() -> Path | None:
    """Return the file of this learner, in the folder of the notebook; ``None`` where nothing is kept."""
    chosen = os.environ.get(SETTING, FILE)
    return Path(chosen) if chosen else None


def read(file: Path | None = None) -> dict[str, Any]:
    """Return what a file holds, by default the learner's own; empty where there is none that can be read."""
    try:
        return _read(file or kept_file())
    except NotKept:
        return {}


def keep(part: str, value: Any, *, name: str | None = None) -> str:
    """Keep a value as a part of the file, or under a name in that part; return the file's name.

    Raises :class:`NotKept` where the folder keeps no file, and where the file there is not one of ours.
    """
    file = kept_file()
    if file is None:
        raise NotKept(f"{SETTING} is empty, so nothing is kept")
    found = _read(file)
    if name is None:
        found[part] = value
    else:
        found[part] = {**mapping(found.get(part)), name: value}
    try:
        write_file(str(file), (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise NotKept(f"this folder cannot be written to ({error.strerror})") from None
    return file.name


def keep_answer(id: str, verdict: str) -> None:
    """Count a try at an exercise and keep its verdict: a right answer stays right.

    Running a cell without an answer is not a try. Only a notebook keeps a file, and not under nbgrader.
    Where nothing can be kept nothing is said, since the answer is judged all the same.
    """
    if verdict == "not answered yet" or not _in_a_notebook() or "NBGRADER_EXECUTION" in os.environ:
        return
    before = mapping(mapping(read().get("answers")).get(id))
    tries = before.get("tries")
    now = {
        "verdict": "right" if before.get("verdict") == "right" else verdict,
        "tries": (tries if isinstance(tries, int) else 0) + 1,
    }
    try:
        keep("answers", now, name=id)
    except NotKept:
        return


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is a mapping, and an empty one for anything else: a file may hold what it likes."""
    return value if isinstance(value, dict) else {}


def _read(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotKept(f"{file.name} cannot be read: repair it, or delete it to begin afresh")
    return found


def _in_a_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")
