"""The failure lab: Python decides, the page works alone, and a hand and a reader can both use it."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from oomlab.cli import main
from oomlab.explore import FailureLab
from oomlab.explore.lab_page import lab_page
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT
from oomlab.render.safe import markup
from oomlab.simulation import INCIDENT_WORKLOAD
from tests.support.jupyter import run_notebook, write_notebook
from tests.support.lab_hand import go_to

GIB = 2**18
PRESETS = [
    ("mem=16G", "lives"),
    ("64 GiB of swap", "dies after 30.1 GiB"),
    ("64 GiB of RAM", "dies after 14.6 GiB"),
]


# --- in Python --------------------------------------------------------------------------------


def test_it_begins_with_the_incident():
    lab = FailureLab()
    assert (lab.machine, lab.workload) == (INCIDENT, INCIDENT_WORKLOAD)
    assert lab.trajectory.outcome == "oom"
    assert lab.sentence.startswith("The machine dies after 30.1 GiB")


def test_it_can_begin_with_another_machine():
    lab = FailureLab(replace(INCIDENT, ram=16 * GIB, boot_lowmem=30_000))
    lab.settings = {"written": 20 * GIB}
    assert lab.machine == replace(INCIDENT, ram=16 * GIB, boot_lowmem=30_000)
    assert lab.workload == replace(INCIDENT_WORKLOAD, written=20 * GIB)


def test_python_computes_the_point_where_the_hand_let_go():
    lab = FailureLab()
    lab.settings = {"ram": 16 * GIB, "kernel": "3.4", "block_size": None}
    assert lab.machine == replace(INCIDENT, ram=16 * GIB, kernel=KernelVersion((3, 4)))
    assert lab._reference == {"settings": lab.settings, "sentence": lab.sentence}
    assert lab.sentence.startswith("The machine lives")


def test_a_machine_that_cannot_be_is_a_sentence_and_no_picture():
    lab = FailureLab()
    lab.settings = {"pae": False}
    assert lab.sentence.startswith("This machine does not start: 32.0 GiB of RAM")
    assert "text/html" not in lab._repr_mimebundle_()[0]


def test_without_a_kernel_there_is_still_a_picture_and_the_sentence():
    lab = FailureLab()
    data, _ = lab._repr_mimebundle_()
    assert b64decode(data["text/html"].split("base64,")[1].split('"')[0]).startswith(b"\x89PNG")
    assert f'alt="{markup(lab.sentence)}"' in data["text/html"]
    assert data["text/plain"] == lab.sentence


# --- the page ---------------------------------------------------------------------------------


def test_the_page_asks_no_server_for_anything():
    page = lab_page()
    addresses = set(re.findall(r"https?://[^\s\"'`<>)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}, "only the name of SVG itself"
    loads = r"<(link|img|iframe|script)[^>]+(src|href)=(?!\"data:)|@import|url\(\s*['\"]?(?!#|\$)"
    assert not re.search(loads, page)
    assert "default-src 'none'" in page


def test_the_page_says_the_sentence_even_without_script():
    assert FailureLab().sentence in lab_page()


def test_the_command_writes_the_page(tmp_path, capsys):
    assert main(["lab-page", str(tmp_path / "lab.html")]) == 0
    assert (tmp_path / "lab.html").read_text(encoding="utf-8") == lab_page()
    assert "lab.html" in capsys.readouterr().out


def test_no_data_can_end_the_script(monkeypatch):
    monkeypatch.setattr("oomlab.explore.offline.as_dict", lambda: {"cache": "</script><b>"})
    assert "</script><b>" not in lab_page()


# --- in a browser -----------------------------------------------------------------------------


@pytest.fixture
def bench(page, tmp_path):
    """The offline page, open in a browser."""
    (tmp_path / "lab.html").write_text(lab_page(), encoding="utf-8")
    page.goto((tmp_path / "lab.html").as_uri())
    page.wait_for_selector(".oom-lab .sentence strong:not(:empty)")
    return page


def sentence(bench) -> str:
    frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    bench.evaluate(frames)
    if not bench.locator(".oom-lab .sentence").is_visible():
        return ""
    return bench.locator(".oom-lab .sentence").text_content().replace("\u00a0", " ")


@pytest.mark.browser
def test_the_page_opens_on_the_incident(bench):
    assert sentence(bench) == FailureLab().sentence


@pytest.mark.browser
@pytest.mark.parametrize(("label", "said"), PRESETS)
def test_a_preset_is_one_press(bench, label, said):
    bench.get_by_role("button", name=label, exact=True).click()
    assert f"The machine {said}" in sentence(bench)
    assert bench.get_by_role("button", name=label, exact=True).get_attribute("aria-pressed") == "true"
    bench.get_by_role("button", name="Reset").click()
    assert sentence(bench) == FailureLab().sentence


@pytest.mark.browser
def test_arrow_keys_move_a_slider_and_the_listener_hears_of_it(bench):
    ram = bench.get_by_role("slider", name="RAM", exact=True)
    before = ram.get_attribute("aria-valuetext")
    ram.press("ArrowLeft")
    assert "The machine lives" in sentence(bench)
    assert before == "32 GiB" != ram.get_attribute("aria-valuetext")
    expect(bench.get_by_role("status")).to_contain_text("The machine lives")


@pytest.mark.browser
def test_the_live_region_keeps_silent_while_the_hand_moves(bench):
    sentence(bench)
    heard = bench.get_by_role("status").text_content()
    ram = bench.get_by_role("slider", name="RAM", exact=True)
    ram.evaluate("(input) => { input.value = 20; input.dispatchEvent(new Event('input')); }")
    assert "The machine lives" in sentence(bench)
    assert bench.get_by_role("status").text_content() == heard
    ram.evaluate("(input) => input.dispatchEvent(new Event('change'))")
    assert "The machine lives" in sentence(bench)
    expect(bench.get_by_role("status")).to_contain_text("The machine lives")


@pytest.mark.browser
def test_the_settings_live_in_the_address(bench):
    bench.get_by_role("button", name="64 GiB of RAM").click()
    told = sentence(bench)
    address = bench.url
    assert address.endswith("#ram=64G")
    bench.goto("about:blank")
    bench.goto(address)
    assert sentence(bench) == told


@pytest.mark.browser
def test_an_address_that_is_given_while_the_page_draws_is_not_overwritten(bench):
    """The page hears of it only after its next frame, in which it writes the address of what it draws."""
    bench.add_init_script(
        """addEventListener("hashchange", (event) => {
            if (!event.isTrusted) return;
            event.stopImmediatePropagation();
            setTimeout(() => dispatchEvent(new Event("hashchange")), 300);
        });"""
    )
    bench.reload()
    preset = bench.get_by_role("button", name="64 GiB of RAM")
    preset.evaluate("(button) => { button.click(); location.hash = 'vmalloc=832M'; }")
    expect(bench.locator(".oom-lab .sentence")).to_contain_text("This machine does not start")
    assert bench.url.endswith("#vmalloc=832M")


@pytest.mark.browser
@pytest.mark.parametrize(
    "hash", ["#ram=-5", "#ram=1e99", "#kernel=%22x%22", "#ram=%3Cb%3E", "#machine=7", "#pae=3", "#%"]
)
def test_nonsense_in_the_address_is_left_aside(bench, hash):
    go_to(bench, hash)
    assert sentence(bench) == FailureLab().sentence


TIME = "input.scrub"


def moment(bench) -> str:
    sentence(bench)
    return bench.locator(TIME).get_attribute("aria-valuetext")


@pytest.mark.browser
def test_predict_first_keeps_the_outcome_covered_until_the_learner_commits(bench):
    bench.emulate_media(reduced_motion="reduce")
    bench.get_by_label("Predict first").check()
    bench.get_by_role("button", name="64 GiB of RAM").click()
    assert sentence(bench) == ""
    for hidden in (".aside", ".keys", ".edge", ".numbers", ".captions"):
        assert not bench.locator(f".oom-lab {hidden}").first.is_visible()
    seen = bench.locator(".oom-lab").inner_text()
    assert not [
        word
        for word in ("dies after", "dies at", "lives", "7.9 MiB free")
        if word in seen.replace("It lives", "")
    ]
    assert bench.locator(".oom-lab svg .lives").count() == 0, "no track of fates gives it away"
    bench.get_by_role("button", name="It lives", exact=True).click()
    assert "The machine dies after 14.6 GiB" in sentence(bench)
    assert "You said: it lives. But lowmem runs out." in bench.locator(".oom-lab .score").inner_text()
    assert "Ready-made machines: 0 of 7 right." in bench.locator(".oom-lab .score").inner_text()


@pytest.mark.browser
def test_a_flag_says_when_and_the_film_answers(bench):
    bench.clock.install(time=0)
    bench.clock.pause_at(1000)  # from here on, time goes as the test lets it
    bench.get_by_label("Predict first").check()
    bench.clock.run_for(100)
    flag = bench.get_by_role("slider", name="Your flag: it dies about here")
    flag.press("Home")
    for _ in range(3):
        flag.press("PageUp")
    bench.clock.run_for(100)
    bench.get_by_role("button", name="Lowmem runs out").click()
    bench.clock.run_for(1000)
    assert not bench.locator(".oom-lab .sentence").is_visible(), "the film tells it first"
    assert "Watch." in bench.locator(".oom-lab .score").inner_text()
    bench.clock.run_for(25_000)
    assert bench.locator(".oom-lab .sentence").is_visible()
    score = bench.locator(".oom-lab .score").inner_text()
    assert score.startswith(
        "You said: lowmem runs out after 15.0 GiB. So it is, 15.1 GiB later than your flag."
    )


@pytest.mark.browser
def test_a_machine_that_does_not_start_can_be_predicted(bench):
    bench.get_by_label("Predict first").check()
    go_to(bench, "vmalloc=832M")
    assert sentence(bench) == ""
    assert not bench.locator(".oom-lab .remedies").is_visible()
    bench.get_by_role("button", name="It does not start").click()
    expect(bench.locator(".oom-lab .sentence")).to_contain_text("This machine does not start")
    assert "You said: it does not start. So it is." in bench.locator(".oom-lab .score").inner_text()


@pytest.mark.browser
def test_it_opens_on_the_first_frame_with_one_big_button(bench):
    assert moment(bench) == "0 GiB copied"
    assert bench.get_by_role("button", name="Play the film").is_visible()
    bench.get_by_role("slider", name="RAM", exact=True).press("ArrowLeft")
    assert moment(bench) == "50 GiB copied", "who changes the machine wants to see what comes of it"
    assert not bench.get_by_role("button", name="Play the film").is_visible()


@pytest.mark.browser
def test_time_can_be_stepped_through_scene_by_scene(bench):
    bench.get_by_role("button", name="On to the next scene").click()
    assert moment(bench) == "29.97 GiB copied"
    captions = bench.locator(".oom-lab .captions")
    assert "falls back to DMA" in captions.inner_text()
    bench.get_by_role("button", name="On to the next scene").click()
    assert moment(bench) == "29.98 GiB copied"
    assert "kswapd wakes for Normal" in captions.inner_text()
    assert "finds too little" not in captions.inner_text(), (
        "what happens at the same moment is told one by one"
    )
    bench.get_by_role("button", name="On to the next scene").click()
    assert moment(bench) == "29.98 GiB copied"
    assert "kswapd finds too little to free" in captions.inner_text()
    bench.get_by_role("button", name="Back to the scene before").click()
    sentence(bench)
    assert "finds too little" not in captions.inner_text()
    bench.locator(TIME).press("Home")
    assert moment(bench) == "0 GiB copied"


@pytest.mark.browser
def test_the_film_crosses_slows_down_and_ends_at_shut_gates(bench):
    bench.clock.install(time=0)
    bench.clock.pause_at(1000)
    bench.get_by_role("button", name="Play the film").click()
    bench.clock.run_for(2000)
    bench.get_by_role("button", name="Pause").click()
    bench.clock.run_for(100)
    there = float(moment_now(bench).split()[0])
    assert 12 < there < 16, "half of the way after two seconds"
    bench.clock.run_for(1000)
    assert float(moment_now(bench).split()[0]) == there
    bench.get_by_role("button", name="Play", exact=True).click()
    bench.clock.run_for(3000)
    assert moment_now(bench) == "29.97 GiB copied", "and then slowly"
    bench.clock.run_for(8000)
    shut = bench.locator('.oom-lab .gates [data-gate="shut"]').count()
    assert shut < 3
    bench.clock.run_for(4000)
    assert bench.locator('.oom-lab .gates [data-gate="shut"]').count() == 3
    assert moment_now(bench) == "30.1 GiB copied"


def moment_now(bench) -> str:
    return bench.locator(TIME).get_attribute("aria-valuetext")


@pytest.mark.browser
def test_with_reduced_motion_play_goes_from_scene_to_scene(bench):
    bench.emulate_media(reduced_motion="reduce")
    bench.get_by_role("button", name="Play the film").click()
    assert moment(bench) == "29.97 GiB copied"
    assert "falls back to DMA" in bench.locator(".oom-lab .captions").inner_text()


@pytest.mark.browser
def test_time_is_kept_when_a_slider_moves(bench):
    scrubber = bench.locator(TIME)
    scrubber.press("End")
    scrubber.press("PageDown")
    scrubber.press("PageDown")
    before = moment(bench)
    assert 19 < float(before.split()[0]) < 21
    bench.get_by_role("slider", name="RAM", exact=True).press("ArrowLeft")
    assert moment(bench) == before


# --- what was changed ---------------------------------------------------------------------------


@pytest.mark.browser
def test_each_change_is_a_chip_that_one_press_undoes(bench):
    bench.get_by_role("button", name="mem=16G").click()
    bench.get_by_label("Swap in GiB, exact").fill("4")
    assert "The machine lives" in sentence(bench)
    chips = bench.locator(".oom-lab .chip")
    assert chips.all_inner_texts() == ["Swap 1.87 → 4\u00a0GiB ✕", "mem= all RAM → 16\u00a0GiB ✕"]
    bench.get_by_role("button", name="Undo mem= all RAM → 16 GiB").click()
    assert "The machine dies after 30.1 GiB" in sentence(bench)
    assert chips.all_inner_texts() == ["Swap 1.87 → 4\u00a0GiB ✕"]


@pytest.mark.browser
def test_every_machine_is_compared_with_the_incident_whatever_was_pressed_before(bench):
    bench.get_by_role("button", name="mem=16G").click()
    bench.get_by_role("button", name="64 GiB of swap").click()
    sentence(bench)
    assert bench.locator(".oom-lab .difference:visible").inner_text().replace("\u00a0", " ") == (
        "The incident: 7.7 MiB of lowmem short; now 7.5 MiB short"
    )
    assert bench.locator(".oom-lab .ghost").count() == 2
    bench.get_by_role("button", name="mem=16G").click()
    sentence(bench)
    assert bench.locator(".oom-lab .ghost").count() == 1, "HighMem has another size, and no ghost"
    assert bench.locator(".oom-lab svg text").filter(has_text="the incident").count() == 1
    bench.get_by_role("button", name="The incident").click()
    sentence(bench)
    assert bench.locator(".oom-lab .ghost").count() == 0


def drawn(bench) -> str:
    """Return the words of the zones' drawing."""
    return " | ".join(bench.locator(".oom-lab svg[aria-label^='The zones'] text").all_text_contents())


