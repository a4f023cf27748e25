"""What an installed copy brings, needs and leaves alone, and what each environment file asks for."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import oomlab
from oomlab import corpus

REPO = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = [line for line in (REPO / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
SETTINGS = "share/jupyter/lab/settings"
OURS = f"{SETTINGS}/overrides.d/oomlab.json"
NAMED_FOR_CONDA = {"ipywidgets", "nbval"}
"""In the conda environments beside what the course needs: what readers of the notebooks are used to find."""


def split(requirement: str) -> tuple[str, str]:
    """Split ``"notebook>=7.4,<8"`` into its name and its range."""
    name, limits = re.fullmatch(r"([\w.-]+?)([<>=!;].*|)", requirement).groups()
    return name.replace(".", "-"), limits


def asked(extra: str) -> dict[str, str]:
    """Return the packages of an extra with their ranges, those of the extras that it names included."""
    found: dict[str, str] = {}
    for requirement in EXTRAS[extra]:
        if other := re.fullmatch(r"oomlab\[(\w+)\]", requirement):
            found |= asked(other[1])
        else:
            found |= [split(requirement)]
    return found


# Environments


@pytest.mark.parametrize(
    ("file", "python", "rest"),
    [
        ("environment.yml", PROJECT["requires-python"], [{"pip": ["-e ."]}]),
        ("binder/environment.yml", "=3.13", []),
    ],
)
def test_conda_is_asked_for_what_the_course_extra_asks_for(file, python, rest):
    dependencies = yaml.safe_load((REPO / file).read_text())["dependencies"]
    listed = dict(split(each) for each in dependencies if isinstance(each, str))
    assert [each for each in dependencies if not isinstance(each, str)] == rest
    assert (listed.pop("python"), listed.pop("pip")) == (python, "")
    assert {"ipywidgets", "nbval"} <= set(listed)
    assert listed["nbval"] == asked("dev")["nbval"]
    course = {CONDA_NAMES.get(name, name): limits for name, limits in asked("course").items()}
    assert {name: limits for name, limits in listed.items() if name not in NAMED_FOR_CONDA} == course


@pytest.mark.filterwarnings("ignore:pythonjsonlogger.jsonlogger has been moved")
def test_binder_builds_on_the_python_that_is_asked_for_and_adds_the_library_last(monkeypatch):
    """By the code that Binder runs; it reads a version only after ``=``."""
    from repo2docker.buildpacks import CondaBuildPack

    monkeypatch.chdir(REPO)
    pack = CondaBuildPack("an image")
    assert pack.detect()
    assert pack.python_version == "3.13"
    assert pack.get_preassemble_script_files() == {"binder/environment.yml": "binder/environment.yml"}
    (script,) = pack.get_post_build_scripts()
    assert os.access(script, os.X_OK)
    assert "pip install --no-deps --editable ." in Path(script).read_text()


def test_constraints_pin_everything_that_is_asked_for_and_name_no_registry():
    for line in PINS:
        assert re.fullmatch(r"[a-zA-Z0-9._-]+==[0-9][\w.]*( ; .*)?", line), line
    pinned = {line.partition("==")[0].lower() for line in PINS}
    assert {name for extra in EXTRAS for name in asked(extra)} - {"pip"} <= pinned  # pip is what installs


def test_the_library_itself_needs_nothing_but_python():
    assert PROJECT["dependencies"] == []


def test_a_kernel_that_others_provide_needs_no_server_and_no_test_tool():
    assert set(asked("widgets")) == {"anywidget", "matplotlib"}
    assert set(asked("course")) == {"anywidget", "matplotlib", "jupyterlab", "notebook"}


def test_every_python_that_is_classified_is_allowed_and_the_workflow_runs_the_oldest():
    minors = [int(each.rpartition(".")[2]) for each in PROJECT["classifiers"] if "Python :: 3." in each]
    assert minors == list(range(11, minors[-1] + 1))
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    assert f'python-version: "3.{minors[0]}"' in (REPO / ".github/workflows/test.yml").read_text()


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    return Path(next(WheelBuilder(str(REPO)).build(directory=str(folder), versions=["standard"])))


@pytest.fixture(scope="module")
def metadata(wheel) -> email.message.Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_data_the_tables_and_the_settings(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [path for path in (REPO / "data").rglob("*") if path.is_file()]
    assert data
    assert {f"oomlab/data/{path.relative_to(REPO / 'data').as_posix()}" for path in data} <= names
    beside_code = [
        path for path in (REPO / "oomlab").rglob("*.*") if path.suffix in {".py", ".toml", ".js", ".css"}
    ]
    assert {path.relative_to(REPO).as_posix() for path in beside_code} <= names
    assert not any(name.startswith(("tests/", "authoring/")) for name in names)


def test_the_wheel_holds_the_learners_notebooks_and_nothing_that_lies_beside_them(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("oomlab/notebooks/")}
    assert names == {f"oomlab/notebooks/{each.name}" for each in corpus.notebooks()}


def test_the_wheel_brings_its_licences(metadata):
    assert metadata["License-Expression"] == "MIT AND CC-BY-4.0 AND CC-BY-SA-3.0"
    assert metadata.get_all("License-File") == ["LICENSE", "LICENSE-TEXT", "data/SOURCES.md"]
    sources = (REPO / "data/SOURCES.md").read_text()
    assert "CC BY-SA 3.0" in sources
    assert "CC BY 4.0" in sources


def test_a_registry_s_page_holds_no_link_that_ends_there(metadata):
    page = metadata.get_payload(decode=True).decode()
    assert page.startswith("# oomlab\n")
    assert "docs/reading-logs.md describes" in page
    assert not [target for target in re.findall(r"\]\(([^)]*)\)", page) if not target.startswith("https:")]


@pytest.mark.parametrize("url", PROJECT["urls"].values())
def test_no_address_of_the_project_is_a_placeholder(url):
    assert url.startswith("https://")
    assert not re.search(r"ORG|example|localhost", url)


def test_an_installed_wheel_brings_the_course_and_leaves_a_site_its_settings(wheel, tmp_path):
    """Settings of packages lie in overrides.d; overrides.json is the administrator's."""
    pytest.importorskip("ensurepip", reason="this Python has no ensurepip: install python3-venv")
    from jupyterlab_server.settings_utils import get_settings

    venv.create(tmp_path / "site", with_pip=True)
    theme = "@jupyterlab/apputils-extension:themes"
    settings = tmp_path / "site" / SETTINGS
    settings.mkdir(parents=True)
    (settings / "overrides.json").write_text(json.dumps({theme: {"theme": "JupyterLab Dark"}}))

    def default(plugin: str, key: str) -> object:
        schemas = Path(sys.prefix) / "share/jupyter/lab/schemas"
        found, _ = get_settings(str(settings), str(schemas), str(tmp_path), schema_name=plugin)
        return found["schema"]["properties"][key]["default"]

    def pip(*arguments: str) -> None:
        command = [tmp_path / "site/bin/python", "-m", "pip", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    kernels = "@jupyterlab/apputils-extension:kernels-settings"
    pip("install", "--no-index", "--no-deps", str(wheel))
    assert default(theme, "theme") == "JupyterLab Dark"
    assert default(kernels, "commsOverSubshells") == "disabled"
    subprocess.run([tmp_path / "site/bin/oomlab", "course", tmp_path / "course"], check=True)
    assert len(list((tmp_path / "course").iterdir())) == len(corpus.notebooks())
    pip("uninstall", "--yes", "oomlab")
    assert default(theme, "theme") == "JupyterLab Dark"
    assert default(kernels, "commsOverSubshells") != "disabled"


def test_lab_does_not_run_callbacks_on_another_thread_asks_for_no_news_and_saves_widgets():
    overrides = json.loads((REPO / OURS).read_text())
    assert overrides["@jupyterlab/apputils-extension:kernels-settings"]["commsOverSubshells"] == "disabled"
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert overrides["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"] is True


def test_the_module_runs_as_the_command():
    done = subprocess.run([sys.executable, "-m", "oomlab", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"oomlab {oomlab.__version__}\n")
