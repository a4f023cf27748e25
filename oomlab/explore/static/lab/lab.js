// The failure lab: settings in, a run of the model, and every drawing of it, once a frame.

import { drawBudget } from "./budget.js";
import { asPython } from "./code.js";
import { makeControls } from "./controls.js";
import { bound, freshIds, h, say } from "./dom.js";
import { Edge } from "./edge.js";
import { drawFlasks } from "./flasks.js";
import { human } from "./format.js";
import { furnish } from "./furniture.js";
import { EDGE_ROWS } from "./options.js";
import { Pen, hatches } from "./pen.js";
import { makePrediction } from "./predict.js";
import { at, budget, newsAt, present } from "./present.js";
import { built, controlsFor, presets, usualSettings } from "./settings.js";
import { numbers } from "./table.js";
import { drawTimeline } from "./timeline.js";
import { makeTransport } from "./transport.js";

export class Lab {
  // facts and palette are Python's; settled(settings, run, isByHand) hears of every point that is reached.
  constructor({ facts, palette, settings, settled }) {
    Object.assign(this, { facts, settled, usual: usualSettings(facts), ids: freshIds() });
    this.settings = { ...this.usual, ...settings };
    this.run = null; // what comes of these settings; null until the next frame has computed it
    this.written = 0; // the moment that is shown: pages copied
    this.frame = null;
    this.news = { ofHand: false, ofSettings: true, toSay: false }; // what the next frame must pass on
    this.furnish(palette);
    this.ask();
  }

  get element() {
    return this.parts.root;
  }

  // Take settings from outside.
  set(settings) {
    this.settings = { ...this.usual, ...settings };
    this.news.ofSettings = true;
    this.recompute();
  }

  // A line of small print below the sentence.
  note(text) {
    say(this.parts.note, text);
  }

  close() {
    this.transport.stop();
    this.sized.disconnect();
  }

  // --- what stands where

  furnish(palette) {
    const change = (values, released) => this.change(values, released);
    const groups = controlsFor(this.facts);
    this.controls = makeControls(groups.all, this.ids, change);
    this.transport = makeTransport(this.ids, (written, released) => this.moveTime(written, released));
    this.prediction = makePrediction(this.ids, () => this.cover());
    this.presets = presets(this.facts).map(({ label, note, settings }) => {
      const whole = { ...this.usual, ...settings };
      const onclick = () => change(whole, true);
      return { whole, button: h("button", { type: "button", title: note, onclick }, label) };
    });
    this.parts = furnish({ ...this, groups, presets: this.presets.map(({ button }) => button) });
    this.parts.root.prepend(hatches(palette, this.ids));
    const drawings = Object.entries(this.parts.drawings);
    this.pens = Object.fromEntries(drawings.map(([name, svg]) => [name, new Pen(svg, this.ids)]));
    this.edge = new Edge(this.pens.edge, EDGE_ROWS, (settings) => this.compute(settings).outcome, change);
    this.listen();
  }

  listen() {
    const { reset, copy, full, numbers: details, root, stage, edge } = this.parts;
    reset.addEventListener("click", () => this.change(this.usual, true));
    copy.addEventListener("click", () => copyCode(this.parts));
    const isFull = () => document.fullscreenElement !== null;
    full.addEventListener("click", () => (isFull() ? document.exitFullscreen() : root.requestFullscreen()));
    details.addEventListener("toggle", () => this.ask());
    // Widths are noted when they change: asking for them in a frame would make the browser lay out twice.
    this.widths = new Map([[stage, 0], [edge, 0]]);
    this.sized = new ResizeObserver((entries) => {
      const seen = entries.filter(({ contentRect }) => contentRect.width > 0);
      for (const { target, contentRect } of seen) this.widths.set(target, contentRect.width);
      this.ask();
    });
    for (const part of this.widths.keys()) this.sized.observe(part);
  }

  // --- what a hand does

  change(values, released) {
    this.settings = { ...this.settings, ...values };
    this.prediction.forget();
    this.release(released);
    this.recompute();
  }

  moveTime(written, released) {
    this.written = written;
    this.news.toSay ||= released;
    this.ask();
  }

  cover() {
    this.written = this.prediction.isCovered() ? 0 : this.run.end ?? 0;
    this.release(true);
    this.ask();
  }

  release(released) {
    this.news.ofHand ||= released;
    this.news.toSay ||= released;
  }

  // --- what comes of it, at most once a frame

  recompute() {
    this.transport.stop();
    this.run = null;
    this.ask();
  }

  ask() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  compute(settings) {
    const { machine, workload } = built(this.facts, settings);
    return present(machine, workload);
  }

  draw() {
    this.frame = null;
    if (this.run === null) {
      this.run = this.compute(this.settings);
      this.written = this.prediction.isCovered() ? 0 : this.run.end ?? 0;
    }
    const isCovered = this.prediction.isCovered();
    this.controls.show(this.settings);
    for (const { whole, button } of this.presets) button.setAttribute("aria-pressed", this.isNow(whole));
    this.drawSentence(isCovered);
    this.parts.stage.hidden = Boolean(this.run.error);
    if (!this.run.error) this.drawStage(isCovered);
    this.drawEdge(isCovered);
    this.passOn(isCovered);
  }

  isNow(settings) {
    return Object.entries(settings).every(([name, value]) => this.settings[name] === value);
  }

  drawSentence(isCovered) {
    const { parts, run } = this;
    parts.root.dataset.outcome = isCovered ? "covered" : run.outcome;
    parts.sentence.hidden = isCovered;
    say(parts.headline, isCovered ? "" : bound(run.headline));
    say(parts.because, isCovered ? "" : bound(`: ${run.because}`));
    this.prediction.show(run);
  }

  drawStage(isCovered) {
    const { parts, pens, run, written } = this;
    const state = at(run, written);
    const width = this.widths.get(parts.stage);
    if (width === 0) return;
    drawFlasks(pens.flasks, run, state, width);
    parts.race.hidden = isCovered;
    if (!isCovered) this.transport.fit(drawTimeline(pens.timeline, run, written, width));
    this.transport.show(run, written);
    say(parts.news, isCovered ? "" : newsAt(run, written));
    say(parts.budgetTitle, budgetTitle(run, written));
    drawBudget(pens.budget, budget(run, state), width);
    if (parts.numbers.open && !isCovered) parts.tables.replaceChildren(...numbers(run, state));
  }

  drawEdge(isCovered) {
    const { parts, edge, settings } = this;
    const width = this.widths.get(parts.edge);
    parts.edge.hidden = isCovered;
    if (isCovered) return;
    edge.ask(settings);
    if (edge.work(settings)) this.ask();
    if (width) edge.draw(settings, width);
  }

  passOn(isCovered) {
    const { news, parts, run, settings } = this;
    if (news.toSay && !isCovered) say(parts.heard, run.sentence);
    if (news.ofHand || news.ofSettings) {
      say(parts.code, asPython(this.facts, settings));
      this.settled(settings, run, news.ofHand);
    }
    this.news = { ofHand: false, ofSettings: false, toSay: false };
  }
}

function budgetTitle({ user, kernel }, written) {
  const what = user === kernel ? "memory" : "lowmem";
  return written < 1 ? `Where ${what} went before the copy` : `Where ${what} went, after ${human(written)}`;
}

async function copyCode({ copy: button, code, heard }) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(heard, "Copied");
    button.textContent = "Copied";
    setTimeout(() => say(button, "Copy as Python"), 1500);
  } catch {
    // Without https there is no clipboard: show the code to be copied by hand.
    code.classList.add("shown");
    getSelection().selectAllChildren(code);
  }
}