@pytest.mark.browser
def test_the_fix_has_its_flag_and_its_words_in_lowmem(bench):
    bench.get_by_role("button", name="With the fix").click()
    sentence(bench)
    assert "min: the fix drops cache above" in drawn(bench)
    assert "would wake" not in drawn(bench)
    assert bench.locator(".oom-lab svg[aria-label^='The zones'] .flag:not(.hollow)").count() == 1
    assert bench.locator(".oom-lab svg[aria-label='The finish of the race']").is_visible()


@pytest.mark.browser
def test_free_memory_that_cannot_be_had_is_no_good_news(bench):
    bench.get_by_role("button", name="64 GiB of swap").click()
    sentence(bench)
    assert "none to spare" in drawn(bench)
    free = bench.locator(".oom-lab svg [data-thing='free'].strong:not(.halo)")
    assert [
        ("danger" in text) for text in free.evaluate_all("all => all.map((each) => each.className.baseVal)")
    ] == [
        False,
        True,
    ]
    assert "free, of no use" in drawn(bench)
    swap_map = bench.locator(".oom-lab .key[data-thing='swap_map'] .size")
    assert swap_map.inner_text().replace("\u00a0", " ") == "16 MiB"


@pytest.mark.browser
def test_a_machine_can_be_pinned_beside_the_next(bench):
    bench.get_by_role("button", name="Pin as A").click()
    bench.get_by_role("button", name="mem=16G").click()
    assert "The machine lives" in sentence(bench)
    assert bench.locator(".oom-lab .pinned-tale").inner_text().startswith("A: The machine dies after")
    letters = bench.locator(".oom-lab svg[aria-label^='The zones'] text").filter(
        has_text=re.compile("^[AB]$")
    )
    assert sorted(letters.all_text_contents()) == ["A", "A", "B", "B"]
    bench.get_by_role("button", name="Unpin A").click()
    sentence(bench)
    assert not bench.locator(".oom-lab .pinned-tale").is_visible()


