"""What the documents say of the library is so."""

import json
import re

from oomlab.cli import main
from oomlab.diagnosis import CAUSES


def named(document: str) -> set[str]:
    """Everything that a document sets in code."""
    return set(re.findall(r"`([\w-]+)`", document))


def keys(data: object) -> set[str]:
    """Every key of plain data, however deep."""
    if isinstance(data, dict):
        return set(data) | {key for value in data.values() for key in keys(value)}
    return {key for each in data for key in keys(each)} if isinstance(data, list) else set()


def test_every_cause_and_every_field_of_the_json_is_explained(repo, capsys):
    document = (repo / "docs" / "reading-logs.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", document, re.M)
    assert sorted(rows) == sorted(CAUSES)
    logs = [repo / "data" / name for name in ("incident/oom-report.log", "captures/oom-memcg.log")]
    assert main(["explain", "--json", *map(str, logs)]) == 0
    assert keys(json.loads(capsys.readouterr().out)) <= named(document)
