"""The failure lab under a hand that does anything: random settings, widths and ways to get there.

The ordinary tests try some hundreds of machines, ``python -m benchmarks.lab_hand`` as many as it is told.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import quickjs

from oomlab.explore.bundle import bundle
from oomlab.explore.rules import facts
from oomlab.explore.story import tell
from oomlab.kernel import KernelVersion
from oomlab.machine import INCIDENT
from oomlab.simulation import INCIDENT_WORKLOAD

if TYPE_CHECKING:
    from playwright.sync_api import Page

FAULTS = Path(__file__).with_name("lab_faults.js").read_text(encoding="utf-8")
SAID = """() => [".sentence", ".note"].map((part) =>
  document.querySelector(`.oom-lab ${part}`).textContent.replaceAll("\u00a0", " "))"""
DRAWN = """async () => {
  for (let n = 0; n < 3; n += 1) await new Promise((done) => requestAnimationFrame(done));
}"""
# What the controls show of each setting: what a slider says, what a box holds, which option is picked.
CONTROLS = """() => {
  const KINDS = "input[type=range], input[type=checkbox], select";
  const inputs = document.querySelectorAll(`.oom-lab .panel :is(${KINDS})`);
  const shown = (input) => input.type === "checkbox" ? input.checked
    : input.tagName === "SELECT" ? input.selectedIndex : input.getAttribute("aria-valuetext");
  const name = (input) => input.id.replace(/^oom-[a-z0-9]+-/, "");
  return Object.fromEntries([...inputs].map((input) => [name(input), shown(input)]));
}"""
ADDRESS = "() => location.hash.slice(1)"
_ASK = """
const FACTS = JSON.parse(facts);
const ROWS = lab_ui_settings.controlsFor(FACTS).all;
class URLSearchParams {
  constructor(text) { this.parts = text.split("&").filter(Boolean).map((part) => part.split("=")); }
  [Symbol.iterator]() { return this.parts.map((part) => part.map(decodeURIComponent))[Symbol.iterator](); }
}
function controls() {
  return JSON.stringify(ROWS.map(({ kind, name, steps, options }) => ({ kind, name, steps, options })));
}
function usual() { return JSON.stringify(lab_ui_settings.usualSettings(FACTS)); }
function shown(changes) {
  const settings = { ...lab_ui_settings.usualSettings(FACTS), ...JSON.parse(changes) };
  const words = (row) => row.kind === "toggle" ? settings[row.name]
    : row.kind === "choice" ? row.options.findIndex(([each]) => each === settings[row.name])
    : row.read(lab_ui_settings.valueOf(row, settings));
  return JSON.stringify(Object.fromEntries(ROWS.map((row) => [row.name, words(row)])));
}
function address(hash) { return JSON.stringify(lab_ui_address.read(FACTS, hash)); }
"""


class Controls:
    """The lab's controls as its own script declares them, without a browser."""

    def __init__(self) -> None:
        self._engine = quickjs.Context()
        self._engine.set("facts", json.dumps(facts(INCIDENT, INCIDENT_WORKLOAD)))
        self._engine.eval(bundle("lab/ui/address") + _ASK)
        self.rows: list[dict[str, Any]] = json.loads(self._engine.eval("controls()"))
        self.usual: dict[str, Any] = json.loads(self._engine.eval("usual()"))

    def shown(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return what each control ought to show of settings."""
        found: dict[str, Any] = json.loads(self._engine.get("shown")(json.dumps(settings)))
        return found

    def of_address(self, hash: str) -> dict[str, Any]:
        """Return the settings that an address holds."""
        found: dict[str, Any] = json.loads(self._engine.get("address")(hash))["settings"]
        return found

    def any(self, rnd: random.Random) -> dict[str, Any]:
        """Return random settings, each one that the address may hold; all else is as usual."""
        rows = rnd.sample(self.rows, rnd.choice((1, 1, 2, 3, 5)))
        chosen = {row["name"]: _any_value(row, rnd) for row in rows}
        return {name: value for name, value in chosen.items() if value != self.usual[name]}


def _any_value(row: dict[str, Any], rnd: random.Random) -> Any:
    if row["kind"] == "toggle":
        return rnd.random() < 0.5
    if row["kind"] == "choice":
        return rnd.choice(row["options"])[0]
    if row["kind"] == "share":  # of the file, kept in pages
        return round(2**18 * 2 ** rnd.uniform(-4, 7))
    steps = row["steps"]
    low = 1 if row["kind"] == "size" and steps[0] else 0
    least = next(step for step in steps if step) if rnd.random() < 0.9 else low
    if rnd.random() < 0.3:  # between two steps, as a field or an address can have it
        return (
            max(low, round(least * (steps[-1] / least) ** rnd.random()))
            if least
            else rnd.randint(low, steps[-1])
        )
    return rnd.choice(steps)


def go_to(page: Page, address: str) -> None:
    """Open a machine by its address, and wait until the page has heard of a change."""
    page.evaluate(
        """(address) => new Promise((done) => {
            const before = location.href;
            addEventListener("hashchange", () => done(), { once: true });
            location.hash = address;
            if (location.href === before) done();
        })""",
        address,
    )


def sentence(settings: dict[str, Any]) -> str:
    """Return what Python says of settings."""
    fields = dict(settings)
    if "kernel" in fields:
        fields["kernel"] = KernelVersion.of(fields["kernel"])
    machine = {name: value for name, value in fields.items() if hasattr(INCIDENT, name)}
    workload = {name: value for name, value in fields.items() if hasattr(INCIDENT_WORKLOAD, name)}
    return str(tell(replace(INCIDENT, **machine), replace(INCIDENT_WORKLOAD, **workload)))


WIDTHS = (320, 360, 414, 520, 600, 768, 880, 1024, 1280, 1920)
LOOKS = ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"})


class Trial(NamedTuple):
    """One thing tried, and what is wrong with what came of it."""

    what: str
    faults: list[str]


def trials(page: Page, address: str, count: int, seed: int = 0) -> Iterator[Trial]:
    """Try machines one after the other in a page that has the lab open; each changes the width too.

    The way there is drawn as well: another address in the open page, a fresh load, or Reset before it.
    """
    controls, rnd = Controls(), random.Random(seed)
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    for n in range(count):
        settings, width = controls.any(rnd), rnd.choice(WIDTHS)
        way = "load" if rnd.random() < 0.1 else "reset" if rnd.random() < 0.15 else "address"
        page.set_viewport_size({"width": width, "height": 900})
        if n % 25 == 0:
            look = rnd.choice(
                ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"})
            )
            page.emulate_media(**{"forced_colors": "none", **look})
        hash = "&".join(f"{name}={json.dumps(value)}" for name, value in settings.items())
        faults = _go(page, address, hash, way)
        faults += [*_disagreements(page, controls, settings, hash), *page.evaluate(FAULTS), *thrown]
        thrown.clear()
        yield Trial(f"#{hash} at {width} px by {way}", faults)


def _go(page: Page, address: str, hash: str, way: str) -> list[str]:
    if way == "load":
        page.goto("about:blank")
        page.goto(f"{address}#{hash}")
        page.wait_for_selector(".oom-lab")
    else:
        if way == "reset":
            page.get_by_role("button", name="Reset").click()
            page.evaluate(DRAWN)
            if page.evaluate(SAID)[0] != sentence({}):
                return ["Reset does not lead back to the incident"]
        go_to(page, hash)
    page.evaluate(DRAWN)
    return []


def _disagreements(page: Page, controls: Controls, settings: dict[str, Any], hash: str) -> list[str]:
    """Return where address, controls, sentence and Python are not of one mind."""
    found = []
    (said, note), told = page.evaluate(SAID), sentence(settings)
    if said != told:
        found.append(f"the page says {said!r}, Python {told!r}")
    if note:
        found.append(f"a note: {note!r}")
    shown, expected = page.evaluate(CONTROLS), controls.shown(settings)
    found += [
        f"{name} shows {shown.get(name)!r} for {expected[name]!r}"
        for name in expected
        if shown.get(name) != expected[name]
    ]
    written = page.evaluate(ADDRESS)
    if controls.of_address(written) != settings:
        found.append(f"the address holds {written}")
    return found
