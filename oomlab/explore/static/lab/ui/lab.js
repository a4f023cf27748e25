// The failure lab: a state, a view of it, and what a hand or the page does to them.

import { copyText, freshId, say } from "../../dom.js";
import { asPython } from "./export.js";
import { LabState } from "./state.js";
import { LabView } from "./view.js";

const CALM = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Lab {
  // facts and palette are Python's; settled(settings, run, isByHand, time) hears of every point that is reached;
  // link() is the address of the lab as it is, where it has one.
  constructor({ facts, palette, settings, settled, time = 0, link = null }) {
    this.settled = settled;
    this.state = new LabState(facts, settings, time);
    this.view = new LabView(this.state, palette, freshId(), {
      link,
      change: (values, isReleased) => this.change(values, isReleased),
      moveTo: (written, isReleased, film) => this.moveTo(written, isReleased, film),
      seek: (share, isReleased) => this.view.transport.jump(share * this.state.run.file, isReleased),
      ended: () => this.answered(),
      predict: (isPredicting, fate) => this.predict(isPredicting, fate),
      pin: (isPinned) => this.pin(isPinned),
      challenge: () => this.challenge(),
      reset: () => this.reset(),
      redraw: () => this.redraw(),
      copy: (button, element) => this.copy(button, element, asPython(this.state.facts, this.state.settings)),
      copyLink: (button, element) => this.copy(button, element, link()),
    });
    this.view.parts.root.addEventListener("keydown", (event) => this.press(event));
    this.frame = null;
    this.news = { isByHand: false, isOfSettings: true, isToSay: false }; // what the next frame passes on
    this.redraw();
  }

  get element() {
    return this.view.parts.root;
  }

  // Take settings from outside.
  set(settings, time = null) {
    this.view.transport.stop();
    this.state.set(settings, time);
    this.news.isOfSettings = true;
    this.redraw();
  }

  // A line of small print below the sentence.
  note(text) {
    say(this.view.parts.note, text);
  }

  close() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.view.close();
  }

  // --- what a hand does

  change(values, isReleased) {
    this.view.transport.stop();
    this.state.change(values);
    const { task, settings, run } = this.state;
    const found = task && isReleased ? this.view.rescue.judge(task, settings, run.outcome) : null;
    if (found) task.found.set(found.name, found.words);
    this.release(isReleased);
  }

  reset() {
    this.state.task = null;
    this.change(this.state.usual, true);
    this.state.time = null;
  }

  moveTo(written, isReleased, film = null) {
    this.state.moveTo(written, film);
    this.news.isToSay ||= isReleased && !film;
    this.news.isOfTime ||= isReleased;
    this.redraw();
  }

  predict(isPredicting, fate) {
    const { state, view } = this;
    view.transport.stop();
    const guess = fate && { fate, at: state.flag };
    state.predict(isPredicting, guess);
    if (guess && !state.run.error && !CALM()) {
      this.view.transport.show(state.run, 0, 0, null);
      view.transport.start();
      view.transport.buttons.children[1].focus();
    } else if (guess) this.answered();
    this.release(true);
  }

  // The film that answers a guess is over, or nobody wants to see the rest of it.
  answered() {
    const { state } = this;
    if (!state.isAnswering) return;
    state.isAnswering = false;
    state.film = null;
    state.time = null;
    this.news.isToSay = true;
    this.redraw();
  }

  pin(isPinned) {
    this.state.pin(isPinned);
    this.redraw();
  }

  challenge() {
    const { state, view } = this;
    state.task = state.task ? null : { settings: state.settings, ways: view.rescue.ways(state.settings), found: new Map() };
    this.redraw();
  }

  release(isReleased) {
    this.news.isByHand ||= isReleased;
    this.news.isToSay ||= isReleased;
    this.redraw();
  }

  async copy(button, element, text) {
    if (!(await copyText(element, text))) return;
    say(this.view.parts.heard, "Copied");
    const words = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => say(button, words), 1500);
  }

  // On a projector nobody looks for buttons: digits are the ready-made machines, space plays, arrows step.
  press(event) {
    const { root } = this.view.parts;
    const { tagName, type } = event.target;
    const isTyping = tagName === "SELECT" || (tagName === "INPUT" && type === "number");
    if (root.dataset.full !== "true" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== root && !/^[1-9]$/.test(event.key)) return; // a button takes space, a slider arrows
    const preset = this.view.presets[Number(event.key) - 1];
    if (preset) this.change(preset.whole, true);
    else if (this.state.run.error) return;
    else if (event.key === " ") this.view.transport.toggle();
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") this.view.transport.step(event.key === "ArrowRight");
    else return;
    event.preventDefault();
  }

  // --- what comes of it, at most once a frame

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.view.draw(this.state);
      this.passOn();
    });
  }

  passOn() {
    const { news, state, view } = this;
    if (news.isToSay && !state.isSilent) say(view.parts.heard, state.run.sentence);
    if (news.isByHand || news.isOfSettings || news.isOfTime) {
      say(view.parts.code, asPython(state.facts, state.settings));
      this.settled(state.settings, state.run, news.isByHand, state.isPoster || state.isCovered ? null : state.time);
    }
    this.news = { isByHand: false, isOfSettings: false, isToSay: false, isOfTime: false };
  }
}