@pytest.mark.browser
def test_a_machine_can_be_saved_with_the_smallest_change(bench):
    bench.get_by_role("button", name="Save it?").click()
    sentence(bench)
    assert re.search(r"Found: 0 of \d+ ways", bench.locator(".oom-lab .rescue").inner_text())
    bench.get_by_role("slider", name="RAM", exact=True).press("ArrowLeft")
    sentence(bench)
    told = bench.locator(".oom-lab .rescue").inner_text().replace("\u00a0", " ")
    assert "RAM 31.5 GiB: 0.5 GiB less; 0.32 GiB would do." in told
    assert "Found: 1 of" in told


BRIMS = """() => {
  const y1 = (look) => [...document.querySelectorAll(`.oom-lab .${look}`)]
    .filter((line) => Number(line.getAttribute("x2")) > 215 && Number(line.getAttribute("x2")) < 230)
    .map((line) => Number(line.getAttribute("y1")));
  return { marks: y1("mark"), surfaces: y1("surface") };
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("label", "below"), [("The incident", 0), ("8 MiB less of other lowmem", 9.7)])
def test_the_brim_close_up_tells_a_full_vessel_from_one_at_the_edge(bench, label, below):
    go_to(bench, "t=60")
    bench.get_by_role("button", name=label, exact=True).click()
    assert sentence(bench)
    brims = bench.evaluate(BRIMS)
    assert len(brims["marks"]) == 2
    assert brims["surfaces"][-1] - brims["marks"][-1] == pytest.approx(below, abs=1), "Normal against min"


@pytest.mark.browser
def test_swap_is_a_vessel_that_says_how_little_of_it_is_used(bench):
    sentence(bench)
    swap = bench.locator(".oom-lab svg text[data-thing=swap]").last
    assert swap.text_content().startswith("0 of 1.9 GiB used")
    go_to(bench, "grow=64G&t=60")
    sentence(bench)
    assert swap.text_content().startswith("1.9 GiB of 1.9 GiB used")
    go_to(bench, "swap=0&t=60")
    sentence(bench)
    assert swap.text_content() == "none"


@pytest.mark.browser
def test_the_records_have_one_name_and_one_sum(bench):
    go_to(bench, "t=60")
    assert "498 MiB of records of cached pages" in sentence(bench)
    key = bench.locator(".oom-lab .key[data-thing=records]")
    assert key.inner_text().split() == ["records", "498", "MiB"]
    key.hover()
    sentence(bench)
    explained = bench.locator(".oom-lab .explained").inner_text().replace("\u00a0", " ")
    assert explained.startswith("records of cached pages · buffer_head + radix_tree_node: 498 MiB.")
    assert "460 MiB; a radix_tree_node for 64 pages" in explained


# --- two languages ------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_thing_that_is_pointed_at_lights_up_everywhere_and_is_explained(bench):
    bench.get_by_role("button", name="mem_map").focus()
    sentence(bench)
    explained = bench.locator(".oom-lab .explained").inner_text().replace("\u00a0", " ")
    assert explained.startswith("map of all pages of RAM · mem_map: 264 MiB.")
    assert "8,650,880 page frames × 32 bytes" in explained
    assert bench.locator(".oom-lab .linked.lit").inner_text() == "mem_map"
    assert bench.locator(".oom-lab svg .dim").count() > 4


@pytest.mark.browser
def test_a_machine_that_does_not_start_is_drawn_and_offers_the_nearest_that_do(bench):
    go_to(bench, "vmalloc=832M")
    assert sentence(bench).startswith("This machine does not start")
    drawn = bench.get_by_role("img", name="The zones").inner_html()
    assert "ZONE_NORMAL" in drawn
    assert "stand out" in drawn
    offers = bench.locator(".oom-lab .remedies button")
    assert offers.count() == 2, "less RAM, or less vmalloc"
    for n in range(2):
        offers.nth(n).click()
        assert not sentence(bench).startswith("This machine does not start")
        go_to(bench, "")
        go_to(bench, "vmalloc=832M")
        sentence(bench)


@pytest.mark.browser
def test_the_dot_on_the_map_can_be_dragged(bench):
    bench.get_by_text("The edge: RAM × block size").click()
    chart = bench.get_by_role("img", name="The edge: RAM and block size")
    chart.scroll_into_view_if_needed()
    sentence(bench)
    box = chart.bounding_box()
    bench.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 46)
    bench.mouse.down()
    bench.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 106, steps=4)
    bench.mouse.up()
    sentence(bench)
    assert (
        bench.get_by_label("File-system block", exact=True).evaluate("(select) => select.selectedIndex") == 3
    )
    assert float(bench.get_by_label("RAM in GiB, exact").input_value()) < 8
    assert chart.bounding_box() == box, "nothing jumps under the hand"


@pytest.mark.browser
def test_a_number_can_be_typed(bench):
    bench.get_by_label("RAM in GiB, exact").fill("31.69")
    assert "The machine dies" in sentence(bench)
    bench.get_by_label("RAM in GiB, exact").fill("31.68")
    assert "The machine lives" in sentence(bench)


@pytest.mark.browser
def test_the_code_is_copied(bench):
    bench.context.grant_permissions(["clipboard-read", "clipboard-write"])
    bench.get_by_role("button", name="64 GiB of RAM").click()
    sentence(bench)
    bench.get_by_role("button", name="Copy as Python").click()
    bench.get_by_role("button", name="Copied").wait_for()
    copied = bench.evaluate("navigator.clipboard.readText()")
    names: dict[str, object] = {}
    exec(copied, names)
    assert names["machine"] == replace(INCIDENT, ram=64 * GIB)


@pytest.mark.browser
def test_the_numbers_are_a_table_too(bench):
    bench.locator(TIME).press("End")
    bench.get_by_text("The same in numbers").click()
    sentence(bench)
    cells = bench.locator(".oom-lab table").first.inner_text()
    assert "8,048" in cells
    assert "8,056" in cells


NAMELESS = """() => [...document.querySelectorAll('.oom-lab input, .oom-lab select')]
  .filter((each) => !(each.labels?.length || each.getAttribute('aria-label')))
  .map((each) => each.outerHTML)"""
UNGUARDED = """() => [...document.querySelectorAll('.oom-lab :is(input, select, button, summary, pre)')]
  .filter((each) => each.dataset.lmSuppressShortcuts !== 'true').map((each) => each.outerHTML)"""
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.browser
def test_every_input_has_a_name_and_keeps_its_keys(bench):
    assert bench.evaluate(NAMELESS) == []
    assert bench.evaluate(UNGUARDED) == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 760, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_window(bench, width, scheme, shoot):
    bench.emulate_media(color_scheme=scheme)
    bench.set_viewport_size({"width": width, "height": 1200})
    sentence(bench)
    shoot(bench, f"failure-lab-{scheme}-{width}", full_page=True)
    assert not bench.evaluate(TOO_WIDE)


RUN_MORE = """async (source) => {
  const { content } = jupyterapp.shell.currentWidget;
  content.model.sharedModel.insertCell(1, { cell_type: 'code', source });
  content.activeCellIndex = 1;
  await jupyterapp.commands.execute('notebook:run-cell');
}"""
PRINTED = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stdout"]'


@pytest.fixture
def notebook(lab_page, lab):
    """The widget in a notebook of its own in JupyterLab."""
    write_notebook(
        lab.root / "failure-lab.ipynb", ["from oomlab.explore import FailureLab\nlab = FailureLab()\nlab"]
    )
    run_notebook(lab_page, "failure-lab.ipynb")
    expect(lab_page.locator(".oom-lab .sentence strong")).not_to_be_empty()
    return lab_page


@pytest.mark.browser
def test_in_a_notebook_the_keys_arrive_and_python_agrees(notebook):
    notebook.get_by_role("slider", name="RAM", exact=True).press("ArrowLeft")
    said = notebook.locator(".oom-lab .sentence")
    expect(said).to_contain_text("The machine lives")
    notebook.evaluate(RUN_MORE, 'print(lab._reference["sentence"])')
    expect(said).to_have_text(notebook.locator(PRINTED).inner_text().strip())
    expect(notebook.locator(".oom-lab .note")).to_be_empty()


@pytest.mark.browser
def test_where_python_differs_the_page_says_so(notebook):
    notebook.evaluate(
        RUN_MORE, "lab._reference = {**lab._reference, 'settings': lab.settings, 'sentence': 'It is a duck.'}"
    )
    expect(notebook.locator(".oom-lab .note")).to_contain_text("Python’s model says otherwise")
    expect(notebook.locator(".oom-lab .note")).to_contain_text("It is a duck.")


@pytest.mark.browser
def test_the_page_follows_settings_made_in_python(notebook):
    notebook.evaluate(RUN_MORE, "lab.settings = {'ram': 16 * 2**18}")
    expect(notebook.locator(".oom-lab")).to_have_attribute("data-outcome", "survives")
    expect(notebook.get_by_label("RAM in GiB, exact")).to_have_value("16")


# --- where it is shown --------------------------------------------------------------------------

FULL = Path(__file__).parents[1].joinpath("support", "lab_full.js").read_text(encoding="utf-8")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height", "least"), [(1280, 720, 14), (1920, 1080, 22), (1366, 768, 14)])
@pytest.mark.parametrize("label", ["The incident", "64 GiB of RAM", "64-bit", "With the fix"])
def test_a_projector_shows_the_whole_apparatus_in_large_type(bench, width, height, least, label):
    bench.set_viewport_size({"width": width, "height": height})
    bench.get_by_role("button", name=label, exact=True).click()
    bench.get_by_role("button", name="Full screen").click()
    bench.wait_for_selector('.oom-lab[data-full="true"]')
    sentence(bench)
    sentence(bench)
    shown = bench.evaluate(FULL)
    assert shown["out"] == []
    assert shown["least"] >= least


@pytest.mark.browser
def test_a_projector_is_driven_by_keys(bench):
    bench.get_by_role("button", name="Full screen").click()
    bench.wait_for_selector('.oom-lab[data-full="true"]')
    bench.keyboard.press("7")
    assert "The machine dies after 14.6 GiB" in sentence(bench)
    bench.keyboard.press("ArrowLeft")
    assert moment(bench) != "14.61 GiB copied"
    bench.keyboard.press("Space")
    bench.get_by_role("button", name="Pause").wait_for()


@pytest.mark.browser
def test_a_phone_shows_slider_sentence_and_a_vessel_together(bench):
    bench.set_viewport_size({"width": 390, "height": 844})
    bench.get_by_role("slider", name="RAM", exact=True).press("End")
    sentence(bench)
    sentence(bench)
    for part in (".sentence", ".rail.ram", ".basics"):
        assert bench.locator(f".oom-lab {part}").bounding_box()["y"] >= 0
    vessels = bench.locator(".oom-lab .vessel")
    assert vessels.count() == 2
    boxes = [vessels.nth(n).bounding_box() for n in range(2)]
    assert boxes[0]["y"] + boxes[0]["height"] < 844


def test_the_page_is_small():
    assert len(lab_page().encode()) <= 200_000
