"""What is imported, and what not: nobody pays for what they do not use.

How long an import takes is measured by ``make bench``.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"matplotlib", "ipywidgets", "anywidget", "numpy", "IPython", "traitlets", "tqdm"}
"""What a course needs and the core does not."""

SELDOM = {"json", "html", "quopri", "argparse", "gzip", "bz2", "lzma", "urllib", "logging"}
"""Modules of the standard library that reading a plain log does without."""

READ = 'from oomlab import parse; parse(open("data/incident/oom-report.log").read())'


def loaded(code: str, repo) -> set[str]:
    """The modules that a fresh interpreter holds after some code, beside those that it starts with."""
    show = "; import sys; print(*sys.modules)"
    started, after = (
        subprocess.run([sys.executable, "-c", each], cwd=repo, check=True, capture_output=True, text=True)
        for each in ("pass" + show, code + show)
    )
    return set(after.stdout.split()) - set(started.stdout.split())


def test_import_oomlab_loads_no_part_of_it(repo):
    assert {name for name in loaded("import oomlab", repo) if name.startswith("oomlab")} == {
        "oomlab",
        "oomlab.lazy",
    }


@pytest.mark.parametrize("code", ["import oomlab", READ])
def test_reading_a_plain_log_loads_nothing_heavy(code, repo):
    assert not (HEAVY | SELDOM) & {name.partition(".")[0] for name in loaded(code, repo)}


def test_reading_loads_no_other_floor(repo):
    floors = {"diagnosis", "fitting", "simulation", "render", "plot", "explore", "check", "exercises", "cli"}
    assert not {f"oomlab.{floor}" for floor in floors} & loaded(READ, repo)
