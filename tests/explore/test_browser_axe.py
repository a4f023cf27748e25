"""axe-core finds nothing to object to in the failure lab, in any state, light and dark."""

from __future__ import annotations

import pytest

from oomlab.explore.lab_page import lab_page as page_text
from tests.conftest import unavailable
from tests.support.lab_hand import DRAWN
from tests.support.site import AXE, violations

pytestmark = pytest.mark.browser

if not AXE.is_file():
    unavailable("no axe-core: make site fetches it")


def opened(page):
    for summary in page.locator(".oom-lab summary").all():
        summary.click()


def predicted(page):
    page.get_by_label("Predict first").check()
    page.get_by_role("button", name="It lives", exact=True).click()


STATES = {
    "first frame": ("", lambda page: None),
    "dead": ("#t=31", lambda page: None),
    "alive": ("#mem=16G", lambda page: None),
    "64-bit": ("#arch=x86_64", lambda page: None),
    "impossible": ("#vmalloc=832M", lambda page: None),
    "all open": ("#ram=31G", opened),
    "predicting": ("", lambda page: page.get_by_label("Predict first").check()),
    "predicted": ("", predicted),
    "pinned": ("#mem=16G", lambda page: page.get_by_role("button", name="Pin as A").click()),
    "saving": ("#t=31", lambda page: page.get_by_role("button", name="Save it?").click()),
    "pointing": ("#t=31", lambda page: page.get_by_role("button", name="mem_map").focus()),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page, tmp_path, state, scheme):
    hash, reach = STATES[state]
    path = tmp_path / "lab.html"
    path.write_text(page_text(), encoding="utf-8")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{path.as_uri()}{hash}")
    page.wait_for_selector(".oom-lab")
    page.evaluate(DRAWN)
    reach(page)
    page.evaluate(DRAWN)
    assert violations(page) == []
