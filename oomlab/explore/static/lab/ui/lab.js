// The failure lab: a state, a view of it, and what a hand or the page does to them.

import { copyText, freshId, say } from "../../dom.js";
import { asPython } from "./export.js";
import { LabState } from "./state.js";
import { LabView } from "./view.js";

export class Lab {
  // facts and palette are Python's; settled(settings, run, isByHand) hears of every point that is reached.
  constructor({ facts, palette, settings, settled }) {
    this.settled = settled;
    this.state = new LabState(facts, settings);
    this.view = new LabView(this.state, palette, freshId(), {
      change: (values, isReleased) => this.change(values, isReleased),
      moveTo: (written, isReleased) => this.moveTo(written, isReleased),
      predict: (isPredicting, guess) => this.predict(isPredicting, guess),
      redraw: () => this.redraw(),
      copy: (button, element) => this.copy(button, element),
    });
    this.frame = null;
    this.news = { isByHand: false, isOfSettings: true, isToSay: false }; // what the next frame passes on
    this.redraw();
  }

  get element() {
    return this.view.parts.root;
  }

  // Take settings from outside.
  set(settings) {
    this.view.transport.stop();
    this.state.set(settings);
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
    this.release(isReleased);
  }

  moveTo(written, isReleased) {
    this.state.moveTo(written);
    this.news.isToSay ||= isReleased;
    this.redraw();
  }

  predict(isPredicting, guess) {
    this.view.transport.stop();
    this.state.predict(isPredicting, guess);
    this.release(true);
  }

  release(isReleased) {
    this.news.isByHand ||= isReleased;
    this.news.isToSay ||= isReleased;
    this.redraw();
  }

  async copy(button, element) {
    if (!(await copyText(element, asPython(this.state.facts, this.state.settings)))) return;
    say(this.view.parts.heard, "Copied");
    const words = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => say(button, words), 1500);
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
    if (news.isToSay && !state.isCovered) say(view.parts.heard, state.run.sentence);
    if (news.isByHand || news.isOfSettings) {
      say(view.parts.code, asPython(state.facts, state.settings));
      this.settled(state.settings, state.run, news.isByHand);
    }
    this.news = { isByHand: false, isOfSettings: false, isToSay: false };
  }
}
