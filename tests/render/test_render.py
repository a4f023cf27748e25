"""What a report looks like, and that nothing in a log can do harm there."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oomlab import corpus
from oomlab.check import check, hint
from oomlab.diagnosis import diagnose
from oomlab.diagnosis.judged import judge
from oomlab.diagnosis.timelines import timeline
from oomlab.gfp import decode_gfp
from oomlab.kernel import KernelRelease, KernelVersion
from oomlab.parsing import parse
from oomlab.parsing.lines import LineKind
from oomlab.render import annotated, as_dict, html, json_document, line, mask_text, text, timeline_html
from oomlab.render.pages.log import parts, sections
from oomlab.render.safe import markup, plain
from oomlab.render.sentences.cause import memory_in_words
from oomlab.render.sentences.request import decode_trigger
from oomlab.render.sentences.victim import kill_in_words
from oomlab.render.sentences.zones import outcome_in_words, zones_in_words
from oomlab.report import Memcg, Problem, Report, SourceLine, Swap, Task, Trigger, Victim, ZoneStat
from oomlab.theories import board
from oomlab.verdict import verdicts

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</section></pre><script>alert(1)</script>",
    "\"' onmouseover=alert(1) x='\"",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m\x85\x00\x7f\r\n",
    "gpj.\u202eexe\u2066\u200b\ufeff",
    "\udcff\ud800",
    "&lt;b&gt;&#0;",
]
LOG = [
    "Sep 23 02:04:16 clamd invoked oom-killer: gfp_mask=0x84d0, order=0, oom_adj=0, oom_score_adj=0",
    "Pid: 21832, comm: clamd Tainted: G         C   3.2.59 #21",
    "Call Trace:",
    " [<c01739ac>] ? dump_header+0x4d/0x160",
    "Mem-Info:",
    "Normal free:8056kB min:8048kB low:10060kB high:12072kB active_file:248kB inactive_file:388kB unevict",
    "able:0kB mapped:0kB free_cma:0kB",
    "lowmem_reserve[]: 0 0 252949 252949",
    "Killed process 21832 (clamd) total-vm:169876kB, anon-rss:146900kB, file-rss:2712kB",
]

KINDS = parse("\n".join(LOG))[0].kinds


def small(name: str = "clamd") -> Report:
    """A report with one of everything, and ``name`` wherever a log can put a text."""
    return Report(
        kind="oom",
        first_line=1,
        last_line=9,
        kernel=KernelRelease(text=f"3.2.59{name}", version=KernelVersion((3, 2, 59))),
        trigger=Trigger(comm=name, pid=21832, gfp_mask=0x84D0, order=0, oom_score_adj=0),
        memcg=Memcg(path=name, oom_path=name, usage_kb=65536, limit_kb=65536),
        totals={
            "ram": 8650736,
            "reserved": 349626,
            "free": 143494,
            "active_anon": 117913,
            "inactive_anon": 9942,
        },
        zones=(
            ZoneStat(
                name="Normal",
                free=2014,
                watermark_min=2012,
                watermark_low=2515,
                watermark_high=3018,
                present=222502,
                lowmem_reserve=(0, 0, 252949, 252949),
            ),
            ZoneStat(name=name),
        ),
        swap=Swap(total=489973, free=489973, cached=0),
        tasks=(Task(14579, name, rss=171, oom_score_adj=-5), Task(21832, name, rss=37403, swapents=1)),
        victims=(Victim(pid=21832, comm=name, score=4),),
        source=tuple(SourceLine(i, f"{each} {name}") for i, each in enumerate(LOG, 1)),
        kinds=KINDS,
        problems=(Problem(3, f"strange: {name}"), Problem(None, name)),
    )


class Reader(HTMLParser):
    """What a browser would make of a page: its tags, its attributes and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def shape(page: str) -> list[tuple[str, list[str]]]:
    """The tags of a page with the names of their attributes, without any text."""
    return [(tag, sorted(attributes)) for tag, attributes in Reader(page).tags]


def controls(shown: str) -> set[str]:
    return {each for each in shown if each != "\n" and not each.isprintable()}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_log_reaches_the_terminal_as_a_control_character(name):
    report = small(name)
    assert controls(text(report)) == set()
    listed = line(report, diagnose(report), 1)
    assert controls(listed) == set()
    assert "\n" not in listed


