"""A log that is named twice has no more kills for it."""

from __future__ import annotations

from oomlab.cli.logs import each_once


def test_a_log_is_read_once_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "b.log").symlink_to("a.log")
    names = ["a.log", "-", str(tmp_path / "a.log"), "b.log", "c.log", "-"]
    assert each_once(names) == ["a.log", "-", "c.log"]
