"""What is imported, and what not: nobody pays for what they do not use.

How long an import takes is measured by ``make bench``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]

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


# The picture of the house


def floors() -> list[set[str]]:
    """Return the modules on each floor of docs/design.md, the lowest first; ``tables/`` is data."""
    page = (REPO / "docs/design.md").read_text()
    table = page[page.index("| floor | modules") : page.index("Two imports go upwards")]
    rows = [row.split("|")[2] for row in table.splitlines()[2:] if row.strip()]
    return [set(re.findall(r"`(\w+)`", row)) for row in reversed(rows)]


def layers() -> list[set[str]]:
    """Return the layers that import-linter holds, the lowest first, without ``__main__``."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    (contract,) = (each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    return [set(re.findall(r"\((\w+)\)", layer)) - {"__main__"} for layer in reversed(contract["layers"])]


def test_a_floor_of_the_design_is_some_layers_that_lie_together():
    floor_of = {module: number for number, floor in enumerate(floors()) for module in floor}
    assert set(floor_of) == set().union(*layers())
    heights = [sorted({floor_of[module] for module in layer}) for layer in layers() if layer]
    assert all(len(height) == 1 for height in heights)
    assert heights == sorted(heights)


def test_the_picture_shows_every_module_on_its_floor():
    drawing = (REPO / "docs/house.svg").read_text()
    described = re.search(r"<desc[^>]*>From the top: (.*?)\. A log goes", drawing)[1].split("; ")
    drawn = [set(re.findall(r"\w+", each[each.index("(") :])) for each in reversed(described)]
    assert [each - {"tables", "toml", "notebooks"} for each in drawn] == floors()
    for module in set().union(*floors()):
        assert re.search(rf'font-weight="600"[^>]*>[^<]*\b{module}\b', drawing), module
