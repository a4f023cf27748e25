"""Every text and line of the failure lab can be told from what is under it, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomlab.explore.lab_page import lab_page as page_text
from tests.support.lab_hand import DRAWN

pytestmark = pytest.mark.browser

CONTRAST = Path(__file__).parents[1].joinpath("support", "lab_contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "hash", ["#t=31", "#t=10", "#mem=16G", "#arch=x86_64", "#vmalloc=832M", "#block=512", "#ram=1G"]
)
def test_every_text_and_line_of_the_drawings_can_be_told_from_what_is_under_it(page, tmp_path, hash, scheme):
    path = tmp_path / "lab.html"
    path.write_text(page_text(), encoding="utf-8")
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{path.as_uri()}{hash}")
    page.wait_for_selector(".oom-lab")
    page.evaluate(DRAWN)
    assert page.evaluate(CONTRAST) == []
