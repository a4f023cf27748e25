"""Set-up: what is installed, from where, and what a bare machine is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
PINS = [line for line in (REPO / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def split(requirement: str) -> tuple[str, str]:
    """Split ``"notebook>=7.4,<8"`` into its name and its range."""
    name, limits = re.fullmatch(r"([\w.-]+?)([<>=!;].*|)", requirement).groups()
    return name.replace(".", "-"), limits


def test_environment_yml_is_in_step_with_the_course_extra():
    conda = yaml.safe_load((REPO / "environment.yml").read_text())["dependencies"]
    *packages, pip = conda
    assert pip == {"pip": ["-e ."]}
    listed = dict(split(package) for package in packages)
    assert listed.pop("python").startswith(PROJECT["requires-python"])
    assert listed.pop("pip") == ""
    course = map(split, PROJECT["optional-dependencies"]["course"])
    assert listed == {CONDA_NAMES.get(name, name): limits for name, limits in course}


def test_constraints_pin_everything_that_is_asked_for_and_name_no_registry():
    for line in PINS:
        assert re.fullmatch(r"[a-zA-Z0-9._-]+==[0-9][\w.]*( ; .*)?", line), line
    pinned = {line.partition("==")[0].lower() for line in PINS}
    asked = {split(each)[0] for extra in PROJECT["optional-dependencies"].values() for each in extra}
    assert asked <= pinned


def test_the_library_itself_needs_nothing_but_python():
    assert PROJECT["dependencies"] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    built = next(WheelBuilder(str(REPO)).build(directory=str(folder), versions=["standard"]))
    return zipfile.ZipFile(built)


def test_the_wheel_holds_the_data_the_tables_and_the_settings(wheel):
    names = set(wheel.namelist())
    data = [path for path in (REPO / "data").rglob("*") if path.is_file()]
    assert data
    assert {f"oomlab/data/{path.relative_to(REPO / 'data').as_posix()}" for path in data} <= names
    beside_code = [
        path for path in (REPO / "oomlab").rglob("*.*") if path.suffix in {".py", ".toml", ".js", ".css"}
    ]
    assert {path.relative_to(REPO).as_posix() for path in beside_code} <= names
    assert any(name.endswith("data/share/jupyter/lab/settings/overrides.json") for name in names)
    assert not any(name.startswith("tests/") or name.endswith(".ipynb") for name in names)


def test_lab_is_told_not_to_run_callbacks_on_another_thread():
    overrides = json.loads((REPO / "share/jupyter/lab/settings/overrides.json").read_text())
    assert overrides["@jupyterlab/apputils-extension:kernels-settings"]["commsOverSubshells"] == "disabled"
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


# make


def make(*arguments: str, folder: Path = REPO, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PATH"] = path or environment["PATH"]
    command = [shutil.which("make"), "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def copy(tmp_path) -> Path:
    """A checkout with only what set-up looks at."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPO / name, tmp_path)
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
    for name in ("bin/python", ".course", ".dev"):
        (copy / ".venv" / name).touch()


def test_make_help_names_every_target():
    said = make("help").stdout
    phony = re.search(r"^\.PHONY: (.*)", (REPO / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert re.findall(r"^make (\w+)", said, re.MULTILINE) == phony


@pytest.mark.parametrize("target", ["lab", "setup", "test", "notebooks", "lint", "bench"])
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


@pytest.mark.parametrize("target", ["lab", "setup", "test", "notebooks", "lint", "bench"])
def test_every_target_says_what_it_is_doing(copy, target):
    recipe = make("-n", target, folder=copy).stdout
    assert 'echo "Making .venv."' in recipe
    assert 'echo "Installing' in recipe


def test_lab_is_served_to_this_machine_only_with_its_token(copy):
    installed(copy)
    command = make("-n", "lab", folder=copy).stdout
    assert "--ip=localhost" in command
    assert "notebooks/00_start.ipynb" in command
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
