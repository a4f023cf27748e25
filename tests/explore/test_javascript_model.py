"""The page's model is Python's model: the same machines, the same fates, in the same words."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import pytest
import quickjs

from oomlab.errors import MachineError
from oomlab.explore.bundle import bundle
from oomlab.explore.rules import KERNELS, facts, rules
from oomlab.explore.story import tell
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT, Machine
from oomlab.mmzone import DMA_END
from oomlab.simulation import INCIDENT_WORKLOAD, Trajectory, Workload, simulate
from oomlab.simulation.words import event_in_words
from oomlab.units import human_kb, human_mib
from oomlab.zone_model import Zone

GIB = 2**18
MACHINES = 600
CLOSE = 1.0
"""Pages: both models are exact to rounding, so a page is far more than they may differ by."""

OTHER = (
    replace(
        INCIDENT,
        ram=16 * GIB,
        low_holes=((0, 1), (0xA0, 0x100)),
        kernel=KernelVersion((6, 12)),
        boot_lowmem=30_000,
        allocator="slub",
    ),
    replace(INCIDENT_WORKLOAD, written=9 * GIB, anon=10, other_slab=0),
)
SIZES = (
    0,
    1,
    999,
    1000,
    1023,
    1024,
    1331.2,
    7424,
    10_239,
    10_240,
    10_752,
    1_048_575,
    1_048_576,
    1.5,
    2.5,
    1_310_720,
    1_363_148.8,
)
_ASK = """
const FACTS = JSON.parse(facts);
function run(settings) {
  const { machine, workload } = lab_ui_settings.built(FACTS, JSON.parse(settings));
  return JSON.stringify(lab_model_view_model.present(machine, workload, FACTS.words));
}
function code(settings) { return lab_ui_export.asPython(FACTS, JSON.parse(settings)); }
function presets() { return JSON.stringify(lab_ui_settings.presets(FACTS)); }
function usual() { return JSON.stringify(lab_ui_settings.usualSettings(FACTS)); }
function words(kb) { return JSON.stringify([lab_model_format.humanKb(kb), lab_model_format.human(kb / 4)]); }
function controls() { return JSON.stringify(lab_ui_settings.controlsFor(FACTS).all); }
function events(settings) {
  const run = JSON.parse(globalThis.run(settings));
  return JSON.stringify((run.events ?? []).map((event) => lab_model_words.eventInWords(run, event)));
}
function at(settings, written) {
  return JSON.stringify(lab_model_view_model.at(JSON.parse(run(settings)), written));
}
"""
_FIELDS = (
    "name", "start_pfn", "spanned", "present", "managed", "memmap",
    "watermark_min", "watermark_low", "watermark_high",
)  # fmt: skip


@dataclass(frozen=True)
class Script:
    """The model of the page, without a browser: they compute, but have nothing to draw on."""

    call: Callable[..., Any]

    def run(self, settings: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.call("run", json.dumps(settings)))
        return found


def script_for(machine: Machine, workload: Workload) -> Script:
    engine = quickjs.Context()
    engine.set("facts", json.dumps(facts(machine, workload)))
    engine.eval(bundle("lab/ui/export", "lab/model/view_model") + _ASK)
    return Script(lambda name, *arguments: engine.get(name)(*arguments))


@pytest.fixture(scope="module")
def script() -> Script:
    return script_for(INCIDENT, INCIDENT_WORKLOAD)


def near_dma_end(rnd: random.Random) -> int:
    """Make up a size about which it is in doubt whether a machine of it boots: 16 MiB and a little more."""
    return DMA_END + rnd.choice([-1, 0, 1, 64, 65, rnd.randrange(6 * DMA_END)])


def chance(seed: int) -> dict[str, Any]:
    """Make up a machine and its work: mostly sensible, sometimes absurd."""
    rnd = random.Random(seed)
    return {
        "kernel": rnd.choice(KERNELS),
        "arch": rnd.choice(["i386"] * 4 + ["x86_64"]),
        "pae": rnd.random() < 0.92,
        "highpte": rnd.random() < 0.2,
        "allocator": rnd.choice(["slab", "slub"]),
        "buffer_head_fix": rnd.choice([None, None, True, False]),
        "ram": rnd.choice([int(GIB * 2 ** rnd.uniform(-1, 6))] * 9 + [near_dma_end(rnd)]),
        "swap": rnd.choice([0, 489_973, int(GIB * rnd.uniform(0, 64))]),
        "mem_limit": rnd.choice([None] * 8 + [int(GIB * 2 ** rnd.uniform(0, 6)), near_dma_end(rnd)]),
        "page_offset": rnd.choice([0xC0000000] * 3 + [0x80000000, 0x40000000]),
        "vmalloc_mib": rnd.choice([None] * 6 + [rnd.randrange(32, 900), rnd.randrange(900, 1024)]),
        "min_free_kbytes": rnd.choice([None, 8192, rnd.randrange(128, 200_000)]),
        "written": int(GIB * 2 ** rnd.uniform(-2, 7)),
        "block_size": rnd.choice([512, 1024, 2048, 4096, 4096, None]),
        "anon_growth": rnd.choice([0, 0, int(GIB * 2 ** rnd.uniform(-4, 6))]),
        "other_lowmem": rnd.choice([4720, rnd.randrange(60_000)]),
        "read": rnd.choice([0, 0, int(GIB * 2 ** rnd.uniform(-2, 5))]),
        "lowmem_growth": rnd.choice([0, 0, 0, rnd.randrange(40_000)]),
        "anon": rnd.choice([0, 0, int(GIB * 2 ** rnd.uniform(-4, 3))]),
        "page_tables": rnd.choice([0, 0, rnd.randrange(20_000)]),
        "other_slab": rnd.choice([0, 901, rnd.randrange(20_000)]),
    }


def test_random_machines_vary_all_that_somebody_can_choose():
    varied = {name for seed in range(20) for name in chance(seed)}
    varied |= {
        each.name
        for seed in range(200)
        for each in fields(Machine)
        if getattr(odd_machine(seed), each.name) != getattr(INCIDENT, each.name)
    }
    assert {each.name for each in (*fields(Machine), *fields(Workload))} == varied


def edges(control: dict[str, Any]) -> list[Any]:
    """List what a control can be set to at its ends, and what an address may hold just beyond them."""
    if control["kind"] == "toggle":
        return [True, False]
    if control["kind"] == "share":  # set by a share, kept in pages
        return [0, 1, GIB, 128 * GIB]
    if control["kind"] == "choice":
        return [value for value, *_ in control["options"]]
    steps = [step for step in control["steps"] if step is not None]
    beyond = [0, 1, steps[0] - 1, steps[0], steps[0] + 1, steps[-1] - 1, steps[-1]]
    return [*([None] if control["steps"][0] is None else []), *sorted({each for each in beyond if each >= 0})]


def odd_machine(seed: int) -> Machine:
    """Make up a machine with what no control of the page can set; half of them cannot be."""
    rnd = random.Random(seed)
    return replace(
        INCIDENT,
        kernel=KernelVersion.of(rnd.choice((*KERNELS, "2.6.11", "6.12"))),
        pae=rnd.random() < 0.8,
        arch=rnd.choice(("i386", "i386", "x86_64")),
        ram=int(GIB * 2 ** rnd.uniform(-1, 4)),
        pci_hole=rnd.choice((GIB, GIB, GIB, GIB // 4, 4 * GIB - 1, 5 * GIB)),
        firmware=rnd.choice((0, 64, 89)),
        low_holes=rnd.choice((((0, 0x10), (0xA0, 0x100)), (), (), ((0xA0, 0x100),), ((0x10, 0), (5, 0x101)))),
        page_offset=rnd.choice((0xC0000000, 0xC0000000, 0xC0000000, 0xB0000000)),
        min_free_kbytes=rnd.choice((None, None, 0, 8192)),
        watermark_scale_factor=rnd.choice((None, None, None, 1, 150, 3000, 3001)),
        lowmem_reserve_ratio=rnd.choice((None, None, None, (256, 32, 32, 0), (0, 1, 9, 9), (256, 32))),
        transparent_hugepages=rnd.random() < 0.5,
        boot_lowmem=rnd.choice((20_768, 20_768, 0, 0, 300_000)),
        boot_dma=rnd.choice((3018, 3018, 0, 0, 3952)),
        freed_late=rnd.choice((0, 5000)),
        swiotlb=rnd.choice((None, None, None, 0, 16_384, -1)),
    )


def built(settings: dict[str, Any]) -> tuple[Machine, Workload]:
    """Make Python's machine and workload of the same settings."""
    fields = {**settings, "kernel": KernelVersion.of(settings.get("kernel", "3.2.59"))}
    machine = {name: value for name, value in fields.items() if name in Machine.__dataclass_fields__}
    workload = {name: value for name, value in fields.items() if name in Workload.__dataclass_fields__}
    return replace(INCIDENT, **machine), replace(INCIDENT_WORKLOAD, **workload)


