"""The handout: two pages, with the library's own numbers."""

from __future__ import annotations

import re

import pytest

from authoring import handout
from tests.support.browser import find_chromium


def test_it_holds_the_incident_s_zones_and_every_mask():
    page = handout.page()
    assert "<td>Normal</td>" in page
    assert '<td class="n">2,014</td><td class="n">2,012</td><td class="n">0</td><td class="n">0</td>' in page
    assert all(name in page for name, _ in handout.MASKS)
    assert "0xd0" in page
    assert "`" not in page


@pytest.mark.browser
def test_it_is_two_pages(tmp_path, monkeypatch, chromium):
    assert find_chromium() == chromium
    monkeypatch.setattr("sys.argv", ["handout", str(tmp_path / "handout.pdf")])
    assert handout.main() == 0
    written = (tmp_path / "handout.pdf").read_bytes()
    assert written.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", written)) == 2