@pytest.mark.parametrize("name", HOSTILE)
def test_json_is_plain_ascii_and_still_holds_the_name_itself(name):
    written = "".join(json_document(judge([(name, small(name))])))
    assert written.isascii()
    assert controls(written) == set()
    assert json.loads(written)["reports"][0]["trigger"]["comm"] == name


@pytest.mark.parametrize("show", [html, annotated])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_tag_and_no_attribute(show, name):
    assert shape(show(small(name))) == shape(show(small("clamd")))
    assert plain(name) in "".join(Reader(show(small(name))).words)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_nothing_to_a_timeline_or_a_list_of_reports(name):
    assert shape(timeline_html(timeline([small(name)]))) == shape(timeline_html(timeline([small("clamd")])))
    assert plain(name) in "".join(Reader(timeline([small(name)])._repr_html_()).words)
    assert controls(repr([small(name)])) == set()
    assert len(repr(small(name))) < 200


@given(st.text(min_size=1, max_size=40))
def test_no_name_at_all_changes_the_shape_of_the_page(name):
    assert shape(html(small(name))) == shape(html(small("clamd")))
    assert controls(text(small(name))) == set()


@pytest.mark.parametrize("show", [html, annotated])
def test_pages_run_no_script_and_load_nothing(show):
    for tag, attributes in Reader(show(small())).tags:
        assert tag not in {"script", "img", "iframe", "link", "object", "form"}
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in show(small())


@given(st.text())
def test_plain_text_shows_and_never_acts(shown):
    assert plain(shown).isprintable()
    assert plain(plain(shown)) == plain(shown)
    assert not set("<>\"'") & set(markup(shown))


def test_letters_of_any_script_stay():
    for word in ("дæмон 守护进程", "ผู้ใช้", "བསྒྲུབས", "é"):
        assert plain(word) == word


@pytest.mark.parametrize("blank", ["\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"])
def test_a_letter_that_looks_like_nothing_is_shown_by_its_number(blank):
    assert plain(f"a{blank}b") == f"a\\u{ord(blank):04x}b"


def test_a_tower_of_marks_on_one_letter_is_cut():
    tower = "e" + "\u0301" * 200
    assert len(re.findall("\u0301", plain(tower))) < 10
    assert plain(tower).count("\\u0301") > 190


def test_every_page_begins_with_an_element_that_mathjax_leaves_alone():
    """JupyterLab typesets ``$…$`` in every output: a process could call itself a formula."""
    pytest.importorskip("anywidget")
    from oomlab.explore import choose

    (incident,) = parse(corpus.incident())
    pages = [html(small()), annotated(small()), timeline([small()])._repr_html_()]
    pages += [hint("00.1")._repr_html_(), check("00.1", 7)._repr_html_(), board(incident)._repr_html_()]
    pages += [choose("02.4")._repr_mimebundle_()[0]["text/html"]]
    for page in pages:
        _, attributes = Reader(page).tags[0]
        assert {"mathjax_ignore", "tex2jax_ignore"} <= set(attributes["class"].split()), page[:80]


def test_the_json_has_exactly_the_fields_of_schema_1():
    written = as_dict(small())
    assert list(written) == [
        *(
            "kind",
            "first_line",
            "last_line",
            "time",
            "uptime_s",
            "kernel",
            "kernel_line",
            "page_size_kb",
            "trigger",
            "gfp",
        ),
        *("scope", "memcg", "protection", "zones", "victims", "exiting", "tasks", "holders", "problems"),
        "diagnosis",
    ]
    assert written["trigger"] == {
        "comm": "clamd",
        "pid": 21832,
        "gfp_mask": "0x84d0",
        "order": 0,
        "vmalloc_bytes": None,
        "vmalloc_got": None,
        "oom_score_adj": 0,
    }
    assert written["gfp"] == {
        "names": ["GFP_KERNEL", "__GFP_REPEAT", "__GFP_ZERO"],
        "zone": "Normal",
        "unknown": "0x0",
        "basis": "version",
        "alternatives": [],
    }
    assert written["zones"][0] == {
        "node": None,
        "name": "Normal",
        "free_kb": 8056,
        "min_kb": 8048,
        "low_kb": 10060,
        "high_kb": 12072,
        "present_kb": 890008,
        "managed_kb": None,
        "lowmem_reserve": [0, 0, 252949, 252949],
        "reconstructed": False,
    }
    assert written["tasks"] == 2
    assert written["victims"] == [
        {"pid": 21832, "comm": "clamd", "oom_score_adj": None, "memcg": None, "reaped": None, "service": None}
    ]
    assert written["problems"][0] == {"line": 3, "reason": "strange: clamd"}