def simulated(settings: dict[str, Any]) -> Trajectory | str:
    try:
        return simulate(*built(settings))
    except MachineError as error:
        return str(error)


def zone_numbers(zone: Zone | dict[str, Any]) -> list[Any]:
    value = zone.get if isinstance(zone, dict) else lambda name: getattr(zone, name)
    return [*map(value, _FIELDS), list(value("lowmem_reserve"))]


def assert_same_run(theirs: dict[str, Any], ours: Trajectory) -> None:
    assert [zone_numbers(zone) for zone in theirs["zones"]] == [zone_numbers(zone) for zone in ours.zones]
    assert (theirs["outcome"], theirs["zone"]) == (ours.outcome, ours.zone)
    told = [(event["kind"], event["zoneName"], event["request"]) for event in theirs["events"]]
    assert told == [(event.kind, event.zone, event.request) for event in ours.events]
    last, end = theirs["states"][-1], ours.end
    assert last["written"] == pytest.approx(end.written, abs=CLOSE)
    assert last["swapUsed"] == pytest.approx(end.swap_used, abs=CLOSE)
    for held in ("free", "cache", "anon", "pinned"):
        assert last[held] == pytest.approx(list(getattr(end, held)), abs=CLOSE)
    for event, our_event in zip(theirs["events"], ours.events, strict=True):
        assert event["written"] == pytest.approx(our_event.written, abs=CLOSE)
    if ours.margin_pages is None:
        assert theirs["margin"] is None
    else:
        assert theirs["margin"] == pytest.approx(ours.margin_pages, abs=CLOSE)


