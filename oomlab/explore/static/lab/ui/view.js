// Everything that the lab shows, drawn from its state. It remembers nothing of the machine.

import { bound, h, say } from "../../dom.js";
import { drawBudget } from "../draw/budget.js";
import { Edge } from "../draw/edge.js";
import { Svg, hatches } from "../draw/svg.js";
import { numbers } from "../draw/table.js";
import { drawTimeline } from "../draw/timeline.js";
import { drawZones } from "../draw/zone_vessels.js";
import { human } from "../model/format.js";
import { budget, newsAt } from "../model/view_model.js";
import { makeControls, settingInWords } from "./controls.js";
import { makeElements } from "./elements.js";
import { EDGE_ROWS } from "./options.js";
import { makePrediction } from "./prediction.js";
import { controlsFor, presets } from "./settings.js";
import { makeTransport } from "./transport.js";

const SUMMARIES = { kernel: "The kernel", finePrint: "Fine print" };

export class LabView {
  // hand: what to call for each thing that a hand does, see lab.js.
  constructor(state, palette, ids, hand) {
    const groups = (this.groups = controlsFor(state.facts));
    this.redraw = hand.redraw;
    this.controls = makeControls(groups.all, ids, hand.change);
    this.transport = makeTransport(ids, hand.moveTo);
    this.prediction = makePrediction(ids, hand.predict);
    this.presets = presets(state.facts).map(({ label, note, settings }) => {
      const whole = { ...state.usual, ...settings };
      const onclick = () => hand.change(whole, true);
      return { whole, button: h("button", { type: "button", title: note, onclick }, label) };
    });
    this.parts = makeElements({ ...this, ids, presets: this.presets.map(({ button }) => button) });
    this.parts.root.prepend(hatches(palette, ids));
    const drawings = Object.entries(this.parts.drawings);
    this.svg = Object.fromEntries(drawings.map(([name, element]) => [name, new Svg(element, ids)]));
    this.edge = new Edge(this.svg.edge, EDGE_ROWS, (settings) => state.runOf(settings).outcome, hand.change);
    this.listen(state, hand);
  }

  listen(state, hand) {
    const { reset, copy, full, code, numbers: details, root, stage, edge } = this.parts;
    reset.addEventListener("click", () => hand.change(state.usual, true));
    copy.addEventListener("click", () => hand.copy(copy, code));
    const isFull = () => document.fullscreenElement !== null;
    full.addEventListener("click", () => (isFull() ? document.exitFullscreen() : root.requestFullscreen()));
    details.addEventListener("toggle", hand.redraw);
    // Widths are noted when they change: asking for them in a frame would make the browser lay out twice.
    this.widths = new Map([[stage, 0], [edge, 0]]);
    this.sized = new ResizeObserver((entries) => {
      const seen = entries.filter(({ contentRect }) => contentRect.width > 0);
      for (const { target, contentRect } of seen) this.widths.set(target, contentRect.width);
      hand.redraw();
    });
    for (const part of this.widths.keys()) this.sized.observe(part);
  }

  close() {
    this.transport.stop();
    this.sized.disconnect();
  }

  draw(state) {
    this.controls.show(state.settings);
    for (const { whole, button } of this.presets) button.setAttribute("aria-pressed", state.has(whole));
    this.drawSummaries(state);
    this.drawSentence(state);
    this.parts.stage.hidden = Boolean(state.run.error);
    if (!state.run.error) this.drawStage(state);
    this.drawEdge(state);
  }

  // What differs from the start inside a closed part of the panel stands in its summary.
  drawSummaries({ settings, usual }) {
    for (const [name, title] of Object.entries(SUMMARIES)) {
      const changed = this.groups[name].filter((row) => settings[row.name] !== usual[row.name]);
      const words = changed.map((row) => settingInWords(row, settings));
      say(this.parts.summaries[name], words.length ? `${title}: ${words.join(", ")}` : title);
      this.parts.summaries[name].title = words.join(", ");
    }
  }

  drawSentence({ run, isCovered, isPredicting, guess }) {
    const { parts } = this;
    parts.root.dataset.outcome = isCovered ? "covered" : run.outcome;
    parts.sentence.hidden = isCovered;
    say(parts.headline, isCovered ? "" : bound(run.headline));
    say(parts.because, isCovered ? "" : bound(`: ${run.because}`));
    this.prediction.show(run, isPredicting, guess);
  }

  drawStage({ run, written, moment, isCovered }) {
    const { parts, svg } = this;
    const width = this.widths.get(parts.stage);
    if (width === 0) return;
    drawZones(svg.zones, run, moment, width);
    const hasRace = !isCovered && run.file > 0;
    parts.race.hidden = !hasRace;
    if (hasRace) this.transport.fit(drawTimeline(svg.timeline, run, written, width));
    this.transport.show(run, written);
    say(parts.news, isCovered ? "" : newsAt(run, written));
    say(parts.budgetTitle, budgetTitle(run, written));
    drawBudget(svg.budget, budget(run, moment), width);
    if (parts.numbers.open && !isCovered) parts.tables.replaceChildren(...numbers(run, moment));
  }

  drawEdge({ settings, isCovered }) {
    const { parts, edge } = this;
    const width = this.widths.get(parts.edge);
    parts.edge.hidden = isCovered;
    if (isCovered) return;
    if (edge.work(settings)) this.redraw();
    if (width) edge.draw(settings, width);
  }
}

function budgetTitle({ user, kernel }, written) {
  const what = user === kernel ? "memory" : "lowmem";
  return written < 1 ? `Where ${what} went before the copy` : `Where ${what} went, after ${human(written)}`;
}