def test_what_the_log_does_not_say_is_null_in_json_and_never_zero():
    written = as_dict(Report(kind="show_mem", first_line=1, last_line=1, zones=(ZoneStat(name="DMA"),)))
    assert (written["kernel"], written["gfp"], written["memcg"]) == (None, None, None)
    assert set(written["trigger"].values()) == {None}
    assert {value for key, value in written["zones"][0].items() if key not in {"name", "reconstructed"}} == {
        None
    }


def test_kilobytes_follow_the_page_size_of_the_report():
    report = replace(small(), page_size_kb=64)
    assert as_dict(report)["zones"][0]["free_kb"] == 2014 * 64


def test_an_empty_document_is_still_json():
    assert json.loads("".join(json_document([]))) == {"schema": 1, "reports": [], "timelines": []}


def test_the_text_says_who_asked_which_zones_were_short_and_who_was_killed():
    shown = text(small())
    assert "clamd (pid 21832) asked for one page, 4 kB (order 0)." in shown
    assert "GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO" in shown
    assert re.search(r"Normal +2,014 +2,012 +0 +short by 1 page", shown)
    assert "It weighed 146 MiB, the most of the 2 processes listed." in shown
    assert "line 3: strange: clamd" in shown


@pytest.mark.parametrize("width", [60, 96])
def test_the_text_keeps_to_its_width(width):
    prose = [each for each in text(small(), width=width).splitlines() if "   " not in each[10:]]
    assert len(prose) > 10
    assert max(map(len, prose)) <= width


def test_headings_are_bold_only_when_asked():
    assert "\x1b" not in text(small())
    assert "\x1b[1m" in text(small(), bold=True)


def test_a_report_with_nothing_in_it_says_what_is_missing():
    shown = text(Report(kind="fragment", first_line=7, last_line=7))
    for absent in ("the kernel version", "swap", "the task list"):
        assert absent in shown
    assert shown.startswith("A fragment of a report")
    assert html(Report(kind="fragment", first_line=7, last_line=7))


def test_many_victims_are_counted_and_not_all_named():
    victims = tuple(Victim(pid=pid, comm="worker") for pid in range(40))
    shown = text(replace(small(), victims=victims))
    assert "killed 40 processes, worker (pid 0) first" in shown
    assert "34 more" in shown


def test_every_line_of_the_log_stands_once_and_in_order_in_the_annotated_view():
    report = small()
    words = "".join(Reader(annotated(report)).words)
    places = [words.find(each.text) for each in report.source]
    assert -1 not in places
    assert places == sorted(places)


def test_a_wrapped_line_stays_with_its_zone():
    found = {part.key: [each.number for each in lines] for part, lines in sections(small())}
    assert found["zone"] == [6, 7]
    assert found["reserve"] == [8]


CONTINUES = {"context", "boot", "continuation", "other"}
"""Kinds of lines that have no explanation of their own: they belong to the part above them."""


def test_every_kind_of_line_is_explained_in_one_part_or_continues_the_part_above():
    explained = [kind for part in parts() if not part.words for kind in part.kinds]
    explained += [kind for part in parts() if part.words for kind in part.kinds if kind not in explained]
    assert len(set(explained)) == len(explained)
    assert set(explained) | CONTINUES == set(get_args(LineKind))
    assert all(part.text.endswith(".") for part in parts())


@pytest.mark.parametrize(
    ("first_line", "key"),
    [
        ("a invoked oom-killer: gfp_mask=0xd0, order=0", "trigger"),
        ("a: page allocation failure. order:1, mode:0x20", "failure"),
        ("SysRq : Show Memory", "request"),
    ],
)
def test_the_first_line_of_each_kind_of_report_has_a_part_of_its_own(first_line, key):
    (report,) = parse(f"{first_line}\nMem-Info:\nfree:3\n")
    part, lines = sections(report)[0]
    assert part is not None
    assert (part.key, lines[0].number) == (key, 1)


