"""`make`: what it installs, when it does so again, and what it prints on a machine that lacks something."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="needs make, which is not on the PATH")


def make(*arguments: str, folder: Path = REPO, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PATH"] = path or environment["PATH"]
    command = [MAKE, "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def copy(tmp_path) -> Path:
    """A checkout with only what set-up looks at."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "website/package.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPO / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def bare(tmp_path) -> Path:
    """A folder of programs, to be the whole PATH: a shell and what the Makefile calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "id", "awk", "touch"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def pretend(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
    program.chmod(0o755)


def installed(copy: Path) -> None:
    """Leave behind what a finished set-up leaves."""
    (copy / ".venv/bin").mkdir(parents=True)
    for name in ("bin/python", ".course", ".dev", ".site"):
        (copy / ".venv" / name).touch()


def test_make_help_names_every_target():
    said = make("help").stdout
    phony = re.search(r"^\.PHONY: (.*)", (REPO / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert re.findall(r"^make ([\w-]+)", said, re.MULTILINE) == phony


@pytest.mark.parametrize("target", ["lab", "setup", "site", "serve", "test", "notebooks", "lint", "bench"])
def test_a_second_run_installs_nothing(copy, target):
    assert "install" in make("-n", target, folder=copy).stdout
    installed(copy)
    assert "install" not in make("-n", target, folder=copy).stdout


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed_again(copy, changed):
    installed(copy)
    later = (copy / ".venv/.dev").stat().st_mtime + 10
    os.utime(copy / changed, (later, later))
    assert "install" in make("-n", "test", folder=copy).stdout


@pytest.mark.parametrize("target", ["lab", "setup", "site", "serve", "test", "notebooks", "lint", "bench"])
def test_every_target_says_what_it_is_doing(copy, target):
    recipe = make("-n", target, folder=copy).stdout
    assert 'echo "Making .venv."' in recipe
    assert 'echo "Installing' in recipe


def test_lab_is_served_to_this_machine_only_with_its_token(copy):
    installed(copy)
    command = make("-n", "lab", folder=copy).stdout
    assert "--ip=localhost" in command
    assert "--ServerApp.root_dir=notebooks" in command
    assert "default_url=/lab/tree/00_start.ipynb" in command
    assert "token" not in command


@pytest.mark.parametrize("python", ["exit 1", "echo 'Python 2'; exit 2"])
def test_too_old_a_python_is_told_in_one_line(copy, bare, python):
    pretend(bare, "python3", python)
    done = make("setup", folder=copy, path=str(bare))
    assert done.returncode
    assert done.stdout.splitlines()[-1].startswith("oomlab needs Python 3.11 or newer: install")


def test_a_newer_python_beside_an_old_one_is_found(copy, bare):
    pretend(bare, "python3", "exit 1")
    pretend(bare, "python3.12", 'case "$2" in *version_info*) exit 0;; *ensurepip*) exit 1;; esac')
    assert "python3.12 has no venv module" in make("setup", folder=copy, path=str(bare)).stdout


def test_a_missing_venv_module_is_told_in_one_line(copy, bare):
    pretend(bare, "python3", 'case "$2" in *version_info*) exit 0;; *) exit 1;; esac')
    done = make("setup", folder=copy, path=str(bare))
    assert done.returncode
    assert done.stdout.splitlines()[-1].startswith("python3 has no venv module: install it")


def test_uv_is_used_where_it_is_there_and_pip_where_not(copy, bare):
    (bare / "mkdir").symlink_to(shutil.which("mkdir"))
    pretend(bare, "uv", 'echo "uv $*"; mkdir -p .venv/bin; touch .venv/bin/python')
    pretend(bare, "python3", 'case "$1" in -c) exit 0;; esac; echo "python3 $*"; mkdir -p .venv/bin; exit 0')
    with_uv = make("setup", folder=copy, path=str(bare)).stdout
    assert "uv venv" in with_uv
    assert "uv pip install" in with_uv
    assert "-c constraints.txt -e .[course,logs]" in with_uv
    shutil.rmtree(copy / ".venv")
    (bare / "uv").unlink()
    assert "python3 -m venv .venv" in make("setup", folder=copy, path=str(bare)).stdout


def test_the_build_machine_runs_exactly_make_test():
    script = (REPO / ".ci/run").read_text()
    assert script.rstrip().splitlines()[-1] == "make test"
    assert "export CI=true" in script
    assert os.access(REPO / ".ci/run", os.X_OK)
