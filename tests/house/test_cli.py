"""The command: what it prints, where, and with which exit status."""

import importlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import oomlab
from oomlab import Machine, Workload, corpus
from oomlab.cli import main, simulate
from tests.support.command import shell


@pytest.fixture
def run(capsys):
    """Run the command and give its exit status, its output and its complaints."""

    def command(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = int(exit.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return command


def test_version_is_that_of_the_package(run):
    assert run("--version") == (0, f"oomlab {oomlab.__version__}\n", "")


@pytest.mark.parametrize("command", [(), ("explain",), ("gfp",)])
def test_help_gives_examples(run, command):
    status, out, _ = run(*command, "--help")
    assert status == 0
    assert "examples:\n  oomlab" in out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("dance",),
        ("gfp",),
        ("gfp", "FOO", "--kernel", "3.2"),
        ("gfp", "GFP_KERNEL"),
        ("gfp", "0x84d0", "--kernel", "banana"),
        ("gfp", "-1", "--kernel", "3.2"),
        ("explain", "/no/such/\x1b]0;file"),
        ("explain", "/"),
        ("explain", "--report", "0", "-"),
    ],
)
def test_an_error_is_one_harmless_line_on_stderr_and_status_2(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("oomlab: ")
    assert err.endswith("\n")
    assert err[:-1].isprintable()


def test_gfp_says_how_it_read_a_number_that_could_be_decimal(run):
    status, out, err = run("gfp", "3264", "--kernel", "6.1")
    assert (status, err) == (0, "oomlab: 3264 is read as 0x3264, as logs print masks; the decimal is 0xcc0\n")
    assert "0x3264" in out
    for clear in ("0x3264", "cc0", "0", "7"):
        assert run("gfp", clear, "--kernel", "6.1")[2] == ""


def test_gfp_decodes_a_mask_for_a_version(run):
    status, out, _ = run("gfp", "0x84d0", "--kernel", "3.2", "--json")
    mask = json.loads(out)
    assert status == 0
    assert mask["names"] == ["GFP_KERNEL", "__GFP_REPEAT", "__GFP_ZERO"]
    assert (mask["schema"], mask["zone"], mask["unknown"]) == (1, "Normal", "0x0")


def test_gfp_turns_names_into_the_mask_of_a_version(run):
    masks = [
        json.loads(run("gfp", "GFP_KERNEL|__GFP_ZERO", "--kernel", kernel, "--json")[1])["gfp_mask"]
        for kernel in ("3.2", "6.1")
    ]
    assert masks == ["0x80d0", "0xdc0"]


@pytest.mark.parametrize("mask", ["0x84d0", "84d0", "0X84D0"])
def test_gfp_reads_a_mask_as_logs_print_it(run, mask):
    assert run("gfp", mask, "--kernel", "3.2")[1].startswith(
        "0x84d0 = GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO"
    )


def test_a_reader_that_goes_away_is_no_error():
    code = "import sys; from oomlab.cli import main; sys.exit(main())"
    gfp = [sys.executable, "-c", code, "gfp", "0x84d0", "--kernel", "3.2"]
    with subprocess.Popen(gfp, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# --- explain ---------------------------------------------------------------------------------

INCIDENT = "data/incident/oom-report.log"


@pytest.fixture
def incident(repo) -> str:
    return str(repo / INCIDENT)


@pytest.fixture
def two_reports(repo, tmp_path) -> str:
    """The incident twice in one log, the second time four seconds later, with noise between."""
    text = (repo / INCIDENT).read_bytes()
    log = tmp_path / "two.log"
    log.write_bytes(
        text
        + b"Sep 23 02:05:00 [kernel] [1772400.1] eth0: link up\n"
        + text.replace(b"[1772321.", b"[1772325.")
    )
    return str(log)


def test_the_incident_as_json_has_the_values_of_the_report(run, incident):
    status, out, err = run("explain", "--json", incident)
    (report,) = json.loads(out)["reports"]
    assert (status, err) == (0, "")
    assert json.loads(out)["schema"] == 1
    assert (report["kind"], report["first_line"], report["last_line"]) == ("oom", 1, 78)
    assert (report["kernel"], report["page_size_kb"], report["scope"]) == ("3.2.59", 4, "global")
    asked = {name: value for name, value in report["trigger"].items() if value is not None}
    assert asked == {
        "comm": "clamd",
        "pid": 21832,
        "gfp_mask": "0x84d0",
        "order": 0,
        "oom_score_adj": 0,
    }
    assert report["gfp"]["names"] == ["GFP_KERNEL", "__GFP_REPEAT", "__GFP_ZERO"]
    assert [(each["pid"], each["comm"]) for each in report["victims"]] == [(21832, "clamd")]
    assert report["tasks"] == 3
    highmem = report["zones"][2]
    assert (highmem["name"], highmem["free_kb"], highmem["reconstructed"]) == ("HighMem", 561924, True)
    assert report["zones"][1]["lowmem_reserve"] == [0, 0, 252949, 252949]
    assert report["diagnosis"]["cause"] == "lowmem_exhaustion"


def test_the_incident_fits_one_screen_and_says_what_happened(run, incident):
    status, out, _ = run("explain", incident)
    assert status == 0
    assert len(out.splitlines()) <= 48
    assert max(map(len, out.splitlines())) <= 100
    assert out.isascii()
    for said in (
        "the kernel killed clamd (pid 21832)",
        "0x84d0 = GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO",
        "HighMem had 549 MiB free, which the request may not use",
        "Cause: lowmem_exhaustion",
        "64-bit kernel",
        "score 4. It weighed 146 MiB, the most of the 3 processes listed.",
        "CPU 6",
    ):
        assert said in " ".join(out.split())
    assert out.count("short by 1 page") == 2


def test_several_reports_are_listed_one_line_each_and_summed_up(run, two_reports):
    status, out, _ = run("explain", two_reports)
    first, second, gap, together, _, way_on = out.splitlines()
    assert status == 0
    assert (gap, way_on) == ("", "--report N shows one in full.")
    assert together.startswith("2 reports, 2 processes killed")
    assert "The cause was the same each time: lowmem_exhaustion." in together
    assert first.split()[:3] == ["1", "line", "1"]
    assert second.split()[:3] == ["2", "line", "80"]
    said = "Sep 23 02:04:16 lowmem_exhaustion clamd order 0 killed clamd (pid 21832)"
    assert said in " ".join(first.split())


@pytest.mark.parametrize("module", ["gzip", "lzma", "bz2"])
def test_a_compressed_log_is_read_like_any_other(run, tmp_path, incident, module):
    log = tmp_path / "kern.log.old"
    log.write_bytes(importlib.import_module(module).compress(Path(incident).read_bytes()))
    assert run("explain", str(log)) == run("explain", incident)


def test_a_file_that_is_damaged_from_its_first_byte_on_gets_one_line(run, tmp_path):
    log = tmp_path / "kern.log.gz"
    log.write_bytes(b"\x1f\x8b" + b"not gzip at all")
    status, out, err = run("explain", str(log))
    assert (status, out) == (2, "")
    assert "cannot be decompressed" in err
    assert err.count("\n") == 1


def test_one_of_several_reports_is_explained_in_full_on_demand(run, two_reports, incident):
    _, second, _ = run("explain", two_reports, "--report", "2")
    _, alone, _ = run("explain", incident)
    assert "lines 80-157" in second
    assert second.splitlines()[3:6] == alone.splitlines()[3:6]


def test_a_report_of_many_is_explained_in_the_light_of_those_before_it(run, repo):
    log = str(repo / "data" / "captures" / "oom-rsync-fix-off-1536M.log")
    said = "1 had been killed within the 10 minutes before, and it did not help."
    assert said not in " ".join(run("explain", log, "--report", "1")[1].split())
    assert said in " ".join(run("explain", log, "--report", "2")[1].split())
    second = json.loads(run("explain", "--json", log)[1])["reports"][1]
    assert said in [finding["claim"] for finding in second["diagnosis"]["findings"]]


def test_the_json_ends_with_what_the_reports_of_each_log_come_to(run, two_reports, incident):
    together = json.loads(run("explain", "--json", incident, two_reports)[1])["timelines"]
    assert [(each["log"], len(each["events"])) for each in together] == [(incident, 1), (two_reports, 2)]
    assert together[1]["same_cause"] is True


def test_reports_are_counted_through_all_files(run, two_reports, incident):
    listed, _, together = run("explain", incident, two_reports)[1].partition("\n\n")
    assert [row.split()[0] for row in listed.splitlines()] == ["1", "2", "3"]
    assert together.startswith(f"{two_reports}: 2 reports")
    assert together.count("\n") == 3
    assert "lines 80-157" in run("explain", incident, two_reports, "--report", "3")[1]


def test_a_log_that_cannot_be_read_is_named_and_the_others_are_read(run, incident, two_reports, tmp_path):
    broken = tmp_path / "kern.log.gz"
    broken.write_bytes(b"\x1f\x8b" + b"not gzip at all")
    status, out, err = run("explain", incident, str(tmp_path), str(broken), two_reports)
    assert status == 2
    assert [row.split()[0] for row in out.partition("\n\n")[0].splitlines()] == ["1", "2", "3"]
    complaints = err.splitlines()
    assert [line.startswith("oomlab: ") for line in complaints] == [True, True]
    assert str(tmp_path) in complaints[0]
    assert str(broken) in complaints[1]


def test_a_report_of_several_logs_is_told_with_the_name_of_its_log(run, incident, two_reports):
    assert run("explain", incident, two_reports, "--report", "3")[1].startswith(f"{two_reports}:\n\nOut of")
    assert run("explain", incident)[1].startswith("Out of")


def test_standard_input_is_read_where_the_file_is_a_dash(run, incident, monkeypatch):
    with open(incident, "rb") as log:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(log))
        status, out, _ = run("explain", "-")
    assert status == 0
    assert "clamd (pid 21832)" in out


@pytest.mark.parametrize("options", [(), ("--json",), ("--report", "2")])
def test_a_log_without_a_report_gives_status_1_and_one_line(run, tmp_path, options):
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n")
    status, out, err = run("explain", str(log), *options)
    assert status == 1
    assert err.startswith("oomlab: no ")
    assert err.count("\n") == 1
    assert out == "" or json.loads(out) == {"schema": 1, "reports": [], "timelines": []}


def test_a_log_without_a_report_among_others_is_no_error(run, tmp_path, incident):
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n")
    assert run("explain", str(log), incident)[0] == 0


CASES = "tests/diagnosis/cases/"


def test_who_killed_instead_of_the_kernel_is_told_with_what_to_do(run, repo):
    status, out, err = run("explain", str(repo / CASES / "user-space-killers.log"))
    told = " ".join(out.split())
    assert (status, err) == (1, "")
    for said in (
        "systemd-oomd killed app-web.scope for memory pressure 76.10 % > 50.00 % over 20 s (line 1)",
        'earlyoom sent SIGTERM to "tabs" 4242 (line 2)',
        "user space, so the kernel wrote no report",
        "journalctl -u systemd-oomd",
    ):
        assert said in told


def test_a_kill_of_android_s_driver_is_told_as_what_it_is(run, repo):
    status, out, _ = run("explain", str(repo / CASES / "android.log"))
    assert status == 1
    assert (
        "Android's lowmemorykiller killed com.sample.app (2613), adj 1000: cache 32112 kB under its limit "
        "32384 kB. That is how Android keeps memory free, no OOM"
    ) in " ".join(out.split())


def test_a_list_says_how_to_see_one_and_what_undetermined_ones_lack(run, repo):
    told = " ".join(run("explain", str(repo / CASES / "two-kills.log"))[1].split())
    assert "--report N shows one in full" in told
    assert "Undetermined (1 and 2): The state of memory is not in it" in told


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_a_log_with_notices_alone_sends_no_program_for_another(run, tmp_path, form):
    log = tmp_path / "kubelet.log"
    log.write_text('"Eviction manager: must evict pod(s) to reclaim" resourceName="memory"\n')
    status, out, err = run("explain", form, str(log))
    assert (status, err) == (1, "")
    assert "kubelet_eviction" in out


@pytest.fixture
def mixed(repo, tmp_path, incident) -> str:
    """Two kills of the kernel's, with one of systemd-oomd between them and one of earlyoom behind."""
    ours = (repo / CASES / "user-space-killers.log").read_text().splitlines(keepends=True)
    report = Path(incident).read_text().rstrip("\n") + "\n"
    log = tmp_path / "mixed.log"
    log.write_text(report + ours[0] + report.replace("[1772321.", "[1772325.") + ours[1])
    return str(log)


def test_all_killers_stand_in_one_list_in_the_order_of_the_log(run, mixed):
    status, out, _ = run("explain", mixed)
    rows, together, _ = out.split("\n\n")
    first = [row.split()[0] for row in rows.splitlines()]
    assert (status, first) == (0, ["1", "-", "2", "-"])
    assert "line 79 " in rows.splitlines()[1]
    assert "systemd_oomd" in rows.splitlines()[1]
    assert "Not the kernel: systemd-oomd 1 and earlyoom 1." in together


def test_what_others_killed_stands_below_the_only_report(run, repo, tmp_path, incident):
    log = tmp_path / "one.log"
    log.write_bytes((repo / CASES / "android.log").read_bytes() + Path(incident).read_bytes())
    whole, _, others = run("explain", str(log))[1].partition("\nNot the kernel:\n\n")
    assert "Cause: lowmem_exhaustion" in whole
    assert others.startswith("Android's lowmemorykiller killed com.sample.app")


def test_the_timeline_in_json_has_all_killers_in_order(run, mixed):
    document = json.loads(run("explain", "--json", mixed)[1])
    (together,) = document["timelines"]
    kinds = [event["kind"] for event in together["events"]]
    assert kinds == ["oom", "systemd_oomd", "oom", "earlyoom"]
    assert [each["kind"] for each in document["reports"]] == ["oom", "oom"]
    assert together["events"][3]["victims"] == [{"pid": 4242, "comm": "tabs"}]
    assert together["same_cause"] is True


def test_each_report_and_notice_is_a_line_of_json_of_its_own(run, mixed):
    status, out, err = run("explain", "--jsonl", mixed)
    lines = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [each["kind"] for each in lines] == ["oom", "systemd_oomd", "oom", "earlyoom"]
    assert {(each["schema"], each["log"]) for each in lines} == {(1, mixed)}
    document = json.loads(run("explain", "--json", mixed)[1])
    assert [{"schema": 1} | each for each in document["reports"]] == [lines[0], lines[2]]


def test_a_line_of_json_is_written_as_soon_as_its_report_is_over(incident):
    """The log goes on behind the first report, and the second has not begun when the first is out."""
    code = "import sys; from oomlab.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "explain", "--jsonl", "-"]
    report = Path(incident).read_bytes().rstrip(b"\n") + b"\n"
    later = b"Sep 23 02:05:00 [kernel] [1772400.1] eth0: link up\n" * 30_000
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(report + later)
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.stdin.write(report)
        process.stdin.close()
        second = json.loads(process.stdout.readline())
    assert (first["first_line"], second["first_line"]) == (1, 30_079)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "nothing is in it"),
        ("all is well\n", "it has no lines of the kernel. Give the kernel's log: journalctl -k"),
        ("Nov  2 10:00:00 h kernel: usb 1-1: new device\n", "journalctl -k -b -1"),
        ("[    9.123456] usb 1-1: new device\n", "journalctl -k -b -1"),
        ("usb 1-1: new\npercpu: allocation failed, size=8192\n", "line 2 of quiet.log tells of a per-CPU"),
        ("SLUB: Unable to allocate memory on node -1, gfp=0xa20\n", "a slab cache that got no page"),
        ("vmap allocation for size 4198400 failed: use vmalloc=<size>\n", "vmalloc= at boot"),
        ("sysrq: Manual OOM execution\nsysrq: OOM request ignored.\n", "line 2 of quiet.log"),
    ],
)
def test_a_log_without_a_report_gets_the_reason_and_what_to_do_next(run, tmp_path, log, said):
    path = tmp_path / "quiet.log"
    path.write_text(log)
    status, out, err = run("explain", str(path))
    assert (status, out) == (1, "")
    assert said in err.replace(f"{path}", path.name)


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "\x1b[2J\x1b]0;pwned\x07",
    "gpj.\u202eexe",
    "\x9b31m\x7f",
    "\xff\xfe",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("options", [(), ("--json",), ("--report", "1")])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_hostile_process_name_never_reaches_the_terminal(run, repo, tmp_path, name, options, encoding):
    text = (repo / INCIDENT).read_bytes().replace(b"clamd", name.encode(encoding, errors="replace"))
    log = tmp_path / "hostile.log"
    log.write_bytes(text + text.replace(b"[1772321.", b"[1772325.") if options else text)
    status, out, err = run("explain", str(log), *options)
    assert status == 0
    assert (out + err).replace("\n", "").isprintable()