def test_the_explained_log_calls_a_line_what_the_reader_took_it_for():
    """A group's statistics look like a machine's totals: only the reader knows which they are."""
    stats = "Memory cgroup stats for /box: cache:8KB rss:81876KB active_anon:80012KB unevictable:0KB"
    log = f"{LOG[0]}\nTask in /box killed as a result of limit of /box\n{stats}\n{LOG[-1]}"
    (report,) = parse(log)
    found = {line.number: part and part.key for part, lines in sections(report) for line in lines}
    assert found == {1: "trigger", 2: "memcg", 3: "memcg", 4: "kill"}


def test_the_part_of_a_zone_bears_its_name():
    (report,) = parse("\n".join(LOG))
    titles = re.findall("<strong>(One memory zone[^<]*)</strong>", annotated(report))
    assert titles == ["One memory zone, and its watermarks: Normal"]


def test_mask_text_explains_every_bit():
    shown = mask_text(decode_gfp(0x84D0, kernel="3.2"))
    explained = {int(each, 16) for each in re.findall(r"^ +(0x[0-9a-f]+)  __GFP", shown, re.MULTILINE)}
    assert sum(explained) == 0x84D0


def test_mask_text_shows_bits_without_a_name():
    assert "0x1000000  no name" in mask_text(decode_gfp(0x1100CCA, kernel="5.10.1"))


def test_a_report_shows_itself_in_a_notebook():
    assert small()._repr_html_() == html(small())


@pytest.mark.parametrize(
    "page", [html(small()), annotated(small()), timeline_html(timeline([small()]))], ids=repr
)
def test_a_page_shows_itself_as_the_value_of_a_cell_and_has_a_short_name(page):
    assert page._repr_html_() == page
    assert type(page._repr_html_()) is str
    assert len(repr(page)) < 40


def test_memory_that_is_free_in_zones_not_shown_is_mentioned():
    report = replace(small(), zones=small().zones[:1])
    said = zones_in_words(report, verdicts(report, decode_trigger(report)))
    assert said.endswith("Another 553 MiB lay free in zones that are not shown.")


def test_whether_a_zone_could_have_served_several_pages_is_unknown_where_the_log_lost_its_blocks():
    zone = ZoneStat(name="Normal", free=9000, watermark_min=100, lowmem_reserve=(0,))
    report = Report(
        kind="allocation_failure",
        first_line=1,
        last_line=1,
        trigger=Trigger(gfp_mask=0xCC0, gfp_names=("GFP_KERNEL",), order=3, line=1),
        zones=(zone,),
    )

    def words(report):
        judged = verdicts(report, decode_trigger(report))
        return outcome_in_words(judged[0], report), zones_in_words(report, judged)

    assert words(report)[0] == "cannot be told"
    assert "cannot be told" in words(report)[1]
    one_page = replace(report, trigger=replace(report.trigger, order=0))
    assert words(one_page)[0] == "8,900 to spare"


def test_the_diagnosis_is_in_the_text_the_json_and_the_page():
    report = small()
    diagnosis = diagnose(report)
    written = as_dict(report)["diagnosis"]
    assert (written["cause"], written["summary"]) == (diagnosis.cause, diagnosis.summary)
    assert written["evidence"][0] == {
        "line": diagnosis.evidence[0].number,
        "text": diagnosis.evidence[0].text,
    }
    assert diagnosis.summary in " ".join(text(report).split())
    assert diagnosis.summary in "".join(Reader(html(report)).words)


def test_every_proof_links_to_its_line_in_the_log():
    page = Reader(html(small())).tags
    links = [attributes["href"].removeprefix("#") for tag, attributes in page if tag == "a"]
    ids = [attributes["id"] for tag, attributes in page if "id" in attributes]
    assert links
    assert len(set(ids)) == len(ids) == len(small().source)
    assert set(links) <= set(ids)


def test_two_reports_on_one_page_share_no_place():
    first, second = (set(re.findall(r' id="([^"]+)"', html(small(name)))) for name in ("clamd", "rsync"))
    assert first.isdisjoint(second)


