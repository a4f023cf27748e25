"""What a public repository is expected to have: checked by the schemas that GitHub and others publish."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

import oomlab

REPO = Path(__file__).parents[2]
GITHUB = REPO / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
TARGETS = re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(), re.MULTILINE)


def follows(schema: str, *files: Path) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", *map(str, files)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", sorted((GITHUB / "workflows").glob("*.yml"))),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE/config.yml"]),
        ("citation-file-format", [REPO / "CITATION.cff"]),
    ],
)
def test_each_file_follows_its_schema(schema, files):
    assert files
    follows(schema, *files)


def test_a_file_that_breaks_its_schema_is_found(tmp_path):
    broken = tmp_path / "form.yml"
    broken.write_text(FORMS[0].read_text().replace("type: textarea", "type: textfield"))
    with pytest.raises(AssertionError, match="textfield"):
        follows("github-issue-forms", broken)


def test_whoever_reports_a_misread_log_is_asked_for_the_log():
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE/misread-log.yml").read_text())
    required = {field["id"] for field in form["body"] if field.get("validations", {}).get("required")}
    assert {"log", "output", "expected", "version"} <= required


def test_the_workflow_runs_what_the_repository_names():
    jobs = yaml.safe_load((GITHUB / "workflows/test.yml").read_text())["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    targets = [command.removeprefix("make ") for command in commands if command.startswith("make ")]
    assert set(targets) == {"test", "lowest"} <= set(TARGETS)
    assert ".ci/run" in commands
    assert all("timeout-minutes" in job for job in jobs.values())


def test_the_citation_names_the_version_and_the_licences_of_the_package():
    """A list of licences would mean a choice there: the code's is named, the others in words."""
    citation = yaml.safe_load((REPO / "CITATION.cff").read_text())
    licence = re.search(r'^license = "(.*)"', (REPO / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert citation["version"] == oomlab.__version__
    code, *texts = licence.split(" AND ")
    assert citation["license"] == code
    assert all(text.replace("-", " ").replace("BY SA", "BY-SA") in citation["message"] for text in texts)


def test_pre_commit_makes_the_environment_before_it_uses_it():
    """In a fresh clone there is no .venv yet."""
    (local,) = yaml.safe_load((REPO / ".pre-commit-config.yaml").read_text())["repos"]
    first, *linters = local["hooks"]
    assert first["entry"].split()[-1] == ".venv/.dev"
    assert first["always_run"]
    assert not first["pass_filenames"]
    assert linters
    assert all(hook["entry"].startswith(".venv/bin/") for hook in linters)


def test_blame_skips_whole_commits_only():
    lines = (REPO / ".git-blame-ignore-revs").read_text().splitlines()
    revisions = [line for line in lines if line and not line.startswith("#")]
    assert revisions
    assert all(re.fullmatch(r"[0-9a-f]{40}", revision) for revision in revisions)
