"""axe-core finds nothing to object to in the failure lab, in any state, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomlab.explore.lab_page import lab_page as page_text
from tests.conftest import unavailable
from tests.support.site import AXE

pytestmark = pytest.mark.browser

RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const seen = (nodes) => nodes.map(({ html }) => html.slice(0, 160)).join(" | ");
  return violations.map(({ id, nodes }) => `${id}: ${seen(nodes)}`);
}"""
DRAWN = """async () => {
  for (let n = 0; n < 6; n += 1) await new Promise((done) => requestAnimationFrame(done));
}"""


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
    "saving": ("#t=31", lambda page: page.get_by_role("button", name="Can you save it?").click()),
    "pointing": ("#t=31", lambda page: page.get_by_role("button", name="mem_map").focus()),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page, tmp_path, state, scheme):
    if not AXE.exists():
        unavailable("no axe-core: make site fetches it")
    hash, reach = STATES[state]
    path = tmp_path / "lab.html"
    path.write_text(page_text(), encoding="utf-8")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{path.as_uri()}{hash}")
    page.wait_for_selector(".oom-lab")
    page.evaluate(DRAWN)
    reach(page)
    page.evaluate(DRAWN)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN) == []


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