def test_what_goes_to_a_pipe_has_no_terminal_codes(incident):
    code = "import sys; from oomlab.cli import main; sys.exit(main())"
    explain = [sys.executable, "-c", code, "explain", incident]
    assert b"\x1b" not in subprocess.run(explain, capture_output=True, check=True).stdout


def bold_on_a_terminal(incident: str, **environment: str) -> bool:
    """Run the command on a terminal of its own, and tell whether it used terminal codes."""
    leader, follower = pty.openpty()
    code = "import sys; from oomlab.cli import main; sys.exit(main())"
    explain = [sys.executable, "-c", code, "explain", incident]
    settings = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(explain, stdout=follower, env=settings):
        os.close(follower)
        shown = b"".join(iter(lambda: _read(leader), b""))
    os.close(leader)
    return b"\x1b[1m" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other end has closed
        return b""


def test_headings_are_bold_on_a_terminal_only_if_it_may_be(incident):
    assert bold_on_a_terminal(incident, NO_COLOR="")
    assert not bold_on_a_terminal(incident, NO_COLOR="1")
    assert not bold_on_a_terminal(incident, NO_COLOR="", TERM="dumb")


def test_explaining_the_incident_loads_no_picture_and_no_page():
    code = f"""
import sys
from oomlab.cli import main
main(["explain", {INCIDENT!r}])
heavy = {{"matplotlib", "ipywidgets", "numpy", "oomlab.render.pages.report"}} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=oomlab_root())


def oomlab_root() -> Path:
    return Path(__file__).parents[2]


def test_every_capture_is_explained(run, repo):
    logs = sorted((repo / "data" / "captures").glob("oom-*.log"))
    assert logs
    for log in logs:
        status, out, err = run("explain", str(log), "--report", "1")
        assert (status, err) == (0, ""), log.name
        assert "The log does not show a kill" not in out or "failure" in log.name or "order8" in log.name


def test_several_logs_name_each_place_as_grep_does(run, tmp_path, incident, repo):
    other = tmp_path / "other.log"
    other.write_bytes((repo / INCIDENT).read_bytes())
    first, second, *_ = run("explain", incident, str(other))[1].splitlines()
    assert f" {incident}:1 " in first
    assert f" {other}:1 " in second
    assert first.index("lowmem_exhaustion") == second.index("lowmem_exhaustion")


# --- simulate --------------------------------------------------------------------------------


def simulated(run, *options: str) -> dict:
    status, out, err = run("simulate", "--json", *options)
    assert (status, err) == (0, "")
    return json.loads(out)


def test_without_options_the_incident_is_simulated(run):
    result = simulated(run)
    assert list(result) == [
        *("schema", "outcome", "zone", "page_cache_gib", "written_gib"),
        *("margin_pages", "critical_ram_gib", "events"),
    ]
    assert (result["schema"], result["outcome"], result["zone"]) == (1, "oom", "Normal")
    assert result["page_cache_gib"] == pytest.approx(30.10, abs=0.01)
    assert result["critical_ram_gib"] == pytest.approx(31.69, rel=0.01)


@pytest.mark.parametrize(
    "options",
    [
        ("--ram", "16GiB"),
        ("--mem", "28GiB"),
        ("--vmsplit", "2G"),
        ("--vmalloc", "64MiB"),
        ("--fix",),
        ("--kernel", "3.4"),
        ("--arch", "x86_64"),
        ("--block-size", "none"),
        ("--file", "20GiB"),
        ("--other-lowmem-pages", "2000"),
    ],
)
def test_each_of_these_changes_saves_the_machine(run, options):
    result = simulated(run, *options)
    assert (result["outcome"], result["zone"]) == ("survives", None)


@pytest.mark.parametrize(
    "options",
    [
        ("--swap", "64GiB"),
        ("--ram", "64GiB"),
        ("--highpte",),
        ("--min-free-kbytes", "65536"),
        ("--kernel", "3.4", "--no-fix"),
        ("--allocator", "slub", "--other-lowmem-pages", "20000"),
    ],
)
def test_none_of_these_changes_saves_the_machine(run, options):
    assert simulated(run, *options)["outcome"] == "oom"


@pytest.mark.parametrize(
    "options",
    [
        ("--ram=-5GiB",),
        ("--ram", "many"),
        ("--ram", "128GiB"),
        ("--vmalloc", "2GiB"),
        ("--block-size", "77"),
        ("--block-size=-1",),
        ("--vmsplit", "4G"),
        ("--kernel", "banana"),
        ("--other-lowmem-pages", "99999999"),
        ("--plot", "run.nonsense"),
        ("--from-report", "/no/such/file"),
    ],
)
def test_a_machine_that_cannot_be_gets_one_clear_line(run, options):
    status, out, err = run("simulate", *options)
    assert (status, out) == (2, "")
    assert err.startswith("oomlab: ")
    assert err.count("\n") == 1


def test_every_option_sets_a_field_and_is_tried_above():
    machine, workload = (set(each.__dataclass_fields__) for each in (Machine, Workload))
    assert set(simulate._MACHINE.values()) <= machine
    assert set(simulate._WORKLOAD.values()) <= workload
    options = {f"--{name.replace('_', '-')}" for name in {**simulate._MACHINE, **simulate._WORKLOAD}}
    tried = [
        mark.args[1]
        for test in (
            test_each_of_these_changes_saves_the_machine,
            test_none_of_these_changes_saves_the_machine,
        )
        for mark in test.pytestmark
    ]
    assert options <= {option for cases in tried for case in cases for option in case}


def test_a_report_gives_the_machine_and_options_change_it(run, incident):
    assert simulated(run, "--from-report", incident)["outcome"] == "oom"
    assert simulated(run, "--from-report", incident, "--fix")["outcome"] == "survives"


def test_a_log_without_a_report_is_no_machine(run, tmp_path):
    log = tmp_path / "quiet.log"
    log.write_text("all is well\n")
    status, _, err = run("simulate", "--from-report", str(log))
    assert status == 2
    assert "no OOM report" in err


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_run_is_drawn_into_a_file(run, tmp_path, suffix):
    target = tmp_path / f"run.{suffix}"
    assert run("simulate", "--plot", str(target))[0] == 0
    assert target.stat().st_size > 1000


def test_the_text_names_outcome_events_and_budget(run):
    out = run("simulate")[1]
    assert out.startswith("The machine dies after 30.1 GiB.\n")
    assert out.isascii()
    for said in ("470,884 kB  buffer_heads", "30.10 GiB  out of memory in Normal", "dies from 31.68 GiB"):
        assert said in out


def test_a_small_64_bit_machine_is_told_too(run):
    assert "The machine lives" in run("simulate", "--arch", "x86_64", "--ram", "2GiB")[1]


# --- streams, numbers and files that are not as they should be --------------------------------


@pytest.mark.parametrize(
    ("line", "status", "out", "err"),
    [
        ("oomlab explain LOG 2>&-", 0, "clamd (pid 21832)", ""),
        ("oomlab explain LOG >&-", 2, "", "oomlab: standard output is closed"),
        ("oomlab gfp 0xd0 >&-", 2, "", "oomlab: standard output is closed"),
        ("oomlab explain - <&-", 2, "", "oomlab: standard input is closed"),
        ("oomlab explain /no/such/file 2>&-", 2, "", ""),
        ("oomlab explain /no/such/file 2>/dev/full", 2, "", ""),
        ("oomlab explain LOG >/dev/full", 2, "", "oomlab: No space left on device"),
        ("oomlab --help >/dev/full", 2, "", "oomlab: No space left on device"),
        ("PYTHONUNBUFFERED=1 oomlab simulate --help >/dev/full", 2, "", "oomlab: No space left on device"),
        ("oomlab --version >&-", 2, "", "oomlab: standard output is closed"),
        ("oomlab explain --help >&-", 2, "", "oomlab: standard output is closed"),
    ],
)
def test_a_stream_that_is_closed_or_full_changes_nothing_else(tmp_path, incident, line, status, out, err):
    done = shell(line.replace("LOG", incident), tmp_path)
    assert done.returncode == status
    assert out in done.stdout
    assert bool(out) == bool(done.stdout)
    assert done.stderr.startswith(err)
    assert done.stderr.count("\n") == bool(err)


@pytest.mark.parametrize("command", [("lab-page",), ("simulate", "--plot")])
def test_a_file_that_is_something_else_is_not_replaced(run, tmp_path, command):
    log, own = tmp_path / "kern.log.png", tmp_path / "own.png"
    log.write_text("[ 1.0] a log that somebody needs")
    link = tmp_path / "link.png"
    link.symlink_to(log)
    for target in (log, link):
        status, _, err = run(*command, str(target))
        assert (status, err.count("\n")) == (2, 1)
        assert "another file of this name is there" in err
        assert log.read_text() == "[ 1.0] a log that somebody needs"
    own.touch()
    for _ in range(2):  # an empty file, and then what the command itself wrote
        assert run(*command, str(own))[0] == 0
    assert own.stat().st_size > 1000


NINES = "9" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "LOG", "--report", "9223372036854775808"),
        ("explain", "LOG", "--report", NINES),
        ("explain", "LOG", "--report", "²"),
        ("explain", "LOG", "--report", "٣"),
        ("gfp", "0xd0", "--kernel", f"{NINES}.1"),
        ("gfp", "0xd0", "--kernel", f"3.{NINES}"),
        ("gfp", "0xd0", "--kernel", "٣.٢"),
        ("gfp", ""),
        ("gfp", "|", "--kernel", "3.2"),
        ("gfp", "GFP_KERNEL|", "--kernel", "3.2"),
        ("gfp", "0x1ffffffffffffffff"),
        ("gfp", "0x1ffffffffffffffff", "--kernel", "3.2"),
        ("gfp", f"0x{NINES}|__GFP_ZERO", "--kernel", "3.2"),
        ("simulate", "--ram", NINES),
        ("simulate", "--ram", "999999999999999999T"),
        ("simulate", "--ram", "٣GiB"),
        ("simulate", "--other-lowmem-pages", NINES),
        ("simulate", "--other-lowmem-pages", "9" * 18),
        ("simulate", "--other-lowmem-pages", "²"),
        ("simulate", "--file", "999999999999999999T", "--fix", "--ram", "999999999999999999T"),
        ("simulate", "--plot", ""),
        ("simulate", "--plot", "run"),
        ("simulate", "--plot", "-"),
        ("simulate", "--plot", "/dev/full"),
        ("simulate", "--plot", "/no/such/folder/run.png"),
        ("lab-page", "/no/such/folder/lab.html"),
        ("lab-page", "/"),
        ("course", "/dev/null"),
    ],
)
def test_what_is_no_number_and_no_place_is_refused_in_one_short_line(run, incident, tmp_path, arguments):
    status, out, err = run(*(incident if each == "LOG" else each for each in arguments))
    assert (status, out) == (2, "")
    assert err.startswith("oomlab: ")
    assert err.count("\n") == 1
    assert len(err) < 600
    assert "invalid _" not in err


def test_blanks_around_a_mask_change_nothing(run):
    assert run("gfp", " 0x84d0 ", "--kernel", "3.2") == run("gfp", "0x84d0", "--kernel", "3.2")
    assert run("gfp", " 0x84d0 ")[0] == 0


@pytest.mark.parametrize("command", ["lab-page lab.html", "simulate --plot run.png"])
def test_a_full_disk_leaves_the_old_file_as_it_was_and_is_reported_with_its_name(tmp_path, command):
    """The limit on the size of a file stands for the full disk."""
    name = command.split()[-1]
    old = b"\x89PNG, the old one" if name.endswith("png") else b"<title>The failure lab</title>"
    (tmp_path / name).write_bytes(old)
    done = shell(f"ulimit -f 1; MPLCONFIGDIR=/dev/null oomlab {command}", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"oomlab: {name}: File too large"
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(name, old)]


def test_a_file_is_written_through_a_link_and_keeps_its_mode(run, tmp_path):
    (tmp_path / "page.html").write_text("<title>The failure lab</title>")
    (tmp_path / "page.html").chmod(0o640)
    (tmp_path / "link.html").symlink_to("page.html")
    assert run("lab-page", str(tmp_path / "link.html"))[0] == 0
    assert (tmp_path / "link.html").is_symlink()
    assert "<html" in (tmp_path / "page.html").read_text()
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o640
    assert len(list(tmp_path.iterdir())) == 2


def test_the_page_goes_to_standard_output_or_to_a_device(tmp_path):
    assert shell("oomlab lab-page -", tmp_path).stdout.startswith("<!")
    assert "<html" in shell("oomlab lab-page /dev/stdout", tmp_path).stdout
    assert list(tmp_path.iterdir()) == []


HOSTILE_NAME = "\x1b]0;pwned\x07\u202e"


def test_a_damaged_log_is_read_as_far_as_it_goes_and_named_in_one_harmless_line(run, tmp_path, incident):
    import gzip

    log = tmp_path / f"{HOSTILE_NAME}.gz"
    whole = gzip.compress(Path(incident).read_bytes() + os.urandom(200_000))
    log.write_bytes(whole[:-50_000])
    status, out, err = run("explain", str(log), incident)
    assert status == 0
    assert [row.split()[0] for row in out.splitlines()[:2]] == ["1", "2"]
    assert err.startswith("oomlab: ")
    assert err.endswith("gz is damaged: what follows the damage is not read\n")
    assert err[:-1].isprintable()
    assert ".py" not in err


def test_a_hostile_file_name_is_printed_as_text(run, tmp_path):
    status, out, _ = run("lab-page", str(tmp_path / f"{HOSTILE_NAME}.html"))
    assert status == 0
    assert out[:-1].isprintable()


def test_a_file_name_that_is_no_utf_8_is_text_in_the_json(tmp_path, incident, repo):
    name = os.fsdecode(b"kern\xff.log")
    (tmp_path / name).write_bytes((repo / INCIDENT).read_bytes())
    done = shell("oomlab explain --json *", tmp_path)
    (report,) = json.loads(done.stdout)["reports"]
    assert report["log"] == "kern\\xff.log"


def test_the_hint_for_a_binary_journal_can_be_pasted_into_a_shell(tmp_path):
    name = "a b;touch pwned.journal"
    (tmp_path / name).write_bytes(b"LPKSHHRH" + bytes(100))
    assert shell(f"oomlab explain '{name}'", tmp_path).stderr.endswith(
        f"read it with journalctl --file '{name}' -o json\n"
    )
    piped = shell(f"oomlab explain - < '{name}'", tmp_path).stderr
    assert "--file FILE" in piped
    assert "--file standard" not in piped


@pytest.mark.parametrize("module", ["oomlab.cli", "oomlab.cli.gfp", "oomlab.gfp"])
def test_an_interrupt_while_modules_are_loaded_is_quiet(module):
    interrupt = f"""
