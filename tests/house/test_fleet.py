"""The recipe for a fleet's logs: the blocks of docs/fleet.md on a cluster of their own."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from oomlab import corpus, diagnose, parse
from tests.support.documents import blocks

pytest.importorskip("distributed")
DOCUMENT = Path(__file__).parents[2] / "docs" / "fleet.md"


def test_a_cluster_counts_the_kills_of_many_logs(tmp_path, monkeypatch, repo):
    """Two workers, each a process, read plain and compressed logs; one log has no report."""
    import gzip

    folder = tmp_path / "var" / "log"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    capture = (repo / "data" / "captures" / "oom-memcg.log").read_bytes()
    (folder / "kern.log").write_text(corpus.incident())
    (folder / "kern.log.1").write_bytes(capture)
    (folder / "kern.log.2.gz").write_bytes(gzip.compress(capture))
    (folder / "kern.log.3").write_text("all is well\n")
    names: dict[str, object] = {"__name__": "fleet"}
    with socket.socket() as other:
        with suppress(OSError):  # where another cluster's dashboard is there already
            other.bind(("127.0.0.1", 8787))
            other.listen()
        for code in blocks(DOCUMENT.read_text(), "python")[:1]:
            exec(compile(code, "fleet.md", "exec"), names)
    once = [diagnose(report).cause for report in parse(capture.decode()) if report.victims]
    wanted = ["lowmem_exhaustion", *once, *once]
    assert names["by_cause"] == {cause: wanted.count(cause) for cause in set(wanted)}
    assert sum(count for _, count in names["by_holder"]) == len(wanted)
