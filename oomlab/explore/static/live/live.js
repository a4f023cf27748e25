// A live machine on the page: its state, its picture, and what a hand does to it.

import { bound, freshId, h, say } from "../dom.js";
import { Svg, hatches } from "../lab/draw/svg.js";
import { Machine } from "./machine.js";
import { makePanel, saveLink, tail } from "./panel.js";
import { FONTS, drawCourse } from "./picture.js";
import { ending, headline, report, verdict } from "./story.js";

const KEPT = 200; // lines of the console on the page

export class Live {
  // reached(machine) hears of every change, at most once a frame.
  constructor({ facts, palette, files, reached = () => {} }) {
    const ids = freshId();
    this.facts = facts;
    this.reached = reached;
    this.frame = null;
    this.width = 0;
    this.links = [];
    this.parts = makePanel({ facts, ids, on: this.handlers() });
    say(this.parts.origin, `Linux ${facts.kernel} as Debian ships it, in the emulator ${facts.emulator}.`);
    this.parts.root.prepend(hatches(palette, ids));
    this.svg = new Svg(this.parts.svg, ids, FONTS);
    this.preview = new Svg(this.parts.preview, ids, FONTS);
    this.sized = new ResizeObserver((sizes) => {
      this.width = Math.max(...sizes.map(({ contentRect }) => contentRect.width)) || this.width; // one of them is hidden
      this.redraw();
    });
    for (const place of [this.parts.stage, this.parts.poster]) this.sized.observe(place);
    this.refuse(facts.refusal || missing());
    this.machine = new Machine({ facts, files, changed: () => this.redraw() });
    this.recorded = new Machine({ facts, files, changed: () => this.redraw() });
    this.recorded.end();
    say(this.parts.caption, bound(`What you will see, as it was recorded. ${ending(this.recorded)}`));
  }

  get element() {
    return this.parts.root;
  }

  // Say why no machine can run here; the recording can still be played.
  refuse(why) {
    this.parts.refusal.hidden = why === "";
    say(this.parts.refusal, why);
    for (const button of this.parts.lively) button.disabled = why !== "";
  }

  close() {
    this.sized.disconnect();
    for (const machine of [this.machine, this.recorded]) machine.clear();
    if (this.frame !== null) cancelAnimationFrame(this.frame);
  }

  handlers() {
    const guarded = (act) => (...given) => Promise.resolve(act(...given)).catch((error) => this.machine.fail(error.message));
    const acts = {
      start: (name) => this.machine.start(name),
      incident: () => this.incident(),
      play: () => this.machine.play(),
      over: () => this.machine.clear(),
      pause: () => this.machine.pause(this.machine.phase === "running"),
      fix: (isOn) => this.machine.setFix(isOn),
      copy: () => this.machine.copy(),
      swap: () => this.machine.addSwap(),
      drop: () => this.machine.dropCaches(),
      type: (line) => this.machine.type(line),
    };
    return Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, guarded(act)]));
  }

  async incident() {
    await this.machine.start("shell");
    if (this.machine.phase !== "running") return;
    await this.machine.setFix(false);
    await this.machine.copy();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
      this.reached(this.machine);
    });
  }

  draw() {
    const { machine, parts } = this;
    const { phase } = machine;
    parts.root.dataset.phase = phase;
    parts.start.hidden = phase !== "idle";
    parts.bench.hidden = phase === "idle";
    if (phase === "idle") {
      if (this.width) drawCourse(this.preview, this.recorded, this.width);
      return;
    }
    this.drawHeadline();
    this.drawControls();
    if (this.width) drawCourse(this.svg, machine, this.width);
    tail(parts.console, machine.texts.console.split("\n").slice(-KEPT).join("\n"));
    parts.talk.hidden = machine.talk.length === 0;
    tail(parts.talk, machine.talk.map(({ line, answer }) => `# ${line}\n${answer ?? "…"}`).join("\n"));
    this.drawReport();
  }

  drawHeadline() {
    const { machine, parts } = this;
    const words = machine.isRecorded && machine.phase !== "failed" ? `A recording. ${headline(machine)}` : headline(machine);
    say(parts.headline, bound(words));
    if (machine.phase !== this.said) say(parts.heard, words);
    this.said = machine.phase;
    parts.progress.hidden = machine.phase !== "loading";
    parts.progress.value = machine.loaded / (this.facts.shared + (this.facts.states.shell?.bytes ?? 0));
  }

  drawControls() {
    const { machine, parts } = this;
    const isLive = machine.phase === "running" && !machine.isRecorded;
    for (const name of ["copy", "fixOff", "fixOn", "swap", "drop", "line", "enter"]) parts[name].disabled = !isLive;
    parts.copy.hidden = machine.isCopying;
    parts.fixOff.hidden = !machine.isFixed;
    parts.fixOn.hidden = machine.isFixed;
    parts.swap.disabled ||= machine.hasSwap;
    parts.pause.disabled = machine.isRecorded || !["running", "paused", "over"].includes(machine.phase);
    say(parts.pause, machine.phase === "running" ? "Pause" : "Go on");
    parts.play.hidden = machine.phase !== "failed";
    parts.shell.hidden = machine.isRecorded;
  }

  drawReport() {
    const { machine, parts } = this;
    const isOver = machine.phase === "over";
    parts.report.hidden = !isOver;
    if (!isOver) this.told = null;
    if (!isOver || this.told === machine.texts.console) return;
    this.told = machine.texts.console;
    parts.verdict.replaceChildren(...verdict(machine).flatMap(([who, what]) => [h("dt", {}, who), h("dd", {}, bound(what))]));
    say(parts.excerpt, report(machine.texts.console).join("\n"));
    for (const { forget } of this.links) forget();
    this.links = ["console", "samples"].map((name) => saveLink(name === "console" ? "console.log" : "samples.csv", machine.texts[name]));
    parts.save.replaceChildren("Keep it: ", this.links[0].link, " (oomlab explain console.log reads all of it), ", this.links[1].link);
  }
}

// What this browser lacks, or "".
function missing() {
  const needed = ["WebAssembly", "Worker", "DecompressionStream"].filter((name) => !(name in globalThis));
  return needed.length ? `This browser has no ${needed.join(" and no ")}: no machine can run in it. The recording plays here too.` : "";
}
