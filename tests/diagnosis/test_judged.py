"""A stage that fails on one report: the others are shown as ever, and that one says what failed."""

import json

import pytest

from oomlab import cli
from oomlab.diagnosis import finding, judged
from oomlab.diagnosis.judged import judge
from oomlab.diagnosis.timelines import timeline
from oomlab.parsing import parse
from oomlab.render import timeline_html

STAGES = {"diagnose": "The diagnosis of this report failed", "show": "Showing this report failed"}
NAMES = ("first", "broken", "last")


def log(*names):
    lines = (
        "[{0}.000000] {1} invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0",
        "[{0}.000001] active_anon:200000 inactive_anon:100 active_file:10 inactive_file:10 free:900",
        "[{0}.000002] Normal free:3600kB min:4000kB low:5000kB high:6000kB present:900000kB",
        "[{0}.000003] Killed process {0} ({1}) total-vm:90kB, anon-rss:80kB, file-rss:0kB",
    )
    return "".join(line.format(10 + at, name) + "\n" for at, name in enumerate(names) for line in lines)


@pytest.fixture(params=STAGES)
def stage(request, monkeypatch):
    """A stage that fails on the report of a process called ``broken``, with an error that quotes the log."""

    def breaking(function):
        def broken(report, *rest, **options):
            if report.trigger.comm == "broken" and report.zones:  # the outline has none
                raise ValueError("evil words of the log")
            return function(report, *rest, **options)

        return broken

    if request.param == "diagnose":
        monkeypatch.setattr(judged, "diagnose", breaking(judged.diagnose))
    else:
        from oomlab.render import data, terminal

        monkeypatch.setattr(data, "decode_trigger", breaking(data.decode_trigger))
        monkeypatch.setattr(terminal, "decode_trigger", breaking(terminal.decode_trigger))
        monkeypatch.setattr(terminal, "killed_in_words", _breaking_line(terminal.killed_in_words))
    return STAGES[request.param]


def _breaking_line(function):
    def broken(victims):
        if any(each.comm == "broken" and each.anon_rss_kb for each in victims):
            raise ValueError("evil words of the log")
        return function(victims)

    return broken


@pytest.fixture
def explain(tmp_path, capsys):
    def run(*names, options=()):
        path = tmp_path / "a.log"
        path.write_text(log(*names))
        status = cli.main(["explain", str(path), *options])
        return status, capsys.readouterr().out

    return run


def test_the_others_are_in_the_json_as_if_nothing_had_failed(stage, explain):
    status, out = explain(*NAMES, options=["--json"])
    first, broken, last = json.loads(out)["reports"]
    assert status == 0
    assert [each["diagnosis"]["cause"] for each in (first, last)] == ["global_anon", "global_anon"]
    assert not any("failed" in each["reason"] for shown in (first, last) for each in shown["problems"])
    failure = next(each for each in broken["problems"] if "failed" in each["reason"])
    assert failure["reason"].startswith(stage)
    assert failure["line"] == 5
    assert broken.keys() == first.keys()
    assert [each["comm"] for each in broken["victims"]] == ["broken"]
    assert "evil" not in out


def test_the_list_has_a_line_for_each_report_and_the_failure_below_its_own(stage, explain):
    status, out = explain(*NAMES)
    rows = out.splitlines()
    assert status == 0
    assert [name for row in rows for name in NAMES if f"killed {name}" in row] == list(NAMES)
    assert rows[2].strip().startswith(stage)
    assert "evil" not in out


def test_the_text_of_the_report_itself_shows_the_failure(stage, explain):
    status, out = explain(*NAMES, options=["--report", "2"])
    words = " ".join(out.split())
    assert status == 0
    assert f"line 5: {stage} (ValueError at " in words
    assert "broken" in words
    assert "evil" not in words


@pytest.mark.parametrize("stage", ["diagnose"], indirect=True)
def test_the_timeline_counts_the_failure_and_compares_the_others(stage, explain):
    whole = timeline(parse(log(*NAMES)))
    assert [event.diagnosis.cause for event in whole.events] == ["global_anon", "undetermined", "global_anon"]
    assert whole.same_cause
    assert "The diagnosis of 1 report failed, by a fault of oomlab (line 5)." in whole.summary
    assert whole.summary in timeline_html(whole)
    together = json.loads(explain(*NAMES, options=["--json"])[1])["timelines"][0]
    assert together["summary"] == whole.summary


def test_a_failure_names_the_place_in_our_code_and_nothing_of_the_log(monkeypatch):
    def broken(name):
        raise KeyError("evil words of the log")

    monkeypatch.setattr(finding, "_sources", lambda: broken("x"))
    (only,) = judge([("a log", parse(log("first"))[0])])
    assert "(KeyError at oomlab/diagnosis/finding.py:" in only.failure.reason
    assert only.failure in only.report.problems
    assert (only.diagnosis.cause, only.diagnosis.confidence) == ("undetermined", "low")
    assert [each.number for each in only.diagnosis.evidence] == [1]


def test_without_a_failure_nothing_is_added():
    reports = parse(log(*NAMES))
    for each, report in zip(judge(("a log", report) for report in reports), reports, strict=True):
        assert each.failure is None
        assert each.report is report


def test_what_stops_the_program_is_no_failure_of_a_report(monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(judged, "diagnose", stopped)
    with pytest.raises(KeyboardInterrupt):
        list(judge([("a log", parse(log("first"))[0])]))