def assert_same_fate(script: Script, settings: dict[str, Any]) -> None:
    theirs, ours = script.run(settings), simulated(settings)
    if isinstance(ours, str):
        assert theirs["error"] == ours, settings
    else:
        assert theirs["error"] == "", settings
        assert_same_run(theirs, ours)
    assert theirs["sentence"] == str(tell(*built(settings))), settings


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_page_has_every_build_s_own_rules(kernel):
    told = facts(INCIDENT, INCIDENT_WORKLOAD)["rules"]
    for build, expected in rules(kernel).items():
        parts = build._asdict()
        found = {
            name: each["is"].get(" ".join(parts[part] for part in each["by"])) for name, each in told.items()
        }
        assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("hundred", range(MACHINES // 100))
def test_random_machines_meet_the_same_fate_in_both_models(script: Script, hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert_same_fate(script, chance(seed))


BASES = (
    {},
    {"arch": "x86_64"},
    {"arch": "x86_64", "ram": 2 * GIB, "anon_growth": 4 * GIB},
    {"pae": False, "ram": 3 * GIB, "kernel": "6.1", "min_free_kbytes": None},
    {"ram": GIB, "other_lowmem": 12_000, "swap": 0},
    {"page_offset": 0x40000000, "kernel": "2.6.32", "highpte": True, "buffer_head_fix": True},
)


@pytest.mark.parametrize("base", range(len(BASES)))
def test_at_the_ends_of_every_control_and_beyond_both_agree_word_for_word(script: Script, base: int) -> None:
    refused = 0
    for control in json.loads(script.call("controls")):
        for value in edges(control):
            settings = {**BASES[base], control["name"]: value}
            refused += isinstance(simulated(settings), str)
            assert_same_fate(script, settings)
    assert refused >= 3


def test_machines_at_several_ends_at_once_meet_the_same_fate(script: Script) -> None:
    controls = json.loads(script.call("controls"))
    for seed in range(300):
        rnd = random.Random(seed)
        ends = {each["name"]: rnd.choice(edges(each)) for each in rnd.sample(controls, 4)}
        assert_same_fate(script, {**chance(seed), **ends})


@pytest.mark.parametrize("seed", range(60))
def test_a_machine_that_no_control_can_set_is_the_same_in_both(seed: int) -> None:
    machine, workload = odd_machine(seed), replace(INCIDENT_WORKLOAD, written=20 * GIB)
    theirs = script_for(machine, workload).run({})
    assert theirs["sentence"] == str(tell(machine, workload)), machine
    if not theirs["error"]:
        assert_same_run(theirs, simulate(machine, workload))


def test_odd_machines_are_refused_for_many_reasons_and_some_boot() -> None:
    told = [tell(odd_machine(seed), INCIDENT_WORKLOAD) for seed in range(60)]
    assert 15 <= sum("does not start" in each.headline for each in told) <= 50
    assert len({each.because.split(":")[0][:12] for each in told if "not start" in each.headline}) >= 5


def test_random_machines_meet_every_fate() -> None:
    fates = [simulated(chance(seed)) for seed in range(MACHINES)]
    ended = [(fate.outcome, fate.zone) for fate in fates if isinstance(fate, Trajectory)]
    assert len(ended) >= 300
    for fate in (("oom", "Normal"), ("oom", "HighMem"), ("survives", None)):
        assert ended.count(fate) >= 10, fate
    assert any("addresses 4 GiB" in fate for fate in fates if isinstance(fate, str))


def test_both_name_events_in_the_same_words(script: Script) -> None:
    for seed in range(MACHINES):
        ours = simulated(chance(seed))
        if isinstance(ours, Trajectory):
            theirs = json.loads(script.call("events", json.dumps(chance(seed))))
            assert theirs == [event_in_words(event) for event in ours.events]


def test_every_control_of_the_page_is_drawn_by_chance(script: Script) -> None:
    assert set(json.loads(script.call("usual"))) <= set(chance(0))


def test_the_page_knows_the_incident(script: Script) -> None:
    incident = script.run({})
    assert incident["outcome"] == "oom"
    assert incident["zone"] == "Normal"
    assert incident["states"][-1]["free"][:2] == [906, 2014]  # as its report prints: 3624 and 8056 kB


def test_a_moment_between_two_events_is_the_same_in_both(script: Script) -> None:
    ours = simulate()
    for share in (0.0, 0.1, 0.5, 0.59, 0.6, ours.end.progress):
        theirs = json.loads(script.call("at", "{}", share * ours.workload.file))
        assert theirs["free"] == pytest.approx(list(ours.at(share).free), abs=CLOSE)


def test_every_preset_does_what_its_name_says(script: Script) -> None:
    presets = json.loads(script.call("presets"))
    fates = {each["label"]: script.run(each["settings"])["outcome"] for each in presets}
    assert fates == {
        "The incident": "oom",
        "8 MiB less of other lowmem": "survives",
        "mem=16G": "survives",
        "64 GiB of swap": "oom",
        "With the fix": "survives",
        "64-bit": "survives",
        "64 GiB of RAM": "oom",
    }


@pytest.mark.parametrize("seed", range(40))
def test_copied_code_runs_as_pasted_and_prints_the_same_sentence(script: Script, seed: int, capsys) -> None:
    settings = chance(seed)
    usual = json.loads(script.call("usual"))
    names: dict[str, Any] = {}
    exec(script.call("code", json.dumps({**usual, **settings})), names)
    assert (names["machine"], names["workload"]) == built(settings)
    assert capsys.readouterr().out.strip() == script.run(settings)["sentence"]


def test_it_can_begin_with_any_machine_and_its_code_says_so() -> None:
    script = script_for(*OTHER)
    usual = script.call("usual")
    assert_same_run(script.run({}), simulate(*OTHER))
    names: dict[str, Any] = {}
    exec(script.call("code", usual), names)
    assert (names["machine"], names["workload"]) == OTHER
    labels = [each["label"] for each in json.loads(script.call("presets"))]
    assert labels[0] == "As given"
    assert "8 MiB less of other lowmem" not in labels


@pytest.mark.parametrize("kb", SIZES)
def test_sizes_are_written_alike(script: Script, kb: float) -> None:
    assert json.loads(script.call("words", kb)) == [human_kb(kb), human_mib(kb)]


_FATES = """
let computed = [];
const names = ["a", "b", "c", "d", "e"];
const track = (name) => ({
  last: 4, step: 1, put: () => name, key: ({ min_free_kbytes }) => String(min_free_kbytes),
});
const tracks = Object.fromEntries(names.map((name) => [name, track(name)]));
const fates = new lab_model_fates.Fates(tracks, (name) => { computed.push(name); return "oom"; });
function work(min_free_kbytes) {
  computed = [];
  const more = fates.work({ min_free_kbytes }, names, ["b"]);
  const before = [...new Set(computed)];
  if (more) fates.workOn({ min_free_kbytes });
  return JSON.stringify({ more, before, rows: [...new Set(computed)] });
}
function cut(edges) {
  const fateOf = (place) => ["oom", "survives"][JSON.parse(edges).filter((edge) => place > edge).length % 2];
  return JSON.stringify(lab_model_fates.stretches(40, 1, fateOf));
}
"""


@pytest.fixture
def fates() -> quickjs.Context:
    engine = quickjs.Context()
    engine.eval(bundle("lab/model/fates") + _FATES)
    return engine


def test_the_tracks_of_fate_keep_up_with_a_hand_that_does_not_rest(fates: quickjs.Context) -> None:
    frames = [json.loads(fates.get("work")(n)) for n in range(8)]
    assert all(frame["before"] == ["b"] for frame in frames), (
        "the track under the hand is of this very moment"
    )
    assert all(len(frame["rows"]) == 2 for frame in frames), "and after each frame one other is computed"
    assert {row for frame in frames[:4] for row in frame["rows"]} == {"a", "b", "c", "d", "e"}
    while (frame := json.loads(fates.get("work")(7)))["more"]:
        assert "b" not in frame["rows"]


@pytest.mark.parametrize("edges", [[], [0.2], [3.7, 9.01], [0.5, 1.5, 39.5], [20]])
def test_a_change_of_fate_is_found_where_it_is(fates: quickjs.Context, edges: list[float]) -> None:
    found = json.loads(fates.get("cut")(json.dumps(edges)))
    assert [each["from"] for each in found[1:]] == pytest.approx(edges, abs=0.005)
    assert [each["fate"] for each in found] == [("oom", "survives")[n % 2] for n in range(len(found))]
    assert (found[0]["from"], found[-1]["to"]) == (0, 40)


_ADDRESS = """
const FACTS = JSON.parse(facts);
const usual = lab_ui_settings.usualSettings(FACTS);
function written(changed, time) {
  return lab_ui_address.written(FACTS, { ...usual, ...JSON.parse(changed) }, time);
}
function read(hash) { return JSON.stringify(lab_ui_address.read(FACTS, hash)); }
"""


@pytest.fixture(scope="module")
def address() -> quickjs.Context:
    engine = quickjs.Context()
    engine.set("facts", json.dumps(facts(INCIDENT, INCIDENT_WORKLOAD)))
    engine.eval(_SEARCH_PARAMS + bundle("lab/ui/address") + _ADDRESS)
    return engine


_SEARCH_PARAMS = """
class URLSearchParams {
  constructor(text) { this.parts = text.split("&").filter(Boolean).map((part) => part.split("=")); }
  [Symbol.iterator]() { return this.parts.map((part) => part.map(decodeURIComponent))[Symbol.iterator](); }
}
"""


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"ram": 16 * GIB, "mem_limit": 8 * GIB}, "ram=16G&mem=8G&t=12"),
        (
            {"min_free_kbytes": 3806, "vmalloc_mib": 640, "pae": False},
            "pae=off&min_free=3806K&vmalloc=640M&t=12",
        ),
        ({"buffer_head_fix": True, "page_offset": 0x80000000}, "fix=present&split=2G/2G&t=12"),
        ({"block_size": None, "arch": "x86_64", "kernel": "6.1"}, "arch=x86_64&kernel=6.1&block=none&t=12"),
        ({"ram": 7 * GIB + 1, "swap": 0}, "ram=7340036K&swap=0&t=12"),
    ],
)
def test_an_address_can_be_read(address: quickjs.Context, settings: dict[str, Any], text: str) -> None:
    assert address.get("written")(json.dumps(settings), 12 * GIB) == text
    assert json.loads(address.get("read")(text)) == {"settings": settings, "time": 12 * GIB}