def test_a_zone_without_memory_is_called_empty_and_not_short():
    zone = ZoneStat(name="DMA", free=0, watermark_min=0, present=0, lowmem_reserve=(0, 0, 0, 0))
    assert re.search(r"DMA .* empty", text(replace(small(), zones=(zone, small().zones[0]))))


def test_zones_of_other_nodes_are_not_for_a_cpuset():
    zones = tuple(replace(small().zones[0], node=node) for node in (0, 1, 4))
    shown = text(replace(small(), zones=zones, scope="cpuset", mems_allowed="1-2"))
    assert re.search(r"Normal of node 0 +2,014 .*not for this request", shown)
    assert re.search(r"Normal of node 1 .*short by 1 page", shown)
    assert re.search(r"Normal of node 4 .*not for this request", shown)


def test_a_listing_made_by_hand_has_no_asker():
    shown = text(replace(small(), kind="show_mem", trigger=Trigger(), victims=(), tasks=()))
    assert "somebody asked for this listing" in shown
    assert "does not name" not in shown


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (Swap(total=0, free=0), "There is no swap."),
        (Swap(total=1000, free=1000), "Swap: 4,000 kB, none of it used."),
        (Swap(total=1000, free=0), "Swap: 4,000 kB, all of it used."),
        (Swap(total=1000, free=900), "Swap: 4,000 kB, 400 kB of it used."),
        (Swap(total=0, free=-9), "Swap was being switched off"),
    ],
)
def test_swap_is_told_as_it_was(swap, said):
    assert said in text(replace(small(), swap=swap))


@pytest.mark.parametrize(
    ("asked", "killed", "said"),
    [
        (Trigger(comm="sh", pid=7), Victim(pid=7, comm="sh"), "It was also the one that asked"),
        (Trigger(comm="sh", pid=8), Victim(pid=9, comm="dd"), "The process that asked, sh, was left alone."),
        (Trigger(comm="sh", pid=8), Victim(pid=9, comm="sh"), "may have been a thread of it"),
        (Trigger(comm="sh", pid=8), Victim(pid=9, comm="sh", reason="(oom_kill_allocating_task)"), ""),
    ],
)
def test_what_became_of_the_process_that_asked_is_said_where_it_is_known(asked, killed, said):
    report = Report(kind="oom", first_line=1, last_line=2, trigger=asked, victims=(killed,))
    told = " ".join(kill_in_words(report, diagnose(report)))
    assert said in told
    assert said or "asked" not in told


def test_what_is_seldom_large_is_told_when_it_is():
    lists = {"active_file": 10, "inactive_file": 20, "active_anon": 300, "inactive_anon": 0}
    plain_machine = replace(small(), totals=lists | {"unevictable": 3, "pagetables": 2, "free": 50})
    assert (
        memory_in_words(plain_machine)[0]
        == "In all: page cache 120 kB, process memory 1,200 kB and free 200 kB."
    )
    locked = replace(small(), totals=lists | {"unevictable": 700, "pagetables": 200, "free": 50})
    assert "unevictable 2,800 kB, page tables 800 kB and free" in memory_in_words(locked)[0]


def test_all_there_is_has_the_lists_that_a_kernel_does_not_split():
    """Before 2.6.28 process memory and page cache are on the same lists."""
    old = replace(small(), totals={"active": 700, "inactive": 300, "free": 50, "slab": 20})
    told = memory_in_words(old)[0]
    assert told.startswith("In all: ")
    assert "process memory and page cache 4,000 kB" in told


def test_what_is_left_of_a_listing_is_not_called_all():
    tail = replace(small(), totals={"free": 500, "slab": 20})
    assert memory_in_words(tail)[0] == "As far as the log shows it: free 2,000 kB and slab 80 kB."


def test_an_order_below_zero_asks_for_nothing():
    """-1 is SysRq's; where the log shows no SysRq, or another number, it is damage."""
    asked = Trigger(comm="sh", pid=7, gfp_mask=0xCC0, order=-7)
    report = Report(kind="oom", first_line=1, last_line=2, trigger=asked)
    assert "sh (pid 7) asked for memory; the log does not show how much." in text(report)


