"""The course's data is found, whole and documented."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from oomlab import corpus
from oomlab.errors import OomlabError

REPO = Path(__file__).resolve().parents[2]
INCIDENT = {  # as they were downloaded, byte for byte
    "oom-report.log": "17a9215601e487a92785abfe5aa38c163ec347c5d13244dcccb9244423f1cfff",
    "sysctl-vm.txt": "355f706dc77240ddabf3862df765a9f66f96b9e2027df2b0f6958381166ec1d1",
    "top.txt": "e678eb712126313f9e9e6be9c475442601f3786a0fa57be23ead0eb6acfdaf8f",
}


@pytest.mark.parametrize("name", INCIDENT)
def test_the_incident_s_files_are_the_machine_s_own_output(name: str) -> None:
    assert hashlib.sha256(corpus.path(f"incident/{name}").read_bytes()).hexdigest() == INCIDENT[name]


def test_the_incident_loads_as_text() -> None:
    assert "clamd invoked oom-killer: gfp_mask=0x84d0, order=0" in corpus.incident()
    assert corpus.incident().encode() == corpus.path("incident/oom-report.log").read_bytes()


def test_every_capture_loads_and_is_not_empty() -> None:
    assert len(corpus.captures()) > 100
    assert all(corpus.capture(name).strip() for name in corpus.captures())


def test_captures_stay_small() -> None:
    assert sum(corpus.path(f"captures/{name}").stat().st_size for name in corpus.captures()) < 1_100_000


@pytest.mark.parametrize("name", ["no-such.log", "../pyproject.toml", "/etc/passwd", "", "captures"])
def test_a_name_that_is_not_a_recording_is_refused(name: str) -> None:
    with pytest.raises(OomlabError, match="no file"):
        corpus.capture(name)


def test_a_misspelt_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(OomlabError, match=r"captures/1024/zoneinfo"):
        corpus.capture("1024/zoneinf")


def test_every_capture_is_documented() -> None:
    """Each name matches a pattern that SOURCES.md sets in code type, in the first column of a table."""
    text = corpus.read("SOURCES.md")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    patterns = [pattern for cell in cells for pattern in cell.split("`")[1::2]]
    assert len(patterns) >= 8
    undocumented = [
        name for name in corpus.captures() if not any(Path(name).match(pattern) for pattern in patterns)
    ]
    assert not undocumented
    assert all(any(Path(name).match(pattern) for name in _all_names()) for pattern in patterns)


def _all_names() -> list[str]:
    data = REPO / "data"
    return [file.relative_to(data).as_posix().removeprefix("captures/") for file in data.rglob("*")]


def test_an_installed_wheel_finds_its_data(tmp_path: Path) -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="building a wheel needs hatchling")
    (wheel,) = builder.WheelBuilder(str(REPO)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = "from oomlab import corpus; print(corpus.path('incident/top.txt')); print(len(corpus.captures()))"
    command = [sys.executable, "-S", "-c", code]
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    where, count = shown.stdout.split()
    assert Path(where).is_relative_to(tmp_path / "site" / "oomlab" / "data")
    assert int(count) == len(corpus.captures())
