// Everything that the lab shows, drawn from its state. It remembers nothing of the machine.

import { bound, h, say, set } from "../../dom.js";
import { Edge } from "../draw/edge.js";
import { Svg, hatches } from "../draw/svg.js";
import { numbers } from "../draw/table.js";
import { Fates } from "../model/fates.js";
import { makeCard } from "./card.js";
import { difference, makeChips } from "./chips.js";
import { makeControls, settingInWords } from "./controls.js";
import { makeElements } from "./elements.js";
import { makeLegend, shortName } from "./legend.js";
import { EDGE_ROWS } from "./options.js";
import { makePrediction } from "./prediction.js";
import { makeRescue } from "./rescue.js";
import { Sentence } from "./sentence.js";
import { controlsFor, presets } from "./settings.js";
import { Sizes } from "./sizes.js";
import { Stage } from "./stage.js";
import { TrackView } from "./track_view.js";
import { tracksFor } from "./tracks.js";
import { makeTransport } from "./transport.js";

const SUMMARIES = { kernel: "The kernel", finePrint: "Fine print" };

export class LabView {
  // on: what to call for each thing that a hand does, see lab.js.
  constructor(state, palette, ids, on) {
    this.groups = controlsFor(state.facts);
    const rows = this.groups.all;
    Object.assign(this, { on, lit: "" });
    this.fates = new Fates(tracksFor(rows), (settings) => state.fateOf(settings));
    this.controls = makeControls(rows, ids, on.change);
    this.transport = makeTransport(ids, on.moveTo, on.ended);
    this.prediction = makePrediction(ids, on.predict);
    this.card = makeCard();
    this.chips = makeChips(rows, (values) => on.change(values, true));
    this.rescue = makeRescue(rows, this.fates, on.challenge);
    this.legend = makeLegend(palette, ids);
    this.presets = presets(state.facts).map(({ label, note, settings }) => {
      const whole = { ...state.usual, ...settings };
      const onclick = () => on.change(whole, true);
      return { label, whole, button: h("button", { type: "button", title: note, onclick }, label) };
    });
    this.parts = makeElements({ ...this, ids, presets: this.presets.map(({ button }) => button) });
    const { parts } = this;
    parts.root.prepend(hatches(palette, ids));
    this.legend.listen(parts.root, (thing) => {
      this.lit = thing;
      on.redraw();
    });
    this.names = (key) => namesOf(palette[key]);
    this.sentence = new Sentence(parts);
    this.sizes = new Sizes(parts.root, on.redraw);
    this.svg = Object.fromEntries(["strip", "apparatus", "lens", "edgeMap"].map((name) => [name, new Svg(parts[name], ids)]));
    this.stage = new Stage(this, on);
    this.tracks = new TrackView(this, rows, ids);
    this.timer = null;
    this.edge = new Edge(this.svg.edgeMap, EDGE_ROWS, this.fates, on.change);
    this.listen(state, on);
  }

  listen(state, on) {
    const { reset, copy, link, full, pin, code, root, edge } = this.parts;
    reset.addEventListener("click", () => on.reset());
    copy.addEventListener("click", () => on.copy(copy, code));
    link.hidden = !on.link;
    link.addEventListener("click", () => on.copyLink(link, code));
    pin.addEventListener("click", () => on.pin(!state.pinned));
    full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));
    this.sizes.of(edge); // so that its width is known when it is opened
    for (const each of root.querySelectorAll("details")) each.addEventListener("toggle", () => on.redraw());
  }

  close() {
    clearTimeout(this.timer);
    this.transport.stop();
    this.sizes.close();
  }

  draw(state) {
    const { parts, rescue, transport } = this;
    this.controls.show(state.settings);
    for (const { whole, button } of this.presets) set(button, "aria-pressed", state.has(whole));
    this.drawSummaries(state);
    this.drawVerdict(state);
    rescue.show(state.task);
    rescue.button.hidden = state.isSilent || (state.run.outcome !== "oom" && !state.task);
    transport.show(state.run.error ? null : state.run, state.written, state.told, state.isCovered ? state.flag : null);
    parts.root.dataset.covered = state.isCovered;
    const isMore = this.tracks.work(state);
    this.stage.draw(state, this.lit);
    this.tracks.draw(state);
    this.drawMore(state);
    if (isMore) this.later(state);
  }

  // Look at one more track when this frame is on the screen, and draw again.
  later(state) {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.fates.workOn(state.settings);
      this.on.redraw();
    });
  }

  // What differs from the start inside a closed part of the panel stands in its summary.
  drawSummaries({ settings, usual }) {
    for (const [name, title] of Object.entries(SUMMARIES)) {
      const changed = this.groups[name].filter((row) => settings[row.name] !== usual[row.name]);
      const words = changed.map((row) => settingInWords(row, settings));
      const [count, what] = this.parts.summaries[name].children;
      say(count, words.length ? `${title} (${words.length} changed)` : title);
      say(what, words.length ? `: ${words.join(", ")}` : "");
    }
  }

  drawVerdict(state) {
    const { parts } = this;
    const { run, isSilent, isCovered, pinned } = state;
    parts.root.dataset.ahead = state.isPoster && !run.error;
    parts.root.dataset.outcome = isSilent ? "covered" : run.outcome;
    this.sentence.show(run, isSilent, this.lit);
    const preset = this.presets.find(({ whole }) => state.has(whole))?.label ?? "";
    this.prediction.show(state, preset, this.presets.length);
    this.chips.show(state);
    const changed = isSilent ? "" : difference(state.reference, run);
    say(parts.changed, changed);
    say(parts.changedBelow, changed);
    say(parts.pin, pinned ? "Unpin A" : "Pin as A");
    set(parts.pin, "aria-pressed", pinned !== null);
    parts.pin.hidden = isCovered;
    parts.pinnedTale.hidden = pinned === null || isSilent;
    if (pinned) say(parts.pinnedTale, bound(`A: ${pinned.run.sentence}`));
  }

  drawMore(state) {
    const { parts, sizes } = this;
    parts.edge.hidden = parts.numbers.hidden = state.isSilent;
    if (parts.edge.open && !state.isSilent) this.edge.draw(state.settings, ...sizes.of(parts.edge));
    if (parts.numbers.open && !state.isSilent && !state.run.error)
      parts.tables.replaceChildren(...numbers(state.run, state.moment, this.names));
  }
}

// What a thing is called, the longest first.
function namesOf(swatch) {
  const { label, term, plain } = swatch;
  const words = plain || label;
  return words === term ? [term] : [`${words} · ${term}`, words, shortName(swatch)];
}
