"""What the documents show can be typed: every block, command and call is tried.

The notebooks' own text has its tests in tests/notebooks/test_help.py.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import oomlab
import oomlab.source
from oomlab import corpus, plot, render
from oomlab.check import check, hint, problem, solution
from oomlab.cli import SUBCOMMANDS, main
from oomlab.diagnosis import CAUSES
from oomlab.exercises import kinds
from oomlab.explore import choose
from tests.support.command import shell
from tests.support.documents import blocks, calls, missing_paths, shell_lines, spans, try_call

REPO = Path(__file__).parents[2]
DOCUMENTS = [
    REPO / "README.md",
    REPO / "CONTRIBUTING.md",
    REPO / "SECURITY.md",
    *sorted((REPO / "docs").glob("*.md")),
]
TARGETS = re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE)
STAND_INS = """
dmesg() { cat oom.log; }
journalctl() { case "$*" in *json*) cat journal.json;; *) cat oom.log;; esac; }
"""
"""For commands that read this machine's own log."""


def documents(function):
    return pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)(function)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the logs that the documents name; it is also where blocks of Python are run."""
    log = corpus.incident()
    (tmp_path / "oom.log").write_text(log)
    (tmp_path / "var/log").mkdir(parents=True)
    (tmp_path / "var/log/kern.log").write_text(log)
    (tmp_path / "var/log/kern.log.1").write_text(
        "".join(log.replace("[1772", f"[177{day}") for day in range(1, 7))
    )
    records = [json.dumps({"MESSAGE": line, "_TRANSPORT": "kernel"}) for line in log.splitlines()]
    (tmp_path / "journal.json").write_text("\n".join(records))
    (tmp_path / "handed-in").mkdir()
    (tmp_path / "handed-in/ada.json").write_text('{"answers": {"00.1": {"verdict": "right", "tries": 2}}}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def public() -> dict[str, object]:
    """Return what a reader has at hand: the public names, the modules that documents name, and a report."""
    report = oomlab.parse(corpus.incident())[0]
    names = {name: getattr(oomlab, name) for name in oomlab.__all__}
    names |= {name: getattr(kinds, name) for name in ("Number", "Choice", "Names", "Essay")}
    names |= {"check": check, "hint": hint, "problem": problem, "solution": solution, "choose": choose}
    names |= {"corpus": corpus, "oomlab": oomlab, "plot": plot, "render": render, "replace": replace}
    return names | {"report": report, "line": 1, "lines": corpus.incident().splitlines(), "path": "oom.log"}


# Documents


def test_there_are_documents():
    assert len(DOCUMENTS) >= 6


@documents
def test_every_block_of_python_runs(document, folder):
    for code in blocks(document.read_text(), "python"):
        exec(compile(code, document.name, "exec"), {"__name__": document.stem})


@documents
def test_every_command_runs(document, folder):
    for command in shell_lines(document.read_text()):
        run_command(command, folder)


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_example_of_the_command_s_help_runs(subcommand, folder, capsys):
    with pytest.raises(SystemExit):
        main([subcommand, "--help"])
    epilog = capsys.readouterr().out.partition("\nexamples:\n")[2]
    examples = re.findall(r"^  (.*?oomlab .*?)(?:  .*)?$", epilog, re.MULTILINE)
    assert examples
    for example in examples:
        run_command(example, folder)


def run_command(command: str, folder: Path) -> None:
    """Run a command on stand-ins; of a command that is not ours, see that what it names is there."""
    words = command.split()
    if "oomlab now" in command and not Path("/proc/zoneinfo").exists():
        return  # this is no Linux, or a sandbox that hides it
    if words[0] == "make":
        assert words[1] in TARGETS, command
    elif "oomlab" in re.split(r"[\s/]", command) and words[0] not in ("conda", "pip"):
        ours = (
            command.replace(".venv/bin/oomlab", "oomlab")
            .replace("/var/log/", "var/log/")
            .replace("FILE", "oom.log")
        )
        if re.search(r"oomlab lab (setup|page|doctor)\b", ours):  # these fetch, or tell of this machine
            ours += " --help"
        done = shell(ours, folder, STAND_INS)
        assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done.stderr}"
        assert done.stdout
    else:
        files = [word for word in words if re.fullmatch(r"[\w./-]+\.(py|yml|ipynb|txt)", word)]
        assert all((REPO / file).is_file() for file in files), command


@documents
def test_every_call_in_the_text_can_be_made(document, folder):
    for call in calls(document.read_text()):
        try_call(call, public())


@documents
def test_every_file_that_is_named_is_there(document):
    assert list(missing_paths(document.read_text(), (REPO, REPO / "oomlab", document.parent))) == []


@documents
def test_every_subcommand_and_option_that_is_named_exists(document, capsys):
    names = {span.split()[1] for span in spans(document.read_text()) if re.match(r"oomlab [a-z]", span)}
    assert names <= set(SUBCOMMANDS)
    for option in {span for span in spans(document.read_text()) if re.fullmatch(r"--[a-z-]+", span)}:
        with pytest.raises(SystemExit):
            main(["explain", "--help"])
        assert option in capsys.readouterr().out


def keys(data: object) -> set[str]:
    """Return every key of plain data, however deep."""
    if isinstance(data, dict):
        return set(data) | {key for value in data.values() for key in keys(value)}
    return {key for each in data for key in keys(each)} if isinstance(data, list) else set()


def test_every_cause_and_every_field_of_the_json_is_explained(capsys):
    document = (REPO / "docs" / "reading-logs.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", document, re.M)
    assert sorted(rows) == sorted(CAUSES)
    logs = [REPO / "data" / name for name in ("incident/oom-report.log", "captures/oom-memcg.log")]
    assert main(["explain", "--json", *map(str, logs)]) == 0
    assert keys(json.loads(capsys.readouterr().out)) <= {
        span for span in spans(document) if span.isidentifier()
    }


# These tests can fail


def test_a_name_that_does_not_exist_is_found():
    (call,) = calls("Type `oomlab.parse.iter_reports(lines)`.")
    with pytest.raises(AttributeError):
        try_call(call, public())
    with pytest.raises(NameError):
        try_call('hints("00.1")', public())


def test_an_argument_that_does_not_exist_is_found():
    with pytest.raises(TypeError):
        try_call('problem("01.3", sed=1)', public())


@pytest.mark.parametrize(
    "command", ["make tests", "oomlab explan oom.log", "oomlab explain no.log", "oomlab gfp FOO"]
)
def test_a_command_that_fails_is_found(command, folder):
    with pytest.raises(AssertionError):
        run_command(command, folder)


def test_commands_are_found_in_blocks_and_in_the_text():
    text = "Run `oomlab gfp 0xd0` or `make lab`, not `oomlab gfp`.\n```\noomlab explain a.log  # whole\n```\n"
    assert shell_lines(text) == ["oomlab explain a.log", "oomlab gfp 0xd0", "make lab"]


def test_a_file_that_is_not_there_is_found():
    there = "`oomlab/tables/*.toml`, `parsing/`, `authoring/source/NN_topic.py`, `DIR/a.log`, [it](LICENSE)"
    text = f"See `docs/nowhere.md`, [that](gone.md), {there}."
    assert list(missing_paths(text, (REPO, REPO / "oomlab"))) == ["docs/nowhere.md", "gone.md"]
