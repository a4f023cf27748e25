"""The way of a run, with a guest that plays a part."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from oomlab.errors import LabUnavailable
from oomlab.lab import runs
from oomlab.lab.runs import drive, load_run, save_run
from oomlab.lab.scenarios import SCENARIOS, find_scenario
from tests.live.test_fix import SYMBOLS, Memory, _code

COLUMNS = ("t", "nfree", "nmin", "nactf", "ninactf", "hactf", "hinactf")
KILLED = "Out of memory: Killed process 130 (init) total-vm:2324kB, anon-rss:48kB\n"


class Guest:
    """Gives one more sample at each look; ``ending`` is what its console holds from then on."""

    engine = "stand-in"
    disks = ("/dev/a", "/dev/b")
    pace = 1

    def __init__(self, rows, ending="", dies=False):
        self.rows, self.ending, self.dies = rows, ending, dies
        self.given = 0
        self.lines = []
        self.guest_memory = Memory(_code())

    @property
    def is_running(self):
        return not (self.dies and self.given >= len(self.rows))

    def console(self):
        return "Linux version 6.1\n" + (self.ending if self.given >= len(self.rows) else "")

    def samples(self):
        self.given += 1
        rows = [",".join(map(str, row)) for row in self.rows[: self.given]]
        return "\n".join([",".join(COLUMNS), *rows]) + "\n"

    def command(self, line, seconds=120.0):
        self.lines.append(line)
        return SYMBOLS if "kallsyms" in line else "zones\n" if "zoneinfo" in line else ""

    @contextmanager
    def memory(self):
        yield self.guest_memory


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(runs, "_LOOK", 0)


def _rows(*free, most=100):
    """Return a sample each second; page cache grows by 10 MiB in each, up to ``most`` seconds."""
    return [(i, pages, 100, 1, 2, 3, 2560 * min(i, most)) for i, pages in enumerate(free)]


def _drive(guest, scenario, **more):
    return drive(guest, scenario, kernel="6.1.0", **more)


@pytest.mark.parametrize(
    ("ending", "dies", "outcome"),
    [
        (KILLED, False, "killed"),
        ("Memory cgroup out of memory: Killed process 9 (tail) total-vm:1kB\n", False, "killed"),
        ("Kernel panic - not syncing: System is deadlocked on memory\n", True, "panic"),
        ("", True, "ended"),
    ],
)
def test_a_run_ends_as_its_console_says(ending, dies, outcome):
    run = _drive(Guest(_rows(500, 300, 99), ending, dies), find_scenario("incident-small"))
    assert run.outcome == outcome
    assert len(run.samples) == 3


def test_a_guest_that_outlives_its_time_has_survived():
    scenario = replace(find_scenario("with-the-fix"), seconds=2)
    assert _drive(Guest(_rows(500, 300, 400, 500, most=1)), scenario).outcome == "survived"


def test_a_guest_that_is_slow_has_not_survived_as_long_as_its_page_cache_grows():
    scenario = replace(find_scenario("incident-small"), seconds=3)
    run = _drive(Guest(_rows(500, 400, 300, 200, 100, 99), KILLED), scenario)
    assert (run.outcome, len(run.samples)) == ("killed", 6)


def test_the_fix_is_switched_off_before_the_work_begins_and_left_alone_where_it_should_stay():
    guest = Guest(_rows(500), KILLED)
    run = _drive(guest, find_scenario("incident-small"))
    assert guest.guest_memory.word(0x1EE6A44) == 0x7FFFFFFF
    assert run.notes == ((0.0, "fix switched off"),)
    assert next(i for i, line in enumerate(guest.lines) if "kallsyms" in line) < next(
        i for i, line in enumerate(guest.lines) if "dd if=" in line
    )
    untouched = Guest(_rows(500), KILLED)
    _drive(untouched, find_scenario("with-the-fix"))
    assert untouched.guest_memory.word(0x1EE6A44) == 53312


def test_a_rescue_comes_once_at_the_sample_that_calls_for_it():
    scenario = replace(find_scenario("rescued"), rescue_at=20, seconds=4)
    guest = Guest(_rows(900, 500, 390, 300, 350, 600, most=3))
    run = _drive(guest, scenario)
    assert run.outcome == "survived"
    assert run.notes == ((0.0, "fix switched off"), (2.0, "fix switched on again"))
    assert guest.guest_memory.word(0x1EE6A40) == 1


def test_every_sample_is_handed_on_as_it_comes():
    seen = []
    run = _drive(Guest(_rows(500, 300, 99), KILLED), find_scenario("incident-small"), on_sample=seen.append)
    assert seen == list(run.samples)
    assert run.page_cache == 1 + 2 + 3 + 5120


def test_a_guest_that_hangs_ends_with_its_last_words(monkeypatch):
    monkeypatch.setattr(runs, "_MAX_SLOWNESS", 0)
    monkeypatch.setattr(runs, "_GRACE", 0)
    guest = Guest([(0, 500, 100, 0, 0, 0, 0)] * 1000)
    with pytest.raises(LabUnavailable, match=r"hangs(.|\n)*Linux version 6.1"):
        _drive(guest, find_scenario("incident-small"))


def test_what_a_dying_guest_leaves_garbled_harms_neither_samples_nor_ending():
    class Garbled(Guest):
        def console(self):
            return "\x00\ufffd\x1b[2J" + super().console() + "\ufffdmin:9\ufffd"

        def samples(self):
            return super().samples() + "7,\ufffd\ufffd,1\n8,1,2,3,4,5,x\n\x00\n9,1\n"

    run = _drive(Garbled(_rows(500, 300, 99), KILLED), find_scenario("incident-small"))
    assert run.outcome == "killed"
    assert [sample["t"] for sample in run.samples] == [0, 1, 2]
    assert run.report.victims[0].comm == "init"


def test_a_run_comes_back_from_disk_as_it_was(tmp_path):
    run = _drive(Guest(_rows(500, 300, 99), KILLED), find_scenario("incident-small"))
    save_run(run, tmp_path / "run")
    assert load_run(tmp_path / "run") == run


def test_scenarios_have_names_of_their_own():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
