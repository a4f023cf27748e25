"""Two students on the hub of deploy/, installed as its README says: minutes, and accounts of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.classroom import cannot, environment, install, measure

WANTED = os.environ.get("OOMLAB_HUB")
if not WANTED:
    pytest.skip("a class is run with OOMLAB_HUB=1, as root", allow_module_level=True)


def test_two_students_run_a_notebook_and_neither_reaches_the_other():
    assert not cannot()
    with environment(None if WANTED == "1" else Path(WANTED)) as folder:
        figures = measure(2, install(folder), pause=0)
    assert figures.faults == []
    assert len(figures.servers) == len(figures.kernels) == len(figures.notebooks) == 2
    assert all(megabytes > 50 for megabytes in figures.memory)
