"""The handout: two pages, with the library's own numbers."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from authoring import handout


def test_it_holds_the_incident_s_zones_and_every_mask():
    page = handout.page()
    assert "<td>Normal</td>" in page
    assert '<td class="n">2,014</td><td class="n">2,012</td><td class="n">0</td><td class="n">0</td>' in page
    assert all(name in page for name, _ in handout.MASKS)
    assert "0xd0" in page
    assert "`" not in page


@pytest.mark.browser
def test_it_is_two_pages(tmp_path, repo, chromium):
    """In a process of its own: this one may have a browser open."""
    command = [sys.executable, "-m", "authoring.handout", str(tmp_path / "handout.pdf")]
    subprocess.run(command, cwd=repo, check=True)
    written = (tmp_path / "handout.pdf").read_bytes()
    assert written.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", written)) == 2
