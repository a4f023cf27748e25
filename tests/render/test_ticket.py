"""A report as Markdown: what a ticket shows is what the report says, and a name in it does nothing."""

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from oomlab.parsing import parse_bytes
from oomlab.render import html, markdown
from oomlab.render.ticket import inert

READER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def words(rendered: str) -> str:
    """Return the words of some HTML, without its tags and a page's own joiners."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", rendered)).replace("\u2060", "").split())


@pytest.fixture
def log(repo) -> bytes:
    return (repo / "data" / "incident" / "oom-report.log").read_bytes()


def test_a_ticket_has_the_headline_the_zones_the_remedies_and_the_lines_that_prove_it(log):
    (report,) = parse_bytes(log)
    rendered = READER.render(markdown(report))
    assert rendered.startswith("<h2>Out of memory: the kernel killed clamd (pid 21832).</h2>")
    assert rendered.count("<tr>") == 1 + len(report.zones)
    assert "<li>Run a 64-bit kernel" in rendered
    proof = rendered[rendered.index("<code") :]
    assert "clamd invoked oom-killer" in proof
    assert "Killed process 21832" in proof


def test_a_ticket_says_what_the_page_says(log):
    (report,) = parse_bytes(log)
    page = re.sub(r"<style>.*?</style>", "", html(report), flags=re.DOTALL)
    said = words(READER.render(markdown(report)))
    for sentence in re.findall(r"<(?:p|li)>([^<]+)</(?:p|li)>", page):
        assert words(sentence) in said


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x>",
        "[x](//e.x)",
        "![x](y)",
        "*b* _i_ __b__",
        "`code`",
        "~~gone~~",
        "a|b|c",
        "# title",
        "1. one",
        "- one",
        "> quote",
        "&lt;b&gt;",
        "<!-- hidden",
        "\\",
    ],
)
def test_a_name_is_nothing_but_itself(name):
    rendered = READER.render(f"{inert(name)}\n")
    assert set(re.findall(r"<(\w+)", rendered)) == {"p"}
    tags_away = rendered.removeprefix("<p>").removesuffix("</p>\n")
    assert [tags_away] == [escaped(name)]


def escaped(name: str) -> str:
    return re.sub(
        r"[&<>\"]", lambda each: {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}[each[0]], name
    )


@pytest.mark.parametrize("name", ["@all", "see @team", "#12", "https://e.x/", "www.e.x", "mailto:a@e.x"])
def test_a_name_mentions_nobody_and_is_no_address(name):
    assert re.sub(r"\u2060|^\\", "", inert(name)) == name
    assert "\u2060" in inert(name)


def test_a_hostile_log_makes_no_link_no_picture_and_no_way_out_of_the_code(log):
    name = "```</code><img>"
    (report,) = parse_bytes(log.replace(b"clamd", name.encode()))
    tokens = READER.parse(markdown(report))
    kinds = {child.type for token in tokens for child in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "code_inline"}
    assert [token.type for token in tokens].count("fence") == 1
    assert tokens[-1].type == "fence"