def test_kswapd_is_not_said_to_wait_for_what_it_frees_itself():
    def told(names):
        mask = Trigger(comm="kswapd0", pid=150, gfp_mask=0xC0C40, gfp_names=names, order=0)
        report = Report(kind="allocation_failure", first_line=1, last_line=2, trigger=mask)
        return " ".join(text(report).split())

    assert "nothing more is freed on its behalf, and it may use what is kept" in told(("GFP_NOFS",))
    assert "may not even use what is kept" in told(("GFP_NOFS", "__GFP_NOMEMALLOC"))
    assert "It may wait" not in told(("GFP_NOFS",))


def test_that_swapoff_was_killed_is_not_called_chance():
    report = replace(
        small("swapoff"), trigger=Trigger(comm="swapoff", pid=7), victims=(Victim(pid=7, comm="swapoff"),)
    )
    told = " ".join(kill_in_words(report, diagnose(report)))
    assert "It was also the one that asked." in told
    assert "chance" not in told


def test_lines_prove_a_cause_and_are_only_looked_at_where_there_is_none():
    unknown = Report(kind="oom", first_line=1, last_line=1, source=(SourceLine(1, "hog invoked oom-killer"),))
    known = replace(unknown, trigger=Trigger(comm="hog", order=-1, line=1))
    assert "Lines looked at: 1." in text(unknown)
    assert "The lines looked at" in html(unknown)
    assert "Lines that prove it: 1." in text(known)
    assert "The lines that prove it" in html(known)


def test_numbers_that_no_machine_has_stay_apart():
    wild = replace(small().zones[0], free=128_562, watermark_min=142_334_889_960_027)
    assert "128,562 142,334,889,960,027" in text(replace(small(), zones=(wild,)))


@pytest.mark.parametrize("show", [text, html, lambda report: "".join(json_document(judge([("", report)])))])
def test_a_row_with_a_number_that_no_kernel_has_is_damaged_and_stops_nothing(show):
    """Sizes are divided as floats, which end at about 300 digits."""
    head = "dd invoked oom-killer: gfp_mask=0xd0, order=0\n[ pid ] uid tgid total_vm rss name\n"
    (report,) = parse(f"{head}[ 6] 0 6 100 9 sh\n[ 7] 0 7 100 {'9' * 400} dd\nKilled process 7 (dd)\n")
    assert [task.rss for task in report.tasks] == [9]
    assert "This row of the task table is cut or damaged" in show(report)


# The logger's prefix


def test_the_loggers_prefix_can_be_hidden_and_nothing_else():
    incident = parse(corpus.incident())[0]
    page = annotated(incident)
    fronts = re.findall(r'<i class="front">([^<]*)</i>', page)
    assert page.count('<details class="unprefixed"><summary>') == 1
    assert fronts[0].startswith("Sep 23 ")
    assert fronts[0].endswith("] ")
    without = "".join(Reader(re.sub(r'<i class="front">[^<]*</i>', "", page)).words)
    assert "clamd invoked oom-killer" in without
    assert "Sep 23" not in without


def test_a_log_without_prefixes_has_no_switch():
    unprefixed = annotated(parse("a invoked oom-killer: gfp_mask=0xd0, order=0\nMem-Info:\nfree:3\n")[0])
    assert 'class="unprefixed"' not in unprefixed


@pytest.mark.parametrize(
    ("trace", "marks", "own"),
    [
        (("shrink_folio_list", "kswapd"), "", True),
        (("shrink_folio_list", "do_IRQ", "kswapd"), " ? do_IRQ+0x46/0xe0", True),
        (("__napi_alloc_skb", "net_rx_action", "__do_softirq", "kswapd"), "", False),
        (("__alloc_pages", "kswapd"), "<IRQ>", False),
    ],
)
def test_a_request_of_an_interrupt_that_came_while_kswapd_ran_is_not_kswapd_s(trace, marks, own):
    """It may not use what kswapd may. Source: mm/page_alloc.c, ``gfp_pfmemalloc_allowed``."""
    report = Report(
        kind="allocation_failure",
        first_line=1,
        last_line=2,
        kernel=KernelRelease.of("6.6"),
        trigger=Trigger(comm="kswapd0", pid=60, gfp_mask=0x820, order=0, line=1),
        trace=trace,
        source=(SourceLine(1, "kswapd0: page allocation failure"), SourceLine(2, f"[  100.5]  {marks}")),
    )
    assert ("kswapd frees memory for all others" in " ".join(text(report).split())) is own