def test_every_machine_comes_back_from_its_address(address: quickjs.Context, script: Script) -> None:
    rows = json.loads(script.call("controls"))
    for seed in range(300):
        rnd = random.Random(seed)
        settings = {each["name"]: rnd.choice(edges(each)) for each in rnd.sample(rows, 4)}
        settings = {
            name: value for name, value in settings.items() if value != 0 or name not in ("ram", "written")
        }
        old = "&".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
        known = json.loads(address.get("read")(old))["settings"]
        text = address.get("written")(json.dumps(known), None)
        usual = json.loads(script.call("usual"))
        changed = {name: value for name, value in known.items() if value != usual[name]}
        assert json.loads(address.get("read")(text)) == {"settings": changed, "time": None}, text


_FILM = """
function film(settings) {
  const { machine, workload } = lab_ui_settings.built(FACTS, JSON.parse(settings));
  const run = lab_model_view_model.present(machine, workload, FACTS.words);
  const film = lab_model_scenes.filmOf(run);
  const moments = [];
  for (let ms = 0; ms <= film.length; ms += 16) moments.push({ ms, ...film.at(ms) });
  moments.push({ ms: film.length, ...film.at(film.length) });
  return JSON.stringify({ moments, events: run.events, end: run.end });
}
"""


def test_the_film_tells_every_event_when_it_happens_and_never_goes_back() -> None:
    engine = quickjs.Context()
    engine.set("facts", json.dumps(facts(INCIDENT, INCIDENT_WORKLOAD)))
    engine.eval(
        bundle("lab/ui/settings", "lab/model/scenes", "lab/model/view_model")
        + "const FACTS = JSON.parse(facts);"
        + _FILM
    )
    for settings in (
        {},
        {"ram": 64 * GIB},
        {"mem_limit": 16 * GIB},
        {"arch": "x86_64"},
        {"written": 1},
        {"buffer_head_fix": True},
    ):
        film = json.loads(engine.get("film")(json.dumps(settings)))
        moments, events = film["moments"], film["events"]
        for before, after in pairwise(moments):
            assert before["written"] <= after["written"] + 1e-6
            assert before["told"] <= after["told"]
        for moment in moments:
            assert all(event["written"] <= moment["written"] + 1 for event in events[: moment["told"]])
        assert moments[-1]["told"] == len(events)
        assert moments[-1]["written"] == pytest.approx(film["end"])
    dead = json.loads(engine.get("film")("{}"))["moments"]
    crossing = next(each["ms"] for each in dead if each["told"])
    assert 3500 <= crossing <= 4500, "four seconds to the first event, whatever the machine that plays it"
    assert [each["gates"] for each in dead][-1] == 3
