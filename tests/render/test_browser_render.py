"""Reports as a reader sees them in a browser: nothing runs, everything opens and sorts by keyboard."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from oomlab.diagnosis.timelines import timeline
from oomlab.parsing import parse_bytes
from oomlab.render import annotated, html, timeline_html
from tests.support.jupyter import run_notebook, write_notebook

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
THEME = "--jp-content-font-color1: {ink}; --jp-content-font-color2: {quiet}; background: {paper}"
LIGHT = THEME.format(ink="rgba(0,0,0,.87)", quiet="rgba(0,0,0,.6)", paper="#fff")
DARK = THEME.format(ink="#fff", quiet="rgba(255,255,255,.7)", paper="#111")


@pytest.fixture
def log(repo) -> bytes:
    return (repo / "data" / "incident" / "oom-report.log").read_bytes()


def shown(page, body: str, theme: str = LIGHT):
    page.set_content(f'<!doctype html><html lang="en"><body style="{theme}">{body}</body></html>')
    return page


@pytest.mark.parametrize("show", [html, annotated])
def test_a_hostile_process_name_runs_nothing(page, log, show):
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    (report,) = parse_bytes(log.replace(b"clamd", HOSTILE.encode()))
    shown(page, show(report))
    assert page.locator("img").count() == 0  # nothing is loaded, so nothing can fail to load
    assert dialogs == []
    assert page.locator("section.oomlab", has_text=HOSTILE).count() == 1


def test_the_tasks_can_be_sorted_without_a_script(page, log):
    (report,) = parse_bytes(log)
    tasks = tuple(task._replace(oom_score_adj=adj) for task, adj in zip(report.tasks, (2, 0, 0), strict=True))
    shown(page, html(replace(report, tasks=tasks)))
    page.get_by_text("3 processes listed", exact=True).click()

    def pids() -> list[int]:
        rows = page.locator("table.sortable tbody tr").all()
        rows.sort(key=lambda row: row.bounding_box()["y"])
        return [int(row.locator("td").first.inner_text()) for row in rows]

    assert pids() == [21832, 14579, 14580]
    page.get_by_label("pid", exact=True).check()
    assert pids() == [14579, 14580, 21832]
    page.get_by_label("oom_score_adj").check()
    assert pids() == [14579, 21832, 14580]
    page.get_by_label("what the kernel weighed").check()
    assert pids() == [21832, 14579, 14580]


JUPYTERLAB = ":not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon :is(td, th, tr) { text-align: right }"
"""How JupyterLab sets tables in outputs."""

TEXT_ALIGN = "element => getComputedStyle(element).textAlign"


def test_words_in_a_table_begin_at_the_left_in_jupyterlab_too(page, log):
    reports = parse_bytes(log)
    for body in (html(reports[0]), timeline_html(timeline(reports))):
        page.set_content(f'<style>{JUPYTERLAB}</style><div class="jp-RenderedHTMLCommon">{body}</div>')
        cells = page.locator("table").first.locator("tbody :is(td, th)").all()
        sides = {
            cell.get_attribute("class"): cell.evaluate("e => getComputedStyle(e).textAlign") for cell in cells
        }
        assert sides[None] == "left"
        assert sides["number"] == "right"


def test_an_explanation_opens_with_the_keyboard(page, log):
    (report,) = parse_bytes(log)
    shown(page, annotated(report))
    explanation = page.get_by_text("It is the messenger, seldom the culprit")
    assert not explanation.is_visible()
    page.keyboard.press("Tab")  # the switch that hides the prefix comes first
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert explanation.is_visible()


def test_the_switch_hides_what_the_logger_wrote(page, log):
    (report,) = parse_bytes(
        b"".join(b"Sep 23 02:04:16 db kernel: " + line for line in log.splitlines(keepends=True))
    )
    shown(page, annotated(report))
    fronts = page.locator(".front")
    assert fronts.count() > len(report.source) // 2
    assert all(front.is_visible() for front in fronts.all())
    page.get_by_text("Hide what the logger put").click()
    assert not any(front.is_visible() for front in fronts.all())


def test_every_line_of_the_log_is_on_the_page_with_its_number(page, log):
    (report,) = parse_bytes(log)
    shown(page, annotated(report))
    lines = [each.inner_text().rstrip("\n") for each in page.locator("pre span").all()]
    assert [line.lstrip("0123456789") for line in lines] == [each.text for each in report.source]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("show", [html, annotated])
def test_the_page_fits_its_width_in_both_themes(page, log, shoot, show, width, theme):
    (report,) = parse_bytes(log)
    page.set_viewport_size({"width": width, "height": 900})
    shown(page, show(report), theme)
    shoot(page, f"{show.__name__}-{width}-{'light' if theme == LIGHT else 'dark'}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


FORMULAE = rb"""java$b$$1 invoked oom-killer: gfp_mask=0x84d0, order=0, oom_score_adj=0
CPU: 0 PID: 5 Comm: $E=mc^2$ Not tainted 5.10.0 #1
Mem-Info:
Node 0 Normal free:8056kB min:8048kB low:10060kB high:12072kB present:900000kB managed:890000kB
[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name
[    5]     0     5     1000      900        1        0             0 $x^2$
[    6]     0     6     1000      900        1        0             0 \[\sum_i\]
Killed process 5 ($\rlap{\text{clamd was fine}}\phantom{x}$) total-vm:80000kB, anon-rss:4000kB, file-rss:0kB
"""


def test_jupyterlab_typesets_no_name_of_a_process_as_a_formula(lab_page, lab):
    """The last cell is a formula of its own: once it is set, MathJax has been over the page."""
    reports = parse_bytes(FORMULAE)
    shown = [
        html(reports[0]),
        annotated(reports[0]),
        timeline_html(timeline(reports)),
        '<p class="ours">$x^2$</p>',
    ]
    show = "from IPython.display import HTML, display\ndisplay(HTML({!r}))"
    write_notebook(lab.root / "formulae.ipynb", [show.format(str(each)) for each in shown])
    page = lab_page
    run_notebook(page, "formulae.ipynb")
    page.locator("p.ours mjx-container").wait_for()
    expect(page.locator("section.oomlab")).to_have_count(3)
    assert page.locator("section.oomlab mjx-container").count() == 0
    assert page.locator("section.oomlab", has_text="java$b$$1").count() == 2
    assert page.locator("section.oomlab", has_text=r"$\rlap{\text{clamd was fine}}").count() == 3


def test_text_stands_out_where_a_page_lays_dark_outputs_on_light_grey(page, log):
    """As sphinx-book-theme does: the system's colours are dark, the box around the output is not."""
    (report,) = parse_bytes(log)
    box = f'<div style="background: #c8ced4">{html(report)}</div>'
    page.set_content(f'<!doctype html><html style="color-scheme: dark"><body>{box}</body></html>')
    colours = page.locator("section.oomlab").evaluate(
        "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor]; }"
    )
    ink, paper = (sum(map(int, re.findall(r"\d+", each)[:3])) / 3 for each in colours)
    assert colours[1] != "rgba(0, 0, 0, 0)"
    assert abs(ink - paper) > 150