import sys
class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
sys.argv = ["oomlab", "gfp", "0xd0"]
from oomlab.__main__ import main
sys.exit(main())"""
    done = subprocess.run([sys.executable, "-c", interrupt], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_course_writes_the_notebooks_and_keeps_what_is_there(run, tmp_path):
    folder = tmp_path / "a course"
    status, out, _ = run("course", str(folder))
    assert status == 0
    assert "Begin with 00_start.ipynb" in out
    answered = folder / "01_read_the_report.ipynb"
    answered.write_text("my answers")
    (folder / "02_gfp_mask.ipynb").unlink()
    status, out, _ = run("course", str(folder))
    assert (status, answered.read_text()) == (0, "my answers")
    written = f"Wrote 1 of {len(corpus.notebooks())} notebooks to {folder}; those that were there are kept.\n"
    assert out.startswith(written)
    assert [path.read_bytes() for path in sorted(folder.iterdir()) if path != answered] == [
        path.read_bytes() for path in corpus.notebooks() if path.name != answered.name
    ]


def test_course_check_says_what_a_seat_lacks(run, monkeypatch):
    from oomlab.cli import seat

    monkeypatch.setattr(seat, "PACKAGES", ("ipykernel", "no-such-package"))
    monkeypatch.setattr("oomlab.lab.host.available_mib", lambda: 100)
    status, out, _ = run("course", "--check")
    assert status == 1
    assert f"no-such-package missing. To do: {seat.INSTALL}" in out
    assert "100 MiB available. To do: have 500 MiB free" in out
    assert out.endswith("This seat is not ready.\n")


def test_course_check_starts_a_kernel_that_draws(run, monkeypatch):
    monkeypatch.setattr("oomlab.lab.host.available_mib", lambda: 4096)
    status, out, _ = run("course", "--check")
    assert (status, out.splitlines()[-1]) == (0, "This seat is ready.")
    assert "answers, and draws the failure lab" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", ""),
        ("course", ""),
        ("lab-page", ""),
        ("simulate", "--from-report", ""),
        ("simulate", "--plot", ""),
        ("lab", "run", "dead", "--record", ""),
        ("lab", "setup", "--kernel", ""),
        ("lab", "page", ""),
        ("links", "--repo", ""),
    ],
    ids=" ".join,
)
def test_an_empty_name_is_named_and_nothing_is_written(run, tmp_path, monkeypatch, arguments):
    """As a script gives whose variable is not set."""
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert "''" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_could_not_be_kept_is_not_begun(run, tmp_path, monkeypatch):
    """The folder is made before the run, which takes minutes."""
    monkeypatch.setattr("oomlab.lab.run", lambda *_, **__: pytest.fail("the run was begun"))
    (tmp_path / "taken").write_text("a file")
    status, out, err = run("lab", "run", "dead", "--record", str(tmp_path / "taken"))
    assert (status, out) == (2, "")
    assert "taken" in err
